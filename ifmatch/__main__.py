"""`python -m ifmatch` is `ifmatch`."""

import sys

from ifmatch.cli import main

sys.exit(main())
