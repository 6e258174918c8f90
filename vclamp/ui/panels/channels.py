"""The cell's channels: on or off, how many, and how much of each blocker; and the amplifier."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vclamp.model.channel import Channel
from vclamp.model.rig import Rig
from vclamp.ui.panels.fields import ConcentrationSlider, QuantityField
from vclamp.ui.theme import Theme, channel_colours, readable


class ChannelCard(QFrame):
    """One channel: switch, conductance, a slider for each of its blockers."""

    edited = Signal(str, object)  # path, value
    refused = Signal(str)  # why

    def __init__(self, channel: Channel, colour: str, number: int) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._name = channel.name
        self.switch = QCheckBox(channel.title)
        self.switch.setStyleSheet(f"color: {colour}; font-weight: bold;")
        self.switch.setToolTip(f"{channel.note or channel.title}\nKey {number} switches it on and off.")
        self.switch.toggled.connect(lambda on: self.edited.emit(f"cell.channels.{self._name}.on", on))
        amount = channel.pore.AMOUNT
        self.conductance = QuantityField("nS", 0.0, 1e6, 3)
        self.conductance.setToolTip(f"Conductance with all channels open\n{channel.source}")
        self.conductance.edited.connect(lambda g: self.edited.emit(f"cell.channels.{self._name}.{amount}", g))
        self.conductance.refused.connect(self.refused)
        top = QHBoxLayout()
        top.addWidget(self.switch, 1)
        top.addWidget(self.conductance)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 5, 8, 5)
        layout.setSpacing(3)
        layout.addLayout(top)
        self.sliders: dict[str, ConcentrationSlider] = {}
        for block in channel.blockers:
            slider = ConcentrationSlider(block.drug, block.half_mM)
            path = f"solutions.drugs.{block.drug}.{block.side}_mM"
            slider.moved.connect(lambda value, path=path: self.edited.emit(path, value))
            self.sliders[path] = slider
            layout.addWidget(slider)

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig."""
        channel = next(c for c in rig.cell.channels if c.name == self._name)
        self.switch.blockSignals(True)
        self.switch.setChecked(channel.on)
        self.switch.blockSignals(False)
        self.conductance.show_value(channel.amount)
        for path, slider in self.sliders.items():
            _, _, drug, key = path.split(".")
            slider.show_value(rig.solutions.drug_mM(drug, key.removesuffix("_mM")))


class RigPanel(QWidget):
    """All channel cards of the cell, its capacitance and the amplifier's series resistance."""

    edited = Signal(str, object)
    refused = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, ChannelCard] = {}
        self.rs = QuantityField("MΩ", 0.0, 1000.0, 2)
        self.cm = QuantityField("pF", 0.01, 1e5, 2)
        self._shape: object = None
        self._body = QWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._body)

    def show_rig(self, rig: Rig, theme: Theme) -> None:
        """Show a rig; the cards are made anew only if the channels or the looks are others."""
        channels = [(c.name, c.title, [b.drug for b in c.blockers]) for c in rig.cell.channels]
        if self._shape != (theme.name, channels):
            self._shape = (theme.name, channels)
            self._build(rig, theme)
        for card in self.cards.values():
            card.show_rig(rig)
        self.rs.show_value(rig.amplifier.rs_MOhm)
        self.cm.show_value(rig.cell.cm_pF)

    def _build(self, rig: Rig, theme: Theme) -> None:
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(_heading("CHANNELS AND BLOCKERS"))
        colours = channel_colours(rig, theme)
        self.cards = {}
        for number, channel in enumerate(rig.cell.channels, 1):
            colour = readable(colours[channel.name], QColor(theme.panel)).name()
            card = ChannelCard(channel, colour, number)
            card.edited.connect(self.edited)
            card.refused.connect(self.refused)
            self.cards[channel.name] = card
            layout.addWidget(card)
        layout.addWidget(_heading("CELL AND AMPLIFIER"))
        layout.addWidget(self._amplifier())
        layout.addStretch(1)
        self.layout().replaceWidget(self._body, body)
        self._body.deleteLater()
        self._body = body

    def _amplifier(self) -> QFrame:
        self.cm = QuantityField("pF", 0.01, 1e5, 2)
        self.cm.setToolTip("Membrane capacitance")
        self.cm.edited.connect(lambda value: self.edited.emit("cell.cm_pF", value))
        self.rs = QuantityField("MΩ", 0.0, 1000.0, 2)
        self.rs.setToolTip("Series resistance of the pipette; 0 is an ideal clamp")
        self.rs.edited.connect(lambda value: self.edited.emit("amplifier.rs_MOhm", value))
        frame = QFrame()
        frame.setProperty("role", "panel")
        row = QHBoxLayout(frame)
        row.setContentsMargins(8, 5, 8, 5)
        for label, field in (("Cm", self.cm), ("Rs", self.rs)):
            field.refused.connect(self.refused)
            row.addWidget(QLabel(label))
            row.addWidget(field, 1)
        return frame


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label
