"""What each scope shows: which traces, in which unit, over what range."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from vclamp.model.exam import hidden, is_told
from vclamp.model.protocol import Protocol
from vclamp.model.record import has_gating_current
from vclamp.model.rig import Rig
from vclamp.publish.colours import channel_colours, trace_colours
from vclamp.publish.symbols import ion_text

NANO_FROM_pA = 10_000.0
LEAST_SPANS = {"mV": 2.0, "pA": 0.1, "mM": 0.01}  # rounding noise is not worth a look


@dataclass(frozen=True)
class Line:
    """A trace in a scope; without a channel it takes its own colour, or the sweep's.

    `instead` is drawn of sweeps that lack it, as those of other programs may.
    """

    trace: str
    label: str = ""
    channel: str = ""
    instead: str = ""

    def found_in(self, names: Collection[str]) -> str:
        """Which of these traces it draws; empty if none."""
        return next((name for name in (self.trace, self.instead) if name in names), "")

    @property
    def is_asked(self) -> bool:
        """Whether it is the command beside what the membrane makes of it."""
        return self.trace == "command_mV" and self.label != ""


def _voltage(rig: Rig) -> tuple[Line, ...]:
    if hidden(rig) and not rig.amplifier.clamps_current:
        return (Line("command_mV"),)
    exact = rig.amplifier.ideal and not rig.amplifier.unseen_mV
    if exact or rig.amplifier.clamps_current:
        return (Line("v_mV", instead="command_mV"),)
    return (Line("command_mV", "command"), Line("v_mV", "membrane"))


def _total(rig: Rig) -> tuple[Line, ...]:
    return (Line("i_pA"),)


def _subtracted(rig: Rig) -> tuple[Line, ...]:
    return (Line("i_subtracted_pA"),)


def _membrane(rig: Rig) -> tuple[Line, ...]:
    if not rig.amplifier.shows_another_current or rig.amplifier.clamps_current or hidden(rig):
        return ()
    return (Line("i_pA", "recorded"), Line("i_membrane_pA", "true"))


def _ionic(rig: Rig) -> tuple[Line, ...]:
    cell = rig.cell
    lines = [Line(f"i_{c.name}_pA", f"I {c.title}", c.name) for c in cell.channels]
    lines += [Line(f"i_{b.name}_pA", f"I {b.name}", b.name) for b in cell.branches]
    return (*lines, *([Line("i_pump_pA", "I pump", "pump")] if cell.pump is not None else []))


def _open(rig: Rig) -> tuple[Line, ...]:
    return tuple(Line(f"p_open_{c.name}", c.title, c.name) for c in rig.cell.channels if c.is_gated)


def _gates(rig: Rig) -> tuple[Line, ...]:
    alone = sum(bool(c.gates) for c in rig.cell.channels) == 1
    return tuple(
        Line(f"gate_{c.name}_{gate.name}", gate.name if alone else f"{c.title} {gate.name}")
        for c in rig.cell.channels
        if rig.cell.scheme_of(c) is None
        for gate in c.gates
    )


def _gating(rig: Rig) -> tuple[Line, ...]:
    return tuple(
        Line(f"i_gating_{c.name}_pA", f"I gating {c.title}", c.name) for c in rig.cell.channels if has_gating_current(c)
    )


def _states(rig: Rig) -> tuple[Line, ...]:
    channels = rig.cell.channels if rig.cell.record_states else ()
    schemes = [(c, scheme) for c in channels if (scheme := rig.cell.scheme_of(c)) is not None]
    return tuple(
        Line(f"state_{c.name}_{state}", state if len(schemes) == 1 else f"{c.title} {state}")
        for c, scheme in schemes
        for state in scheme.states
    )


def _inside(rig: Rig) -> tuple[Line, ...]:
    ions = rig.solutions.ions if rig.cell.volume_pL is not None else ()
    return tuple(Line(f"in_{ion.name}_mM", ion_text(ion.name, ion.z)) for ion in ions)


@dataclass(frozen=True)
class ScopeKind:
    """What one scope shows.

    `traces` are all that may be in it, `fixed` is a range that does not follow the data, `menu` its long name;
    `charging` says that the current which charges the membrane towers in it over everything else, `legs` that
    only the legs of leak subtraction give it something.
    """

    title: str
    unit: str
    weight: int
    traces: Callable[[Rig], tuple[Line, ...]]
    fixed: tuple[float, float] | None = None
    menu: str = ""
    charging: bool = False
    legs: bool = False

    def lines(self, rig: Rig) -> tuple[Line, ...]:
        """What is drawn in it of a rig: of an exam's only what an experimenter would see."""
        return tuple(line for line in self.traces(rig) if is_told(line.trace, rig))

    def suits(self, rig: Rig, protocol: Protocol) -> bool:
        """Whether there will be something in it."""
        return bool(self.lines(rig)) and (protocol.leak is not None or not self.legs)


