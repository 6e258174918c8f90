"""Intracellular recordings in the NWB files of other programs, read by plain h5py in a process of its own.

A response and its stimulus belong together by a row of the icephys tables, else by their sweep number, else by the
order of their names. Every electrode gives a run of its own, and so does every stimulus it was given.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.limits import MAX_SWEEPS
from vclamp.storage.aside import Answer, check_room
from vclamp.storage.signals import converted

if TYPE_CHECKING:
    import h5py

Array = NDArray[np.float64]

MAX_SERIES = 20_000
_MODES = {
    "VoltageClampSeries": ("voltage-clamp", "amperes", "i_pA"),
    "CurrentClampSeries": ("current-clamp", "volts", "v_mV"),
    "IZeroClampSeries": ("current-clamp", "volts", "v_mV"),
}
_STIMULI = {
    "VoltageClampStimulusSeries": ("voltage-clamp", "volts", "command_mV"),
    "CurrentClampStimulusSeries": ("current-clamp", "amperes", "command_pA"),
}
_TABLE = "general/intracellular_ephys/intracellular_recordings"


@dataclass(frozen=True)
class Series:
    """A response or a stimulus, without its samples."""

    path: str
    kind: str
    mode: str
    unit: str
    trace: str
    n: int
    rate_Hz: float
    start_s: float
    electrode: str
    sweep: int | None
    stimulus: str


def answer(path: Path, what: str) -> Answer:
    """The runs in a file; anything may be raised on the way."""
    import h5py

    with h5py.File(path, "r", locking=False) as file:
        responses, stimuli = _found(file, "acquisition", _MODES), _found(file, "stimulus/presentation", _STIMULI)
        if not responses:
            what = "holds no recordings of a voltage or current clamp"
            raise VClampError(what, remedy="Open a file with VoltageClampSeries or CurrentClampSeries.")
        pairs = _paired(file, responses, stimuli)
        check_room(sum(s.n for pair in pairs for s in pair if s is not None))
        runs: dict[tuple[Any, ...], list[tuple[Series, Series | None]]] = {}
        for pair in sorted(pairs, key=lambda pair: (pair[0].start_s, pair[0].sweep or 0, _natural(pair[0].path))):
            first = pair[0]
            runs.setdefault((first.electrode, first.kind, first.rate_Hz, first.stimulus), []).append(pair)
        facts = {"started_utc": _started(file), "note": _text(file.get("session_description"))}
        arrays: list[Array] = []
        return Answer({"runs": [facts | _run(file, each, arrays) for each in runs.values()]}, tuple(arrays))


# ---- what there is -----------------------------------------------------------------------------------------------


def _found(file: "h5py.File", place: str, kinds: dict[str, tuple[str, str, str]]) -> dict[str, Series]:
    """The series of these kinds in a group, by their paths."""
    group = _inner(file, place)
    names = list(group) if group is not None else []
    if len(names) > MAX_SERIES:
        raise VClampError(f"holds {len(names):,} series", remedy=f"At most {MAX_SERIES:,} can be opened.")
    found = {}
    for name in names:
        item = _inner(file, f"{place}/{name}")
        kind = _text(item.attrs.get("neurodata_type")) if item is not None else ""
        if kind in kinds:
            found[f"/{place}/{name}"] = _series(file, item, kind, kinds[kind])
    return found


def _inner(file: "h5py.File", path: str) -> Any:
    """An item of the file itself: links may lead to other files."""
    import h5py

    item: Any = file
    for part in path.split("/"):
        link = item.get(part, getlink=True) if isinstance(item, h5py.Group) else None
        if link is None:
            return None
        if isinstance(link, h5py.ExternalLink):
            raise VClampError("keeps its data in other files", remedy="Export it as one file.")
        item = item.get(part)
    return item


def _series(file: "h5py.File", item: Any, kind: str, facts: tuple[str, str, str]) -> Series:
    data = _dataset(item, "data")
    timing = item.get("starting_time")
    if timing is not None:
        rate_Hz, start_s = float(timing.attrs["rate"]), float(timing[()])
    else:
        rate_Hz, start_s = _of_times(_dataset(item, "timestamps"))
    if not (1.0 <= rate_Hz <= 1e6 and np.isfinite(start_s)):
        raise VClampError(f"its series {item.name[:80]} has a sampling rate of {rate_Hz:g} Hz")
    electrode, number = item.get("electrode", getlink=True), item.attrs.get("sweep_number")
    mode, unit, trace = facts
    said = _text(data.attrs.get("unit")) or unit
    return Series(
        item.name, kind, mode, said, trace, data.shape[0], rate_Hz, start_s,
        str(getattr(electrode, "path", "")) or _text(getattr(item.get("electrode"), "name", "")),
        None if number is None else int(number),
        _text(item.attrs.get("stimulus_description")),
    )  # fmt: skip


def _dataset(group: Any, name: str) -> Any:
    """A dataset of numbers in a row that this file holds itself; nothing is read of it yet."""
    import h5py

    data = group.get(name)
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink) or (isinstance(data, h5py.Dataset) and (data.external or data.is_virtual)):
        raise VClampError("keeps its data in other files", remedy="Export it as one file.")
    if not isinstance(data, h5py.Dataset) or data.dtype.kind not in "iuf" or data.dtype.itemsize > 8:
        raise ValueError(name)
    if data.ndim != 1 and data.shape[1:] != (1,) * (data.ndim - 1):
        raise VClampError(f"its series {group.name[:80]} has {data.ndim} dimensions", remedy="Give each one channel.")
    return data


def _of_times(times: Any) -> tuple[float, float]:
    """Rate and start of a series that gives the time of every sample."""
    check_room(times.shape[0])
    t = times[:]
    each = (t[-1] - t[0]) / (t.size - 1)
    if np.abs(t - t[0] - each * np.arange(t.size)).max() > 0.05 * each:
        raise VClampError("has series without an even sampling rate", remedy="Sample them anew at a steady rate.")
    rate = 1.0 / each
    return float(round(rate) if abs(round(rate) - rate) < 1e-6 * rate else rate), float(t[0])


# ---- which belong together ---------------------------------------------------------------------------------------


def _paired(
    file: "h5py.File", responses: dict[str, Series], stimuli: dict[str, Series]
) -> list[tuple[Series, Series | None]]:
    """Every response with its stimulus, if it has one."""
    mates = dict(_rows(file))
    numbered = {(s.sweep, s.electrode, s.mode): s for s in stimuli.values()}
    pairs: list[tuple[Series, Series | None]] = []
    alone: dict[tuple[str, str], list[Series]] = {}
    used = set()
    for path, response in responses.items():
        mate = stimuli.get(mates.get(path, ""))
        if mate is None and response.sweep is not None:
            mate = numbered.get((response.sweep, response.electrode, response.mode))
        if mate is None and path not in mates and response.kind != "IZeroClampSeries":
            alone.setdefault((response.electrode, response.mode), []).append(response)
            continue
        pairs.append((response, mate if mate is not None and mate.rate_Hz == response.rate_Hz else None))
        used.add(mate.path if mate is not None else "")
    for key, some in alone.items():
        left = [s for path, s in stimuli.items() if path not in used and (s.electrode, s.mode) == key]
        ours, theirs = (sorted(each, key=lambda s: _natural(s.path)) for each in (some, left))
        fits = [s.rate_Hz for s in ours] == [s.rate_Hz for s in theirs]
        pairs += zip(ours, theirs if fits else [None] * len(ours), strict=True)
    return pairs


def _rows(file: "h5py.File") -> Iterator[tuple[str, str]]:
    """The paths of response and stimulus in every row of the table of recordings; "" where one has none."""
    columns = [_inner(file, f"{_TABLE}/{name}") for name in ("responses/response", "stimuli/stimulus")]
    if None in columns:
        return
    check_room(columns[0].shape[0])
    for response, stimulus in zip(*(column[:] for column in columns), strict=True):
        paths = [
            file[row["timeseries"]].name if row["timeseries"] and int(row["idx_start"]) >= 0 else ""
            for row in (response, stimulus)
        ]
        yield paths[0], paths[1]


def _natural(text: str) -> list[tuple[int, str]]:
    """For an order in which sweep 10 comes after sweep 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d{1,15})", text)]


