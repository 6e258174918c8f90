"""The colours and symbols in which the curves of a result are drawn."""

from collections.abc import Sequence

from PySide6.QtGui import QColor

from vclamp.analysis.results import Fitted
from vclamp.model.rig import Rig
from vclamp.publish.groups import name_of, owner_of
from vclamp.ui.scopes.curves import Plotted
from vclamp.ui.theme import Theme, channel_colours, sweep_colours

_SYMBOLS = ("o", "s", "t", "d", "star")


def plotted(
    curves: Sequence[Fitted], rig: Rig, trace: str, theme: Theme, *, ghost: bool = False, truth: bool = False
) -> tuple[Plotted, ...]:
    """Curves with their colours: those of channels that they are named after, else different ones."""
    channels = channel_colours(rig, theme)
    shades = [QColor(theme.accent)] if len(curves) == 1 else sweep_colours(len(curves), theme)
    found = []
    for number, fitted in enumerate(curves):
        curve, fit = fitted.curve, fitted.fit
        owner = owner_of(curve, trace, alone=len(curves) == 1)
        found.append(
            Plotted(
                curve,
                name_of(curve, rig) if len(curves) > 1 else "",
                channels.get(owner, shades[number]),
                _SYMBOLS[number % len(_SYMBOLS)],
                fit if fit is not None and fit.has_numbers else None,
                ghost,
                fitted.truth if truth else None,
                fit is not None and not fit.trusted,
            )
        )
    return tuple(found)
