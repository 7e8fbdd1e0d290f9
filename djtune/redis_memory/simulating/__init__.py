"""Replays a trace under Redis's own rules of eviction and expiry, for any size and policy."""
