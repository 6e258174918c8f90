"""Figures of a recording for a paper or a thesis: PNG, SVG, PDF; with axes, or with scale bars instead."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from vclamp.errors import VClampError
from vclamp.model.record import Recording, Sweep
from vclamp.publish import written
from vclamp.publish.colours import Inks, inks, sweep_colours
from vclamp.publish.drawing import MM_PER_INCH, MM_PER_POINT, Area, encoded, looks, printable, sheet, width_mm
from vclamp.publish.scale_bars import HEIGHT_SHARE, TIME_SHARE, bar
from vclamp.publish.scopes import time_unit
from vclamp.publish.specs import FigureSpec, ScopeSpec, TraceSpec, completed
from vclamp.publish.stamp import facts, stamp, title_of
from vclamp.publish.symbols import minus
from vclamp.publish.traces import MOST_POINTS, PER_DOT, ROOM, height_range, reading_unit, samples_between, thinned
from vclamp.storage.safely import Progress, unheard

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MM_PER_WEIGHT = 2.6  # of a scope's height
GAP_MM, EDGE_MM = 3.0, 2.0
AXIS_MM = 17.0  # for numbers and a name
MOST_POINTS_IN_ALL = 1_000_000  # beyond them a drawing is too large to be opened elsewhere
LEAST_DPI = 100
DIM = 0.4  # how much of the sweeps behind the newest one is seen, where colours tell channels apart
BAR_PT = 1.4
_DRAWN, _ENCODED = 0.4, 0.9  # of the work, when a figure is drawn, and when it is a file's bytes
TRACE_ID, BAR_ID, LABEL_ID = "trace", "bar", "bar-label"  # how the elements of an SVG file are called


@dataclass(frozen=True)
class Frame:
    """What all scopes of a figure share: the sweeps, the time axis, the looks."""

    recording: Recording
    sweeps: tuple[Sweep, ...]
    spec: FigureSpec
    t_ms: tuple[float, float]
    colours: tuple[str, ...]  # of sweeps, by their index

    @property
    def ink(self) -> Inks:
        """What it is drawn with."""
        return inks(dark=self.spec.dark)

    @property
    def time(self) -> tuple[str, float]:
        """The unit of time, and how many of it are 1 ms."""
        return time_unit(self.t_ms[1] - self.t_ms[0])

    @property
    def most_points(self) -> int:
        """Of a line, so that every printed dot has what it needs; of very many lines fewer, which hide one another."""
        dots = self.spec.width_mm / MM_PER_INCH * self.spec.dpi
        n_lines = len(self.sweeps) * sum(len(scope.traces) for scope in self.spec.scopes)
        least = PER_DOT * int(self.spec.width_mm / MM_PER_INCH * LEAST_DPI)
        return min(max(MOST_POINTS, PER_DOT * int(dots)), max(MOST_POINTS_IN_ALL // max(n_lines, 1), least))


def write(
    recordings: Sequence[Recording], path: Path, progress: Progress = unheard, spec: FigureSpec | None = None
) -> None:
    """Write a figure of one recording; the path's ending says whether as PNG, SVG or PDF."""
    path.write_bytes(figure(recordings, path.suffix.lower().removeprefix("."), progress, spec))
    progress(1.0)


def check(
    recordings: Sequence[Recording], path: Path, progress: Progress = unheard, spec: FigureSpec | None = None
) -> None:
    """Raise VClampError unless the file is a whole figure of this recording, with every trace in it."""
    (recording,) = recordings
    spec, data, mark = completed(spec or FigureSpec(), recording), path.read_bytes(), stamp(recordings)
    progress(0.5)
    match path.suffix.lower():
        case ".png":
            size_mm = spec.width_mm, spec.height_mm or natural_height_mm(spec)
            whole = written.is_png(data, tuple(int(mm / MM_PER_INCH * spec.dpi) for mm in size_mm), mark)
        case ".svg":
            whole = written.is_svg(data, _ids(recording, spec), [scope.title for scope in spec.scopes], mark)
        case _:
            whole = written.is_pdf(data, 1, mark)
    if not whole:
        raise VClampError("is not the figure that was drawn", where=path.name)
    progress(1.0)


