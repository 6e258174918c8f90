"""Words of a panel that are no captions of fields."""

from PySide6.QtWidgets import QLabel


def heading(text: str) -> QLabel:
    """The title of a part of a panel."""
    return _said(text, "heading")


def dim(text: str) -> QLabel:
    """A word beside a field."""
    return _said(text, "dim")


def _said(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    return label
