"""Shipped rigs and protocols with some of their numbers at, or beyond, the ends of what they may be."""

import random
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from annotated_types import Interval
from checked_cases import AMPLIFIERS

from vclamp import paths
from vclamp.model.files import from_data, load_rig, to_full_data
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.model.segments import CurrentStep, Hold, Ramp, Step

Place = tuple[str | int, ...]
NASTY = [0.0, -0.0, 5e-324, 1e-300, 1e-15, 1e-6, 1e300, float("nan"), float("inf"), -1.0]
CELLS = tuple(paths.shipped(paths.CELLS).values())
PROTOCOL = Protocol(
    "extremes",
    (Hold(3.0), Step(30.0, 6.0), Ramp(-120.0, 4.0), CurrentStep(50.0, 4.0), Step(-60.0, 3.0)),
    n_sweeps=1, hold_mV=-70.0, fs_kHz=20.0,
)  # fmt: skip


def numbers(value: Any, place: Place = ()) -> Iterator[tuple[Place, float, float]]:
    """Every number of a description that has an end, with its place and its ends."""
    hints = get_type_hints(type(value), include_extras=True)
    for field in fields(value):
        item, here = getattr(value, field.name), (*place, field.name)
        if is_dataclass(item):
            yield from numbers(item, here)
        elif isinstance(item, tuple):
            for index, element in enumerate(item):
                yield from numbers(element, (*here, index)) if is_dataclass(element) else ()
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield from ((here, *ends) for ends in _ends(hints[field.name]))


def _ends(hint: Any) -> Iterator[tuple[float, float]]:
    found = (
        [extra for extra in get_args(hint)[1:] if isinstance(extra, Interval)] if get_origin(hint) is Annotated else []
    )
    if found:
        low, high = (found[0].ge, found[0].gt), (found[0].le, found[0].lt)
        yield tuple(float(next(end for end in ends if end is not None)) for ends in (low, high))  # type: ignore[misc,arg-type]
    else:
        for inner in get_args(hint):
            yield from _ends(inner)


def with_number(data: Any, place: Place, number: float) -> None:
    """Put a number into plain data."""
    for key in place[:-1]:
        data = data[key]
    data[place[-1]] = int(number) if isinstance(data[place[-1]], int) and number.is_integer() else number


def any_number(rng: random.Random, low: float, high: float) -> float:
    """An end of the range, or something that is seldom meant."""
    if rng.random() < 0.1:
        return rng.choice(NASTY)
    return rng.choice([low, high, low + (high - low) * rng.random() ** 8])


def a_rig(rng: random.Random) -> Rig:
    """A shipped cell behind any amplifier; its channels may open one by one, and every state is recorded."""
    rig = load_rig(rng.choice(CELLS))
    if rng.random() < 0.7:
        rig = replace(rig, amplifier=rng.choice([*AMPLIFIERS.values()]))
    return replace(rig, cell=replace(rig.cell, record_states=True, stochastic=rng.random() < 0.2))


def a_case(seed: int) -> tuple[Rig, Protocol]:
    """A rig and a protocol with two numbers, or a few more, as nobody would choose them.

    Raises
    ------
    VClampError
        If the validator refuses them.
    """
    rng = random.Random(seed)
    rig, wanted = a_rig(rng), rng.choice([2, 2, 2, 3, 5])
    parts = {"rig": to_full_data(rig), "protocol": to_full_data(PROTOCOL)}
    places = [("rig", *found) for found in numbers(rig)]
    places += [("protocol", *found) for found in numbers(PROTOCOL)] if rng.random() < 0.3 else []
    for part, place, low, high in rng.sample(places, min(wanted, len(places))):
        with_number(parts[part], place, any_number(rng, low, high))
    return from_data(Rig, parts["rig"], "rig"), from_data(Protocol, parts["protocol"], "protocol")
