"""The package of a certification run: all that a body which certifies wants to hold, made from the run's log.

`qualification` says whether a run qualifies, and why not. `certificate`, `test_report`, `earl` and `applicant` are
forms of report like any other. `statement` and `signature` put a signed attestation over the hashes of it all, and
`verify` finds what was changed since.
"""
