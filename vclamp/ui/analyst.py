"""Asks the analysis that is chosen of the sweeps on show, beside the window, and shows what it found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from vclamp.analysis.analyses import suitable
from vclamp.analysis.results import Question, Result
from vclamp.errors import VClampError
from vclamp.model.record import Header, Recording
from vclamp.publish.answers import ask
from vclamp.ui.newest import Kept, Newest
from vclamp.ui.panels.analysis import AnalysisPanel
from vclamp.ui.panels.measure import MeasureView
from vclamp.ui.panels.offered import EXPONENTIALS, OFFERED, is_exam, why_not
from vclamp.ui.scopes.fit_line import FitLine
from vclamp.ui.sitting import Sitting, said_of
from vclamp.ui.theme import Theme

if TYPE_CHECKING:
    from vclamp.ui.window import Window

PATIENCE_MS = 400  # before it says that it is still computing


@dataclass(frozen=True, eq=False)
class Asked:
    """An analysis of the sweeps on show, of those they are compared with, and of other runs if it compares runs."""

    name: str
    question: Question
    shown: Recording
    compared: Recording | None
    others: Callable[[], Sequence[Recording]] = tuple


@dataclass(frozen=True, eq=False)
class Answer:
    """What was found of them."""

    asked: Asked
    result: Result
    ghost: Result | None = None
    truth: bool = False
    said: str = ""


class Analyst(QObject):
    """Between the sweeps on show and the panel of analyses; it rests while nobody looks."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        theme = window.display.theme
        self.panel, self.measure = AnalysisPanel(theme), MeasureView(window.bridge.beside)
        self.truth = window.settings.text("truth", "yes") == "yes"
        self._newest, self._probe = Newest(window.bridge.beside), Newest(window.bridge.beside)
        self._ghost, self._sitting = Kept(), Sitting()
        self._reasons: tuple[Recording | None, dict[str, str]] = (None, {})  # why some analyses cannot work
        self.question: Question | None = None  # whose answer is on show
        self._line = FitLine(window.display.stack.scopes)
        self._late = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._late.timeout.connect(self._say_waiting)
        self.panel.asked.connect(self.refresh)
        self.panel.exported.connect(window.documents.save_results)
        window.display.changed.connect(self.refresh)
        window.display.stack.cursors_moved.connect(self._cursors_moved)
        self.measure.picked.connect(self._cursors_moved)

    @property
    def exam(self) -> bool:
        """Whether the truth is hidden for good."""
        shown = self._window.display.shown
        return self._window.bench.rig.cell.exam or (shown is not None and is_exam([shown]))

    @property
    def suiting(self) -> dict[str, str]:
        """Titles of the analyses for the sweeps on show, or for those that the protocol would give."""
        bench = self._window.bench
        shown = self._window.display.shown or Recording(Header(bench.rig, bench.protocol, 0, ""), ())
        return {name: OFFERED[name].title for name in suitable(shown, shown) if name in OFFERED}

    def show_truth(self, truth: bool) -> None:
        """Show the true values or not, from now on."""
        self.truth = truth
        self._window.settings.remember("truth", "yes" if truth else "no")
        self.refresh()

    def choose(self, *names: str) -> None:
        """Turn to the panel and ask the first of these that suits the sweeps on show."""
        fits = [name for name in names if name in self.suiting]
        self._window.tabs.setCurrentWidget(self.panel)
        self.panel.choices.want((fits or list(names))[0])

    def refresh(self) -> None:
        """Ask anew."""
        display, choices = self._window.display, self.panel.choices
        shown = display.shown
        self.measure.show_reading(shown, display.cursors_ms)
        display.iv.ask(choices.against.currentData(), choices.polarity.currentData())
        if not self.panel.isVisible() or shown is None or not shown.sweeps:
            self._newest.forget()
            self._late.stop()
            self._line.hide()
            if shown is None or not shown.sweeps:
                self._ghost, self._reasons = Kept(), (None, {})
                self.panel.show_nothing()
            return
        if shown is display.recording and shown is not self._reasons[0]:
            self._reasons = (shown, {})
            self._probe.wish(lambda: (shown, why_not(shown)), self._learn)
        choices.offer(shown, self._reasons[1])
        name, sitting, path = choices.name, self._sitting, self._window.documents.path
        if name == EXPONENTIALS:
            shown = self.measure.chosen(shown)
        truth = self.truth and not self.exam
        asked = Asked(
            name,
            choices.question(display.cursors_ms, truth=truth),
            shown,
            display.compared,
            (lambda: sitting.alike(path, shown.header)) if OFFERED[name].compares_runs else tuple,
        )
        self._newest.wish(lambda: self._find(asked), self._show)
        if not self._late.isActive():
            self._late.start()

    def _find(self, asked: Asked) -> Answer:
        """Beside the window: the answer, and that for the recording behind a preview."""
        others = asked.others()
        runs = (*others, asked.shown)
        question = replace(asked.question, truth=asked.question.truth and not is_exam(runs))
        result, ghost, behind = ask(asked.name, runs, question), None, asked.compared
        if behind is not None and not OFFERED[asked.name].compares_runs and asked.name != EXPONENTIALS:
            way = (asked.name, question)
            ghost = self._ghost.made(behind, way, lambda: ask(asked.name, [behind], question))
        said = said_of(runs) if OFFERED[asked.name].compares_runs else ""
        return Answer(asked, result, ghost, question.truth, said)

    def _show(self, answer: Answer | VClampError) -> None:
        self._late.stop()
        if isinstance(answer, VClampError):
            self.panel.show_nothing(str(answer))
            return
        self.question = replace(answer.asked.question, truth=answer.truth)
        self.panel.show_result(answer.asked.shown, answer.result, answer.ghost, truth=answer.truth, said=answer.said)
        if answer.asked.name == EXPONENTIALS and answer.result.curves:
            rig = answer.asked.shown.header.rig
            self._line.show(rig, answer.result.curves[0], self._window.display.theme)
        else:
            self._line.hide()

    def _learn(self, found: tuple[Recording, dict[str, str]] | VClampError) -> None:
        """Grey what cannot work, unless another recording is on show by now."""
        if not isinstance(found, VClampError) and found[0] is self._reasons[0]:
            self._reasons = found
            self.refresh()

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self.panel.set_theme(theme)
        self.refresh()

    def _cursors_moved(self) -> None:
        self.measure.show_reading(self._window.display.shown, self._window.display.cursors_ms)
        if self.panel.isVisible() and self.panel.choices.follows_cursors:
            self.refresh()

    def _say_waiting(self) -> None:
        if self._newest.busy:
            self.panel.show_waiting()
