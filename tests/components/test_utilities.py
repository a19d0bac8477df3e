from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from langflow_lite.components.utilities import CurrentDateComponent, IDGeneratorComponent

pytestmark = pytest.mark.anyio


async def test_the_date_is_told_in_the_time_zone(place: Any) -> None:
    message = await place(CurrentDateComponent(timezone="Asia/Tokyo")).get_current_date()
    assert re.fullmatch(r"Current date and time in Asia/Tokyo: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d JST", message.text)


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "", "../../etc/passwd"])
async def test_a_time_zone_that_does_not_exist_is_told_as_an_error(place: Any, timezone: str) -> None:
    assert (await place(CurrentDateComponent(timezone=timezone)).get_current_date()).text.startswith("Error: ")


async def test_an_id_is_made_or_taken_as_given(place: Any) -> None:
    assert (await place(IDGeneratorComponent(unique_id="mine")).generate_id()).text == "mine"
    made = {(await place(IDGeneratorComponent()).generate_id()).text for _ in range(3)}
    assert len({uuid.UUID(text) for text in made}) == 3
