"""A protocol with what belongs to it: the scopes, analysis and cell it is made for, and what a supervisor would say."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QToolButton

from vclamp.model.lint import lint
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.publish.scopes import SCOPES
from vclamp.ui.newest import READ_MS, Newest, Now
from vclamp.ui.projector import Projector

if TYPE_CHECKING:
    from vclamp.ui.window import Window


class Advice(QToolButton):
    """Says how many warnings there are; pointed at, it tells them."""

    def __init__(self) -> None:
        super().__init__(autoRaise=True)
        self.text_of_all = ""
        self.hide()

    def show_advice(self, sentences: tuple[str, ...]) -> None:
        """Show these sentences, or nothing."""
        self.text_of_all = "\n".join(sentences)
        self.setText(f"▲ {len(sentences)} remark{'s' * (len(sentences) > 1)}")
        self.setToolTip(self.text_of_all)
        self.setVisible(bool(sentences))


def advice_on(protocol: Protocol, rig: Rig) -> tuple[str, ...]:
    """Everything that can be said of a protocol on a rig, the cell it was made for first."""
    meant = protocol.opens.cell
    made_for = () if meant in (None, rig.cell.name) else (
        f"protocol: it is made for the cell “{meant}”. Protocol > Use the cell it is made for.",
    )  # fmt: skip
    return (*made_for, *map(str, lint(protocol, rig)))


class Course:
    """Opens protocols as they are meant, and looks over the user's shoulder."""

    def __init__(self, window: "Window") -> None:
        self._window = window
        self._advising, self._looking = Newest(window.bridge.beside), Now(READ_MS, window)
        self._looking.due.connect(self._advise)
        self.projector = Projector(window)
        window.status.advice.clicked.connect(lambda: window.banner.say(window.status.advice.text_of_all))

    @property
    def advising(self) -> bool:
        """Whether there may be more to say."""
        return self._looking.isActive() or self._advising.busy

    def open_as_meant(self) -> None:
        """Show the scopes and the analysis that the protocol is best seen with."""
        window, opens = self._window, self._window.bench.protocol.opens
        if opens.scopes:
            window.display.stack.wanted = set(opens.scopes) & set(SCOPES)
            window.display.fit_scopes()
        if opens.analyses:
            window.analyst.panel.choices.want(opens.analyses[0])

    def use_its_cell(self) -> None:
        """Put the cell on the bench that the protocol is made for."""
        cell = self._window.bench.protocol.opens.cell
        if cell is not None:
            self._window.load_cell(cell)

    def advise(self) -> None:
        """Say what can be said of the protocol on this rig; while it is dragged, now and then."""
        self._looking.ask()

    def _advise(self) -> None:
        bench = self._window.bench
        protocol, rig = bench.protocol, bench.rig
        self._advising.wish(lambda: advice_on(protocol, rig), self._window.status.advice.show_advice)
