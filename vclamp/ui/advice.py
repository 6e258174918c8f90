"""What a supervisor would say of the protocol on the bench, in the status line."""

from PySide6.QtWidgets import QToolButton

from vclamp.model.lint import lint
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig


class Advice(QToolButton):
    """Says how many warnings there are; pointed at, it tells them."""

    def __init__(self) -> None:
        super().__init__(autoRaise=True)
        self.text_of_all = ""
        self.hide()

    def show_advice(self, sentences: tuple[str, ...]) -> None:
        """Show these sentences, or nothing."""
        self.text_of_all = "\n".join(sentences)
        self.setText(f"▲ {len(sentences)} remark{'s' * (len(sentences) > 1)}")
        self.setToolTip(self.text_of_all)
        self.setVisible(bool(sentences))


def advice_on(protocol: Protocol, rig: Rig) -> tuple[str, ...]:
    """Everything that can be said of a protocol on a rig, the cell it was made for first."""
    meant = protocol.opens.cell
    made_for = () if meant in (None, rig.cell.name) else (
        f"protocol: it is made for the cell “{meant}”. Protocol > Use the cell it is made for.",
    )  # fmt: skip
    return (*made_for, *map(str, lint(protocol, rig)))
