"""What was really asked for: access logs and recordings, read in one pass and counted by route."""
