"""The menus and keys, as one table."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMessageBox

from vclamp import __version__
from vclamp.ui.scopes.kinds import SCOPES, is_possible
from vclamp.ui.theme import THEMES

if TYPE_CHECKING:
    from vclamp.ui.window import Window


EXAM = "This is an exam: nothing tells the true values of this cell, nor of what is recorded of it"


def show_keys(window: "Window") -> None:
    """List all keys."""
    rows = [f"{entry[1]}\t{entry[0]}" for entries in MENUS.values() for entry in entries if entry and entry[1]]
    rows += [
        "1…9\tSwitch a channel on or off",
        "Alt+1…9, Alt+0\tShow or hide a scope",
        "Wheel\tZoom in time",
        "Ctrl+Wheel\tZoom in height",
    ]
    _tell(window, "Keys", "\n".join(rows))


def show_about(window: "Window") -> None:
    """Say what this is."""
    _tell(window, "About VClamp", f"VClamp {__version__}\nA virtual voltage-clamp rig.")


def _tell(window: "Window", title: str, text: str) -> None:
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, parent=window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()


# menu: (text, key, what it does), None for a line between
MENUS = {
    "&File": (
        ("Open recording…", "Ctrl+O", lambda w: w.documents.open()),
        ("Save run as…", "Ctrl+S", lambda w: w.documents.save("vclamp")),
        ("Export run…", "Ctrl+E", lambda w: w.documents.save("nwb")),
        None,
        ("Quit", "Ctrl+Q", lambda w: w.close()),
    ),
    "&Edit": (
        ("Undo", "Ctrl+Z", lambda w: w.bench.undo()),
        ("Redo", "Ctrl+Shift+Z", lambda w: w.bench.redo()),
    ),
    "&Protocol": (
        ("Run or pause", "Space", lambda w: w.run_or_pause()),
        ("Stop", "Esc", lambda w: w.stop()),
        ("Open protocol…", "Ctrl+P", lambda w: w.documents.open_protocol()),
        ("Use the cell it is made for", "", lambda w: w.course.use_its_cell()),
        None,
        ("Slower", "-", lambda w: w.change_speed(-1)),
        ("Faster", "=", lambda w: w.change_speed(+1)),
        ("Real time", "/", lambda w: w.change_speed(0)),
    ),
    "&Rig": (
        ("Voltage clamp", "V", lambda w: w.edit("amplifier.mode", "voltage-clamp")),
        ("Current clamp", "I", lambda w: w.edit("amplifier.mode", "current-clamp")),
        ("I = 0", "N", lambda w: w.leave_alone()),
        None,
        ("Wash all blockers off", "W", lambda w: w.bench.wash()),
        ("Back to the control cell", "0", lambda w: w.reset()),
        ("Open cell…", "", lambda w: w.documents.open_cell()),
    ),
    "&View": (
        ("Fit the scopes to the data", "A", lambda w: w.display.stack.family.autoscale()),
        None,
        *((f"{name.capitalize()} look", "", lambda w, name=name: w.set_theme(name)) for name in THEMES),
    ),
    "&Analysis": (
        ("G-V", "G", lambda w: w.analyst.choose("gv", "tail-gv")),
        ("Fit between the cursors", "F", lambda w: w.analyst.choose("exponentials")),
        ("Measure between the cursors", "", lambda w: w.tabs.setCurrentWidget(w.analyst.measure)),
        None,
        ("Copy results", "", lambda w: w.analyst.panel.table.copy()),
        ("Export results as CSV…", "", lambda w: w.documents.save_results("csv")),
        ("Export results as JSON…", "", lambda w: w.documents.save_results("json")),
    ),
    "&Help": (
        ("Keys", "?", show_keys),
        ("About VClamp", "", show_about),
    ),
}


def add_menus(window: "Window") -> None:
    """Give the window its menus and keys."""
    for title, entries in MENUS.items():
        menu = window.menuBar().addMenu(title)
        for entry in entries:
            if entry is None:
                menu.addSeparator()
                continue
            text, key, act = entry
            action = QAction(text, window)
            action.setShortcut(QKeySequence(key))
            action.triggered.connect(lambda _=False, act=act: act(window))
            menu.addAction(action)
        if title == "&View":
            _add_scopes(window, menu)
            _add_truth(window, menu)
            window.docks.add_to(menu)
        if title == "&Analysis":
            _add_analyses(window, menu)
    for number in range(1, 10):
        action = QAction(f"Switch channel {number}", window)
        action.setShortcut(QKeySequence(str(number)))
        action.triggered.connect(lambda _=False, n=number: window.toggle_channel(n))
        window.addAction(action)


def _add_scopes(window: "Window", menu: QMenu) -> None:
    """The scopes that can be had, ticked where they are; what the rig has nothing for is greyed."""
    menu.addSeparator()
    actions = {}
    for number, (name, kind) in enumerate(SCOPES.items(), 1):
        action = QAction(kind.menu, window, checkable=True)
        action.setShortcut(QKeySequence(f"Alt+{number % 10}"))
        action.triggered.connect(lambda on, name=name: window.want_scope(name, on))
        menu.addAction(action)
        actions[name] = action

    def show_state() -> None:
        for name, action in actions.items():
            action.setEnabled(is_possible(name, window.bench.rig, window.bench.protocol))
            action.setChecked(name in window.display.stack.wanted)

    menu.aboutToShow.connect(show_state)
    window.bench.rig_changed.connect(show_state)
    show_state()


def _add_truth(window: "Window", menu: QMenu) -> None:
    """Whether true values stand beside estimates; an exam hides them for good."""
    menu.addSeparator()
    menu.setToolTipsVisible(True)
    action = QAction("Show true values", window, checkable=True, checked=window.analyst.truth)
    action.setShortcut(QKeySequence("Ctrl+T"))
    action.triggered.connect(window.analyst.show_truth)
    menu.addAction(action)

    def show_state() -> None:
        exam = window.analyst.exam
        action.setEnabled(not exam)
        action.setToolTip(EXAM if exam else "What only a simulator knows, beside what was measured")

    menu.aboutToShow.connect(show_state)
    window.display.changed.connect(show_state)
    window.bench.rig_changed.connect(show_state)
    show_state()


def _add_analyses(window: "Window", menu: QMenu) -> None:
    """The analyses that the recording on show, or the protocol, was made for."""
    own = menu.actions()

    def show_state() -> None:
        for action in menu.actions():
            if action not in own:
                menu.removeAction(action)
                action.deleteLater()
        menu.addSeparator()
        for name, title in window.analyst.suiting.items():
            action = QAction(title, menu)
            action.triggered.connect(lambda _=False, name=name: window.analyst.choose(name))
            menu.addAction(action)

    menu.aboutToShow.connect(show_state)
