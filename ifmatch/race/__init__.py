"""The race engine: plan, run, history, judge, picture. Concurrent writers and what becomes of their updates."""
