"""Run a protocol on a rig: a plain generator that knows no clock, thread, file or window."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import takewhile

from vclamp import __version__
from vclamp.engine.simulation import Simulation
from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.record import (
    Change,
    Event,
    Finished,
    Header,
    Recording,
    Sweep,
    trace_names,
)
from vclamp.model.rig import Rig
from vclamp.run.memory import PIECE_VALUES, Memory
from vclamp.run.sweeps import SweepPlayer, bring_to_start, play_family

MAX_BYTES = 2 * 1024**3
MOST_AT_ONCE = 1000  # sweeps
_BYTES_PER_VALUE = 8
_BYTES_TO_DRAW = 4  # the window keeps a copy in single precision
_SWEEPS_UNDER_WAY = 3  # copies of one sweep: while it is solved, recorded, and written to the disk
_SMALL_BYTES = 64 * 1024**2  # what needs no more is not asked about at every preview


class Inbox:
    """What may be said to a running generator, from any thread; heard at the next chunk border.

    `chunk_ms` may be changed at any time: results do not depend on it.
    """

    def __init__(self, chunk_ms: float = float("inf")) -> None:
        self.chunk_ms = chunk_ms
        self._rigs: deque[Rig] = deque(maxlen=1)
        self._stopped = False

    def put(self, rig: Rig) -> None:
        """Go on with this rig; an earlier one not yet taken is forgotten."""
        self._rigs.append(rig)

    def stop(self) -> None:
        """End the run; the unfinished sweep is dropped."""
        self._stopped = True

    @property
    def stopped(self) -> bool:
        """Whether the run was told to end."""
        return self._stopped

    def take(self, sweep: int, sample: int) -> Rig | None:
        """The newest rig, once."""
        try:
            return self._rigs.pop()
        except IndexError:
            return None

    def sweeps_at_once(self, duration_ms: float) -> int:
        """How many sweeps of a duration fit into a chunk: nothing is heard while they are played."""
        return 1 if self._rigs else max(1, int(min(self.chunk_ms / duration_ms, MOST_AT_ONCE)))

    def next_border(self, sweep: int, sample: int, dt_ms: float) -> int:
        """The sample at which the chunk that starts at `sample` ends."""
        chunk = self.chunk_ms / dt_ms
        return sample + max(1, round(chunk)) if chunk < 1e9 else 2**62


class Script(Inbox):
    """An inbox that says again what was said in a recorded run."""

    def __init__(self, changes: tuple[Change, ...], chunk_ms: float = float("inf")) -> None:
        super().__init__(chunk_ms)
        self._changes = {(change.sweep, change.sample): change.rig for change in changes}

    def take(self, sweep: int, sample: int) -> Rig | None:
        """The rig that was taken at this sample."""
        return self._changes.get((sweep, sample))

    def sweeps_at_once(self, duration_ms: float) -> int:
        """One, where there is something to say."""
        return 1 if self._changes else super().sweeps_at_once(duration_ms)

    def next_border(self, sweep: int, sample: int, dt_ms: float) -> int:
        """The usual border, or the next recorded change."""
        changes = [s for (k, s) in self._changes if k == sweep and s > sample]
        return min([super().next_border(sweep, sample, dt_ms), *changes])


def run(rig: Rig, protocol: Protocol, *, seed: int = 0, inbox: Inbox | None = None) -> Iterator[Event]:
    """Run a protocol and say what happens: Header, Chunk…, Sweep, Chunk…, Sweep, Finished.

    Parameters
    ----------
    rig, protocol : Rig, Protocol
        What to run; the same values give the same traces bit for bit.
    seed : int
        Seed of everything random, kept in the header.
    inbox : Inbox, optional
        Changes of the rig while it runs, each recorded to the sample, and the order to stop.
    """
    inbox = inbox or Inbox()
    yield Header(rig, protocol, seed, __version__)
    try:
        check_size(rig, protocol)
        yield from _sweeps(rig, protocol, seed, inbox)
    except VClampError as error:
        yield Finished("failed", str(error))
    except Exception as error:  # whatever it is, the run's reader must hear of it
        yield Finished("failed", f"internal error: {type(error).__name__}: {error}")


def record(
    rig: Rig,
    protocol: Protocol,
    *,
    seed: int = 0,
    inbox: Inbox | None = None,
    progress: Callable[[float], None] | None = None,
) -> Recording:
    """Run a protocol to its end and keep everything; `progress` is told the fraction that is done.

    Raises
    ------
    VClampError
        If the run fails.
    """
    header, sweeps, finished = Header(rig, protocol, seed, __version__), [], Finished("completed")
    for event in run(rig, protocol, seed=seed, inbox=inbox):
        if isinstance(event, Sweep):
            sweeps.append(event)
            if progress is not None:
                progress(len(sweeps) / protocol.total_sweeps)
        elif isinstance(event, Finished):
            finished = event
    if finished.reason == "failed":
        raise VClampError(finished.message)
    return Recording(header, tuple(sweeps), finished)


def replay(
    recording: Recording, *, chunk_ms: float = float("inf"), progress: Callable[[float], None] | None = None
) -> Recording:
    """Run a recording's rig and protocol again, with its changes, as far as it went; its sweeps are kept.

    Of a part of a run in which the cell lives on between sweeps, changes in sweeps that were left out are missed.
    `progress` is told the fraction that is done.

    Raises
    ------
    VClampError
        If another program made the recording, or the run fails.
    """
    if recording.foreign:
        raise VClampError(
            "was recorded by another program: there is nothing to run again",
            where=recording.about.source,
            remedy="Run its protocol on a cell of your own, and compare.",
        )
    if not recording.sweeps:
        return recording
    header, wanted = recording.header, {sweep.index for sweep in recording.sweeps}
    last, sweeps = max(wanted), []
    for event in run(header.rig, header.protocol, seed=header.seed, inbox=Script(_changes(recording), chunk_ms)):
        if isinstance(event, Finished) and event.reason == "failed":
            raise VClampError(event.message)
        if isinstance(event, Sweep):
            if event.index in wanted:
                sweeps.append(event)
            if progress is not None:
                progress((event.index + 1) / (last + 1))
            if event.index >= last:
                break
    return replace(recording, sweeps=tuple(sweeps))


def _changes(recording: Recording) -> tuple[Change, ...]:
    """All changes that its sweeps tell of; for one in a sweep that was left out stands one in the sweep before."""
    found, rig = [], recording.header.rig
    for sweep in recording.sweeps:
        if sweep.rig != rig:
            found.append(Change(sweep.index - 1, 0, sweep.rig))
        found += sweep.changes
        rig = sweep.changes[-1].rig if sweep.changes else sweep.rig
    return tuple(found)


def check_size(rig: Rig, protocol: Protocol) -> None:
    """Refuse a run whose traces are more than one recording should hold, or more than there is memory for.

    Raises
    ------
    VClampError
        With what it needs, the limit or what is free, and how to shrink it.
    """
    lengths, n_traces = [protocol.n_samples(k) for k in range(protocol.n_sweeps)], len(trace_names(rig, protocol))
    n_samples = sum(lengths) * protocol.series.repeats
    size = n_samples * n_traces * _BYTES_PER_VALUE
    shrink = "use fewer sweeps, shorter segments, or a lower fs_kHz."
    if size > MAX_BYTES:
        raise VClampError(
            f"{n_samples:,} samples would take {size / 1024**3:.1f} GB",
            where=protocol.name,
            remedy=f"At most {MAX_BYTES / 1024**3:g} GB are allowed: {shrink}",
        )
    drawn = n_samples * n_traces * _BYTES_TO_DRAW
    needed = size + drawn + _SWEEPS_UNDER_WAY * max(lengths) * n_traces * _BYTES_PER_VALUE
    if needed > _SMALL_BYTES and needed > (free := _free_bytes()):
        raise VClampError(
            f"{n_samples:,} samples of {n_traces} traces need {needed / 1024**2:,.0f} MB of memory, "
            f"and {free / 1024**2:,.0f} MB are free",
            where=protocol.name,
            remedy=f"Close other programs, or {shrink}",
        )


def _free_bytes() -> int:
    """Memory that can be had without swapping."""
    import psutil

    return int(psutil.virtual_memory().available)


def _sweeps(rig: Rig, protocol: Protocol, seed: int, inbox: Inbox) -> Iterator[Event]:
    simulation, index = Simulation(rig, protocol, seed), 0
    lengths = tuple(map(protocol.n_samples, range(protocol.n_sweeps))) * protocol.series.repeats
    n_rows = len(trace_names(rig, protocol))
    memory = Memory(n_rows * sum(lengths))
    while index < len(lengths):
        length, many = lengths[index], 1
        if protocol.between == "rested" and simulation.repeats and not protocol.plays_more:
            alike = sum(1 for _ in takewhile(length.__eq__, lengths[index:]))
            room = max(1, PIECE_VALUES // (n_rows * length))
            many = min(alike, room, inbox.sweeps_at_once(protocol.duration_ms(index)))
        values = memory.take(many * n_rows, length)
        if many > 1:
            done = yield from play_family(simulation, rig, index, values.reshape(many, n_rows, length), inbox)
        else:
            if index:
                bring_to_start(simulation, protocol, index)
            sweep = SweepPlayer(simulation, protocol, index, rig, values)
            done = yield from sweep.play(inbox)
            rig = sweep.rig
        index += done
        if done < many:
            yield Finished("stopped", f"stopped in sweep {index + 1}")
            return
    yield Finished("completed")
