"""The colours and symbols in which the curves of a result are drawn."""

from collections.abc import Sequence

from PySide6.QtGui import QColor

from vclamp.analysis.results import Fitted
from vclamp.model.rig import Rig
from vclamp.publish.groups import faces
from vclamp.ui.scopes.curves import Plotted
from vclamp.ui.theme import Theme


def plotted(
    curves: Sequence[Fitted], rig: Rig, trace: str, theme: Theme, *, ghost: bool = False, truth: bool = False
) -> tuple[Plotted, ...]:
    """Curves as a plot takes them, in the looks that they also have on paper."""
    looks = faces(curves, rig, trace, dark=theme.is_dark, accent=theme.accent)
    return tuple(
        Plotted(
            fitted.curve,
            face.name,
            QColor(face.colour),
            face.symbol,
            fitted.fit if fitted.fit is not None and fitted.fit.has_numbers else None,
            ghost,
            fitted.truth if truth else None,
            fitted.fit is not None and not fitted.fit.trusted,
        )
        for fitted, face in zip(curves, looks, strict=True)
    )
