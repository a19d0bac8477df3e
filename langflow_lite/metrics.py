"""Numbers that add up while a server runs, and their text form (Prometheus exposition format 0.0.4)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

__all__ = ["CONTENT_TYPE", "SECONDS", "Counter", "Family", "Histogram", "Reading", "render"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The content type of what `render` returns."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""The upper bounds that histograms of durations have by default."""

_MAX_SERIES = 500
_OTHER = "other"

Labels = tuple[str, ...]


class Family(Protocol):
    """A metric with all its series."""

    def lines(self) -> Iterator[str]:
        """The metric in text form."""


class Counter:
    """A sum that only grows, one for each combination of label values.

    Beyond `limit` combinations the further ones are counted together, as "other": values that callers choose must not fill the
    memory of this process or of whoever collects its numbers.
    """

    __slots__ = ("_help", "_labels", "_limit", "_name", "_values")

    def __init__(self, name: str, text: str, labels: Sequence[str] = (), *, limit: int = _MAX_SERIES) -> None:
        self._name = name
        self._help = text
        self._labels = tuple(labels)
        self._limit = limit
        self._values: dict[Labels, float] = {} if labels else {(): 0.0}

    def add(self, amount: float, *values: str) -> None:
        """Add to the sum with these label values."""
        known = self._values
        if values in known:
            known[values] += amount
        elif len(known) < self._limit:
            known[values] = amount
        else:
            other = (_OTHER,) * len(values)
            known[other] = known.get(other, 0.0) + amount

    def lines(self) -> Iterator[str]:
        """The sums in text form."""
        yield from _head(self._name, self._help, "counter")
        for values, value in self._values.items():
            yield _line(self._name, self._labels, values, value)


class Reading:
    """Numbers that are looked up when somebody asks: `read` gives one, or one for each value of `label`.

    `kind` is "gauge", or "counter" for what only grows. Nothing is shown while `read` gives None.
    """

    __slots__ = ("_help", "_kind", "_label", "_name", "_read")

    def __init__(
        self,
        name: str,
        text: str,
        read: Callable[[], float | Mapping[str, float] | None],
        *,
        label: str = "",
        kind: str = "gauge",
    ) -> None:
        self._name = name
        self._help = text
        self._read = read
        self._label = label
        self._kind = kind

    def lines(self) -> Iterator[str]:
        """The numbers in text form."""
        found = self._read()
        if found is None:
            return
        yield from _head(self._name, self._help, self._kind)
        if isinstance(found, Mapping):
            for value, number in found.items():
                yield _line(self._name, (self._label,), (value,), number)
        else:
            yield _line(self._name, (), (), found)


class Histogram:
    """How many observations were how large, for each combination of label values; bounded like a `Counter`."""

    __slots__ = ("_bounds", "_help", "_labels", "_limit", "_name", "_series")

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        *,
        bounds: Sequence[float] = SECONDS,
        limit: int = _MAX_SERIES,
    ) -> None:
        self._name = name
        self._help = text
        self._labels = tuple(labels)
        self._bounds = tuple(bounds)
        self._limit = limit
        self._series: dict[Labels, _Series] = {} if labels else {(): _Series(len(self._bounds))}

    def observe(self, value: float, *values: str) -> None:
        """Take one observation under these label values."""
        series = self._series.get(values)
        if series is None:
            if len(self._series) >= self._limit:
                values = (_OTHER,) * len(values)
            series = self._series.setdefault(values, _Series(len(self._bounds)))
        series.counts[bisect_left(self._bounds, value)] += 1
        series.sum += value

    def lines(self) -> Iterator[str]:
        """The distributions in text form, the count of each bound including those of the smaller ones."""
        yield from _head(self._name, self._help, "histogram")
        bucket, labels = f"{self._name}_bucket", (*self._labels, "le")
        for values, series in self._series.items():
            total = 0
            for bound, count in zip((*map(_number, self._bounds), "+Inf"), series.counts, strict=True):
                total += count
                yield _line(bucket, labels, (*values, bound), total)
            yield _line(f"{self._name}_sum", self._labels, values, series.sum)
            yield _line(f"{self._name}_count", self._labels, values, total)


class _Series:
    __slots__ = ("counts", "sum")

    def __init__(self, bounds: int) -> None:
        self.counts = [0] * (bounds + 1)
        self.sum = 0.0


def render(families: Sequence[Family]) -> str:
    """All metrics as one text."""
    return "".join(f"{line}\n" for family in families for line in family.lines())


def _head(name: str, text: str, kind: str) -> Iterator[str]:
    escaped = text.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {escaped}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, labels: Labels, values: Labels, number: float) -> str:
    if not labels:
        return f"{name} {_number(number)}"
    pairs = ",".join(f'{label}="{_escape(value)}"' for label, value in zip(labels, values, strict=True))
    return f"{name}{{{pairs}}} {_number(number)}"


def _escape(value: str) -> str:
    # Lone surrogates cannot be sent at all.
    plain = value.encode("utf-8", "replace").decode()
    return plain.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
