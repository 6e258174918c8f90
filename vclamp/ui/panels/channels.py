"""What can be set on the rig: the cell's channels and its pump, the amplifier, and the solutions."""

from collections.abc import Iterator
from itertools import chain, pairwise, takewhile

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QGridLayout,
    QLayout,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from vclamp.model.rig import Cell, Rig
from vclamp.ui.newest import Kept
from vclamp.ui.panels.amplifier import AmplifierCard
from vclamp.ui.panels.cards import BranchCard, Card, CellCard, ChannelCard, OneByOne, PumpCard, can_be_counted
from vclamp.ui.panels.editing import Bound, Editing
from vclamp.ui.panels.exam import ExamCard
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.headings import heading
from vclamp.ui.panels.marks import ClaimsArrows
from vclamp.ui.panels.parameters import settings
from vclamp.ui.panels.solutions import SolutionsPanel
from vclamp.ui.theme import Theme, channel_colours, readable


class RigPanel(QTabWidget):
    """Two pages: what is in the membrane and what holds it, and what bathes it."""

    edited = Signal(str, object)
    dragged = Signal(str, object)  # the same, many in a second
    edited_together = Signal(object)  # values by their paths, in one step
    settled = Signal()  # what was dragged or typed is at its end
    refused = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, Card | BranchCard | ExamCard] = {}
        self.cell: CellCard | None = None  # in an exam
        self.one_by_one = OneByOne()
        self.solutions: SolutionsPanel | None = None
        self._parts: list[Editing] = []
        self._running = False
        self._unfolded: set[str] = set()
        self.amplifier: AmplifierCard
        self._shape = _Shape()
        self._control: Rig | None = None
        self._spoken: tuple[str, ...] = ()  # paths of what is being edited
        self._pages = [QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame) for _ in range(2)]
        for page, title in zip(self._pages, ("Channels", "Solutions"), strict=True):
            page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.addTab(page, title)
        self.setAccessibleName("rig")
        self.tabBar().setAccessibleName("channels and solutions")
        self.tabBar().installEventFilter(ClaimsArrows(self))
        reset = QShortcut(QKeySequence("Ctrl+0"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        reset.activated.connect(self._reset_focused)

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
        lost: tuple[str, ...] = ()
        if self._shape.become(rig, theme):
            lost = self._focused()
            self.tabBar().setFont(QApplication.font())  # a new look does not reach it by itself
            self._build(rig, theme)
        for part in self._parts:
            part.show_rig(rig)
        self.show_running(self._running)
        if lost:
            self._refocus(lost)

    def show_control(self, control: Rig) -> None:
        """Mark what is another than in this rig, from the next one shown on."""
        if control is not self._control:
            self._control = control
            for part in self._parts:
                part.show_control(control)

    def say_refused(self, reason: str) -> None:
        """Say why what is being edited was not taken, where it is edited."""
        for bound in self._all_bound():
            if bound.path in self._spoken:
                bound.refuse(reason)

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
        self.cards, self.one_by_one, self.cell = {}, OneByOne(), None
        parts = self._exam(rig) if rig.cell.exam else self._membrane(rig, theme)
        self.amplifier = AmplifierCard(self._unfolded)
        parts += [heading("AMPLIFIER"), self.amplifier]
        carded = {path for card in self.cards.values() for path in getattr(card, "sliders", {})}
        self.solutions = SolutionsPanel(rig, carded)
        self._parts = [part for part in (*parts, self.solutions) if isinstance(part, Editing)]
        for part in self._parts:
            part.edited.connect(self._edited)
            part.dragged.connect(self.dragged)
            part.edited_together.connect(self._edited_together)
            part.settled.connect(self.settled)
            part.refused.connect(self.refused)
            if self._control is not None:
                part.show_control(self._control)
            if isinstance(part, Card):
                part.grew.connect(self._order)
        self._show_page(0, parts)
        self._show_page(1, [self.solutions])
        self._order()

    def _membrane(self, rig: Rig, theme: Theme) -> list[QWidget]:
        """What there is of a cell, below headings."""
        colours = {
            name: readable(colour, QColor(theme.panel)).name() for name, colour in channel_colours(rig, theme).items()
        }
        channels = rig.cell.channels
        self.cards = {
            channel.name: ChannelCard(rig, channel, colours[channel.name], number, self._unfolded)
            for number, channel in enumerate(channels, 1)
        }
        parts: list[QWidget] = []
        if self.cards:
            switch = [self.one_by_one] if any(map(can_be_counted, channels)) else []
            parts += [heading("CHANNELS AND BLOCKERS"), *switch, *self.cards.values()]
        if rig.cell.pump is not None:
            self.cards["pump"] = PumpCard(rig, rig.cell.pump, colours["pump"], len(channels) + 1, self._unfolded)
            parts += [heading("PUMP"), self.cards["pump"]]
        for branch in rig.cell.branches:
            self.cards[branch.name] = BranchCard(branch, colours[branch.name])
            parts.append(self.cards[branch.name])
        self.cell = CellCard()
        return [*parts, heading("CELL"), self.cell]

    def _exam(self, rig: Rig) -> list[QWidget]:
        """What a student may change of a cell that is to be found out."""
        card = ExamCard(rig)
        self.cards = {"exam": card}
        return [heading("DRUGS"), card]

    # ---- what is edited --------------------------------------------------------------------

    def _all_bound(self) -> Iterator[Bound]:
        return chain.from_iterable(part.bound for part in self._parts)

    def _edited(self, path: str, value: object) -> None:
        self._spoken = (path,)
        self.edited.emit(path, value)
        self._spoken = ()

    def _edited_together(self, values: dict[str, object]) -> None:
        self._spoken = tuple(values)
        self.edited_together.emit(values)
        self._spoken = ()

    def _reset_focused(self) -> None:
        """Set the value that has the focus back to the control's."""
        for part in self._parts:
            for bound in part.bound:
                if bound.widget.hasFocus():
                    part.reset(bound.widget)
                    return

    def _focused(self) -> tuple[str, ...]:
        """Paths that the focus is to come back to: what is being edited, or else shown where it is."""
        focus = QApplication.focusWidget()
        if focus is None or not self.isAncestorOf(focus):
            return ()
        return self._spoken or tuple(bound.path for bound in self._all_bound() if bound.widget is focus)

    def _refocus(self, paths: tuple[str, ...]) -> None:
        """Give the focus to the first of these values, or to what is nearest to it."""
        wanted = paths[0].split(".")

        def nearness(bound: Bound) -> int:
            pairs = zip(bound.path.split("."), wanted, strict=False)
            return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))

        max(self._all_bound(), key=nearness).widget.setFocus()

    def _order(self) -> None:
        """Let Tab go as one reads."""
        for page in self._pages:
            widgets = list(in_reading_order(page.widget().layout()))
            for before, after in pairwise(widgets):
                QWidget.setTabOrder(before, after)

    def _show_page(self, number: int, parts: list[QWidget]) -> None:
        """Put some parts below each other on a page, which keeps its place."""
        page, body = self._pages[number], QWidget()
        at = page.verticalScrollBar().value()
        if self._spoken:
            page.takeWidget().deleteLater()  # not at once: one of its buttons has asked for this
        layout = QVBoxLayout(body)
        layout.setContentsMargins(3, 4, 3, 4)
        layout.setSpacing(5)
        for part in parts:
            layout.addWidget(part)
        layout.addStretch(1)
        page.setWidget(body)
        page.verticalScrollBar().setValue(at)


