"""What each source says of a field, and what all of them together make of it."""
