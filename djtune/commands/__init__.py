"""The commands: each parses options, wires the parts and hands over the result."""
