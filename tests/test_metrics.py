from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from langflow_lite.metrics import Counter, Histogram, Reading, render


def parsed(*families: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Sample name and sorted labels to value, as a Prometheus client reads it."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(render(families))
        for sample in family.samples
    }


def test_a_counter_adds_up_by_its_labels():
    counter = Counter("things_total", "Things.", ("kind",))
    counter.add(1, "a")
    counter.add(2.5, "a")
    counter.add(1, "b")
    assert parsed(counter) == {("things_total", (("kind", "a"),)): 3.5, ("things_total", (("kind", "b"),)): 1}


def test_without_labels_there_is_a_zero_from_the_start():
    assert parsed(Counter("none_total", "None.")) == {("none_total", ()): 0}
    assert parsed(Histogram("none", "None.", bounds=(1,)))["none_count", ()] == 0


def test_a_histogram_counts_each_bound_with_those_below_it():
    histogram = Histogram("took_seconds", "Took.", ("kind",), bounds=(0.1, 1, 10))
    for value in (0.05, 0.1, 0.5, 10, 11):
        histogram.observe(value, "a")
    found = parsed(histogram)
    buckets = [found["took_seconds_bucket", (("kind", "a"), ("le", bound))] for bound in ("0.1", "1", "10", "+Inf")]
    assert buckets == [2, 3, 4, 5]
    assert found["took_seconds_count", (("kind", "a"),)] == 5
    assert found["took_seconds_sum", (("kind", "a"),)] == pytest.approx(21.65)


@pytest.mark.parametrize("text", ['say "hi"', "back\\slash\\n", "two\nlines", "ünï\u2028code", "}{,="])
def test_labels_and_help_are_escaped(text: str):
    counter = Counter("things_total", f"Help: {text}", ("kind",))
    counter.add(1, text)
    [family] = text_string_to_metric_families(render([counter]))
    assert [sample.labels for sample in family.samples] == [{"kind": text}]
    assert render([counter]).count("\n") == 3


def test_what_cannot_be_encoded_does_not_spoil_the_rest():
    counter = Counter("things_total", "Things.", ("kind",))
    counter.add(1, "\ud800")
    assert 'kind="?"' in render([counter]).encode().decode()


def test_the_number_of_series_is_bounded():
    counter, histogram = (
        Counter("c_total", "C.", ("a", "b"), limit=3),
        Histogram("h", "H.", ("a",), bounds=(1,), limit=3),
    )
    for n in range(100):
        counter.add(1, str(n), "x")
        histogram.observe(n, str(n))
    found = parsed(counter, histogram)
    assert found["c_total", (("a", "other"), ("b", "other"))] == 97
    assert found["h_count", (("a", "other"),)] == 97
    assert len([name for name, _ in found if name == "c_total"]) == 4


def test_readings_are_looked_up_each_time_and_may_be_missing():
    values = iter([1, 2.5])
    reading = Reading("now", "Now.", lambda: next(values))
    assert [parsed(reading), parsed(reading)] == [{("now", ()): 1}, {("now", ()): 2.5}]
    assert render([Reading("unknown", "Unknown.", lambda: None)]) == ""
    by_label = Reading("jobs", "Jobs.", lambda: {"queued": 3}, label="status")
    assert parsed(by_label) == {("jobs", (("status", "queued"),)): 3}
