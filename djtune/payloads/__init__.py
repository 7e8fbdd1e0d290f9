"""Which response fields nobody uses, on what evidence, and what dropping them would save."""
