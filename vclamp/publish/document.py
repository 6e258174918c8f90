"""What a report is made of, whether it becomes a web page or printed pages: headings, paragraphs, tables, pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from vclamp.publish.drawing import Area

WIDTH_MM = 170.0  # of text and pictures


@dataclass(frozen=True)
class Heading:
    """The title of the whole (level 1), of a run (2; begins a page) or of a section (3)."""

    text: str
    level: Literal[1, 2, 3]


@dataclass(frozen=True)
class Paragraph:
    """Plain text; `kind` "dim" is what need not be read, "code" what is typed."""

    text: str
    kind: Literal["plain", "dim", "code"] = "plain"


@dataclass(frozen=True)
class Table:
    """Rows of text. Without a `head` the first column says what the others are.

    Columns whose number is in `words` are text, flush left; the others are numbers.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[int] = frozenset({0})


@dataclass(frozen=True)
class Picture:
    """A drawing of the full width; `draw` fills an area of this size."""

    caption: str
    height_mm: float
    draw: Callable[[Area], None]


Block = Heading | Paragraph | Table | Picture


def facts_table(caption: str, *pairs: tuple[str, str]) -> Table:
    """A table of names and what they are; those without anything are left out."""
    return Table(caption, (), tuple(pair for pair in pairs if pair[1]), frozenset({0, 1}))
