"""What a figure is to show: a frozen description, made by hand, from a scope's name, or from a recording alone."""

from dataclasses import dataclass, replace

from vclamp.model.exam import hidden
from vclamp.model.record import Header, Recording
from vclamp.publish.colours import inks
from vclamp.publish.scopes import HERO_WEIGHT, SCOPES, Line, hero, line_colours, title_of

USUAL = ("voltage", "total", "ionic", "open")


@dataclass(frozen=True)
class TraceSpec(Line):
    """A line of a figure: in its colour, "#rrggbb", or in that of the sweep if it is empty."""

    colour: str = ""


@dataclass(frozen=True)
class ScopeSpec:
    """One scope of a figure.

    Attributes
    ----------
    title, unit : str
        What stands on its axis; currents from 10 nA on are drawn in nA.
    traces : tuple of TraceSpec
        What is drawn; a sweep that lacks a trace is left out.
    y_range : tuple of float, optional
        Lowest and highest value, in `unit`; by default that of the data, with room around it.
    weight : float
        Height relative to other scopes.
    charging : bool
        Whether the current that charges the membrane towers in it, and is to be left out of the automatic range.
    """

    title: str
    unit: str
    traces: tuple[TraceSpec, ...]
    y_range: tuple[float, float] | None = None
    weight: float = 10.0
    charging: bool = False


@dataclass(frozen=True)
class FigureSpec:
    """A figure of one recording: scopes one below another over one time axis.

    Attributes
    ----------
    scopes : tuple of ScopeSpec
        From the top; by default what `usual_scopes` says of the recording.
    t_range_ms : tuple of float, optional
        The times to show; by default all.
    sweeps : tuple of int, optional
        Indices of the sweeps to draw; by default all.
    scale_bars : bool
        Whether bars of round lengths take the place of the axes.
    width_mm, height_mm : float
        Size on paper; with a height of 0 as high as the scopes need.
    dark : bool
        Whether it is drawn on a dark ground.
    title : str
        Above it; empty for none.
    dpi : int
        Dots per inch of a PNG.
    font_pt, line_pt : float
        Size of text, width of traces.
    """

    scopes: tuple[ScopeSpec, ...] = ()
    t_range_ms: tuple[float, float] | None = None
    sweeps: tuple[int, ...] | None = None
    scale_bars: bool = False
    width_mm: float = 170.0
    height_mm: float = 0.0
    dark: bool = False
    title: str = ""
    dpi: int = 300
    font_pt: float = 8.0
    line_pt: float = 0.7


def scope_spec(name: str, header: Header, *, dark: bool = False) -> ScopeSpec:
    """The scope of a name in `SCOPES` as the window shows it: its lines, labels, colours."""
    kind, rig = SCOPES[name], header.rig
    ink = inks(dark=dark)
    colours = line_colours(rig, dark=dark, text=ink.text, warning=ink.warning)
    lines = kind.lines(rig)

    def drawn(line: Line) -> TraceSpec:
        label = "" if len(lines) == 1 and not line.channel else line.label
        colour = ink.dim if line.is_asked else colours.get(line.trace, "")
        return TraceSpec(line.trace, label, line.channel, line.instead, colour)

    traces = tuple(map(drawn, lines))
    weight = HERO_WEIGHT if name == hero(rig) else kind.weight
    return ScopeSpec(title_of(kind, rig), kind.unit, traces, kind.fixed, float(weight), kind.charging)


def usual_scopes(recording: Recording, *, dark: bool = False) -> tuple[ScopeSpec, ...]:
    """What a figure shows unless told: the scopes the protocol is best seen with, else those of `USUAL`.

    Of an exam, and of what another program recorded, only the command and what was recorded.
    """
    header, there = recording.header, {name for sweep in recording.sweeps for name in sweep.names}
    if recording.foreign or hidden(header.rig):
        return _recorded(header, there)
    names = [n for n in header.protocol.opens.scopes or USUAL if n in SCOPES]
    names = [n for n in SCOPES if n in names and SCOPES[n].suits(header.rig, header.protocol)]
    specs = (scope_spec(name, header, dark=dark) for name in names)
    kept = (spec for spec in specs if any(each.found_in(there) for each in spec.traces))
    return tuple(kept) or _recorded(header, there)


def _recorded(header: Header, there: set[str]) -> tuple[ScopeSpec, ...]:
    """The command, and what an amplifier gives out: a current, or under current clamp a voltage."""
    free = header.rig.amplifier.clamps_current
    wanted = {"v_mV": "V", "i_pA": "I injected"} if free else {"command_mV": "V command", "i_pA": "I total"}
    wanted["i_subtracted_pA"] = "I − leak"
    kept = {trace: title for trace, title in wanted.items() if trace in there}
    kept = kept or {trace: trace for trace in sorted(there)[:1]}
    first = "v_mV" if free else "i_pA"
    return tuple(
        ScopeSpec(
            title, trace.rpartition("_")[2] if trace.endswith(("mV", "pA")) else "", (TraceSpec(trace),),
            weight=float(HERO_WEIGHT if trace == first else 10), charging=trace == "i_pA" and not free,
        )
        for trace, title in kept.items()
    )  # fmt: skip


def completed(spec: FigureSpec, recording: Recording) -> FigureSpec:
    """The description with what it leaves to the recording."""
    return spec if spec.scopes else replace(spec, scopes=usual_scopes(recording, dark=spec.dark))
