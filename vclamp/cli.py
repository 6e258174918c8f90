"""The command line: vclamp [gui] | run | analyse | export | replay | check | import | bench | list."""

import argparse
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from vclamp import __version__, paths
from vclamp.errors import VClampError
from vclamp.model.channel import Channel
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
    run.add_argument("--cell", required=True, help="a shipped cell's name, or a file")
    run.add_argument("--seed", default="0", help="seed of everything random")
    run.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="settings",
                     help="change a value, as cell.channels.na.g_nS=60 or protocol.hold_mV=-90")  # fmt: skip
    run.add_argument("-o", "--output", required=True, metavar="OUT", help="its ending is the format")
    run.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    run.set_defaults(command=_run)

    analyse = commands.add_parser("analyse", help="print a curve of a recording, with its fit")
    analyse.add_argument("file")
    analyse.add_argument("analysis", help="one of `vclamp list analyses`")
    analyse.add_argument("--trace", default="i_pA", help="the trace to measure (i_pA)")
    analyse.set_defaults(command=_analyse)

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
    check.set_defaults(command=_check)

    bring = commands.add_parser("import", help="make channel files of a NeuroML 2 file")
    bring.add_argument("file", help="a NeuroML 2 file of ion channels (.nml)")
    bring.add_argument("--channel", metavar="NAME", help="only this one of the file's channels")
    bring.add_argument("-o", "--output", metavar="OUT", help="where the channel goes (NAME.toml, in this folder)")
    bring.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    bring.set_defaults(command=_import)

    bench = commands.add_parser("bench", help="measure the engine beside other programs and the memory's limit")
    bench.add_argument("--only", default="", metavar="W1,W4", help="W1 to W6, linear, slider (all of them)")
    bench.add_argument("--peers", default="", metavar="NAMES", help="none, or names as neuron,scipy (all of them)")
    bench.add_argument("--repeats", type=int, default=7, metavar="N", help="runs that each median is of (7)")
    bench.set_defaults(command=_bench)

    listing = commands.add_parser("list", help="list what there is, one a line")
    listing.add_argument("what", choices=sorted(_LISTS))
    listing.set_defaults(command=_list)
    return parser


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
    from vclamp.storage.exporters import check_target, export

    rig = load_rig(paths.find(arguments.cell, paths.CELLS, "cell"))
    protocol = load_protocol(paths.find(arguments.protocol, paths.PROTOCOLS, "protocol"))
    for setting in arguments.settings:
        rig, protocol = _set(rig, protocol, setting)
    seed, output = _seed(arguments.seed), Path(arguments.output)
    check_target(output, overwrite=arguments.overwrite)  # before the work, not after it
    from vclamp.run.runner import record

    began = perf_counter()
    recording = record(rig, protocol, seed=seed)
    wall_ms = (perf_counter() - began) * 1e3
    export(recording, output, overwrite=arguments.overwrite)
    reversals = ", ".join(
        f"E_{channel.name} {channel.reversal_mV(rig.solutions):+.3f} mV" for channel in rig.cell.channels
    )
    simulated_ms = sum(protocol.duration_ms(k) for k in range(protocol.n_sweeps))
    print(f"{protocol.name} on {rig.cell.name} ({reversals})")
    print(f"{protocol.n_sweeps} sweeps, {simulated_ms:g} ms simulated in {wall_ms:.3g} ms -> {output}")
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
    from vclamp.analysis.curves import ANALYSES
    from vclamp.analysis.fits import fit_boltzmann

    if arguments.analysis not in ANALYSES:
        raise VClampError(
            f"there is no analysis '{arguments.analysis[:40]}'", remedy=f"There are: {', '.join(ANALYSES)}."
        )  # fmt: skip
    recording = _load(arguments.file, None)
    curve = ANALYSES[arguments.analysis](recording.sweeps, recording.header.protocol, arguments.trace)
    print(f"{curve.x_name},{curve.y_name}")
    for x, y in zip(curve.x, curve.y, strict=True):
        print(f"{x:g},{y:.8g}")
    if (curve.y < 0).any():
        return 0  # a current that changes its sign is no Boltzmann curve
    fit = fit_boltzmann(curve.x, curve.y)
    print(
        f"# Boltzmann: V½ {fit.v_half_mV:.3f} ± {fit.v_half_se_mV:.3f} mV, "
        f"slope {fit.slope_mV:.3f} ± {fit.slope_se_mV:.3f} mV {fit.warning}".rstrip()
    )
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from vclamp.storage.exporters import export

    export(_load(arguments.file, arguments.run), Path(arguments.output), overwrite=arguments.overwrite)
    print(f"{arguments.file} -> {arguments.output}")
    return 0


