"""The panels around the scopes: docks in three layouts, remembered for every size of screen."""

import json
import zlib
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QEvent, QObject, QRect, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vclamp.ui.panels.headings import heading
from vclamp.ui.settings import Settings

Area = Qt.DockWidgetArea
VERSION = 1  # of what is remembered; another one is not restored
WIDE_EM = 115  # the editor goes below the scopes only
NARROW = 1100  # px: the right column becomes tabs
LEFT_EM, RIGHT_EM, RIGHT_SHARE, EDITOR_EM, CIRCUIT_EM, LEAST_EM = 20, 25, 0.25, 20, 17, 8
CIRCUIT_LINES = 11  # of text, that the circuit is at least as high as
FIRST_EM = 13  # px, until a theme says something else
PICTURE = 1000  # times as eager for room as the space below it, until it has its largest height
HALVES, MOSTLY_NUMBERS = (500, 500), (280, 720)  # parts of the height for the curves and for the tabs below them


@dataclass(frozen=True)
class Place:
    """Where a panel belongs, unless its user puts it elsewhere."""

    title: str
    area: Area
    key: str = ""


PLACES = {
    "membrane": Place("Membrane", Area.LeftDockWidgetArea),
    "rig": Place("Rig", Area.LeftDockWidgetArea),
    "curves": Place("I–V", Area.RightDockWidgetArea),
    "ledger": Place("Ledger", Area.RightDockWidgetArea),
    "runs": Place("Runs", Area.RightDockWidgetArea),
    "numbers": Place("Measurements", Area.RightDockWidgetArea),
    "protocol": Place("Protocol", Area.BottomDockWidgetArea, "P"),
}
LAYOUTS = {  # the panels that are shown
    "Student": ("membrane", "rig", "curves", "ledger", "runs", "numbers"),
    "Demo": ("membrane", "curves"),
    "Analyse": ("curves", "ledger", "runs", "numbers"),
}
BEHIND = ("ledger", "runs")  # the curves, as tabs
TABS = ("Cursors", "Measure", "Analysis", "Inspector", "Test")  # of the measurements
ROOMY = ("Measure", "Analysis", "Inspector", "Test")  # with a plot or a long table