def figure(
    recordings: Sequence[Recording], kind: str, progress: Progress = unheard, spec: FigureSpec | None = None
) -> bytes:
    """A figure of one recording as the bytes of a file.

    Parameters
    ----------
    recordings : sequence of Recording
        One.
    kind : str
        "png", "svg" or "pdf".
    progress : callable
        Is told the fraction that is done.
    spec : FigureSpec, optional
        What it shows; by default the recording's usual scopes.
    """
    (recording,) = recordings
    spec = completed(spec or FigureSpec(), recording)
    with looks():
        drawn = draw(recording, spec)
        progress(_DRAWN)
        data = encoded(drawn, kind, spec.dpi, facts(recordings, spec.title or title_of(recording)))
    progress(_ENCODED)
    return data


def draw(recording: Recording, spec: FigureSpec | None = None) -> "Figure":
    """A figure of a recording as matplotlib holds it; make and write it within `drawing.looks()`."""
    spec = completed(spec or FigureSpec(), recording)
    height_mm = spec.height_mm or natural_height_mm(spec)
    area = sheet(spec.width_mm, height_mm, inks(dark=spec.dark).ground)
    draw_scopes(area, recording, spec)
    return area.figure


def natural_height_mm(spec: FigureSpec) -> float:
    """As high as its scopes like to be."""
    above = EDGE_MM + (2.0 * spec.font_pt * MM_PER_POINT if spec.title else 0.0)
    inner = MM_PER_WEIGHT * sum(scope.weight for scope in spec.scopes) + GAP_MM * (len(spec.scopes) - 1)
    return above + inner + _below_mm(spec)


def draw_scopes(area: Area, recording: Recording, spec: FigureSpec) -> None:
    """Draw all scopes of a complete description into an area."""
    frame = _frame(recording, spec)
    top = area.height_mm - EDGE_MM
    if spec.title:
        line_mm = spec.font_pt * MM_PER_POINT
        area.text(EDGE_MM, top, spec.title, color=frame.ink.text, fontsize=spec.font_pt + 1, va="top", weight="bold")
        top -= 2.0 * line_mm
    right_mm = _beside_mm(frame)
    room = top - _below_mm(spec) - GAP_MM * (len(spec.scopes) - 1)
    per_weight = room / sum(scope.weight for scope in spec.scopes)
    timed = max(range(len(spec.scopes)), key=lambda n: spec.scopes[n].weight)
    for number, scope in enumerate(spec.scopes):
        height = per_weight * scope.weight
        top -= height
        left = EDGE_MM + _left_mm(spec)
        place = area.part(left, top, area.width_mm - left - right_mm, height)
        heights = height_range(recording, scope, frame.sweeps, frame.t_ms)
        unit, factor = reading_unit(scope.unit, *heights)
        axes = _draw_scope(place, frame, scope, number, (heights[0] * factor, heights[1] * factor), factor)
        if spec.scale_bars:
            _draw_bars(axes, place, frame, scope, number, unit, with_time=number == timed)
        else:
            _draw_axes(axes, frame, scope, unit, last=number == len(spec.scopes) - 1)
        _write_labels(place, frame, scope)
        top -= GAP_MM


def _ids(recording: Recording, spec: FigureSpec) -> list[str]:
    """What the lines of a complete description are called."""
    sweeps = _frame(recording, spec).sweeps
    return [
        trace_id(number, each.trace, sweep.index)
        for number, scope in enumerate(spec.scopes)
        for sweep in sweeps
        for each in scope.traces
        if each.found_in(sweep.names)
    ]


def _frame(recording: Recording, spec: FigureSpec) -> Frame:
    sweeps = tuple(s for s in recording.sweeps if spec.sweeps is None or s.index in spec.sweeps)
    protocol = recording.header.protocol
    end_ms = max((sweep.values.shape[1] for sweep in sweeps), default=1) / protocol.fs_kHz
    n = max([protocol.total_sweeps, *(sweep.index + 1 for sweep in recording.sweeps)])
    return Frame(recording, sweeps, spec, spec.t_range_ms or (0.0, end_ms), tuple(sweep_colours(n, dark=spec.dark)))


# ---- room


