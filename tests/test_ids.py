from __future__ import annotations

import time
from uuid import RFC_4122, UUID

from langflow_lite.ids import new_id, normal_id


def test_ids_are_distinct_version_7_uuids_across_refills_of_the_pool() -> None:
    made = [new_id() for _ in range(2000)]
    assert len(set(made)) == 2000
    assert {(UUID(id_).version, UUID(id_).variant, str(UUID(id_)) == id_) for id_ in made} == {(7, RFC_4122, True)}


def test_ids_begin_with_the_time_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    made = UUID(new_id()).int >> 80
    assert before <= made <= time.time_ns() // 1_000_000


def test_all_74_random_bits_are_used() -> None:
    seen_one = seen_zero = 0
    for _ in range(400):
        bits = UUID(new_id()).int & (0x0FFF << 64 | 0x3FFF_FFFF_FFFF_FFFF)
        seen_one |= bits
        seen_zero |= ~bits
    mask = 0x0FFF << 64 | 0x3FFF_FFFF_FFFF_FFFF
    assert seen_one & mask == mask
    assert seen_zero & mask == mask


def test_an_id_has_one_normal_spelling() -> None:
    made = new_id()
    spellings = (made, made.upper(), made.replace("-", ""), f"{{{made}}}", f"urn:uuid:{made}")
    assert {normal_id(spelling) for spelling in spellings} == {made}
    assert [normal_id(text) for text in ("", "echo", made[:-1])] == ["", "echo", made[:-1]]
