"""The channel editor: one channel as a form, as curves, as a scheme of states, as the current of its pore, as text."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from vclamp import paths
from vclamp.analysis.channel_curves import SchemeAt, scheme_at, scheme_of
from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.rig import Rig
from vclamp.ui.newest import Beside
from vclamp.ui.panels.cards import ChannelCard
from vclamp.ui.panels.channel_editor_curves import GatingPage, PorePage
from vclamp.ui.panels.channel_editor_scheme import SchemeView
from vclamp.ui.panels.channel_editor_text import ChannelText
from vclamp.ui.panels.editing import NamedSwitch
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.headings import dim
from vclamp.ui.panels.naming import range_text
from vclamp.ui.panels.parameters import settings
from vclamp.ui.theme import Theme, channel_colours, readable
from vclamp.units import celsius

Array = NDArray[np.float64]
FIRST_mV, LOWEST_mV, HIGHEST_mV = -20.0, -150.0, 100.0
WIDTH_EM, HEIGHT_EM, FORM_EM = 66, 42, 21
EXAM = "This cell is for an exam: what its channels are made of is not shown."
TOO_MANY = "The channel's gates make too many states to draw."


class ChannelEditor(QDialog):
    """Edits one channel of the rig on the bench; it changes nothing itself, but says what was edited."""

    edited = Signal(str, object)  # path within the rig, value
    edited_together = Signal(object)  # values by their paths
    replaced = Signal(str, object)  # the name of the channel that is replaced, and the Channel in its place
    refused = Signal(str)  # why

    def __init__(self, theme: Theme, beside: Beside, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._beside = theme, beside
        self._shown: tuple[Rig, Channel] | None = None
        self._first: Channel | None = None  # as it was when the editor was opened on it
        self._shape: object = None
        self._sampled: tuple[str, dict[str, float]] = ("", {})  # the cursor's occupancies, and whose
        self.form = ChannelForm()
        self.pages = Pages(theme)
        self.head = Head()
        self.foot = Foot()
        self._lay_out()
        self._connect()

    @property
    def name(self) -> str:
        """The channel's name in the rig; empty if none is on show."""
        return self._shown[1].name if self._shown is not None else ""

    def show_channel(self, rig: Rig, name: str) -> None:
        """Show a channel of a rig; one that is not in it leaves what is on show."""
        channel = next((each for each in rig.cell.channels if each.name == name), None)
        if channel is None:
            return
        before = self._shown
        if before is None or (before[0].cell.name, before[1].name) != (rig.cell.name, name):
            self._first = channel
            self._sampled = ("", {})
        self._shown = (rig, channel)
        self.setWindowTitle(f"{channel.title}: channel editor")
        if not rig.cell.exam:
            self._make_form(rig, channel)
            self.form.card.show_rig(rig)
        self.head.show_channel(rig, channel)
        self.foot.revert.setEnabled(channel != self._first)
        self._draw()

    def show_sample(self, names: tuple[str, ...], sample: Array) -> None:
        """Show the voltage and the states of a sample at the cursor, a column of a sweep's values."""
        if self._shown is None or not self.head.follow.isChecked() or self._shown[0].cell.exam:
            return
        value = dict(zip(names, map(float, sample), strict=True))
        head = f"state_{self.name}_"
        self._sampled = (self.name, {k.removeprefix(head): v for k, v in value.items() if k.startswith(head)})
        if LOWEST_mV <= value["v_mV"] <= HIGHEST_mV:
            self.head.voltage.show_value(value["v_mV"])
        if self.isVisible():
            self._show_voltage()

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._theme = theme
        self._shape = None
        self._fit()
        self.pages.set_theme(theme)
        if self._shown is not None:
            self.show_channel(self._shown[0], self.name)

    # ---- putting together ------------------------------------------------------------------

    def _lay_out(self) -> None:
        halves = QSplitter()
        halves.addWidget(self.form)
        halves.addWidget(self.pages)
        halves.setStretchFactor(1, 1)
        halves.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.head)
        column.addWidget(halves, 1)
        column.addWidget(self.foot)
        self._fit()

    def _fit(self) -> None:
        """Be as large as the letters need, and the screen allows."""
        em, screen = self._theme.font_px, self.screen().availableGeometry().size()
        self.form.setMinimumWidth(FORM_EM * em)
        self.resize(self.size().expandedTo(QSize(WIDTH_EM * em, HEIGHT_EM * em)).boundedTo(screen))

    def _connect(self) -> None:
        pages, head = self.pages, self.head
        pages.gating.dragged.connect(self._go_to)
        pages.pore.dragged.connect(self._go_to)
        pages.gating.asked.connect(self._draw)
        pages.text.written.connect(self._replace)
        pages.currentChanged.connect(self._draw)
        head.voltage.edited.connect(self._go_to)
        head.voltage.refused.connect(self.refused)
        self.foot.save.clicked.connect(self._ask_and_save)
        self.foot.revert.clicked.connect(lambda: self._first is not None and self._replace(self._first))
        self.foot.done.clicked.connect(self.close)

    def _make_form(self, rig: Rig, channel: Channel) -> None:
        """Make the form anew if this channel needs another one."""
        blockers = [(blocker.drug, blocker.side) for blocker in channel.blockers]
        shape = (channel.name, channel.title, channel.pore.AMOUNT, blockers, list(settings(channel, ())))
        if (rig.cell.name, shape) == self._shape:
            return
        self._shape = (rig.cell.name, shape)
        number = [each.name for each in rig.cell.channels].index(channel.name) + 1
        unfolded = {f"cell.channels.{channel.name}"}
        card = ChannelCard(rig, channel, self._name_colour(rig, channel), number, unfolded)
        card.edited.connect(self.edited)
        card.edited_together.connect(self.edited_together)
        card.refused.connect(self.refused)
        self.form.show_card(card)

    def _name_colour(self, rig: Rig, channel: Channel) -> str:
        colour = channel_colours(rig, self._theme)[channel.name]
        return readable(colour, QColor(self._theme.panel)).name()

    # ---- drawing ---------------------------------------------------------------------------

    def _draw(self) -> None:
        """Draw the page that is open."""
        if self._shown is None:
            return
        rig, channel = self._shown
        secret = rig.cell.exam
        self.pages.setVisible(not secret)
        self.form.setVisible(not secret)
        self.foot.say(EXAM if secret else "")
        for button in (self.foot.save, self.foot.revert):
            button.setVisible(not secret)
        if not secret:
            colour = channel_colours(rig, self._theme)[channel.name]
            self.pages.draw(rig, channel, colour, self.head.voltage.value(), self._occupied())

    def _show_voltage(self) -> None:
        """Only the voltage changed: the curves stay."""
        if self._shown is not None and not self._shown[0].cell.exam:
            rig, channel = self._shown
            colour = channel_colours(rig, self._theme)[channel.name]
            self.pages.show_voltage(rig, channel, colour, self.head.voltage.value(), self._occupied())

    def _occupied(self) -> dict[str, float]:
        """The cursor's occupancies, if they are this channel's."""
        name, occupied = self._sampled
        return occupied if name == self.name and self.head.follow.isChecked() else {}

    def _go_to(self, v_mV: float) -> None:
        """The user chose a voltage: the cursor's does not count any more."""
        self.head.follow.setChecked(False)
        self.head.voltage.show_value(min(max(v_mV, LOWEST_mV), HIGHEST_mV))
        self._show_voltage()

    # ---- files and other channels ------------------------------------------------------------

    def _replace(self, channel: Channel) -> None:
        """Say that another channel takes the place of this one; it goes on under its own name."""
        assert self._shown is not None
        rig, before = self._shown
        self._shown = (rig, channel)
        self.replaced.emit(before.name, channel)

    def _ask_and_save(self) -> None:
        """Ask for a file, and write the channel there beside the window."""
        start = paths.folder_of_yours("channels") / f"{self.name}.toml"
        chosen, _ = QFileDialog.getSaveFileName(self, "Save channel", str(start), "Channels (*.toml)")
        if not chosen:
            return
        path = Path(chosen) if Path(chosen).suffix == ".toml" else Path(f"{chosen}.toml")
        text, asked = self.pages.text.text, path == Path(chosen)  # whether the file may be replaced
        self._beside(lambda: _write(path, text, overwrite=asked), self._saved)

    def _saved(self, result: object) -> None:
        if isinstance(result, VClampError):
            self.refused.emit(str(result))
            self.foot.say(str(result))
        else:
            self.foot.say(f"Saved and read back: {result}")


