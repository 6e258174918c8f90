"""Whether the bytes of a picture or a document are whole, and of the recording they should be of."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from io import BytesIO
from xml.etree import ElementTree

_PNG_END = b"IEND\xaeB`\x82"
_SVG = "{http://www.w3.org/2000/svg}"


def is_png(data: bytes, size: tuple[int, ...], mark: str) -> bool:
    """Whether it decodes to a picture of so many dots, and bears the mark."""
    from PIL import Image, UnidentifiedImageError

    if not data.endswith(_PNG_END):
        return False
    try:
        with Image.open(BytesIO(data), formats=("PNG",)) as image:
            image.load()
            return image.size == size and image.info.get("Keywords") == mark
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return False


def is_svg(data: bytes, ids: Sequence[str], texts: Sequence[str], mark: str) -> bool:
    """Whether it holds exactly the lines of these names (or more by other names), these texts and the mark."""
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError:
        return False
    kinds = {name.partition("-")[0] for name in ids}
    lines = [g.get("id", "") for g in root.iter(f"{_SVG}g") if g.find(f"{_SVG}path") is not None]
    said = {"".join(each.itertext()) for each in root.iter(f"{_SVG}text")}
    return (
        sorted(ids) == sorted(name for name in lines if name.partition("-")[0] in kinds)
        and all(any(text in each for each in said) for text in texts)
        and mark in "".join(root.itertext())
    )


def is_pdf(data: bytes, pages: int | None, mark: str) -> bool:
    """Whether it begins, ends and counts its pages as a PDF does (so many of them if told), and bears the mark."""
    table = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*\Z", data)
    counts = re.findall(rb"/Type /Pages.*?/Count (\d+)|/Count (\d+).*?/Type /Pages", data, re.DOTALL)
    found = len(re.findall(rb"/Type /Page\b", data))
    return (
        data.startswith(b"%PDF-")
        and table is not None
        and data[int(table[1]) :].startswith(b"xref")
        and [found] == [int(a or b) for a, b in counts]
        and pages in (None, found)
        and mark.encode() in data
    )


class Tags(HTMLParser):
    """Counts the tags of an HTML file, collects the content of its meta tags, and tells whether they nest."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.said: dict[str, str] = {}
        self.open: list[str] = []
        self.nested = True
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One more."""
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag == "meta":
            found = dict(attrs)
            self.said[found.get("name") or ""] = found.get("content") or ""
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One that closes itself."""
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        """It closes the last that is open."""
        self.nested = self.nested and bool(self.open) and self.open.pop() == tag


def is_html(text: str, counts: dict[str, int], mark: str) -> bool:
    """Whether its tags nest, there are so many of some, no script among them, and it bears the mark."""
    tags = Tags(text)
    return (
        tags.nested
        and not tags.open
        and "script" not in tags.counts
        and all(tags.counts.get(tag, 0) == n for tag, n in counts.items())
        and tags.said.get("keywords") == mark
    )
