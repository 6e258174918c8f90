"""The protocol editor: a table of segments, with a preview, the values of every sweep, remarks and the text."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QSplitter, QTabWidget, QVBoxLayout, QWidget

from vclamp.errors import VClampError
from vclamp.model.lint import Advice, lint
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.model.summary import Summary, summary
from vclamp.ui.newest import Beside, Newest
from vclamp.ui.panels.editing import STOP_FIRST
from vclamp.ui.protocols.files import ProtocolFiles
from vclamp.ui.protocols.forms import ABOUT, Form, SegmentForm, SettingsForm, settings_forms
from vclamp.ui.protocols.header import Header
from vclamp.ui.protocols.marks import MARKS, MarksForm
from vclamp.ui.protocols.pages import Pages
from vclamp.ui.protocols.preview import Preview
from vclamp.ui.protocols.rows import Change
from vclamp.ui.protocols.words import quantity_text, sentence
from vclamp.ui.theme import Theme

JUDGE_MS = 150  # after the last edit
ON_PAGES = (MARKS, ABOUT)  # forms that lie beside the table's page, not beside the table
PREVIEW, SIDES_EM, MOST_SIDES = 0.15, 29, 0.32  # of the width; of the font's size; of the width


class Sides(QTabWidget):
    """Forms beside the table."""

    def __init__(self) -> None:
        super().__init__()
        self.segment = SegmentForm()
        self.forms: dict[str, SettingsForm | MarksForm] = {MARKS: MarksForm(), **settings_forms()}
        for title, form in {"Segment": self.segment, **self.forms}.items():
            if title not in ON_PAGES:
                self.addTab(scrolled(form), title)
        self.setCurrentIndex(1)
        self.setAccessibleName("settings of the protocol")

    @property
    def all_forms(self) -> tuple[Form | MarksForm, ...]:
        """Every form."""
        return self.segment, *self.forms.values()


class Body(QSplitter):
    """Preview, table and forms side by side; the table gets what the others leave, unless its user has divided them."""

    def __init__(self, *parts: QWidget) -> None:
        super().__init__()
        self._by_hand = False
        for part in parts:
            self.addWidget(part)
        self.splitterMoved.connect(self._divided)

    def _divided(self) -> None:
        self._by_hand = True

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width anew."""
        super().resizeEvent(event)
        if not self._by_hand:
            width, em = self.width(), self.fontInfo().pixelSize()
            preview, sides = round(PREVIEW * width), round(min(SIDES_EM * em, MOST_SIDES * width))
            self.setSizes([preview, width - preview - sides, sides])


