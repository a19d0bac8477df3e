from __future__ import annotations

import pytest

from langflow_lite.components.calculator import CalculatorComponent, CalculatorToolComponent, calculate

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1+2*3", 7),
        ("(1+2)*3", 9),
        ("4*4*(33/22)+12-20", 16.0),
        ("2**3**2", 512),
        ("-2**2", -4),
        ("2**-1", 0.5),
        ("7//2", 3),
        ("7%4", 3),
        ("- -3", 3),
        (".5 + 1e3", 1000.5),
        ("2^3", 8),
    ],
)
def test_arithmetic_follows_the_usual_precedence(expression: str, value: float) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "1+",
        "(1",
        "1)",
        "abs(1)",
        "__import__('os')",
        "1;2",
        "9**9**9",
        "9" * 999 + "**9999",
        "1e308*10",
        "10**3000/7**0.5*1e300",
        "(-1)**0.5",
        "(" * 200 + "1" + ")" * 200,
        "1" * 2000,
        "2**" * 300 + "1",
    ],
)
def test_what_is_no_arithmetic_or_too_large_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        calculate(expression)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("6*7", {"result": "42"}),
        ("1/3", {"result": "0.333333"}),
        ("1/4", {"result": "0.25"}),
        ("6/2", {"result": "3"}),
        ("1/0", {"error": "Error: Division by zero", "input": "1/0"}),
    ],
)
async def test_the_component_answers_with_text_and_errors_are_results(expression: str, result: dict[str, str]) -> None:
    assert (await CalculatorComponent(expression=expression).evaluate_expression()).data == result
    assert [data.data for data in await CalculatorToolComponent(expression=expression).run_model()] == [result]


async def test_a_bad_expression_is_a_result_that_names_it() -> None:
    found = (await CalculatorComponent(expression="two").evaluate_expression()).data

    assert found["error"].startswith("Invalid expression: ")
    assert found["input"] == "two"
