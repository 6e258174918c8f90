"""The command line: vclamp [gui] | run | analyse | export | replay | check | import | command | bench | list."""

import argparse
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from vclamp import __version__, paths
from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording
from vclamp.model.rig import Rig

DIFFERENT, INTERRUPTED = 1, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    try:
        arguments = _parser().parse_args(argv)
        code: int = arguments.command(arguments)
        sys.stdout.flush()
        return code
    except VClampError as error:
        print(f"vclamp: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left; nothing to complain about
        return 0


class _Parser(argparse.ArgumentParser):
    """An argument parser that complains in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise VClampError(message, remedy=f"See `{self.prog} --help`.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="vclamp", description="A virtual voltage-clamp rig.", allow_abbrev=False)
    parser.add_argument("--version", action=_Version, nargs=0, help="versions that matter")
    parser.set_defaults(command=_gui, cell=None, protocol=None, file=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    gui = commands.add_parser("gui", help="open the rig (the default)")
    gui.add_argument("file", nargs="?", help="a session (.vclamp) or NWB file to reopen")
    gui.add_argument("--cell", help="cell to start with")
    gui.add_argument("--protocol", help="protocol to start with")
    gui.set_defaults(command=_gui)

    run = commands.add_parser("run", help="run a protocol and write the traces")
    run.add_argument("protocol", help="a shipped protocol's name, or a file")
    run.add_argument("--cell", help="a shipped cell's name, or a file (the one that the protocol is made for)")
    run.add_argument("--seed", default="0", help="seed of everything random")
    run.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="settings",
                     help="change a value, as cell.channels.na.g_nS=60 or protocol.hold_mV=-90")  # fmt: skip
    run.add_argument("-o", "--output", required=True, metavar="OUT", help="its ending is the format")
    run.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    run.set_defaults(command=_run)

    _add_analyse(commands.add_parser("analyse", help="measure a recording: curves, fits, numbers with their errors"))

    export = commands.add_parser("export", help="write a recording in another format")
    export.add_argument("file")
    export.add_argument("-o", "--output", required=True, metavar="OUT")
    export.add_argument("--run", type=int, default=None, help="which run of a session (the last)")
    export.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    export.set_defaults(command=_export)

    replay = commands.add_parser("replay", help="run recordings again and compare bit for bit")
    replay.add_argument("file")
    replay.set_defaults(command=_replay)

    check = commands.add_parser("check", help="check descriptions and recordings")
    check.add_argument("files", nargs="+", metavar="FILE")
    check.add_argument("--cell", help="warn of what will go wrong on this cell (the one it is made for)")
    check.set_defaults(command=_check)

    _add_exchange(commands)

    bench = commands.add_parser("bench", help="measure the engine beside other programs and the memory's limit")
    bench.add_argument("--only", default="", metavar="W1,W4", help="W1 to W6, linear, slider (all of them)")
    bench.add_argument("--peers", default="", metavar="NAMES", help="none, or names as neuron,scipy (all of them)")
    bench.add_argument("--repeats", type=int, default=7, metavar="N", help="runs that each median is of (7)")
    bench.set_defaults(command=_bench)

    listing = commands.add_parser("list", help="list what there is, one a line")
    listing.add_argument("what", choices=sorted(_LISTS))
    listing.set_defaults(command=_list)
    return parser


def _add_exchange(commands: Any) -> None:
    """What is brought from other programs, and made for them."""
    bring = commands.add_parser("import", help="make text files of NeuroML channels, or of an ABF or ATF stimulus")
    bring.add_argument("file", help="a NeuroML 2 file (.nml), a recording (.abf) or a waveform (.atf, .csv, .txt)")
    bring.add_argument("--channel", metavar="NAME", help="only this one of its channels; the number of a DAC of ABF")
    bring.add_argument("-o", "--output", metavar="OUT", help="where the text file goes (NAME.toml, in this folder)")
    bring.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    bring.set_defaults(command=_import)

    command = commands.add_parser("command", help="write the command of a protocol as a stimulus file")
    command.add_argument("protocol", help="a shipped protocol's name, or a file")
    command.add_argument("-o", "--output", required=True, metavar="OUT", help="an ATF file")
    command.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    command.set_defaults(command=_command)


def _add_analyse(analyse: argparse.ArgumentParser) -> None:
    """What can be asked of a recording."""
    analyse.add_argument("file")
    analyse.add_argument("analysis", help="one of `vclamp list analyses`")
    analyse.add_argument("--trace", default="i_pA", help="the trace to measure (i_pA)")
    analyse.add_argument("--against", choices=["command", "membrane"], default="command", help="which voltage")
    analyse.add_argument("--polarity", choices=["either", "inward", "outward"], default="either", help="of a peak")
    analyse.add_argument("--mark", default="", help="measure in this window of the protocol")
    for name, what in (("window", "measure between these times in ms"), ("baseline", "subtract the mean between them"),
                       ("leak", "subtract the line between these voltages in mV")):  # fmt: skip
        analyse.add_argument(f"--{name}", nargs=2, type=float, metavar=("FROM", "TO"), help=what)
    analyse.add_argument("--e-rev", type=float, metavar="MV", help="reversal potential for conductances, in mV")
    analyse.add_argument("--no-truth", action="store_true", help="leave out what only a simulator knows")
    analyse.add_argument("--run", type=int, default=None, help="which run of a session (the last)")
    analyse.add_argument("--format", choices=["csv", "json"], default="csv", help="of what is written (csv)")
    analyse.add_argument("-o", "--output", metavar="OUT", help="a file for it; csv: OUT and OUT-results")
    analyse.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    analyse.set_defaults(command=_analyse)


class _Version(argparse.Action):
    """Print the versions that matter, then exit."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        print(f"vclamp {__version__}, Python {sys.version.split()[0]}")
        for package in ("PySide6-Essentials", "pyqtgraph", "numpy", "scipy", "numba", "pynwb"):
            try:
                print(f"{package} {version(package)}")
            except PackageNotFoundError:
                print(f"{package} is missing")
        raise SystemExit(0)


def _gui(arguments: argparse.Namespace) -> int:
    from vclamp.ui.app import start

    return start(cell=arguments.cell, protocol=arguments.protocol, file=arguments.file)


def _run(arguments: argparse.Namespace) -> int:
    from time import perf_counter

    from vclamp.model.files import load_protocol, load_rig
    from vclamp.publish.exporters import check_target, export

    protocol = load_protocol(paths.find(arguments.protocol, paths.PROTOCOLS, "protocol"))
    rig = load_rig(paths.find(arguments.cell or protocol.opens.cell or "squid-axon", paths.CELLS, "cell"))
    for setting in arguments.settings:
        rig, protocol = _set(rig, protocol, setting)
    seed, output = _seed(arguments.seed), Path(arguments.output)
    check_target(output, overwrite=arguments.overwrite)  # before the work, not after it
    from vclamp.run.runner import record

    began = perf_counter()
    recording = record(rig, protocol, seed=seed)
    wall_ms = (perf_counter() - began) * 1e3
    export([recording], output, overwrite=arguments.overwrite)
    reversals = ", ".join(
        f"E_{channel.name} {channel.reversal_mV(rig.solutions):+.3f} mV" for channel in rig.cell.channels
    )
    simulated_ms = sum(protocol.duration_ms(k) for k in range(protocol.total_sweeps))
    told = "" if rig.cell.exam else f" ({reversals})"  # an exam is to find them out
    print(f"{protocol.name} on {rig.cell.name}{told}")
    print(f"{protocol.total_sweeps} sweeps, {simulated_ms:g} ms simulated in {wall_ms:.3g} ms -> {output}")
    return 0


def _set(rig: Rig, protocol: Protocol, setting: str) -> tuple[Rig, Protocol]:
    """The rig and protocol with one PATH=VALUE applied."""
    from vclamp.model.edit import with_value

    path, equals, text = setting.partition("=")
    if not equals:
        raise VClampError(f"'{setting[:80]}' is not PATH=VALUE", where="--set", remedy="As amplifier.rs_MOhm=10.")
    value, path = _value(text), path.strip()
    if path.startswith("protocol."):
        return rig, with_value(protocol, path.removeprefix("protocol."), value, "--set")
    return with_value(rig, path.removeprefix("rig."), value, "--set"), protocol


def _value(text: str) -> Any:
    """A value as TOML would read it; else the text itself."""
    try:
        return tomllib.loads(f"x = {text}")["x"] if len(text) < 1000 else text
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63):
        raise VClampError(f"'{text[:40]}' is no seed", where="--seed", remedy="Use a whole number from 0 to 2^63.")
    return int(text)


