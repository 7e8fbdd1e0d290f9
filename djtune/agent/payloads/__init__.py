"""Responses: what they hold, what was read to make them, and what each part costs."""
