"""Endpoints ranked, and where their time goes."""
