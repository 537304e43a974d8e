"""Races: a plan, its transport, and the histories that it leaves. Runs concurrent writers; only `summary` judges."""
