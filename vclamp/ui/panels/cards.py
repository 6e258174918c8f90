"""Cards of what is in the membrane: a switch, how much, its blockers, and all else when unfolded."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout

from vclamp.model.channel import Channel
from vclamp.model.pump import Pump
from vclamp.model.rig import Branch, Rig
from vclamp.ui.panels.editing import Editing, dim, drug_path
from vclamp.ui.panels.fields import ConcentrationSlider, QuantityField
from vclamp.ui.panels.parameters import Parameters, kind_of
from vclamp.ui.panels.words import MODES, PUMPS

PERMEABILITY_CM3_PER_S = 1e-12  # the unit it is shown in
_AMOUNTS = {
    "g_nS": ("nS", 1.0, "Conductance with all channels open"),
    "p_cm3_per_s": ("×10⁻¹² cm³/s", 1 / PERMEABILITY_CM3_PER_S, "Permeability times area, with all channels open"),
    "n_channels": ("", 1.0, "Number of channels"),
}


class Card(Editing):
    """A frame with a switch, and a form that a click on the arrow unfolds."""

    def __init__(self, prefix: str, skipped: tuple[str, ...], unfolded: set[str]) -> None:
        super().__init__()
        self.form: Parameters | None = None
        self._prefix, self._skipped, self._unfolded = prefix, skipped, unfolded
        self._rig: Rig | None = None
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(7, 5, 6, 5)
        self.body.setSpacing(3)
        self.arrow = QToolButton(text="▸", checkable=True, objectName="more")
        self.arrow.setToolTip("Everything else that can be set")
        self.arrow.setAccessibleName("more settings")
        self.arrow.toggled.connect(self._fold)

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig."""
        self._rig = rig
        super().show_rig(rig)
        if self._prefix in self._unfolded and not self.arrow.isChecked():
            self.arrow.setChecked(True)

    def _fold(self, unfold: bool) -> None:
        """Show or hide the form; it is made when it is first wanted."""
        self.arrow.setText("▾" if unfold else "▸")
        (self._unfolded.add if unfold else self._unfolded.discard)(self._prefix)
        if unfold and self.form is None and self._rig is not None:
            self.form = Parameters(self._rig, self._prefix, self._skipped)
            self.adopt(self.form)
            self.form.show_rig(self._rig)
            self.body.addWidget(self.form)
        if self.form is not None:
            self.form.setVisible(unfold)


class ChannelCard(Card):
    """One channel: switch, amount, a slider for each of its blockers."""

    def __init__(self, rig: Rig, channel: Channel, colour: str, number: int, unfolded: set[str]) -> None:
        super().__init__(f"cell.channels.{channel.name}", (channel.pore.AMOUNT,), unfolded)
        tip = f"{channel.note or channel.title}\nKey {number} switches it on and off."
        self.switch = self.toggle(f"{self._prefix}.on", channel.title, tip)
        self.switch.setStyleSheet(f"color: {colour}; font-weight: bold;")
        key = channel.pore.AMOUNT
        unit, scale, what = _AMOUNTS[key]
        kind = kind_of(Channel, key)
        self.conductance: QuantityField = self.number(
            f"{self._prefix}.{key}", unit, scale * kind.low, scale * kind.high,
            scale=scale, whole=kind.whole, tip=f"{what}\n{channel.source}",
        )  # fmt: skip
        top = QHBoxLayout()
        top.addWidget(self.switch, 1)
        self.body.addLayout(top)
        if key == "g_nS":
            top.addWidget(self.conductance)
        else:
            row = QHBoxLayout()
            row.addWidget(dim("P" if unit else "channels"))
            row.addWidget(self.conductance, 1)
            self.body.addLayout(row)
        top.addWidget(self.arrow)
        self.sliders: dict[str, ConcentrationSlider] = {}
        for block in channel.blockers:
            path = drug_path(rig, block.drug, block.side)
            if path not in self.sliders:
                self.sliders[path] = self.drug(path, block.drug, block.half_mM)
                self.body.addWidget(self.sliders[path])


