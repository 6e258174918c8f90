"""A panel whose widgets each show and edit one value of the rig, named by its dotted path."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionButton,
    QWidget,
)

from vclamp.model.rig import Rig
from vclamp.ui.panels.boxes import EntersList
from vclamp.ui.panels.fields import Calm, QuantityField
from vclamp.ui.panels.marks import Caption, Dot, LeavesUndo, Refusal
from vclamp.ui.panels.naming import name_of, range_text, value_at, value_text
from vclamp.ui.panels.sliders import ConcentrationSlider
from vclamp.ui.panels.words import source_of

STOP_FIRST = "It changes what is recorded: stop the run first (Esc)."
UNKNOWN = object()  # no value to compare with


class FormulaField(QLineEdit):
    """A formula; it counts on Enter, or when the field is left."""

    def __init__(self) -> None:
        super().__init__()
        self.installEventFilter(LeavesUndo(self, self.isModified))

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
        """Room for the whole name, whatever is written of it now."""
        self.ensurePolished()  # a bold name is wider
        hint, wide = super().sizeHint(), self.fontMetrics().horizontalAdvance
        return QSize(hint.width() + wide(self._name) - wide(self.text()), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Write as much of the name as there is room for."""
        super().resizeEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxContents, option, self).width()
        self.setText(self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, room))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter switches: Space is the window's."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class Choice(Calm, EntersList, QComboBox):
    """A box of choices on a page that scrolls; arrows choose, Enter shows the list."""


class Bound:
    """A widget bound to the value at a path: what it is called, what it was, why it was refused."""

    def __init__(self, path: str, widget: QWidget, show: Callable[[Any], object], corner: QWidget | None) -> None:
        self.path, self.widget, self._show = path, widget, show
        self.caption: Caption | None = None
        self.was: object = UNKNOWN  # in the control cell
        self.changed = False
        self._followed: tuple[Rig | None, object] = (None, UNKNOWN)
        self._tip = widget.toolTip()
        self._why = ""  # it cannot be set now
        self._corner = corner or widget
        self._dot: Dot | None = None
        self._refusal: Refusal | None = None

    def follow(self, rig: Rig) -> None:
        """Show the value of a rig, and whether it is another than the control's."""
        value, before = value_at(rig, self.path), self._followed
        self._followed = rig, value
        if value != before[1] or rig is before[0] or self.widget.hasFocus():
            self._show(value)  # else it is there, and nobody has typed over it
        changed = self.was is not UNKNOWN and value != self.was
        if changed != self.changed:
            self._mark(changed)
        if not self.widget.accessibleName():
            self.widget.setAccessibleName(name_of(rig, self.path))

    def compare(self, control: Rig) -> None:
        """Take another control."""
        try:
            self.was = value_at(control, self.path)
        except (AttributeError, ValueError, IndexError):
            self.was = UNKNOWN
        if self.changed:
            self._write_tip()

    def caption_by(self, caption: Caption) -> None:
        """A name beside the widget, which says the same when pointed at."""
        self.caption = caption
        caption.setBuddy(self.widget)
        self._write_tip()

    def hinder(self, why: str) -> None:
        """Disable it for a reason; enable it if there is none."""
        self._why = why
        self.widget.setEnabled(not why)
        self._write_tip()

    def refuse(self, reason: str) -> None:
        """Say at the widget why a value was not taken."""
        if isinstance(self.widget, QuantityField):
            self.widget.say_refused(reason)
        else:
            self._refusal = self._refusal or Refusal(self.widget)
            self._refusal.say(reason)

    def lift(self) -> None:
        """Nothing is refused any more."""
        if self._refusal is not None:
            self._refusal.lift()

    def _mark(self, changed: bool) -> None:
        self.changed = changed
        if self._dot is None:
            self._dot = Dot(self._corner)
        self._dot.setVisible(changed)
        self._write_tip()

    def _write_tip(self) -> None:
        how = "double-click its name, or Ctrl+0," if self.caption is not None else "Ctrl+0"
        was = f"Changed from {value_text(self.path, self.was)}; {how} resets it." if self.changed else ""
        tip = "\n".join(filter(None, (self._tip, was, self._why)))
        self.widget.setAccessibleDescription(was)
        for part in (self.widget, self.caption):
            if part is not None:
                part.setToolTip(tip)


