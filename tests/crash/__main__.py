"""`python -m tests.crash [--rounds N] [--point NAME]`: kill the server at every transition, N times each."""

from __future__ import annotations

import argparse
import tempfile
import time
import traceback
from pathlib import Path

from tests.crash.harness import POINTS, Crashing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; a round is repeated with its own")
    parser.add_argument("--point", choices=POINTS, action="append")
    arguments = parser.parse_args()
    failed = 0
    for point in arguments.point or POINTS:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as directory:
            crashing = Crashing(Path(directory))
            for seed in range(arguments.seed, arguments.seed + arguments.rounds):
                try:
                    crashing.crash(point, seed)
                except Exception:
                    failed += 1
                    traceback.print_exc()
                    print(f"again: python -m tests.crash --point {point} --seed {seed} --rounds 1", flush=True)
        print(f"{point:16} {arguments.rounds} kills, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{failed} rounds failed" if failed else "everything that was acknowledged survived")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
