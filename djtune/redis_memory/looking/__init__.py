"""From a server's names and sizes to what was seen of it."""
