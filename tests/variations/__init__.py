"""Lawful variations: a front before a server that keeps every promise varies, by a seed, what the texts leave open.

python tests/variations/run.py 1 2 3                              the draws of three seeds
python tests/variations/run.py --profile fhir-r4 --vary ids=zero  this variation alone
"""
