"""Is the garbage collector worth tuning, and to what: audited, simulated, tried, recommended."""