def _below_mm(spec: FigureSpec) -> float:
    return EDGE_MM + (2.0 if spec.scale_bars else 3.6) * spec.font_pt * MM_PER_POINT


def _left_mm(spec: FigureSpec) -> float:
    if not spec.scale_bars:
        return AXIS_MM * spec.font_pt / 8.0
    titles_mm = max(width_mm(scope.title, spec.font_pt) for scope in spec.scopes)
    return 3.0 + max(titles_mm, _names_mm(spec), width_mm("−100 mV", spec.font_pt))


def _beside_mm(frame: Frame) -> float:
    """For the names of lines, and for scale bars."""
    spec = frame.spec
    if spec.scale_bars:
        return EDGE_MM + 4.0 + TIME_SHARE * spec.width_mm
    names_mm = _names_mm(spec)
    return EDGE_MM + (2.0 + names_mm if names_mm else 1.0)


def _names_mm(spec: FigureSpec) -> float:
    labels = [each.label for scope in spec.scopes for each in scope.traces if each.label]
    return max((width_mm(label, spec.font_pt) for label in labels), default=0.0)


# ---- what is drawn


def _draw_scope(
    place: Area, frame: Frame, scope: ScopeSpec, number: int, heights: tuple[float, float], factor: float
) -> "Axes":
    """Draw the lines of a scope, whose axis goes from one of the heights to the other, in units of 1 / factor."""
    axes = place.axes()
    axes.patch.set_visible(False)
    low, high = heights
    _, per_ms = frame.time
    axes.set_xlim(frame.t_ms[0] * per_ms, frame.t_ms[1] * per_ms)
    axes.set_ylim(low, high)
    if scope.unit == "pA" and low < 0.0 < high:
        zero = axes.axhline(0.0, color=frame.ink.dim, linewidth=0.4, linestyle=(0, (2, 3)), zorder=0.5)
        zero.set_gid(f"zero-{number}")
    newest = frame.sweeps[-1].index if frame.sweeps else -1
    for sweep in frame.sweeps:
        for trace in scope.traces:
            if trace.found_in(sweep.names):
                _draw_line(axes, frame, trace, sweep, (per_ms, factor), newest=sweep.index == newest, number=number)
    return axes


def _draw_line(
    axes: "Axes", frame: Frame, trace: TraceSpec, sweep: Sweep, scale: tuple[float, float], *, newest: bool, number: int
) -> None:
    from matplotlib.lines import Line2D

    fs_kHz = frame.recording.header.protocol.fs_kHz
    first, last = samples_between(frame.t_ms, fs_kHz, sweep.values.shape[1])
    values = sweep[trace.found_in(sweep.names)][first:last]
    kept = thinned(values, frame.most_points)
    line = Line2D(
        (first + kept) / fs_kHz * scale[0], values[kept] * scale[1],
        color=trace.colour or frame.colours[sweep.index], alpha=DIM if trace.colour and not newest else None,
        linewidth=frame.spec.line_pt, zorder=2.0 + newest, solid_joinstyle="round",
    )  # fmt: skip
    line.set_gid(trace_id(number, trace.trace, sweep.index))
    axes.add_line(line)


def trace_id(scope: int, trace: str, sweep: int) -> str:
    """What a line is called in an SVG file."""
    return f"{TRACE_ID}-{scope}-{re.sub(r'[^0-9A-Za-z_]', '_', trace)}-{sweep}"


def _write_labels(place: Area, frame: Frame, scope: ScopeSpec) -> None:
    """Names of the lines in their colours, from the top: beside the scope; where no axis stands, below its title."""
    spec, ink = frame.spec, frame.ink
    lines = [(each.label, each.colour or ink.text) for each in scope.traces if each.label]
    x_mm, side = (-1.5, "right") if spec.scale_bars else (place.width_mm + 2.0, "left")
    if spec.scale_bars:
        lines.insert(0, (scope.title, ink.text))
    line_mm = 1.35 * spec.font_pt * MM_PER_POINT
    for number, (text, colour) in enumerate(lines):
        y_mm = place.height_mm - number * line_mm
        place.text(x_mm, y_mm, text, color=colour, fontsize=spec.font_pt, ha=side, va="top")


