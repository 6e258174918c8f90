"""The table of numbers of an analysis: value, error, interval, and the truth beside them."""

from collections.abc import Sequence
from math import isfinite

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem

from vclamp.analysis.report import ESTIMATE_COLUMNS
from vclamp.analysis.results import Estimate, Result
from vclamp.publish.symbols import as_row
from vclamp.ui.scopes.kinds import label_font
from vclamp.ui.theme import Theme

HEADERS = ("", "value ± s.e.", "true", "95 % interval")
TRUE, INTERVAL = 2, 3
ROUNDING = 1e-6  # of a number: less is no difference
ROW_EM = 1.65


class EstimateTable(QTableWidget):
    """One estimate a row; Ctrl+C copies them all, or the rows that are selected."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(0, len(HEADERS))
        self.setAccessibleName("Results of the analysis")
        self._theme = theme
        self._shown: tuple[tuple[Estimate, ...], frozenset[str]] = ((), frozenset())
        self.setHorizontalHeaderLabels(HEADERS)
        self.verticalHeader().hide()
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setWordWrap(False)
        head = self.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setHighlightSections(False)
        self._set_font()

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._theme = theme
        self._set_font()
        self.show_estimates(*self._shown)

    def show_result(self, result: Result, *, truth: bool) -> None:
        """The numbers of a result, and the column of true ones if they are to be seen."""
        self.setColumnHidden(TRUE, not (truth and any(isfinite(each.truth) for each in result.estimates)))
        self.show_estimates(result.estimates, doubtful(result))

    def show_estimates(self, estimates: tuple[Estimate, ...], doubted: frozenset[str] = frozenset()) -> None:
        """One row for each; those in doubt are pale."""
        self._shown = (estimates, doubted)
        self.setColumnHidden(INTERVAL, not any(isfinite(each.low) for each in estimates))
        row_px = round(ROW_EM * self._theme.font_px)
        self.verticalHeader().setMinimumSectionSize(row_px)
        self.verticalHeader().setDefaultSectionSize(row_px)
        self.setRowCount(len(estimates))
        pale, missed = QColor(self._theme.dim_text), QColor(self._theme.warning)
        for row, each in enumerate(estimates):
            name, value, ends, true = as_row(each)
            for column, text in enumerate((name, value, true, ends)):
                cell = self.item(row, column) or self._new_cell(row, column)
                cell.setText(text)
                ink = pale if each.name in doubted else None
                ink = missed if column == TRUE and misses(each) else ink
                cell.setData(Qt.ItemDataRole.ForegroundRole, ink)
            self.item(row, TRUE).setToolTip("The interval does not contain the true value" if misses(each) else "")
        self._fill_width()

    def _set_font(self) -> None:
        """As large as what is written into plots, so that four columns have room."""
        for widget in (self, self.horizontalHeader()):
            widget.setFont(label_font(self._theme))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fill the new width, or scroll in it."""
        super().resizeEvent(event)
        self._fill_width()

    def _fill_width(self) -> None:
        """The last column takes what is left; where nothing is left, columns stay as wide as their numbers."""
        head = self.horizontalHeader()
        shown = [column for column in range(len(HEADERS)) if not self.isColumnHidden(column)]
        needed = sum(max(self.sizeHintForColumn(column), head.sectionSizeHint(column)) for column in shown)
        fits = needed <= self.viewport().width()
        mode = QHeaderView.ResizeMode
        for column in shown:
            head.setSectionResizeMode(column, mode.Stretch if fits and column == shown[-1] else mode.ResizeToContents)

    def copy(self) -> None:
        """Put the table, or its selected rows if there are several, on the clipboard for a spreadsheet."""
        rows = sorted({index.row() for index in self.selectedIndexes()})
        estimates = self._shown[0]
        kept = [estimates[row] for row in rows] if len(rows) > 1 else estimates
        copy_estimates(kept, [name for name in ESTIMATE_COLUMNS if name != "truth" or not self.isColumnHidden(TRUE)])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def _new_cell(self, row: int, column: int) -> QTableWidgetItem:
        cell = QTableWidgetItem()
        side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
        cell.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, column, cell)
        return cell


def misses(estimate: Estimate) -> bool:
    """Whether the interval does not contain the true value."""
    known = all(isfinite(value) for value in (estimate.low, estimate.high, estimate.truth))
    near = ROUNDING * max(abs(estimate.truth), abs(estimate.value))
    return known and not estimate.low - near <= estimate.truth <= estimate.high + near


def doubtful(result: Result) -> frozenset[str]:
    """The numbers that stem from a fit which cannot be trusted: those that are its values."""
    fits = [fitted.fit for fitted in result.curves if fitted.fit is not None and fitted.fit.warning]
    values = {float(value) for fit in fits for value in fit.values}
    return frozenset(each.name for each in result.estimates if each.value in values or not isfinite(each.value))


def copy_estimates(estimates: Sequence[Estimate], columns: Sequence[str] = ESTIMATE_COLUMNS) -> None:
    """Put rows of numbers under the names of their columns on the clipboard, with tabs between them."""
    rows = [list(columns)]
    rows += [[each.name, *(_plain(getattr(each, name)) for name in columns[1:])] for each in estimates]
    QGuiApplication.clipboard().setText("".join("\t".join(row) + "\n" for row in rows))


def _plain(value: float) -> str:
    return f"{value:.10g}" if isfinite(value) else ""