# ---- what is in it -----------------------------------------------------------------------------------------------


def _run(file: "h5py.File", pairs: list[tuple[Series, Series | None]], arrays: list[Array]) -> dict[str, Any]:
    """A run of one electrode; its samples join the arrays."""
    if len(pairs) > MAX_SWEEPS:
        raise VClampError(f"has {len(pairs):,} sweeps", remedy=f"At most {MAX_SWEEPS:,} can be opened.")
    first = pairs[0][0]
    sweeps = []
    for pair in pairs:
        traces = {}
        for series in pair:
            if series is not None:
                traces[series.trace] = len(arrays)
                arrays.append(_values(file, series))
        if first.kind == "IZeroClampSeries":
            traces["command_pA"] = len(arrays)
            arrays.append(np.zeros(pair[0].n))
        sweeps.append(traces)
    return {
        "name": first.stimulus,
        "fs_kHz": first.rate_Hz / 1e3,
        "mode": first.mode,
        "starts_ms": [1e3 * pair[0].start_s for pair in pairs],
        "sweeps": sweeps,
        "notes": [f"Electrode {first.electrode.rsplit('/', 1)[-1][:80]}."] if first.electrode else [],
    }


def _values(file: "h5py.File", series: Series) -> Array:
    """Samples in our units."""
    data = file[f"{series.path}/data"]
    conversion, offset = (
        float(data.attrs.get(key, missing)) for key, missing in (("conversion", 1.0), ("offset", 0.0))
    )
    si = data[:].reshape(-1).astype(np.float64) * conversion + offset
    known = converted(si, series.unit)
    if known is None or known[0] != series.trace[-2:]:
        raise VClampError(
            f"its series {series.path[:80]} is in '{series.unit[:20]}'", remedy="It must be volts or amperes."
        )
    return known[1]


def _started(file: "h5py.File") -> str:
    """When the session began, in UTC; empty if the file does not say it."""
    try:
        began = datetime.fromisoformat(_text(file.get("session_start_time")))
    except ValueError:
        return ""
    return (began if began.tzinfo else began.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")


def _text(value: Any) -> str:
    """A text of the file, be it an attribute or a dataset."""
    import h5py

    if isinstance(value, h5py.Dataset):
        value = value[()] if value.shape == () and value.dtype.kind in "SO" else ""
    return value.decode("utf-8", "replace")[:5000] if isinstance(value, bytes) else str(value or "")[:5000]