class PumpCard(Card):
    """The sodium pump: switch, largest current, model, what stops it and what drives it."""

    def __init__(self, rig: Rig, pump: Pump, colour: str, number: int, unfolded: set[str]) -> None:
        super().__init__("cell.pump", (), unfolded)
        tip = f"3 Na⁺ out, 2 K⁺ in for one ATP. {pump.note}\nKey {number} switches it on and off."
        self.switch = self.toggle("cell.pump.on", "Na⁺/K⁺ pump", tip)
        self.switch.setStyleSheet(f"color: {colour}; font-weight: bold;")
        kind = kind_of(Pump, "i_max_pA")
        self.largest = self.number(
            "cell.pump.i_max_pA", "pA", kind.low, kind.high, tip=f"Largest net current\n{pump.source}"
        )
        self.model = self.choice("cell.pump.type", PUMPS, "What its rate depends on")
        top = QHBoxLayout()
        for widget, stretch in ((self.switch, 1), (self.largest, 0), (self.arrow, 0)):
            top.addWidget(widget, stretch)
        self.body.addLayout(top)
        self.body.addWidget(self.model)
        self.sliders: dict[str, ConcentrationSlider] = {}
        wanted = [(pump.blocker, "out", pump.ic50_mM)]
        if pump.k_atp_mM:
            wanted.append(("ATP", "in", pump.k_atp_mM))
        for drug, side, half_mM in wanted:
            path = drug_path(rig, drug, side)
            self.sliders[path] = self.drug(path, drug, half_mM)
            self.body.addWidget(self.sliders[path])


class BranchCard(Editing):
    """A resistor and a capacitor in series beside the membrane."""

    def __init__(self, branch: Branch, colour: str) -> None:
        super().__init__()
        prefix = f"cell.branches.{branch.name}"
        title = QLabel(branch.name)
        title.setStyleSheet(f"color: {colour}; font-weight: bold;")
        row = QHBoxLayout(self)
        row.setContentsMargins(7, 5, 6, 5)
        row.addWidget(title, 1)
        for key, unit in (("r_MOhm", "MΩ"), ("c_pF", "pF")):
            kind = kind_of(Branch, key)
            row.addWidget(self.number(f"{prefix}.{key}", unit, kind.low, kind.high))


class CellCard(Editing):
    """Capacitance and volume of the cell, and the amplifier: what it clamps, and through what."""

    def __init__(self) -> None:
        super().__init__()
        self.cm = self.number("cell.cm_pF", "pF", 0.01, 1e5, 2, tip="Membrane capacitance")
        tip = "Series resistance of the pipette; 0 is an ideal clamp"
        self.rs = self.number("amplifier.rs_MOhm", "MΩ", 0.0, 1000.0, 2, tip=tip)
        self.mode = self.choice("amplifier.mode", MODES, "What the amplifier holds (keys V, I; N is I = 0)")
        tip = "Current that the amplifier injects in current clamp; at 0 the cell is left alone (I = 0)"
        self.bias = self.number("amplifier.bias_pA", "pA", -1e6, 1e6, 3, tip=tip)
        self.volume = QuantityField("pL", 0.0, 1e9)
        self.volume.setToolTip(_VOLUME_TIP)
        self.volume.setSpecialValueText("pipette")
        self.volume.edited.connect(lambda value: self.edited.emit("cell.volume_pL", value or None))
        self.volume.refused.connect(self.refused)
        self.also(lambda rig: self.volume.show_value(rig.cell.volume_pL or 0.0))
        column = QVBoxLayout(self)
        column.setContentsMargins(7, 5, 6, 5)
        column.setSpacing(3)
        self.tick_word = dim("renewed every")
        self.tick = self.number("cell.tick_ms", "ms", 0.1, 60_000.0, tip="Shorter is more exact and slower")
        for parts in (
            (dim("Cm"), self.cm, dim("Rs"), self.rs),
            (self.mode, self.bias),
            (dim("inside volume"), self.volume),
            (self.tick_word, self.tick),
        ):
            row = QHBoxLayout()
            for part in parts:
                row.addWidget(part, 0 if isinstance(part, QLabel) else 3 if part is self.mode else 2)
            column.addLayout(row)

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig; what does not apply is greyed."""
        super().show_rig(rig)
        clamps_current = rig.amplifier.clamps_current
        self.rs.setEnabled(not clamps_current)
        self.bias.setEnabled(clamps_current)
        for part in (self.tick_word, self.tick):
            part.setVisible(rig.cell.volume_pL is not None)


_VOLUME_TIP = (
    "With a volume the concentrations inside follow what flows;\nat 0 they stay as a large pipette would keep them."
)
