"""The ledger: who flows through the membrane at one moment, what the pump spends, and whether all is at rest."""

from collections.abc import Mapping
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QHeaderView, QLabel, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from vclamp.analysis.ledger import Ledger, ledger
from vclamp.model.exam import hidden
from vclamp.model.rig import Rig
from vclamp.publish.symbols import ion_text

Array = NDArray[np.float64]
SECRET = "This cell is for an exam: its books are not shown."
NOTHING_pA = 1e-3  # less is no current
BALANCED = 0.01  # a net current below this part of what flows either way is none
_ROWS = {
    "inside (mM)": "Concentration inside",
    "E (mV)": "Reversal potential",
    "channels (pA)": "Current through channels, outward positive",
    "pump (pA)": "Current through the pump, outward positive",
    "net (pA)": "Both together; 0 in a steady state",
    "net flux (fmol/s)": "What leaves the cell, outward positive",
}
LEAST_COLUMN_EM, ROW_EM = 4.2, 1.75


class LedgerView(QWidget):
    """The books at one sample; they are made only while they are seen."""

    appeared = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.when, self.verdict, self.spent = QLabel(), QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.when.setProperty("role", "dim")
        self.table = QTableWidget(len(_ROWS), 0)
        self.table.setAccessibleName("Ledger of the ions")
        self.table.setVerticalHeaderLabels(list(_ROWS))
        for row, tip in enumerate(_ROWS.values()):
            self.table.verticalHeaderItem(row).setToolTip(tip)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._shown: tuple[Rig, tuple[str, ...], Array, str] | None = None
        self._behind = False  # what is drawn is not what is to be shown
        column_box = QVBoxLayout(self)
        column_box.setContentsMargins(6, 4, 6, 6)
        column_box.setSpacing(4)
        for widget, stretch in ((self.when, 0), (self.verdict, 0), (self.table, 1), (self.spent, 0)):
            column_box.addWidget(widget, stretch)
        column_box.addStretch(0)

    def forget(self) -> None:
        """Another cell: what was on show says nothing of it."""
        self._shown = None
        self.table.setColumnCount(0)
        for label in (self.when, self.verdict, self.spent):
            label.clear()

    def show_sample(self, rig: Rig, names: tuple[str, ...], sample: Array, when: str) -> None:
        """Make the books at one sample, a column of a sweep's values; those of an exam's cell stay closed."""
        if hidden(rig):
            self.forget()
            self.verdict.setText(SECRET)
            return
        self._shown, self._behind = (rig, names, sample, when), True
        if not self.visibleRegion().isEmpty():  # it may lie behind other tabs
            self._catch_up()

    def paintEvent(self, event: QPaintEvent) -> None:
        """It is seen: catch up with what came while it was not."""
        self._catch_up()
        super().paintEvent(event)

    def _catch_up(self) -> None:
        if self._behind and self._shown is not None:
            self._behind = False
            rig, names, sample, when = self._shown
            self._draw(rig, ledger(rig, names, sample), when)

    def _draw(self, rig: Rig, books: Ledger, when: str) -> None:
        self.when.setText(f"{when}, V = {books.v_mV:.1f} mV".replace("-", "−"))
        self.verdict.setText(verdict(books, {ion.name: ion_text(ion.name, ion.z) for ion in rig.solutions.ions}))
        self.spent.setText("\n".join(spending(books)))
        inside = dict(zip(self._shown[1], self._shown[2], strict=True)) if self._shown else {}
        charges = {ion.name: ion.z for ion in rig.solutions.ions}
        start = {ion.name: ion.in_mM for ion in rig.solutions.ions}
        em = self.fontInfo().pixelSize()
        self.table.horizontalHeader().setMinimumSectionSize(round(LEAST_COLUMN_EM * em))
        self.table.verticalHeader().setDefaultSectionSize(round(ROW_EM * em))
        self.table.setColumnCount(len(books.entries))
        head = self.table.horizontalHeader().sizeHint().height()
        self.table.setMaximumHeight(head + round(ROW_EM * em) * len(_ROWS) + 2 * em)
        for column, entry in enumerate(books.entries):
            self.table.setHorizontalHeaderItem(column, QTableWidgetItem(ion_text(entry.ion, charges[entry.ion])))
            in_mM = inside.get(f"in_{entry.ion}_mM", start[entry.ion])
            parts = entry.channels_pA, entry.pump_pA, entry.net_pA
            currents = [part if abs(part) > 0.5 * NOTHING_pA else 0.0 for part in parts]
            values = in_mM, entry.e_mV, *currents, entry.flux_fmol_per_s if currents[-1] else 0.0
            for row, value in enumerate(values):
                cell = QTableWidgetItem(short(float(value)))
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, cell)


def verdict(books: Ledger, names: Mapping[str, str]) -> str:
    """Whether this is equilibrium, a steady state, or neither, and why."""
    nets = [abs(entry.net_pA) for entry in books.entries]
    gross = max([abs(part) for entry in books.entries for part in (entry.channels_pA, entry.pump_pA)], default=0.0)
    if gross < NOTHING_pA:
        return "Equilibrium: nothing flows, and nothing is spent."
    if all(net < max(BALANCED * gross, NOTHING_pA) for net in nets):
        return "Steady state, no equilibrium: every ion's net flux is 0 because the pump carries back what leaks."
    moving = max(books.entries, key=lambda entry: (round(abs(entry.net_pA), 6), -entry.net_pA))  # of equals, the inward
    way = "out of" if moving.flux_fmol_per_s > 0 else "into"
    return f"No steady state: {names[moving.ion]} flows {way} the cell at {short(abs(moving.flux_fmol_per_s))} fmol/s."


def spending(books: Ledger) -> list[str]:
    """What the pump burns and what is lost as heat."""
    lines = [f"Dissipated in the channels: {power_text(books.dissipated_fW)}"]
    if books.cycles_per_s:
        lines.insert(0, f"Pump: {_count(books.cycles_per_s)} cycles/s, one ATP each")
    if isfinite(books.atp_fW):
        lines.append(f"Delivered by ATP: {power_text(books.atp_fW)}")
    return lines


def power_text(power_fW: float) -> str:
    """A power in the unit that reads well."""
    for unit in ("fW", "pW"):
        if abs(power_fW) < 999.5:
            return f"{short(power_fW)} {unit}"
        power_fW /= 1000.0
    return f"{short(power_fW)} nW"


def short(value: float) -> str:
    """About three digits of a number, however small."""
    if not isfinite(value):
        return "–"
    size = abs(value)
    if size < 5e-6:
        return "0"
    text = f"{value:.0f}" if size >= 999.5 else f"{value:.3g}"
    return text.replace("e-0", "e-").replace("-", "−")


def _count(value: float) -> str:
    """A large number with its power of ten."""
    mantissa, exponent = f"{value:.2e}".split("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{power}".replace("-", "−") if abs(value) >= 1e4 else short(value)
