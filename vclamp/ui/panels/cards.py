"""Cards of what is in the membrane: a switch, how much, its blockers, and all else when unfolded."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from vclamp.model.channel import Channel
from vclamp.model.gating import MAX_STATES
from vclamp.model.pump import Pump
from vclamp.model.rig import Branch, Cell, Rig
from vclamp.ui.panels.editing import Editing, drug_path
from vclamp.ui.panels.equations import block_equation, equation_of
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.marks import Arrow
from vclamp.ui.panels.naming import PERMEABILITY_CM3_PER_S, PERMEABILITY_UNIT, range_text, value_at
from vclamp.ui.panels.parameters import Parameters, kind_of
from vclamp.ui.panels.sliders import ConcentrationSlider, CountSlider
from vclamp.ui.panels.words import PUMPS, source_of

USUAL_NUMBER = 1000  # of channels, where it is not known and they are to open one by one
# key: its sign, unit and scale, and what it is
_AMOUNTS = {
    "g_nS": ("g", "nS", 1.0, "Conductance with all channels open: I = g·P open·(V − E)"),
    "p_cm3_per_s": (
        "P", PERMEABILITY_UNIT, 1 / PERMEABILITY_CM3_PER_S,
        "Permeability times area, with all channels open:\n"
        "I = P·P open·z²(V F²/RT)·(inside − outside·exp(−zVF/RT))/(1 − exp(−zVF/RT)) for each ion\n"
        "Goldman 1943, J Gen Physiol 27:37; Hodgkin & Katz 1949, J Physiol 108:37",
    ),
    "n_channels": ("channels", "", 1.0, "Number of channels: I = n·P open·i, with i the current of one"),
}  # fmt: skip


class Card(Editing):
    """A frame with a switch, and a form that a click on the arrow unfolds."""

    grew = Signal()  # it has widgets that it had not

    def __init__(self, title: str, prefix: str, skipped: tuple[str, ...], unfolded: set[str]) -> None:
        super().__init__()
        self.form: Parameters | None = None
        self._prefix, self._skipped, self._unfolded = prefix, skipped, unfolded
        self._rig: Rig | None = None
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(7, 5, 6, 5)
        self.body.setSpacing(3)
        self.arrow = Arrow(f"more settings: {title}")
        self.arrow.toggled.connect(self._fold)

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig."""
        self._rig = rig
        super().show_rig(rig)
        if self._prefix in self._unfolded and not self.arrow.isChecked():
            self.arrow.setChecked(True)

    def _fold(self, unfold: bool) -> None:
        """Show or hide the form; it is made when it is first wanted."""
        (self._unfolded.add if unfold else self._unfolded.discard)(self._prefix)
        if unfold and self.form is None and self._rig is not None:
            self.form = Parameters(self._rig, self._prefix, self._skipped)
            self.adopt(self.form)
            self.form.show_rig(self._rig)
            self.body.addWidget(self.form)
            self.grew.emit()
        if self.form is not None:
            self.form.setVisible(unfold)


