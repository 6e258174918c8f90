"""Everything but the traces, as JSON: what VClamp needs to run the runs of a file again."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from vclamp.errors import VClampError
from vclamp.model.files import from_data, to_full_data
from vclamp.model.protocol import Protocol
from vclamp.model.record import About, Array, Change, Finished, Header, Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.storage.database import crc32

FORMAT = 2  # in 1 there was one run and nothing about it; each sweep spelled its rigs out

Facts = dict[str, Any]


def packed(recordings: Sequence[Recording]) -> str:
    """The definition of runs as text."""
    runs = json.dumps([_packed_run(recording) for recording in recordings])
    return f'{{"format": {FORMAT}, "crc32": {crc32(runs)}, "runs": {runs}}}'


def unpacked(text: str, where: str) -> list[Facts]:
    """What `packed` packed, or format 1 had: the facts of every run, for `recording_of` and `sweep_of`.

    Raises
    ------
    VClampError
        If a newer version wrote it, or a run is not valid.
    ValueError
        If it is damaged.
    """
    kept = json.loads(text)
    number = kept.get("format", 1)
    if number > FORMAT:
        raise VClampError("was made by a newer version of VClamp", where=where, remedy="Install that one.")
    runs = kept["run"] if number == 1 else kept["runs"]
    if kept["crc32"] != crc32(json.dumps(runs, ensure_ascii=number > 1)):
        raise ValueError("crc32")
    found = [_from_1(runs)] if number == 1 else runs
    return [{**run, "rigs": [from_data(Rig, rig, where) for rig in run["rigs"]]} for run in found]


def recording_of(run: Facts, where: str) -> Recording:
    """A run without its sweeps."""
    header = Header(
        rig=run["rigs"][0],
        protocol=from_data(Protocol, run["protocol"], where),
        seed=int(run["seed"]),
        version=run["version"],
    )
    return Recording(header, (), Finished(**run["finished"]), _about(**run["about"]))


def _about(*, tags: Sequence[str] = (), sweep_notes: Sequence[tuple[int, str]] = (), **texts: str) -> About:
    return About(**texts, tags=tuple(tags), sweep_notes=tuple((index, note) for index, note in sweep_notes))


def sweep_of(run: Facts, facts: Facts, names: tuple[str, ...], values: Array) -> Sweep:
    """A sweep from its facts and its traces."""
    index, rigs = facts["index"], run["rigs"]
    changes = tuple(Change(index, sample, rigs[rig]) for sample, rig in facts["changes"])
    return Sweep(index, names, values, tuple(facts["start"]), rigs[facts["rig"]], changes)


def names_of(run: Facts, facts: Facts) -> tuple[str, ...]:
    """Names of a sweep's traces."""
    return tuple(facts["names"] if "names" in facts else run["names"])


def _packed_run(recording: Recording) -> Facts:
    header, sweeps = recording.header, recording.sweeps
    rigs = list(dict.fromkeys([header.rig, *(rig for s in sweeps for rig in (s.rig, *(c.rig for c in s.changes)))]))
    number = {rig: n for n, rig in enumerate(rigs)}
    return {
        "rigs": [to_full_data(rig) for rig in rigs],  # the run's own first
        "protocol": to_full_data(header.protocol),
        "seed": header.seed,
        "version": header.version,
        "finished": asdict(recording.finished),
        "about": asdict(recording.about),
        "names": sweeps[0].names,
        "sweeps": [
            {
                "index": sweep.index,
                "start": sweep.start,
                "rig": number[sweep.rig],
                "changes": [(change.sample, number[change.rig]) for change in sweep.changes],
                **({} if sweep.names == sweeps[0].names else {"names": sweep.names}),
            }
            for sweep in sweeps
        ],
    }


def _from_1(run: Facts) -> Facts:
    """A run of format 1 as one of today."""
    rigs, sweeps = [run["rig"]], []
    for facts in run["sweeps"]:
        began, changes = 0, []
        if "rig" in facts:
            began = _number(rigs, facts["rig"])
        for change in facts["changes"]:
            changes.append((change["sample"], _number(rigs, change["rig"])))
        sweeps.append({**facts, "rig": began, "changes": changes})
    return {**run, "rigs": rigs, "sweeps": sweeps, "names": (), "about": {}}


def _number(rigs: list[Facts], rig: Facts) -> int:
    """The place of a rig among others, at the end if it is new."""
    if rig not in rigs:
        rigs.append(rig)
    return rigs.index(rig)
