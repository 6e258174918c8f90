"""Scale bars in place of axes: bars of round lengths beside the traces, as electrophysiologists draw them."""

from dataclasses import dataclass
from math import floor, log10

TIME_SHARE, HEIGHT_SHARE = 0.14, 0.35  # of an axis that its bar may be long
_ROUND = (5.0, 2.0, 1.0)
_SMALLER = {"s": ("ms", 1000.0), "min": ("s", 60.0), "nA": ("pA", 1000.0)}  # for less than one of it

_LARGER = {"ms": "s", "pA": "nA"}  # for thousands of one


@dataclass(frozen=True)
class Bar:
    """A bar of a round length, in the unit of its axis; its label may use a smaller unit."""

    length: float
    label: str


def bar(span: float, share: float, unit: str) -> Bar:
    """The longest bar of 1, 2 or 5 times a power of ten that is no longer than a share of an axis.

    Parameters
    ----------
    span : float
        Length of the axis, in `unit`, above 0.
    share : float
        Part of it that the bar may be long.
    unit : str
        Unit of the axis; empty for a plain number.
    """
    most = share * span
    if unit in _SMALLER and most < 1.0:
        smaller, factor = _SMALLER[unit]
        inner = bar(span * factor, share, smaller)
        return Bar(inner.length / factor, inner.label)
    power = 10.0 ** floor(log10(most))
    length = next(step * power for step in _ROUND if step * power <= most * (1.0 + 1e-9))
    shown, word = (length / 1000.0, _LARGER[unit]) if unit in _LARGER and length >= 1000.0 else (length, unit)
    return Bar(length, f"{shown:g} {word}".strip())
