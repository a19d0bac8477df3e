"""`python -m tests.corpus [VERSION ...]`: run the flows of published packages and print the table of verdicts."""

from __future__ import annotations

import argparse
import logging
import sys
from functools import partial

import anyio

from tests.corpus.fetch import VERSIONS, fetch
from tests.corpus.verdicts import OTHER, judge_all, table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("versions", nargs="*", default=VERSIONS, help="versions of langflow-base")
    parser.add_argument("--trust", action="store_true", help="also run the flows' own code where nothing else is there")
    arguments = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())
    files = [(version, file) for version in arguments.versions for file in fetch(version)]
    verdicts = anyio.run(partial(judge_all, files, trusting=arguments.trust))
    for line in table(verdicts):
        print(line)
    sys.exit(any(verdict.kind == OTHER for verdict in verdicts))


if __name__ == "__main__":
    main()
