"""What can be asked on the command line."""

import argparse
import sys
from typing import Any, NoReturn

from vclamp import __version__
from vclamp.cli import describe, exchange, runs
from vclamp.errors import VClampError

_EXIT_CODES = """exit codes:
  0    done; of replay: every bit is the same
  1    replay: something differs
  2    a mistake in what was asked or in a file, told in one sentence
  3    this machine lacks something that a window needs
  130  interrupted by Ctrl-C; nothing half written stays"""

_RECORDING = "a recording: .vclamp, .nwb, .abf, .atf, .csv"


class _Parser(argparse.ArgumentParser):
    """An argument parser that complains in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise VClampError(message, remedy=f"See `{self.prog} --help`.")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; `command(arguments, told)` carries one out and returns the exit code."""
    parser = _Parser(
        prog="vclamp", description="A virtual voltage-clamp rig.", epilog=_EXIT_CODES, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action=_Version, nargs=0, help="versions that matter")
    parser.set_defaults(command=_gui, cell=None, protocol=None, file=None, safe_mode=False)
    parser.add_argument(
        "--safe-mode", action="store_true", help="open the rig with the looks and layout of a first start"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    gui = _added(commands, "gui", "open the rig (the default)")
    gui.add_argument("file", nargs="?", help="a recording to reopen")
    gui.add_argument("--cell", help="a cell to start with, by its name or file")
    gui.add_argument("--protocol", help="a protocol to start with, by its name or file")
    gui.set_defaults(command=_gui)
    _add_run(_added(commands, "run", "run a protocol and write the traces"))
    _add_analyse(_added(commands, "analyse", "measure a recording: curves, fits, numbers with their errors"))
    _add_export(_added(commands, "export", "write recordings in another format"))
    replay = _added(commands, "replay", "run recordings again and compare bit for bit")
    replay.add_argument("file", help="a recording of VClamp: .vclamp, .nwb")
    replay.add_argument("--run", metavar="RUNS", help="which runs of a session, as 2 or 1,3-5 (all)")
    _add_json(replay)
    replay.set_defaults(command=runs.replay)
    check = _added(commands, "check", "check descriptions and recordings")
    check.add_argument("files", nargs="+", metavar="FILE", help="a cell, channel or protocol (.toml), or a recording")
    check.add_argument("--cell", help="warn of what will go wrong on this cell (the one it is made for)")
    _add_json(check)
    check.set_defaults(command=describe.check)
    _add_exchange(commands)
    bench = _added(commands, "bench", "measure the engine beside other programs and the memory's limit")
    bench.add_argument("--only", default="", metavar="W1,W4", help="W1 to W6, linear, slider (all of them)")
    bench.add_argument("--peers", default="", metavar="NAMES", help="none, or names as neuron,scipy (all of them)")
    bench.add_argument("--repeats", type=int, default=7, metavar="N", help="runs that each median is of (7)")
    bench.set_defaults(command=describe.bench)
    listing = _added(commands, "list", "list what there is, one a line")
    listing.add_argument("what", choices=sorted(describe.LISTS), help="names for the other commands, with their titles")
    _add_json(listing)
    listing.set_defaults(command=describe.list_names)
    return parser


def _added(commands: Any, name: str, does: str) -> argparse.ArgumentParser:
    """A command; what it does stands in the list of commands and above its own help."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("protocol", help="a shipped protocol's name, or a file")
    run.add_argument("--cell", help="a shipped cell's name, or a file (the one that the protocol is made for)")
    run.add_argument("--seed", default="0", help="seed of everything random")
    run.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="settings",
                     help="change a value, as cell.channels.na.g_nS=60 or protocol.hold_mV=-90")  # fmt: skip
    run.add_argument("--note", default="", help="kept with the recording")
    _add_output(run)
    _add_json(run)
    run.set_defaults(command=runs.run)


def _add_export(export: argparse.ArgumentParser) -> None:
    export.add_argument("file", help=_RECORDING)
    export.add_argument("--run", metavar="RUNS", help="which runs of a session, as 2, 1,3-5 or all (the last)")
    export.add_argument("--sweeps", metavar="SWEEPS", help="which of their sweeps, from 1, as 1,3-5 (all)")
    _add_output(export)
    _add_json(export)
    export.set_defaults(command=runs.export)


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--output", required=True, metavar="OUT", help="its ending is the format")
    command.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="say it as one JSON object")


def _add_exchange(commands: Any) -> None:
    """What is brought from other programs, and made for them."""
    bring = _added(commands, "import", "make text files of NeuroML channels, or of an ABF or ATF stimulus")
    bring.add_argument("file", help="a NeuroML 2 file (.nml), a recording (.abf) or a waveform (.atf, .csv, .txt)")
    bring.add_argument("--channel", metavar="NAME", help="only this one of its channels; the number of a DAC of ABF")
    bring.add_argument("-o", "--output", metavar="OUT", help="where the text file goes (NAME.toml, in this folder)")
    bring.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    bring.set_defaults(command=exchange.bring)

    command = _added(commands, "command", "write the command of a protocol as a stimulus file")
    command.add_argument("protocol", help="a shipped protocol's name, or a file")
    command.add_argument("-o", "--output", required=True, metavar="OUT", help="an ATF file")
    command.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    command.set_defaults(command=exchange.command)


def _add_analyse(analyse: argparse.ArgumentParser) -> None:
    """What can be asked of a recording."""
    analyse.add_argument("file", help=_RECORDING)
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
    analyse.set_defaults(command=runs.analyse)


class _Version(argparse.Action):
    """Print the versions that matter, then exit."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version
        from platform import platform

        from vclamp.ui.preflight import qt_version

        print(f"vclamp {__version__}, Python {sys.version.split()[0]}")
        for package in ("PySide6-Essentials", "pyqtgraph", "numpy", "scipy", "numba", "pynwb"):
            try:
                print(f"{package} {version(package)}")
            except PackageNotFoundError:
                print(f"{package} is missing")
        print(f"Qt {qt_version()}")
        print(f"on {platform()}")
        raise SystemExit(0)


def _gui(arguments: argparse.Namespace, told: object) -> int:
    from vclamp.ui.app import start

    return start(cell=arguments.cell, protocol=arguments.protocol, file=arguments.file, safe=arguments.safe_mode)
