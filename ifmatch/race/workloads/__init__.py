"""What the writers of a race do, a file for each family: rounds of equal requests, relays, creates, drawn plans, ..."""
