"""A lab report of one or several runs, as a web page or as PDF: what was done, what was seen, what it comes to."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

from vclamp import __version__
from vclamp.analysis.analyses import ANALYSES
from vclamp.analysis.results import Estimate, Result
from vclamp.errors import VClampError
from vclamp.model.record import Array, Header, Recording, Sweep
from vclamp.model.summary import lengths_text, summary
from vclamp.publish import curves, written
from vclamp.publish.answers import answers
from vclamp.publish.document import WIDTH_MM, Block, Heading, Paragraph, Picture, Table, facts_table
from vclamp.publish.drawing import looks
from vclamp.publish.figure import draw_scopes, natural_height_mm
from vclamp.publish.pages import Pages
from vclamp.publish.repeat import command_line, was_changed
from vclamp.publish.rig_tables import number, rig_blocks
from vclamp.publish.scopes import time_unit
from vclamp.publish.specs import FigureSpec, ScopeSpec, TraceSpec, completed
from vclamp.publish.stamp import facts, stamp, title_of
from vclamp.publish.symbols import as_row, minus, symbol
from vclamp.publish.web import Page, counts_in
from vclamp.storage.safely import Progress, unheard

TITLE = "Lab report"
MOST_SWEEPS = 60  # in a picture
MOST_ALIKE = 5  # sweeps of one command: more would hide one another
MOST_ROWS = 60  # sweeps in the table of what varies
LONG, ABREAST = 8, 3  # from so many on it goes on beside itself, so often if it has one column
MOST_HEIGHT_MM = 200.0  # of a picture
COMMAND_MM = 55.0


def write(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Write a report of some runs; the path's ending says whether as HTML or PDF."""
    whole = facts(recordings, report_title(recordings))
    with looks():
        if path.suffix.lower() == ".html":
            page = Page()
            for block in contents(recordings, progress):
                page.add(block)
            path.write_text(page.html(whole), encoding="utf-8", newline="\n")
        else:
            pages = Pages(whole)
            for block in contents(recordings, progress):
                pages.add(block)
            path.write_bytes(pages.pdf())
    progress(1.0)


def check(recordings: Sequence[Recording], path: Path, progress: Progress = unheard) -> None:
    """Raise VClampError unless the file is a whole report of these runs, with every table and picture it had."""
    data, mark = path.read_bytes(), stamp(recordings)
    progress(0.5)
    if path.suffix.lower() == ".html":
        text = data.decode(errors="replace")
        said = written.Tags(text).said.get("contents", "")
        whole = bool(said) and written.is_html(text, {**counts_in(said), "h2": len(recordings)}, mark)
    else:
        whole = written.is_pdf(data, None, mark)
    if not whole:
        raise VClampError("is not the report that was written", where=path.name)
    progress(1.0)


def report_title(recordings: Sequence[Recording]) -> str:
    """What the file is called in its metadata."""
    return f"{TITLE}: {title_of(recordings[0]) if len(recordings) == 1 else f'{len(recordings)} runs'}"


def contents(recordings: Sequence[Recording], progress: Progress = unheard) -> Iterator[Block]:
    """All of it, block by block; tells how far it is."""
    yield Heading(TITLE if len(recordings) == 1 else report_title(recordings), 1)
    yield Paragraph(f"Made by VClamp {__version__}, a virtual voltage-clamp rig.", "dim")
    if len(recordings) > 1:
        rows = tuple(
            (str(k), title_of(each), _when(each.about.started_utc), str(len(each.sweeps)))
            for k, each in enumerate(recordings, 1)
        )
        yield Table("Runs", ("", "run", "when", "sweeps"), rows, frozenset({0, 1, 2}))
    for k, recording in enumerate(recordings, 1):
        before = f"{k}. " if len(recordings) > 1 else ""
        yield Heading(f"{before}{title_of(recording)}", 2)
        parts = (_about(recording), _rig(recording), _protocol(recording), _traces(recording),
                 _answers(recordings, k), _repeat(recording))  # fmt: skip
        for n, part in enumerate(parts, 1):
            yield from part
            progress((k - 1 + n / len(parts)) / len(recordings) * 0.95)


