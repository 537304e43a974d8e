"""Who we are to a target: what the target file says of it, and the Authorization header of an identity at this moment.

`table` reads `[auth]` into `credentials`; `grant` and `jose` are pure: what is asked of a token endpoint, what it
answered, what is signed; `endpoint` asks; `sources` keep the token of one identity; `authorizer` is what others use.
"""
