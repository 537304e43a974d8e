"""One misbehaviour, for trying it by hand."""

import argparse
import time

from . import MISBEHAVIOURS, Hostile


def main() -> None:
    """Serve one misbehaviour until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=MISBEHAVIOURS)
    parser.add_argument("--after", type=int, default=0)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--profile", default="fhir-r4")
    parser.add_argument("--fault", dest="faults", action="append", default=[])
    options = vars(parser.parse_args())
    print(Hostile(**options).start().base_url, flush=True)
    while True:
        time.sleep(3600)


main()
