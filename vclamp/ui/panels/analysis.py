"""The panel of analyses: which one, of what, its curves, its numbers beside the true ones, and what it has to say."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vclamp.analysis.analyses import suitable
from vclamp.analysis.results import Question, Result
from vclamp.model.exam import hidden
from vclamp.model.record import Recording
from vclamp.publish.answers import telling_trace
from vclamp.publish.groups import groups, labels_of
from vclamp.publish.symbols import minus
from vclamp.ui.panels.boxes import ChoiceBox
from vclamp.ui.panels.drawn import plotted
from vclamp.ui.panels.estimates import EstimateTable
from vclamp.ui.panels.measure import POLARITIES, offer_traces
from vclamp.ui.panels.offered import CURSORS, OFFERED, OWN, first_choice
from vclamp.ui.scopes.curves import CurvePlot
from vclamp.ui.theme import Theme

MOST_LINES = 6  # of what there is to say
PLOT_EM = 8  # least height
TABLE_SHARE = 0.34  # of the height at most
AGAINST = {"command": "against command", "membrane": "against true V"}


class AnalysisPanel(QWidget):
    """Shows one analysis of the sweeps on show; what is chosen stays as long as it makes sense."""

    asked = Signal()
    exported = Signal(str)  # csv or json

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.choices = Choices()
        self.plot = CurvePlot(theme, "", "")
        self.table = EstimateTable(theme)
        self.said = QLabel(wordWrap=True)
        self.said.setProperty("role", "dim")
        self.notes = QPlainTextEdit(readOnly=True, frameShape=QPlainTextEdit.Shape.NoFrame)
        self.notes.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._theme = theme
        self._shown: tuple[Recording | None, Result | None, Result | None, bool] = (None, None, None, False)
        body, area = QWidget(), QScrollArea(widgetResizable=True)  # beside a protocol there is little room
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        column = QVBoxLayout(body)
        column.setContentsMargins(6, 4, 6, 6)
        column.setSpacing(4)
        for widget, stretch in ((self.choices, 0), (self.said, 0), (self.plot, 1), (self.table, 0), (self.notes, 0)):
            column.addWidget(widget, stretch)
        column.addStretch(0)  # takes the room of a plot that is hidden
        self.choices.changed.connect(self.asked)
        self.choices.curve.currentIndexChanged.connect(self._draw)
        self.choices.menu.addAction("Copy table", self.table.copy)
        for kind in ("csv", "json"):
            self.choices.menu.addAction(f"Export as {kind.upper()}…", lambda kind=kind: self.exported.emit(kind))
        self.show_nothing()

    @property
    def result(self) -> Result | None:
        """What is on show."""
        return self._shown[1]

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._theme = theme
        self.plot.setMinimumHeight(PLOT_EM * theme.font_px)
        self.plot.set_theme(theme)
        self.table.set_theme(theme)
        self._draw()

    def show_nothing(self, why: str = "There is no sweep yet: Space runs the protocol.") -> None:
        """There is nothing to analyse."""
        self.show_result(None, Result("", notes=(why,)), None, truth=False)

    def show_result(
        self, recording: Recording | None, result: Result, ghost: Result | None, *, truth: bool, said: str = ""
    ) -> None:
        """Show what was found of a recording, and faintly what was found of the one that it is compared with."""
        self._shown = (recording, result, ghost, truth)
        self.choices.offer_curves([group[0] for group in groups(result)])
        self.said.setText(said)
        self.said.setVisible(bool(said))
        self.table.show_result(result, truth=truth)
        self.table.setVisible(bool(result.estimates))
        text = minus("\n".join(dict.fromkeys(result.notes)))
        if text != self.notes.toPlainText():
            self.notes.setPlainText(text)
        self._draw()
        self._fit_heights()

    def show_waiting(self) -> None:
        """It takes a while."""
        self.said.setText("computing…")
        self.said.show()

    def _draw(self) -> None:
        recording, result, ghost, truth = self._shown
        found = groups(result) if result is not None else []
        if recording is None or result is None or not found:
            self.plot.show_curves(())
            self.plot.hide()
            return
        self.plot.show()
        chosen = max(self.choices.curve.currentIndex(), 0)
        name, curves = found[min(chosen, len(found) - 1)]
        faint = dict(groups(ghost)).get(name, ()) if ghost is not None else ()
        rig, trace = recording.header.rig, self.choices.trace.currentData() or ""
        self.plot.set_labels(*labels_of(curves, rig))
        self.plot.set_log(any(c.curve.log_x for c in curves), any(c.curve.log_y for c in curves))
        self.plot.show_curves(
            (
                *plotted(faint, rig, trace, self._theme, ghost=True),
                *plotted(curves, rig, trace, self._theme, truth=truth),
            )
        )

    def _fit_heights(self) -> None:
        """Give table and notes what they need, and the plot the rest."""
        table, head = self.table, self.table.horizontalHeader().sizeHint().height()
        needed = head + table.verticalHeader().defaultSectionSize() * table.rowCount() + 2 * table.frameWidth()
        if table.horizontalScrollBar().isVisible():
            needed += table.horizontalScrollBar().height()
        table.setFixedHeight(max(min(needed, round(TABLE_SHARE * self.height())), head))
        lines = min(int(self.notes.document().size().height()), MOST_LINES)
        margin = round(2 * self.notes.document().documentMargin()) + 4
        self.notes.setFixedHeight(lines * self.notes.fontMetrics().lineSpacing() + margin)
        self.notes.setVisible(bool(self.notes.toPlainText()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Divide the new height."""
        super().resizeEvent(event)
        self._fit_heights()

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for what was not computed while it was hidden."""
        super().showEvent(event)
        self.asked.emit()


@dataclass(frozen=True)
class Picked:
    """What a user chose; empty where the recording decides."""

    kind: str = ""
    trace: str = ""
    place: str = OWN
    e_rev_mV: float | None = None


class Choices(QWidget):
    """What is asked: the analysis, the trace, against which voltage, which peaks, and where in the sweep."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.kind = ChoiceBox("The analysis; those that the recording was made for come first")
        self.trace = ChoiceBox("The trace to measure")
        self.against = ChoiceBox("The voltage: as commanded, or as it truly was across the membrane", AGAINST)
        self.polarity = ChoiceBox("Which peak is measured", POLARITIES)
        self.window_in = ChoiceBox("Where in the sweep to measure")
        self.curve = ChoiceBox("Which of the curves to draw")
        self.more, self.menu = QToolButton(text="⋯"), QMenu(self)
        self.more.clicked.connect(lambda: self.menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft())))
        self.more.setToolTip("Copy or export the results")
        self._picked = Picked()
        self.menu.addAction("Reversal potential for G-V…", self._ask_reversal)
        self._reasons: Mapping[str, str] = {}
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.kind, 0, 0, 1, 2)
        layout.addWidget(self.more, 0, 2)
        layout.addWidget(self.trace, 1, 0)
        layout.addWidget(self.against, 1, 1, 1, 2)
        layout.addWidget(self.polarity, 2, 0)
        layout.addWidget(self.window_in, 2, 1, 1, 2)
        layout.addWidget(self.curve, 3, 0, 1, 3)
        layout.setColumnStretch(0, 1)
        layout.setColumnStretch(1, 1)
        self.curve.hide()
        self.kind.activated.connect(lambda: self._pick(kind=self.kind.currentData()))
        self.trace.activated.connect(lambda: self._pick(trace=self.trace.currentData()))
        self.window_in.activated.connect(lambda: self._pick(place=self.window_in.currentData()))
        for box in (self.against, self.polarity):
            box.currentIndexChanged.connect(self.changed)

    @property
    def name(self) -> str:
        """Name of the analysis."""
        return str(self.kind.currentData() or "")

    @property
    def follows_cursors(self) -> bool:
        """Whether what is asked depends on where the cursors are."""
        return self.window_in.currentData() == CURSORS

    def question(self, times_ms: tuple[float, float], *, truth: bool) -> Question:
        """What is asked, with the cursors at these times."""
        start, stop = sorted(max(time, 0.0) for time in times_ms)
        place = self.window_in.currentData()
        return Question(
            self.trace.currentData() or "i_pA",
            self.against.currentData(),
            self.polarity.currentData(),
            mark="" if place in (OWN, CURSORS, None) else place,
            e_rev_mV=self._picked.e_rev_mV,
            window_ms=(start, stop) if self.follows_cursors and stop > start else None,
            truth=truth,
        )

    def want(self, name: str) -> None:
        """Choose an analysis as a user does."""
        self._pick(kind=name)

    def _ask_reversal(self) -> None:
        """Let a user give the reversal potential that chord conductances are computed with."""
        now = self._picked.e_rev_mV
        text, given = QInputDialog.getText(
            self,
            "Reversal potential",
            "mV; empty: as the solutions or the I-V tell",
            text="" if now is None else f"{now:g}",
        )
        if not given:
            return
        try:
            e_mV = float(text.replace("−", "-").replace("mV", "")) if text.strip() else None
        except ValueError:
            return
        self._pick(e_rev_mV=e_mV if e_mV is None or isfinite(e_mV) else now)

    def _pick(self, **picked: Any) -> None:
        self._picked = replace(self._picked, **picked)
        self.changed.emit()

    def offer(self, recording: Recording, reasons: Mapping[str, str]) -> None:
        """Offer what there is to choose of a recording; `reasons` say why some analyses cannot work."""
        suits = [name for name in suitable(recording, recording) if name in OFFERED]
        rest = [name for name in OFFERED if name not in suits]
        if self.kind.names() != [*suits, *rest]:
            self.kind.fill({OFFERED[n].title: n for n in suits}, {OFFERED[n].title: n for n in rest})
            self._reasons = {}
        if reasons != self._reasons:
            self._reasons = reasons
            self.kind.grey(reasons)
        picked = self._picked
        name = picked.kind if picked.kind in OFFERED and not reasons.get(picked.kind) else first_choice(suits)
        self.kind.choose(name)
        offer_traces(self.trace, recording)
        wanted = picked.trace or telling_trace(name, recording)
        self.trace.choose(wanted)
        places = {"in its own window": OWN, "between the cursors": CURSORS}
        places |= {f"in “{mark.name}”": mark.name for mark in recording.header.protocol.marks}
        if self.window_in.texts() != list(places):
            self.window_in.fill(places)
        own = OFFERED[name].window
        self.window_in.choose(CURSORS if own == CURSORS else picked.place)
        secret = hidden(recording.header.rig)
        self.window_in.setEnabled(own == OWN)
        self.against.setEnabled(own == OWN and not secret)
        if secret:
            self.against.choose("command")

    def offer_curves(self, names: list[str]) -> None:
        """Offer the plots that a result has."""
        if self.curve.names() != names:
            self.curve.fill({name: name for name in names})
        self.curve.setVisible(len(names) > 1)