class ChannelForm(QScrollArea):
    """Everything that can be set in a channel, as a form that scrolls."""

    def __init__(self) -> None:
        super().__init__()
        self.card: ChannelCard
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.Shape.NoFrame)

    def show_card(self, card: ChannelCard) -> None:
        """Another card; the page keeps its place."""
        at, body = self.verticalScrollBar().value(), QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 4, 0)
        column.addWidget(card)
        column.addStretch(1)
        self.card = card
        if self.widget() is not None:
            self.takeWidget().deleteLater()  # not at once: the list that is being chosen from is in it
        self.setWidget(body)
        self.verticalScrollBar().setValue(at)


class Head(QWidget):
    """What is on show, and at which voltage."""

    def __init__(self) -> None:
        super().__init__()
        self.title = QLabel()
        self.voltage = QuantityField("mV", LOWEST_mV, HIGHEST_mV, 1)
        self.voltage.show_value(FIRST_mV)
        self.voltage.setToolTip(
            "The voltage at which rates and occupancies are shown; drag the line in a plot\n"
            f"{range_text(LOWEST_mV, HIGHEST_mV, 'mV')}"
        )
        self.voltage.setAccessibleName("voltage")
        self.follow = NamedSwitch("of the cursor")
        self.follow.setToolTip("Follow the membrane's voltage and the channel's states at cursor 1")
        self.follow.setChecked(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.title, 1)
        self.word = dim("V")
        for widget in (self.word, self.voltage, self.follow):
            row.addWidget(widget)

    def show_channel(self, rig: Rig, channel: Channel) -> None:
        """Name a channel, and the temperature."""
        solutions, amount = rig.solutions, channel.temperature_K
        factor = channel.rate_factor(solutions)
        text = f"<b>{channel.title}</b>, {celsius(solutions.temperature_K):.1f} °C"
        for widget in (self.word, self.voltage, self.follow):
            widget.setVisible(not rig.cell.exam)
        if abs(factor - 1.0) > 5e-3 and channel.is_gated and not rig.cell.exam:
            text += f": rates × {factor:.2g} of those at {celsius(amount):.1f} °C"
        self.title.setText(text)
        self.title.setToolTip("" if rig.cell.exam else channel.source)


