"""Tables of numbers in text files: what a waveform segment reads its values from.

CSV and TXT hold one value a line, or a time and one value for each sweep; ATF, which Clampex plays, a heading first.
Units stand in the headings, as `time_ms` or `Trace #1 (pA)`; without them they are ms (s in ATF) and mV.
"""

import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.segments import MAX_VALUES

MAX_BYTES = 16_000_000
ENDINGS = (".csv", ".txt", ".atf")
_ABSURD = 1e100
_UNEVEN = 0.05  # of an interval, by which a printed time may miss its place
_UNIT = re.compile(r"[(\[]\s*([^()\[\]]*?)\s*[)\]]$")
_ENDING = re.compile(r"(?:^|[_/ ])(s|ms|mV|pA|nA)$")
_TIMES_ms = {"s": 1e3, "sec": 1e3, "ms": 1.0, "us": 1e-3, "µs": 1e-3, "μs": 1e-3}
SIGNALS = {
    "mV": ("mV", 1.0), "V": ("mV", 1e3), "pA": ("pA", 1.0), "nA": ("pA", 1e3), "uA": ("pA", 1e6), "µA": ("pA", 1e6),
    "μA": ("pA", 1e6), "A": ("pA", 1e12),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Table:
    """Waveforms of equal length: values by sweep and sample, their unit, and the ms between them if the file says."""

    values: NDArray[np.float64]
    unit: str
    every_ms: float | None


def with_files(data: dict[str, Any], path: Path, text: str) -> dict[str, Any]:
    """The data of a protocol's text file, with the values of the files that its waveforms name.

    Parameters
    ----------
    data : dict
        What the file says; a waveform that has values of its own keeps them.
    path : Path
        The file; those it names lie in its folder.
    text : str
        What is in it, to find lines in.

    Raises
    ------
    VClampError
        If a file is out of the folder, or is no table of numbers.
    """
    segments = data.get("segments")
    tables: dict[Path, Table] = {}
    total, named = 0, _lines_of(text)
    for number, segment in enumerate(segments if isinstance(segments, list) else ()):
        file = _file_of(segment)
        if not file:
            continue
        where = f"{path.name}:{named[file]}" if file in named else path.name
        where += f": segments[{number}].file"
        place = _beside(path, file, where)
        table = tables[place] = tables.get(place) or read_table(place)
        _fill(segment, table, where)
        total += table.values.size
        if total > MAX_VALUES:
            what = f"the files of this protocol hold more than {MAX_VALUES:,} values"
            raise VClampError(what, where=where, remedy="Keep fewer: those in between are interpolated.")
        if len(table.values) > 1:
            data.setdefault("n_sweeps", len(table.values))
    return data


def _file_of(segment: Any) -> str:
    """The file that a segment's values come from; empty if it has none or has the values themselves."""
    if not isinstance(segment, dict) or segment.get("type") != "waveform":
        return ""
    file = segment.get("file", "")
    return file if isinstance(file, str) and not {"values_mV", "values_pA"} & {*segment} else ""


def _fill(segment: dict[str, Any], table: Table, where: str) -> None:
    """Put a file's values into a waveform."""
    given, own = segment.get("every_ms"), table.every_ms
    shown = f"'{segment['file'][:80]}'"
    if given is None and own is None:
        what = f"{shown} has no times and the waveform no every_ms"
        raise VClampError(what, where=where, remedy="Add every_ms, the time between values.")
    if isinstance(given, int | float) and own is not None and not abs(given - own) <= 1e-6 * own:
        what = f"every_ms = {given:g}, but the times of {shown} are {own:g} ms apart"
        raise VClampError(what, where=where, remedy="Leave out every_ms.")
    segment.setdefault("every_ms", own)
    segment[f"values_{table.unit}"] = table.values.ravel().tolist()
    if len(table.values) > 1:
        segment.setdefault("columns", len(table.values))


def _lines_of(text: str) -> dict[str, int]:
    """The line in which a text first names each file."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("file"):
            with suppress(tomllib.TOMLDecodeError):
                found.setdefault(str(tomllib.loads(line).get("file")), number)
    return found


def _beside(path: Path, file: str, where: str) -> Path:
    """The path of a file in the folder of another, wherever links lead."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in file[:80])
    windows = PureWindowsPath(file)
    outside = VClampError(
        f"'{shown}' is not in the protocol's folder", where=where, remedy="Put the file beside the protocol."
    )
    if windows.drive or windows.root or PurePosixPath(file).is_absolute() or ".." in windows.parts or "~" in file[:1]:
        raise outside
    if windows.suffix.lower() not in ENDINGS:
        what = f"'{shown}' is no table of values"
        raise VClampError(what, where=where, remedy=f"Its name must end in one of: {', '.join(ENDINGS)}.")
    try:
        folder, found = path.parent.resolve(strict=True), (path.parent / file).resolve(strict=True)
        regular = found.is_file()
    except FileNotFoundError:
        remedy = "Put the file beside the protocol, or correct its name."
        raise VClampError(f"there is no file '{shown}'", where=where, remedy=remedy) from None
    except (OSError, RuntimeError, ValueError):  # links in a circle; names the system refuses
        what = f"'{shown}' cannot be reached"
        raise VClampError(what, where=where, remedy="Put the file itself beside the protocol.") from None
    if not found.is_relative_to(folder):
        raise outside
    if not regular:
        raise VClampError(f"'{shown}' is no file", where=where, remedy="Name a text file of numbers.")
    return path.parent / file


def read_table(path: Path) -> Table:
    """The waveforms in a CSV, TXT or ATF file.

    Raises
    ------
    VClampError
        If it is no small text file of numbers at equal intervals; with the line where there is one.
    """
    lines = _text(path).splitlines()
    is_atf = path.suffix.lower() == ".atf" or lines[0].startswith("ATF")
    first = _after_header(lines, path.name) if is_atf else 0
    heading, rows = _rows(lines, first, path.name)
    if heading and len(heading) != rows.shape[1]:
        what = f"has {len(heading)} headings over {rows.shape[1]} columns"
        raise VClampError(what, where=path.name, remedy="Give one for each.")
    every_ms, values = None, rows.T
    if rows.shape[1] > 1:
        every_ms = interval_ms(rows[:, 0], heading[0] if heading else "", "s" if is_atf else "ms", path.name)
        values, heading = values[1:], heading[1:]
    unit, factor = _unit(heading, path.name)
    return Table(np.ascontiguousarray(values * factor), unit, every_ms)


def _text(path: Path) -> str:
    try:
        if not path.is_file():  # a pipe would never end
            raise VClampError("is no file", where=path.name, remedy="Give the path of a text file.")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)  # whatever size the system says it has
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise VClampError(what, where=path.name, remedy="Give the path of a text file.") from None
    if len(raw) > MAX_BYTES:
        remedy = "Keep fewer values: those in between are interpolated."
        raise VClampError(f"is larger than {MAX_BYTES / 1e6:g} MB", where=path.name, remedy=remedy)
    if b"\0" in raw:
        raise VClampError("is not a text file", where=path.name, remedy="Save it as CSV in UTF-8.")
    text = raw.decode("utf-8-sig", errors="replace")  # signs of the locale stand only in names
    if not text.strip():
        raise VClampError("is empty", where=path.name, remedy="It needs one value a line.")
    return text


