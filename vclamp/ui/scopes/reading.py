"""What is said of a trace that the mouse points at: its name, its value there, and what it is."""

from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QWidget

from vclamp.analysis.difference import DIFFERENCE
from vclamp.model.channel import Channel
from vclamp.model.pores import OhmicPore
from vclamp.model.rig import Rig
from vclamp.publish.scopes import Line, time_unit
from vclamp.ui.scopes.kinds import Scope
from vclamp.ui.scopes.store import Trace
from vclamp.ui.theme import Theme

AWAY_PX = 14  # from the pointer
_CHARGE = "C·dV/dt + Σ I, outward positive"
_TRACES = {
    "command_mV": "What the amplifier commands",
    "v_mV": "Voltage of the membrane, inside minus outside",
    "i_pA": f"Recorded current: {_CHARGE}",
    "i_membrane_pA": f"True current through the membrane: {_CHARGE}",
    "i_subtracted_pA": "Recorded current less the sum of the legs, scaled to the step",
    "i_pump_pA": "3 Na⁺ out and 2 K⁺ in for each ATP: one charge out",
    DIFFERENCE: "I of the control − I: what a drug has taken away, such as the TTX-sensitive current",
}
_KINDS = {  # by how a trace's name begins
    "i_gating_": "I = N·dQ/dt: sensors that move their charge across the membrane",
    "gate_": "dx/dt = α·(1 − x) − β·x",
    "state_": "Share of the channels that are in this state",
    "in_": "Concentration inside the cell",
}
_SIGNS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, eq=False)
class Seen:
    """A trace at a time; without a sweep it is one that lies `behind`, by its name."""

    trace: Trace
    line: Line
    sweep: int | None
    time_ms: float
    behind: str
    scope: Scope
    rig: Rig

    @property
    def value(self) -> float:
        """Its sample at that time."""
        at = round((self.time_ms - self.trace.t0_ms) / self.trace.dt_ms)
        return float(self.trace.values[min(max(at, 0), self.trace.length - 1)])

    @property
    def value_text(self) -> str:
        """That value with its unit, in the unit of the scope's axis."""
        unit = self.scope.kind.unit
        scale = self.scope.plot.getAxis("left").scale
        unit = "nA" if unit == "pA" and scale != 1.0 else unit
        return f"{scale * self.value:.4g} {unit}".strip().replace("-", "−")

    @property
    def headline(self) -> str:
        """Name, value, and where."""
        unit, per_ms = time_unit(self.trace.length * self.trace.dt_ms)
        whose = f"sweep {self.sweep + 1}" if self.sweep is not None else self.behind or "the run before"
        name = self.line.label or self.scope.title or self.scope.kind.title
        return f"{name}   {self.value_text}   {whose}, t = {self.time_ms * per_ms:.4g} {unit}"


def what(trace: str, rig: Rig) -> str:
    """What a trace is, with its equation; empty if there is nothing to say."""
    if trace == "i_pA" and rig.amplifier.clamps_current:
        return "Current that the amplifier injects"
    if trace in _TRACES:
        return _TRACES[trace]
    for channel in rig.cell.channels:
        if trace == f"i_{channel.name}_pA":
            return _current(channel)
        if trace == f"p_open_{channel.name}":
            return _open(channel)
    if any(trace == f"i_{branch.name}_pA" for branch in rig.cell.branches):
        return "I = (V − V_C)/R: a resistor and a capacitor in series"
    return next((text for start, text in _KINDS.items() if trace.startswith(start)), "")


def _current(channel: Channel) -> str:
    gated = "·P" if channel.is_gated else ""
    blocked = "·B" if channel.blockers else ""
    if isinstance(channel.pore, OhmicPore):
        return f"I = g{gated}{blocked}·(V − E)" + (", B is what blockers leave" if blocked else "")
    return f"I = I open(V){gated}, of an open pore that is no straight line"


def _open(channel: Channel) -> str:
    if not channel.gates or channel.scheme is not None:
        return "Share of the channels that are open"
    powers = (str(gate.power).translate(_SIGNS) if gate.power > 1 else "" for gate in channel.gates)
    product = "·".join(f"{gate.name}{power}" for gate, power in zip(channel.gates, powers, strict=True))
    return f"P = {product}: share of the channels that are open"


class Reading(QLabel):
    """A line or two beside the pointer."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self.setStyleSheet(
            f"background: {theme.panel}; color: {theme.text}; border: 1px solid {theme.panel_border}; padding: 3px 6px;"
        )

    def tell(self, seen: Seen | None, at: QPoint) -> None:
        """Say what is seen at a place of the parent, or nothing."""
        self.setVisible(seen is not None)
        if seen is None:
            return
        self.setText("\n".join(filter(None, (seen.headline, what(seen.line.trace, seen.rig)))))
        room = self.parentWidget().rect()
        self.setWordWrap(False)
        self.adjustSize()
        if self.width() > room.width() - 4:
            self.setWordWrap(True)
            self.resize(room.width() - 4, self.heightForWidth(room.width() - 4))
        left = at.x() + AWAY_PX if at.x() + AWAY_PX + self.width() < room.width() else at.x() - AWAY_PX - self.width()
        below = at.y() + AWAY_PX + self.height() < room.height()
        self.move(max(left, 2), at.y() + AWAY_PX if below else at.y() - AWAY_PX - self.height())