class Foot(QWidget):
    """What there is to say, and what can be done with the channel as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.said = QLabel(wordWrap=True)
        self.revert, self.save, self.done = QPushButton("Revert"), QPushButton("Save as…"), QPushButton("Close")
        self.revert.setToolTip("Back to the channel as it was when the editor was opened")
        self.save.setToolTip("Write the channel to a file of its own, for cells to use")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.said, 1)
        for button in (self.revert, self.save, self.done):
            button.setAutoDefault(False)
            row.addWidget(button)

    def say(self, text: str) -> None:
        """Say something, or nothing."""
        self.said.setText(text)


class Pages(QTabWidget):
    """The views of a channel; only the open one is drawn."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.gating, self.scheme = GatingPage(theme), SchemeView(theme)
        self.pore, self.text = PorePage(theme), ChannelText(theme)
        for title, page in (
            ("Gating", self.gating),
            ("Scheme", self.scheme),
            ("Pore", self.pore),
            ("Text", self.text),
        ):
            self.addTab(page, title)

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        for page in (self.gating, self.scheme, self.pore.plot, self.text):
            page.set_theme(theme)

    def draw(self, rig: Rig, channel: Channel, colour: QColor, v_mV: float, occupied: Mapping[str, float]) -> None:
        """Draw the open page; a channel that is off as if it were on."""
        self.text.show_channel(rig, channel)
        page, seen = self.currentWidget(), replace(channel, on=True)
        if page is self.gating or page is self.pore:
            page.show_channel(seen, rig.solutions, colour, v_mV)  # type: ignore[union-attr]
        self.show_voltage(rig, channel, colour, v_mV, occupied)

    def show_voltage(
        self, rig: Rig, channel: Channel, colour: QColor, v_mV: float, occupied: Mapping[str, float]
    ) -> None:
        """Show what the open page has at another voltage."""
        page = self.currentWidget()
        if page is self.gating:
            self.gating.show_voltage(v_mV)
        elif page is self.pore:
            self.pore.plot.show_voltage(v_mV)
        elif page is self.scheme:
            self.scheme.show_scheme(*_scheme(rig, channel, v_mV, occupied, colour))


def _scheme(
    rig: Rig, channel: Channel, v_mV: float, occupied: Mapping[str, float], colour: QColor
) -> tuple[SchemeAt | None, QColor, str]:
    """A channel's states at a voltage, filled as at the cursor or else as at rest; or why there are none."""
    scheme = scheme_of(channel)
    if scheme is None:
        return None, colour, TOO_MANY if channel.is_gated else "No gates and no states: it is always open."
    seen = scheme_at(scheme, rig.solutions, v_mV)
    if set(occupied) == set(seen.states):
        seen = replace(seen, occupied=np.array([occupied[state] for state in seen.states]))
    return seen, colour, ""


def _write(path: Path, text: str, *, overwrite: bool) -> str:
    from vclamp.storage.channels import save_channel

    return save_channel(path, text, overwrite=overwrite).name
