"""Telling the result. One event log in; every other form of report is derived from it, here and nowhere else."""
