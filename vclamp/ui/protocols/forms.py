"""Forms beside the table: everything of the chosen segment, and of the protocol as a whole."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QPlainTextEdit, QVBoxLayout, QWidget

from vclamp.model.ladder import Ladder
from vclamp.model.protocol import Protocol
from vclamp.model.protocol_table import has_both_units, letter, retyped_in, with_changes, with_setting
from vclamp.model.segments import Segment, commands_current
from vclamp.model.series import Conditioning, Leak, Series
from vclamp.ui.panels.editing import Choice, FormulaField, NamedSwitch, value_at
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.headings import dim
from vclamp.ui.panels.parameters import kind_of
from vclamp.ui.protocols.values import VariedField
from vclamp.ui.protocols.words import CHOICES, SETTINGS, key_words, quantity_text, reach, setting_unit

Say = Callable[[Any], None]
Show = Callable[[Any, int], None]  # a value, and the number of sweeps
_OWNERS = {"": Protocol, "series": Series, "leak": Leak, "conditioning": Conditioning}
_NONE = {
    "from": "where it was", "base": "where it was", "level": "where it was", "duration_ms": "of all values",
    "leak.hold_mV": "as the sweep", "leak.divisor": "by n", "conditioning.post_mV": "at the baseline",
    "to_Hz": "it stays",
}  # fmt: skip
_UNLIKELY = ("type", "name", "marker", "file", "values_mV", "values_pA")  # not in the form of a segment
_COLUMNS = 4  # label, field, label, field
FIELD_LETTERS = 10
ABOUT = "About"


@dataclass(frozen=True)
class Spec:
    """A value that a form shows."""

    owner: type
    key: str
    label: str
    tip: str
    unit: str
    none: str = ""

    @property
    def hint(self) -> str:
        """Meaning and range, for a tooltip."""
        kind = kind_of(self.owner, self.key)
        return f"{self.tip}\n{reach(kind.low, kind.high, self.unit)}".strip()

    @property
    def names(self) -> tuple[str, str, str]:
        """Key, label, tooltip."""
        return self.key, self.label, self.hint


@cache
def _parts(owner: type, key: str) -> frozenset[Any]:
    """Every type in the annotation of a field."""
    found: set[Any] = set()

    def look(hint: Any) -> None:
        found.add(hint)
        for part in get_args(hint):
            look(part)

    look(get_type_hints(owner, include_extras=True)[key])
    return frozenset(part for part in found if isinstance(part, type))


class NoteField(QPlainTextEdit):
    """Some lines of text, which count when they are left."""

    edited = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)

    def show_text(self, text: str) -> None:
        """Show a text that was set elsewhere."""
        if text != self.toPlainText():
            self.setPlainText(text)
        self.document().setModified(False)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell what was written."""
        super().focusOutEvent(event)
        if self.document().isModified():
            self.edited.emit(self.toPlainText())


def form_grid(*wide: int) -> QGridLayout:
    """A narrow grid of fields; the room left over goes to the columns `wide`."""
    grid = QGridLayout()
    grid.setContentsMargins(5, 4, 5, 4)
    grid.setHorizontalSpacing(6)
    grid.setVerticalSpacing(3)
    for column in wide:
        grid.setColumnStretch(column, 1)
    return grid


