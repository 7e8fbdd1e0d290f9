"""What is asked of the collector inside the app's process, and what is counted there."""
