"""The sheet on which an export is ordered: what, in which format, under which name. It writes nothing itself."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from vclamp.publish.exporters import EXPORTERS
from vclamp.storage.safely import safe_name
from vclamp.ui.exports import FIGURES, Offer, Order
from vclamp.ui.panels.run_rows import counted

WIDTH_EM = 38
COLUMNS = 3  # of scopes
KEEPS = {  # what can be done with a file of each format
    ".nwb": "Everything, for other programs too: traces, commands, amplifier. Can be replayed from the file.",
    ".csv": "All samples as one table with units in its header. No state: cannot be replayed.",
    ".parquet": "All samples as one table, small and quick to read in pandas or R. Cannot be replayed.",
    ".vclamp": "Everything, bit for bit, with names, notes and tags. Only VClamp reads it.",
    ".abf": "Currents, voltages and the command in 16 bits, as Clampex 9 wrote them. Cannot be replayed.",
    ".atf": "Currents and voltages as text for Clampfit and Origin. Cannot be replayed.",
    ".png": "A picture of the scopes, for slides.",
    ".svg": "A drawing of the scopes whose lines can be edited, for papers.",
    ".pdf": "A report to print: rig, protocol, traces, curves, results.",
    ".html": "A report for the browser: rig, protocol, traces, curves, results.",
}


class FigureOptions(QWidget):
    """Which scopes a figure shows, and whether with axes."""

    def __init__(self) -> None:
        super().__init__()
        self.scale_bars = QCheckBox("scale bars instead of axes")
        self.scopes: dict[str, QCheckBox] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.addWidget(self.scale_bars, 0, 0, 1, COLUMNS)

    def offer(self, titles: Mapping[str, str], shown: Sequence[str]) -> None:
        """Scopes there may be, by their names; at first those on show."""
        for number, (name, title) in enumerate(titles.items()):
            box = self.scopes[name] = QCheckBox(title, checked=name in shown)
            self._grid.addWidget(box, 1 + number // COLUMNS, number % COLUMNS)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the scopes that are ticked."""
        return tuple(name for name, box in self.scopes.items() if box.isChecked())


class ExportSheet(QDialog):
    """Puts an order together; what was chosen last is there again."""

    ordered = Signal(object)  # Order

    def __init__(self, parent: QWidget, offers: Sequence[Offer], taken: Callable[[Path], bool]) -> None:
        """`taken` says whether there is a file at a path already."""
        super().__init__(parent, Qt.WindowType.Sheet)
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._offers, self._taken = offers, taken
        self.what, self.format = QComboBox(), QComboBox()
        self.what.addItems([offer.words for offer in offers])
        for name, exporter in EXPORTERS.items():
            self.format.addItem(f"{exporter.title} ({exporter.suffix})", name)
        self.keeps = QLabel(wordWrap=True)
        self.keeps.setProperty("role", "dim")
        self.name, self.folder = QLineEdit(), QLineEdit()
        self.figure = FigureOptions()
        self.files = QLabel(wordWrap=True)
        self.replace = QCheckBox("Replace what is there")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export = buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._order)
        buttons.rejected.connect(self.reject)
        self._lay_out(buttons)
        self.what.currentIndexChanged.connect(self._propose)
        self.format.currentIndexChanged.connect(self._follow)
        self.name.textChanged.connect(self._follow)
        self.folder.textChanged.connect(self._follow)
        self.replace.toggled.connect(self._follow)
        self._propose()

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        browse = QPushButton("…", toolTip="Choose the folder")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        where = QHBoxLayout()
        where.addWidget(self.folder, 1)
        where.addWidget(browse)
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for label, part in (
            ("What", self.what), ("Format", self.format), ("", self.keeps), ("Figure", self.figure),
            ("Name", self.name), ("Folder", where), ("", self.files), ("", self.replace),
        ):  # fmt: skip
            form.addRow(label, part)
        form.addRow(buttons)
        self._form = form
        self.setMinimumWidth(WIDTH_EM * self.fontInfo().pixelSize())

    def remember(self, name: str, folder: Path) -> None:
        """Begin with this format and folder."""
        self.format.setCurrentIndex(max(self.format.findData(name), 0))
        self.folder.setText(str(folder))

    @property
    def suffix(self) -> str:
        """The ending of the chosen format."""
        return EXPORTERS[self.format.currentData()].suffix

    @property
    def path(self) -> Path:
        """Where the file goes; a name that no system takes is made one that every system does."""
        name = self.name.text().strip().removesuffix(self.suffix)
        return Path(self.folder.text().strip()).expanduser() / f"{safe_name(name)}{self.suffix}"

    @property
    def targets(self) -> list[Path]:
        """The files that there will be: one for each run, in a format that holds no more."""
        number = len(self._offer.recordings)
        if EXPORTERS[self.format.currentData()].many or number == 1:
            return [self.path]
        return [self.path.with_stem(f"{self.path.stem}-{n}") for n in range(1, number + 1)]

    @property
    def _offer(self) -> Offer:
        return self._offers[max(self.what.currentIndex(), 0)]

    def _propose(self) -> None:
        self.name.setText(self._offer.stem)
        self._follow()

    def _follow(self) -> None:
        """Say what will be there, and whether something is in its way."""
        targets = self.targets
        taken = [path for path in targets if self._taken(path)]
        self.keeps.setText(KEEPS.get(self.suffix, ""))
        names = targets[0].name if len(targets) == 1 else f"{targets[0].name} … {targets[-1].name}"
        is_there = f"{counted(len(taken), 'file')} of them exist" if len(targets) > 1 else "It exists"
        self.files.setText(f"{names}" + (f"\n▲ {is_there} already." if taken else ""))
        self._form.setRowVisible(self.replace, bool(taken))
        self._form.setRowVisible(self.figure, self.suffix in FIGURES)
        self.export.setEnabled(not taken or self.replace.isChecked())
        self.adjustSize()

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Export to", self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def _order(self) -> None:
        is_figure = self.suffix in FIGURES
        self.ordered.emit(
            Order(
                self._offer.recordings,
                self.path,
                self.replace.isChecked(),
                self.figure.chosen if is_figure else (),
                is_figure and self.figure.scale_bars.isChecked(),
            )
        )
        self.accept()
