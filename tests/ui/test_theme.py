"""Facts about the looks: texts can be read, colours can be told apart."""

from __future__ import annotations

import itertools
import math
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtGui import QColor, QPalette

from vclamp.publish.colours import CHANNEL_COLOURS
from vclamp.ui.theme import (
    THEMES,
    Theme,
    apply,
    channel_colour,
    contrast,
    membrane_colour,
    palette,
    readable,
    style_sheet,
    sweep_colours,
)

every_theme = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES.keys())

TEXT_ON_GROUND = [
    *itertools.product(("text", "dim_text"), ("window", "panel", "field", "plot_background")),
    *itertools.product(("record", "warning", "cursor_1", "cursor_2", "axis"), ("panel", "plot_background")),
    ("record", "field"),
    ("on_fill", "run"),
    ("on_fill", "highlight"),
    ("text", "progress"),
]


def wcag_contrast(first: str, second: str) -> float:
    """The ratio of WCAG 2.1 from hexadecimal colours, written independently of the theme's own."""

    def luminance(colour: str) -> float:
        shares = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [share / 12.92 if share <= 0.04045 else math.pow((share + 0.055) / 1.055, 2.4) for share in shares]
        return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def lab(colour: QColor) -> tuple[float, float, float]:
    """CIE L*a*b* under D65."""
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (colour.redF(), colour.greenF(), colour.blueF())
    )
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    )
    x, y, z = (share ** (1 / 3) if share > 0.008856 else 7.787 * share + 16 / 116 for share in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast(QColor("black"), QColor("white")) == pytest.approx(21)
    assert contrast(QColor("#767676"), QColor("white")) == pytest.approx(4.54, abs=0.01)  # WCAG's well-known grey


@every_theme
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_every_text_can_be_read_on_its_ground(theme: Theme, text: str, ground: str) -> None:
    assert wcag_contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@every_theme
@pytest.mark.parametrize("ion", CHANNEL_COLOURS)
def test_a_channel_name_can_be_read_after_readable(theme: Theme, ion: str) -> None:
    for index in range(3):
        for ground in (theme.panel, theme.plot_background):
            assert wcag_contrast(readable(channel_colour(ion, index, theme), QColor(ground)).name(), ground) >= 4.5


def test_readable_leaves_a_readable_colour_alone() -> None:
    assert readable(QColor("#e69f00"), QColor("#11151a")) == QColor("#e69f00")


@every_theme
@pytest.mark.parametrize("potential", [-120.0, -80.0, -40.0, 0.0, 60.0])
def test_the_membrane_potential_can_be_read_in_its_colour(theme: Theme, potential: float) -> None:
    colour = readable(membrane_colour(potential, theme), QColor(theme.panel))
    assert wcag_contrast(colour.name(), theme.panel) >= 4.5


@pytest.mark.parametrize(
    ("ion", "dark", "light"),
    [
        ("Na", "#e69f00", "#e69f00"),
        ("K", "#56b4e9", "#0072b2"),
        ("Kir", "#009e73", "#009e73"),
        ("pump", "#cc79a7", "#cc79a7"),
        ("Cm", "#f0e442", "#b8a800"),
        (None, "#9aa4ad", "#6b747c"),
    ],
)
def test_ions_wear_the_colours_of_okabe_and_ito(ion: str | None, dark: str, light: str) -> None:
    assert channel_colour(ion, 0, THEMES["dark"]).name() == dark
    assert channel_colour(ion, 0, THEMES["projector"]).name() == dark
    assert channel_colour(ion, 0, THEMES["light"]).name() == light


@every_theme
def test_the_first_and_second_channels_of_all_ions_differ_to_the_eye(theme: Theme) -> None:
    drawn = [(ion, index) for ion in CHANNEL_COLOURS if ion != "Kir" for index in (0, 1)]
    for first, second in itertools.combinations(drawn, 2):
        distance = math.dist(lab(channel_colour(*first, theme)), lab(channel_colour(*second, theme)))
        assert distance > 18, (first, second)


@every_theme
def test_a_third_channel_of_an_ion_differs_from_the_first_two(theme: Theme) -> None:
    for ion in CHANNEL_COLOURS:
        colours = [lab(channel_colour(ion, index, theme)) for index in range(3)]
        assert min(math.dist(*pair) for pair in itertools.combinations(colours, 2)) > 15, ion


def test_a_second_potassium_channel_is_green_like_kir() -> None:
    assert channel_colour("K", 1, THEMES["dark"]) == channel_colour("Kir", 0, THEMES["dark"])


def test_an_unknown_ion_and_a_high_index_still_have_a_colour() -> None:
    assert channel_colour("Mg", 7, THEMES["dark"]).isValid()
    assert channel_colour("Na", 99, THEMES["light"]).isValid()


@every_theme
@pytest.mark.parametrize("n", [0, 1, 2, 15, 60])
def test_no_sweep_vanishes_on_the_plot(theme: Theme, n: int) -> None:
    colours = sweep_colours(n, theme)
    assert len(colours) == n
    assert len({colour.name() for colour in colours}) == n
    assert all(wcag_contrast(colour.name(), theme.plot_background) > 2.0 for colour in colours)


@every_theme
def test_membrane_is_blue_at_rest_and_red_when_depolarised(theme: Theme) -> None:
    resting, depolarised = membrane_colour(-120.0, theme), membrane_colour(60.0, theme)
    assert resting.blue() > resting.red() + 80
    assert depolarised.red() > depolarised.blue() + 80
    assert membrane_colour(-40.0, theme) == membrane_colour(math.nan, theme) == QColor(theme.membrane)
    assert membrane_colour(-500.0, theme) == resting
    assert membrane_colour(500.0, theme) == depolarised


@pytest.fixture
def restored_app(qapp):
    """The application, given back afterwards with the looks that it had."""
    font, colours, sheet = qapp.font(), qapp.palette(), qapp.styleSheet()
    yield qapp
    qapp.setStyleSheet(sheet)
    qapp.setPalette(colours)
    qapp.setFont(font)


def test_apply_sets_font_palette_and_style(restored_app) -> None:
    for theme in THEMES.values():
        apply(restored_app, theme)
        assert restored_app.font().pixelSize() == theme.font_px
        assert restored_app.palette().color(QPalette.ColorRole.Window) == QColor(theme.window)
        assert theme.run in restored_app.styleSheet()


@every_theme
def test_every_hole_in_the_style_sheet_is_filled(theme: Theme) -> None:
    assert "$" not in style_sheet(theme)


@every_theme
def test_disabled_texts_are_fainter_than_enabled_ones(theme: Theme) -> None:
    disabled = palette(theme).color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
    assert contrast(disabled, QColor(theme.field)) < contrast(QColor(theme.text), QColor(theme.field))


def test_the_projector_has_larger_text_and_thicker_traces() -> None:
    assert THEMES["projector"].font_px >= 1.35 * THEMES["dark"].font_px
    assert THEMES["projector"].trace_px == 2.6
