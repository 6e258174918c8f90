"""The tables of icephys: recordings, simultaneous and sequential recordings, repetitions, conditions."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from vclamp.model.record import Recording, Sweep
from vclamp.model.summary import summary
from vclamp.storage.nwb import words

if TYPE_CHECKING:
    from pynwb import NWBFile
    from pynwb.core import DynamicTable
    from pynwb.icephys import PatchClampSeries

_ABOUT_SWEEPS = {
    "sweep": "number of the sweep in its run, from 0",
    "live_changes": "how often the rig was changed while the sweep ran",
    "note": "what the user noted of the sweep",
}
_ABOUT_RUNS = {
    "run_name": "the user's name for the run",
    "run_note": "what the user noted of the run",
    "run_tags": "the user's tags",
    "started_utc": "when the run began",
    "source": "the file of another program that the run was read from",
    "seed": "seed of everything random",
}


class Hierarchy:
    """Fills the tables of a file: a sequence for each run, repetitions by protocol, conditions by rig."""

    def __init__(self, file: "NWBFile") -> None:
        self._file = file
        self._runs: list[tuple[Recording, list[int]]] = []  # with the rows of its sweeps
        self._facts: list[dict[str, Any]] = []  # of every sweep

    def begin(self, recording: Recording) -> None:
        """The next sweeps are those of a run."""
        varied = summary(recording.header.protocol)
        self._columns = [re.sub(r"[^0-9A-Za-z_]+", "_", name).strip("_") for name in varied.columns]
        self._values = varied.rows
        self._notes = dict(recording.about.sweep_notes)
        self._runs.append((recording, []))

    def add(self, sweep: Sweep, stimulus: "PatchClampSeries | None", response: "PatchClampSeries | None") -> None:
        """One more sweep, and with it its series, go into the file."""
        some = stimulus if response is None else response
        assert some is not None
        row = self._file.add_intracellular_recording(electrode=some.electrode, stimulus=stimulus, response=response)
        self._runs[-1][1].append(self._file.add_icephys_simultaneous_recording(recordings=[row]))
        values = self._values[sweep.index % len(self._values)]
        self._facts.append({
            "sweep": sweep.index,
            "live_changes": len(sweep.changes),
            "note": words.plain(self._notes.get(sweep.index, "")),
            **dict(zip(self._columns, values, strict=True)),
        })  # fmt: skip

    def finish(self) -> None:
        """Fill the tables above that of the sweeps."""
        file, runs = self._file, [(recording, rows) for recording, rows in self._runs if rows]
        if not runs:
            return
        _add_columns(file.intracellular_recordings, self._facts, _ABOUT_SWEEPS)
        repetitions: dict[int, list[int]] = {}
        rigs = words.distinct(recording.header.rig for recording, _ in runs)
        sequences: list[tuple[int, Any, int]] = []
        for recording, rows in runs:
            protocol = recording.header.protocol
            row = file.add_icephys_sequential_recording(
                simultaneous_recordings=rows, stimulus_type=words.plain(protocol.name)
            )
            sequences.append((rigs.index(recording.header.rig), protocol, row))
        _add_columns(file.icephys_sequential_recordings, [_run_facts(recording) for recording, _ in runs], _ABOUT_RUNS)
        for rig, protocol in words.distinct((rig, protocol) for rig, protocol, _ in sequences):
            alike = [row for a, b, row in sequences if (a, b) == (rig, protocol)]
            repetitions.setdefault(rig, []).append(file.add_icephys_repetition(sequential_recordings=alike))
        for rows in repetitions.values():
            file.add_icephys_experimental_condition(repetitions=rows)
        firsts = [next(recording for recording, _ in runs if recording.header.rig == rigs[rig]) for rig in repetitions]
        texts = words.conditions(firsts)
        about = {"condition": "drugs, and what else is not the same in all conditions"}
        _add_columns(file.icephys_experimental_conditions, [{"condition": text} for text in texts], about)


def _run_facts(recording: Recording) -> dict[str, str]:
    about = recording.about
    facts = {
        "run_name": about.name, "run_note": about.note, "run_tags": ", ".join(about.tags),
        "started_utc": about.started_utc, "source": about.source,
        "seed": "" if recording.foreign else str(recording.header.seed),
    }  # fmt: skip
    return {key: words.plain(text) for key, text in facts.items()}


def _add_columns(table: "DynamicTable", rows: list[dict[str, Any]], about: dict[str, str]) -> None:
    """Columns for what rows say, NaN where one says nothing; none for what would be empty in all."""
    for name in dict.fromkeys(key for row in rows for key in row):
        values = [row.get(name, np.nan) for row in rows]
        if name == "sweep" or any(values):
            table.add_column(name=name, description=about.get(name, f"{name} of the protocol"), data=values)
