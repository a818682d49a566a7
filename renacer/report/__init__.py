"""What a person reads: text lines and tables."""
