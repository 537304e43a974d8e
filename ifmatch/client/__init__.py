"""The server under test, seen from outside: its address and claims, the requests we send, what we leave there."""