class Editing(QFrame):
    """Makes widgets that say what was edited and follow the rig."""

    edited = Signal(str, object)  # path, value
    dragged = Signal(str, object)  # the same, many in a second
    edited_together = Signal(object)  # values by their paths, in one step
    settled = Signal()  # what was dragged or typed is at its end
    refused = Signal(str)  # why

    def __init__(self, *, framed: bool = True) -> None:
        super().__init__()
        if framed:
            self.setProperty("role", "panel")
        self._bound: dict[QWidget, Bound] = {}
        self._parts: list[Editing] = []
        self._idle_only: list[Bound] = []
        self._control: Rig | None = None

    @property
    def bound(self) -> Iterator[Bound]:
        """Every widget that shows a value, also those of parts."""
        yield from self._bound.values()
        for part in self._parts:
            yield from part.bound

    def show_rig(self, rig: Rig) -> None:
        """Show the values of a rig."""
        for bound in self._bound.values():
            bound.follow(rig)
        for part in self._parts:
            part.show_rig(rig)

    def show_control(self, control: Rig) -> None:
        """Mark what is another than in this rig, from the next one shown on."""
        self._control = control
        for bound in self._bound.values():
            bound.compare(control)
        for part in self._parts:
            part.show_control(control)

    def show_running(self, running: bool) -> None:
        """What a run's traces depend on cannot be set while it goes on."""
        for bound in self._idle_only:
            bound.hinder(STOP_FIRST if running else "")

    def only_when_idle(self, widget: QWidget) -> None:
        """Traces come or go with what this widget sets."""
        self._idle_only.append(self._bound[widget])

    def adopt(self, part: "Editing") -> None:
        """A part with widgets of its own: pass on what it says, and show it every rig."""
        part.edited.connect(self.edited)
        part.dragged.connect(self.dragged)
        part.edited_together.connect(self.edited_together)
        part.settled.connect(self.settled)
        part.refused.connect(self.refused)
        self._parts.append(part)
        if self._control is not None:
            part.show_control(self._control)

    def reset(self, widget: QWidget) -> None:
        """Set a value back to the control's, in a step of its own."""
        bound = next(bound for bound in self.bound if bound.widget is widget)
        if bound.changed:
            self.settled.emit()
            self.edited.emit(bound.path, bound.was)
            self.settled.emit()

    def reset_together(self, widgets: Iterable[QWidget]) -> None:
        """Set some values back in one step."""
        changed = {
            self._bound[widget].path: self._bound[widget].was for widget in widgets if self._bound[widget].changed
        }
        if changed:
            self.edited_together.emit(changed)

    def caption(self, text: str, widget: QWidget) -> Caption:
        """The name beside a widget; a double-click on it resets the value."""
        caption = Caption(text)
        self.name(widget, caption)
        return caption

    def name(self, widget: QWidget, caption: Caption) -> None:
        """Let a name that is there stand for a widget."""
        self._bound[widget].caption_by(caption)
        caption.double_clicked.connect(lambda: self.reset(widget))

    def bind(
        self, path: str, widget: QWidget, show: Callable[[Any], object], corner: QWidget | None = None
    ) -> Callable[[object], None]:
        """Let a widget show the value at a path; what is returned tells a new one."""
        bound = self._bound[widget] = Bound(path, widget, show, corner)
        if isinstance(widget, QSlider):
            for end in (widget.sliderPressed, widget.sliderReleased):
                end.connect(self.settled)

        def say(value: object) -> None:
            bound.lift()
            drag = isinstance(widget, QSlider) and widget.isSliderDown()
            (self.dragged if drag else self.edited).emit(path, value)

        return say

    # ---- kinds of widgets ------------------------------------------------------------------

    def number(
        self, path: str, unit: str, low: float, high: float, decimals: int | None = None,
        *, scale: float = 1.0, offset: float = 0.0, whole: bool = False, tip: str = "",
    ) -> QuantityField:  # fmt: skip
        """A number; it is shown as scale × value + offset, the range is that of what is shown."""
        field = QuantityField(unit, low, high, 0 if whole else decimals)
        field.setToolTip("\n".join(filter(None, (tip, source_of(path), range_text(low, high, unit)))))
        tell = self.bind(path, field, lambda value: field.show_value(scale * (value or 0.0) + offset))

        def say(shown: float) -> None:
            value = float(f"{(shown - offset) / scale:.12g}")
            tell(round(value) if whole else value)

        field.edited.connect(say)
        field.editingFinished.connect(self.settled)
        field.refused.connect(self.refused)
        return field

    def toggle(self, path: str, text: str, tip: str = "", say: Callable[[bool], None] | None = None) -> QCheckBox:
        """Something that is on or off; a change is told, unless there is more to `say`."""
        box = NamedSwitch(text)
        box.setToolTip(tip)

        def show(on: object) -> None:
            box.blockSignals(True)
            box.setChecked(bool(on))
            box.blockSignals(False)

        tell = self.bind(path, box, show)
        box.toggled.connect(say or tell)
        return box

    def choice(
        self, path: str, words: Mapping[str, str], tip: str = "", say: Callable[[str], None] | None = None
    ) -> QComboBox:
        """One of some values, each with its words; a change is told, unless there is more to `say`."""
        box = Choice()
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.setToolTip(tip)
        for value, text in words.items():
            box.addItem(text, value)
        box.setMinimumContentsLength(6)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        bound = self.bind(path, box, lambda value: box.setCurrentIndex(box.findData(value)))
        tell = say or bound
        box.activated.connect(lambda n: tell(box.itemData(n)))
        return box

    def formula(self, path: str, tip: str = "") -> FormulaField:
        """A formula of the membrane voltage."""
        field = FormulaField()
        field.setToolTip(tip)

        def show(text: str) -> None:
            if field.text() != text:
                field.setText(text)
                field.setCursorPosition(0)
            field.setModified(False)

        tell = self.bind(path, field, show)
        field.editingFinished.connect(lambda: field.isModified() and tell(field.text()))
        return field

    def drug(self, path: str, name: str, half_mM: float, *, known: bool = True, tip: str = "") -> ConcentrationSlider:
        """The concentration of a drug, or of an ion that blocks; its half block may not be `known`."""
        slider = ConcentrationSlider(name, half_mM, known=known)
        slider.slider.setToolTip("\n".join(filter(None, (slider.slider.toolTip(), tip))))
        slider.moved.connect(self.bind(path, slider.slider, slider.show_value, corner=slider.value))
        self.name(slider.slider, slider.name)
        return slider


def drug_path(rig: Rig, drug: str, side: str) -> str:
    """Where the concentration of a drug, or of an ion that blocks, stands in the rig."""
    kind = "ions" if any(ion.name == drug for ion in rig.solutions.ions) else "drugs"
    return f"solutions.{kind}.{drug}.{side}_mM"
