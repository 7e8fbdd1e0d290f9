"""Flame graphs: stacks recorded, split by route, drawn."""
