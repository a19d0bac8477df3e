"""Each case gives the same on both sides, unless it says why not; and so do inputs that nobody thought of."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.differential.cases import CASES, CLASSES, Case
from tests.differential.comparing import same_answer
from tests.differential.sides import Langflow, Lite

if not os.environ.get("LANGFLOW_PYTHON"):
    pytest.skip("LANGFLOW_PYTHON does not name an interpreter with Langflow installed", allow_module_level=True)

RANDOM = settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Words that meet separators, patterns and numbers often enough.
TEXT = st.text(alphabet="ab AB12.,;|\n\té😀\"'{}[]:-", max_size=40)
SCALAR = st.one_of(TEXT, st.integers(-1000, 1000), st.booleans())
RECORD = st.dictionaries(st.sampled_from(["a", "b", "text"]), SCALAR, max_size=3)


def data(fields: Any) -> dict[str, Any]:
    return {"$data": fields}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(langflow: Langflow, lite: Lite, case: Case) -> None:
    theirs = langflow.run(CLASSES[case.type], case.fields, case.outputs)
    ours = asyncio.run(lite.run(case.type, case.fields, case.outputs))
    if case.different:
        assert not same_answer(theirs, ours), f"no longer different: {case.different}"
    else:
        assert same_answer(theirs, ours), f"Langflow: {theirs}\nhere:     {ours}"


@pytest.fixture
def check(langflow: Langflow, lite: Lite) -> Callable[..., None]:
    def compare(type_: str, outputs: dict[str, str] | None = None, **fields: Any) -> None:
        theirs = langflow.run(CLASSES[type_], fields, outputs)
        ours = asyncio.run(lite.run(type_, fields, outputs))
        assert same_answer(theirs, ours), f"{type_} {fields}\nLangflow: {theirs}\nhere:     {ours}"

    return compare


@RANDOM
@given(text=TEXT, separator=st.sampled_from(["\n", " ", "", ",", "ab"]), size=st.integers(1, 20), data_=st.data())
def test_splitting(check: Callable[..., None], text: str, separator: str, size: int, data_: Any) -> None:
    overlap = data_.draw(st.integers(0, size))
    keep = data_.draw(st.sampled_from(["False", "Start", "End"]))
    check(
        "SplitText",
        data_inputs=data({"text": text}),
        separator=separator,
        chunk_size=size,
        chunk_overlap=overlap,
        keep_separator=keep,
    )


@RANDOM
@given(
    operator=st.sampled_from(
        ["equals", "not equals", "contains", "starts with", "ends with", "less than", "greater than or equal"]
    ),
    text=TEXT,
    match=TEXT,
    sensitive=st.booleans(),
)
def test_routing(check: Callable[..., None], operator: str, text: str, match: str, sensitive: bool) -> None:
    check("ConditionalRouter", operator=operator, input_text=text, match_text=match, case_sensitive=sensitive)


@RANDOM
@given(first=TEXT, second=TEXT, delimiter=TEXT)
def test_joining(check: Callable[..., None], first: str, second: str, delimiter: str) -> None:
    check("CombineText", text1=first, text2=second, delimiter=delimiter)


@RANDOM
@given(
    records=st.lists(RECORD.filter(bool), min_size=2, max_size=4),
    operation=st.sampled_from(["Concatenate", "Append", "Merge"]),
)
def test_merging(check: Callable[..., None], records: list[Any], operation: str) -> None:
    check("MergeDataComponent", data_inputs=[data(record) for record in records], operation=operation)


@RANDOM
@given(record=RECORD, keys=st.lists(st.sampled_from(["a", "b", "text", "z"]), unique=True, max_size=3))
def test_keys(check: Callable[..., None], record: dict[str, Any], keys: list[str]) -> None:
    for name, field in (("Select Keys", "select_keys_input"), ("Remove Keys", "remove_keys_input")):
        check("DataOperations", data=data(record), operations=[{"name": name}], **{field: keys})


@RANDOM
@given(
    rows=st.lists(st.fixed_dictionaries({"n": st.integers(-9, 9), "t": TEXT}), min_size=1, max_size=5),
    column=st.sampled_from(["n", "t"]),
    ascending=st.booleans(),
    count=st.integers(0, 6),
)
def test_tables(check: Callable[..., None], rows: list[Any], column: str, ascending: bool, count: int) -> None:
    table = {"$table": rows}
    check("DataFrameOperations", df=table, operation=[{"name": "Drop Duplicates"}], column_name=column)
    check("DataFrameOperations", df=table, operation=[{"name": "Tail"}], num_rows=count)
    check("DataFrameOperations", df=table, operation=[{"name": "Sort"}], column_name=column, ascending=ascending)


@RANDOM
@given(
    operation=st.sampled_from(["Case Conversion", "Text Strip", "Text Clean", "Text Head", "Text Tail"]),
    text=TEXT,
    case=st.sampled_from(["uppercase", "lowercase", "title", "capitalize", "swapcase"]),
    mode=st.sampled_from(["both", "left", "right"]),
    number=st.integers(0, 30),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_texts(
    check: Callable[..., None], operation: str, text: str, case: str, mode: str, number: int, flags: Any
) -> None:
    check(
        "TextOperations",
        {"text": "get_text"},
        operation=[{"name": operation}],
        text_input=text,
        case_type=case,
        strip_mode=mode,
        head_characters=number,
        tail_characters=number,
        remove_extra_spaces=flags[0],
        remove_special_chars=flags[1],
        remove_empty_lines=flags[2],
    )


@RANDOM
@given(record=RECORD, pattern=st.sampled_from(["{a}", "{a} and {b}", "{text}", "x", "{a}{a}"]))
def test_parsing(check: Callable[..., None], record: dict[str, Any], pattern: str) -> None:
    check("ParserComponent", input_data=data(record), pattern=pattern, mode="Parser")


@RANDOM
@given(
    operands=st.lists(st.one_of(st.integers(-99, 99), st.floats(-99, 99).map(lambda x: round(x, 3))), min_size=1),
    operators=st.lists(st.sampled_from(["+", "-", "*", "/"]), min_size=10, max_size=10),
)
def test_calculating(check: Callable[..., None], operands: list[float], operators: list[str]) -> None:
    parts = [str(abs(operands[0]))]
    for operator, operand in zip(operators, operands[1:], strict=False):
        parts += [operator, str(abs(operand))]
    check("CalculatorComponent", expression=" ".join(parts))


@RANDOM
@given(rows=st.lists(st.lists(st.text('ab1 ,"\n', max_size=4), min_size=2, max_size=2), max_size=4))
def test_csv(check: Callable[..., None], rows: list[list[str]]) -> None:
    lines = ["x,y"] + [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    check("CSVtoData", csv_string="\n".join(lines))
