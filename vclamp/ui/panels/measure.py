"""Measurements of one trace between the two cursors, following them."""

from math import isfinite

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QTableWidget, QTableWidgetItem, QWidget

from vclamp.analysis.difference import DIFFERENCE
from vclamp.analysis.measure import measure
from vclamp.analysis.results import Question, Result
from vclamp.errors import VClampError
from vclamp.model.record import Recording
from vclamp.publish.symbols import decimals, symbol, trace_labels, trace_title, written
from vclamp.ui.newest import Beside, Newest
from vclamp.ui.panels.boxes import ChoiceBox
from vclamp.ui.panels.estimates import ROW_EM, copy_estimates

NEWEST = 0
AT_ONCE = 20_000  # samples between the cursors: more are measured beside the window
LATER = ("minimum", "maximum", "rise_20_80", "decay_37")  # at the end of the table: asked for less often
POLARITIES = {"either": "larger peak", "inward": "inward peak", "outward": "outward peak"}


class MeasureView(QWidget):
    """A trace, a sweep, a polarity, and all that is usually measured of them."""

    picked = Signal()

    def __init__(self, beside: Beside) -> None:
        super().__init__()
        self._newest = Newest(beside)
        self._shown: tuple[Recording | None, tuple[float, float]] = (None, (0.0, 0.0))
        self.trace = ChoiceBox("The trace to measure")
        self.polarity = ChoiceBox("Which peak is measured", POLARITIES)
        self.sweep = ChoiceBox("The sweep to measure; the newest while they arrive", {NEWEST: "newest sweep"})
        self.where, self.note = QLabel(), QLabel(wordWrap=True)
        for label in (self.where, self.note):
            label.setProperty("role", "dim")
        self.table = _Table()
        layout = QGridLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.trace, 0, 0)
        layout.addWidget(self.sweep, 0, 1)
        layout.addWidget(self.polarity, 1, 0)
        layout.addWidget(self.where, 1, 1)
        layout.addWidget(self.table, 2, 0, 1, 2)
        layout.addWidget(self.note, 3, 0, 1, 2)
        layout.setRowStretch(2, 1)
        self.trace.currentIndexChanged.connect(self._again)
        self.polarity.currentIndexChanged.connect(self._again)
        self.sweep.currentIndexChanged.connect(self._again)

    def chosen(self, recording: Recording) -> Recording:
        """The recording with only the sweep that is chosen, the newest unless another is."""
        wanted = [sweep for sweep in recording.sweeps if sweep.index == self.sweep.currentData() - 1]
        return Recording(recording.header, tuple(wanted or recording.sweeps[-1:]), recording.finished)

    def show_reading(self, recording: Recording | None, times_ms: tuple[float, float]) -> None:
        """Measure between these times."""
        self._shown = (recording, times_ms)
        self._newest.forget()
        if self.isVisible():
            self._measure()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while it was hidden."""
        super().showEvent(event)
        self._measure()

    def _again(self) -> None:
        self._measure()
        self.picked.emit()

    def _measure(self) -> None:
        recording, times_ms = self._shown
        start, stop = sorted(max(time, 0.0) for time in times_ms)
        if recording is None or not recording.sweeps:
            self._draw(Result("measure", notes=("There is no sweep yet: Space runs the protocol.",)))
            return
        self._offer(recording)
        sweep = self.chosen(recording).sweeps[0]
        self.where.setText(f"{start:.5g} … {stop:.5g} ms")
        question = Question(self.trace.currentData(), polarity=self.polarity.currentData(), window_ms=(start, stop))
        protocol = recording.header.protocol
        if (stop - start) * protocol.fs_kHz <= AT_ONCE:
            self._draw(measure(sweep, protocol, question))
        else:
            self._newest.wish(lambda: measure(sweep, protocol, question), self._draw)

    def _offer(self, recording: Recording) -> None:
        """The traces and sweeps there are."""
        last = recording.sweeps[-1].index + 1
        if self.sweep.count() != last + 1:
            self.sweep.fill({"newest sweep": NEWEST} | {f"sweep {number}": number for number in range(1, last + 1)})
        offer_traces(self.trace, recording)

    def _draw(self, result: Result | VClampError) -> None:
        if isinstance(result, VClampError):
            result = Result("measure", notes=(str(result),))
        usual = sorted(result.estimates, key=lambda each: each.name.startswith(LATER))
        self.table.show_numbers(Result("measure", estimates=tuple(usual)))
        self.note.setText("\n".join(result.notes))
        self.note.setVisible(bool(result.notes))


class _Table(QTableWidget):
    """A name and a number a row."""

    def __init__(self) -> None:
        super().__init__(0, 1)
        self.setAccessibleName("Measurements between the cursors")
        self._result = Result("measure")
        self.horizontalHeader().hide()
        self.horizontalHeader().setStretchLastSection(True)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)

    def show_numbers(self, result: Result) -> None:
        """Write them."""
        self._result = result
        row_px = round(ROW_EM * self.fontInfo().pixelSize())
        self.verticalHeader().setMinimumSectionSize(row_px)
        self.verticalHeader().setDefaultSectionSize(row_px)
        self.setRowCount(len(result.estimates))
        self.setVerticalHeaderLabels([symbol(each.name) for each in result.estimates])
        for row, each in enumerate(result.estimates):
            text = written(each.value, decimals(0.0, each.value)) if isfinite(each.value) else "–"
            cell = self.item(row, 0)
            if cell is None:
                cell = QTableWidgetItem()
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, 0, cell)
            cell.setText(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy."""
        if event.matches(QKeySequence.StandardKey.Copy):
            copy_estimates(self._result.estimates, ("name", "value"))
        else:
            super().keyPressEvent(event)


def offer_traces(box: ChoiceBox, recording: Recording) -> None:
    """Fill a box with the traces of a recording, the same one chosen as before if it is still there."""
    labels = trace_labels(recording.header.rig, recording.header.protocol)
    names = set(recording.sweeps[-1].names) if recording.sweeps else set(labels)
    offered = {text: name for name, text in labels.items() if name in names}
    offered |= {trace_title(DIFFERENCE): DIFFERENCE} if DIFFERENCE in names else {}
    if box.texts() != list(offered):
        box.fill(offered)