def in_reading_order(layout: QLayout) -> Iterator[QWidget]:
    """Everything in a layout that Tab can reach, row by row."""
    items = [(layout.itemAt(number), (number, 0)) for number in range(layout.count())]
    if isinstance(layout, QGridLayout):
        items = [(layout.itemAt(number), layout.getItemPosition(number)[:2]) for number in range(layout.count())]
    for item, _ in sorted(items, key=lambda each: each[1]):
        inner = item.layout() or (item.widget().layout() if item.widget() is not None else None)
        if inner is not None:
            yield from in_reading_order(inner)
        elif item.widget() is not None and item.widget().focusPolicy() & Qt.FocusPolicy.TabFocus:
            yield item.widget()


class _Shape:
    """What decides which widgets there are."""

    def __init__(self) -> None:
        self._now: object = None
        self._of_cell = Kept()

    def become(self, rig: Rig, theme: Theme) -> bool:
        """Take that of a rig in a look; whether it is another than before."""
        ions, drugs = rig.solutions.ions, rig.solutions.drugs
        bath = tuple((ion.name, ion.z) for ion in ions), tuple(drug.name for drug in drugs)
        before, self._now = self._now, (theme.name, bath, self._of_cell.made(rig.cell, None, lambda: _shape(rig.cell)))
        return self._now != before


def _shape(cell: Cell) -> object:
    return (
        cell.name,
        [
            (c.name, c.title, c.pore.AMOUNT, [(b.drug, b.side) for b in c.blockers], list(settings(c, ())))
            for c in cell.channels
        ],
        cell.pump and (cell.pump.blocker, cell.pump.k_atp_mM is None, list(settings(cell.pump, ()))),
        cell.exam,
        [branch.name for branch in cell.branches],
    )
