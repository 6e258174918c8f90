"""What the window shows of a run: scopes, curves, circuit and read-outs kept in step."""

from PySide6.QtCore import QObject, Signal

from vclamp.analysis.difference import DIFFERENCE
from vclamp.model.protocol import Protocol
from vclamp.model.record import Chunk, Finished, Header, Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.publish.scopes import SCOPES, hero
from vclamp.ui.at_cursor import AtCursor, CursorViews
from vclamp.ui.behind import as_control
from vclamp.ui.newest import Beside, Following
from vclamp.ui.on_show import OnShow
from vclamp.ui.panels.live_iv import LiveIv
from vclamp.ui.scopes.difference import DIFFERENCE_SCOPE
from vclamp.ui.scopes.stack import ScopeStack
from vclamp.ui.theme import Theme
from vclamp.ui.worker import Preview, Rest

USUAL_HINT = "Space runs the protocol"
NEEDS_CURRENT_CLAMP = "These steps are of a current: I switches to current clamp, Space runs them"


class Display(OnShow, CursorViews):
    """Keeps the sweeps on show and brings every view up to date with them."""

    progressed = Signal(int, int)  # sweeps done, sweeps in all
    changed = Signal()  # the sweeps on show are others

    def __init__(self, theme: Theme, beside: Beside, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.stack = ScopeStack(theme)
        self.at_cursor = AtCursor(theme, self)
        self.iv = LiveIv(theme, beside)
        self._rig: Rig | None = None
        self.following = Following(lambda: self.iv.busy, self)
        self.following.soon.connect(self._draw_soon)
        self.following.later.connect(self._read_cursors)
        self.following.at_last.connect(self.stack.family.name_lines)
        self.stack.cursors_moved.connect(self._read_cursors)
        self.inspector.ghost_wanted.connect(self.show_truth)

    def set_theme(self, theme: Theme) -> None:
        """Draw everything in another look."""
        self.theme = theme
        self.stack.set_theme(theme)
        self.at_cursor.set_theme(theme)
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
        names = {name for name in self.stack.wanted if SCOPES[name].suits(rig, protocol)}
        control = self.stack.family.control = self._behind.control_of(Header(rig, protocol, 0, ""))
        if control is not None and DIFFERENCE_SCOPE.suits(rig, protocol):
            names.add(DIFFERENCE)
        changed = self.stack.show_scopes(names)
        self.stack.weigh(hero(rig))
        self.iv.setVisible(not rig.amplifier.clamps_current)
        if not changed or self._header is None:
            return
        family = self.stack.family
        self._show_family(self._behind.now)
        family.autoscale_heights(scope for scope in family.shown if scope not in before)
        family.name_lines()

    def _show_family(self, ghost: Recording | None, *, keep_view: bool = True) -> None:
        """Draw the sweeps on show, with their difference from the control if that is wanted."""
        assert self._header is not None
        ghost = self._behind.truth_of(self._header, self._sweeps) or ghost
        self.stack.family.show_family(self._header, self._told(), ghost=ghost, keep_view=keep_view)

    def show_truth(self, wanted: bool) -> None:
        """Lay the true ionic current behind the recorded one, or no longer."""
        self._behind.tells_truth = wanted
        if self._header is not None:
            self._show_family(self._behind.now)
            self.stack.family.name_lines()

    def clear(self, rig: Rig, protocol: Protocol) -> None:
        """Forget all sweeps: another cell or protocol is on the bench."""
        self._header, self._sweeps, self._rig = None, [], rig
        self.recording, self.running = None, False
        self._behind.forget(protocol)
        self.at_cursor.forget()
        self.stack.show_number(None, 0)
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
        header = Header(rig, protocol, 0, "")
        self.stack.family.show_command(header, ghost=self._behind.choose(header))

    # ---- a run -----------------------------------------------------------------------------

    def started(self, header: Header) -> None:
        """A run begins; the one before stays behind it as a ghost if it used the same protocol."""
        before = self.recording
        self._header, self._sweeps, self._rig = None, [], header.rig
        self.fit_scopes(header.protocol)
        self._header, self.running = header, True
        self.stack.show_number(None, 0)
        same = before is not None and before.header.protocol == header.protocol
        ghost = self._behind.choose(header, before if same else None)
        self.stack.hint.hide()
        self.stack.family.begin(header, ghost=ghost, keep_view=before is not None)
        self.progressed.emit(0, header.protocol.n_sweeps)
        self._draw_curves()

    def grew(self, chunk: Chunk) -> None:
        """More of the live sweep."""
        self.stack.family.grew(chunk)
        if self._rig is not None and self._header is not None:
            self.at_cursor.follow(self._rig, self._header, chunk)

    def sweep_done(self, sweep: Sweep) -> None:
        """A sweep is finished: it joins the family and adds its points to the curves."""
        if self._header is None:
            return
        self._sweeps.append(sweep)
        self.stack.family.finish(self._behind.told(sweep, self._header))
        self.following.ask()

    def _bring_up_to_date(self) -> None:
        """Draw what follows from all sweeps so far."""
        self._draw_soon()
        self._read_cursors()
        self.stack.family.name_lines()

    def _draw_soon(self) -> None:
        if self._header is not None:
            self.progressed.emit(len(self._sweeps), self._header.protocol.n_sweeps)
        self.stack.family.fit_difference()
        self._draw_curves()

    def ended(self, finished: Finished) -> None:
        """The run is over: what was recorded is what later edits are compared with."""
        self.following.settled()
        self.running = False
        self.at_cursor.stand()
        if self._header is not None and self._sweeps:
            self.recording = Recording(self._header, tuple(self._sweeps), finished)
        self._bring_up_to_date()
        self.stack.family.drop_live()
        if self._sweeps and self._behind.tells_truth:
            self.show_truth(True)
        if self._sweeps:
            self.stack.family.autoscale()
        elif self.recording is not None:
            self.show_recording(self.recording)

    def show_recording(self, recording: Recording, before: Recording | None = None) -> None:
        """Show a run that was recorded earlier, `before` behind it; another program's stays behind what is run next."""
        self.recording, self.running = recording, False
        self.at_cursor.stand()
        if recording.foreign:
            self._behind.laid_over = recording
        self._header, self._sweeps = recording.header, list(recording.sweeps)
        self._rig = recording.header.rig
        self.fit_scopes(recording.header.protocol)
        self.stack.hint.hide()
        ghost = self._behind.choose(recording.header, before)
        self._show_family(ghost, keep_view=False)
        self.stack.show_number(None, 0)
        self.stack.place_cursors(recording.header.protocol)
        self.stack.show_markers(recording.header.protocol, self.theme)
        self._bring_up_to_date()

    def lay_over(self, recording: Recording | None) -> None:
        """Keep a recording behind the sweeps on show and those to come, whoever made it; None takes it away.

        Raises
        ------
        VClampError
            If its sweeps are of another length than those on show.
        """
        family = self.stack.family
        self._behind.lay_over(recording, family.header.protocol if family.header is not None else None)
        if not self._behind.laid_over:
            self._behind.differs = False
        self.fit_scopes()
        if self._header is not None:
            before = (
                self.recording if self.recording is not None and self.recording.header is not self._header else None
            )
            self._show_family(self._behind.choose(self._header, before))
            family.autoscale_heights(family.shown)
            family.name_lines()
        elif family.header is not None:
            self._show_command(family.header.rig, family.header.protocol)
        self._draw_curves()

    def keep_control(self) -> bool:
        """Keep the recorded run on show as the control of those to come; False if there is none."""
        if self.recording is None or not self.recording.sweeps:
            return False
        self.lay_over(as_control(self.recording))
        return True

    def show_difference(self, wanted: bool) -> bool:
        """Draw what the control has more than the sweeps on show, or no longer; False if there is no control."""
        header, self._behind.differs = self._header, wanted
        if wanted and (header is None or self._behind.control_of(header) is None) and not self.keep_control():
            self._behind.differs = False
            return False
        self.fit_scopes()
        self._draw_curves()
        self._read_cursors()
        return True

    def rename(self, protocol: Protocol) -> bool:
        """Keep the sweeps on show if the protocol only has another name or other marks, and measure them anew."""
        if not super().rename(protocol):
            return False
        self.stack.family.header = self._header
        self._draw_curves()
        self._read_cursors()
        return True

    def previewed(self, preview: Preview) -> None:
        """What the family would be with the rig of now, over what was recorded."""
        if self.recording is None or preview.header.protocol != self.recording.header.protocol:
            return
        changed = preview.header.rig != self.recording.header.rig
        shown = preview if changed else self.recording  # in which the rig may have changed on the way
        self._header, self._sweeps = shown.header, list(shown.sweeps)
        ghost = self._behind.choose(shown.header, self.recording if changed else None)
        self._show_family(ghost)
        self.following.ask()

    def rested(self, rest: Rest) -> None:
        """The cell at holding; where sweeps of the same rig are on show, cursor 1 says more."""
        if not self._sweeps or self._header is None or self._header.rig != rest.rig:
            self.at_cursor.rested(rest, books=not self._sweeps)

    # ---- curves and numbers ----------------------------------------------------------------

    def _draw_curves(self) -> None:
        """What follows from the sweeps on show, and from the recorded ones behind a preview."""
        self.iv.show_runs(self.shown, self.compared)
        self.changed.emit()

    def choose_sweep(self, index: int | None) -> None:
        """Bring one sweep to the front and let the cursors read it; None has all alike again."""
        chosen = next((sweep.index for sweep in self._sweeps if sweep.index == index), None)
        self.stack.family.bring_to_front(chosen)
        total = self._header.protocol.total_sweeps if self._header is not None else 0
        self.stack.show_number(chosen, total)
        self._read_cursors()

    def _read_cursors(self) -> None:
        shown = self.shown
        if shown is not None:
            self.at_cursor.read(shown, self.sweep_or_last(self.stack.family.front), self.cursors_ms)
