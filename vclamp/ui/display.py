"""What the window shows of a run: scopes, curves, circuit and read-outs kept in step."""

from math import isfinite

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from vclamp.analysis.curves import ANALYSES, applicable, channel_gv
from vclamp.analysis.fits import fit_boltzmann
from vclamp.model.protocol import Protocol
from vclamp.model.record import Chunk, Finished, Header, Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.ui.panels.books import LedgerView
from vclamp.ui.panels.membrane import Membrane, reversal_mV
from vclamp.ui.panels.readout import CursorTable
from vclamp.ui.scopes.curves import CurvePlot, Plotted
from vclamp.ui.scopes.kinds import SCOPES, hero, time_unit
from vclamp.ui.scopes.stack import ScopeStack
from vclamp.ui.theme import Theme, channel_colour, channel_colours
from vclamp.ui.worker import Preview, Rest

AFTER_MS = 20  # curves and read-outs let the traces be painted first
USUAL_HINT = "Space runs the protocol"
NEEDS_CURRENT_CLAMP = "These steps are of a current: I switches to current clamp, Space runs them"
_FACES = {
    "peak-iv": ("peak", "Na", "o"),
    "steady-iv": ("steady state", "K", "s"),
    "tail-iv": ("tail", "pump", "t"),
    "availability": ("availability", "Na", "o"),
    "ramp-iv": ("ramp", "K", "o"),
}