class _Title(QWidget):
    """A panel's heading, by which it is dragged, with a button that puts it away."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 3, 2, 1)
        row.addWidget(heading(dock.windowTitle().upper()), 1)
        for sign, tip, act in (
            ("▫", "Into a window of its own, and back", lambda: dock.setFloating(not dock.isFloating())),
            ("×", "Put away; View brings it back", dock.close),
        ):
            button = QToolButton(text=sign, toolTip=tip, objectName="more", autoRaise=True)
            button.setAccessibleName(f"{dock.windowTitle()}: {tip}")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(act)
            row.addWidget(button)


class Docks(QObject):
    """Puts the panels around the scopes, and remembers how they were left; they may come after their places.

    A layout that cannot be restored must never keep the window from opening: what is kept has a version and a
    checksum, and a mark stands in the settings while one is tried, so that the next start leaves out one that
    ended in a crash.
    """

    def __init__(self, window: QMainWindow, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._settings = window, settings
        self.tabs = QTabWidget()
        for part in (self.tabs, self.tabs.tabBar()):
            part.setAccessibleName("measurements")
        for title in TABS:
            self.tabs.addTab(QWidget(), title)
        self._heights: dict[bool, list[int]] = {}
        self._had_room = False
        self._em = FIRST_EM
        self._alive = QTimer(self, singleShot=True, interval=0)  # a shot "with a context" would swallow exceptions
        self._alive.timeout.connect(lambda: settings.remember("layout/trying", ""))
        self._by_hand = False  # whether its user has divided the window
        self._in_front: set[str] = set()  # of those behind the curves
        self.docks = {name: self._made(name) for name in PLACES}
        self.put({"numbers": self.tabs})
        window.setDockNestingEnabled(True)
        self.tabs.currentChanged.connect(self._divide)
        for name in BEHIND:
            self.docks[name].visibilityChanged.connect(lambda seen, name=name: self._turn(name, seen))
        window.installEventFilter(self)
        self.choose("Student")

    def eventFilter(self, heard: QObject, event: QEvent) -> bool:
        """A panel that has nothing to show takes no room; what is dragged on the window itself divides it."""
        if event.type() == QEvent.Type.MouseButtonRelease:
            self._by_hand |= heard is self._window
        elif heard is not self._window and event.type() in (QEvent.Type.HideToParent, QEvent.Type.ShowToParent):
            self.docks["curves"].setVisible(event.type() == QEvent.Type.ShowToParent)
        return False

    def _made(self, name: str) -> QDockWidget:
        place = PLACES[name]
        dock = QDockWidget(place.title, self._window, objectName=name)
        dock.setTitleBarWidget(_Title(dock))
        room = QWidget()
        if name == "membrane":
            room.setMinimumHeight(CIRCUIT_LINES * dock.fontMetrics().height())
        dock.setWidget(room)
        self._window.addDockWidget(place.area, dock)
        action = dock.toggleViewAction()
        action.setShortcut(QKeySequence(place.key))
        self._window.addAction(action)
        return dock

    def put(self, panels: dict[str, QWidget]) -> None:
        """Put panels into their places."""
        for name, panel in panels.items():
            if name != "membrane":
                panel.setMinimumHeight(LEAST_EM * FIRST_EM)  # all of them together fit a screen of 768 lines
            if name == "curves":
                panel.installEventFilter(self)
            dock = self.docks[name]
            dock.widget().deleteLater()
            dock.setWidget(_topmost(panel) if name == "membrane" else panel)

    def put_tabs(self, tabs: dict[str, QWidget]) -> None:
        """Put the tabs, by their titles, into the panel "numbers"."""
        with QSignalBlocker(self.tabs):
            for number, (title, panel) in enumerate(tabs.items()):
                self.tabs.widget(number).deleteLater()
                self.tabs.removeTab(number)
                self.tabs.insertTab(number, panel, title)
            self.tabs.setCurrentIndex(0)

    def add_to(self, menu: QMenu) -> None:
        """Entries for every panel and layout."""
        menu.addSeparator()
        for dock in self.docks.values():
            menu.addAction(dock.toggleViewAction())
        menu.addSeparator()
        for number, name in enumerate(LAYOUTS, 1):
            action = menu.addAction(f"Layout: {name}")
            action.setShortcut(QKeySequence(f"Ctrl+{number}"))
            action.triggered.connect(lambda _=False, name=name: self.choose(name))
        menu.addAction("Reset layout").triggered.connect(lambda: self.choose("Student"))

    def choose(self, name: str) -> None:
        """Put every panel back to its place and show those of a layout."""
        self._heights.clear()
        self._by_hand = False
        for key, dock in self.docks.items():
            dock.setFloating(False)
            self._window.addDockWidget(PLACES[key].area, dock)
        self._window.splitDockWidget(self.docks["membrane"], self.docks["rig"], Qt.Orientation.Vertical)
        self._fold(self._window.width() < NARROW, again=True)
        for key, dock in self.docks.items():
            dock.setVisible(key in LAYOUTS[name])
        self.docks["curves"].raise_()
        self.fit(self._em)

    def show(self, name: str) -> None:
        """Bring a panel to the front."""
        self.docks[name].show()
        self.docks[name].raise_()

    # ---- sizes -----------------------------------------------------------------------------

    def follow(self) -> None:
        """The window has another size: give the sides their share of it, unless its user has divided it."""
        if self._by_hand:
            self._fold(self._window.width() < NARROW)
        else:
            self.fit(self._em)

    def fit(self, em: int) -> None:
        """Give the sides what their text needs, in a font of this size in px, and on a wide window some more."""
        self._em = em
        self.tabs.tabBar().setFont(QApplication.font())  # a new look does not reach it by itself
        width = self._window.width()
        owner = width < WIDE_EM * em
        for corner, side in (
            (Qt.Corner.BottomLeftCorner, Area.LeftDockWidgetArea),
            (Qt.Corner.BottomRightCorner, Area.RightDockWidgetArea),
        ):
            self._window.setCorner(corner, Area.BottomDockWidgetArea if owner else side)
        right = max(RIGHT_EM * em, round(RIGHT_SHARE * width))
        docks = self.docks
        self._window.resizeDocks([docks["membrane"], docks["curves"]], [LEFT_EM * em, right], Qt.Orientation.Horizontal)
        self._window.resizeDocks([docks["protocol"]], [EDITOR_EM * em], Qt.Orientation.Vertical)
        self._window.resizeDocks([docks["membrane"], docks["rig"]], [CIRCUIT_EM * em, self._window.height()],
                                 Qt.Orientation.Vertical)  # fmt: skip
        self._fold(width < NARROW)
        self._divide()

    def _fold(self, narrow: bool, *, again: bool = False) -> None:
        """On a narrow window all of the right column are tabs."""
        window, curves, numbers = self._window, self.docks["curves"], self.docks["numbers"]
        names = [name for name in ("curves", *BEHIND, "numbers") if again or self._is_at_home(name)]
        if "curves" not in names or "numbers" not in names:
            return  # its user has taken the column apart
        if not again and narrow == (curves in window.tabifiedDockWidgets(numbers)):
            return
        shown = {name for name in names if not self.docks[name].isHidden()}
        window.layout().setEnabled(False)  # a window that grew in the middle of this would be folded within it
        for name in names:  # nothing else takes tabs apart
            window.removeDockWidget(self.docks[name])
            window.addDockWidget(PLACES[name].area, self.docks[name])
        (window.tabifyDockWidget if narrow else self._below)(curves, numbers)
        for name in (name for name in BEHIND if name in names):
            window.tabifyDockWidget(curves, self.docks[name])
        for name in shown:
            self.docks[name].show()
        curves.raise_()
        window.layout().setEnabled(True)

    def _is_at_home(self, name: str) -> bool:
        """Whether a panel is on the side it belongs to, not where its user has put it."""
        dock = self.docks[name]
        return not dock.isFloating() and self._window.dockWidgetArea(dock) == PLACES[name].area

    def _below(self, upper: QDockWidget, lower: QDockWidget) -> None:
        self._window.splitDockWidget(upper, lower, Qt.Orientation.Vertical)

    def _turn(self, name: str, seen: bool) -> None:
        """A list behind the curves came to the front, which needs room, or has left it."""
        (self._in_front.add if seen else self._in_front.discard)(name)
        if self._had_room != self._needs_room:
            self._divide()

    @property
    def _needs_room(self) -> bool:
        return self.tabs.tabText(self.tabs.currentIndex()) in ROOMY and not self._in_front

    def _divide(self) -> None:
        """Give the curves less room while a tab with a plot or a long table is open; a user's own division stays."""
        pair = [self.docks["curves"], self.docks["numbers"]]
        if any(self._window.dockWidgetArea(dock) == Area.NoDockWidgetArea for dock in pair):
            return  # a layout is being restored, and has not come to it
        needs_room = self._needs_room
        if needs_room != self._had_room:
            self._heights[self._had_room] = [dock.height() for dock in pair]
            self._had_room = needs_room
        shares = self._heights.get(needs_room, list(MOSTLY_NUMBERS if needs_room else HALVES))
        self._window.resizeDocks(pair, shares, Qt.Orientation.Vertical)

    @property
    def kept(self) -> QByteArray:
        """Where everything is now, for `put_back`."""
        return self._window.saveState(VERSION)

    def put_back(self, kept: QByteArray) -> None:
        """Put everything where it was."""
        self._by_hand = self._window.restoreState(kept, VERSION)

    # ---- from one sitting to the next ------------------------------------------------------

    def remember(self) -> None:
        """Keep the layout for screens of this size."""
        kept = (self._window.saveGeometry(), self._window.saveState(VERSION))
        state = [bytes(part.toBase64().data()).decode() for part in kept]
        self._settings.remember(self._key, json.dumps({"state": state, "crc32": _checksum(state)}))

    def restore(self) -> None:
        """Take the layout that was kept for screens of this size, if it is whole and no start died of it."""
        kept, tried = self._settings.text(self._key, ""), self._settings.text("layout/trying", "")
        if not kept or tried == self._key:
            self._settings.remember(self._key, "")
            self._settings.remember("layout/trying", "")
            return
        state = _whole(kept)
        if state is None:
            return
        self._settings.remember("layout/trying", self._key)
        geometry, places = (QByteArray.fromBase64(part.encode()) for part in state)
        self._window.restoreGeometry(geometry)
        if self._window.restoreState(places, VERSION):
            self._by_hand = True
        else:
            self.choose("Student")
        self._bring_onto_a_screen()
        self._alive.start()

    @property
    def _key(self) -> str:
        size = QGuiApplication.primaryScreen().size()
        return f"layout/{size.width()}x{size.height()}"

    def _bring_onto_a_screen(self) -> None:
        """A window left on a screen that is gone comes to the first one."""
        frame = self._window.frameGeometry()
        room = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        if not any(_shares(frame, screen) for screen in room):
            self._window.resize(frame.size().boundedTo(room[0].size()))
            self._window.move(room[0].topLeft())


def _topmost(panel: QWidget) -> QWidget:
    """A panel that is not stretched beyond what suits a picture of its width."""
    body = QWidget()
    column = QVBoxLayout(body)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(panel, PICTURE)
    column.addStretch(1)
    return body


def _shares(frame: QRect, screen: QRect) -> bool:
    """Whether enough of a window is on a screen to take hold of it."""
    seen = frame.intersected(screen)
    return seen.width() >= 200 and seen.height() >= 100 and frame.top() >= screen.top() - 10


def _checksum(state: list[str]) -> int:
    return zlib.crc32("".join(state).encode())


def _whole(text: str) -> list[str] | None:
    """What was kept, if it is as it was kept."""
    try:
        kept = json.loads(text)
        state = [str(part) for part in kept["state"]]
        return state if len(state) == 2 and kept["crc32"] == _checksum(state) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
