"""Recordings in tables of text, ATF and CSV, read in a process of their own.

The first column holds times; each other one a signal, with its unit in the heading: `I (pA)`, `i_pA`, `V_m [mV]`.
Several columns of one signal are sweeps, one beside the other. In long tables, such as VClamp's, the sweeps stand one
under the other: a first column `sweep` tells them apart, and before it one `run`, if there are several.
"""

import csv
import re
from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.limits import MAX_SWEEPS
from vclamp.model.waveforms import interval_ms, unit_in
from vclamp.storage.aside import Answer, check_room
from vclamp.storage.signals import converted, role

Array = NDArray[np.float64]

MAX_BYTES = 200_000_000
MAX_COLUMNS = 10_001
_COMMAND = re.compile(r"command|cmd|stim|inject|protocol|dac\b", re.IGNORECASE)
_UNIT = re.compile(r"[_/ ](kV|V|uV|µV|nV|A|mA|uA|µA|fA)$")  # those that no waveform file ends its headings in
_OURS = re.compile(r"(i|v|command)(_\w+)?_(mV|pA)")  # names of traces
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


@dataclass(frozen=True, eq=False)
class Column:
    """A signal of one sweep in our units, "mV" or "pA"; `name` is that of all its sweeps."""

    name: str
    unit: str
    values: Array

    @property
    def is_command(self) -> bool:
        """Whether its name says that it was commanded."""
        return bool(_COMMAND.search(self.name))

    def trace(self, taken: Collection[str]) -> str:
        """The name of the trace that it becomes, none of those that are taken."""
        commanded = f"command_{self.unit}"
        return commanded if self.is_command and commanded not in taken else role(self.name, self.unit, taken)


def answer(path: Path, what: str) -> Answer:
    """The sweeps in a table; anything may be raised on the way."""
    if path.stat().st_size > MAX_BYTES:
        raise VClampError(f"is larger than {MAX_BYTES / 1e6:g} MB", remedy="Save a part of it, or as ABF or NWB.")
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.readline(100_000)
        if "\0" in first:
            raise VClampError("is not a text file", remedy="Save it as CSV in UTF-8.")
        is_atf = path.suffix.lower() == ".atf" or first.startswith("ATF")
        signals = _atf_signals(first, file) if is_atf else []
        heading, table = _table(file if is_atf else chain([first], file))
    if len(heading) != table.shape[1] or table.shape[1] < 2 or not table.shape[0]:
        what = "cannot be understood: it needs a column of times and then signals, with a heading over each"
        raise VClampError(what, remedy="Write headings such as time_ms and i_pA.")
    if heading[0].lower() == "sweep" or [title.lower() for title in heading[:2]] == ["run", "sweep"]:
        return _long(heading, table)
    fs_kHz, columns, left_out = _signals(heading, table, "s" if is_atf else "ms", signals)
    return _arranged(fs_kHz, columns, left_out)


# ---- the text ----------------------------------------------------------------------------------------------------


def _atf_signals(first: str, file: Iterator[str]) -> list[str]:
    """The signal of each column that the header of an ATF file tells, which is read to its end."""
    try:
        count = int(next(file).split()[0]) if first.startswith("ATF") else -1
        header = [next(file) for _ in range(count)] if 0 <= count < MAX_SWEEPS else None
    except (ValueError, IndexError, StopIteration):
        header = None
    if header is None:
        raise VClampError("is damaged or no ATF file", remedy="Save it again, or give a CSV file.")
    for line in header:
        names = re.findall(r'"([^"]*)"', line)
        if names and names[0].startswith("Signals="):
            return names[1:]
    return []


def _table(lines: Iterator[str]) -> tuple[list[str], Array]:
    """The headings and the numbers below them; a cell that is empty or no number is NaN."""
    lines = (line for line in lines if line.strip() and not line.startswith("#"))
    start = next(lines, "")
    sign = next((sign for sign in "\t;," if sign in start), " ")
    rows = csv.reader(chain([start], lines), delimiter=sign, skipinitialspace=True)
    heading = [cell.strip(" \"'") for cell in next(rows, [])]
    numbers, width = array("d"), len(heading)
    if not 1 < width <= MAX_COLUMNS or all(_NUMBER.match(cell) for cell in heading):
        raise VClampError(
            "cannot be understood: its columns have no headings", remedy="Write headings such as time_ms and i_pA."
        )
    for count, row in enumerate(rows, 1):
        if len(row) != width:
            what = f"has {len(row)} columns, not {width}, in row {count} below its headings"
            raise VClampError(what, remedy="Give every line the same columns.")
        numbers.extend(map(_number, row))
        check_room(len(numbers), "numbers")
    return heading, np.array(numbers).reshape(-1, width)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        text = cell.strip()
        if text and text.lower() not in ("nan", "na", "-"):
            raise VClampError(
                f"'{text[:40]}' is no number", remedy="Write plain numbers with a decimal point."
            ) from None
        return float("nan")


# ---- what it means -----------------------------------------------------------------------------------------------


def _long(heading: list[str], table: Array) -> Answer:
    """A long table: every sweep under the next, every trace in a column; several runs likewise."""
    arrays: list[Array] = []
    if heading[0].lower() == "sweep":
        return Answer({"runs": [_run(heading, table, arrays)]}, tuple(arrays))
    runs = [
        {**_run(heading[1:], rows[:, 1:], arrays), "name": f"run {rows[0, 0]:g}"} for rows in _stacked(table, "run")
    ]
    return Answer({"runs": runs}, tuple(arrays))


