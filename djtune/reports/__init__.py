"""Blocks, and the renderers that show them."""
