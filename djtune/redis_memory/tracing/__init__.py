"""Traces of a cache: from recordings, from files, and by listening to a server for seconds."""
