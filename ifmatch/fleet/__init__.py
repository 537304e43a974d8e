"""Many runs, each a run of its own, side by side here and on other machines; what they come to together."""