class Display(QObject):
    """Keeps the sweeps on show and brings every view up to date with them."""

    progressed = Signal(int, int)  # sweeps done, sweeps in all

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.stack = ScopeStack(theme)
        self.circuit = Membrane(theme)
        self.iv = CurvePlot(theme, "V (mV)", "I (pA)")
        self.gv = CurvePlot(theme, "V (mV)", "G (nS)")
        self.cursors = CursorTable()
        self.ledger = LedgerView()
        self.recording: Recording | None = None  # the last run that was recorded
        self._header: Header | None = None
        self._sweeps: list[Sweep] = []
        self._rig: Rig | None = None
        self._soon = QTimer(self, singleShot=True, interval=AFTER_MS)
        self._soon.timeout.connect(self._bring_up_to_date)
        self.stack.cursors_moved.connect(self._read_cursors)
        self.gv.appeared.connect(self._draw_gv)

    def set_theme(self, theme: Theme) -> None:
        """Draw everything in another look."""
        self.theme = theme
        self.stack.set_theme(theme)
        self.circuit.set_theme(theme)
        self.iv.set_theme(theme)
        self.gv.set_theme(theme)
        self._draw_curves()

    def set_rig(self, rig: Rig) -> None:
        """The rig of now, for the circuit's blocks and batteries."""
        self._rig = rig
        self.fit_scopes()
        shown = self.stack.family.header
        if self._header is None and shown is not None and shown.rig.amplifier != rig.amplifier:
            self._show_command(rig, shown.protocol)

    def fit_scopes(self) -> None:
        """Show the scopes that are wanted, as far as the rig has something for them."""
        before = self.stack.family.shown
        rig = self._rig
        if rig is None:
            return
        changed = self.stack.show_scopes(name for name in self.stack.wanted if SCOPES[name].lines(rig))
        self.stack.weigh(hero(rig))
        self.iv.setVisible(not rig.amplifier.clamps_current)
        if not changed or self._header is None:
            return
        family = self.stack.family
        family.show_family(self._header, tuple(self._sweeps), ghost=self._ghost, keep_view=True)
        family.autoscale_heights(scope for scope in family.shown if scope not in before)
        family.name_lines()

    @property
    def _ghost(self) -> tuple[Sweep, ...]:
        """What the sweeps on show are compared with."""
        recorded, header = self.recording, self._header
        if recorded is None or header is None or recorded.header is header:
            return ()
        return recorded.sweeps if recorded.header.protocol == header.protocol else ()

    def clear(self, rig: Rig, protocol: Protocol) -> None:
        """Forget all sweeps: another cell or protocol is on the bench."""
        self._header, self._sweeps, self.recording, self._rig = None, [], None, rig
        self.circuit.forget_scale()
        self.ledger.forget()
        self.fit_scopes()
        self._show_command(rig, protocol)
        self.stack.hint.show()
        self.stack.place_cursors(protocol)
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
        self.fit_scopes()
        self._header = header
        ghost = before.sweeps if before is not None and before.header.protocol == header.protocol else ()
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
        self._follow_soon()

    def _follow_soon(self) -> None:
        """Bring the rest up to date after the traces are painted, once for all sweeps of a frame."""
        if not self._soon.isActive():
            self._soon.start()

    def _bring_up_to_date(self) -> None:
        """Draw what follows from all sweeps so far."""
        if self._header is not None:
            self.progressed.emit(len(self._sweeps), self._header.protocol.n_sweeps)
        self.stack.family.name_lines()
        self._draw_curves()
        self._read_cursors()

    def ended(self, finished: Finished) -> None:
        """The run is over: what was recorded is what later edits are compared with."""
        self._soon.stop()
        self._bring_up_to_date()
        self.stack.family.drop_live()
        if self._header is not None and self._sweeps:
            self.recording = Recording(self._header, tuple(self._sweeps), finished)
            self.stack.family.autoscale()
        elif self.recording is not None:
            self.show_recording(self.recording)

    def show_recording(self, recording: Recording) -> None:
        """Show a run that was recorded earlier."""
        self.recording = recording
        self._header, self._sweeps = recording.header, list(recording.sweeps)
        self._rig = recording.header.rig
        self.fit_scopes()
        self.stack.hint.hide()
        self.stack.family.show_family(recording.header, recording.sweeps, keep_view=False)
        self.stack.place_cursors(recording.header.protocol)
        self._bring_up_to_date()

    def previewed(self, preview: Preview) -> None:
        """What the family would be with the rig of now, over what was recorded."""
        if self.recording is None or preview.header.protocol != self.recording.header.protocol:
            return
        changed = preview.header.rig != self.recording.header.rig
        shown = preview if changed else self.recording  # in which the rig may have changed on the way
        self._header, self._sweeps = shown.header, list(shown.sweeps)
        ghost = self.recording.sweeps if changed else ()
        self.stack.family.show_family(shown.header, shown.sweeps, ghost=ghost, keep_view=True)
        self._follow_soon()

    def rested(self, rest: Rest) -> None:
        """The cell at holding, for the circuit; for the ledger too, while there are no sweeps."""
        self.circuit.show_sample(rest.rig, rest.sweep.names, rest.sweep.values[:, 0])
        if not self._sweeps:
            clamped = not rest.rig.amplifier.clamps_current
            self.ledger.show_sample(
                rest.rig, rest.sweep.names, rest.sweep.values[:, 0], "held at rest" if clamped else "at rest"
            )

    # ---- curves ----------------------------------------------------------------------------

    def _draw_curves(self) -> None:
        """I–V and G–V of the sweeps on show, and of the recorded ones behind a preview."""
        header, sweeps = self._header, self._sweeps
        if header is None or not sweeps or header.rig.amplifier.clamps_current:
            self.iv.show_curves(())
            self.gv.show_curves(())
            return
        shown = self._iv(header, sweeps, ghost=False)
        recorded = self.recording
        if recorded is not None and recorded.sweeps and _comparable(recorded.header, header):
            shown = (*self._iv(recorded.header, list(recorded.sweeps), ghost=True), *shown)
        is_availability = "availability" in applicable(header.protocol)
        self.iv.set_labels(
            "prepulse (mV)" if is_availability else "V (mV)", "I / I max" if is_availability else "I (pA)"
        )
        self.iv.show_curves(shown)
        if self.gv.isVisible():
            self._draw_gv()

    def _draw_gv(self) -> None:
        """G–V with its fits; they are not made while nobody sees them."""
        header = self._header
        if header is not None and self._sweeps and not header.rig.amplifier.clamps_current:
            self.gv.show_curves(self._gv(self._header, self._sweeps))

    def _iv(self, header: Header, sweeps: list[Sweep], *, ghost: bool) -> tuple[Plotted, ...]:
        plotted = []
        for name in applicable(header.protocol):
            label, ion, symbol = _FACES[name]
            trace = f"i_{_most_inward(header.rig, sweeps)}_pA" if name == "availability" else "i_pA"
            curve = ANALYSES[name](sweeps, header.protocol, trace)
            fit = fit_boltzmann(curve.x, curve.y) if name == "availability" else None
            if fit is not None and not fit.warning:
                label = f"V½ {fit.v_half_mV:.1f}, k {fit.slope_mV:.1f} mV".replace("-", "−")
            colour = channel_colour(ion, 0, self.theme)
            usable = fit if fit is not None and not fit.warning else None
            plotted.append(Plotted(curve, label, colour, symbol, usable, ghost))
        return tuple(plotted)

    def _gv(self, header: Header, sweeps: list[Sweep]) -> tuple[Plotted, ...]:
        colours, plotted = channel_colours(header.rig, self.theme), []
        for channel in header.rig.cell.channels:
            e_mV = reversal_mV(channel, header.rig.solutions)
            if not channel.is_gated or not isfinite(e_mV):
                continue
            curve = channel_gv(sweeps, header.protocol, channel.name, e_mV)
            if curve is None:
                continue
            fit = fit_boltzmann(curve.x, curve.y)
            label = f"{channel.title}  V½ {fit.v_half_mV:.1f}, k {fit.slope_mV:.1f} mV".replace("-", "−")
            good = not fit.warning
            plotted.append(
                Plotted(curve, label if good else channel.title, colours[channel.name], fit=fit if good else None)
            )
        return tuple(plotted)

    def _read_cursors(self) -> None:
        protocol = self._header.protocol if self._header is not None else None
        times = (self.stack.cursor_ms(0), self.stack.cursor_ms(1))
        if protocol is not None:
            sweep = self._sweeps[-1] if self._sweeps else None
            self.cursors.show_reading(sweep, protocol, times)
            if sweep is not None:
                at = min(max(round(times[0] * protocol.fs_kHz), 0), sweep.values.shape[1] - 1)
                self._show_books(rig_at(sweep, at), sweep.names, sweep.values[:, at], at, "at cursor 1")

    def _show_books(self, rig: Rig, names: tuple[str, ...], sample: NDArray[np.float64], at: int, where: str) -> None:
        """The ledger at one sample of a sweep."""
        assert self._header is not None
        protocol = self._header.protocol
        unit, per_ms = time_unit(protocol.duration_ms(0))
        when = f"{where}, t = {at / protocol.fs_kHz * per_ms:.4g} {unit}"
        self.ledger.show_sample(rig, names, sample, when)


def _comparable(one: Header, other: Header) -> bool:
    """Whether they are different answers to the same command."""
    return one.rig != other.rig and one.protocol == other.protocol and not one.rig.amplifier.clamps_current


def _most_inward(rig: Rig, sweeps: list[Sweep]) -> str:
    """The channel that carries the largest inward current."""
    names = [channel.name for channel in rig.cell.channels]
    return min(names, key=lambda name: min(float(sweep[f"i_{name}_pA"].min()) for sweep in sweeps))


def rig_at(sweep: Sweep, sample: int) -> Rig:
    """The rig at a sample of a sweep, in which it may have changed."""
    rigs = [change.rig for change in sweep.changes if change.sample <= sample]
    return rigs[-1] if rigs else sweep.rig
