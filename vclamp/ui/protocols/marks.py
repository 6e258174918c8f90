"""The windows that analyses measure in: a row of fields for each mark of the protocol."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vclamp.model.protocol import Mark, Protocol
from vclamp.model.protocol_table import with_mark, with_new_mark, without_mark
from vclamp.ui.panels.editing import Choice, FormulaField
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.headings import dim
from vclamp.ui.panels.marks import Knob
from vclamp.ui.panels.parameters import kind_of
from vclamp.ui.protocols.forms import form_grid
from vclamp.ui.protocols.words import quantity_text, reach

MARKS = "Marks"
TO_THE_END = "its end"
_COLUMNS = {  # key of a mark: heading, tip
    "name": ("mark", "What analyses call this window"),
    "segment": ("in segment", "The named segment that it stands in"),
    "start_ms": ("from", "Where it begins, from the start of the segment"),
    "end_ms": ("to", "Where it ends, from the start of the segment; 0: at the segment's end"),
}
NONE_YET = "No marks: analyses then measure where the protocol's step varies."


class MarksForm(QWidget):
    """Asks for edits of the protocol's marks; what was recorded stays, and is measured anew."""

    asked = Signal(object, str)  # an edit of the protocol, what it is called
    refused = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[MarkRow] = []
        self.add = Knob(text="+ mark", toolTip="One more window, over the whole of a named segment")
        self.add.setAccessibleName("add a mark")
        self.add.clicked.connect(lambda: self.asked.emit(with_new_mark, "add a mark"))
        self.none = dim(NONE_YET)
        self.none.setWordWrap(True)
        self.grid = form_grid(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self.grid)
        column.addWidget(self.none)
        column.addStretch()
        self.headings = [dim(heading) for heading, _ in _COLUMNS.values()]
        for place, heading in enumerate(self.headings):
            self.grid.addWidget(heading, 0, place)

    def show_protocol(self, protocol: Protocol) -> None:
        """Show the marks of a protocol."""
        if len(self.rows) != len(protocol.marks):
            self._build(len(protocol.marks))
        names = [segment.name for segment in protocol.segments if segment.name]
        for row, mark in zip(self.rows, protocol.marks, strict=True):
            row.show_mark(mark, names)
        self.add.setEnabled(bool(names))
        self.none.setVisible(not self.rows)
        for heading in self.headings:
            heading.setVisible(bool(self.rows))

    def _build(self, number: int) -> None:
        """As many rows as there are marks."""
        for row in self.rows:
            for field in row.fields:
                self.grid.removeWidget(field)
                field.hide()
                field.deleteLater()
        self.rows = [MarkRow(self, each) for each in range(number)]
        for at, row in enumerate(self.rows, 1):
            for column, field in enumerate(row.fields):
                self.grid.addWidget(field, at, column)
        self.grid.removeWidget(self.add)
        self.grid.addWidget(self.add, number + 1, 0)
        for before, after in pairwise([*(field for row in self.rows for field in row.fields), self.add]):
            QWidget.setTabOrder(before, after)


class MarkRow:
    """The fields of one mark."""

    def __init__(self, form: MarksForm, number: int) -> None:
        self._form, self._number = form, number
        self._mark: Mark | None = None
        self.name, self.segment = FormulaField(), Choice()
        self.start, self.end = (QuantityField("ms", *_reach(key)) for key in ("start_ms", "end_ms"))
        self.end.setSpecialValueText(TO_THE_END)
        self.away = Knob(text="✕", toolTip="Take this mark away")
        self.away.setAccessibleName(f"take mark {number + 1} away")
        for (key, (heading, tip)), field in zip(_COLUMNS.items(), self.fields[:4], strict=True):
            field.setToolTip(f"{tip}\n{reach(*_reach(key), 'ms')}".strip())
            field.setAccessibleName(f"mark {number + 1}, {heading}")
        self.name.editingFinished.connect(lambda: self.name.isModified() and self._say("name", self.name.text()))
        self.segment.activated.connect(lambda n: self._say("segment", self.segment.itemText(n)))
        self.start.edited.connect(lambda value: self._say("start_ms", value))
        self.end.edited.connect(lambda value: self._say("end_ms", value or None))
        for field in (self.start, self.end):
            field.refused.connect(form.refused)
        self.away.clicked.connect(self._take_away)

    @property
    def fields(self) -> tuple[QWidget, ...]:
        """From left to right."""
        return self.name, self.segment, self.start, self.end, self.away

    def show_mark(self, mark: Mark, segments: list[str]) -> None:
        """Show a mark, and the segments that it may stand in."""
        self._mark = mark
        if self.name.text() != mark.name:
            self.name.setText(mark.name)
        self.name.setModified(False)
        if [self.segment.itemText(k) for k in range(self.segment.count())] != segments:
            self.segment.clear()
            self.segment.addItems(segments)
        self.segment.setCurrentText(mark.segment)
        self.start.show_value(mark.start_ms)
        self.end.show_value(mark.end_ms or 0.0)

    def _say(self, key: str, value: Any) -> None:
        mark, number = self._mark, self._number
        if mark is None or getattr(mark, key) == value:
            return
        unit = "ms" if key.endswith("_ms") else ""
        before, after = (quantity_text(each, unit) if each is not None else TO_THE_END
                         for each in (getattr(mark, key), value))  # fmt: skip
        self._ask(
            lambda p: with_mark(p, number, {key: value}), f"mark {mark.name} {_COLUMNS[key][0]} {before} → {after}"
        )

    def _take_away(self) -> None:
        if self._mark is not None:
            number = self._number
            self._ask(lambda p: without_mark(p, number), f"take mark {self._mark.name} away")

    def _ask(self, change: Callable[[Protocol], Protocol], name: str) -> None:
        self._form.asked.emit(change, name)


def _reach(key: str) -> tuple[float, float]:
    kind = kind_of(Mark, key)
    return kind.low, kind.high
