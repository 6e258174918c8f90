"""Recordings to an NWB file: pynwb makes one series of each kind and all tables, h5py multiplies and fills them.

pynwb takes some 5 ms for a series, and every sweep has a dozen. So pynwb makes those of a run's first sweep, and
the others are copies of them.
"""

from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from vclamp.model.record import Array, Recording
from vclamp.storage.nwb.assemble import assembled
from vclamp.storage.nwb.layout import TRUTH, Planned, in_si, planned
from vclamp.storage.nwb.ticks import PIECE, Ticks
from vclamp.storage.safely import Progress, unheard

if TYPE_CHECKING:
    import h5py
    from pynwb import NWBHDF5IO

_LIBRARIES = ("h5py", "pandas", "hdmf.common", "pynwb")  # a second in all, the first time
_TICKS_OF_TEMPLATE = 2.0  # while pynwb builds and writes it
_TICKS_OF_FILE = 100.0  # about as many, for all that it writes beside
_DISK = 0.1  # of the work on a series
_WRITING = 4 * 1024**2  # bytes


def write(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Write recordings; the whole file is made in memory, so that a full disk is an OSError.

    Raises
    ------
    OSError
        If the disk is full.
    CancelledError
        If `progress` raised it.
    """
    plans = planned(recordings)
    sweeps = [one for plan in plans for one in plan]
    n_series = sum(len(one.series) for one in sweeps)
    n_templates = n_series - sum(len(one.templates) for one in sweeps)
    disk = _DISK * n_series
    tick = Ticks(progress, _TICKS_OF_FILE + _TICKS_OF_TEMPLATE * n_templates + len(sweeps) + n_series + disk)
    for library in _LIBRARIES:
        import_module(library)
        tick()
    image = _filled(recordings, plans, tick)
    with path.open("wb") as file, image.getbuffer() as whole:
        for first in range(0, len(whole), _WRITING):
            file.write(whole[first : first + _WRITING])
            tick(disk * _WRITING / len(whole))


def _filled(recordings: Sequence[Recording], plans: Sequence[Sequence[Planned]], tick: Ticks) -> BytesIO:
    """The whole file."""
    import h5py

    image, sweeps = BytesIO(), [one for plan in plans for one in plan]
    # without a cache each chunk is compressed when it is written, not all that are left when the file is closed
    with h5py.File(image, "w", rdcc_nbytes=0) as file:
        _writer(file, tick).write(assembled(recordings, plans, tick))
        for copied in (True, False):  # templates are copied before they are filled
            for one in sweeps:
                _fill(file, one, tick, copied=copied)
        _refer(file, sweeps)
    return image


def _writer(file: "h5py.File", tick: Ticks) -> "NWBHDF5IO":
    """pynwb's writer, with a tick for each thing that it builds and each group that it writes."""
    from hdmf.build import BuildManager
    from pynwb import NWBHDF5IO, get_type_map

    class Builder(BuildManager):  # type: ignore[misc]  # pynwb has no types
        def build(self, *args: Any, **kwargs: Any) -> Any:
            tick()
            return super().build(*args, **kwargs)

    class Writer(NWBHDF5IO):  # type: ignore[misc]
        def write_group(self, *args: Any, **kwargs: Any) -> Any:
            tick()
            return super().write_group(*args, **kwargs)

    return Writer(file=file, mode="w", manager=Builder(get_type_map()))


def _fill(file: "h5py.File", plan: Planned, tick: Ticks, *, copied: bool) -> None:
    """Write the traces of a sweep's series that are copies, or of those that are not."""
    places = {name: file[name] for name in {*map(plan.roles.place, plan.series)}}
    for trace, values in zip(plan.sweep.names, in_si(plan.sweep).values, strict=True):
        if copied != (trace in plan.templates):
            continue
        place = places[plan.roles.place(trace)]
        if copied:
            _copy(place, trace, plan)
        data = place[f"{plan.series[trace]}/data"]
        data.resize(values.shape)
        for first in range(0, values.size, PIECE):
            part: Array = values[first : first + PIECE]
            data[first : first + PIECE] = part
            tick(part.size / values.size)


def _copy(group: "h5py.Group", trace: str, plan: Planned) -> None:
    """Make a trace's series like its template, both still empty."""
    group.copy(plan.templates[trace], group, name=plan.series[trace])
    series = group[plan.series[trace]]
    _set(series, "object_id", str(uuid4()))
    _set(series, "comments", plan.comments)
    if plan.roles.place(trace) != TRUTH:
        _set(series, "sweep_number", plan.sweep.index)
    series["starting_time"].write_direct(np.array(plan.start_s))


def _set(series: "h5py.Group", attribute: str, value: str | int) -> None:
    """Change an attribute in place: five times as fast as h5py's own way."""
    from h5py import h5a, h5t, string_dtype

    place = h5a.open(series.id, attribute.encode())
    text = isinstance(value, str)
    place.write(np.array(value, dtype=object if text else place.dtype), h5t.py_create(string_dtype()) if text else None)


def _refer(file: "h5py.File", sweeps: Sequence[Planned]) -> None:
    """Let the table of recordings refer to each sweep's own series; a missing one is its partner, without samples."""
    rows = [(one, partner) for one in sweeps if (partner := one.roles.partner)]
    for side, column in enumerate(("stimuli/stimulus", "responses/response") if rows else ()):
        table = file[f"general/intracellular_ephys/intracellular_recordings/{column}"]
        entries = np.empty(len(rows), table.dtype)
        for row, (one, partner) in enumerate(rows):
            trace = one.roles.both[side]
            series = file[f"{one.roles.place(trace or partner)}/{one.series[trace or partner]}"]
            entries[row] = (0, one.sweep.values.shape[1], series.ref) if trace else (-1, -1, series.ref)
        table[:] = entries
