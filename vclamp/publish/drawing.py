"""Drawing on paper with matplotlib: areas measured in mm, one look whatever the user's settings, bytes of a file.

Nothing here needs a display, and pyplot, with its global state, is never imported.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

MM_PER_INCH, POINTS_PER_INCH = 25.4, 72.0
MM_PER_POINT = MM_PER_INCH / POINTS_PER_INCH
UNKNOWN = "□"  # stands for a character that the font lacks
FONT, MONO = "DejaVu Sans", "DejaVu Sans Mono"  # come with matplotlib
Style = Literal["normal", "bold", "mono"]
_LOOKS: dict[str, Any] = {
    "font.family": [FONT],
    "text.parse_math": False,  # a dollar in a note is no formula
    "svg.fonttype": "none",  # text stays text
    "pdf.fonttype": 42,  # as a whole font, so that text can be searched
    "svg.hashsalt": "vclamp",  # the same figure twice is the same file
    "path.simplify": True,
    "path.simplify_threshold": 0.03,  # points: half a dot at 1200 dpi, for SVG and PDF
}


@contextmanager
def looks() -> Iterator[None]:
    """Within it, figures are made and written in our own style; the user's own settings do not count."""
    from matplotlib import style

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # that it builds a cache of fonts is no news
    with style.context(["default", _LOOKS]):
        yield


@dataclass(frozen=True)
class Area:
    """A part of a figure; all lengths are mm, from its lower left corner."""

    figure: "Figure"
    left_mm: float
    bottom_mm: float
    width_mm: float
    height_mm: float

    def part(self, left_mm: float, bottom_mm: float, width_mm: float, height_mm: float) -> "Area":
        """A part of it."""
        return Area(self.figure, self.left_mm + left_mm, self.bottom_mm + bottom_mm, width_mm, height_mm)

    def axes(self) -> "Axes":
        """Axes that fill it."""
        left, bottom = self._share(0.0, 0.0)
        right, top = self._share(self.width_mm, self.height_mm)
        return self.figure.add_axes((left, bottom, right - left, top - bottom))

    def text(self, x_mm: float, y_mm: float, text: str, **looks: Any) -> "Text":
        """Write at a point."""
        return self.figure.text(*self._share(x_mm, y_mm), printable(text), **looks)

    def rule(self, y_mm: float, colour: str, width_pt: float) -> None:
        """A line across it."""
        from matplotlib.lines import Line2D

        ends = [self._share(x, y_mm) for x in (0.0, self.width_mm)]
        xs, ys = zip(*ends, strict=True)
        self.figure.add_artist(Line2D(xs, ys, transform=self.figure.transFigure, color=colour, linewidth=width_pt))

    def _share(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        width, height = (MM_PER_INCH * inches for inches in self.figure.get_size_inches())
        return (self.left_mm + x_mm) / width, (self.bottom_mm + y_mm) / height


def sheet(width_mm: float, height_mm: float, ground: str) -> Area:
    """A new figure, empty."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), facecolor=ground)
    return Area(figure, 0.0, 0.0, width_mm, height_mm)


def encoded(figure: "Figure", kind: str, dpi: int, facts: Mapping[str, str]) -> bytes:
    """The bytes of a figure's file; "png", "svg" or "pdf".

    Parameters
    ----------
    facts : mapping
        "Title", "Creator" and "Keywords", which stand in the file.
    """
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    file = BytesIO()
    figure.savefig(file, format=kind, dpi=dpi, metadata={**facts, **undated}, facecolor=figure.get_facecolor())
    return file.getvalue()


# ---- text


def printable(text: str) -> str:
    """The text with a sign in place of every character that cannot be printed."""
    known = _known()
    return "".join(c if ord(c) in known or c == "\n" else UNKNOWN for c in text)


def width_mm(text: str, size_pt: float, style: Style = "normal") -> float:
    """How wide a line of text is."""
    scale = size_pt / _font(style).units_per_EM * MM_PER_POINT
    return float(scale * sum(_advance(c, style) for c in printable(text)))


def wrapped(text: str, size_pt: float, most_mm: float, style: Style = "normal") -> list[str]:
    """The text in lines that are no wider than so; a word that is too long is broken."""
    lines = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in _words(paragraph, size_pt, most_mm, style):
            longer = f"{line} {word}" if line else word
            if line and width_mm(longer, size_pt, style) > most_mm:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def looks_of(style: Style) -> dict[str, Any]:
    """What matplotlib calls a style."""
    return {"family": MONO if style == "mono" else FONT, "weight": "bold" if style == "bold" else "normal"}


def _words(text: str, size_pt: float, most_mm: float, style: Style) -> Iterator[str]:
    for word in text.split():
        rest = word
        while (wide := width_mm(rest, size_pt, style)) > most_mm and len(rest) > 1:
            n = max(1, int(len(rest) * most_mm / wide) - 1)
            yield rest[:n]
            rest = rest[n:]
        yield rest


@cache
def _font(style: Style) -> Any:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return get_font(findfont(FontProperties(**looks_of(style))))


@cache
def _known() -> frozenset[int]:
    return frozenset(_font("normal").get_charmap())


@cache
def _advance(character: str, style: Style) -> float:
    """Width of a character in the font's own units."""
    from matplotlib.ft2font import LoadFlags

    return float(_font(style).load_char(ord(character), flags=LoadFlags.NO_SCALE).horiAdvance)