class Form(QWidget):
    """Widgets in a grid; each asks for an edit of the protocol."""

    asked = Signal(object, str)  # an edit of the protocol, what it is called
    refused = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, QWidget] = {}
        self.grid = form_grid(1, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self.grid)
        column.addStretch()
        self._at = 0

    def add(self, spec: Spec, say: Say) -> Show:
        """One more value; what shows it."""
        kind, parts = kind_of(spec.owner, spec.key), _parts(spec.owner, spec.key)
        if Ladder in parts or (NoneType in parts and float in parts):
            field: QWidget = VariedField(
                spec.label,
                spec.hint,
                spec.unit,
                kind,
                none=spec.none if NoneType in parts else "",
                varies=Ladder in parts,
            )
            field.edited.connect(say)
            field.refused.connect(self.refused)
            self._place(*spec.names, field, wide=True)
            return field.show_value
        if bool in parts:
            field = _switch(spec, say)
            self._place(*spec.names, field, wide=True)
            return lambda value, _: _quietly(field, lambda: field.setChecked(value))
        if kind.choices:
            field = Choice()
            for choice in kind.choices:
                field.addItem(CHOICES.get(choice, choice), choice)
            field.activated.connect(lambda n: say(field.itemData(n)))
            self._place(*spec.names, field)
            return lambda value, _: field.setCurrentIndex(field.findData(value))
        if spec.key == "note":
            field = NoteField()
            field.edited.connect(say)
            self._place(*spec.names, field, wide=True)
            return lambda value, _: field.show_text(value)
        if str in parts:
            field = FormulaField()
            field.editingFinished.connect(lambda: field.isModified() and say(field.text().strip()))
            self._place(*spec.names, field, wide=True)
            return lambda value, _: (field.setText(value or ""), field.setCursorPosition(0), field.setModified(False))
        field = QuantityField(spec.unit, kind.low, kind.high, 0 if kind.whole else None)
        field.edited.connect(lambda value: say(round(value) if kind.whole else float(f"{value:.12g}")))
        field.refused.connect(self.refused)
        self._place(*spec.names, field)
        return lambda value, _: field.show_value(value or 0.0)

    def _place(self, key: str, label: str, tip: str, field: QWidget, *, wide: bool = False) -> None:
        """In the next free place of the grid."""
        field.setToolTip(tip)
        field.setAccessibleName(label)
        self.fields[key] = field
        if wide and self._at % _COLUMNS:
            self._at += _COLUMNS - self._at % _COLUMNS
        row, column = divmod(self._at, _COLUMNS)
        if isinstance(field, QCheckBox):
            self.grid.addWidget(field, row, column, 1, _COLUMNS)
        else:
            word = dim(label)
            word.setToolTip(tip)
            top = Qt.AlignmentFlag.AlignTop if isinstance(field, NoteField) else Qt.AlignmentFlag.AlignVCenter
            self.grid.addWidget(word, row, column, top)
            self.grid.addWidget(field, row, column + 1, 1, _COLUMNS - 1 if wide else 1)
        if not wide:
            field.setMinimumWidth(field.fontMetrics().horizontalAdvance("0") * FIELD_LETTERS)
        self._at += _COLUMNS if wide else 2


