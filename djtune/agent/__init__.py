"""What djtune puts inside the user's process.

Runs under the project's interpreter (Python 3.10+), which need not contain djtune: standard
library and Django only, relative imports only. The CLI loads it there under the name
``djtune_agent``.
"""
