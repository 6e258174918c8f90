"""How the curves of a result are drawn, in the window and on paper: which share a plot, names, colours, points."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vclamp.analysis.results import Array, Curve, Fitted, Result
from vclamp.model.rig import Rig
from vclamp.publish.colours import channel_colours, sweep_colours
from vclamp.publish.symbols import axis, split_unit, symbol

DENSE = 100  # from so many points on, no symbols
FIT_POINTS = 200
SYMBOLS = ("circle", "square", "triangle", "diamond", "star")

_QUANTITIES = {"pA": "I (pA)", "mV": "V (mV)", "nS": "G (nS)", "ms": "time (ms)", "mM": "(mM)"}


def groups(result: Result) -> list[tuple[str, tuple[Fitted, ...]]]:
    """Curves that share their axes, under the name of the first; one that is named like its axis stands alone."""
    found: dict[tuple[str, ...], list[Fitted]] = {}
    for fitted in result.curves:
        found.setdefault(_kind(fitted.curve), []).append(fitted)
    return [(_title(group), tuple(group)) for group in found.values()]


def labels_of(curves: Sequence[Fitted], rig: Rig) -> tuple[str, str]:
    """The names of both axes."""
    first = curves[0].curve
    y_names = {fitted.curve.y_name for fitted in curves}
    _, unit = split_unit(first.y_name)
    y = axis(first.y_name, rig) if len(y_names) == 1 else _QUANTITIES.get(unit, f"({unit})" if unit else "")
    x = "prepulse (mV)" if (first.y_name, first.x_name) == ("availability", "level_mV") else axis(first.x_name, rig)
    return x, y


def name_of(curve: Curve, rig: Rig) -> str:
    """A curve's name as people write it: its channel's title, if it has the name of one."""
    titles = {channel.name: channel.title for channel in rig.cell.channels}
    return titles.get(curve.name, curve.name.replace("_", " "))


@dataclass(frozen=True)
class Face:
    """What a curve looks like: one of `SYMBOLS`, a colour "#rrggbb"; a curve that is alone has no name."""

    name: str
    colour: str
    symbol: str


def faces(curves: Sequence[Fitted], rig: Rig, trace: str, *, dark: bool, accent: str) -> list[Face]:
    """The looks of curves that share a plot.

    A curve that is named after a channel, or stands alone and was measured in a channel's trace, wears its colour.
    """
    channels, alone = channel_colours(rig, dark=dark), len(curves) == 1
    shades = [accent] if alone else sweep_colours(len(curves), dark=dark)
    found = []
    for number, fitted in enumerate(curves):
        owner = trace.removeprefix("i_").removesuffix("_pA") if alone else fitted.curve.name
        name = "" if alone else name_of(fitted.curve, rig)
        found.append(Face(name, channels.get(owner, shades[number]), SYMBOLS[number % len(SYMBOLS)]))
    return found


def drawable(x: Array, y: Array, *, log_x: bool = False, log_y: bool = False) -> tuple[Array, Array]:
    """The points that such axes can show, from left to right."""
    if x.shape != y.shape:
        return x[:0], x[:0]
    kept = np.isfinite(x) & np.isfinite(y)
    for values, is_log in ((x, log_x), (y, log_y)):
        if is_log:
            kept &= values > 0.0
    order = np.argsort(x[kept], kind="stable")
    return x[kept][order], y[kept][order]


def fit_line(
    fit: Callable[[Array], Array], x: Array, *, log_x: bool = False, log_y: bool = False
) -> tuple[Array, Array]:
    """A fitted line between the first and the last of some points, as such axes can show it."""
    fine = (np.geomspace if log_x else np.linspace)(x[0], x[-1], FIT_POINTS)
    return drawable(fine, fit(fine), log_x=log_x, log_y=log_y)


def _kind(curve: Curve) -> tuple[str, ...]:
    """What curves must share to be drawn in one plot."""
    alone = curve.y_name if curve.name == curve.y_name else ""
    return alone, curve.x_name, split_unit(curve.y_name)[1], str(curve.log_x), str(curve.log_y)


def _title(group: Sequence[Fitted]) -> str:
    first = group[0].curve
    return symbol(first.name) if first.name == first.y_name else first.name.replace("-", " ")
