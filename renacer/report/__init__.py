"""What a person reads: text lines and tables. Reporters take results and an output, nothing else."""
