"""A value that changes from sweep to sweep: a number, a ladder or a list."""

from dataclasses import dataclass
from math import copysign, log
from typing import Annotated, Any

from annotated_types import Interval
from pydantic import Discriminator, Tag

from vclamp.errors import VClampError
from vclamp.model.quantities import Current_pA, Duration_ms, Voltage_mV

Rung = Annotated[float, Interval(ge=-1e7, le=1e7)]
_WHOLE = 1e-6  # of a step, by which a stop may miss a rung
_MOST, _LOG_MOST = 1e15, 600.0  # beyond every limit, and still a number


class InnerError(VClampError, ValueError):
    """A mistake in a value within others: as a ValueError it is told together with its place in the file."""


@dataclass(frozen=True)
class Ladder:
    """A value that starts somewhere and changes by a step, or by a factor, from sweep to sweep.

    With a `stop` and a step or a factor it has as many rungs as fit, counted in whole numbers: from 0 to 0.3
    by 0.1 is four. With a `stop` alone the sweeps are spread evenly from start to stop.
    """

    start: Rung
    step: Rung = 0.0
    factor: Annotated[float, Interval(gt=0.0, le=1e6)] = 1.0
    stop: Rung | None = None

    def __post_init__(self) -> None:
        if self.step and self.factor != 1.0:
            raise InnerError("a ladder has both a step and a factor", remedy="Leave out one of them.")
        if self.factor != 1.0 and self.start == 0.0:
            raise InnerError("a ladder with a factor starts at 0", remedy="Start it elsewhere, or use a step.")
        self.count  # noqa: B018  (refuses a stop that is on no rung)

    @property
    def count(self) -> int | None:
        """How many rungs there are; None where the number of sweeps says it.

        Raises
        ------
        VClampError
            If `stop` is not on a rung.
        """
        if self.stop is None or (not self.step and self.factor == 1.0):
            return None
        if self.step:
            steps = (self.stop - self.start) / self.step
        else:
            ratio = self.stop / self.start
            steps = log(ratio) / log(self.factor) if ratio > 0.0 else -1.0
        steps = min(steps, _MOST)
        if not steps >= 0.0 or abs(steps - round(steps)) > _WHOLE * max(1.0, steps):
            raise InnerError(
                f"a ladder from {self.start:g} does not reach {self.stop:g} in whole steps",
                remedy="Change its stop, its step or its factor.",
            )
        return round(steps) + 1

    def value(self, place: int, n: int) -> float:
        """The value on rung `place` of `n`."""
        if self.stop is not None and self.count is None:
            return self.start + (self.stop - self.start) * place / max(n - 1, 1)
        if self.factor == 1.0:
            return self.start + place * self.step
        return self.start * self.factor**place if place * log(self.factor) < _LOG_MOST else copysign(_MOST, self.start)


def _form(value: Any) -> str:
    """Which form of `Varied` a value has."""
    if isinstance(value, dict | Ladder):
        return "ladder"
    return "list" if isinstance(value, list | tuple) else "number"


Varied = float | Ladder | tuple[float, ...]
Levels_mV = Annotated[
    Annotated[Voltage_mV, Tag("number")]
    | Annotated[Ladder, Tag("ladder")]
    | Annotated[tuple[Voltage_mV, ...], Tag("list")],
    Discriminator(_form),
]
Levels_pA = Annotated[
    Annotated[Current_pA, Tag("number")]
    | Annotated[Ladder, Tag("ladder")]
    | Annotated[tuple[Current_pA, ...], Tag("list")],
    Discriminator(_form),
]
Durations_ms = Annotated[
    Annotated[Duration_ms, Tag("number")]
    | Annotated[Ladder, Tag("ladder")]
    | Annotated[tuple[Duration_ms, ...], Tag("list")],
    Discriminator(_form),
]


def value_in(varied: Varied, place: int, n: int) -> float:
    """The value that a number, a ladder or a list has at a place of n."""
    if isinstance(varied, Ladder):
        return varied.value(place, n)
    if isinstance(varied, tuple):
        return varied[place]
    return varied


def varies(varied: object) -> bool:
    """Whether a value may differ between sweeps."""
    return isinstance(varied, Ladder | tuple)
