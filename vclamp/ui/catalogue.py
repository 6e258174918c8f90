"""The shipped cells, sorted by what they show."""

import re

from vclamp import paths
from vclamp.model.files import title_of

# heading: what the text of a cell's file, or of the channels it uses, has only in such cells; the first that fits
_KINDS = {
    "Model cells": r'^name\s*=\s*"model-',
    "Pumps and steady states": r"^\[cell\.pump\]",
    "Many ions in one pore": r'"(?:single-file|knock-on)"',
    "Selectivity": r'"(?:energies|field-strength)"',
    "Voltage-dependent block": r'"(?:woodhull|kinetic)"',
    "Gating schemes": r'"(?:mwc|two-state|markov)"',
    "Electrodiffusion": r'"ghk"|^activity',
    "Expressed channels": r'^name\s*=\s*"hek-',
}
CLASSIC = "Axons and simple membranes"
_USE = re.compile(r'^\s*(?:use = |.*\buse = )"([^"]+)"', re.MULTILINE)


def cells_by_kind() -> dict[str, dict[str, str]]:
    """Titles of the shipped cells by their names, under a heading for each kind."""
    found: dict[str, dict[str, str]] = {heading: {} for heading in (CLASSIC, *_KINDS)}
    channels = {name: path.read_text(encoding="utf-8") for name, path in paths.shipped(paths.CHANNELS).items()}
    for name, path in paths.shipped(paths.CELLS).items():
        text = path.read_text(encoding="utf-8")
        text += "".join(channels.get(used, "") for used in _USE.findall(text))
        kinds = (heading for heading, mark in _KINDS.items() if re.search(mark, text, re.MULTILINE))
        found[next(kinds, CLASSIC)][name] = title_of(path)
    return {
        heading: dict(sorted(titles.items(), key=lambda item: item[1].casefold()))
        for heading, titles in found.items()
        if titles
    }
