"""Which curves of a result are drawn together, under what names and in which colours."""

from collections.abc import Sequence

from PySide6.QtGui import QColor

from vclamp.analysis.results import Curve, Fitted, Result
from vclamp.model.rig import Rig
from vclamp.ui.panels.symbols import axis, split_unit, symbol
from vclamp.ui.scopes.curves import Plotted
from vclamp.ui.theme import Theme, channel_colours, sweep_colours

_SYMBOLS = ("o", "s", "t", "d", "star")
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


def plotted(
    curves: Sequence[Fitted], rig: Rig, trace: str, theme: Theme, *, ghost: bool = False, truth: bool = False
) -> tuple[Plotted, ...]:
    """Curves with their colours: those of channels that they are named after, else different ones."""
    channels = channel_colours(rig, theme)
    shades = [QColor(theme.accent)] if len(curves) == 1 else sweep_colours(len(curves), theme)
    found = []
    for number, fitted in enumerate(curves):
        curve, fit = fitted.curve, fitted.fit
        owner = curve.name if len(curves) > 1 else trace.removeprefix("i_").removesuffix("_pA")
        found.append(
            Plotted(
                curve,
                _name(curve, rig) if len(curves) > 1 else "",
                channels.get(owner, shades[number]),
                _SYMBOLS[number % len(_SYMBOLS)],
                fit if fit is not None and fit.has_numbers else None,
                ghost,
                fitted.truth if truth else None,
                fit is not None and not fit.trusted,
            )
        )
    return tuple(found)


def _kind(curve: Curve) -> tuple[str, ...]:
    """What curves must share to be drawn in one plot."""
    alone = curve.y_name if curve.name == curve.y_name else ""
    return alone, curve.x_name, split_unit(curve.y_name)[1], str(curve.log_x), str(curve.log_y)


def _title(group: Sequence[Fitted]) -> str:
    first = group[0].curve
    return symbol(first.name) if first.name == first.y_name else first.name.replace("-", " ")


def _name(curve: Curve, rig: Rig) -> str:
    titles = {channel.name: channel.title for channel in rig.cell.channels}
    return titles.get(curve.name, curve.name.replace("_", " "))
