"""What is promised and what was seen: profiles, expectations, answers, verdicts. Pure: no HTTP, no pytest."""
