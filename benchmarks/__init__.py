"""Scripts that produce the figures in the docs; run from the repository."""
