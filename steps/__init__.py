"""How the sentences of the features are carried out: each step is one or two calls to ifmatch."""
