"""Miss ratios from how long ago each key was last used."""
