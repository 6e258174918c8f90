"""Edit > History: the named steps that led to what is on the bench, and those taken back; a click goes there."""

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from vclamp.ui.window import Window

MOST = 15  # steps each way
FIRST = "as it was at first"


def add_history(window: "Window", menu: QMenu) -> None:
    """A menu of steps below those of undo, made when it is opened."""
    history = QMenu("History", menu)
    history.setToolTipsVisible(True)
    bench = window.bench

    def show_state() -> None:
        history.clear()
        past, future = bench.steps
        first = FIRST if len(past) <= MOST else f"… {len(past) - MOST} steps more"
        names = [first, *past[-MOST:], *future[:MOST]]
        now = min(len(past), MOST)
        for place, name in enumerate(names):
            action = QAction(name.replace("&", "&&"), history, checkable=True, checked=place == now)
            action.triggered.connect(lambda _=False, by=place - now: bench.go_by(by))
            action.setToolTip("where you are" if place == now else "go there")
            history.addAction(action)

    menu.addSeparator()
    menu.addMenu(history)
    history.aboutToShow.connect(show_state)
    menu.aboutToShow.connect(lambda: history.setEnabled(any(bench.steps)))
