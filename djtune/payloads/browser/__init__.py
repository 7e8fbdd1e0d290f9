"""The user's own journey in Chromium: which fields it reads, and what it shows without some."""
