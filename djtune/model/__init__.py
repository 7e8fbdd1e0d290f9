"""Plain data that several domains read."""
