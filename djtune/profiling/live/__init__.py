"""A running server, watched from outside."""
