"""What readers of other programs' files have in common: units to ours, and names of traces."""

import re
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_UNITS = {
    "kV": ("mV", 6), "V": ("mV", 3), "volt": ("mV", 3), "volts": ("mV", 3), "mV": ("mV", 0), "uV": ("mV", -3),
    "nV": ("mV", -6), "A": ("pA", 12), "amp": ("pA", 12), "ampere": ("pA", 12), "amperes": ("pA", 12),
    "amps": ("pA", 12), "mA": ("pA", 9), "uA": ("pA", 6), "nA": ("pA", 3), "pA": ("pA", 0), "fA": ("pA", -3),
}  # fmt: skip
_TAKEN = re.compile(r"^(in|i|p_open|gate|state|command|v)(_|$)")  # how traces of our own begin


def converted(values: Array, unit: str) -> tuple[str, Array] | None:
    """Values in "mV" or "pA", correctly rounded; None if their unit is neither of voltage nor of current."""
    known = _UNITS.get(unit.strip().replace("µ", "u").replace("μ", "u"))
    if known is None:
        return None
    ours, power = known
    return ours, values * 10.0**power if power >= 0 else values / 10.0**-power


def role(name: str, unit: str, taken: Collection[str]) -> str:
    """The trace that a recorded signal becomes: the first of its kind the main one, a further one under its name."""
    main = "v_mV" if unit == "mV" else "i_pA"
    if main not in taken:
        return main
    stem = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:40] or "channel"
    stem = f"ch_{stem}" if _TAKEN.match(stem) else stem
    names = (f"{stem}{'' if n == 1 else f'_{n}'}_{unit}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
