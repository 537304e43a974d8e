"""What a run comes to, for people and for machines: a log in, formats out. No other room knows a format."""
