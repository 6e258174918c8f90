"""The right column: the I–V above, and below it tabs, of which some need more room than others."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QTabWidget, QWidget

if TYPE_CHECKING:
    from vclamp.ui.analyst import Analyst
    from vclamp.ui.display import Display

HALVES, MOSTLY_TABS = (500, 500), (280, 720)  # parts of the height for the I–V and for the tabs


class RightColumn(QSplitter):
    """Gives the I–V less room while a tab with a plot or a long table is open; a user's own division stays."""

    def __init__(self, display: "Display", analyst: "Analyst", runs: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.tabs = QTabWidget()
        self._wide = (analyst.panel, analyst.measure)
        self._sizes: dict[bool, list[int]] = {}
        for title, widget in (
            ("Cursors", display.cursors),
            ("Measure", analyst.measure),
            ("Analysis", analyst.panel),
            ("Ledger", display.ledger),
            ("Runs", runs),
        ):
            self.tabs.addTab(widget, title)
        self.addWidget(display.iv)
        self.addWidget(self.tabs)
        self._divide()
        self.tabs.currentChanged.connect(self._divide)
        self.splitterMoved.connect(lambda *where: self._sizes.update({self._needs_room: self.sizes()}))

    @property
    def _needs_room(self) -> bool:
        return self.tabs.currentWidget() in self._wide

    def _divide(self) -> None:
        shares = MOSTLY_TABS if self._needs_room else HALVES
        self.setSizes(self._sizes.get(self._needs_room, list(shares)))
