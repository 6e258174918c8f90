"""The XML of a NeuroML 2 file: elements that know their line and refuse what is unknown."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import Locator

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

from vclamp.errors import VClampError

NAMESPACE = "http://www.neuroml.org/schema/neuroml2"
MAX_BYTES = 1_000_000
MAX_DEPTH = 32
_QUANTITY = re.compile(r"([+-]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][+-]?\d{1,3})?) ?([A-Za-z_]*)", re.ASCII)
_SILENT = ("notes", "annotation", "property")  # they say nothing about the current
_NAMES = ("id", "metaid", "neuroLexId")
REMEDIES = {
    "ComponentType": "Only the standard's own types can be read: write a channel file with its formula by hand.",
    "include": "Only what stands in this file is read: import the included file itself.",
    "gateFractional": "Write a channel for each sub-gate by hand.",
    "concentrationModel": "Gating by calcium cannot be imported.",
}


@dataclass(frozen=True)
class Element:
    """An XML element; `name` tells its namespace if that is not NeuroML's."""

    name: str
    attributes: dict[str, str]
    where: str
    children: list["Element"] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Its name and id, to show to people."""
        own = self.attributes.get("id")
        return f"<{self.name[:80]}>" + (f" '{own[:60]}'" if own else "")

    @property
    def text(self) -> str:
        """All words in it."""
        return " ".join(" ".join([*self.words, *(child.text for child in self.children)]).split())

    def wrong(self, what: str, remedy: str) -> VClampError:
        """An error that names it."""
        return VClampError(f"{self.title} {what}", where=self.where, remedy=remedy)

    def only(self, attributes: Collection[str], children: Collection[str] = ()) -> None:
        """Refuse any attribute and child but these."""
        for key in self.attributes:
            if key not in attributes and key not in _NAMES:
                raise self.wrong(f"has an unknown attribute '{key[:60]}'", "Remove it, if nothing depends on it.")
        for child in self.children:
            if child.name not in children and child.name not in _SILENT:
                remedy = REMEDIES.get(child.name, "Remove it, if the channel does not depend on it.")
                raise child.wrong("cannot be imported here", remedy)

    def all(self, name: str) -> list["Element"]:
        """Its children of a name."""
        return [child for child in self.children if child.name == name]

    def part(self, name: str) -> "Element":
        """Its one child of a name."""
        found = self.all(name)
        if len(found) != 1:
            raise self.wrong(f"has {len(found) or 'no'} <{name}>", "It needs exactly one.")
        return found[0]

    def says(self, key: str) -> str:
        """The text of an attribute that it must have."""
        if key not in self.attributes:
            raise self.wrong(f"has no {key}", "Add it.")
        return self.attributes[key]

    def number(self, key: str, units: dict[str, str]) -> float:
        """The number in an attribute, times what `units` says of its unit ("" if it has none)."""
        text = self.says(key)
        match = _QUANTITY.fullmatch(text)
        unit = match[2] if match else ""
        value = float(Decimal(match[1]) * Decimal(units[unit])) if match and unit in units else float("nan")
        if not isfinite(value):
            wanted = f"It must be a number in {' or '.join(units)}" if "" not in units else "It must be a bare number"
            raise self.wrong(f"has {key} = '{text[:40]}'", f"{wanted}.")
        return value


class _Builder(ContentHandler):
    """Makes elements that know their line."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file
        self.root: Element | None = None
        self.open: list[Element] = []
        self.locator = Locator()

    def setDocumentLocator(self, locator: Locator) -> None:
        self.locator = locator

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:
        uri, local = name
        known = {key: " ".join(value.split()) for (space, key), value in attrs.items() if not space}
        shown = local if uri == NAMESPACE else f"{local[:60]} of {(uri or 'no namespace')[:60]}"
        element = Element(shown, known, f"{self.file}:{self.locator.getLineNumber()}")
        if len(self.open) >= MAX_DEPTH:
            raise element.wrong(f"is nested deeper than {MAX_DEPTH} levels", "Flatten the file.")
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:
        self.open.pop()

    def characters(self, content: str) -> None:
        self.open[-1].words.append(content)


def read_root(path: Path) -> Element:
    """The root of an XML file that is small and has no DTD, entities or links to other files.

    Raises
    ------
    VClampError
        If it cannot be read.
    """
    return _parse(_read(path), path.name)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)  # whatever size the system says it has
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise VClampError(what, where=path.name, remedy="Give the path of a NeuroML file.") from None
    if len(raw) > MAX_BYTES:
        raise VClampError("is larger than 1 MB", where=path.name, remedy="Cut the channel out of it.")
    return raw


def _parse(raw: bytes, file: str) -> Element:
    parser, builder = make_parser(), _Builder(file)
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(builder)
    try:
        parser.parse(BytesIO(raw))
    except DefusedXmlException:
        raise VClampError("has a DTD or entities", where=file, remedy="NeuroML needs none: remove it.") from None
    except SAXParseException as error:
        where = f"{file}:{error.getLineNumber()}"
        raise VClampError(f"is not XML ({error.getMessage()})", where=where, remedy="Correct it there.") from None
    except (LookupError, ValueError):
        raise VClampError("is in an encoding that XML lacks", where=file, remedy="Save it as UTF-8.") from None
    assert builder.root is not None
    return builder.root
