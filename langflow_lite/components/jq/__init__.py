"""The jq language, to version 1.7, for queries that come with flows: in plain Python, with bounded steps and memory.

The C library is no substitute: a query such as `def f: f; f` cannot be interrupted there, and `env` shows the
environment of the server. What reaches outside of the query and its value (`env`, `input`, `import`, `halt`) is refused.
"""

from __future__ import annotations

from typing import Any

__all__ = ["run_jq"]

_MAX_RESULTS = 100_000


def run_jq(program: str, value: Any) -> list[Any]:
    """All results of a program on a JSON value, which is not changed. Blocks, for five seconds at most.

    Raises `ValueError` with one line: for what is not jq, for what the program itself raises, and beyond the limits.
    """
    # Most flows need none of this.
    from langflow_lite.components.jq.evaluator import results_of

    results: list[Any] = []
    for result in results_of(program, value):
        if len(results) >= _MAX_RESULTS:
            raise ValueError(f"the query gives more than {_MAX_RESULTS} results")
        results.append(result)
    return results
