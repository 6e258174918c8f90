"""Opening, saving and exporting files; slow work happens beside the window."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.files import kind_of, load_protocol, load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording
from vclamp.model.rig import Rig
from vclamp.publish.scopes import SCOPES, is_possible
from vclamp.storage.safely import safe_name
from vclamp.ui.behind import rig_for
from vclamp.ui.errands import Errands
from vclamp.ui.logbook import NOTHING_YET, Logbook
from vclamp.ui.panels.run_rows import counted
from vclamp.ui.rescue import Rescue
from vclamp.ui.screen import Left, read_as_left, show_as_left
from vclamp.ui.shelf import SESSION, read_newest
from vclamp.ui.watch import Watch

if TYPE_CHECKING:
    from vclamp.ui.exporting import ExportSheet
    from vclamp.ui.exports import Offer, Order
    from vclamp.ui.window import Window

OPENED = (SESSION, ".nwb", ".abf", ".atf", ".csv")
OPENS = f"Recordings ({' '.join(f'*{suffix}' for suffix in OPENED)})"
MOST_RECENT = 8
LEAVE_S = 2.0  # for exports, when the window closes


class Documents(QObject):
    """The files of this sitting."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        self.errands = Errands(window.bridge.beside, self)
        self.logbook = Logbook(window, self)
        self.runs = self.logbook.panel
        self.rescue, self.watch = Rescue(window), Watch(window)
        self.errands.changed.connect(lambda: window.status.follow(self.errands))
        self.errands.cancelled.connect(lambda title: window.status.announce(f"{title}: cancelled"))
        self.list_runs = self.logbook.list_runs
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    @property
    def path(self) -> Path | None:
        """The file whose runs are listed."""
        return self.logbook.shelf.path if self.logbook.shelf is not None else None

    # ---- opening ---------------------------------------------------------------------------

    def open(self, path: Path | None = None) -> None:
        """Show a recording, a protocol or a cell; the cell and protocol of a recording come onto the bench."""
        path = path or self._ask_open("Open recording", OPENS, self._folder())
        if path is None:
            return
        if path.suffix.lower() == ".toml":
            self._read_description(path)
            return
        self._window.bridge.beside(lambda: read_as_left(path), self._opened)

    def _opened(self, found: Left | VClampError) -> None:
        if isinstance(found, VClampError):
            self._window.banner.say(str(found))
            return
        self._remember(found.shelf.path)
        show_as_left(self._window, found)

    def show(self, recording: Recording | VClampError, before: Recording | None = None) -> None:
        """Put a recording on the bench and on show, or say why not; what another program recorded has no rig."""
        window = self._window
        if isinstance(recording, VClampError):
            window.banner.say(str(recording))
            return
        window.bench.set_scene(rig_for(recording, window.bench.rig), recording.header.protocol, "open recording")
        window.forget_run()
        window.display.show_recording(recording, before)
        window.bridge.change(window.bench.rig, window.bench.protocol, preview=False)
        if recording.foreign and recording.about.note:
            window.banner.say(f"{recording.about.source}: {recording.about.note}")
        else:
            window.banner.hide()

    def lay_over(self, recording: Recording | VClampError | None) -> None:
        """Draw a recording over the run on show; with None, that which is there no longer."""
        if isinstance(recording, VClampError):
            self._window.banner.say(str(recording))
            return
        try:
            self._window.display.lay_over(recording)
        except VClampError as error:
            self._window.banner.say(str(error))

    def open_over(self) -> None:
        """Lay the newest run of a file over the run on show."""
        path = self._ask_open("Lay over", OPENS, self._folder())
        if path is not None:
            self._window.bridge.beside(lambda: read_newest(path)[2], self.lay_over)

    def open_protocol(self) -> None:
        """Take a protocol from a file."""
        path = self._ask_open("Open protocol", "Protocols (*.toml)", paths.PROTOCOLS)
        if path is not None:
            self._read_description(path, "protocol")

    def open_cell(self) -> None:
        """Take a cell from a file."""
        path = self._ask_open("Open cell", "Cells (*.toml)", paths.CELLS)
        if path is not None:
            self._read_description(path, "cell")

    def _read_description(self, path: Path, kind: str = "") -> None:
        """Take the cell or protocol of a file, read beside the window."""

        def take(found: Rig | Protocol | VClampError) -> None:
            if isinstance(found, VClampError):
                self._window.banner.say(str(found))
                return
            (self._window.load_cell if isinstance(found, Rig) else self._window.load_protocol)(found)
            self.watch.follow(path, found)
            self._remember(path)

        self._window.bridge.beside(lambda: description(path, kind), take)

    def eventFilter(self, window: QObject, event: QEvent) -> bool:
        """What is dropped onto the window is opened."""
        if event.type() not in (QEvent.Type.DragEnter, QEvent.Type.Drop) or not isinstance(event, QDropEvent):
            return False
        dropped = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        known = [path for path in dropped if path.suffix.lower() in (*OPENED, ".toml")]
        if known:
            event.acceptProposedAction()
            if event.type() == QEvent.Type.Drop:
                self.open(known[0])
        return bool(known)

    # ---- saving ----------------------------------------------------------------------------

    def save(self, kind: str) -> None:
        """Write the run on show to a file that is asked for; its ending is the format."""
        from vclamp.publish.exporters import EXPORTERS
        from vclamp.ui.exports import Order

        offers = self._offers()
        if not offers:
            self._window.banner.say(NOTHING_YET)
            return
        name = f"{offers[0].stem}{EXPORTERS[kind].suffix}"
        order = sorted(EXPORTERS.values(), key=lambda e: e.suffix != EXPORTERS[kind].suffix)
        filters = ";;".join(f"{e.title} (*{e.suffix})" for e in order)
        chosen, picked = QFileDialog.getSaveFileName(self._window, "Save run", str(self._folder() / name), filters)
        if not chosen:
            return
        target = Path(chosen)
        if not target.suffix:
            target = target.with_suffix(picked.rsplit("*", 1)[-1].rstrip(")"))
        # the dialog has asked already whether the file that was chosen may be replaced
        self._export(Order(offers[0].recordings, target, overwrite=target == Path(chosen)))

    def export_sheet(self) -> "ExportSheet | None":
        """Ask what to export, and how."""
        from vclamp.ui.exporting import ExportSheet

        window, offers = self._window, self._offers()
        if not offers:
            window.banner.say(NOTHING_YET)
            return None
        sheet = ExportSheet(window, offers, Path.exists)
        kinds = {name: kind.menu for name, kind in SCOPES.items()}
        recording = window.display.recording
        if recording is not None and not recording.foreign:
            header = recording.header
            possible = {name: title for name, title in kinds.items() if is_possible(name, header.rig, header.protocol)}
            sheet.figure.offer(possible, window.display.stack.family.shown)
        folder = Path(window.settings.text("export_folder", "") or self._folder())
        sheet.remember(window.settings.text("export_format", "nwb"), folder if folder.is_dir() else self._folder())
        sheet.ordered.connect(self._order)
        sheet.show()
        sheet.export.setFocus()
        return sheet

    def _order(self, order: "Order") -> None:
        self._window.settings.remember("export_format", order.path.suffix.removeprefix("."))
        self._window.settings.remember("export_folder", str(order.path.parent))
        self._export(order)

    def _export(self, order: "Order") -> None:
        from vclamp.ui.exports import carry_out

        self.errands.add(f"exporting {order.path.name}", lambda progress: carry_out(order, progress), self._exported)

    def _offers(self) -> "list[Offer]":
        """What can be exported now; the usual first."""
        from vclamp.ui.exports import Offer

        logbook, recording = self.logbook, self._window.display.recording
        shelf, shown = logbook.shelf, logbook.on_show
        offers = []
        here = shelf is not None and shown is not None and shown[0] == shelf.path and shelf.run(shown[1])
        if here:
            offers.append(Offer(f"The run on show: {here.title}", safe_name(here.title), logbook.unread([here.id])))
        elif recording is not None:
            offers.append(Offer("The run on show", recording.header.protocol.name, [recording]))
        if shelf is None:
            return offers
        full = {run.id for run in shelf.runs if run.n_sweeps}
        some, sweeps = [run for run in logbook.panel.chosen if run in full], logbook.panel.chosen_sweeps
        if sweeps is not None:
            words = f"Selected: {counted(len(sweeps[1]), 'sweep')} of a run"
            offers.insert(0, Offer(words, f"{shelf.path.stem}-sweeps", logbook.unread([sweeps[0]], sweeps[1])))
        elif len(some) > 1:
            offers.insert(0, Offer(f"Selected: {len(some)} runs", f"{shelf.path.stem}-runs", logbook.unread(some)))
        every = [run.id for run in shelf.runs if run.n_sweeps and not run.hidden]
        if every:
            words = f"The whole session: {counted(len(every), 'run')}"
            offers.append(Offer(words, shelf.path.stem, logbook.unread(every)))
        return offers

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
        from vclamp.publish.results import write_results

        form: Literal["csv", "json"] = "json" if target.suffix == ".json" else "csv"
        again = target == Path(chosen) and target.exists()  # about which the dialog has asked
        window.bridge.beside(lambda: write_results(target, result, question, form, overwrite=again), self._exported)

    def _exported(self, found: tuple[Path, ...] | VClampError) -> None:
        if isinstance(found, VClampError):
            self._window.banner.say(str(found))
            return
        names = found[0].name if len(found) == 1 else f"{len(found)} files, {found[0].name} first"
        self._window.status.announce_file(f"saved and checked: {names}", found[0])

    def may_close(self) -> bool:
        """Whether the window may go; what was written is kept, and exports under way are given a moment."""
        self.runs.flush()
        self.logbook.keep_screen(only_own=True)
        if not self.rescue.may_close():
            return False
        self.errands.leave(LEAVE_S)
        return True

    # ---- recent files ----------------------------------------------------------------------

    @property
    def recent(self) -> list[Path]:
        """Files opened lately, the last one first."""
        return [Path(line) for line in self._window.settings.text("recent", "").splitlines() if line]

    def _remember(self, path: Path) -> None:
        path = path.absolute()
        lines = [str(path), *(str(other) for other in self.recent if other != path)]
        self._window.settings.remember("recent", "\n".join(lines[:MOST_RECENT]))

    def _folder(self) -> Path:
        folder = self._window.bridge.folder
        return folder if folder.is_dir() else paths.home()

    def _ask_open(self, title: str, pattern: str, folder: Path) -> Path | None:
        chosen, _ = QFileDialog.getOpenFileName(self._window, title, str(folder), pattern)
        return Path(chosen) if chosen else None


def description(path: Path, kind: str = "") -> Rig | Protocol:
    """The cell or protocol that a text file describes; of a `kind` if only that will do.

    Raises
    ------
    VClampError
        If it describes something else, or not rightly.
    """
    kind = kind or kind_of(path)
    if kind == "channel":
        raise VClampError("it describes a channel", where=path.name, remedy="Name it in a cell, and open that.")
    return (load_rig if kind == "cell" else load_protocol)(path)