def _draw_axes(axes: "Axes", frame: Frame, scope: ScopeSpec, unit: str, *, last: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    ink, size = frame.ink, frame.spec.font_pt
    for side, spine in axes.spines.items():
        spine.set_visible(side == "left" or (side == "bottom" and last))
        spine.set_color(ink.axis)
        spine.set_linewidth(0.6)
        spine.set_position(("outward", 2.0))
    axes.tick_params(colors=ink.axis, labelcolor=ink.text, labelsize=size - 1, width=0.6, length=2.5, pad=2)
    axes.tick_params(axis="x", bottom=last, labelbottom=last)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4 if scope.weight < 15 else 6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
    title = f"{scope.title} ({unit})" if unit else scope.title
    left = axes.set_ylabel(printable(title), fontsize=size, color=ink.text)
    left.set_in_layout(False)
    axes.yaxis.set_label_coords(-(AXIS_MM - 5.0) * size / 8.0 / _width_mm(axes), 0.5)
    if last:
        axes.set_xlabel(f"time ({frame.time[0]})", fontsize=size, color=ink.text, labelpad=2)


def _width_mm(axes: "Axes") -> float:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return float(axes.get_position().width * figure.get_size_inches()[0] * MM_PER_INCH)


def _draw_bars(
    axes: "Axes", place: Area, frame: Frame, scope: ScopeSpec, number: int, unit: str, *, with_time: bool
) -> None:
    """A bar of a round height beside the scope; in one of them a bar of time joins it to an L."""
    axes.set_axis_off()
    (t0, t1), (low, high) = axes.get_xlim(), axes.get_ylim()
    x = t1 + (t1 - t0) * 3.0 / place.width_mm
    upright = bar(high - low, HEIGHT_SHARE, unit)
    base = low + (ROOM if with_time else 0.5 * (1.0 - upright.length / (high - low))) * (high - low)
    _bar(axes, frame, ((x, x), (base, base + upright.length)), f"{number}")
    _label(axes, frame, (x, base + 0.5 * upright.length), upright.label, f"{number}", below=False)
    if with_time:
        across = bar(t1 - t0, TIME_SHARE, frame.time[0])
        _bar(axes, frame, ((x, x + across.length), (base, base)), "time")
        _label(axes, frame, (x + 0.5 * across.length, base), across.label, "time", below=True)
    _write_level(axes, frame, scope)


def _bar(axes: "Axes", frame: Frame, ends: tuple[tuple[float, float], tuple[float, float]], name: str) -> None:
    from matplotlib.lines import Line2D

    line = Line2D(*ends, color=frame.ink.text, linewidth=BAR_PT, clip_on=False, solid_capstyle="butt")
    line.set_gid(f"{BAR_ID}-{name}")
    axes.add_line(line)


def _label(axes: "Axes", frame: Frame, at: tuple[float, float], text: str, name: str, *, below: bool) -> None:
    offset = (0.0, -2.5) if below else (3.5, 0.0)
    label = axes.annotate(
        text, at, xytext=offset, textcoords="offset points", fontsize=frame.spec.font_pt, color=frame.ink.text,
        annotation_clip=False, ha="center" if below else "left", va="top" if below else "center",
    )  # fmt: skip
    label.set_gid(f"{LABEL_ID}-{name}")


def _write_level(axes: "Axes", frame: Frame, scope: ScopeSpec) -> None:
    """The voltage at which the newest sweep begins."""
    if not frame.sweeps or scope.unit != "mV":
        return
    sweep, fs_kHz = frame.sweeps[-1], frame.recording.header.protocol.fs_kHz
    first, last = samples_between(frame.t_ms, fs_kHz, sweep.values.shape[1])
    trace = scope.traces[-1].found_in(sweep.names)
    if trace and first < last and isfinite(level := float(sweep[trace][first])):
        axes.annotate(
            minus(f"{level:.0f} mV"), (axes.get_xlim()[0], level), xytext=(-4.0, 0.0), textcoords="offset points",
            fontsize=frame.spec.font_pt - 1, color=frame.ink.dim, ha="right", va="center", annotation_clip=False,
        )  # fmt: skip
