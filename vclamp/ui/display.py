"""What the window shows of a run: scopes, curves, circuit and read-outs kept in step."""

from numpy import float64
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from vclamp.model.protocol import Protocol
from vclamp.model.record import Chunk, Finished, Header, Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.ui.newest import Beside, Soon
from vclamp.ui.panels.books import LedgerView
from vclamp.ui.panels.live_iv import LiveIv
from vclamp.ui.panels.membrane import Membrane
from vclamp.ui.panels.readout import CursorTable
from vclamp.ui.scopes.kinds import SCOPES, hero, time_unit
from vclamp.ui.scopes.stack import ScopeStack
from vclamp.ui.theme import Theme
from vclamp.ui.worker import Preview, Rest

AFTER_MS = 20  # curves and read-outs let the traces be painted first
USUAL_HINT = "Space runs the protocol"
NEEDS_CURRENT_CLAMP = "These steps are of a current: I switches to current clamp, Space runs them"


class Display(QObject):
    """Keeps the sweeps on show and brings every view up to date with them."""

    progressed = Signal(int, int)  # sweeps done, sweeps in all
    changed = Signal()  # the sweeps on show are others

    def __init__(self, theme: Theme, beside: Beside, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.stack = ScopeStack(theme)
        self.circuit = Membrane(theme)
        self.iv = LiveIv(theme, beside)
        self.cursors = CursorTable()
        self.ledger = LedgerView()
        self.recording: Recording | None = None  # the last run that was recorded
        self._behind: Recording | None = None  # the one that the sweeps on show are compared with
        self._header: Header | None = None
        self._sweeps: list[Sweep] = []
        self._rig: Rig | None = None
        self._soon = Soon(AFTER_MS, lambda: self.iv.busy, self)
        self._soon.due.connect(self._bring_up_to_date)
        self.stack.cursors_moved.connect(self._read_cursors)

    def set_theme(self, theme: Theme) -> None:
        """Draw everything in another look."""
        self.theme = theme
        self.stack.set_theme(theme)
        self.circuit.set_theme(theme)
        self.iv.set_theme(theme)

    def set_rig(self, rig: Rig) -> None:
        """The rig of now, for the circuit's blocks and batteries."""
        self._rig = rig
        self.fit_scopes()
        shown = self.stack.family.header
        if self._header is None and shown is not None and shown.rig.amplifier != rig.amplifier:
            self._show_command(rig, shown.protocol)

    def fit_scopes(self, protocol: Protocol | None = None) -> None:
        """Show the scopes that are wanted and that rig and protocol, by default that on show, have something for."""
        before, header = self.stack.family.shown, self.stack.family.header
        rig, protocol = self._rig, protocol or (header.protocol if header is not None else None)
        if rig is None or protocol is None:
            return
        changed = self.stack.show_scopes(name for name in self.stack.wanted if SCOPES[name].suits(rig, protocol))
        self.stack.weigh(hero(rig))
        self.iv.setVisible(not rig.amplifier.clamps_current)
        if not changed or self._header is None:
            return
        family = self.stack.family
        ghost = self._behind.sweeps if self._behind is not None else ()
        family.show_family(self._header, tuple(self._sweeps), ghost=ghost, keep_view=True)
        family.autoscale_heights(scope for scope in family.shown if scope not in before)
        family.name_lines()

    @property
    def shown(self) -> Recording | None:
        """The sweeps on show so far, recorded or not."""
        recorded, header = self.recording, self._header
        if recorded is not None and recorded.header is header and len(recorded.sweeps) == len(self._sweeps):
            return recorded
        return Recording(header, tuple(self._sweeps)) if header is not None else None

    @property
    def compared(self) -> Recording | None:
        """What the sweeps on show are compared with, if it comes of another rig."""
        behind, header = self._behind, self._header
        if behind is None or header is None or not behind.sweeps or behind.header.rig == header.rig:
            return None
        return None if behind.header.rig.amplifier.clamps_current else behind

    @property
    def cursors_ms(self) -> tuple[float, float]:
        """Times of both cursors."""
        return self.stack.cursor_ms(0), self.stack.cursor_ms(1)

    def clear(self, rig: Rig, protocol: Protocol) -> None:
        """Forget all sweeps: another cell or protocol is on the bench."""
        self._header, self._sweeps, self._rig = None, [], rig
        self.recording, self._behind = None, None
        self.circuit.forget_scale()
        self.ledger.forget()
        self.fit_scopes(protocol)
        self._show_command(rig, protocol)
        self.stack.hint.show()
        self.stack.place_cursors(protocol)
        self.stack.show_markers(protocol, self.theme)
        self._draw_curves()
        self._read_cursors()

    def _show_command(self, rig: Rig, protocol: Protocol) -> None:
        """What the protocol will do; nothing was run yet."""
        idle = protocol.commands_current and not rig.amplifier.clamps_current
        self.stack.hint.setText(NEEDS_CURRENT_CLAMP if idle else USUAL_HINT)
        self.stack.family.show_command(rig, protocol)

    # ---- a run -----------------------------------------------------------------------------

    def started(self, header: Header) -> None:
        """A run begins; the one before stays behind it as a ghost if it used the same protocol."""
        before = self.recording
        self._header, self._sweeps, self._rig = None, [], header.rig
        self.fit_scopes(header.protocol)
        self._header = header
        self._behind = before if before is not None and before.header.protocol == header.protocol else None
        ghost = self._behind.sweeps if self._behind is not None else ()
        self.stack.hint.hide()
        self.stack.family.begin(header, ghost=ghost, keep_view=before is not None)
        self.progressed.emit(0, header.protocol.n_sweeps)
        self._draw_curves()

    def grew(self, chunk: Chunk) -> None:
        """More of the live sweep."""
        self.stack.family.grew(chunk)
        if self._rig is not None and self.circuit.follow(self._rig, chunk):
            self._show_books(self._rig, chunk.names, chunk.values[:, chunk.last - 1], (chunk.last - 1), "now")

    def sweep_done(self, sweep: Sweep) -> None:
        """A sweep is finished: it joins the family and adds its points to the curves."""
        if self._header is None:
            return
        self._sweeps.append(sweep)
        self.stack.family.finish(sweep)
        self._soon.ask()  # after the traces are painted, once for all sweeps of a frame

    def _bring_up_to_date(self) -> None:
        """Draw what follows from all sweeps so far."""
        if self._header is not None:
            self.progressed.emit(len(self._sweeps), self._header.protocol.n_sweeps)
        self.stack.family.name_lines()
        self._draw_curves()
        self._read_cursors()

    def ended(self, finished: Finished) -> None:
        """The run is over: what was recorded is what later edits are compared with."""
        self._soon.settled()
        if self._header is not None and self._sweeps:
            self.recording = Recording(self._header, tuple(self._sweeps), finished)
        self._bring_up_to_date()
        self.stack.family.drop_live()
        if self._sweeps:
            self.stack.family.autoscale()
        elif self.recording is not None:
            self.show_recording(self.recording)

    def show_recording(self, recording: Recording) -> None:
        """Show a run that was recorded earlier."""
        self.recording, self._behind = recording, None
        self._header, self._sweeps = recording.header, list(recording.sweeps)
        self._rig = recording.header.rig
        self.fit_scopes(recording.header.protocol)
        self.stack.hint.hide()
        self.stack.family.show_family(recording.header, recording.sweeps, keep_view=False)
        self.stack.place_cursors(recording.header.protocol)
        self.stack.show_markers(recording.header.protocol, self.theme)
        self._bring_up_to_date()

    def previewed(self, preview: Preview) -> None:
        """What the family would be with the rig of now, over what was recorded."""
        if self.recording is None or preview.header.protocol != self.recording.header.protocol:
            return
        changed = preview.header.rig != self.recording.header.rig
        shown = preview if changed else self.recording  # in which the rig may have changed on the way
        self._header, self._sweeps = shown.header, list(shown.sweeps)
        self._behind = self.recording if changed else None
        ghost = self.recording.sweeps if changed else ()
        self.stack.family.show_family(shown.header, shown.sweeps, ghost=ghost, keep_view=True)
        self._soon.ask()  # after the traces are painted, once for all sweeps of a frame

    def rested(self, rest: Rest) -> None:
        """The cell at holding, for the circuit; for the ledger too, while there are no sweeps."""
        self.circuit.show_sample(rest.rig, rest.sweep.names, rest.sweep.values[:, 0])
        if not self._sweeps:
            clamped = not rest.rig.amplifier.clamps_current
            self.ledger.show_sample(
                rest.rig, rest.sweep.names, rest.sweep.values[:, 0], "held at rest" if clamped else "at rest"
            )

    # ---- curves and numbers ----------------------------------------------------------------

    def _draw_curves(self) -> None:
        """What follows from the sweeps on show, and from the recorded ones behind a preview."""
        self.iv.show_runs(self.shown, self.compared)
        self.changed.emit()

    def _read_cursors(self) -> None:
        protocol = self._header.protocol if self._header is not None else None
        times = self.cursors_ms
        if protocol is not None:
            sweep = self._sweeps[-1] if self._sweeps else None
            self.cursors.show_reading(sweep, protocol, times)
            if sweep is not None:
                at = min(max(round(times[0] * protocol.fs_kHz), 0), sweep.values.shape[1] - 1)
                self._show_books(rig_at(sweep, at), sweep.names, sweep.values[:, at], at, "at cursor 1")

    def _show_books(self, rig: Rig, names: tuple[str, ...], sample: NDArray[float64], at: int, where: str) -> None:
        """The ledger at one sample of a sweep."""
        assert self._header is not None
        protocol = self._header.protocol
        unit, per_ms = time_unit(protocol.duration_ms(0))
        when = f"{where}, t = {at / protocol.fs_kHz * per_ms:.4g} {unit}"
        self.ledger.show_sample(rig, names, sample, when)


def rig_at(sweep: Sweep, sample: int) -> Rig:
    """The rig at a sample of a sweep, in which it may have changed."""
    rigs = [change.rig for change in sweep.changes if change.sample <= sample]
    return rigs[-1] if rigs else sweep.rig
