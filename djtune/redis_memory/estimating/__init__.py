"""From what was seen of a server to what all of it comes to."""
