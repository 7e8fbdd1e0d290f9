"""The user's own values in other layouts, on a throw-away server: bytes, times, what is lost."""
