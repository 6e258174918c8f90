"""Keys and menus of the scopes: sweeps, zoom, the control and its difference, a channel alone."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QComboBox, QMenu

from vclamp import __version__
from vclamp.errors import VClampError
from vclamp.model.exam import hidden
from vclamp.model.record import Header
from vclamp.publish.as_python import python_text
from vclamp.publish.scopes import SCOPES, ScopeKind, hero
from vclamp.ui.markers import Markers
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.scopes.handling import Spot
from vclamp.ui.scopes.kinds import Scope
from vclamp.ui.scopes.one_channel import gate_traces, gates_of

if TYPE_CHECKING:
    from vclamp.ui.window import Window

ZOOM = 1.25
NO_CONTROL = "There is no finished run to keep as the control yet: press Space to record one."
SECRET = "This is an exam: its channels are not told apart. Drugs and the command are yours."


class Navigation(QObject):
    """Finds its way through the sweeps on show."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        self._before: dict[str, object] = {}  # which channels were on before one was alone
        self._loose: dict[str, QAction] = {}
        self._display, self._stack = window.display, window.display.stack
        self.markers = Markers(window)
        self._stack.asked.connect(self.show_menu)
        self._stack.cursors_moved.connect(self._scrub)
        for heard in (window, *window.bar.findChildren(QComboBox)):  # Enter unfolds those
            heard.installEventFilter(self)
        window.bridge.grew.connect(lambda _: self.show_all())  # a run goes on
        self._stack.setFocus()  # not a list of cells, in which an arrow would take another one

    # ---- keys ------------------------------------------------------------------------------

    def bind(self, key: str, action: QAction) -> None:
        """Let a key of the scopes be an action's, unless what has the focus takes it: a list needs its arrows."""
        self._loose[QKeySequence(key).toString()] = action

    def eventFilter(self, heard: QObject, event: QEvent) -> bool:
        """A key came to the window because nothing else wanted it, or to a list of the bar that is not unfolded."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        action = self._loose.get(QKeySequence(event.key() | plain.value).toString())
        if action is not None:
            action.trigger()
        return action is not None

    # ---- sweeps ----------------------------------------------------------------------------

    def step(self, by: int) -> None:
        """Bring the sweep before or after the one in front to the front, while nothing runs or the run stands still."""
        family, shown = self._stack.family, self._display.shown
        if (self._display.running and not self._window.bridge.paused) or shown is None or not shown.sweeps:
            return
        there = [sweep.index for sweep in shown.sweeps]
        front = family.front if family.front in there else there[-1]
        chosen = family.front is not None or by < 0
        number = there.index(front) + (by if chosen else 0)
        self._display.choose_sweep(there[min(max(number, 0), len(there) - 1)])
        self.markers.show()

    def show_all(self) -> None:
        """Show the whole family alike again."""
        if self._stack.family.front is not None:
            self._display.choose_sweep(None)
            self.markers.show()

    def stop(self) -> None:
        """End the run; while there is none, leave the field that has the focus, or show all sweeps alike."""
        field = QApplication.focusWidget()
        if isinstance(field, QuantityField):
            field.show_value(field.value())  # what was typed is not taken
            field.clearFocus()
        if self._window.bridge.running:
            self._window.stop()
        elif not isinstance(field, QuantityField):
            self.show_all()

    def _scrub(self) -> None:
        if self._window.bridge.paused:
            self._display.at_cursor.scrub(self._display.cursors_ms)

    # ---- zoom ------------------------------------------------------------------------------

    @property
    def scope(self) -> Scope:
        """The scope under the mouse, else the largest."""
        stack, header = self._stack, self._stack.family.header
        if stack.pointed is not None and stack.pointed.shown:
            return stack.pointed
        first = stack.scopes[hero(header.rig)] if header is not None else stack.family.shown[0]
        return first if first.shown else stack.family.shown[0]

    def zoom_height(self, closer: bool) -> None:
        """Enlarge the heights about the middle, or shrink them."""
        self.scope.plot.getViewBox().scaleBy(y=1.0 / ZOOM if closer else ZOOM)

    def zoom_time(self, closer: bool) -> None:
        """Enlarge the times about the middle, or shrink them."""
        self.scope.plot.getViewBox().scaleBy(x=1.0 / ZOOM if closer else ZOOM)

    def fit(self) -> None:
        """Fit the scope under the mouse to its data, or all and their time axis."""
        pointed = self._stack.pointed
        if pointed is not None and pointed.shown:
            self._stack.family.autoscale_heights([pointed])
        else:
            self._stack.family.autoscale()

    # ---- the control -----------------------------------------------------------------------

    def keep_control(self) -> None:
        """Keep the run on show behind those to come."""
        if self._try(self._display.keep_control):
            self._window.status.announce("This run is the control now; D draws the difference, Shift+C clears it")

    def clear_control(self) -> None:
        """Have no control any more."""
        if self._display.control is not None:
            self._display.lay_over(None)
            self._window.status.announce("The control is cleared")

    def toggle_difference(self) -> None:
        """Draw the difference from the control, or no longer; without a control the run on show becomes it."""
        wanted = not self._display.differs
        self._try(lambda: self._display.show_difference(wanted))

    def _try(self, act: object) -> bool:
        try:
            done = act()
        except VClampError as error:
            self._window.banner.say(str(error))
            return False
        if not done:
            self._window.banner.say(NO_CONTROL)
        return bool(done)

    # ---- channels --------------------------------------------------------------------------

    def switch(self, number: int) -> None:
        """Switch the n-th channel on or off."""
        if not self._is_secret():
            self._window.toggle_channel(number)

    def solo(self, number: int) -> None:
        """Leave the n-th channel alone on; if it is, have those back that were on before."""
        if self._is_secret():
            return
        cell = self._window.bench.rig.cell
        now: dict[str, object] = {f"cell.channels.{channel.name}.on": channel.on for channel in cell.channels}
        if number > len(now):
            return
        own = list(now)[number - 1]
        alone = {path: path == own for path in now}
        if now != alone:
            self._before = now
            wanted = alone
        else:
            wanted = self._before if self._before.keys() == now.keys() else dict.fromkeys(now, True)
        self._window.edit_together({path: on for path, on in wanted.items() if on != now[path]})

    def plot_gates(self, number: int) -> None:
        """Plot the gates of the n-th channel alone; if they are, plot them no longer."""
        window, scope = self._window, self._stack.scopes["gates"]
        channels = window.bench.rig.cell.channels
        if self._is_secret() or number > len(channels):
            return
        channel = channels[number - 1]
        lines = {line.trace for line in SCOPES["gates"].lines(window.bench.rig)}
        if not lines.intersection(gate_traces(channel)):
            why = "is a scheme of states" if channel.is_gated else "is always open"
            window.status.announce(f"{channel.title} has no gates: it {why}")
            return
        kind = gates_of(channel.name, channel.title)
        shown = scope.shown and scope.kind.title == kind.title
        self._plot_gates(SCOPES["gates"] if shown else kind, not shown)

    def plot_all_gates(self, wanted: bool) -> None:
        """Plot the gates of all channels, or none."""
        self._plot_gates(SCOPES["gates"], wanted)

    def _plot_gates(self, kind: ScopeKind, wanted: bool) -> None:
        scope = self._stack.scopes["gates"]
        if scope.shown and scope.kind is not kind:
            self._window.want_scope("gates", False)
        scope.set_title(kind.title)
        scope.kind = kind
        self._window.want_scope("gates", wanted)

    def _is_secret(self) -> bool:
        """Whether nothing may be told of channels; it says so."""
        secret = hidden(self._window.bench.rig)
        if secret:
            self._window.banner.say(SECRET)
        return secret

    # ---- what is at a place ----------------------------------------------------------------

    def show_menu(self, spot: Spot) -> None:
        """What can be done at a place of a scope."""
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for entry in (
            ("Copy value", lambda: self._copy_value(spot)),
            ("Measure here", lambda: self._measure(spot)),
            ("Autoscale", lambda: self._stack.family.autoscale_heights([spot.scope])),
            ("Autoscale all", self._stack.family.autoscale),
            None,
            ("What is this?", lambda: self._window.help.open_spot(spot)),
            None,
            ("Copy figure", self.copy_figure),
            ("Export figure…", self._window.documents.export_sheet),
        ):
            if entry is None:
                menu.addSeparator()
            else:
                menu.addAction(entry[0], lambda act=entry[1]: act() and None)
        menu.popup(spot.at)

    def _copy_value(self, spot: Spot) -> None:
        seen = self._stack.family.seen_at(spot.scope, spot.time_ms, spot.value)
        text = seen.value_text if seen is not None else f"{spot.value:.4g} {spot.scope.kind.unit}".strip()
        QApplication.clipboard().setText(text.replace("−", "-"))
        self._window.status.announce(f"copied: {text}")

    def _measure(self, spot: Spot) -> None:
        self._stack.move_cursor(0, spot.time_ms)
        self._window.tabs.setCurrentWidget(self._display.cursors)

    def copy_figure(self) -> None:
        """Put a picture of the scopes into the clipboard."""
        self._stack.reading.hide()
        QApplication.clipboard().setPixmap(self._stack.grab())
        self._window.status.announce("The picture of the scopes is in the clipboard")

    def copy_as_python(self) -> None:
        """Put a program into the clipboard that runs what is on the bench."""
        window = self._window
        rig, protocol, recorded = window.bench.rig, window.bench.protocol, window.display.recording
        same = recorded is not None and (recorded.header.rig, recorded.header.protocol) == (rig, protocol)
        header = Header(rig, protocol, recorded.header.seed if same and recorded is not None else 0, __version__)
        window.bridge.beside(lambda: python_text(header), self._copied)

    def _copied(self, found: str | VClampError) -> None:
        if isinstance(found, VClampError):
            self._window.banner.say(str(found))
        else:
            QApplication.clipboard().setText(found)
            self._window.status.announce("A Python program that runs this experiment is in the clipboard")
