"""The menus and keys, as one table."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMessageBox

from vclamp import __version__
from vclamp.ui.key_map import KeyMap
from vclamp.ui.looks import SYSTEM
from vclamp.ui.newest import Kept
from vclamp.ui.theme import THEMES

if TYPE_CHECKING:
    from vclamp.ui.window import Window


LOOSE = {"Left", "Right", "Up", "Down", "Home", "End"}
RECORDED, NOT_RECORDED = "● runs are recorded", "○ not recorded: R records the next run"
EXAM = "This is an exam: nothing tells the true values of this cell, nor of what is recorded of it"


# keys that are in no menu
MORE_KEYS = {
    "Rig": (
        ("1 … 9", "Switch a channel on or off"),
        ("Shift+1 … 9", "Only this channel; again: as before"),
        ("Alt+1 … 9", "Plot its gates alone"),
    ),
    "View": (
        ("End", "All sweeps alike"),
        ("Alt+Shift+1 … 9, 0", "Show or hide a scope"),
        ("Ctrl+1 … 3", "Layouts"),
        ("P", "Protocol editor"),
        ("Ctrl+T", "Show true values"),
    ),
    "Mouse in a scope": (
        ("wheel", "Zoom in time, with Ctrl in height"),
        ("drag", "Pan, or move a cursor"),
        ("Shift+drag", "Zoom into a box"),
        ("drag an axis", "Move its zero"),
        ("double-click an axis", "Type its limits"),
        ("right click", "Copy value, measure here, figure"),
    ),
    "In a field or list": (
        ("Enter, Esc", "Take what was typed, or leave it"),
        ("Up, Down", "Step; with Shift finely"),
        ("Ctrl+0", "Reset the value that has the focus"),
        ("F2, Delete", "Name a run, hide it"),
        ("Ctrl+C", "Copy the table"),
    ),
    "Help": (
        ("F1", "About what has the focus"),
        ("Shift+F1", "What is this? About what is clicked"),
    ),
    "Projector": (
        ("PageDown, PageUp", "Next and last lesson"),
        ("B", "Blank the screen"),
        ("L", "Red dot, while it is held"),
        ("Z", "Undo"),
    ),
}


def all_keys() -> dict[str, list[tuple[str, str]]]:
    """Every key with what it does, by groups."""
    found: dict[str, list[tuple[str, str]]] = {}
    for title, entries in MENUS.items():
        rows = [(entry[1], entry[0].rstrip("…")) for entry in entries if entry and entry[1]]
        found.setdefault(title.partition("/")[0].replace("&", ""), []).extend(rows)
    for group, more in MORE_KEYS.items():
        found.setdefault(group, []).extend(more)
    return found


def show_keys(window: "Window") -> None:
    """List all keys, over the window."""
    KeyMap(window, all_keys(), window.looks.theme)


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
        ("Lay a recording over…", "", lambda w: w.documents.open_over()),
        ("Take it away", "", lambda w: w.documents.lay_over(None)),
        None,
        ("Name the run", "Ctrl+S", lambda w: w.documents.logbook.name_run()),
        ("Note on the run", "Shift+M", lambda w: w.documents.logbook.write_note()),
        ("Save a copy…", "Ctrl+Shift+S", lambda w: w.documents.save("vclamp")),
        ("Export…", "Ctrl+E", lambda w: w.documents.export_sheet()),
        None,
        ("Replay and compare", "", lambda w: w.documents.logbook.replay()),
        ("Replay the whole session", "", lambda w: w.documents.logbook.replay_all()),
        None,
        ("Quit", "Ctrl+Q", lambda w: w.close()),
    ),
    "&Edit": (
        ("Undo", "Ctrl+Z", lambda w: w.documents.logbook.undo() or w.bench.undo()),
        ("Redo", "Ctrl+Shift+Z", lambda w: w.bench.redo()),
        None,
        ("Copy figure", "Ctrl+Shift+C", lambda w: w.navigation.copy_figure()),
        ("Copy as Python", "", lambda w: w.navigation.copy_as_python()),
    ),
    "&Protocol": (
        ("Run or pause", "Space", lambda w: w.run_or_pause()),
        ("Stop, or all sweeps alike", "Esc", lambda w: w.navigation.stop()),
        ("Record runs, or only look", "R", lambda w: w.rec.toggle()),
        ("Mark this moment, with a note", "M", lambda w: w.navigation.markers.mark()),
        ("Holding potential", "H", lambda w: w.bar.hold.take_focus()),
        None,
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
        ("I = 0", "N", lambda w: w.edit_together({"amplifier.mode": "current-clamp", "amplifier.bias_pA": 0.0})),
        None,
        ("Membrane test", "T", lambda w: w.tools.test_membrane()),
        ("Its tone", "K", lambda w: w.tools.seal.sounds.toggle()),
        None,
        ("Edit a channel…", "E", lambda w: w.tools.edit_channel()),
        ("Wash all blockers off", "W", lambda w: w.bench.wash()),
        ("Back to the control cell", "0", lambda w: w.bench.reset()),
        ("Open cell…", "", lambda w: w.documents.open_cell()),
    ),
    "&View": (("Projector", "F11", lambda w: w.course.projector.toggle()),),
    "&View/Sweeps": (
        ("Previous sweep", "Left", lambda w: w.navigation.step(-1)),
        ("Next sweep", "Right", lambda w: w.navigation.step(+1)),
        ("All sweeps alike", "Home", lambda w: w.navigation.show_all()),
    ),
    "&View/Zoom": (
        ("Fit the scope under the mouse, or all", "A", lambda w: w.navigation.fit()),
        ("Fit all scopes", "Shift+A", lambda w: w.display.stack.family.autoscale()),
        ("Larger in height", "Up", lambda w: w.navigation.zoom_height(True)),
        ("Smaller in height", "Down", lambda w: w.navigation.zoom_height(False)),
        ("Larger in time", "Shift+Up", lambda w: w.navigation.zoom_time(True)),
        ("Smaller in time", "Shift+Down", lambda w: w.navigation.zoom_time(False)),
    ),
    "&View/Look": tuple(
        (f"{name.capitalize()} look", "", lambda w, name=name: w.looks.choose(name)) for name in (SYSTEM, *THEMES)
    ),
    "&Analysis": (
        ("Keep the run as control", "C", lambda w: w.navigation.keep_control()),
        ("Clear the control", "Shift+C", lambda w: w.navigation.clear_control()),
        ("Difference from the control", "D", lambda w: w.navigation.toggle_difference()),
        None,
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


def name_menus(window: "Window") -> dict[str, QMenu]:
    """The menus in their bar, empty as yet."""
    return {title: window.menuBar().addMenu(title) for title in MENUS if "/" not in title}


def fill_menus(window: "Window", menus: dict[str, QMenu]) -> None:
    """Give the window its menus and keys."""
    from vclamp.ui.help.window import add_help
    from vclamp.ui.history import add_history
    from vclamp.ui.navigation import Navigation
    from vclamp.ui.rec import Rec

    window.navigation, window.rec = Navigation(window), Rec()
    _follow_runs(window)
    for title, entries in MENUS.items():
        name, _, sub = title.partition("/")
        above = menus[name]
        menu = above.addMenu(sub) if sub else above
        for entry in entries:
            if entry is None:
                menu.addSeparator()
            else:
                menu.addAction(_made(window, *entry))
        if title == "&File":
            _add_recent(window, menu)
        if title == "&Edit":
            add_history(window, menu)
            _name_steps(window, menu)
        if title == "&View/Look":
            _add_scopes(window, above)
            _add_truth(window, above)
            window.docks.add_to(above)
        if title == "&Analysis":
            _add_analyses(window, menu)
        if title == "&Help":
            window.help = add_help(window, menu)
    for number in range(1, 10):
        for text, key, act in (
            ("Switch channel", "", lambda w, n=number: w.navigation.switch(n)),
            ("Only channel", "Shift+", lambda w, n=number: w.navigation.solo(n)),
            ("Gates of channel", "Alt+", lambda w, n=number: w.navigation.plot_gates(n)),
        ):
            window.addAction(_made(window, f"{text} {number}", f"{key}{number}", act))
    window.navigation.bind("End", _made(window, "All sweeps alike", "", lambda w: w.navigation.show_all()))


def _made(window: "Window", text: str, key: str, act: Callable[["Window"], object]) -> QAction:
    """An action with its key; a key that lists and fields need for themselves is only taken if they do not."""
    loose = key.rpartition("+")[2] in LOOSE
    action = QAction(f"{text}\t{key}" if loose else text, window)
    if loose:
        window.navigation.bind(key, action)
    else:
        action.setShortcut(QKeySequence(key))
    action.triggered.connect(lambda _=False: act(window))
    return action


def _follow_runs(window: "Window") -> None:
    """Say beside the progress whether runs are recorded, and how long one waits for its next sweep."""
    from vclamp.ui.countdown import Countdown

    bar, rec, bridge = window.bar, window.rec, window.bridge
    bar.insertWidget(next(each for each in bar.actions() if bar.widgetForAction(each) is bar.progress), rec)

    def say_waiting(seconds: float) -> None:
        usual = bar.progress.format().partition("   ")[0]
        bar.progress.setFormat(f"{usual}   next in {seconds:.1f} s" if seconds else usual)

    Countdown(bridge, window).waiting.connect(say_waiting)
    rec.toggled.connect(lambda on: window.status.file.setText(RECORDED if on else NOT_RECORDED))
    bridge.started.connect(lambda _: rec.isChecked() or window.status.file.setText(NOT_RECORDED))


def _name_steps(window: "Window", menu: QMenu) -> None:
    """Say what undo would take back and redo do again, as "Undo TTX 0 → 30 nM", while the menu is open."""
    undo, redo = menu.actions()[:2]

    def name(undone: str, redone: str) -> None:
        for action, word, step in ((undo, "Undo", undone), (redo, "Redo", redone)):
            action.setText(f"{word} {step}".strip().replace("&", "&&"))

    menu.aboutToShow.connect(
        lambda: name(window.documents.logbook.undo_step or window.bench.undo_step, window.bench.redo_step)
    )
    menu.aboutToHide.connect(lambda: name("", ""))  # a projector shows the plain words


def _add_recent(window: "Window", menu: QMenu) -> None:
    """Files opened lately, below the entry that opens one."""
    recent = QMenu("Recent files", menu)
    menu.insertMenu(menu.actions()[1], recent)

    def show_state() -> None:
        recent.clear()
        for path in window.documents.recent:
            recent.addAction(path.name, lambda path=path: window.documents.open(path)).setToolTip(str(path))

    recent.setToolTipsVisible(True)
    recent.aboutToShow.connect(show_state)
    menu.aboutToShow.connect(lambda: recent.setEnabled(bool(window.documents.recent)))


def _add_scopes(window: "Window", menu: QMenu) -> None:
    """The scopes that can be had, ticked where they are; what the rig has nothing for is greyed."""
    from vclamp.publish.scopes import SCOPES, is_possible, line_key

    menu.addSeparator()
    actions = {}
    for number, (name, kind) in enumerate(SCOPES.items(), 1):
        action = QAction(kind.menu, window, checkable=True)
        action.setShortcut(QKeySequence(f"Alt+Shift+{number % 10}" if number <= 10 else ""))
        if name == "gates":
            action.triggered.connect(window.navigation.plot_all_gates)
        else:
            action.triggered.connect(lambda on, name=name: window.want_scope(name, on))
        menu.addAction(action)
        actions[name] = action

    def show_state() -> None:
        for name, action in actions.items():
            action.setEnabled(is_possible(name, window.bench.rig, window.bench.protocol))
            action.setChecked(name in window.display.stack.wanted)

    def show_changed() -> None:
        way = line_key(window.bench.rig), frozenset(window.display.stack.wanted)
        kept.made(window.bench.protocol, way, show_state)

    kept = Kept()
    menu.aboutToShow.connect(show_state)
    window.bench.rig_changed.connect(show_changed)
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
