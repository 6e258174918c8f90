"""Moments of a sweep that were marked while it ran or afterwards: lines of its note that begin with a time."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QObject, QRect, Qt
from PySide6.QtGui import QColor

from vclamp.model.record import Chunk
from vclamp.publish.scopes import hero, time_unit
from vclamp.ui.scopes.handling import NoteEditor
from vclamp.ui.scopes.kinds import Scope, label_font

if TYPE_CHECKING:
    from vclamp.ui.window import Window

_MARK = re.compile(r"(\d+(?:\.\d+)?) ms(?:\s+(.*))?")
HIGH, STEP, LOW = 0.92, 0.09, 0.5  # of the scope's height: where labels stand, one below the other
GROUND = 200  # of 255, behind the words
NOT_RECORDED = "A marker belongs to a recorded run: press R, then Space."
ELSEWHERE = "This run is in no session of ours: save a copy as one first (Ctrl+Shift+S)."


@dataclass(frozen=True)
class Mark:
    """A marked moment of a sweep."""

    sweep: int
    time_ms: float
    text: str


def marks_in(sweep: int, note: str) -> tuple[Mark, ...]:
    """The moments that a sweep's note tells of, one a line, as "12.5 ms TTX on"."""
    found = map(_MARK.fullmatch, map(str.strip, note.splitlines()))
    return tuple(Mark(sweep, float(line[1]), line[2] or "") for line in found if line is not None)


def with_mark(note: str, mark: Mark) -> str:
    """A sweep's note that tells of one more moment."""
    line = f"{round(mark.time_ms, 3):g} ms {mark.text}".strip()
    return f"{note}\n{line}" if note else line


