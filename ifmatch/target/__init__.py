"""The server under test, seen from outside: its address, credentials and claims, the requests we send, what we leave there."""
