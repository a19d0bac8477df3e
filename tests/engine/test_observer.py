from __future__ import annotations

from langflow_lite.engine.observer import Observer, together


class Named(Observer):
    def __init__(self, name: str, heard: list[str]) -> None:
        self.name = name
        self.heard = heard

    def batch_committed(self, units: int, seconds: float) -> None:
        self.heard.append(f"{self.name}: {units}")


class Counting(Named):
    def stream_began(self) -> None:
        self.heard.append(f"{self.name}: stream")


def test_everyone_is_told_in_order_and_only_of_what_they_want_to_know():
    heard: list[str] = []
    everyone = together(Named("a", heard), Observer(), Counting("b", heard))
    everyone.batch_committed(3, 0.1)
    everyone.stream_began()
    everyone.stream_ended()
    assert heard == ["a: 3", "b: 3", "b: stream"]


def test_what_one_alone_wants_to_know_is_told_without_a_detour():
    counting = Counting("a", [])
    assert together(counting, Observer()).stream_began == counting.stream_began


def test_observers_of_several_can_be_put_together_again():
    heard: list[str] = []
    outer = together(together(Named("a", heard), Named("b", heard)), Counting("c", heard), together())
    outer.batch_committed(1, 0.1)
    together(outer).stream_began()
    assert heard == ["a: 1", "b: 1", "c: 1", "c: stream"]
