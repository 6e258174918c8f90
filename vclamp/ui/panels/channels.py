"""What can be set on the rig: the cell's channels and its pump, the amplifier, and the solutions."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from vclamp.model.rig import Rig
from vclamp.ui.panels.amplifier import AmplifierCard
from vclamp.ui.panels.cards import BranchCard, Card, CellCard, ChannelCard, OneByOne, PumpCard, can_be_counted
from vclamp.ui.panels.editing import Editing, heading
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.parameters import settings
from vclamp.ui.panels.solutions import SolutionsPanel
from vclamp.ui.theme import Theme, channel_colours, readable


class RigPanel(QTabWidget):
    """Two pages: what is in the membrane and what holds it, and what bathes it."""

    edited = Signal(str, object)
    edited_together = Signal(object)  # values by their paths, in one step
    refused = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, Card | BranchCard] = {}
        self.cell = CellCard()
        self.one_by_one = OneByOne()
        self.solutions: SolutionsPanel | None = None
        self._parts: list[Editing] = []
        self._running = False
        self._unfolded: set[str] = set()
        self.amplifier = AmplifierCard(self._unfolded)
        self._shape: object = None
        self._pages = [QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame) for _ in range(2)]
        for page, title in zip(self._pages, ("Channels", "Solutions"), strict=True):
            page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.addTab(page, title)

    @property
    def rs(self) -> QuantityField:
        """The series resistance."""
        field = self.amplifier.fields["rs_MOhm"]
        assert isinstance(field, QuantityField)
        return field

    @property
    def cm(self) -> QuantityField:
        """The membrane's capacitance."""
        return self.cell.cm

    def show_rig(self, rig: Rig, theme: Theme) -> None:
        """Show a rig; the cards are made anew only if there are others, or the looks are others."""
        if self._shape != (theme.name, _shape(rig)):
            self._shape = (theme.name, _shape(rig))
            self._build(rig, theme)
        for part in self._parts:
            part.show_rig(rig)
        self.show_running(self._running)

    def show_running(self, running: bool) -> None:
        """What a run's traces depend on cannot be set while it goes on."""
        self._running = running
        for part in self._parts:
            part.show_running(running)

    def show_card(self, name: str) -> None:
        """Bring a card into view."""
        if name in self.cards:
            card = self.cards[name]
            self.setCurrentIndex(0)
            self._pages[0].ensureWidgetVisible(card)
            if isinstance(card, ChannelCard):
                card.conductance.setFocus()

    def _build(self, rig: Rig, theme: Theme) -> None:
        colours = {
            name: readable(colour, QColor(theme.panel)).name() for name, colour in channel_colours(rig, theme).items()
        }
        channels = rig.cell.channels
        self.cards = {
            channel.name: ChannelCard(rig, channel, colours[channel.name], number, self._unfolded)
            for number, channel in enumerate(channels, 1)
        }
        parts: list[QWidget] = []
        self.one_by_one = OneByOne()
        if self.cards:
            switch = [self.one_by_one] if any(map(can_be_counted, channels)) else []
            parts += [heading("CHANNELS AND BLOCKERS"), *switch, *self.cards.values()]
        if rig.cell.pump is not None:
            self.cards["pump"] = PumpCard(rig, rig.cell.pump, colours["pump"], len(channels) + 1, self._unfolded)
            parts += [heading("PUMP"), self.cards["pump"]]
        for branch in rig.cell.branches:
            self.cards[branch.name] = BranchCard(branch, colours[branch.name])
            parts.append(self.cards[branch.name])
        self.cell, self.amplifier = CellCard(), AmplifierCard(self._unfolded)
        parts += [heading("CELL"), self.cell, heading("AMPLIFIER"), self.amplifier]
        carded = {path for card in self.cards.values() for path in getattr(card, "sliders", {})}
        self.solutions = SolutionsPanel(rig, carded)
        self._parts = [part for part in (*parts, self.solutions) if isinstance(part, Editing)]
        for part in self._parts:
            part.edited.connect(self.edited)
            part.edited_together.connect(self.edited_together)
            part.refused.connect(self.refused)
        self._show_page(0, parts)
        self._show_page(1, [self.solutions])

    def _show_page(self, number: int, parts: list[QWidget]) -> None:
        """Put some parts below each other on a page, which keeps its place."""
        page, body = self._pages[number], QWidget()
        at = page.verticalScrollBar().value()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(3, 4, 3, 4)
        layout.setSpacing(5)
        for part in parts:
            layout.addWidget(part)
        layout.addStretch(1)
        page.setWidget(body)
        page.verticalScrollBar().setValue(at)


def _shape(rig: Rig) -> object:
    """What decides which widgets there are."""
    cell, solutions = rig.cell, rig.solutions
    return (
        cell.name,
        [
            (c.name, c.title, c.pore.AMOUNT, [(b.drug, b.side) for b in c.blockers], list(settings(c, ())))
            for c in cell.channels
        ],
        cell.pump and (cell.pump.blocker, cell.pump.k_atp_mM is None, list(settings(cell.pump, ()))),
        [branch.name for branch in cell.branches],
        [(ion.name, ion.z) for ion in solutions.ions],
        [drug.name for drug in solutions.drugs],
    )