def _analyse(arguments: argparse.Namespace) -> int:
    from vclamp.analysis.analyses import analyse
    from vclamp.analysis.report import as_json, as_text, estimates_csv, points_csv
    from vclamp.analysis.results import Question

    window, baseline, leak = (None if x is None else tuple(x) for x in (arguments.window, arguments.baseline,
                                                                        arguments.leak))  # fmt: skip
    question = Question(
        trace=arguments.trace, against=arguments.against, polarity=arguments.polarity, mark=arguments.mark,
        window_ms=window, baseline_ms=baseline, e_rev_mV=arguments.e_rev, leak_mV=leak, truth=not arguments.no_truth,
    )  # fmt: skip
    result = analyse(arguments.analysis, _runs(arguments.file, arguments.run), question)
    if not result.curves and not result.estimates:
        raise VClampError(result.notes[0] if result.notes else "there is nothing to measure")
    if arguments.output is None:
        print(as_json(result, question) if arguments.format == "json" else as_text(result), end="")
        return 0
    out = Path(arguments.output)
    texts = {out: as_json(result, question)}
    if arguments.format == "csv":
        texts = {out: points_csv(result), out.with_stem(f"{out.stem}-results"): estimates_csv(result)}
    for path, text in texts.items():
        if text:
            _write_text(path, text, overwrite=arguments.overwrite)
            print(f"{arguments.file} -> {path}")
    return 0


