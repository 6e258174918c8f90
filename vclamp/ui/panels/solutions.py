"""The solutions on both sides: concentrations, reversal potentials, activities, temperature, drugs."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout

from vclamp.errors import VClampError
from vclamp.model.ions import Ion, Solutions
from vclamp.model.pores import OhmicPore
from vclamp.model.rig import Rig
from vclamp.publish.symbols import ion_text
from vclamp.ui.panels.editing import Editing, drug_path
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.headings import dim, heading
from vclamp.ui.panels.marks import Caption
from vclamp.ui.panels.sliders import ConcentrationSlider
from vclamp.ui.panels.words import ACTIVITIES
from vclamp.units import ZERO_CELSIUS_K

LEAST_C, MOST_C = 250.0 - ZERO_CELSIUS_K, 350.0 - ZERO_CELSIUS_K
_TEMPERATURE = "Of bath and cell: E = (RT/zF) ln(outside/inside); rates go with Q10^((T − T measured)/10 °C)"
_CONCENTRATION = "Concentration of {ion} {side}: E = (RT/zF) ln(outside/inside)"
_GAMMA = "Activity coefficient γ of {ion} {side}: activity = γ × concentration"
_ACTIVITY = "What the ions act with: activity = γ × concentration"
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class SolutionsPanel(Editing):
    """A row for every ion, a slider for every drug that stands on no card."""

    def __init__(self, rig: Rig, carded: set[str]) -> None:
        super().__init__(framed=False)
        self.ions = {ion.name: IonRows(ion) for ion in rig.solutions.ions}
        self.sliders: dict[str, ConcentrationSlider] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(heading("IONS (mM)"))
        layout.addWidget(self._table())
        self.note = dim("")
        self.note.setWordWrap(True)
        layout.addWidget(self.note)
        layout.addWidget(heading("TEMPERATURE AND ACTIVITY"))
        layout.addWidget(self._conditions())
        paths = [drug_path(rig, drug.name, side) for drug in rig.solutions.drugs for side in ("out", "in")]
        left = [path for path in paths if path.rsplit(".", 1)[0] not in _parents(carded)]
        if left:
            layout.addWidget(heading("OTHER DRUGS"))
        for path in left:
            name, side = path.split(".")[2], "inside" if path.endswith("in_mM") else "outside"
            self.sliders[path] = self.drug(path, f"{name} {side}", 0.0, known=False)
            layout.addWidget(self.sliders[path])
        layout.addStretch(1)

    def _table(self) -> Editing:
        frame = Editing()
        self.grid = QGridLayout(frame)
        self.grid.setContentsMargins(8, 5, 8, 5)
        self.grid.setHorizontalSpacing(4)
        self.grid.setVerticalSpacing(3)
        for column, text in enumerate(("", "outside", "inside", "E (mV)")):
            self.grid.addWidget(dim(text), 0, column, _RIGHT)
            self.grid.setColumnStretch(column, 1 if column else 0)
        for rows in self.ions.values():
            self.adopt(rows)
            rows.setParent(self)
            rows.hide()  # its widgets stand in the table
            rows.place(self.grid)
        return frame

    def _conditions(self) -> Editing:
        frame = Editing()
        column = QGridLayout(frame)
        column.setContentsMargins(8, 5, 8, 5)
        column.setVerticalSpacing(3)
        self.temperature = self.number(
            "solutions.temperature_K", "°C", LEAST_C, MOST_C, 2, offset=-ZERO_CELSIUS_K, tip=_TEMPERATURE
        )
        self.activity = self.choice("solutions.activity", ACTIVITIES, _ACTIVITY)
        column.addWidget(self.caption("temperature", self.temperature), 0, 0)
        column.addWidget(self.temperature, 0, 1)
        column.addWidget(self.activity, 1, 0, 1, 2)
        return frame

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig."""
        super().show_rig(rig)
        self.note.setText(note_text(rig))
        self.note.setVisible(bool(self.note.text()))


class IonRows(Editing):
    """One ion's rows of the table: concentrations and E, and below them its activity coefficients."""

    def __init__(self, ion: Ion) -> None:
        super().__init__(framed=False)
        prefix = f"solutions.ions.{ion.name}"
        self._name = ion.name
        self.title = Caption(ion_text(ion.name, ion.z), role="")
        self.title.setToolTip("Double-click resets both concentrations")
        self.title.double_clicked.connect(lambda: self.reset_together(self.concentrations.values()))
        self.concentrations: dict[str, QuantityField] = {}
        self.gammas: dict[str, QuantityField] = {}
        for side, word in (("out", "outside"), ("in", "inside")):
            self.concentrations[side] = self.number(
                f"{prefix}.{side}_mM", "mM", 0.0, 10_000.0, tip=_CONCENTRATION.format(ion=ion.name, side=word)
            )
            self.gammas[side] = self.number(
                f"{prefix}.gamma_{side}", "", 0.01, 10.0, tip=_GAMMA.format(ion=ion.name, side=word)
            )
        for field in self.concentrations.values():
            field.setSuffix("")
        self.reversal = QLabel()
        self.gamma_word = dim("γ")

    def place(self, grid: QGridLayout) -> None:
        """Stand in the next two rows of a table."""
        row = grid.rowCount()
        grid.addWidget(self.title, row, 0)
        grid.addWidget(self.reversal, row, 3, _RIGHT)
        grid.addWidget(self.gamma_word, row + 1, 0, _RIGHT)
        for column, side in enumerate(("out", "in"), 1):
            grid.addWidget(self.concentrations[side], row, column)
            grid.addWidget(self.gammas[side], row + 1, column)

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig, and the coefficients that its law of activities gives."""
        super().show_rig(rig)
        solutions = rig.solutions
        self.reversal.setText(reversal_text(solutions, self._name))
        self.reversal.setToolTip(nernst_text(solutions, self._name))
        for field, gamma in zip(self.gammas.values(), solutions.gammas(self._name), strict=True):
            field.setVisible(solutions.activity != "off")
            field.setEnabled(solutions.activity == "given")
            field.show_value(gamma if solutions.activity == "given" else float(f"{gamma:.4f}"))
        self.gamma_word.setVisible(solutions.activity != "off")


def note_text(rig: Rig) -> str:
    """What a user of this cell's solutions should know."""
    follows, channels = rig.cell.volume_pL is not None, () if rig.cell.exam else rig.cell.channels
    fixed = [
        f"{channel.title} at {channel.pore.e_mV:+g} mV".replace("-", "−")
        for channel in channels
        if channel.ion is not None and isinstance(channel.pore, OhmicPore) and channel.pore.e_mV is not None
    ]
    parts = ["Inside: what a run starts with. The ledger shows what it has become."] if follows else []
    parts += [f"This cell fixes the reversal of {', '.join(fixed)}; concentrations do not move it."] if fixed else []
    return " ".join(parts)


def reversal_text(solutions: Solutions, ion: str) -> str:
    """An ion's reversal potential; a dash where there is none of it on one side."""
    try:
        return f"{solutions.reversal_mV(ion):.1f}".replace("-0.0", "0.0").replace("-", "−")
    except VClampError:
        return "–"


def nernst_text(solutions: Solutions, ion: str) -> str:
    """How the reversal potential comes about, with its numbers."""
    active = solutions.active(ion)
    form = "(RT/zF) ln(outside/inside)"
    return f"E = {form} = (RT/{active.z:+d}F) ln({active.out_mM:.4g}/{active.in_mM:.4g})".replace("-", "−")


def _parents(paths: set[str]) -> set[str]:
    """The drugs that have a slider on some card."""
    return {path.rsplit(".", 1)[0] for path in paths}
