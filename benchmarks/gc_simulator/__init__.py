"""Holds the simulated collector against real runs; see ``__main__``."""
