"""Everything about looks in one place: themes, palette, style sheet, colours of channels and sweeps.

Widgets that want to look special say so by a name or a property, and the style sheet below does the rest:
object names ``run`` and ``record`` (tool buttons), property ``role``: ``heading``, ``dim`` (label), ``panel`` (frame).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from string import Template
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from vclamp.publish import colours

if TYPE_CHECKING:
    from vclamp.model.rig import Rig

READABLE = 4.5  # WCAG 2.1, success criterion 1.4.3: least contrast of text


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """What is drawn upon; colours are "#rrggbb"."""

    window: str
    panel: str
    panel_border: str
    field: str  # background of entries, combo boxes, lists
    plot_background: str
    grid: str
    highlight: str  # filled areas below `on_fill` text
    progress: str  # filled part of a progress bar, below `text`


@dataclass(frozen=True, kw_only=True)
class Inks:
    """What is written and drawn with."""

    text: str
    dim_text: str
    on_fill: str
    axis: str
    accent: str  # lines and handles


@dataclass(frozen=True, kw_only=True)
class Signals:
    """Colours that mean something."""

    run: str
    record: str
    warning: str
    cursor_1: str
    cursor_2: str
    membrane: str  # at the neutral potential
    membrane_negative: str
    membrane_positive: str


@dataclass(frozen=True, kw_only=True)
class Theme(Grounds, Inks, Signals):
    """The looks of the window; sizes are pixels."""

    name: str
    font_px: int = 13
    trace_px: float = 1.2

    @property
    def is_dark(self) -> bool:
        """Whether bright lines are drawn on a dark ground."""
        return luminance(QColor(self.plot_background)) < 0.18


_DARK = Theme(
    name="dark",
    window="#171c20",
    panel="#1c2126",
    panel_border="#39424b",
    field="#11151a",
    text=colours.DARK.text,
    dim_text=colours.DARK.dim,
    plot_background=colours.DARK.ground,
    grid="#2b333b",
    axis=colours.DARK.axis,
    accent=colours.DARK.accent,
    highlight="#0069a6",
    on_fill="#ffffff",
    progress="#00609a",
    run="#00754a",
    record=colours.DARK.warning,
    warning="#ffb000",
    cursor_1="#e69f00",
    cursor_2="#cc79a7",
    membrane="#707983",
    membrane_negative="#2f62ea",
    membrane_positive="#ee4433",
)

_LIGHT = Theme(
    name="light",
    window="#eceff2",
    panel="#f3f5f7",
    panel_border="#c3ccd4",
    field="#ffffff",
    text=colours.LIGHT.text,
    dim_text=colours.LIGHT.dim,
    plot_background=colours.LIGHT.ground,
    grid="#e1e6ea",
    axis=colours.LIGHT.axis,
    accent=colours.LIGHT.accent,
    highlight="#0069a6",
    on_fill="#ffffff",
    progress="#9ed0f2",
    run="#00754a",
    record=colours.LIGHT.warning,
    warning="#855400",
    cursor_1="#8f5c00",
    cursor_2="#9c3a70",
    membrane="#a9b3bc",
    membrane_negative="#1d4fd0",
    membrane_positive="#d9372b",
)

_PROJECTOR = Theme(
    name="projector",
    window="#0e1216",
    panel="#14191e",
    panel_border="#4a5560",
    field="#0a0d10",
    text="#ffffff",
    dim_text="#c3cdd6",
    plot_background="#0a0d10",
    grid="#2b333b",
    axis="#dde3e8",
    accent="#6cc3f5",
    highlight="#0069a6",
    on_fill="#ffffff",
    progress="#0069a6",
    run="#00754a",
    record="#ff6f60",
    warning="#ffbf33",
    cursor_1="#ffb31a",
    cursor_2="#e08fbd",
    membrane="#7d8690",
    membrane_negative="#3b6dff",
    membrane_positive="#ff4b38",
    font_px=18,
    trace_px=2.6,
)

_CONTRAST = replace(
    _DARK,
    name="contrast",
    window="#000000",
    panel="#000000",
    panel_border="#ffffff",
    field="#000000",
    text="#ffffff",
    dim_text="#e8e8e8",
    plot_background="#000000",
    grid="#4a4a4a",
    axis="#ffffff",
    accent="#ffd60a",
    record="#ff8070",
    warning="#ffd60a",
    font_px=15,
    trace_px=2.0,
)

THEMES: dict[str, Theme] = {theme.name: theme for theme in (_DARK, _LIGHT, _CONTRAST, _PROJECTOR)}


def luminance(colour: QColor) -> float:
    """Relative luminance, 0 (black) to 1 (white), as WCAG 2.1 defines it."""

    def linear(share: float) -> float:
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def contrast(first: QColor, second: QColor) -> float:
    """WCAG 2.1 contrast ratio, 1 to 21."""
    darker, brighter = sorted((luminance(first), luminance(second)))
    return (brighter + 0.05) / (darker + 0.05)


def mixed(first: QColor, second: QColor, share: float) -> QColor:
    """The colour `share` (0 to 1) of the way from `first` to `second`."""
    return QColor.fromRgbF(
        first.redF() + share * (second.redF() - first.redF()),
        first.greenF() + share * (second.greenF() - first.greenF()),
        first.blueF() + share * (second.blueF() - first.blueF()),
    )


def readable(colour: QColor, background: QColor) -> QColor:
    """`colour`, moved towards black or white only as far as text on `background` needs."""
    end = QColor("white" if luminance(background) < 0.18 else "black")
    candidates = (mixed(colour, end, step / 20) for step in range(21))
    return next((each for each in candidates if contrast(each, background) >= READABLE), end)


def channel_colour(ion: str | None, index: int, theme: Theme) -> QColor:
    """Colour of a channel; `index` counts earlier channels of the same ion; None (unselective) is the leak's grey."""
    return QColor(colours.channel_colour(ion, index, dark=theme.is_dark))


