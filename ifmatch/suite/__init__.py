"""The pytest plugin: the run, its scenarios, and what a person sees meanwhile."""