SCOPES: dict[str, ScopeKind] = {
    "voltage": ScopeKind("V", "mV", 10, _voltage, menu="Voltage"),
    "total": ScopeKind("I total", "pA", 7, _total, menu="Total current", charging=True),
    "ionic": ScopeKind("I ionic", "pA", 12, _ionic, menu="Currents of channels and pump"),
    "open": ScopeKind("P open", "", 10, _open, (-0.04, 1.04), "Open probabilities"),
    "gates": ScopeKind("gates", "", 10, _gates, (-0.04, 1.04), "Gates"),
    "gating": ScopeKind("I gating", "pA", 10, _gating, menu="Gating currents"),
    "states": ScopeKind("states", "", 12, _states, (-0.04, 1.04), "States of channels"),
    "inside": ScopeKind("inside", "mM", 12, _inside, menu="Concentrations inside"),
    "membrane": ScopeKind("I true", "pA", 12, _membrane, menu="True and recorded current", charging=True),
    "subtracted": ScopeKind("I − leak", "pA", 12, _subtracted, menu="Current after leak subtraction", legs=True),
}
HERO_WEIGHT = 20  # of the one scope that answers to what the amplifier does


def is_possible(name: str, rig: Rig, protocol: Protocol) -> bool:
    """Whether there is anything for a scope, if need be after recording the states of channels."""
    if name == "states":
        return not hidden(rig) and any(rig.cell.scheme_of(channel) is not None for channel in rig.cell.channels)
    return SCOPES[name].suits(rig, protocol)


def line_key(rig: Rig) -> tuple[object, ...]:
    """What of a rig decides which lines there are, and how they look: all but what is in the solutions."""
    return rig.cell, rig.amplifier, tuple((ion.name, ion.z) for ion in rig.solutions.ions)


def line_colours(rig: Rig, *, dark: bool, text: str, warning: str) -> dict[str, str]:
    """The colours of traces, "#rrggbb", in every scope; those of a sweep's colour are not among them."""
    channels = channel_colours(rig, dark=dark)
    lines = [line for kind in SCOPES.values() for line in kind.lines(rig) if line.channel]
    found = trace_colours(rig, dark=dark, text=text) | {line.trace: channels[line.channel] for line in lines}
    return found | {"i_membrane_pA": warning}


def hero(rig: Rig) -> str:
    """The scope that deserves the most room: the current under voltage clamp, else the voltage."""
    return "voltage" if rig.amplifier.clamps_current else "total"


def title_of(kind: ScopeKind, rig: Rig) -> str:
    """What stands on its axis: a current clamp's current is the command."""
    return "I injected" if kind is SCOPES["total"] and rig.amplifier.clamps_current else kind.title


def time_unit(duration_ms: float) -> tuple[str, float]:
    """The unit that suits a time axis, and how many of it are 1 ms."""
    if duration_ms < 10_000.0:
        return "ms", 1.0
    return ("s", 1e-3) if duration_ms < 600_000.0 else ("min", 1.0 / 60_000.0)
