"""The doors that Django looks for."""