def _after_header(lines: list[str], file: str) -> int:
    """The line after the header of an ATF file."""
    try:
        count = int(lines[1].split()[0]) if lines[0].startswith("ATF") else -1
    except (IndexError, ValueError):
        count = -1
    if not 0 <= count < len(lines) - 2:
        raise VClampError("is damaged or no ATF file", where=file, remedy="Save it again, or give a CSV file.")
    for line in lines[2 : 2 + count]:
        names = re.findall(r'"([^"]*)"', line)
        if names and names[0].startswith("Signals=") and len({*names[1:]}) > 1:
            what = f"holds {len({*names[1:]})} signals"
            raise VClampError(what, where=file, remedy="Keep the columns of one.")
    return 2 + count


def _rows(lines: list[str], first: int, file: str) -> tuple[list[str], NDArray[np.float64]]:
    """The headings, if there are any, and the numbers below them by line and column."""
    heading: list[str] = []
    rows: list[list[float]] = []
    places: list[int] = []
    sign: str | None = ""
    if len(lines) > MAX_VALUES:
        what = f"has more than {MAX_VALUES:,} lines"
        raise VClampError(what, where=file, remedy="Keep fewer: values in between are interpolated.")
    for place, line in enumerate(lines[first:], first + 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not rows:
            sign = next((sign for sign in "\t;," if sign in text), None)  # None: blanks
        cells = text.split(sign)
        if not rows and not heading and not any(not cell.strip() or _is_number(cell) for cell in cells):
            heading = [cell.strip(' "') for cell in cells]
            continue
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            row = []
        if not row or not text.isascii() or "_" in text:
            bad = (cell for cell in cells if not cell.isascii() or "_" in cell or not _is_number(cell))
            raise _no_number(next(bad, text), f"{file}:{place}")
        if rows and len(row) != len(rows[0]):
            what = f"has {len(row)} columns, not {len(rows[0])}"
            raise VClampError(what, where=f"{file}:{place}", remedy="Give every line the same columns.")
        rows.append(row)
        places.append(place)
        if len(rows) * max(1, len(row) - 1) > MAX_VALUES:
            what = f"has more than {MAX_VALUES:,} values"
            raise VClampError(what, where=file, remedy="Keep fewer: those in between are interpolated.")
    if not rows:
        raise VClampError("holds no numbers", where=file, remedy="It needs one value a line.")
    numbers = np.array(rows)
    wild = np.argwhere(~(np.abs(numbers) < _ABSURD))
    if wild.size:
        row, column = wild[0].tolist()
        raise _no_number(str(numbers[row, column]), f"{file}:{places[row]}")
    return heading, numbers


def _no_number(text: str, where: str) -> VClampError:
    remedy = "Write plain numbers with a decimal point."
    return VClampError(f"'{text.strip()[:40]}' is not a finite number", where=where, remedy=remedy)


def _is_number(text: str) -> bool:
    """Whether it is one, finite or not."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def interval_ms(times: NDArray[np.float64], heading: str, unit: str, file: str) -> float:
    """The time between values, of times that must be evenly spaced."""
    unit = unit_in(heading) or unit
    if unit not in _TIMES_ms:
        what = f"'{heading[:40]}' over the first column is no time in s, ms or µs"
        raise VClampError(what, where=file, remedy="Put the times first, or give values alone.")
    steps = max(times.size - 1, 1)
    each = (times[-1] - times[0]) / steps
    late = np.abs(times - times[0] - each * np.arange(times.size)) > _UNEVEN * each
    if times.size < 2 or each <= 0.0 or late.any():
        what = "the times in the first column are not evenly spaced"
        raise VClampError(what, where=file, remedy="Give one value every so many ms, or values alone.")
    each_ms = each * _TIMES_ms[unit]
    rate_Hz = round(1e3 / each_ms)  # printed times are rounded, clocks rarely odd
    return float(1e3 / rate_Hz if rate_Hz and abs(rate_Hz * each_ms / 1e3 - 1.0) < 1e-6 else each_ms)


def _unit(headings: list[str], file: str) -> tuple[str, float]:
    """The unit of all columns, and the factor that brings them there."""
    said = {unit for heading in headings if (unit := unit_in(heading))} or {"mV"}
    unknown = sorted(said - {*SIGNALS})
    if unknown:
        what = f"has a column in {unknown[0][:20]}"
        raise VClampError(what, where=file, remedy=f"Use one of: {', '.join(SIGNALS)}.")
    if len(said) > 1:
        what = f"has columns in {' and '.join(sorted(said))}"
        raise VClampError(what, where=file, remedy="Keep those of one unit, one column a sweep.")
    return SIGNALS[said.pop()]


def unit_in(heading: str) -> str:
    """The unit that a heading ends in; empty if in none."""
    match = _UNIT.search(heading) or _ENDING.search(heading)
    return match[1] if match else ""
