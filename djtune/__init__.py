"""djtune: diagnose and tune a slow Django service from measurements on your own app."""

__version__ = "0.1.0"
