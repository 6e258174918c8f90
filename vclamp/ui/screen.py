"""What a session keeps of the screen, so that the file opens as it was left."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray

from vclamp.errors import VClampError
from vclamp.model.files import from_data
from vclamp.model.record import Recording
from vclamp.model.rig import Rig
from vclamp.publish.scopes import SCOPES
from vclamp.ui.shelf import Shelf, read_newest

if TYPE_CHECKING:
    from vclamp.ui.window import Window


@dataclass(frozen=True)
class Screen:
    """How a run is looked at: while `newest` is the file's last run, and `behind` lies faint behind the one on show.

    `rig` is that of a what-if, None if the recorded one is on the bench; `panels` fit a window of `size`.
    """

    newest: int
    cursors_ms: tuple[float, float]
    time_ms: tuple[float, float]
    heights: tuple[tuple[str, float, float], ...]  # of scopes
    scopes: tuple[str, ...]
    panels: str
    size: tuple[int, int]
    tab: str = ""
    sweep: int | None = None
    rig: Rig | None = None
    behind: int | None = None


@dataclass(frozen=True, eq=False)
class Left:
    """A file as it was left: its runs, the one on show, the one behind it, and the screen if it was kept."""

    shelf: Shelf
    run: int
    recording: Recording
    behind: Recording | None = None
    screen: Screen | None = None


def read_as_left(path: Path) -> Left:
    """What a file holds and shows; its newest run if nothing else was kept. Slow, so not for the window's thread.

    Raises
    ------
    VClampError
        If it cannot be read, or holds no run.
    """
    shelf, run, recording = read_newest(path)
    kept = _kept(shelf)
    if kept is None:
        return Left(shelf, run, recording)
    shown, screen = kept
    behind = shelf.recording(screen.behind) if shelf.run(screen.behind) is not None else None
    return Left(shelf, shown, recording if shown == run else shelf.recording(shown), behind, screen)


def _kept(shelf: Shelf) -> tuple[int, Screen] | None:
    """The run that was on show, and the screen; None if there is no such, or another run came after it was kept."""
    if not shelf.is_session:
        return None
    from vclamp.storage.session import kept_screen

    kept = kept_screen(shelf.path)
    with suppress(VClampError):  # a newer version's, which has more to say
        if kept is not None:
            run, screen = shelf.run(kept[0]), from_data(Screen, kept[1], shelf.path.name)
            if run is not None and not run.hidden and screen.newest == max(each.id for each in shelf.runs):
                return run.id, screen
    return None


def screen_of(window: "Window", newest: int, behind: int | None) -> Screen:
    """The screen of now."""
    display, stack, rig = window.display, window.display.stack, window.bench.rig
    shown = {name: scope.plot.viewRange() for name, scope in stack.scopes.items() if scope.shown}
    recorded = display.recording
    return Screen(
        newest=newest,
        cursors_ms=display.cursors_ms,
        time_ms=tuple(map(float, next(iter(shown.values()))[0])),
        heights=tuple((name, float(low), float(high)) for name, (_, (low, high)) in shown.items()),
        scopes=tuple(sorted(stack.wanted)),
        panels=bytes(window.docks.kept.toBase64().data()).decode(),
        size=window.size().toTuple(),
        tab=window.tabs.tabText(window.tabs.currentIndex()),
        sweep=stack.family.front,
        rig=rig if recorded is not None and rig != recorded.header.rig and not window.bridge.running else None,
        behind=behind,
    )


def show_as_left(window: "Window", left: Left) -> None:
    """Show a file's run, and everything as it was."""
    documents = window.documents
    if left.screen is not None:
        window.display.stack.wanted = set(left.screen.scopes) & set(SCOPES)
    documents.show(left.recording, left.behind)
    documents.logbook.take(left.shelf, left.run, left.recording)
    if left.screen is not None:
        _put_back(window, left.screen)


def _put_back(window: "Window", screen: Screen) -> None:
    """Show the run on show like this."""
    display, stack = window.display, window.display.stack
    width, height = screen.size
    if not window.course.projector.on and width <= window.width() and height <= window.height():
        window.docks.put_back(QByteArray.fromBase64(screen.panels.encode()))
    for place in range(window.tabs.count()):
        if window.tabs.tabText(place) == screen.tab:
            window.tabs.setCurrentIndex(place)
    for name, low, high in screen.heights:
        if name in stack.scopes:
            stack.scopes[name].plot.setYRange(low, high, padding=0)
    stack.family.shown[-1].plot.setXRange(*screen.time_ms, padding=0)
    for number, time_ms in enumerate(screen.cursors_ms):
        stack.move_cursor(number, time_ms)
    if screen.sweep is not None:
        display.choose_sweep(screen.sweep)
    if screen.rig is not None:
        rig = screen.rig
        window.attempt(lambda: window.bench.set_rig(rig, "open recording"))
