"""A document as printed pages: A4, PDF, fonts inside."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from vclamp.publish.colours import LIGHT
from vclamp.publish.document import WIDTH_MM, Block, Heading, Paragraph, Picture, Table
from vclamp.publish.drawing import MM_PER_POINT, Area, Style, looks_of, sheet, width_mm, wrapped

PAPER_MM = (210.0, 297.0)
MARGIN_MM, FOOT_MM = 20.0, 12.0
LEADING = 1.4
_SIZES_PT = {1: 17.0, 2: 13.0, 3: 10.5}
_ABOVE_MM = {1: 0.0, 2: 0.0, 3: 6.0}
_KEPT_MM = 20.0  # of a table that must stand below its heading
TEXT_PT, SMALL_PT = 9.0, 8.0
CELL_MM, ROW_MM = 4.0, 1.1  # between columns, and within a row above and below


class Pages:
    """Pages that fill from the top, each written as soon as it is full; make them within `drawing.looks()`."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        from matplotlib.backends.backend_pdf import PdfPages

        self._file = BytesIO()
        self._pdf: Any = PdfPages(self._file, metadata={**facts, "CreationDate": None})
        self._running = ""  # the run on show, at the foot
        self._headings: list[Heading] = []  # that wait for what they stand over
        self._number = 0
        self._page: Area | None = None
        self._top_mm = 0.0

    def add(self, block: Block) -> None:
        """Put a block below the others."""
        if isinstance(block, Heading):
            self._headings.append(block)
            return
        self._add_headings(_least_mm(block))
        match block:
            case Paragraph(text, "code"):
                self._gap(1.5)
                self._add_lines(wrapped(text, SMALL_PT, WIDTH_MM, "mono"), SMALL_PT, LIGHT.text, "mono")
                self._gap(1.5)
            case Paragraph(text, kind):
                size, colour = (TEXT_PT, LIGHT.text) if kind == "plain" else (SMALL_PT, LIGHT.dim)
                self._add_lines(wrapped(text, size, WIDTH_MM), size, colour)
                self._gap(1.5)
            case Table():
                self._add_table(block)
            case Picture():
                self._add_picture(block)

    def pdf(self) -> bytes:
        """The whole document."""
        self._add_headings(0.0)
        self._end_page()
        self._pdf.infodict()["Subject"] = f"{self._number} pages"
        self._pdf.close()
        return self._file.getvalue()

    # ---- blocks

    def _add_headings(self, below_mm: float) -> None:
        """The headings that wait, on one page with what follows them."""
        waiting, self._headings = self._headings, []
        below_mm += sum(_heading_mm(each) for each in waiting)
        for heading in waiting:
            if heading.level == 2 and self._running:
                self._end_page()
            self._gap(_ABOVE_MM[heading.level])
            self._need(below_mm)
            self._add_heading(heading)

    def _add_heading(self, heading: Heading) -> None:
        size, colour = _SIZES_PT[heading.level], LIGHT.accent if heading.level == 3 else LIGHT.text
        self._add_lines(wrapped(heading.text, size, WIDTH_MM, "bold"), size, colour, "bold")
        self._gap(1.0)
        if heading.level == 2:
            self._running = heading.text
            self._place(0.8).rule(0.8, LIGHT.accent, 1.2)
            self._gap(2.5)

    def _add_lines(self, lines: list[str], size_pt: float, colour: str, style: Style = "normal") -> None:
        for line in lines:
            place = self._place(_line_mm(size_pt))
            place.text(0.0, 0.28 * place.height_mm, line, fontsize=size_pt, color=colour, **looks_of(style))

    def _add_picture(self, picture: Picture) -> None:
        caption = wrapped(picture.caption, SMALL_PT, WIDTH_MM) if picture.caption else []
        self._need(picture.height_mm + len(caption) * _line_mm(SMALL_PT))
        picture.draw(self._place(picture.height_mm))
        self._add_lines(caption, SMALL_PT, LIGHT.dim)
        self._gap(4.0)

    def _add_table(self, table: Table) -> None:
        widths = _widths(table)
        self._need(_KEPT_MM)
        if table.caption:
            self._add_lines(wrapped(table.caption, SMALL_PT, WIDTH_MM), SMALL_PT, LIGHT.dim)
        head_at = -1
        for cells in table.rows:
            lines = [wrapped(cell, SMALL_PT, width) for cell, width in zip(cells, widths, strict=False)]
            height = max(map(len, lines)) * _line_mm(SMALL_PT) + 2 * ROW_MM
            self._need(height)
            if table.head and head_at != self._number:
                self._add_row(table, [[cell] for cell in table.head], widths, head=True)
                head_at = self._number
            self._add_row(table, lines, widths, head=False)
        self._gap(4.0)

    def _add_row(self, table: Table, lines: list[list[str]], widths: list[float], *, head: bool) -> None:
        line_mm = _line_mm(SMALL_PT)
        place = self._place(max(map(len, lines)) * line_mm + 2 * ROW_MM)
        left = 0.0
        for column, (cell, width) in enumerate(zip(lines, widths, strict=False)):
            word = column in table.words
            dim = not head and not table.head and column == 0
            looks: dict[str, Any] = {"fontsize": SMALL_PT, "color": LIGHT.dim if dim else LIGHT.text}
            looks |= {"ha": "left" if word else "right", "weight": "bold" if head else "normal"}
            for number, line in enumerate(cell):
                y_mm = place.height_mm - ROW_MM - (number + 0.75) * line_mm
                place.text(left if word else left + width, y_mm, line, **looks)
            left += width + CELL_MM
        colour, weight = (LIGHT.axis, 0.8) if head else (_RULE, 0.5)
        place.part(0.0, 0.0, min(left - CELL_MM, WIDTH_MM), place.height_mm).rule(0.0, colour, weight)

    # ---- room

    def _place(self, height_mm: float) -> Area:
        """The next strip of the page, of the next one if this is full."""
        self._need(height_mm)
        assert self._page is not None
        self._top_mm -= height_mm
        return self._page.part(MARGIN_MM, self._top_mm, WIDTH_MM, height_mm)

    def _gap(self, height_mm: float) -> None:
        """Room below what is there; at the top of a page none."""
        if self._page is not None and self._top_mm < PAPER_MM[1] - MARGIN_MM:
            self._top_mm -= height_mm

    def _need(self, height_mm: float) -> None:
        """Begin a page, unless there is as much room on this one, or none on any."""
        fits = self._top_mm - height_mm >= MARGIN_MM
        fresh = self._top_mm == PAPER_MM[1] - MARGIN_MM
        if self._page is None or not (fits or fresh):
            self._end_page()
            self._number += 1
            self._page = sheet(*PAPER_MM, LIGHT.ground)
            self._top_mm = PAPER_MM[1] - MARGIN_MM

    def _end_page(self) -> None:
        if self._page is None:
            return
        foot = self._page.part(MARGIN_MM, FOOT_MM, WIDTH_MM, 4.0)
        foot.text(0.0, 0.0, wrapped(self._running, SMALL_PT, 0.8 * WIDTH_MM)[0], fontsize=7.0, color=LIGHT.dim)
        foot.text(WIDTH_MM, 0.0, str(self._number), fontsize=7.0, color=LIGHT.dim, ha="right")
        self._pdf.savefig(self._page.figure)
        self._page = None


