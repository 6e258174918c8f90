"""What stands in place of the channels of a cell that is to be found out."""

from PySide6.QtWidgets import QLabel, QVBoxLayout

from vclamp.model.rig import Rig
from vclamp.ui.panels.editing import Editing, drug_path
from vclamp.ui.panels.sliders import ConcentrationSlider

HIDDEN = "exam: the channel's numbers are hidden"


class ExamCard(Editing):
    """Every drug that could be given; which of them does anything is to be found out."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(7, 5, 6, 5)
        column.setSpacing(3)
        self.note = QLabel(HIDDEN, wordWrap=True)
        self.note.setProperty("role", "dim")
        column.addWidget(self.note)
        self.sliders: dict[str, ConcentrationSlider] = {}
        for drug, side in sorted(_given(rig)):
            path, name = drug_path(rig, drug, side), drug if side == "out" else f"{drug} inside"
            if path not in self.sliders and path.startswith("solutions.drugs."):
                self.sliders[path] = self.drug(path, name, 1.0, known=False)
                column.addWidget(self.sliders[path])


def _given(rig: Rig) -> set[tuple[str, str]]:
    """The drugs that the cell knows, and from which side it is that they act."""
    pump = rig.cell.pump
    known = {(block.drug, block.side) for channel in rig.cell.channels for block in channel.blockers}
    known |= {(pump.blocker, "out")} if pump is not None else set()
    return known | ({("ATP", "in")} if pump is not None and pump.k_atp_mM else set())
