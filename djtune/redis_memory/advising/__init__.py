"""What to do: policy, maxmemory with its margins, warnings; pure functions on plain data."""