class SegmentForm(Form):
    """Everything of one segment but its name; built anew, once it is seen, when that is of another type."""

    def __init__(self) -> None:
        super().__init__()
        self._shape: tuple[object, ...] = ()
        self._shows: dict[str, Show] = {}
        self._row = 0
        self._protocol: Protocol | None = None

    def show_segment(self, protocol: Protocol, row: int) -> None:
        """Show a segment of a protocol."""
        self._protocol, self._row = protocol, row
        if self.isVisible():
            self._show()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what was chosen meanwhile."""
        super().showEvent(event)
        self._show()

    def _show(self) -> None:
        if self._protocol is None:
            return
        protocol, segment = self._protocol, self._protocol.segments[self._row]
        shape = (segment.type, commands_current(segment))
        if shape != self._shape:
            self._build(segment)
            self._shape = shape
        for key, show in self._shows.items():
            show(commands_current(segment) if key == "unit" else getattr(segment, key), protocol.n_sweeps)

    def _build(self, segment: Segment) -> None:
        for field in self.findChildren(QWidget):
            field.hide()
            field.deleteLater()
        while self.grid.takeAt(0):
            pass
        self.fields, self._shows, self._at = {}, {}, 0
        other = "_mV" if commands_current(segment) else "_pA"
        for key in segment.__dataclass_fields__:
            if key in _UNLIKELY or (key.endswith(other) and has_both_units(segment.type)):
                continue
            none = _NONE.get(key) or _NONE.get(key.rpartition("_")[0], "")
            required = getattr(segment, key) is not None and key.startswith(("amplitude", "sd"))
            required |= segment.type == "train" and key.startswith("level")
            spec = Spec(type(segment), key, *key_words(key), none="" if required else none)
            self._shows[key] = self.add(spec, lambda value, key=key: self._say(key, value))
        if has_both_units(segment.type):
            self._add_unit()

    def _add_unit(self) -> None:
        box = Choice()
        box.addItem("a voltage (mV)", False)
        box.addItem("a current (pA)", True)
        box.activated.connect(lambda n: self.asked.emit(
            lambda p: retyped_in(p, self._row, p.segments[self._row].type, currents=box.itemData(n)),
            f"{letter(self._row)} commands {box.itemText(n)}",
        ))  # fmt: skip
        self._place("unit", "commands", "Currents are injected in current clamp; the levels begin anew", box, wide=True)
        self._shows["unit"] = lambda value, _: box.setCurrentIndex(box.findData(value))

    def _say(self, key: str, value: object) -> None:
        assert self._protocol is not None
        if self._row >= len(self._protocol.segments) or not hasattr(self._protocol.segments[self._row], key):
            return  # a field that was left because its segment is gone
        row, label, unit = self._row, key_words(key)[0], key_words(key)[2]
        before = getattr(self._protocol.segments[row], key)
        name = f"{letter(row)} {label} {_brief(before, unit)} → {_brief(value, unit)}"
        self.asked.emit(lambda p: with_changes(p, row, {key: value}), name)


class SettingsForm(Form):
    """Values of the whole protocol; those of leak subtraction and conditioning below a switch."""

    def __init__(self, paths: tuple[str, ...], group: str = "", switch: str = "", start: Any = None) -> None:
        super().__init__()
        self._group, self._start = group, start
        self._shows: dict[str, Show] = {}
        self._protocol: Protocol | None = None
        self.switch: QCheckBox | None = None
        if switch:
            self.switch = NamedSwitch(switch)
            self.switch.toggled.connect(self._toggle)
            self.grid.addWidget(self.switch, 0, 0, 1, _COLUMNS)
            self._at = _COLUMNS
        for path in paths:
            owner, _, key = path.rpartition(".")
            spec = Spec(_OWNERS[owner], key, *SETTINGS[path], setting_unit(path), _NONE.get(path, ""))
            self._shows[path] = self.add(spec, lambda value, path=path: self._say(path, value))

    def show_protocol(self, protocol: Protocol) -> None:
        """Show the values of a protocol; fields of what is off are hidden."""
        self._protocol = protocol
        there = not self._group or getattr(protocol, self._group) is not None
        if self.switch is not None:
            _quietly(self.switch, lambda: self.switch.setChecked(there))
            for place in range(1, self.grid.count()):
                self.grid.itemAt(place).widget().setVisible(there)
        if there:
            for path, show in self._shows.items():
                show(value_at(protocol, path), protocol.n_sweeps)

    def _toggle(self, on: bool) -> None:
        group, word = self._group, self.switch.accessibleName()
        self.asked.emit(
            lambda p: with_setting(p, group, self._start(p) if on else None), f"{word} {'on' if on else 'off'}"
        )

    def _say(self, path: str, value: object) -> None:
        assert self._protocol is not None
        if self._group and getattr(self._protocol, self._group) is None:
            return  # a field that was left because what it belongs to is gone
        unit, before = setting_unit(path), value_at(self._protocol, path)
        value = None if path == "label" and not value else value
        name = f"{SETTINGS[path][0]} {quantity_text(before, unit)} → {quantity_text(value, unit)}"
        self.asked.emit(lambda p: with_setting(p, path, value), name)


def settings_forms() -> dict[str, SettingsForm]:
    """The forms of the whole protocol by their titles."""
    series = tuple(path for path in SETTINGS if "." not in path or path.startswith("series"))
    leak, conditioning = ([path for path in SETTINGS if path.startswith(group)] for group in ("leak", "conditioning"))
    return {
        "Sweeps": SettingsForm(tuple(path for path in series if path not in ("label", "note"))),
        "P/N": SettingsForm(tuple(leak), "leak", "subtract leak and capacity (P/N)", lambda p: {}),
        "Conditioning": SettingsForm(
            tuple(conditioning), "conditioning", "pulses before every sweep",
            lambda p: {"n": 1, "level_mV": -120.0, "level_ms": 50.0, "baseline_mV": p.hold_mV},
        ),
        ABOUT: SettingsForm(("label", "note")),
    }  # fmt: skip


def _brief(value: object, unit: str) -> str:
    """A value as undo names it; what varies by its way only."""
    if isinstance(value, dict):
        value = Ladder(**value)
    if isinstance(value, Ladder):
        by = f"×{value.factor:g}" if value.factor != 1.0 else f"{value.step:+g}" if value.step else f"to {value.stop:g}"
        return f"{value.start:g} {by}".replace("-", "−") + f" {unit}"
    if isinstance(value, list | tuple):
        return f"{len(value)} values"
    return quantity_text(value, unit)


def _switch(spec: Spec, say: Say) -> QCheckBox:
    box = NamedSwitch(spec.label)
    box.toggled.connect(say)
    return box


def _quietly(widget: QWidget, act: Callable[[], object]) -> None:
    """Show something without telling that it was edited."""
    blocked = widget.blockSignals(True)
    act()
    widget.blockSignals(blocked)
