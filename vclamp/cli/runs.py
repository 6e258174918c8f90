"""Commands about recordings: run, analyse, export, replay."""

from __future__ import annotations

import os
import tomllib
from argparse import Namespace
from dataclasses import replace
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from vclamp import paths
from vclamp.cli.told import Told
from vclamp.errors import VClampError

if TYPE_CHECKING:  # the window starts without all these
    from vclamp.model.protocol import Protocol
    from vclamp.model.record import Recording
    from vclamp.model.rig import Rig

DIFFERENT = 1
_MOST = 100_000  # numbers in a selection


def run(arguments: Namespace, told: Told) -> int:
    """Run a protocol on a cell and write what was recorded."""
    from vclamp.model.files import load_protocol, load_rig
    from vclamp.model.record import About
    from vclamp.publish.exporters import check_target
    from vclamp.publish.exporters import export as write
    from vclamp.storage.database import utc_now

    protocol = load_protocol(paths.find(arguments.protocol, paths.PROTOCOLS, "protocol"))
    rig = load_rig(paths.find(arguments.cell or protocol.opens.cell or "squid-axon", paths.CELLS, "cell"))
    for setting in arguments.settings:
        rig, protocol = _set(rig, protocol, setting)
    seed, output = _seed(arguments.seed), Path(arguments.output)
    check_target(output, overwrite=arguments.overwrite)  # before the work, not after it
    from vclamp.run.runner import record

    about, began = About(started_utc=utc_now(), note=arguments.note), perf_counter()
    with told.progress(f"running {protocol.name}") as progress:
        recording = replace(record(rig, protocol, seed=seed, progress=progress), about=about)
    wall_ms = (perf_counter() - began) * 1e3
    with told.progress(f"writing {output.name}") as progress:
        files = write([recording], output, overwrite=arguments.overwrite, progress=progress)
    told_of = () if rig.cell.exam else rig.cell.channels
    found = {channel.name: channel.reversal_mV(rig.solutions) for channel in told_of}
    reversals = {name: e_mV for name, e_mV in found.items() if isfinite(e_mV)}
    simulated_ms = sum(protocol.duration_ms(k) for k in range(protocol.total_sweeps))
    listed = ", ".join(f"E_{name} {e_mV:+.3f} mV" for name, e_mV in reversals.items())
    told.line(f"{protocol.name} on {rig.cell.name}{f' ({listed})' if listed else ''}")
    told.line(f"{protocol.total_sweeps} sweeps, {simulated_ms:g} ms simulated in {wall_ms:.3g} ms -> {output}")
    told.fact(protocol=protocol.name, cell=rig.cell.name, seed=seed, reversals_mV=reversals,
              sweeps=protocol.total_sweeps, simulated_ms=simulated_ms, wall_ms=wall_ms,
              files=[str(file) for file in files])  # fmt: skip
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


def analyse(arguments: Namespace, told: Told) -> int:
    """Measure recordings; prints or writes what was found."""
    from vclamp.analysis.analyses import analyse as measured
    from vclamp.analysis.report import as_json, as_text
    from vclamp.analysis.results import Question
    from vclamp.publish.results import write_results

    window, baseline, leak = (None if x is None else tuple(x) for x in (arguments.window, arguments.baseline,
                                                                        arguments.leak))  # fmt: skip
    question = Question(
        trace=arguments.trace, against=arguments.against, polarity=arguments.polarity, mark=arguments.mark,
        window_ms=window, baseline_ms=baseline, e_rev_mV=arguments.e_rev, leak_mV=leak, truth=not arguments.no_truth,
    )  # fmt: skip
    result = measured(arguments.analysis, _up_to(arguments.file, arguments.run), question)
    if not result.curves and not result.estimates:
        raise VClampError(result.notes[0] if result.notes else "there is nothing to measure")
    if arguments.output is None:
        print(as_json(result, question) if arguments.format == "json" else as_text(result), end="")
        return 0
    files = write_results(Path(arguments.output), result, question, arguments.format, overwrite=arguments.overwrite)
    for file in files:
        told.line(f"{arguments.file} -> {file}")
    return 0


