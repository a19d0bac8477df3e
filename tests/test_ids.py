from __future__ import annotations

from uuid import RFC_4122, UUID

from langflow_lite.ids import new_id


def test_ids_are_distinct_version_4_uuids_across_refills_of_the_pool() -> None:
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert {(UUID(id_).version, UUID(id_).variant, str(UUID(id_)) == id_) for id_ in made} == {(4, RFC_4122, True)}
