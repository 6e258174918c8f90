"""Which curves of a result share a plot, and what the plot's axes and curves are called."""

from collections.abc import Sequence

from vclamp.analysis.results import Curve, Fitted, Result
from vclamp.model.rig import Rig
from vclamp.publish.symbols import axis, split_unit, symbol

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


def owner_of(curve: Curve, trace: str, *, alone: bool) -> str:
    """The channel whose colour a curve wears: of one that is alone, that of the trace it was measured in."""
    return trace.removeprefix("i_").removesuffix("_pA") if alone else curve.name


def _kind(curve: Curve) -> tuple[str, ...]:
    """What curves must share to be drawn in one plot."""
    alone = curve.y_name if curve.name == curve.y_name else ""
    return alone, curve.x_name, split_unit(curve.y_name)[1], str(curve.log_x), str(curve.log_y)


def _title(group: Sequence[Fitted]) -> str:
    first = group[0].curve
    return symbol(first.name) if first.name == first.y_name else first.name.replace("-", " ")