def _up_to(file: str, run: int | None) -> list[Recording]:
    """The runs of a recording file up to one of them, all unless told."""
    recordings = _loaded(file)
    return recordings if run is None else recordings[: _chosen(str(run), len(recordings), "run", file)[-1]]


def export(arguments: Namespace, told: Told) -> int:
    """Write runs of a file in another format."""
    from vclamp.publish.exporters import export as write

    recordings, output = _selected(arguments.file, arguments.run or "last"), Path(arguments.output)
    if os.path.exists(output) and os.path.samefile(output, arguments.file):
        raise VClampError("is the file that is read", where=output.name, remedy="Use another name.")
    if arguments.sweeps:
        n = max((sweep.index + 1 for recording in recordings for sweep in recording.sweeps), default=1)
        wanted = {number - 1 for number in _chosen(arguments.sweeps, n, "sweep", arguments.file)}
        recordings = [recording.only(wanted) for recording in recordings]
    if arguments.run == "all":
        empty = sum(not recording.sweeps for recording in recordings)
        recordings = [recording for recording in recordings if recording.sweeps]
        if recordings and empty:
            what = "none of these sweeps" if arguments.sweeps else "no finished sweep"
            told.line(f"left out, for there is {what} in it: {empty} of {empty + len(recordings)} runs")
    with told.progress(f"writing {output.name}") as progress:
        files = write(recordings, output, overwrite=arguments.overwrite, progress=progress)
    for file in files:
        told.line(f"{arguments.file} -> {file}")
    told.fact(runs=len(recordings), files=[str(file) for file in files])
    return 0


def replay(arguments: Namespace, told: Told) -> int:
    """Run recordings again and compare them bit for bit."""
    from vclamp.run.runner import replay as run_again
    from vclamp.storage.recordings import unlike

    path, code, verdicts = Path(arguments.file), 0, []
    recordings = _loaded(arguments.file)
    for number in _chosen(arguments.run or "all", len(recordings), "run", arguments.file):
        recording = recordings[number - 1]
        protocol = recording.header.protocol.name
        with told.progress(f"run {number} ({protocol})") as progress:
            found = unlike(run_again(recording, progress=progress), recording, path)
        told.line(f"run {number} ({protocol}): {found[0] if found else f'{len(recording.sweeps)} sweeps identical'}")
        verdicts.append({"run": number, "protocol": protocol, "sweeps": len(recording.sweeps), "differences": found})
        code = DIFFERENT if found else code
    told.fact(identical=not code, runs=verdicts)
    return code


def _selected(file: str, runs: str) -> list[Recording]:
    """Runs of a recording file by their numbers."""
    recordings = _loaded(file)
    return [recordings[number - 1] for number in _chosen(runs, len(recordings), "run", file)]


def _loaded(file: str) -> list[Recording]:
    from vclamp.storage.recordings import load

    recordings = list(load(Path(file)))
    if not recordings:
        raise VClampError("holds no runs", where=Path(file).name)
    return recordings


def _chosen(text: str, n: int, what: str, file: str) -> list[int]:
    """Numbers from 1 to n that a text as "2", "1,3-5", "last" or "all" names.

    Raises
    ------
    VClampError
        If it is none, or there is no such number.
    """
    if text in ("all", "last"):
        return list(range(1, n + 1)) if text == "all" else [n]
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        ends = (first, last if dash else first)
        if not all(end.isascii() and end.isdigit() and len(end) < 10 for end in ends) or int(ends[0]) > int(ends[1]):
            raise VClampError(f"'{text[:40]}' is no selection", where=f"--{what}", remedy="As 2 or 1,3-5.")
        numbers += range(int(ends[0]), min(int(ends[1]), int(ends[0]) + _MOST) + 1)
    wrong = next((number for number in numbers if not 1 <= number <= n), None)
    if wrong is not None:
        raise VClampError(f"has no {what} {wrong}", where=Path(file).name, remedy=f"It has 1 to {n}.")
    return numbers
