"""The looks: the one that was chosen, or what the system has."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication

from vclamp.ui.theme import THEMES, Theme, apply

if TYPE_CHECKING:
    from vclamp.ui.window import Window

SYSTEM = "system"  # in place of a theme's name: light or dark, as the system is


class Looks(QObject):
    """Gives the window and everything in it one look."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        self.chosen = window.settings.text("theme", "dark")
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)
        paint(self.theme)  # before there are widgets: they take their font as they are made

    @property
    def theme(self) -> Theme:
        """What the choice means now."""
        light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
        name = ("light" if light else "dark") if self.chosen == SYSTEM else self.chosen
        return THEMES.get(name, THEMES["dark"])

    def choose(self, name: str) -> None:
        """Take a theme by its name, or "system"."""
        self.chosen = name
        self._window.settings.remember("theme", name)
        paint(self.theme)
        self.show()
        self._window.docks.fit(self.theme.font_px)

    def show(self) -> None:
        """Draw every part in the theme."""
        window, theme = self._window, self.theme
        window.display.set_theme(theme)
        window.analyst.set_theme(theme)
        window.tools.set_theme(theme)
        window.panel.show_rig(window.bench.rig, theme)
        window.banner.set_colour(QColor(theme.warning))

    def _system_changed(self) -> None:
        if self.chosen == SYSTEM:
            self.choose(SYSTEM)


def paint(theme: Theme) -> None:
    """Give the application the theme's colours, font and style."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply(app, theme)
