"""Which optimizer for my problem: the same tuning budget for each, several seeds, and how sure the answer is."""
