"""The amplifier: what it holds, through what, how it compensates, and how its output is recorded."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QToolButton, QWidget

from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.exam import TRUE_OF_AMPLIFIER
from vclamp.model.rig import Rig
from vclamp.publish.symbols import CIRCUITS
from vclamp.ui.panels.editing import Editing
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.headings import heading
from vclamp.ui.panels.marks import Arrow, Knob
from vclamp.ui.panels.parameters import Kind, kind_of
from vclamp.ui.panels.words import AMPLIFIER, MODES, unit_of

USUAL_RS_MOhm = 6.0  # of a whole-cell recording; where there is none yet and a circuit needs one
FIELD_EM = 6.6
NONE_AT_0 = ("recorder.filter_kHz", "recorder.bits")


def _clamps_voltage(amplifier: Amplifier) -> bool:
    return not amplifier.clamps_current


def _clamps_current(amplifier: Amplifier) -> bool:
    return amplifier.clamps_current


def _compensates(amplifier: Amplifier) -> bool:
    return amplifier.has_electronics and not amplifier.clamps_current


def _is_full(amplifier: Amplifier) -> bool:
    return _compensates(amplifier) and amplifier.circuit == "full"


def _records(amplifier: Amplifier) -> bool:
    return amplifier.recorder.on and not amplifier.clamps_current


def _is_detailed(amplifier: Amplifier) -> bool:
    return _compensates(amplifier) or _records(amplifier)


@dataclass(frozen=True)
class _Row:
    """A value below "amplifier.", or a heading if it is in no words; when it applies, and whether it is folded away."""

    key: str
    applies: Callable[[Amplifier], bool]
    folded: bool = False


_ROWS = (
    _Row("circuit", _clamps_voltage),
    _Row("bias_pA", _clamps_current),
    _Row("rs_MOhm", _clamps_voltage),
    _Row("cp_pF", _is_full),
    _Row("offset_mV", _clamps_voltage),
    _Row("junction_mV", _clamps_voltage),
    _Row("feedback_GOhm", _is_detailed, folded=True),
    _Row("Compensation", _compensates),
    _Row("cp_est_pF", _is_full),
    _Row("cm_est_pF", _compensates),
    _Row("rs_est_MOhm", _compensates),
    _Row("correction_percent", _compensates),
    _Row("prediction_percent", _compensates),
    _Row("tau_sum_ms", _compensates, folded=True),
    _Row("recorder.on", _clamps_voltage),
    _Row("recorder.filter_kHz", _records),
    _Row("recorder.noise", _records),
    _Row("recorder.seal_GOhm", _records, folded=True),
    _Row("recorder.bits", _records, folded=True),
    _Row("recorder.range_V", _records, folded=True),
    _Row("recorder.gain_mV_per_pA", _records, folded=True),
)


class AmplifierCard(Editing):
    """Every knob of the amplifier that does something in its mode and circuit."""

    def __init__(self, unfolded: set[str]) -> None:
        super().__init__()
        self.fields: dict[str, QWidget] = {}
        self.autos: dict[str, QToolButton] = {}
        self._rig: Rig | None = None
        self._unfolded = unfolded
        self._rows: list[tuple[_Row, list[QWidget]]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(7, 5, 6, 5)
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)
        self.arrow = Arrow("more settings: amplifier")
        self.arrow.setChecked("amplifier" in unfolded)
        self.arrow.toggled.connect(self._fold)
        self.mode = self.fields["mode"] = self.choice("amplifier.mode", MODES, AMPLIFIER["mode"][1])
        self._grid.addWidget(self.mode, 0, 0)
        self._grid.addWidget(self.arrow, 0, 1, Qt.AlignmentFlag.AlignRight)
        for row in _ROWS:
            self._rows.append((row, self._make(row)))
        for key in ("circuit", "recorder.on"):
            self.only_when_idle(self.fields[key])

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig; what does nothing there is hidden."""
        super().show_rig(rig)
        self._rig = rig
        self._show_rows(rig)

    def _show_rows(self, rig: Rig) -> None:
        """Show what applies, and of what is folded away nothing until it is unfolded; an exam hides the truth."""
        unfolded, exam, foldable = self.arrow.isChecked(), rig.cell.exam, False
        for row, widgets in self._rows:
            applies = row.applies(rig.amplifier) and not (exam and row.key in TRUE_OF_AMPLIFIER)
            foldable |= applies and row.folded
            for widget in widgets:
                finds = exam and widget in self.autos.values()
                widget.setVisible(applies and (unfolded or not row.folded) and not finds)
        self.arrow.setVisible(foldable)

    def _fold(self, unfold: bool) -> None:
        (self._unfolded.add if unfold else self._unfolded.discard)("amplifier")
        if self._rig is not None:
            self._show_rows(self._rig)

    # ---- making ----------------------------------------------------------------------------

    def _make(self, row: _Row) -> list[QWidget]:
        """The widgets of a row, put in their places."""
        at, key = self._grid.rowCount(), row.key
        if key not in AMPLIFIER:
            title = heading(key)
            self._grid.addWidget(title, at, 0, 1, 2)
            return [title]
        field = self.fields[key] = self._field(key)
        if not isinstance(field, QuantityField):
            self._grid.addWidget(field, at, 0, 1, 2)
            return [field]
        field.setFixedWidth(round(FIELD_EM * field.fontInfo().pixelSize()))
        label = self.caption(AMPLIFIER[key][0], field)
        self._grid.addWidget(label, at, 0)
        self._grid.addWidget(field, at, 1)
        if key not in ("cp_est_pF", "cm_est_pF"):
            return [label, field]
        auto = self.autos[key] = self._auto(key)
        auto.setFixedHeight(field.sizeHint().height())
        self._grid.addWidget(auto, at, 0, Qt.AlignmentFlag.AlignRight)
        return [label, auto, field]

    def _field(self, key: str) -> QWidget:
        """What sets a value."""
        path, (label, tip) = f"amplifier.{key}", AMPLIFIER[key]
        kind = _kind(key)
        if key == "circuit":
            return self.choice(path, CIRCUITS, tip, self._choose_circuit)
        if kind == Kind():
            return self.toggle(path, label, tip)
        unit = unit_of(key)
        field = self.number(path, unit, kind.low, kind.high, whole=kind.whole, tip=tip)
        if key in NONE_AT_0:
            field.setSpecialValueText("none")
        return field

    def _auto(self, key: str) -> QToolButton:
        """A button that finds an estimate, as amplifiers do by a test pulse."""
        auto = Knob(text="Auto")
        auto.setAccessibleName(f"Auto {AMPLIFIER[key][0]}")
        fast = key == "cp_est_pF"
        auto.setToolTip(
            "Sets C-fast to the pipette's true capacitance"
            if fast
            else "Sets C-slow and the Rs dial to the true values of membrane and pipette"
        )
        auto.clicked.connect(self._find_fast if fast else self._find_slow)
        return auto

    def _find_fast(self) -> None:
        assert self._rig is not None
        self.edited.emit("amplifier.cp_est_pF", self._rig.amplifier.cp_pF)

    def _find_slow(self) -> None:
        assert self._rig is not None
        cm_pF = min(self._rig.cell.cm_pF, _kind("cm_est_pF").high)
        self.edited_together.emit({"amplifier.cm_est_pF": cm_pF, "amplifier.rs_est_MOhm": self._rig.amplifier.rs_MOhm})

    def _choose_circuit(self, circuit: str) -> None:
        """Take a circuit, and with it a series resistance if it needs one and there is none."""
        assert self._rig is not None
        if circuit != "series-resistance" and self._rig.amplifier.rs_MOhm == 0.0:
            self.edited_together.emit({"amplifier.rs_MOhm": USUAL_RS_MOhm, "amplifier.circuit": circuit})
        else:
            self.edited.emit("amplifier.circuit", circuit)


def _kind(key: str) -> Kind:
    """What a value below "amplifier." may be."""
    owner, _, name = key.rpartition(".")
    return kind_of(Recorder if owner else Amplifier, name)
