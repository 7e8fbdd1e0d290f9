"""Talks to Redis servers: gently, reading only, and leaving no trace."""
