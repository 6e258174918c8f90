"""The runs of the file at hand: shown, named, noted, hidden, compared and replayed."""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt

from vclamp.errors import VClampError
from vclamp.model.files import to_data
from vclamp.model.record import Header, Recording
from vclamp.ui.errands import Progress
from vclamp.ui.keeper import Begun
from vclamp.ui.newest import Newest
from vclamp.ui.panels.run_rows import counted
from vclamp.ui.panels.runs import RunsPanel
from vclamp.ui.screen import screen_of
from vclamp.ui.shelf import SESSION, Shelf, Unread, look_at

if TYPE_CHECKING:
    from vclamp.ui.documents import Documents
    from vclamp.ui.window import Window

NOTHING_YET = "There is no finished run to save yet: press Space to record one."
PLACES = 20  # remembered: runs that may still be on show
STOP_FIRST = "a run goes on: Esc stops it"


class Logbook(QObject):
    """Between the list of runs and the files they are in."""

    def __init__(self, window: "Window", documents: "Documents") -> None:
        super().__init__(documents)
        self._window, self._documents = window, documents
        self.panel = panel = RunsPanel()
        self.shelf: Shelf | None = None
        self._places: deque[tuple[Header, Path, int]] = deque(maxlen=PLACES)  # where runs are, the newest last
        self._own: Path | None = None  # the file of this sitting
        self._hides: list[tuple[Sequence[int], bool]] = []  # that can be undone
        self._after_listing: Callable[[], None] | None = None
        self._listing, self._reading = Newest(window.bridge.beside), Newest(window.bridge.beside)
        panel.wanted.connect(self.show_run)
        panel.unfolded.connect(self._read_sweep_notes)
        panel.renamed.connect(lambda run, name: self._change(lambda session: session.rename_run(run, name)))
        panel.noted.connect(lambda run, text: self._change(lambda session: session.note_run(run, text)))
        panel.tagged.connect(lambda run, tags: self._change(lambda session: session.tag_run(run, tags)))
        panel.sweep_noted.connect(self._note_sweep)
        panel.hidden.connect(self._hide)
        panel.asked.connect(self._do)
        window.bridge.begun.connect(self._begun)
        window.bridge.unsaved.connect(lambda unsaved: unsaved.why or self.list_runs())
        for signal in (window.bench.rig_changed, window.bench.protocol_changed):
            signal.connect(self._hides.clear)  # undo is then for what came later

    # ---- which run, of which file ----------------------------------------------------------

    @property
    def on_show(self) -> tuple[Path, int] | None:
        """The file and the number of the run on show, if it is in one."""
        display = self._window.display
        shown = display.shown if self._window.bridge.running else display.recording
        places = reversed(self._places) if shown is not None else ()
        return next(((path, run) for header, path, run in places if header is shown.header), None)

    def take(self, shelf: Shelf, run: int, recording: Recording) -> None:
        """List the runs of a file, of which one is on show."""
        if self.shelf is None or shelf.path != self.shelf.path or not shelf.is_session:
            self.panel.clear()
        self.shelf = shelf
        self._places.append((recording.header, shelf.path, run))
        self._listed(shelf)

    def list_runs(self, after_s: float = 0.0) -> None:
        """Bring the list up to date, after a while if something else is to be drawn first."""
        shelf = self.shelf
        if shelf is not None and shelf.is_session:
            self._listing.wish(lambda: (sleep(after_s), look_at(shelf.path))[1], self._listed)

    def _listed(self, shelf: Shelf | VClampError) -> None:
        if isinstance(shelf, VClampError) or self.shelf is None or shelf.path != self.shelf.path:
            return
        known = {run.id for run in self.shelf.runs}
        self.shelf = shelf
        self.panel.show_shelf(shelf)
        self._mark()
        shown = self.on_show
        if shown is not None and (shown[1] not in known or not self.panel.chosen):
            self.panel.choose(shown[1])
        after, self._after_listing = self._after_listing, None
        if after is not None:
            after()

    def _mark(self) -> None:
        shown, here = self.on_show, self.shelf.path if self.shelf is not None else None
        run = shown[1] if shown is not None and shown[0] == here else None
        bridge = self._window.bridge
        mark = "▲ not all saved" if bridge.n_unsaved else "● under way" if bridge.running else ""
        self.panel.set_on_show(run, mark)

    def _begun(self, begun: Begun) -> None:
        if self.shelf is None or self.shelf.path != begun.path:
            self.panel.clear()
            self.shelf = Shelf(begun.path)
        self._own = begun.path
        self._places.append((begun.header, begun.path, begun.run))
        self.list_runs()

    def show_run(self, run: int) -> None:
        """Read a run and put it on show."""
        shelf = self.shelf
        if self._window.bridge.running:
            self._window.status.showMessage(STOP_FIRST, 4000)
        elif shelf is not None and (shelf.path, run) != self.on_show:
            self._reading.wish(lambda: shelf.recording(run), lambda found: self._show(shelf, run, found))

    def _show(self, shelf: Shelf, run: int, found: Recording | VClampError) -> None:
        if not isinstance(found, VClampError):
            self._places.append((found.header, shelf.path, run))
        self._documents.show(found)
        self._mark()

    def turn_to(self) -> None:
        """Bring the list to the front."""
        self._window.docks.show("runs")

    # ---- what users say of runs ------------------------------------------------------------

    def name_run(self) -> None:
        """Say where the run on show is, and let it be named there."""
        window, shown = self._window, self.on_show
        if shown is None:
            window.banner.say(self._why_not_named())
            return
        path, run = shown
        self.keep_screen()
        window.status.announce_file(f"saved: {path.name}, run {run}", path)
        if self.shelf is not None and path == self.shelf.path and self.shelf.is_session:
            self.turn_to()
            proposed = f"{window.bench.protocol.name} {run}"
            self._when_listed(run, lambda: self.panel.rename(run, proposed))

    def keep_screen(self, *, only_own: bool = False) -> None:
        """Write down with the run on show how it is looked at; `only_own` leaves files of other sittings alone."""
        shown, shelf = self.on_show, self.shelf
        if shown is None or shown[0].suffix != SESSION or (only_own and shown[0] != self._own):
            return
        path, run = shown
        places = [(number, header) for header, file, number in self._places if file == path]
        listed = [each.id for each in shelf.runs] if shelf is not None and shelf.path == path else []
        newest, faint = max(listed + [number for number, _ in places]), self._window.display.behind
        behind = next((number for number, header in places if faint is not None and header is faint.header), None)
        screen = screen_of(self._window, newest, behind if behind != run else None)
        self._window.bridge.amend(path, lambda session: session.keep_screen(run, to_data(screen)), lambda _: None)

    def _why_not_named(self) -> str:
        window = self._window
        if window.bridge.n_unsaved:
            return "The disk refuses this run: it is in memory only. Save elsewhere, or make room."
        if window.display.recording is None:
            return NOTHING_YET
        return "This run is in no file: save a copy (Ctrl+Shift+S)."

    def write_note(self) -> None:
        """Let the user write a note on the run on show."""
        shown, shelf = self.on_show, self.shelf
        if shown is None or shelf is None:
            self._window.banner.say("There is no recorded run to write a note on: press Space to record one.")
        elif shown[0] != shelf.path or not shelf.is_session:
            self._window.banner.say(f"{shown[0].name} is no session: save a copy as one first (Ctrl+Shift+S).")
        else:
            self.turn_to()
            self._when_listed(shown[1], lambda: self.panel.write_note(shown[1]))

    def _when_listed(self, run: int, act: Callable[[], None]) -> None:
        """A run that has just begun is not listed yet."""
        if self.shelf is not None and self.shelf.run(run) is not None:
            act()
        else:
            self._after_listing = act
            self.list_runs()

    def _note_sweep(self, run: int, sweep: int, text: str) -> None:
        self._change(lambda session: session.note_sweep(run, sweep, text), lambda: self._read_sweep_notes(run))

    def _read_sweep_notes(self, run: int) -> None:
        shelf = self.shelf
        if shelf is None:
            return

        def show(found: Recording | VClampError) -> None:
            if not isinstance(found, VClampError) and self.shelf is not None and self.shelf.path == shelf.path:
                self.panel.show_sweep_notes(run, found.about.sweep_notes)

        self._window.bridge.beside(lambda: shelf.recording(run, ()), show)

    def _change(self, change: Callable[[Any], Any], then: Callable[[], None] | None = None) -> None:
        """Write something down in the file at hand, and bring the list up to date."""

        def changed(found: object) -> None:
            if isinstance(found, VClampError):
                self._window.banner.say(f"not changed: {found}")
            (then or self.list_runs)()

        if self.shelf is not None and self.shelf.is_session:
            self._window.bridge.amend(self.shelf.path, change, changed)

    def _hide(self, runs: Sequence[int], hide: bool) -> None:
        def change(session: Any) -> None:
            for run in runs:
                session.hide_run(run, hidden=hide)

        self._hides.append((runs, hide))
        self._change(change)
        done = "hidden: Ctrl+Z brings back" if hide else "brought back: Ctrl+Z hides again"
        self._window.status.showMessage(f"{counted(len(runs), 'run')} {done}", 8000)

    @property
    def undo_step(self) -> str:
        """What undo would take back here; empty if nothing."""
        if not self._hides:
            return ""
        runs, hide = self._hides[-1]
        return f"{'hiding' if hide else 'bringing back'} {counted(len(runs), 'run')}"

    def undo(self) -> bool:
        """Take the last hiding back, if nothing came after it."""
        if not self._hides:
            return False
        runs, hide = self._hides.pop()
        self._hide(runs, not hide)
        self._hides.pop()
        return True

    # ---- what is done with runs ------------------------------------------------------------

    def _do(self, what: str) -> None:
        """What was asked for in the list's menu."""
        chosen = self.panel.chosen
        if what == "rename" and chosen:
            self.panel.rename(chosen[-1])
        elif what == "note":
            self.panel.note.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif what == "over" and self.shelf is not None and chosen:
            shelf, run = self.shelf, chosen[-1]
            self._reading.wish(lambda: shelf.recording(run), self._documents.lay_over)
        elif what == "export":
            self._documents.export_sheet()
        elif what == "replay":
            self.replay(chosen)

    def unread(self, runs: Sequence[int], sweeps: frozenset[int] | None = None) -> Unread:
        """Runs of the file at hand, to be read when their turn comes."""
        assert self.shelf is not None
        return Unread(self.shelf, runs, sweeps)

    def replay(self, runs: Sequence[int] | None = None) -> None:
        """Run runs again, by default the one on show, and compare them bit for bit."""
        shelf, shown, recording = self.shelf, self.on_show, self._window.display.recording
        if runs is None and shown is not None and shelf is not None and shown[0] == shelf.path:
            runs = (shown[1],)
        if runs is not None and shelf is not None:
            runs = [run.id for run in shelf.runs if run.id in runs and run.n_sweeps]
        if not runs and recording is None:
            self._window.banner.say("There is nothing to replay: press Space to record a run.")
            return
        source = self.unread(runs) if runs else [recording]
        path = shelf.path if runs and shelf is not None else Path("memory.vclamp")
        what = "replaying the run" if len(source) == 1 else f"replaying {len(source)} runs"
        self._documents.errands.add(what, lambda progress: _compare(source, path, progress), self._compared)

    def replay_all(self) -> None:
        """Replay every run of the file at hand."""
        self.replay([run.id for run in self.shelf.runs if not run.hidden] if self.shelf is not None else None)

    def _compared(self, found: str | VClampError) -> None:
        if isinstance(found, VClampError):
            self._window.banner.say(str(found))
        else:
            self._window.status.announce(found)


def _compare(source: Sequence[Recording], path: Path, progress: Progress) -> str:
    """What comes of running recordings again.

    Raises
    ------
    VClampError
        If one does not come out the same, or cannot be run.
    """
    from vclamp.run.runner import replay
    from vclamp.storage.recordings import unlike

    n_sweeps = 0
    for number in range(len(source)):
        recording = source[number]
        replayed = replay(recording, progress=lambda done, n=number: progress((n + done) / len(source)))
        found = unlike(replayed, recording, path)
        if found:
            run = f"run {number + 1} of {len(source)}: " if len(source) > 1 else ""
            made = f" It was recorded by VClamp {recording.header.version}." if recording.header.version else ""
            raise VClampError(f"{run}not the same as it was recorded: {found[0]}.{made}", where=path.name)
        n_sweeps += len(recording.sweeps)
    runs = f" of {len(source)} runs" if len(source) > 1 else ""
    return f"{counted(n_sweeps, 'sweep')}{runs} identical, bit for bit"
