"""The sweeps of a family in all scopes: growing, finished, and faint ones to compare with."""

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QPointF

from vclamp.analysis.difference import DIFFERENCE, difference_pA
from vclamp.model.record import Chunk, Header, Recording, Sweep
from vclamp.publish.scopes import Line, title_of
from vclamp.publish.traces import transients_ms
from vclamp.ui.scopes.ghost import Ghost, family_of, traces_of
from vclamp.ui.scopes.inks import Inks
from vclamp.ui.scopes.kinds import Scope, command, longest_ms, place_anew
from vclamp.ui.scopes.layer import Shown
from vclamp.ui.scopes.names import write_names
from vclamp.ui.scopes.ranges import widen
from vclamp.ui.scopes.reading import Seen
from vclamp.ui.scopes.store import Trace
from vclamp.ui.theme import Theme

SHRUNK = 0.3  # of its scope
MAX_PREVIEWED, PREVIEWED_SAMPLES = 100, 4_000_000  # sweeps whose command is shown before a run, and samples in all


class Family:
    """Draws sweeps into the scopes; the newest one is in front."""

    def __init__(self, scopes: dict[str, Scope], theme: Theme) -> None:
        self.header: Header | None = None
        self._scopes = scopes
        self._inks = Inks(theme)
        self._sweeps: dict[int, dict[str, Trace]] = {}
        self._ghost = Ghost()
        self._live: tuple[int, int, dict[str, Trace]] | None = None  # sweep, samples, traces
        self.front: int | None = None  # the sweep that is chosen: all others are dim
        self.control: Recording | None = None  # from which a growing sweep differs

    @property
    def shown(self) -> list[Scope]:
        """The scopes that are on the screen, from the top."""
        return [scope for scope in self._scopes.values() if scope.shown]

    @property
    def theme(self) -> Theme:
        """The look that is drawn in."""
        return self._inks.theme

    def introduce(self, scope: Scope) -> None:
        """A scope is new: it gets what all have from the run on show."""
        if self.header is not None:
            place_anew(scope, self.header)

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._inks.theme = theme
        if self.header is not None:
            self._inks.mix(self.header)
            self._ghost.draw(self.shown, self.header, theme)
        self._redraw()
        self.name_lines()

    def begin(self, header: Header, *, ghost: Recording | None = None, keep_view: bool = False) -> None:
        """A new run: nothing is drawn yet, but faintly some sweeps to compare it with."""
        self.front = None
        self._prepare(header, ghost, keep_view)
        self._redraw()
        self.name_lines()

    def grew(self, chunk: Chunk) -> None:
        """More samples of the live sweep."""
        if self.header is None:
            return
        if self._live is None or self._live[0] != chunk.sweep:
            self._dim_newest()
            self._live = (chunk.sweep, 0, self._new_traces(chunk))
            self._show_front(*self._live[::2])
        sweep, done, traces = self._live
        if chunk.last <= done:
            return  # the sweep is played again, for its mean
        if DIFFERENCE in traces and "i_pA" in chunk.names:
            own, now_pA = self._control_of(sweep), chunk.values[chunk.names.index("i_pA"), done : chunk.last]
            traces[DIFFERENCE].append(difference_pA(own, now_pA, done))
        for row, name in enumerate(chunk.names):
            if name in traces:
                traces[name].append(chunk.values[row, done : chunk.last])
        self._live = (sweep, chunk.last, traces)
        for scope in self.shown:
            scope.item.live_grew()
        widen(self.shown, self.header, chunk, done, self._transients_ms())

    def finish(self, sweep: Sweep) -> None:
        """The live sweep is done: it joins the family, in front until the next one begins."""
        assert self.header is not None
        grown = self._live is not None and self._live[:2] == (sweep.index, sweep.values.shape[1])
        if self._live is None or not grown or self.header.protocol.plays_more:
            if not grown:
                self._dim_newest()
            traces = traces_of(sweep, self._lines(), 1.0 / self.header.protocol.fs_kHz)
            self._live = (sweep.index, sweep.values.shape[1], traces)
        self._sweeps[sweep.index], self._live = self._live[2], None
        self._show_front(sweep.index, self._sweeps[sweep.index])

    def show_family(
        self, header: Header, sweeps: tuple[Sweep, ...], *, ghost: Recording | None = None, keep_view: bool
    ) -> None:
        """Show finished sweeps at once; `name_lines` can wait until they are on the screen."""
        self.front = self.front if keep_view else None
        same = self.header is not None and self.header.protocol.fs_kHz == header.protocol.fs_kHz
        before = self._sweeps if same else {}
        self._prepare(header, ghost, keep_view)
        dt_ms, lines = 1.0 / header.protocol.fs_kHz, self._lines()
        self._sweeps = family_of(sweeps, lines, dt_ms, before)
        self._redraw()
        if not keep_view:
            self.autoscale()

    def bring_to_front(self, sweep: int | None) -> None:
        """Draw one sweep brightly before all others, which are dim; None has all alike again."""
        if sweep != self.front:
            self.front = sweep
            self._redraw()
            self.name_lines()

    def drop_live(self) -> None:
        """Forget an unfinished sweep."""
        if self._live is not None:
            self._live = None
            self._redraw()

    def show_command(self, header: Header, *, ghost: Recording | None = None) -> None:
        """Show what the protocol will command, a voltage or a current; nothing was run yet."""
        rig, protocol = header.rig, header.protocol
        self.front = None
        self._prepare(header, ghost, False)
        dt_ms = 1.0 / protocol.fs_kHz
        n_shown = min(protocol.total_sweeps, MAX_PREVIEWED, PREVIEWED_SAMPLES // protocol.n_samples(0) + 1)
        for sweep in range(n_shown):
            name, values = command(rig, protocol, sweep)
            self._sweeps[sweep] = {name: Trace.of(values, dt_ms=dt_ms)}
        self._redraw()
        if ghost is not None:
            self.autoscale_heights(self.shown)
        self.name_lines()

    def autoscale(self) -> None:
        """Fit every scope to its data."""
        if self.header is None:
            return
        self.shown[-1].plot.setXRange(0, longest_ms(self.header.protocol), padding=0)
        self.autoscale_heights(self.shown)

    def autoscale_heights(self, scopes: Iterable[Scope]) -> None:
        """Fit some scopes to what is in them."""
        for scope in scopes:
            blanked = self._transients_ms() if scope.kind.charging else ()
            found = scope.item.y_range(-np.inf, np.inf, blanked=blanked)
            if scope.kind.fixed is not None:
                scope.set_range(*scope.kind.fixed, pad=0.0)
            elif found is not None:
                scope.set_range(*found)

    def fit_difference(self) -> None:
        """Fit the difference from the control, which begins at nothing, once it has outgrown its scope or shrunk."""
        scope = self._scopes.get(DIFFERENCE)
        if scope is None or not scope.shown or self.header is None:
            return
        found = scope.item.y_range(-np.inf, np.inf, blanked=self._transients_ms())
        low, high = scope.plot.viewRange()[1]
        if found is not None and (found[0] < low or found[1] > high or found[1] - found[0] < SHRUNK * (high - low)):
            scope.set_range(*found)

    def _prepare(self, header: Header, ghost: Recording | None, keep_view: bool) -> None:
        """Forget what is on show, but not the ghost if it is the same as before."""
        self._live, self._sweeps = None, {}
        same = self.header is not None and self.header.protocol == header.protocol
        self.header = header
        for scope in self._scopes.values():
            scope.set_title(title_of(scope.kind, header.rig))
        self._inks.mix(header)
        if self._ghost.become(ghost, self._lines()):
            self._ghost.draw(self.shown, header, self._inks.theme)
        if not (same and keep_view):
            for scope in self._scopes.values():
                place_anew(scope, header)
            self.shown[-1].plot.setXRange(0, longest_ms(header.protocol), padding=0)

    def _new_traces(self, chunk: Chunk) -> dict[str, Trace]:
        assert self.header is not None
        dt_ms = 1.0 / self.header.protocol.fs_kHz
        size = chunk.values.shape[1]
        return {line.trace: Trace(size, dt_ms=dt_ms) for line in self._lines()}

    def seen_at(self, scope: Scope, time_ms: float, value: float) -> Seen | None:
        """The trace that is drawn at a place of a scope; None if there is none near."""
        trace = scope.item.trace_at(QPointF(time_ms, value))
        if trace is None or self.header is None:
            return None
        lines = {line.trace: line for line in scope.lines(self.header.rig)}
        sweeps = self._sweeps if self._live is None else {**self._sweeps, self._live[0]: self._live[2]}
        found = ((name, k) for k, traces in sweeps.items() for name, each in traces.items() if each is trace)
        name, sweep = next(found, (next(iter(lines)), None))
        behind = self._ghost.label if sweep is None else ""
        return Seen(trace, lines[name], sweep, time_ms, behind, scope, self.header.rig) if name in lines else None

    def _control_of(self, sweep: int) -> Sweep | None:
        """The control's sweep of a number."""
        return next((x for x in self.control.sweeps if x.index == sweep), None) if self.control is not None else None

    def _lines(self) -> list[Line]:
        assert self.header is not None
        return [line for scope in self.shown for line in scope.lines(self.header.rig)]

    # ---- drawing ---------------------------------------------------------------------------

    def _redraw(self) -> None:
        """Draw everything anew: what is behind, and the newest sweep in front of it."""
        if self.header is None:
            return
        newest = self._newest()
        for scope in self.shown:
            lines = scope.lines(self.header.rig)
            behind = [
                self._shown(line, sweep, traces[line.trace], bright=False)
                for sweep, traces in sorted(self._sweeps.items())
                for line in lines
                if line.trace in traces and sweep != newest
            ]
            scope.item.set_finished(behind)
        if self._live is not None and newest < 0:
            self._show_front(*self._live[::2])
        else:
            self._show_front(newest, self._sweeps.get(newest, {}))

    def _newest(self) -> int:
        """The finished sweep in front: the chosen one, or the last if none is live; -1 if there is none."""
        if self.front is not None and self.front in self._sweeps:
            return self.front
        return max(self._sweeps, default=-1) if self._live is None else -1

    def _dim_newest(self) -> None:
        """Move the sweep in front behind, to make room for the next one."""
        newest = self._newest()
        if self.header is None or newest < 0:
            return
        for scope in self.shown:
            for line in scope.lines(self.header.rig):
                trace = self._sweeps[newest].get(line.trace)
                if trace is not None:
                    scope.item.add_finished(self._shown(line, newest, trace, bright=False))

    def _show_front(self, sweep: int, traces: dict[str, Trace]) -> None:
        """Draw one sweep in front of all others."""
        assert self.header is not None
        for scope in self.shown:
            lines = [line for line in scope.lines(self.header.rig) if line.trace in traces]
            scope.item.set_live([self._shown(x, sweep, traces[x.trace], bright=True) for x in lines])

    def _shown(self, line: Line, sweep: int, trace: Trace, *, bright: bool) -> Shown:
        live = bright and self._live is not None and self._live[0] == sweep
        return self._inks.shown(line, sweep, trace, front=bright, live=live, dim=self.front is not None)

    def name_lines(self) -> None:
        """Write names on the lines of the newest sweep, each where it is farthest from the others."""
        if self.header is None:
            return
        traces = self._sweeps.get(self._newest() if self.front is not None else max(self._sweeps, default=-1), {})
        for scope in self.shown:
            lines = [line for line in scope.lines(self.header.rig) if line.label and line.trace in traces]
            named = self._ghost.name(scope, self.header.rig)
            known = traces | {line.trace: trace for line, trace in named.items()}
            write_names(scope, [*lines, *named], known, self._inks.lines, self._inks.theme)

    def _transients_ms(self) -> tuple[tuple[float, float], ...]:
        """When capacitive transients tower over everything else."""
        assert self.header is not None
        behind = self._ghost.recording
        return transients_ms(self.header, *([behind.header.rig] if behind is not None else []))