class ChannelCard(Card):
    """One channel: switch, amount, a slider for each of its blockers."""

    def __init__(self, rig: Rig, channel: Channel, colour: str, number: int, unfolded: set[str]) -> None:
        super().__init__(channel.title, f"cell.channels.{channel.name}", (channel.pore.AMOUNT,), unfolded)
        tip = f"{channel.note or channel.title}\nKey {number} switches it on and off."
        self.switch = self.toggle(f"{self._prefix}.on", channel.title, tip)
        self.switch.setStyleSheet(f"color: {colour}; font-weight: bold;")
        key = channel.pore.AMOUNT
        sign, unit, scale, what = _AMOUNTS[key]
        kind = kind_of(Channel, key)
        self.conductance: QuantityField = self.number(
            f"{self._prefix}.{key}", unit, scale * kind.low, scale * kind.high,
            scale=scale, whole=kind.whole, tip=f"{what}\n{channel.source}".strip(),
        )  # fmt: skip
        top = QHBoxLayout()
        top.addWidget(self.switch, 1)
        self.body.addLayout(top)
        row = top
        if key != "g_nS":  # too wide to stand beside the name
            row = QHBoxLayout()
            self.body.addLayout(row)
        row.addWidget(self.caption(sign, self.conductance))
        row.addWidget(self.conductance, int(row is not top))
        top.addWidget(self.arrow)
        self.sliders: dict[str, ConcentrationSlider] = {}
        for block in channel.blockers:
            path = drug_path(rig, block.drug, block.side)
            if path not in self.sliders:
                tip = f"{block_equation(block)}\n{channel.source}".strip()
                self.sliders[path] = self.drug(path, block.drug, block.half_mM, tip=tip)
                self.body.addWidget(self.sliders[path])
        self.count = CountSlider(deterministic=key != "n_channels")
        counted = self.count.slider
        counted.setAccessibleName(f"{channel.title}, channels one by one")
        self.count.moved.connect(
            self.bind(f"{self._prefix}.n_channels", counted, lambda number: None, corner=self.count.number)
        )
        self.name(counted, self.count.word)
        counted.double_clicked.connect(lambda: self.reset(counted))
        self.body.addWidget(self.count)
        self._countable = can_be_counted(channel)

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig; the number of channels while it matters."""
        super().show_rig(rig)
        channel = value_at(rig, self._prefix)
        self.count.setVisible(rig.cell.stochastic and self._countable)
        self.count.show_value(channel.n_channels, channel.g_nS)

    def show_running(self, running: bool) -> None:
        """While a run goes on counted channels stay counted, and the others not."""
        super().show_running(running)
        self.count.allow_switching(not running)


class PumpCard(Card):
    """The sodium pump: switch, largest current, model, what stops it and what drives it."""

    def __init__(self, rig: Rig, pump: Pump, colour: str, number: int, unfolded: set[str]) -> None:
        super().__init__("pump", "cell.pump", (), unfolded)
        tip = f"3 Na⁺ out, 2 K⁺ in for one ATP. {pump.note}\nKey {number} switches it on and off."
        self.switch = self.toggle("cell.pump.on", "Na⁺/K⁺ pump", tip)
        self.switch.setStyleSheet(f"color: {colour}; font-weight: bold;")
        kind = kind_of(Pump, "i_max_pA")
        self.largest = self.number(
            "cell.pump.i_max_pA", "pA", kind.low, kind.high,
            tip=f"{_I_MAX_TIP}\n{pump.source}".strip(),
        )  # fmt: skip
        self.model = self.choice("cell.pump.type", PUMPS, "What its rate depends on")
        top = QHBoxLayout()
        most = self.caption("I", self.largest)
        for widget, stretch in ((self.switch, 1), (most, 0), (self.largest, 0), (self.arrow, 0)):
            top.addWidget(widget, stretch)
        self.body.addLayout(top)
        self.body.addWidget(self.model)
        self.sliders: dict[str, ConcentrationSlider] = {}
        wanted = [(pump.blocker, "out", pump.ic50_mM)]
        if pump.k_atp_mM:
            wanted.append(("ATP", "in", pump.k_atp_mM))
        for drug, side, half_mM in wanted:
            path = drug_path(rig, drug, side)
            equation = equation_of(pump, "k_atp_mM" if drug == "ATP" else "ic50_mM")
            self.sliders[path] = self.drug(path, drug, half_mM, tip=f"{equation}\n{pump.source}".strip())
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
        for key, sign, unit, what in (("r_MOhm", "R", "MΩ", "Resistance"), ("c_pF", "C", "pF", "Capacitance")):
            kind = kind_of(Branch, key)
            tip = f"{what} in series beside the membrane: τ = R·C"
            field = self.number(f"{prefix}.{key}", unit, kind.low, kind.high, tip=tip)
            row.addWidget(self.caption(sign, field))
            row.addWidget(field)


class CellCard(Editing):
    """Capacitance and volume of the cell."""

    def __init__(self) -> None:
        super().__init__()
        cm, tick = kind_of(Cell, "cm_pF"), kind_of(Cell, "tick_ms")
        self.cm = self.number("cell.cm_pF", "pF", cm.low, cm.high, 2, tip=_CM_TIP)
        self.volume = self._volume()
        self.tick = self.number("cell.tick_ms", "ms", tick.low, tick.high, tip=_TICK_TIP)
        self.tick_word = self.caption("renewed every", self.tick)
        column = QVBoxLayout(self)
        column.setContentsMargins(7, 5, 6, 5)
        column.setSpacing(3)
        words = self.caption("Cm", self.cm), self.caption("inside volume", self.volume), self.tick_word
        for word, field in zip(words, (self.cm, self.volume, self.tick), strict=True):
            row = QHBoxLayout()
            row.addWidget(word)
            row.addWidget(field, 1)
            column.addLayout(row)

    def _volume(self) -> QuantityField:
        """The volume inside, or at 0 none."""
        most = kind_of(Cell, "volume_pL").high
        field = QuantityField("pL", 0.0, most)
        field.setToolTip(f"{_VOLUME_TIP}\n{source_of('cell.volume_pL')}\n{range_text(0.0, most, 'pL')}")
        field.setSpecialValueText("pipette")
        tell = self.bind("cell.volume_pL", field, lambda value: field.show_value(value or 0.0))
        field.edited.connect(lambda value: tell(value or None))
        field.editingFinished.connect(self.settled)
        field.refused.connect(self.refused)
        return field

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig; what does not apply is hidden."""
        super().show_rig(rig)
        for part in (self.tick_word, self.tick):
            part.setVisible(rig.cell.volume_pL is not None)


class OneByOne(Editing):
    """The switch between channels without number and channels that open one by one, at random."""

    def __init__(self) -> None:
        super().__init__(framed=False)
        self.switch = self.toggle("cell.stochastic", "one by one", _ONE_BY_ONE_TIP, self._switch)
        self.only_when_idle(self.switch)
        self._rig: Rig | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(7, 0, 6, 0)
        row.addWidget(self.switch)

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig."""
        super().show_rig(rig)
        self._rig = rig

    def _switch(self, on: bool) -> None:
        """Switch; a channel whose number is not known gets a usual one."""
        assert self._rig is not None
        channels = [c for c in self._rig.cell.channels if on and can_be_counted(c) and not c.n_channels]
        numbers = {f"cell.channels.{channel.name}.n_channels": USUAL_NUMBER for channel in channels}
        self.edited_together.emit({**numbers, "cell.stochastic": on})


def can_be_counted(channel: Channel) -> bool:
    """Whether channels of this kind can open one by one."""
    return channel.is_gated and len(channel.all_states.states) <= MAX_STATES


_CM_TIP = "Membrane capacitance, about 1 µF/cm²: I = Cm dV/dt"
_VOLUME_TIP = (
    "With a volume the concentrations inside follow what flows: d[ion]/dt = −I/(z·F·volume);\n"
    "at 0 they stay as a large pipette would keep them."
)
_I_MAX_TIP = "Largest net current, a third of what Na⁺ carries out: I = I max·share of pumps that run"
_TICK_TIP = "How often the concentrations inside are: d[ion]/dt = −I/(z·F·volume). Shorter is more exact and slower"
_ONE_BY_ONE_TIP = (
    "Channels open and close one by one, at random, so that the current flickers:\n"
    "variance i·I − I²/n, with i the current of one. Else as if there were infinitely many."
)