_RULE = "#d5dce2"  # between rows


def _heading_mm(heading: Heading) -> float:
    """Its height, about."""
    size = _SIZES_PT[heading.level]
    lines = wrapped(heading.text, size, WIDTH_MM, "bold")
    return len(lines) * _line_mm(size) + (4.3 if heading.level == 2 else 1.0)


def _least_mm(block: Paragraph | Table | Picture) -> float:
    """What of a block must stand on one page with the heading over it."""
    match block:
        case Picture():
            return block.height_mm + len(wrapped(block.caption, SMALL_PT, WIDTH_MM)) * _line_mm(SMALL_PT)
        case Table():
            return _KEPT_MM
    return 2.0 * _line_mm(TEXT_PT)


def _line_mm(size_pt: float) -> float:
    return LEADING * size_pt * MM_PER_POINT


def _widths(table: Table) -> list[float]:
    """Of its columns: as its texts need, but that the widest gives way where there is not room for all."""
    rows = [row for row in (table.head, *table.rows) if row]
    style: Style = "bold" if table.head else "normal"
    widths = [max(width_mm(cell, SMALL_PT, style) + 0.2 for cell in column) for column in zip(*rows, strict=True)]
    while (over := sum(widths) + CELL_MM * (len(widths) - 1) - WIDTH_MM) > 0.1:
        widest = widths.index(max(widths))
        others = sorted(widths)[-2] if len(widths) > 1 else 0.0
        widths[widest] = max(widths[widest] - over, min(others, widths[widest] - 1.0), 12.0)
        if max(widths) <= 12.0:
            break
    return widths
