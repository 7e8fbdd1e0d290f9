"""How much memory Redis needs, and which policy and layout fit: looked at, replayed, laid out."""
