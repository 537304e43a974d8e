"""The evidence of a run: what happened, in the order in which it happened."""
