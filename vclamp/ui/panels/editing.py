"""A panel whose widgets each show and edit one value of the rig, named by its dotted path."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QWidget,
)

from vclamp.model.rig import Rig
from vclamp.ui.panels.fields import Calm, ConcentrationSlider, QuantityField

STOP_FIRST = "It changes what is recorded: stop the run first (Esc)."


def value_at(value: object, path: str) -> Any:
    """The value at a dotted path, as the bench sets it."""
    for part in path.split("."):
        if isinstance(value, tuple):
            names = [getattr(item, "name", "") for item in value]
            value = value[names.index(part)] if part in names else value[int(part)]
        else:
            value = getattr(value, part)
    return value


class FormulaField(QLineEdit):
    """A formula; it counts on Enter, or when the field is left."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter leaves the field, so that keys are commands again."""
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clearFocus()


class NamedSwitch(QCheckBox):
    """A check box that shortens its name where there is no room for all of it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._name = name
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        """Room for some letters."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), 6 * self.fontInfo().pixelSize()), hint.height())

    def sizeHint(self) -> QSize:
        """Room for the whole name."""
        self.setText(self._name)
        return super().sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Write as much of the name as there is room for."""
        super().resizeEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxContents, option, self).width()
        self.setText(self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, room))


class Choice(Calm, QComboBox):
    """A box of choices on a page that scrolls."""


class Editing(QFrame):
    """Makes widgets that say what was edited and follow the rig."""

    edited = Signal(str, object)  # path, value
    edited_together = Signal(object)  # values by their paths, in one step
    refused = Signal(str)  # why

    def __init__(self, *, framed: bool = True) -> None:
        super().__init__()
        if framed:
            self.setProperty("role", "panel")
        self._shows: list[Callable[[Rig], None]] = []
        self._idle_only: dict[QWidget, str] = {}  # with its tip

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig."""
        for show in self._shows:
            show(rig)

    def also(self, show: Callable[[Rig], None]) -> None:
        """Something else to do when another rig is shown."""
        self._shows.append(show)

    def show_running(self, running: bool) -> None:
        """What a run's traces depend on cannot be set while it goes on."""
        for widget, tip in self._idle_only.items():
            widget.setEnabled(not running)
            widget.setToolTip(f"{tip}\n{STOP_FIRST}" if running else tip)

    def only_when_idle(self, widget: QWidget) -> None:
        """Traces come or go with what this widget sets."""
        self._idle_only[widget] = widget.toolTip()

    def adopt(self, part: "Editing") -> None:
        """A part with widgets of its own: pass on what it says, and show it every rig."""
        part.edited.connect(self.edited)
        part.edited_together.connect(self.edited_together)
        part.refused.connect(self.refused)
        self.also(part.show_rig)

    def number(
        self, path: str, unit: str, low: float, high: float, decimals: int | None = None,
        *, scale: float = 1.0, offset: float = 0.0, whole: bool = False, tip: str = "",
    ) -> QuantityField:  # fmt: skip
        """A number; it is shown as scale × value + offset, the range is that of what is shown."""
        field = QuantityField(unit, low, high, 0 if whole else decimals)
        field.setToolTip(tip)

        def say(shown: float) -> None:
            value = float(f"{(shown - offset) / scale:.12g}")
            self.edited.emit(path, round(value) if whole else value)

        field.edited.connect(say)
        field.refused.connect(self.refused)
        self.also(lambda rig: field.show_value(scale * (value_at(rig, path) or 0.0) + offset))
        return field

    def toggle(self, path: str, text: str, tip: str = "", say: Callable[[bool], None] | None = None) -> QCheckBox:
        """Something that is on or off; a change is told, unless there is more to `say`."""
        box = NamedSwitch(text)
        box.setToolTip(tip)
        box.toggled.connect(say or (lambda on: self.edited.emit(path, on)))

        def show(rig: Rig) -> None:
            box.blockSignals(True)
            box.setChecked(bool(value_at(rig, path)))
            box.blockSignals(False)

        self.also(show)
        return box

    def choice(
        self, path: str, words: Mapping[str, str], tip: str = "", say: Callable[[str], None] | None = None
    ) -> QComboBox:
        """One of some values, each with its words; a change is told, unless there is more to `say`."""
        box = Choice()
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.setToolTip(tip)
        for value, text in words.items():
            box.addItem(text, value)
        box.setMinimumContentsLength(6)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        tell = say or (lambda value: self.edited.emit(path, value))
        box.activated.connect(lambda n: tell(box.itemData(n)))
        self.also(lambda rig: box.setCurrentIndex(box.findData(value_at(rig, path))))
        return box

    def formula(self, path: str, tip: str = "") -> FormulaField:
        """A formula of the membrane voltage."""
        field = FormulaField()
        field.setToolTip(tip)
        field.editingFinished.connect(lambda: field.isModified() and self.edited.emit(path, field.text()))

        def show(rig: Rig) -> None:
            if field.text() != value_at(rig, path):
                field.setText(value_at(rig, path))
                field.setCursorPosition(0)
            field.setModified(False)

        self.also(show)
        return field

    def drug(self, path: str, name: str, half_mM: float) -> ConcentrationSlider:
        """The concentration of a drug, or of an ion that blocks."""
        slider = ConcentrationSlider(name, half_mM)
        slider.moved.connect(lambda value: self.edited.emit(path, value))
        self.also(lambda rig: slider.show_value(value_at(rig, path)))
        return slider


def heading(text: str) -> QLabel:
    """The title of a part of a panel."""
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label


def dim(text: str) -> QLabel:
    """A word beside a field."""
    label = QLabel(text)
    label.setProperty("role", "dim")
    return label


def drug_path(rig: Rig, drug: str, side: str) -> str:
    """Where the concentration of a drug, or of an ion that blocks, stands in the rig."""
    kind = "ions" if any(ion.name == drug for ion in rig.solutions.ions) else "drugs"
    return f"solutions.{kind}.{drug}.{side}_mM"
