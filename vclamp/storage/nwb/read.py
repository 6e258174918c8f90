"""NWB files of ours to recordings, and whether a file holds what it should."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vclamp.errors import VClampError
from vclamp.model.protocol import MAX_SAMPLES_PER_SWEEP
from vclamp.model.record import Array, Recording, Sweep
from vclamp.storage.compare import differences, sweep_differences
from vclamp.storage.nwb.definition import Facts, names_of, recording_of, sweep_of, unpacked
from vclamp.storage.nwb.layout import ACQUISITION, STIMULUS, TRUTH, from_si, in_si, series_names
from vclamp.storage.nwb.ticks import PIECE, Ticks
from vclamp.storage.nwb.words import DEFINITION
from vclamp.storage.safely import Progress, unheard

if TYPE_CHECKING:
    import h5py

# what h5py and a definition that is not ours can raise
_UNREADABLE = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, RecursionError)


def read(path: Path) -> tuple[Recording, ...]:
    """The recordings in a file of ours, in our units.

    Volts turned back into millivolts may be one bit off; `same_as` compares without that.

    Raises
    ------
    VClampError
        If it is no NWB file of ours or is damaged.
    """
    with _opened(path) as (file, runs):
        return tuple(
            replace(
                recording_of(run, path.name),
                sweeps=tuple(from_si(sweep) for sweep in _sweeps(file, runs, number, Ticks(unheard, 0))),
            )
            for number, run in enumerate(runs)
        )


def check(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless the file holds exactly these recordings."""
    tick = Ticks(progress, sum(len(sweep.names) for recording in recordings for sweep in recording.sweeps))
    with _opened(path) as (file, runs):
        if len(runs) != len(recordings):
            raise VClampError(f"holds {len(runs)} runs instead of {len(recordings)}", where=path.name)
        for number, (recording, run) in enumerate(zip(recordings, runs, strict=True)):
            kept = recording_of(run, path.name)
            found = differences(replace(recording, sweeps=()), kept)
            if recording.about != kept.about:
                found.append("what is said about it differs")
            pairs = zip_longest(recording.sweeps, _sweeps(file, runs, number, tick))
            for mine, other in () if found else pairs:
                found = sweep_differences(*([sweep] if sweep else [] for sweep in (mine and in_si(mine), other)))
                if found:
                    break
            if found:
                raise VClampError(f"is not what was written: {found[0]}", where=path.name)


def same_as(replayed: Recording, recording: Recording) -> list[str]:
    """What differs between a re-run and a recording that was read from a file, bit for bit, in SI units."""
    return sweep_differences(*([in_si(sweep) for sweep in one.sweeps] for one in (replayed, recording)))


@contextmanager
def _opened(path: Path) -> Iterator[tuple["h5py.File", list[Facts]]]:
    """The file and the facts of its runs."""
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            definition = file.get(f"scratch/{DEFINITION}")
            if definition is None:
                raise VClampError("is an NWB file, but not one of VClamp's", where=path.name)
            yield file, unpacked(definition[()], path.name)
    except _UNREADABLE as error:
        raise VClampError("is no NWB file or is damaged", where=path.name, remedy="Export it again.") from error


def _sweeps(file: "h5py.File", runs: list[Facts], number: int, tick: Ticks) -> Iterator[Sweep]:
    """Every sweep of a run as it stands in the file, in SI units."""
    groups = [file[place] for place in (ACQUISITION, STIMULUS, TRUTH) if place in file]
    homes = {name: group for group in groups for name in group}
    run = runs[number]
    for facts in run["sweeps"]:
        names = names_of(run, facts)
        series = series_names(names, facts["index"], number + 1 if len(runs) > 1 else None)
        values = np.array([_trace(homes[name][f"{name}/data"], tick) for name in series])
        values.setflags(write=False)
        yield sweep_of(run, facts, names, values)


def _trace(data: "h5py.Dataset", tick: Ticks) -> Array:
    if data.dtype != np.float64 or data.ndim != 1 or data.size > MAX_SAMPLES_PER_SWEEP:
        raise ValueError(data.name)  # before a forged shape can fill the memory
    values = np.empty(data.size)
    for first in range(0, values.size, PIECE):
        last = min(first + PIECE, values.size)
        data.read_direct(values, np.s_[first:last], np.s_[first:last])
        tick((last - first) / values.size)
    return values
