"""Where requests come from: the URLconf and workload files."""
