"""Wiring for a plain `pytest`: the sentences of the features."""
