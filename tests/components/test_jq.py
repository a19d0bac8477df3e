from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from langflow_lite.components.jq import run_jq

# Program, input and what jq 1.8 (the package `jq` from PyPI, which Langflow uses) makes of it.
CASES = json.loads(Path(__file__).with_name("jq_cases.json").read_text())
DEEP = "nested too deeply"


@pytest.mark.parametrize(("program", "value", "results"), CASES, ids=[case[0] for case in CASES])
def test_results_are_those_of_jq(program: str, value: Any, results: list[Any]) -> None:
    given = json.dumps(value)
    assert json.dumps(run_jq(program, value)) == json.dumps(results)
    assert json.dumps(value) == given


def test_the_recorded_results_are_those_of_the_real_jq() -> None:
    jq = pytest.importorskip("jq", reason="the package jq is not installed")
    for program, value, results in CASES:
        assert jq.compile(program).input_value(value).all() == results, program


@pytest.mark.parametrize(
    ("program", "results"),
    [
        # Not in every release of jq.
        ("toarray", [[1, 2]]),
        ("[leaf_paths]", [[[0], [1]]]),
        ('from_entries? // "none"', ["none"]),
        ('[{"key": null, "value": 1}] | from_entries', [{"null": 1}]),
        ("[null] | try from_entries catch .", ["Cannot check whether null has a string key"]),
        # Two operators, although jq reads one.
        ('.[0]?//"x"', [1]),
        # Integers keep all digits until something is calculated with them.
        ("100000000000000000001", [100000000000000000001]),
        ("100000000000000000001 + 0", [1e20]),
        ('"\\ud800" | utf8bytelength', [3]),
    ],
)
def test_what_goes_beyond_jq(program: str, results: list[Any]) -> None:
    assert run_jq(program, [1, 2]) == results


@pytest.mark.parametrize(
    "program", ["", "|", ".a b", "if", "[1", '"a', '"\\(1"', '"\\q"', "1 == 2 == 3", ". as 1 | 2", "}"]
)
def test_what_is_not_jq_is_refused(program: str) -> None:
    with pytest.raises(ValueError, match=r"not understood|not closed|no escape"):
        run_jq(program, {})


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("env", "env is refused"),
        ("$ENV.HOME", "ENV is refused"),
        ("input", "input is refused"),
        ("halt", "halt is refused"),
        ('import "a" as a; 1', "import is refused"),
        ("$x", r"\$x is not defined"),
        ("nothing(1)", "nothing/1 is not defined"),
        ("break $x", r"label-x is not defined"),
        ("@rot13", "@rot13 is not a valid format"),
        ('"a" | test("(")', "not a valid regex"),
        ('"a" | test("a"; "q")', "not a valid modifier"),
        (".a = 1", "Cannot index array with string"),
        (".[nan] = 1", "Cannot index array with number"),
        ("path(1)", "Invalid path expression"),
        ("error({a: 1})", r"object \(\{\"a\":1\}\) \(not a string\)"),
        ("error(null)", r"null \(null\) \(not a string\)"),
    ],
)
def test_errors_say_what_is_wrong(program: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        run_jq(program, [1])


@pytest.mark.parametrize(
    ("program", "value", "problem"),
    [
        ("(" * 60 + "." + ")" * 60, 1, DEEP),
        ('"\\(' * 60 + "1" + ')"' * 60, 1, DEEP),
        (".|" * 3000 + ".", 1, DEEP),
        (". as " + "[" * 60 + "$x" + "]" * 60 + "| $x", 1, DEEP),
        ("def f: f; f", 1, DEEP),
        ("def f: 1 + f; try f catch 2", 1, DEEP),
        ("[recurse([.])]", 1, f"{DEEP}|too many"),
        ("." * 10_001, 1, "too long"),
        ("(.,.)" + "|(.,.)" * 40 + "|select(false)", 1, "too many steps"),
        ("(.,.)" + "|(.,.)" * 40 + "|select(false)?", 1, "too many steps"),
        ("try last(range(1e12)) catch 1", 1, "too many steps"),
        ("[repeat(1)]", 1, "too many steps"),
        ('reduce range(100) as $i ("x"; . + .)', 1, "too many steps"),
        ("reduce range(60) as $i ([1]; [., .]) | tojson", 1, "too many steps"),
        ('"x" * 1e9', 1, "too large"),
        ("transpose", [[1]] * 3000 + [list(range(10_000))], "too large"),
        (".[1e9] = 1", [], "index too large"),
        ('test("(a|aa)+$")', "a" * 60 + "b", "took longer than"),
        (".[] | .[]", [list(range(2000))] * 60, "more than 100000 results"),
    ],
)
def test_queries_that_are_too_much_are_refused(
    program: str, value: Any, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("langflow_lite.components.jq.values._MAX_STEPS", 200_000)
    monkeypatch.setattr("langflow_lite.components.jq.values._MAX_SECONDS", 600)
    with pytest.raises(ValueError, match=problem):
        run_jq(program, value)


def test_a_query_has_no_more_than_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langflow_lite.components.jq.values._MAX_SECONDS", 0)
    with pytest.raises(ValueError, match="longer than 0 seconds"):
        run_jq("[range(10000)]", None)


@pytest.mark.parametrize(
    ("program", "results"),
    [
        (". + 1", [sys.float_info.max]),
        (". * 1.5", [sys.float_info.max]),
        ("sqrt", [sys.float_info.max]),
        ("[., 1] | sort", [[1, 10**400]]),
        ("-. / 3", [-sys.float_info.max]),
        (". % 7", [0]),
        ("tojson", [str(10**400)]),
        ("gmtime?", []),
    ],
)
def test_integers_of_any_length_can_be_calculated_with(program: str, results: list[Any]) -> None:
    assert run_jq(program, 10**400) == results


def test_changing_every_item_of_a_long_list_takes_time_in_proportion() -> None:
    rows = [{"n": number} for number in range(5_000)]
    assert run_jq("(.[] | select(.n % 2 == 0) | .n) |= -1 | map(select(.n == -1)) | length", rows) == [2_500]
    assert run_jq("del(.[] | select(.n % 2 == 0)) | length", rows) == [2_500]


def test_a_value_that_is_changed_in_place_is_nobody_elses() -> None:
    # What the first update keeps is not changed by the second.
    assert run_jq('(.a, .a.b) |= (if type == "object" then {b: 1, kept: .} else 2 end)', {"a": {"b": 0}}) == [
        {"a": {"b": 2, "kept": {"b": 0}}}
    ]
