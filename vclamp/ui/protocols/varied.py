"""Values that change from sweep to sweep as people type them: "−80", "+10", "×2", "to 60", "−80; −60; −20"."""

import re
from math import isfinite
from typing import Any

from vclamp.errors import VClampError
from vclamp.model.ladder import Ladder, Varied
from vclamp.model.protocol_table import stop_of
from vclamp.ui.panels.fields import quantity
from vclamp.ui.protocols.words import number_text

LIST = "list"
_BETWEEN = re.compile(r";|,\s+|\s+(?=[-+−.\d])")
_CHANGE = re.compile(r"\s*(?P<by>[^…]*?)\s*(?:(?:\bto\b|…|→)\s*(?P<stop>.+?))?\s*", re.IGNORECASE)
_FACTOR = re.compile(r"[×x*]\s*")
FORMS = "+10 a step, ×2 a factor, to 60 evenly, +10 to 60 as many sweeps as it takes; empty: the same in all sweeps"


def start_text(value: Varied | None) -> str:
    """The value in the first sweep, or the whole list."""
    if value is None:
        return ""
    if isinstance(value, Ladder):
        return number_text(value.start)
    if isinstance(value, tuple):
        return "; ".join(map(number_text, value))
    return number_text(value)


def change_text(value: Varied | None) -> str:
    """How it changes from sweep to sweep; empty if it does not."""
    if isinstance(value, tuple):
        return LIST
    if not isinstance(value, Ladder):
        return ""
    by = f"×{number_text(value.factor)}" if value.factor != 1.0 else ""
    if value.step:
        by = ("+" if value.step > 0.0 else "") + number_text(value.step)
    stop = f"to {number_text(value.stop)}" if value.stop is not None else ""
    return " ".join(filter(None, (by, stop)))


def with_start(text: str, old: Varied | None, unit: str, n_sweeps: int) -> Any:
    """The value, as plain data, that a text typed over the start means; a ladder goes on from there."""
    pieces = [piece for piece in _BETWEEN.split(text.strip()) if piece]
    if len(pieces) > 1:
        return [_number(piece, unit) for piece in pieces]
    start = _number(text, unit)
    if not isinstance(old, Ladder):
        return start
    stop = old.stop
    if old.count is not None:  # as many sweeps as before
        stop = stop_of(start, old.step, old.factor, n_sweeps)
    return ladder(start, old.step, old.factor, stop)


def with_change(text: str, old: Varied | None, unit: str, n_sweeps: int) -> Any:
    """The value, as plain data, that a text typed over the change means."""
    if text.strip().casefold() == LIST and isinstance(old, tuple):
        return list(old)
    start = old.start if isinstance(old, Ladder) else old[0] if isinstance(old, tuple) else old or 0.0
    found = _CHANGE.fullmatch(text)
    by, stop_typed = (found["by"], found["stop"]) if found else (text, None)
    stop = _number(stop_typed, unit) if stop_typed else None
    step, factor = 0.0, 1.0
    if _FACTOR.match(by):
        factor = _number(_FACTOR.sub("", by, count=1), "")
        if not factor > 0.0:
            raise VClampError(f"×{number_text(factor)} is no factor", remedy="It must be above 0.")
    elif by:
        step = _number(by, unit)
    if not step and factor == 1.0 and stop is None:
        return start
    if stop is None and isinstance(old, Ladder) and old.count is not None:
        stop = stop_of(start, step, factor, n_sweeps)
    return ladder(start, step, factor, stop)


def ladder(start: float, step: float, factor: float, stop: float | None) -> dict[str, float]:
    """A ladder as plain data."""
    data = {"start": start, "step": step, "factor": factor}
    return data if stop is None else {**data, "stop": stop}


def _number(text: str, unit: str) -> float:
    value = quantity(text, unit)
    if value is None or not isfinite(value):
        raise VClampError(f"“{text.strip()[:40]}” is no number{f' of {unit}' if unit else ''}")
    return float(f"{value:.12g}")
