"""`python -m ifmatch` is `ifmatch`."""

import sys

from ifmatch.cli.main import main

sys.exit(main())
