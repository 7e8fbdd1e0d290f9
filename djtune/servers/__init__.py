"""Starts, probes and stops processes; nothing outlives djtune."""