def _about(recording: Recording) -> Iterator[Block]:
    header, about = recording.header, recording.about
    reason, message = recording.finished.reason, recording.finished.message
    planned = header.protocol.total_sweeps
    kept = len(recording.sweeps)
    yield facts_table(
        "",
        ("cell", header.rig.cell.title),
        ("protocol", header.protocol.title),
        ("recorded", _when(about.started_utc)),
        ("by", f"VClamp {header.version}" if header.version else ""),
        ("from the file", about.source),
        ("seed", "" if recording.foreign else str(header.seed)),
        ("sweeps", f"{kept}" if kept == planned or recording.foreign else f"{kept} of {planned}"),
        ("ended", "" if reason == "completed" else f"{reason}{f': {message}' if message else ''}"),
        ("tags", ", ".join(about.tags)),
        ("note", about.note),
        *((f"note on sweep {index + 1}", text) for index, text in about.sweep_notes),
    )


def _rig(recording: Recording) -> Iterator[Block]:
    yield Heading("Rig", 3)
    if recording.foreign:
        yield Paragraph("Another program recorded this: what is not in its file is not known.")
        return
    yield from rig_blocks(recording.header.rig)
    if was_changed(recording):
        n = sum(len(sweep.changes) for sweep in recording.sweeps)  # none, if it was in sweeps that are not there
        often = f" {n} times" if n > 1 else " once" if n else ""
        yield Paragraph(f"The rig was changed{often} while it ran; these are its first values.")


def _protocol(recording: Recording) -> Iterator[Block]:
    protocol, rig = recording.header.protocol, recording.header.rig
    yield Heading("Protocol", 3)
    if protocol.note:
        yield Paragraph(protocol.note)
    unit, per_ms = time_unit(protocol.duration_ms(0))
    found = summary(protocol, rig)
    yield facts_table(
        "",
        ("holding potential", number(protocol.hold_mV, "mV")),
        ("sweeps", f"{found.n_sweeps} of {lengths_text(protocol, per_ms)} {unit}"),
        ("sampling", number(protocol.fs_kHz, "kHz")),
        ("start to start", number(protocol.interval_ms, "ms") if protocol.interval_ms else ""),
        ("between sweeps", _BETWEEN[protocol.between] if found.n_sweeps > 1 and not recording.foreign else ""),
        ("takes", "" if recording.foreign else minus(found.text.splitlines()[1])),
        ("leak subtraction", "" if protocol.leak is None else f"P/N, {protocol.leak.n} legs"),
    )
    if not recording.foreign:
        yield _command_picture(recording)
    if found.columns:
        yield _table_of_values(found.columns, found.rows)


_BETWEEN = {"rested": "each begins in the steady state at holding", "interval": "the cell lives on at holding"}


def _command_picture(recording: Recording) -> Picture:
    """The command of all sweeps, drawn from the protocol alone."""
    header = recording.header
    free = header.rig.amplifier.clamps_current
    protocol = header.protocol
    name, title, unit = ("i_pA", "I command", "pA") if free else ("command_mV", "V command", "mV")

    def values(sweep: int) -> Array:
        course = protocol.course(sweep)
        row = header.rig.amplifier.bias_pA + course.command_pA if free else course.command_mV
        return row.reshape(1, -1)

    rungs = _some(list(range(protocol.n_sweeps)))
    different = {row.tobytes(): (k, row) for k in reversed(rungs) for row in [values(k)]}
    sweeps = [Sweep(k, (name,), row, (), header.rig) for k, row in sorted(different.values(), key=lambda pair: pair[0])]
    commanded = Recording(Header(header.rig, protocol, 0, ""), tuple(sweeps))
    spec = FigureSpec((ScopeSpec(title, unit, (TraceSpec(name),)),), width_mm=WIDTH_MM)
    n = protocol.total_sweeps
    said = "The command, the same in all sweeps." if len(sweeps) == 1 < n else "The command."
    return Picture(
        said if len(rungs) == protocol.n_sweeps else f"The command{_of_sweeps(len(rungs), n)}.", COMMAND_MM,
        lambda area: draw_scopes(area, commanded, spec),
    )  # fmt: skip


