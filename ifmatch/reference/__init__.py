"""The embedded reference server: a small FHIR server that keeps a profile's promises, and can break any one of them."""
