"""Where the currents of a cell's ions change sign, marked in the I–V; pointed at, a mark tells Nernst's equation."""

from dataclasses import dataclass
from math import isfinite

import pyqtgraph as pg
from PySide6.QtGui import QColor

from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.exam import hidden
from vclamp.model.rig import Rig
from vclamp.publish.symbols import ion_text, minus
from vclamp.ui.panels.membrane import reversal_mV
from vclamp.ui.panels.solutions import nernst_text
from vclamp.ui.scopes.curves import CurvePlot
from vclamp.ui.scopes.kinds import label_font
from vclamp.ui.theme import Theme, channel_colours, readable
from vclamp.units import celsius

SAME_mV = 0.05  # what one decimal does not tell apart
TOP = 0.8  # of the height: where the line of no current is higher, marks hang below it
SECTION = "Chapter: The Nernst Equation and Equilibrium Potential"


@dataclass(frozen=True)
class Mark:
    """A reversal potential: what it is called, where it is, how it comes about, and whose colour it wears."""

    ion: str
    e_mV: float
    tip: str
    channel: str


def marks_of(rig: Rig) -> tuple[Mark, ...]:
    """The reversal potentials of a cell's ions, each once; none of an exam's."""
    found: dict[tuple[str, float], Mark] = {}
    for channel in () if hidden(rig) else rig.cell.channels:
        e_mV = reversal_mV(channel, rig.solutions)
        if channel.ion is not None and channel.on and isfinite(e_mV):
            found.setdefault((channel.ion, e_mV), Mark(channel.ion, e_mV, _tip(rig, channel, e_mV), channel.name))
    return tuple(found.values())


def _tip(rig: Rig, channel: Channel, e_mV: float) -> str:
    """Nernst's equation with its numbers; of a cell that fixes the potential, beside what it fixes."""
    solutions, ion = rig.solutions, channel.ion
    assert ion is not None
    try:
        nernst_mV, known = solutions.reversal_mV(ion), solutions.ion(ion)
    except VClampError:  # the solutions hold none of it, or only on one side
        return minus(f"E of {channel.title}: {e_mV:.1f} mV, fixed by this cell")
    at = f"{celsius(solutions.temperature_K):.1f} °C"
    nernst = minus(f"{nernst_text(solutions, ion)} = {nernst_mV:.1f} mV at {at}")
    if abs(nernst_mV - e_mV) < SAME_mV:
        return f"Nernst potential of {ion_text(ion, known.z)}\n{nernst}\n{SECTION}"
    fixed = minus(f"{channel.title}: {e_mV:.1f} mV, where its current changes sign in this cell")
    return f"{fixed}\nNernst potential of {ion_text(ion, known.z)} in its solutions\n{nernst}\n{SECTION}"


class Reversals:
    """The marks in a plot: a name and a tick, whose tip is on the line of no current."""

    def __init__(self, plot: CurvePlot) -> None:
        self._plot = plot
        self.items: list[pg.TextItem] = []
        self._shown: tuple[object, ...] = ()
        self._ions: list[str] = []
        self._hang = False
        plot.getViewBox().sigRangeChanged.connect(self._turn)

    def show(self, rig: Rig | None, theme: Theme) -> None:
        """Mark those of a rig, or none."""
        marks = marks_of(rig) if rig is not None else ()
        if (marks, theme.name) == self._shown:
            return
        self._shown = (marks, theme.name)
        while self.items:
            self._plot.removeItem(self.items.pop())
        self._ions.clear()
        colours = channel_colours(rig, theme) if rig is not None else {}
        for mark in marks:
            colour = readable(colours[mark.channel], QColor(theme.plot_background))
            item = pg.TextItem(mark.ion, colour)
            item.setFont(label_font(theme))
            item.setToolTip(mark.tip)
            item.setPos(mark.e_mV, 0.0)
            self._write(item, mark.ion)
            self._plot.addItem(item, ignoreBounds=True)
            self.items.append(item)
            self._ions.append(mark.ion)

    def _turn(self) -> None:
        """Stand above the line of no current, or hang below it where there is no room above."""
        low, high = self._plot.getViewBox().viewRange()[1]
        hang = -low > TOP * (high - low)
        if hang != self._hang:
            self._hang = hang
            for item, ion in zip(self.items, self._ions, strict=True):
                self._write(item, ion)

    def _write(self, item: pg.TextItem, ion: str) -> None:
        """Write a name with its tick."""
        name = f"E<sub>{ion}</sub>"
        words = f"▴<br>{name}" if self._hang else f"{name}<br>▾"
        item.setHtml(f"<div style='text-align: center; color: {item.color.name()}'>{words}</div>")
        item.textItem.setTextWidth(-1)
        item.textItem.setTextWidth(item.textItem.document().idealWidth())  # without it nothing is centred
        item.setAnchor((0.5, 0.14 if self._hang else 0.86))