def _table_of_values(columns: tuple[str, ...], rows: tuple[tuple[float, ...], ...]) -> Table:
    """What varies from sweep to sweep; a long table goes on beside itself."""
    head = ("sweep", *(symbol(name) for name in columns))
    cells = [(str(k), *(number(round(value, 6)) for value in row)) for k, row in enumerate(rows[:MOST_ROWS], 1)]
    abreast = max(1, ABREAST // len(columns)) if len(cells) > LONG else 1
    high = -(-len(cells) // abreast)
    cells += [("",) * len(head)] * (abreast * high - len(cells))
    beside = tuple(sum(cells[k::high], ()) for k in range(high))
    more = f" (the first {MOST_ROWS} of {len(rows)} sweeps)" if len(rows) > MOST_ROWS else ""
    return Table(f"What varies{more}", head * abreast, beside, frozenset())


def _traces(recording: Recording) -> Iterator[Block]:
    yield Heading("Traces", 3)
    indices = [sweep.index for sweep in recording.sweeps]
    alike = not recording.foreign and not summary(recording.header.protocol).columns
    shown = indices[:MOST_ALIKE] if alike else _some(indices)
    spec = completed(FigureSpec(width_mm=WIDTH_MM, sweeps=tuple(shown)), recording)
    height_mm = min(natural_height_mm(spec), MOST_HEIGHT_MM)
    spec = replace(spec, height_mm=height_mm)
    family = " Sweeps from dark (first) to bright (last)." if len(shown) > 1 else ""
    caption = f"What was recorded{_of_sweeps(len(shown), len(indices))}.{family}"
    yield Picture(caption, height_mm, lambda area: draw_scopes(area, recording, spec))


def _answers(recordings: Sequence[Recording], k: int) -> Iterator[Block]:
    """The analyses of the k-th run; those that compare runs stand with the last one of its protocol."""
    header = recordings[k - 1].header
    last = all(each.header.protocol != header.protocol for each in recordings[k:])
    for name, question, result in answers(recordings[:k]):
        if ANALYSES[name].compares_runs and not last:
            continue
        yield Heading(ANALYSES[name].title, 3)
        yield from curves.pictures(result, header.rig, question.trace)
        if any(isfinite(each.value) for each in result.estimates):
            yield results_table(result)
        for note in result.notes:
            yield Paragraph(note, "dim")


def results_table(result: Result) -> Table:
    """The numbers that were found; columns of which nothing is known are left out."""
    found = [each for each in result.estimates if isfinite(each.value)]
    intervals = any(isfinite(each.low) and isfinite(each.high) for each in found)
    truth = any(isfinite(each.truth) for each in found)
    head = ("", "value ± s.e.", *(["95 % interval"] if intervals else []), *(["true"] if truth else []))

    def row(each: Estimate) -> tuple[str, ...]:
        name, value, ends, true = as_row(each)
        return (name, value, *([ends] if intervals else []), *([true] if truth else []))

    return Table("Results", head, tuple(map(row, found)))


def _repeat(recording: Recording) -> Iterator[Block]:
    yield Heading("How to repeat this", 3)
    if recording.foreign:
        yield Paragraph(f"Another program recorded it; its file is {recording.about.source}.")
        return
    line = command_line(recording)
    if line:
        yield Paragraph("This makes the same recording again, sample for sample:")
        yield Paragraph(line, "code")
    yield Paragraph(
        "The session file (.vclamp) holds rig, protocol, seed and all changes. This runs it again and compares every "
        "sample bit for bit:"
    )
    yield Paragraph("vclamp replay SESSION.vclamp", "code")
    yield Paragraph(f"Checksum of this run: {stamp([recording]).removeprefix('vclamp ')}", "dim")


def _some(indices: list[int]) -> list[int]:
    """At most so many of them as a picture can show, spread evenly, with both ends."""
    n = len(indices)
    if n <= MOST_SWEEPS:
        return indices
    return [indices[round(k * (n - 1) / (MOST_SWEEPS - 1))] for k in range(MOST_SWEEPS)]


def _of_sweeps(shown: int, n: int) -> str:
    """How many sweeps a picture shows."""
    if n == 1:
        return ""
    return f", {n} sweeps" if shown == n else f", {shown} of {n} sweeps"


def _when(started_utc: str) -> str:
    """A time as people write it."""
    date, _, time = started_utc.partition("T")
    return f"{date}, {time[:5]} UTC" if time else date
