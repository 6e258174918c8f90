"""Opening, saving and listing recordings; slow work happens beside the window."""

from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QListWidget, QListWidgetItem

from vclamp import paths
from vclamp.analysis.results import Question, Result
from vclamp.errors import VClampError
from vclamp.model.record import Recording
from vclamp.ui.worker import Saved

if TYPE_CHECKING:
    from vclamp.ui.window import Window


class Documents(QObject):
    """The files of this sitting."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        self._path: Path | None = None
        self.runs = QListWidget()
        self.runs.setToolTip("Runs in this file; click one to show it")
        self.runs.itemClicked.connect(self._show_run)
        window.bridge.saved.connect(self._note_session)

    def open(self, path: Path | None = None) -> None:
        """Show a recording; its cell and protocol come onto the bench."""
        path = path or self._ask_open("Open recording", "Recordings (*.vclamp *.nwb)", self._folder())
        if path is None:
            return
        from vclamp.storage.recordings import load

        self._window.bridge.beside(lambda: load(path), lambda found: self._opened(path, found))

    def save(self, kind: str) -> None:
        """Write the run on show to a file; its ending is the format."""
        recording = self._window.display.recording
        if recording is None:
            self._window.banner.say("There is no finished run to save yet: press Space to record one.")
            return
        from vclamp.publish.exporters import EXPORTERS, export

        name = f"{recording.header.protocol.name}{EXPORTERS[kind].suffix}"
        order = sorted(EXPORTERS.values(), key=lambda e: e.suffix != EXPORTERS[kind].suffix)
        filters = ";;".join(f"{e.title} (*{e.suffix})" for e in order)
        chosen, picked = QFileDialog.getSaveFileName(self._window, "Save run", str(self._folder() / name), filters)
        if not chosen:
            return
        target = Path(chosen)
        if not target.suffix:
            target = target.with_suffix(picked.rsplit("*", 1)[-1].rstrip(")"))
        self._window.status.showMessage(f"writing {target.name}…")
        # the dialog has asked already whether an existing file may be replaced
        self._window.bridge.beside(lambda: (export([recording], target, overwrite=True), target)[1], self._exported)

    @property
    def path(self) -> Path | None:
        """The file whose runs are listed."""
        return self._path

    def save_results(self, kind: str) -> None:
        """Write what the analysis on show found as CSV (points, and numbers in a second file) or JSON."""
        window = self._window
        result, question = window.analyst.panel.result, window.analyst.question
        if result is None or question is None or not (result.curves or result.estimates):
            window.banner.say("There are no results yet: turn to the tab Analysis.")
            return
        proposed = self._folder() / f"{window.bench.protocol.name}-{result.analysis}.{kind}"
        chosen, _ = QFileDialog.getSaveFileName(window, "Export results", str(proposed), f"{kind.upper()} (*.{kind})")
        if not chosen:
            return
        target = Path(chosen)
        target = target if target.suffix else target.with_suffix(f".{kind}")
        window.bridge.beside(lambda: _write_results(target, result, question), self._exported)

    def open_protocol(self) -> None:
        """Take a protocol from a file."""
        path = self._ask_open("Open protocol", "Protocols (*.toml)", paths.PROTOCOLS)
        if path is not None:
            self._window.load_protocol(str(path))

    def open_cell(self) -> None:
        """Take a cell from a file."""
        path = self._ask_open("Open cell", "Cells (*.toml)", paths.CELLS)
        if path is not None:
            self._window.load_cell(str(path))

    def list_runs(self, after_s: float = 0.0) -> None:
        """Bring the list of runs up to date, after a while if something else is to be drawn first."""
        path = self._path
        if path is not None and path.suffix == ".vclamp":
            self._window.bridge.beside(lambda: _run_titles(path, after_s), self._listed)

    def _listed(self, titles: object) -> None:
        if isinstance(titles, VClampError):
            return
        assert isinstance(titles, list)
        self.runs.clear()
        for run, title in titles:
            item = QListWidgetItem(title)
            item.setData(Qt.ItemDataRole.UserRole, run)
            self.runs.addItem(item)
        self.runs.setCurrentRow(self.runs.count() - 1)

    def _show_run(self, item: QListWidgetItem) -> None:
        path, run = self._path, item.data(Qt.ItemDataRole.UserRole)
        if path is not None and not self._window.bridge.running:
            self._window.bridge.beside(lambda: _recording(path, run), self._show)

    def _opened(self, path: Path, found: object) -> None:
        if isinstance(found, tuple) and found:
            self._path = path
            self.runs.clear()
            self.list_runs()
        self._show(found[-1] if isinstance(found, tuple) and found else found)

    def _show(self, recording: object) -> None:
        """Put a recording on the bench and on show, or say why not."""
        window = self._window
        if not isinstance(recording, Recording):
            window.banner.say(str(recording or "The file holds no runs."))
            return
        window.bench.set_scene(recording.header.rig, recording.header.protocol, "open recording")
        window.forget_run()
        window.display.show_recording(recording)
        window.bridge.change(window.bench.rig, window.bench.protocol, preview=False)
        window.banner.hide()

    def _exported(self, result: object) -> None:
        self._window.status.clearMessage()
        if isinstance(result, VClampError):
            self._window.banner.say(str(result))
        else:
            self._window.status.showMessage(f"saved and checked: {result}", 10_000)

    def _note_session(self, saved: Saved) -> None:
        self._path = saved.path

    def _folder(self) -> Path:
        folder = paths.user_folder() / "recordings"
        return folder if folder.is_dir() else Path.home()

    def _ask_open(self, title: str, pattern: str, folder: Path) -> Path | None:
        chosen, _ = QFileDialog.getOpenFileName(self._window, title, str(folder), pattern)
        return Path(chosen) if chosen else None


def _run_titles(path: Path, after_s: float) -> list[tuple[int, str]]:
    sleep(after_s)
    from vclamp.storage.session import Session

    with Session.open(path) as session:
        return [
            (
                run.id,
                f"{run.started_utc[11:19]}  {run.header.protocol.title}, {run.header.rig.cell.title}, "
                f"{run.n_sweeps} sweeps",
            )
            for run in session.runs()
            if not run.hidden
        ]


def _write_results(target: Path, result: Result, question: Question) -> Path:
    """The files that `vclamp analyse` writes too; the dialog has asked already whether they may be replaced."""
    from vclamp.analysis.report import as_json, estimates_csv, points_csv

    texts = {target: as_json(result, question)}
    if target.suffix != ".json":
        texts = {target: points_csv(result), target.with_stem(f"{target.stem}-results"): estimates_csv(result)}
    again = target.exists()
    for path, text in texts.items():
        if text:
            _write_text(path, text, overwrite=again or path == target)
    return target


def _write_text(target: Path, text: str, *, overwrite: bool) -> None:
    from vclamp.storage.safely import write_safely

    def check(place: Path) -> None:
        if place.read_bytes() != text.encode():
            raise VClampError("does not read back as it was written", where=target.name)

    write_safely(target, lambda place: place.write_bytes(text.encode()) and None, check, overwrite=overwrite)


def _recording(path: Path, run: int) -> Recording:
    from vclamp.storage.session import Session

    with Session.open(path) as session:
        return session.recording(run)
