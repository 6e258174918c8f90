"""Commands that tell what something is: check, list, bench."""

import sys
from argparse import Namespace
from pathlib import Path

from vclamp import paths
from vclamp.cli.told import Told
from vclamp.errors import VClampError


def check(arguments: Namespace, told: Told) -> int:
    """Say of every file what it is, or what is wrong with it."""
    code, found = 0, []
    for file in arguments.files:
        try:
            what = _checked(Path(file), arguments.cell, closely=len(arguments.files) == 1)
            told.line(f"{file}: {what}")
            found.append({"file": file, "whole": True, "what": what})
        except VClampError as error:
            print(f"vclamp: {error}", file=sys.stderr)
            found.append({"file": file, "whole": False, "what": str(error)})
            code = error.exit_code
    told.fact(files=found)
    return code


def _checked(path: Path, cell: str | None, *, closely: bool) -> str:
    """What a file is, if it is whole; of a protocol, if it is the only one or there is a cell, all that can be said."""
    from vclamp.model.files import kind_of, load_channel, load_protocol, load_rig
    from vclamp.model.lint import lint
    from vclamp.model.summary import summary
    from vclamp.storage.recordings import load

    if path.suffix != ".toml":
        return f"recording, {len(load(path))} runs"
    match kind_of(path):
        case "protocol":
            protocol = load_protocol(path)
            name = cell or protocol.opens.cell
            rig = load_rig(paths.find(name, paths.CELLS, "cell")) if name else None
            summed = summary(protocol, rig)
            if not (closely or cell):
                return summed.line
            warnings = [f"warning: {advice}" for advice in lint(protocol, rig)] if rig else []
            return "\n".join([summed.line, summed.text, *warnings])
        case "cell":
            return f"cell, {len(load_rig(path).cell.channels)} channels"
    channel = load_channel(path)
    gating = f"{len(channel.gates)} gates" if channel.scheme is None else f"{len(channel.scheme.states)} states"
    return f"channel, {channel.pore.type} pore, {gating}"


def bench(arguments: Namespace, told: Told) -> int:
    """Measure the engine."""
    from vclamp.run.bench.table import bench as lines

    for line in lines(arguments.only, arguments.peers, arguments.repeats):
        told.line(line)
    return 0


def _titles(folder: Path) -> list[tuple[str, str]]:
    from vclamp.model.files import titles

    return list(titles(folder).items())


def _analyses() -> list[tuple[str, str]]:
    from vclamp.analysis.analyses import ANALYSES

    return [(name, analysis.title) for name, analysis in ANALYSES.items()]


def _formats() -> list[tuple[str, str]]:
    from vclamp.publish.exporters import EXPORTERS

    return [(name, exporter.title) for name, exporter in EXPORTERS.items()]


LISTS = {
    "cells": lambda: _titles(paths.CELLS),
    "channels": lambda: _titles(paths.CHANNELS),
    "protocols": lambda: _titles(paths.PROTOCOLS),
    "analyses": _analyses,
    "formats": _formats,
}


def list_names(arguments: Namespace, told: Told) -> int:
    """Names and titles, one a line."""
    rows = LISTS[arguments.what]()
    width = max(len(name) for name, _ in rows)
    for name, title in rows:
        told.line(f"{name:<{width}}  {title}")
    told.fact(**{arguments.what: dict(rows)})
    return 0
