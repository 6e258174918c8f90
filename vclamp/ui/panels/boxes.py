"""Boxes to choose from: they open by Enter, and are as narrow as their place lets them be."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QPaintEvent, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

ARROW_EM = 2.4  # room for the arrow and the frame


class EntersList:
    """Part of a box: Enter shows the list, for Space is the window's."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show the list, or do what a box does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.showPopup()  # type: ignore[attr-defined]
        else:
            super().keyPressEvent(event)  # type: ignore[misc]


class ShortBox(EntersList, QComboBox):
    """A box that ends a long entry in dots; the list itself shows whole ones."""

    least_letters = 10

    def minimumSizeHint(self) -> QSize:
        """Room for some letters."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), self.fontMetrics().averageCharWidth() * self.least_letters), hint.height())

    def showPopup(self) -> None:
        """Show whole entries."""
        view = self.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * self.fontInfo().pixelSize())
        super().showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        """What fits of the chosen entry, without what sets it off from a heading in the list."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        room = self.width() - round(ARROW_EM * self.fontInfo().pixelSize())
        text = option.currentText.strip()
        option.currentText = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


class ChoiceBox(ShortBox):
    """A box of names by their texts, filled and set without a word to anybody; no wider than it must be."""

    def __init__(self, tip: str, entries: Mapping[Any, str] | None = None) -> None:
        super().__init__()
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.fill({text: name for name, text in (entries or {}).items()})

    def fill(self, first: Mapping[str, Any], then: Mapping[str, Any] | None = None) -> None:
        """Offer names by their texts and, below a line, some others; the chosen one stays if it can."""
        kept, blocked = self.currentData(), self.blockSignals(True)
        self.clear()
        for text, name in first.items():
            self.addItem(text, name)
        if first and then:
            self.insertSeparator(self.count())
        for text, name in (then or {}).items():
            self.addItem(text, name)
        self.setCurrentIndex(max(self.findData(kept), 0))
        self.blockSignals(blocked)

    def choose(self, name: Any) -> None:
        """Choose a name, or the first if it is not there."""
        blocked = self.blockSignals(True)
        self.setCurrentIndex(max(self.findData(name), 0))
        self.blockSignals(blocked)

    def names(self) -> list[Any]:
        """The names that are offered, in their order."""
        return [self.itemData(row) for row in range(self.count()) if self.itemData(row) is not None]

    def texts(self) -> list[str]:
        """Their texts."""
        return [self.itemText(row) for row in range(self.count()) if self.itemData(row) is not None]

    def grey(self, reasons: Mapping[str, str]) -> None:
        """Grey what cannot be chosen, with the reason as its tooltip."""
        model = self.model()
        assert isinstance(model, QStandardItemModel)
        for row in range(self.count()):
            name = self.itemData(row)
            if name is not None:
                model.item(row).setEnabled(not reasons.get(name))
                self.setItemData(row, reasons.get(name), Qt.ItemDataRole.ToolTipRole)

    def sizeHint(self) -> QSize:
        """Room for some letters, no more."""
        return self.minimumSizeHint()