def channel_colours(rig: Rig, theme: Theme) -> dict[str, QColor]:
    """The colour of every channel of a rig by its name, the same in every place; and of its pump and branches."""
    return _ready(colours.channel_colours(rig, dark=theme.is_dark))


def line_colours(rig: Rig, theme: Theme) -> dict[str, QColor]:
    """The colours of traces in every scope; those of a sweep's colour are not among them."""
    from vclamp.publish import scopes  # not before there are traces: the window is seen without them

    return _ready(scopes.line_colours(rig, dark=theme.is_dark, text=theme.text, warning=theme.record))


def sweep_colours(n: int, theme: Theme) -> list[QColor]:
    """Viridis for sweeps 0 to n - 1, without the end that would vanish on the plot's background."""
    return [QColor(colour) for colour in colours.sweep_colours(n, dark=theme.is_dark)]


def _ready(named: dict[str, str]) -> dict[str, QColor]:
    return {name: QColor(colour) for name, colour in named.items()}


def membrane_colour(v_mV: float, theme: Theme) -> QColor:
    """Diverging map of the membrane potential: blue at -120 mV, neutral at -40 mV, red at +60 mV."""
    neutral = QColor(theme.membrane)
    if v_mV < -40.0:
        return mixed(neutral, QColor(theme.membrane_negative), min((-40.0 - v_mV) / 80.0, 1.0))
    if v_mV > -40.0:
        return mixed(neutral, QColor(theme.membrane_positive), min((v_mV + 40.0) / 100.0, 1.0))
    return neutral  # also for nan


def palette(theme: Theme) -> QPalette:
    """The theme as a Qt palette."""
    role = QPalette.ColorRole
    roles = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.field,
        role.AlternateBase: theme.panel,
        role.Text: theme.text,
        role.Button: theme.panel,
        role.ButtonText: theme.text,
        role.BrightText: theme.record,
        role.Highlight: theme.highlight,
        role.HighlightedText: theme.on_fill,
        role.ToolTipBase: theme.field,
        role.ToolTipText: theme.text,
        role.Link: theme.accent,
        role.PlaceholderText: theme.dim_text,
        role.Mid: theme.panel_border,
        role.Accent: theme.accent,
    }
    result = QPalette()
    for which, colour in roles.items():
        result.setColor(which, QColor(colour))
    faded = mixed(QColor(theme.dim_text), QColor(theme.window), 0.35)
    for which in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, which, faded)
    return result


