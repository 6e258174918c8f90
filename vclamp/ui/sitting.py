"""The runs of this sitting that can be compared with the one on show, and what differs between them."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

from vclamp.model.record import Header, Recording
from vclamp.publish.symbols import axis, minus

MOST_BYTES = 400_000_000  # of traces; where there are more, the newest runs are taken
FEW = 6  # values that are listed one by one
MOST_DIFFERENCES = 4


class Sitting:
    """Reads the finished runs of a session, each once."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._read: dict[int, Recording] = {}

    def alike(self, path: Path | None, shown: Header) -> list[Recording]:
        """The other runs of the protocol and cell on show, the newest last; slow, so not for the window's thread."""
        if path is None or path.suffix != ".vclamp" or not path.is_file():
            return []
        if path != self._path:
            self._path, self._read = path, {}
        from vclamp.storage.session import Session

        found: list[Recording] = []
        with Session.open(path) as session:
            left = MOST_BYTES
            for run in reversed(session.runs()):
                if run.hidden or run.finished_utc is None or not run.n_sweeps:
                    continue
                titles = run.protocol_title, run.cell_title
                if titles != (shown.protocol.title, shown.rig.cell.title):
                    continue  # most runs, and a rig takes milliseconds to read
                if not _is_like(session.header(run.id), shown):
                    continue
                recording = self._read.setdefault(run.id, self._read.get(run.id) or session.recording(run.id))
                left -= sum(sweep.values.nbytes for sweep in recording.sweeps)
                if left < 0:
                    break
                found.insert(0, recording)
        self._read = {number: each for number, each in self._read.items() if any(each is kept for kept in found)}
        return found


def _is_like(header: Header, shown: Header) -> bool:
    """Whether it is another run of the same protocol on the same cell, whatever was changed in it."""
    same = header.protocol == shown.protocol and header.rig.cell.name == shown.rig.cell.name
    return same and header != shown


def said_of(recordings: Sequence[Recording]) -> str:
    """How many runs there are, and what differs between them."""
    count = "1 run" if len(recordings) == 1 else f"{len(recordings)} runs"
    title = f"“{recordings[-1].header.protocol.title}”"
    if len(recordings) == 1:
        return f"{count} of {title}: change something and record again to compare"
    what = [f"{name}: {_listed(values)}" for name, values in differing(recordings).items()]
    more = f"; and {len(what) - MOST_DIFFERENCES} more" if len(what) > MOST_DIFFERENCES else ""
    return f"{count} of {title}. " + ("; ".join(what[:MOST_DIFFERENCES]) + more if what else "They do not differ")


def differing(recordings: Sequence[Recording]) -> dict[str, list[object]]:
    """What is not the same in all runs, and its values in their order."""
    rigs = [dict(_leaves(recording.header.rig)) for recording in recordings]
    names = list(dict.fromkeys(name for rig in rigs for name in rig))
    values = {name: [rig.get(name) for rig in rigs] for name in names}
    return {_called(name): found for name, found in values.items() if any(v != found[0] for v in found)}


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every plain value of a description, by its dotted path."""
    if is_dataclass(value):
        for each in fields(value):
            yield from _leaves(getattr(value, each.name), f"{path}.{each.name}" if path else each.name)
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from _leaves(each, f"{path}.{getattr(each, 'name', number)}")
    else:
        yield path, value


def _called(path: str) -> str:
    parts = path.split(".")
    if parts[0] == "solutions" and len(parts) > 2:
        return axis(f"{parts[-2]}_{parts[-1]}")
    return ".".join(parts[-2:])


def _listed(values: Sequence[object]) -> str:
    texts = [minus(f"{value:g}") if isinstance(value, float) else str(value) for value in values]
    different = list(dict.fromkeys(texts))
    if len(different) <= FEW:
        return ", ".join(different)
    return f"{len(different)} values from {different[0]} to {different[-1]}"
