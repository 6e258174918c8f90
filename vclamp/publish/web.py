"""A document as one web page that needs nothing else: pictures and style inside, no script, nothing fetched."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from string import Template

from vclamp.publish.colours import LIGHT
from vclamp.publish.document import WIDTH_MM, Block, Heading, Paragraph, Picture, Table
from vclamp.publish.drawing import encoded, sheet

_TAGS = {1: "h1", 2: "h2", 3: "h3"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="generator" content="$creator">
<meta name="keywords" content="$keywords">
<meta name="contents" content="$contents">
<title>$title</title>
<style>
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1a2026; background: #fff;
  max-width: 190mm; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.7em; margin: 0 0 .2em; }
h2 { font-size: 1.35em; margin: 2.2em 0 .4em; border-bottom: 2px solid #0072b2; padding-bottom: .15em; }
h3 { font-size: 1.05em; margin: 1.8em 0 .4em; color: #0072b2; }
p { margin: .5em 0; white-space: pre-line; overflow-wrap: anywhere; }
.dim, figcaption, caption { color: #51606d; font-size: .88em; }
pre { background: #f3f5f7; border: 1px solid #c3ccd4; border-radius: 4px; padding: .6em .8em; white-space: pre-wrap;
  overflow-wrap: anywhere; font: .88em/1.45 "DejaVu Sans Mono", Consolas, monospace; }
table { border-collapse: collapse; margin: .8em 0 1.2em; font-size: .9em; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .3em; }
th, td { padding: .22em 1.2em .22em 0; text-align: right; vertical-align: top; border-bottom: 1px solid #e1e6ea; }
th.word, td.word { text-align: left; overflow-wrap: anywhere; }
thead th { border-bottom: 1.5px solid #2b343c; font-weight: 600; }
tbody th { font-weight: normal; color: #51606d; }
figure { margin: 1em 0 1.4em; }
figure svg { display: block; width: 100%; height: auto; }
@page { size: A4; margin: 18mm 20mm; }
@media print {
  body { font-size: 9.5pt; margin: 0; padding: 0; max-width: none; }
  h2 { break-before: page; margin-top: 0; }
  h2:first-of-type { break-before: avoid; }
  h2, h3, caption { break-after: avoid; }
  figure, tr, pre { break-inside: avoid; }
}
</style>
</head>
<body>
$body
</body>
</html>
""")


class Page:
    """A web page that grows block by block; make it within `drawing.looks()`."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._pictures = 0
        self._tables = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many tags there are of the kinds that hold something."""
        return {"table": self._tables, "figure": self._pictures, "svg": self._pictures}

    def add(self, block: Block) -> None:
        """Put a block below the others."""
        match block:
            case Heading(text, level):
                self._parts.append(f"<{_TAGS[level]}>{_text(text)}</{_TAGS[level]}>")
            case Paragraph(text, "code"):
                self._parts.append(f"<pre>{_text(text)}</pre>")
            case Paragraph(text, kind):
                self._parts.append(f'<p class="{kind}">{_text(text)}</p>')
            case Table():
                self._tables += 1
                self._parts.append(_table(block))
            case Picture():
                self._pictures += 1
                self._parts.append(_picture(block, f"p{self._pictures}"))

    def html(self, facts: Mapping[str, str]) -> str:
        """The whole page."""
        words = {key.lower(): _text(value) for key, value in facts.items()}
        return _PAGE.substitute(words, contents=contents(self.counts), body="\n".join(self._parts))


def contents(counts: Mapping[str, int]) -> str:
    """The counts as they stand in the page's head."""
    return " ".join(f"{tag}={n}" for tag, n in counts.items())


def counts_in(text: str) -> dict[str, int]:
    """What `contents` wrote."""
    return {tag: int(n) for tag, n in re.findall(r"(\w+)=(\d+)", text)}


def _text(text: str) -> str:
    """Text that is nothing but text."""
    return escape(_CONTROL.sub("", text))


def _table(table: Table) -> str:
    classes = [' class="word"' if column in table.words else "" for column in range(_columns(table))]

    def row(cells: Iterable[str], *tags: str) -> str:
        inner = (
            f"<{tags[min(number, len(tags) - 1)]}{classes[number]}>{_text(cell)}</{tags[min(number, len(tags) - 1)]}>"
            for number, cell in enumerate(cells)
        )
        return f"<tr>{''.join(inner)}</tr>"

    head = f"<thead>{row(table.head, 'th')}</thead>" if table.head else ""
    tags = ("td",) if table.head else ("th", "td")
    body = "\n".join(row(each, *tags) for each in table.rows)
    caption = f"<caption>{_text(table.caption)}</caption>" if table.caption else ""
    return f"<table>{caption}{head}<tbody>\n{body}\n</tbody></table>"


def _columns(table: Table) -> int:
    return max([len(table.head), *(len(row) for row in table.rows)])


def _picture(picture: Picture, prefix: str) -> str:
    area = sheet(WIDTH_MM, picture.height_mm, LIGHT.ground)
    picture.draw(area)
    svg = encoded(area.figure, "svg", 72, {"Title": ""}).decode()
    svg = svg[svg.index("<svg") :].replace("\n", " ")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1)
    svg = re.sub(r"<[^<>]+>", lambda tag: _with_prefix(tag[0], prefix), svg)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{_text(picture.caption)}" ', 1)
    caption = f"<figcaption>{_text(picture.caption)}</figcaption>" if picture.caption else ""
    return f"<figure>\n{svg}\n{caption}</figure>"


def _with_prefix(tag: str, prefix: str) -> str:
    """A tag whose name for itself, and for others, no other picture of the page uses."""
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", tag)