def _stacked(table: Array, kind: str) -> list[Array]:
    """The rows of each sweep, or run: its number stands in the first column."""
    numbers = table[:, 0]
    starts = np.flatnonzero(np.diff(numbers) != 0.0) + 1
    if not np.isfinite(numbers).all() or starts.size >= MAX_SWEEPS:
        what = f"cannot be understood: its column '{kind}' holds no numbers of {kind}s"
        raise VClampError(what, remedy=f"Write the number of its {kind} into every line.")
    return np.split(table, starts)


def _run(heading: list[str], table: Array, arrays: list[Array]) -> dict[str, Any]:
    """A run of a long table; its samples join the arrays."""
    names, sweeps = _names(heading[2:]), []
    parts = _stacked(table, "sweep")
    for rows in parts:
        traces: dict[str, int] = {}
        for title, values in zip(heading[2:], rows.T[2:], strict=True):
            known = converted(values, _unit(title))
            if known is not None and np.isfinite(values).any():  # another sweep's trace leaves its cells empty
                traces[names[title]] = len(arrays)
                arrays.append(known[1])
        sweeps.append(traces)
    left_out = [title for title in heading[2:] if title not in names]
    return _said(_rate(parts[0][:, 1], heading[1], "ms"), sweeps, left_out)


def _names(titles: list[str]) -> dict[str, str]:
    """The trace that each column of a voltage or a current becomes; those of ours are called so already."""
    names = {title: title for title in titles if _OURS.fullmatch(title)}
    for title in titles:
        known = converted(np.empty(0), _unit(title))
        if known is not None and title not in names:
            names[title] = Column(_stem(title), *known).trace(names.values())
    return names


def _rate(times: Array, heading: str, unit: str) -> float:
    return 1.0 / interval_ms(times, heading, unit, "") if times.size > 1 and np.isfinite(times).all() else 0.0


def _signals(heading: list[str], table: Array, unit: str, signals: list[str]) -> tuple[float, list[Column], list[str]]:
    """The rate in kHz, the columns of voltages and currents, and the names of all others."""
    fs_kHz = _rate(table[:, 0], heading[0], unit)
    found, left_out = [], []
    named = signals[-(len(heading) - 1) :] if len(signals) >= len(heading) - 1 else ["" for _ in heading[1:]]
    for title, signal, values in zip(heading[1:], named, table.T[1:], strict=True):
        known = converted(values, _unit(title))
        if known is None:
            left_out.append(title)
        else:
            found.append(Column(signal or _stem(title), *known))
    return fs_kHz, found, left_out


def _unit(title: str) -> str:
    """The unit that a heading ends in; empty if in none."""
    found = _UNIT.search(title)
    return found[1] if found else unit_in(title)


def _stem(title: str) -> str:
    """A heading without its unit, nor the number of its sweep."""
    stem = re.sub(r"[(\[][^()\[\]]*[)\]]$", "", title).strip()
    stem = re.sub(rf"[_/ ]{re.escape(_unit(title))}$", "", stem)
    return re.sub(r"(trace|sweep|episode)?[\s_#]*\d+$", "", stem, flags=re.IGNORECASE).strip(" _#") or "trace"


def _arranged(fs_kHz: float, columns: list[Column], left_out: list[str]) -> Answer:
    """Columns as sweeps: the n-th of every signal is of the n-th, and one that there is but once of all."""
    signals: dict[tuple[str, str], list[Column]] = {}
    for column in columns:
        signals.setdefault((column.name, column.unit), []).append(column)
    if not columns:
        what = "cannot be understood: no column is a voltage or a current"
        raise VClampError(what, remedy="Write units into the headings, such as I (pA) and V (mV).")
    if all(column.is_command for column in columns):
        raise VClampError("holds a stimulus but no recording", remedy="Import it as a protocol.")
    count = max(map(len, signals.values()))
    odd = next((key for key, each in signals.items() if len(each) not in (1, count)), None)
    if odd is not None:
        what = f"cannot be understood: it has {count} sweeps, but {len(signals[odd])} of '{odd[0][:40]}'"
        raise VClampError(what, remedy="Give each signal a column for every sweep, or one for all.")
    arrays = [column.values for each in signals.values() for column in each]
    places: dict[str, list[int]] = {}
    first = 0
    for each in signals.values():
        places[each[0].trace(places)] = [first + (n if len(each) > 1 else 0) for n in range(count)]
        first += len(each)
    sweeps = [{trace: at[n] for trace, at in places.items()} for n in range(count)]
    return Answer({"runs": [_said(fs_kHz, sweeps, left_out)]}, tuple(arrays))


def _said(fs_kHz: float, sweeps: list[dict[str, int]], left_out: list[str]) -> dict[str, Any]:
    """What is said of a run."""
    if not fs_kHz > 0.0:
        raise VClampError("has too few times to tell its sampling rate", remedy="It needs two lines or more.")
    notes = [f"Left out, in no unit of voltage or current: {', '.join(left_out)[:500]}."] if left_out else []
    return {"fs_kHz": fs_kHz, "sweeps": sweeps, "notes": notes}
