"""This run against the past: an earlier run's file, or another checkout run beside it."""