_STYLE = Template("""
QToolBar { background: $window; border: none; spacing: ${gap}px; padding: ${half}px; }
QToolButton, QPushButton { background: $field; color: $text; border: 1px solid $panel_border;
    border-radius: ${radius}px; padding: ${half}px ${gap}px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QToolButton:hover, QPushButton:hover, QComboBox:hover { border-color: $accent; }
QToolButton:pressed, QPushButton:pressed { background: $panel_border; }
QToolButton:checked { border-color: $accent; }
QToolButton:disabled, QPushButton:disabled { color: $faded; border-color: $grid; }
QToolButton#run { background: $run; color: $on_fill; border-color: $run; font-weight: bold; }
QToolButton#run:hover { border-color: $on_fill; }
QToolButton#more { border: none; background: transparent; padding: 0 ${half}px; }
QToolButton#more:hover { color: $accent; }
QToolButton#record { color: $record; }
QToolButton#record:checked { border-color: $record; }
QLabel[role="heading"], QGroupBox::title { color: $dim_text; font-weight: bold; }
QLabel[role="dim"] { color: $dim_text; }
QFrame[role="panel"], QGroupBox { background: $panel; border: 1px solid $panel_border; border-radius: ${radius}px; }
QGroupBox { margin-top: ${line}px; font-weight: bold; }
QGroupBox::title { subcontrol-origin: margin; left: ${half}px; }
QSlider { background: transparent; }
QSlider:horizontal { min-height: ${handle}px; }
QSlider::groove:horizontal { height: ${half}px; background: $panel_border; border-radius: ${quarter}px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: ${quarter}px; }
QSlider::sub-page:horizontal:disabled { background: $panel_border; }
QSlider::handle:horizontal { width: ${handle}px; height: ${handle}px; margin: -${overhang}px 0;
    background: $accent; border-radius: ${handle_radius}px; }
QSlider::handle:horizontal:hover { background: $text; }
QSlider::handle:horizontal:disabled { background: $faded; }
QProgressBar { background: $field; color: $text; border: 1px solid $panel_border;
    border-radius: ${radius}px; text-align: center; }
QProgressBar::chunk { background: $progress; border-radius: ${quarter}px; }
QComboBox { background: $field; selection-background-color: $highlight; selection-color: $on_fill; }
QTableView { gridline-color: $panel_border; }
QToolTip { background: $field; color: $text; border: 1px solid $panel_border; padding: ${half}px; }
QTabWidget::pane { border: 1px solid $panel_border; }
QTabBar::tab { background: $window; color: $dim_text; border: 1px solid $panel_border; padding: ${half}px ${less}px;
    border-top-left-radius: ${radius}px; border-top-right-radius: ${radius}px; }
QTabBar::tab:selected { background: $panel; color: $text; border-bottom-color: $panel; }
QHeaderView::section { background: $panel; color: $text; border: 1px solid $panel_border; padding: ${quarter}px; }
""")


def style_sheet(theme: Theme) -> str:
    """The rules for what a palette cannot say; all lengths follow the font."""
    half = 2 * max(1, round(theme.font_px * 0.15))
    handle = 2 * round(theme.font_px * 0.5)  # even, as half is, or the handle becomes a square
    lengths = {
        "quarter": half // 2,
        "half": half,
        "gap": round(theme.font_px * 0.6),
        "line": round(theme.font_px * 1.6),
        "radius": round(theme.font_px * 0.33),
        "handle": handle,
        "handle_radius": handle // 2,
        "overhang": (handle - half) // 2,
        "less": round(0.45 * theme.font_px),
    }
    faded = palette(theme).color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text).name()
    return _STYLE.substitute(asdict(theme) | lengths, faded=faded)


def apply(app: QApplication, theme: Theme) -> None:
    """Give the whole application the looks of `theme`."""
    app.setStyleSheet("")  # with the old one in force, all that follows costs five times as much
    if app.style().name() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(palette(theme))
    framed = palette(theme)
    framed.setColor(QPalette.ColorRole.Window, QColor(theme.panel_border).lighter(140))  # Fusion darkens it for frames
    for widget_class in ("QAbstractSpinBox", "QComboBox", "QLineEdit", "QCheckBox", "QRadioButton"):
        app.setPalette(framed, widget_class)
    font = app.font()
    font.setPixelSize(theme.font_px)
    app.setFont(font)
    app.setStyleSheet(style_sheet(theme))
