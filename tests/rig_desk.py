"""The tool bar and the panel of the rig on a bench, wired as the window wires them, without its scopes and engine."""

from collections.abc import Callable

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow

from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.ui.bar import Bar
from vclamp.ui.bench import Bench, Scene
from vclamp.ui.catalogue import cells_by_topic, protocols
from vclamp.ui.panels.channels import RigPanel
from vclamp.ui.theme import THEMES, apply


class Desk(QMainWindow):
    """A bar, a panel and a bench; `said` is what its banner would say."""

    def __init__(self, rig: Rig, protocol: Protocol) -> None:
        super().__init__()
        self.theme = THEMES["dark"]
        apply(QApplication.instance(), self.theme)
        self.bench, self.bar, self.panel = Bench(rig, protocol), Bar(cells_by_topic(), protocols()), RigPanel()
        self.said, self.runs = "", 0
        self.addToolBar(self.bar)
        self.setCentralWidget(self.panel)
        for changed in (self.panel.edited, self.panel.dragged):
            changed.connect(lambda path, value: self.edit(lambda: self.bench.set_value(path, value)))
        self.panel.edited_together.connect(lambda values: self.edit(lambda: self.bench.set_values(values)))
        self.bar.hold_edited.connect(lambda value: self.edit(lambda: self.bench.set_value("protocol.hold_mV", value)))
        for part in (self.panel, self.bar):
            part.settled.connect(self.bench.close_step)
        for refused in (self.panel.refused, self.bar.hold.refused):
            refused.connect(self._say)
        self.bench.rig_changed.connect(self._show)
        self.bench.protocol_changed.connect(self._show)
        self._command("Ctrl+Z", self.bench.undo)
        self._command("Ctrl+Shift+Z", self.bench.redo)
        self._command("Space", self._run)
        for key in ("Left", "Right", "Up", "Down", "Shift+Up", "Shift+Down", "Home"):
            self._command(key, self._run)  # what the window does with the arrows
        self._show()
        self.resize(900, 760)
        self.show()
        QTest.qWaitForWindowActive(self)
        self.setFocus()

    def edit(self, edit: Callable[[], None]) -> None:
        """Edit the bench, or say why not."""
        try:
            edit()
            self.said = ""
        except VClampError as error:
            self._say(str(error))
            self.panel.say_refused(str(error))
        self._show()

    def begin_anew(self, rig: Rig, protocol: Protocol) -> None:
        """As after a start."""
        self.activateWindow()
        QTest.qWaitForWindowActive(self)
        self.setFocus()
        self.panel._unfolded.clear()
        self.panel._shape._now = None  # so that the cards are made anew
        self.panel.setCurrentIndex(0)
        self.bench._past, self.bench._future = [], []
        self.bench._show(Scene(rig, protocol, control=rig))
        self._show()
        self.said, self.runs = "", 0
        QApplication.processEvents()

    def put(self, rig: Rig) -> None:
        """Another rig, which is then the control."""
        self.bench.set_scene(rig, self.bench.protocol, "another rig")
        QApplication.processEvents()

    def _say(self, reason: str) -> None:
        self.said = reason

    def _run(self) -> None:
        self.runs += 1

    def _show(self) -> None:
        self.panel.show_control(self.bench.control)
        self.panel.show_rig(self.bench.rig, self.theme)
        self.bar.show_rig(self.bench.rig)
        self.bar.show_protocol(self.bench.protocol)

    def _command(self, key: str, act: Callable[[], None]) -> None:
        action = QAction(key, self)
        action.setShortcut(QKeySequence(key))
        action.triggered.connect(act)
        self.addAction(action)