class Markers(QObject):
    """Asks for markers, keeps them with the run, and draws those of the run on show."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        self._logbook = window.documents.logbook
        self._notes: dict[tuple[Path, int], dict[int, str]] = {}  # of sweeps, by file and run
        self._waiting: dict[tuple[Path, int], list[Mark]] = {}  # until their sweep is saved
        self._now: tuple[int, float] | None = None  # how far a run has come
        self._lines: list[tuple[Scope, pg.InfiniteLine]] = []
        self._drawn: object = None
        self.editor = NoteEditor(window.display.stack)
        self._logbook.panel.sweep_noted.connect(self._heard)
        window.display.changed.connect(self.show)
        window.bridge.grew.connect(self._note_time)
        window.bridge.ended.connect(lambda _: self._run_ended())
        window.bridge.saved.connect(lambda saved: self._write())

    # ---- a new one -------------------------------------------------------------------------

    def mark(self) -> None:
        """Mark the moment that a run has come to, or cursor 1 of a finished one, and ask for a note on it."""
        window, place, shelf = self._window, self._logbook.on_show, self._logbook.shelf
        moment = self._moment()
        if place is None or moment is None:
            window.banner.say(NOT_RECORDED)
        elif shelf is None or place[0] != shelf.path or not shelf.is_session:
            window.banner.say(ELSEWHERE)
        else:
            sweep, time_ms = moment
            unit, per_ms = time_unit(window.bench.protocol.duration_ms(0))
            hint = f"marker in sweep {sweep + 1} at {time_ms * per_ms:.4g} {unit}: a note, Enter"
            self.editor.ask(hint, self._place(time_ms), lambda text: self._take(place, Mark(sweep, time_ms, text)))

    def _moment(self) -> tuple[int, float] | None:
        display = self._window.display
        if display.running:
            return self._now or (0, 0.0)
        sweep = display.sweep_or_last(display.stack.family.front)
        return (sweep.index, max(display.cursors_ms[0], 0.0)) if sweep is not None else None

    def _take(self, place: tuple[Path, int], mark: Mark) -> None:
        self._waiting.setdefault(place, []).append(mark)
        self._write()
        self.show()

    def _write(self) -> None:
        """Write down what was marked in sweeps that are saved."""
        shown, place = self._window.display.shown, self._logbook.on_show
        if shown is None or place is None:
            return
        there = {sweep.index for sweep in shown.sweeps}
        marks = self._waiting.pop(place, [])
        for mark in marks:
            if mark.sweep in there:
                text = with_mark(self._notes_of(place).get(mark.sweep, ""), mark)
                self._logbook.panel.sweep_noted.emit(place[1], mark.sweep, text)
        later = [mark for mark in marks if mark.sweep not in there]
        if later:
            self._waiting[place] = later

    def _heard(self, run: int, sweep: int, text: str) -> None:
        """A sweep's note was written, here or in the list."""
        if self._logbook.shelf is not None:
            self._notes.setdefault((self._logbook.shelf.path, run), {})[sweep] = text
            self.show()

    def _note_time(self, chunk: Chunk) -> None:
        header = self._window.display.stack.family.header
        if header is not None:
            self._now = (chunk.sweep, chunk.last / header.protocol.fs_kHz)

    def _run_ended(self) -> None:
        self._now = None
        self._write()
        self._waiting.clear()  # a sweep that was stopped is not kept
        self.show()

    # ---- on the traces ---------------------------------------------------------------------

    def _notes_of(self, place: tuple[Path, int] | None) -> dict[int, str]:
        """The notes on sweeps of the run on show: those that came with it, and what was written since."""
        window, recording = self._window, self._window.display.recording
        read = dict(recording.about.sweep_notes) if recording is not None and not window.bridge.running else {}
        return read | (self._notes.get(place, {}) if place is not None else {})

    @property
    def shown(self) -> tuple[Mark, ...]:
        """The markers of the run on show; of one sweep if that is in front."""
        place = self._logbook.on_show
        kept = [mark for sweep, note in self._notes_of(place).items() for mark in marks_in(sweep, note)]
        waiting = self._waiting.get(place, []) if place is not None else []
        front = self._window.display.stack.family.front
        return tuple(mark for mark in (*kept, *waiting) if front in (None, mark.sweep))

    def show(self) -> None:
        """Draw the markers of the run on show, if they are not drawn yet."""
        marks, scope, theme = self.shown, self._scope(), self._window.looks.theme
        if (marks, scope.kind, theme) == self._drawn:
            return
        self._drawn = (marks, scope.kind, theme)
        while self._lines:
            where, line = self._lines.pop()
            where.plot.removeItem(line)
        for number, mark in enumerate(marks):
            label, high = mark.text or f"{mark.time_ms:.4g} ms", max(HIGH - STEP * number, LOW)
            ground = QColor(theme.plot_background)
            ground.setAlpha(GROUND)
            line = pg.InfiniteLine(mark.time_ms, angle=90, label=label, labelOpts={"position": high, "fill": ground})
            line.label.setAnchor((0.0, 0.5))
            line.label.setColor(theme.text)
            line.label.setFont(label_font(theme))
            line.setPen(pg.mkPen(theme.accent, width=1, style=Qt.PenStyle.DashDotLine))
            scope.plot.addItem(line, ignoreBounds=True)
            self._lines.append((scope, line))

    def _scope(self) -> Scope:
        """The largest one that is shown."""
        stack = self._window.display.stack
        header = stack.family.header
        first = stack.scopes[hero(header.rig if header is not None else self._window.bench.rig)]
        return first if first.shown else stack.family.shown[0]

    def _place(self, time_ms: float) -> QRect:
        """Where a time is in the largest scope."""
        stack, box = self._window.display.stack, self._scope().plot.getViewBox()
        inside = stack.mapFromScene(box.sceneBoundingRect()).boundingRect()
        (start, end), _ = box.viewRange()
        across = (time_ms - start) / (end - start) if end > start else 0.0
        return QRect(inside.left() + round(min(max(across, 0.0), 1.0) * inside.width()), inside.top() + 6, 1, 1)