def _write_text(target: Path, text: str, *, overwrite: bool) -> None:
    from vclamp.storage.safely import write_safely

    def check(place: Path) -> None:
        if place.read_bytes() != text.encode():
            raise VClampError("does not read back as it was written", where=target.name)

    def write(place: Path) -> None:
        place.write_bytes(text.encode())

    write_safely(target, write, check, overwrite=overwrite)


def _export(arguments: argparse.Namespace) -> int:
    from vclamp.publish.exporters import export

    export([_load(arguments.file, arguments.run)], Path(arguments.output), overwrite=arguments.overwrite)
    print(f"{arguments.file} -> {arguments.output}")
    return 0


def _load(file: str, run: int | None) -> Recording:
    """One run of a recording file, the last unless told."""
    return _runs(file, run)[-1]


def _runs(file: str, run: int | None) -> list[Recording]:
    """The runs of a recording file up to one of them, all unless told."""
    from vclamp.storage.recordings import load

    recordings = load(Path(file))
    if not recordings:
        raise VClampError("holds no runs", where=Path(file).name)
    if run is not None and not 1 <= run <= len(recordings):
        remedy = f"It has 1 to {len(recordings)}."
        raise VClampError(f"has no run {run}", where=Path(file).name, remedy=remedy)
    return list(recordings[: len(recordings) if run is None else run])


def _replay(arguments: argparse.Namespace) -> int:
    from vclamp.run.runner import replay
    from vclamp.storage.recordings import load, unlike

    path = Path(arguments.file)
    recordings = load(path)
    if not recordings:
        raise VClampError("holds no runs to replay", where=path.name)
    code = 0
    for number, recording in enumerate(recordings, 1):
        found = unlike(replay(recording), recording, path)
        verdict = found[0] if found else f"{len(recording.sweeps)} sweeps identical"
        print(f"run {number} ({recording.header.protocol.name}): {verdict}")
        code = DIFFERENT if found else code
    return code


def _check(arguments: argparse.Namespace) -> int:
    code = 0
    for file in arguments.files:
        try:
            print(f"{file}: {_checked(Path(file), arguments.cell, closely=len(arguments.files) == 1)}")
        except VClampError as error:
            print(f"vclamp: {error}", file=sys.stderr)
            code = error.exit_code
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


def _import(arguments: argparse.Namespace) -> int:
    from vclamp.storage.imports import import_file

    output = None if arguments.output is None else Path(arguments.output)
    for line in import_file(Path(arguments.file), output, part=arguments.channel, overwrite=arguments.overwrite):
        print(line)
    return 0


def _command(arguments: argparse.Namespace) -> int:
    from vclamp.model.files import load_protocol
    from vclamp.storage.atf import export_command

    protocol = load_protocol(paths.find(arguments.protocol, paths.PROTOCOLS, "protocol"))
    export_command(protocol, Path(arguments.output), overwrite=arguments.overwrite)
    print(f"{protocol.name}: {protocol.total_sweeps} sweeps -> {arguments.output}")
    return 0


def _bench(arguments: argparse.Namespace) -> int:
    from vclamp.run.bench.table import bench

    for line in bench(arguments.only, arguments.peers, arguments.repeats):
        print(line, flush=True)
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


_LISTS = {
    "cells": lambda: _titles(paths.CELLS),
    "channels": lambda: _titles(paths.CHANNELS),
    "protocols": lambda: _titles(paths.PROTOCOLS),
    "analyses": _analyses,
    "formats": _formats,
}


def _list(arguments: argparse.Namespace) -> int:
    rows = _LISTS[arguments.what]()
    width = max(len(name) for name, _ in rows)
    for name, title in rows:
        print(f"{name:<{width}}  {title}")
    return 0