def _load(file: str, run: int | None) -> Recording:
    """One run of a recording file, the last unless told."""
    from vclamp.storage.exporters import load

    recordings = load(Path(file))
    if not recordings:
        raise VClampError("holds no runs", where=Path(file).name)
    if run is not None and not 1 <= run <= len(recordings):
        remedy = f"It has 1 to {len(recordings)}."
        raise VClampError(f"has no run {run}", where=Path(file).name, remedy=remedy)
    return recordings[-1 if run is None else run - 1]


def _replay(arguments: argparse.Namespace) -> int:
    from vclamp.run.runner import replay
    from vclamp.storage.exporters import load, unlike

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
            print(f"{file}: {_checked(Path(file))}")
        except VClampError as error:
            print(f"vclamp: {error}", file=sys.stderr)
            code = error.exit_code
    return code


def _checked(path: Path) -> str:
    """What a file is, if it is whole."""
    from vclamp.model.files import kind_of, load_channel, load_protocol, load_rig
    from vclamp.storage.exporters import load

    if path.suffix != ".toml":
        return f"recording, {len(load(path))} runs"
    match kind_of(path):
        case "protocol":
            protocol = load_protocol(path)
            total_ms = sum(protocol.duration_ms(k) for k in range(protocol.n_sweeps))
            return f"protocol, {protocol.n_sweeps} sweeps, {total_ms:g} ms"
        case "cell":
            return f"cell, {len(load_rig(path).cell.channels)} channels"
    channel = load_channel(path)
    gating = f"{len(channel.gates)} gates" if channel.scheme is None else f"{len(channel.scheme.states)} states"
    return f"channel, {channel.pore.type} pore, {gating}"


def _import(arguments: argparse.Namespace) -> int:
    from vclamp.model.neuroml import read_neuroml
    from vclamp.storage.safely import refuse_existing

    file, name = Path(arguments.file), arguments.channel
    found = read_neuroml(file)
    channels = [channel for channel in found if name in (None, channel.name, channel.title)]
    remedy = f"Choose by --channel one of: {', '.join(channel.name for channel in found)[:120]}."
    if not channels:
        raise VClampError(f"holds no channel '{name[:40]}'", where=file.name, remedy=remedy)
    if arguments.output is not None and len(channels) > 1:
        raise VClampError(f"holds {len(channels)} channels and OUT is one", where=file.name, remedy=remedy)
    targets = [Path(f"{channel.name}.toml" if arguments.output is None else arguments.output) for channel in channels]
    for target in targets:  # all of them before the first is written
        if target.suffix != ".toml":
            raise VClampError("is no name of a channel file", where=target.name, remedy="It must end in .toml.")
        refuse_existing(target, arguments.overwrite)
    for channel, target in zip(channels, targets, strict=True):
        _write_channel(channel, target, overwrite=arguments.overwrite)
        print(f"{file}: {channel.title} -> {target}")
    return 0


def _write_channel(channel: Channel, target: Path, *, overwrite: bool) -> None:
    """A channel's file, read back before it takes its place."""
    from vclamp.model.files import load_channel, to_toml
    from vclamp.storage.safely import write_safely

    def write(place: Path) -> None:
        place.write_bytes(to_toml(channel).encode())

    def check(place: Path) -> None:
        if load_channel(place) != channel:
            raise VClampError("does not read back as it was written", where=target.name)

    write_safely(target, write, check, overwrite=overwrite)


def _bench(arguments: argparse.Namespace) -> int:
    from vclamp.run.bench.table import bench

    for line in bench(arguments.only, arguments.peers, arguments.repeats):
        print(line, flush=True)
    return 0


def _titles(folder: Path) -> list[tuple[str, str]]:
    from vclamp.model.files import title_of

    return [(name, title_of(path)) for name, path in paths.shipped(folder).items()]


def _analyses() -> list[tuple[str, str]]:
    from vclamp.analysis.curves import ANALYSES

    return [(name, _first_line(analysis.__doc__)) for name, analysis in ANALYSES.items()]


def _formats() -> list[tuple[str, str]]:
    from vclamp.storage.exporters import EXPORTERS

    return [(name, exporter.title) for name, exporter in EXPORTERS.items()]


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().splitlines()[0]


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