def scrolled(form: QWidget) -> QScrollArea:
    """A form that may be higher than its page."""
    area = QScrollArea(widgetResizable=True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its fields have it
    area.setWidget(form)
    return area


class ProtocolEditor(QWidget):
    """Shows the protocol on the bench; every edit is a whole new protocol that it asks for by `replaced`."""

    replaced = Signal(object, str)  # the protocol, what the step is called
    open_wanted = Signal()
    saved = Signal(object)  # the path

    def __init__(self, theme: Theme, beside: Beside, files: ProtocolFiles) -> None:
        super().__init__()
        self._protocol: Protocol | None = None
        self._rig: Rig | None = None
        self._sweep = 0
        self._stale = False
        self.header, self.preview, self.pages, self.sides = Header(theme), Preview(theme), Pages(theme), Sides()
        self.files = files
        self._judging = Newest(beside)
        self._soon = QTimer(self, singleShot=True, interval=JUDGE_MS)
        self._soon.timeout.connect(self._judge)
        self.body = Body(self.preview, self.pages, self.sides)
        for title in ON_PAGES:
            self.pages.tabs.addTab(scrolled(self.sides.forms[title]), title)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 4)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.body, 1)
        self.setAccessibleName("protocol editor")
        self.setFocusProxy(self.pages.table)
        self._connect()

    def _connect(self) -> None:
        header, table, pages = self.header, self.pages.table, self.pages
        for part in (table.rows, *self.sides.all_forms):
            part.asked.connect(self.apply)
            part.refused.connect(pages.say)
        table.rows.tried.connect(self._try)
        table.chosen.connect(self._show_place)
        pages.text.written.connect(self._written)
        pages.actual.sweep_chosen.connect(self.choose_sweep)
        pages.remarks.segment_chosen.connect(table.choose)
        self.preview.sweep_chosen.connect(self.choose_sweep)
        self.preview.segment_chosen.connect(table.choose)
        header.open_clicked.connect(self.open_wanted)
        header.save_clicked.connect(self.save_as)
        header.revert_clicked.connect(self.revert)
        self.files.found.connect(self._show_header)
        self.files.saved.connect(self._saved)
        self.files.failed.connect(pages.say)

    # ---- what is shown

    def show_protocol(self, protocol: Protocol, rig: Rig) -> None:
        """Show a protocol, and what can be said of it on a rig; drawn when it is next seen."""
        before, self._protocol, self._rig = self._protocol, protocol, rig
        if before is None or before.name != protocol.name:
            self._sweep = 0
        if protocol != before:
            self._stale = True
            self.pages.say("")
        if self.isVisible():
            self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what was changed meanwhile."""
        super().showEvent(event)
        self._refresh()

    def set_theme(self, theme: Theme) -> None:
        """Show other colours and sizes."""
        for part in (self.header, self.preview, self.pages):
            part.set_theme(theme)
        for tabs in (self.sides, self.pages.tabs):
            tabs.tabBar().setFont(QApplication.font())  # a new look does not reach it by itself

    def show_running(self, running: bool) -> None:
        """Another protocol would end the run: nothing can be edited while it goes on."""
        self.pages.table.rows.lock(running)
        self.pages.text.edit.setReadOnly(running)
        for part in (*self.pages.segments.buttons.values(), *self.sides.all_forms):
            part.setEnabled(not running)
        self.header.revert.setEnabled(not running and self._changed)
        self.pages.say(STOP_FIRST if running else "")
        if not running:
            self.mark_sweep(None)

    def mark_sweep(self, sweep: int | None) -> None:
        """Mark the sweep that is being recorded, counted over all repeats."""
        self.pages.actual.values.mark(sweep)

    def choose_sweep(self, sweep: int) -> None:
        """Draw a sweep brightly."""
        self._sweep = sweep
        self.pages.actual.choose(sweep)
        self._show_place()

    def _refresh(self) -> None:
        protocol = self._protocol
        if protocol is None:
            return
        if self._stale:
            self._stale = False
            self._sweep = min(self._sweep, protocol.n_sweeps - 1)
            self.files.look_for(protocol)
            self.pages.show_protocol(protocol, self._sweep)
            for form in self.sides.forms.values():
                form.show_protocol(protocol)
            self._show_header()
            self._show_place()
        self._soon.start()

    def _show_place(self) -> None:
        """The chosen segment and sweep."""
        if self._protocol is not None and not self._stale:
            row = self.pages.table.row
            self.sides.segment.show_segment(self._protocol, row)
            self.preview.show_protocol(self._protocol, row, self._sweep)

    def _try(self, protocol: Protocol | None) -> None:
        """Draw what a protocol would be while it is typed."""
        shown = protocol or self._protocol
        if shown is not None:
            self.preview.show_protocol(shown, self.pages.table.row, self._sweep)

    def _show_header(self) -> None:
        if self._protocol is not None:
            self.header.show_protocol(self._protocol, changed=self._changed)

    @property
    def _changed(self) -> bool:
        return self._protocol is not None and self.files.preset(self._protocol.name) not in (None, self._protocol)

    def _judge(self) -> None:
        protocol, rig = self._protocol, self._rig
        if protocol is not None and rig is not None and self.isVisible():
            self._judging.wish(lambda: (summary(protocol, rig), lint(protocol, rig)), self._judged)

    def _judged(self, found: tuple[Summary, tuple[Advice, ...]] | VClampError) -> None:
        if not isinstance(found, VClampError):
            self.header.show_summary(found[0])
            self.pages.show_advice(found[1])

    # ---- what is asked for

    def apply(self, change: Change, name: str) -> None:
        """Ask for an edit, or say why it is refused."""
        if self._protocol is None:
            return
        try:
            new = change(self._protocol)
        except VClampError as error:
            self.pages.say(f"{sentence(error)} Nothing was changed.")
            new = self._protocol
        if new != self._protocol:
            raised = new.interval_ms > self._protocol.interval_ms > 0.0 and "interval" not in name
            self.replaced.emit(new, f"{name}, interval {quantity_text(new.interval_ms, 'ms')}" if raised else name)
            if raised:
                self.pages.say(f"The interval was raised to {quantity_text(new.interval_ms, 'ms')}.")
        else:
            self._show_again()

    def _show_again(self) -> None:
        """The last good values."""
        message = self.pages.message.text()
        self._stale = True
        self._refresh()
        self.pages.say(message)

    def _written(self, protocol: Protocol, name: str) -> None:
        self.replaced.emit(protocol, name)

    def revert(self) -> None:
        """Take all changes back."""
        preset = None if self._protocol is None else self.files.preset(self._protocol.name)
        if preset is not None and preset != self._protocol:
            self.replaced.emit(preset, f"revert {preset.title}")

    def save_as(self) -> None:
        """Ask for a file, and save the protocol there."""
        if self._protocol is None:
            return
        if self.pages.text.pending:
            self.pages.text.apply()
        try:
            text = self.pages.text.text
        except VClampError as error:
            self.pages.say(str(error))
            return
        self.files.ask_and_save(self._protocol, text)

    def _saved(self, protocol: Protocol, text: str, path: Path) -> None:
        self.replaced.emit(protocol, f"save as {protocol.name}")
        if self._protocol == protocol:
            self.pages.text.show_text(protocol, text)
        self._show_header()
        self.pages.say("")
        self.saved.emit(path)
