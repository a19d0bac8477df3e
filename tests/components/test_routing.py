from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest
import regex  # noqa: F401  (importing it takes turns of its own)

from langflow_lite.components.regexes import RegexRefused
from langflow_lite.components.routing import ConditionalRouterComponent, PassMessageComponent
from langflow_lite.values import Message

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("operator", "text", "match", "holds"),
    [
        ("equals", "a", "a", True),
        ("equals", "a", "A", False),
        ("not equals", "a", "b", True),
        ("not equals", "a", "a", False),
        ("contains", "abc", "b", True),
        ("contains", "b", "abc", False),
        ("starts with", "abc", "ab", True),
        ("starts with", "abc", "bc", False),
        ("ends with", "abc", "bc", True),
        ("ends with", "abc", "ab", False),
        ("regex", "abc 1", r"\w+ \d", True),
        ("regex", "xabc", "abc", False),
        ("regex", "ABC", "abc", False),
        ("regex", "good", r"^(?!.*spam).*$", True),
        ("regex", "a", "(", False),
        ("regex", "a", "(" * 600, False),
        ("less than", "9", "10", True),
        ("less than", "10", "9.5", False),
        ("less than or equal", "2", "2.0", True),
        ("greater than", "10", "9", True),
        ("greater than", " 1e2 ", "99", True),
        ("greater than or equal", "-1", "-1", True),
        ("greater than", "ten", "9", False),
        ("less than", "1", "", False),
    ],
)
async def test_each_operator_picks_its_side(place: Any, operator: str, text: str, match: str, holds: bool) -> None:
    component = place(ConditionalRouterComponent(operator=operator, input_text=text, match_text=match))
    true, false = await component.true_response(), await component.false_response()
    assert component.stopped == ({"false_result"} if holds else {"true_result"})
    assert (true.text, false.text) == ((text, "") if holds else ("", text))


async def test_case_is_ignored_when_asked(place: Any) -> None:
    component = place(ConditionalRouterComponent(input_text="ABC", match_text="abc", case_sensitive=False))
    await component.true_response()
    assert component.stopped == {"false_result"}


@pytest.mark.parametrize("method", ["true_response", "false_response"])
async def test_either_output_alone_stops_the_way_not_taken(place: Any, method: str) -> None:
    component = place(ConditionalRouterComponent(input_text="a", match_text="b"))
    await getattr(component, method)()
    assert component.stopped == {"true_result"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"true_case_message": "yes", "false_case_message": "no"}, "yes"),
        ({"true_case_message": Message(text="yes")}, "yes"),
        ({"true_case_message": "", "false_case_message": "no"}, "a"),
        ({"true_case_message": Message()}, "a"),
        ({"message": "both"}, "both"),
        ({"message": Message(text="both"), "true_case_message": "yes"}, "yes"),
        ({}, "a"),
    ],
)
async def test_the_case_message_is_sent_unless_it_is_empty(place: Any, fields: dict[str, Any], text: str) -> None:
    component = place(ConditionalRouterComponent(input_text="a", match_text="a", **fields))
    message = await component.true_response()
    assert message.text == text
    assert component.status is message


async def test_a_case_message_with_files_only_is_not_empty(place: Any) -> None:
    message = Message(files=["a.png"])
    component = place(ConditionalRouterComponent(input_text="a", match_text="a", true_case_message=message))
    assert await component.true_response() is message


async def test_an_unknown_operator_is_an_error_listing_the_known(place: Any) -> None:
    with pytest.raises(ValueError, match=r"no operator 'sounds like'; use one of equals, .*greater than or equal"):
        await place(ConditionalRouterComponent(operator="sounds like")).true_response()


async def test_a_pattern_that_backtracks_for_ever_ends_soon_and_leaves_the_loop_alone(place: Any) -> None:
    component = place(ConditionalRouterComponent(operator="regex", input_text="a" * 60 + "!", match_text=r"(a|aa)+$"))
    turns = 0
    over = False

    async def count_turns() -> None:
        nonlocal turns
        while not over:
            turns += 1
            await anyio.lowlevel.checkpoint()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(count_turns)
            with pytest.raises(RegexRefused, match=r"took longer than .* seconds"):
                await component.true_response()
            over = True
    # Held up, the loop gets a handful of turns around the match.
    assert turns > 300


@pytest.mark.parametrize(
    "pattern",
    ["(a{65000}){65000}", "(?R)", "(a?(?1))", "(?P<x>a(?P>x)?)", "(?&x)", "a" * 500_001],
    ids=["huge repeats", "recursion", "numbered call", "named call", "other named call", "too long"],
)
async def test_a_pattern_that_would_eat_memory_is_refused(place: Any, pattern: str) -> None:
    component = place(ConditionalRouterComponent(operator="regex", input_text="a", match_text=pattern))
    with pytest.raises(RegexRefused):
        await component.true_response()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "0a1b2c3d-0000-1111-2222-0123456789ab"),
        (r"\d{3}-\d{3}-\d{4}", "555-123-4567"),
        (r"[A-Z0-9._%+-]{1,64}@[A-Z0-9.-]{1,255}\.[A-Z]{2,10}", "A.B@EXAMPLE.ORG"),
    ],
)
async def test_ordinary_patterns_with_counts_are_not_too_large(place: Any, pattern: str, text: str) -> None:
    component = place(ConditionalRouterComponent(operator="regex", input_text=text, match_text=pattern))
    assert (await component.true_response()).text == text


@pytest.mark.parametrize(("given", "text"), [(Message(text="x"), "x"), ("x", "x"), ("", "")])
async def test_pass_passes_the_message_on(place: Any, given: Any, text: str) -> None:
    component = place(PassMessageComponent(input_message=given, ignored_message="ignored"))
    assert (await component.pass_message()).text == text
