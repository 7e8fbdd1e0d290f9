"""Trials in fresh workers, and the statistics that judge them."""
