"""The thread that runs protocols: paces them, saves every sweep, and previews edits. No Qt."""

import gc
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from vclamp.errors import VClampError
from vclamp.model.protocol import Hold, Protocol
from vclamp.model.record import Chunk, Event, Finished, Header, Sweep
from vclamp.model.rig import Rig
from vclamp.ui.keeper import Begun, Keeper, Saved, Unsaved
from vclamp.ui.pacer import Pacer
from vclamp.ui.tasks import short_turns

if TYPE_CHECKING:
    from vclamp.run.runner import Inbox

CHUNK_WALL_MS = 4.0
LONGEST_CHUNK_MS, MOST_CHUNK_MS = 100.0, 60_000.0  # to begin with, and where little is computed in so long
SHORT_S, LONG_S = 0.002, 0.01  # of a chunk, so that even the fastest run can be stopped
HEAD_START_S = 2.0
PATIENCE_S = 0.3  # with a preview that is out of date, and with a window that does not take one
MAX_PREVIEW_SAMPLES = 2_000_000


@dataclass(frozen=True)
class Compiling:
    """The engine is being compiled, as once on every machine: so many of its kernels are."""

    done: int
    total: int


@dataclass(frozen=True)
class Ready:
    """The engine is loaded."""


@dataclass(frozen=True)
class Trouble:
    """Something a user must know; the program goes on."""

    message: str


@dataclass(frozen=True)
class Preview:
    """A family as it would be with the rig of now; not recorded."""

    header: Header
    sweeps: tuple[Sweep, ...]


@dataclass(frozen=True)
class Rest:
    """The cell at rest at holding: a sweep of one sample."""

    rig: Rig
    sweep: Sweep


@dataclass(frozen=True)
class Done:
    """A task beside the engine has ended: give its result to `then`."""

    then: Callable[[object], None]
    result: object


@dataclass(frozen=True)
class Answered:
    """An order was carried out, well or not; all it had to say was said before."""


Message = Event | Compiling | Ready | Begun | Saved | Unsaved | Trouble | Preview | Rest | Done | Answered


class _Play:
    """A run or preview from its order to its end; what it is told before it begins is not lost."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.stopped = False
        self.began_s = inf
        self._inbox: Inbox | None = None

    def change(self, rig: Rig) -> None:
        """Go on with this rig, or begin with it."""
        self.rig = rig
        if self._inbox is not None:
            self._inbox.put(rig)

    def stop(self) -> None:
        """End it, or let it not begin."""
        self.stopped = True
        if self._inbox is not None:
            self._inbox.stop()

    def begin(self, chunk_ms: float) -> "Inbox":
        """The inbox to run with; from now on it hears what is said."""
        from vclamp.run.runner import Inbox

        self._inbox = Inbox(chunk_ms)
        self.began_s = time.monotonic()
        if self.stopped:
            self._inbox.stop()
        return self._inbox


class Wishes:
    """The newest wish for a preview; the next is not carried out before the last one was seen, or for long."""

    def __init__(self) -> None:
        self._newest: deque[tuple[Rig, Protocol]] = deque(maxlen=1)
        self._seen = threading.Event()
        self._seen.set()

    def put(self, rig: Rig, protocol: Protocol) -> None:
        """Wish for this instead of what was wished for before."""
        self._newest.append((rig, protocol))

    def forget(self) -> None:
        """Wish for nothing."""
        self._newest.clear()
        self._seen.set()

    def take(self) -> tuple[Rig, Protocol] | None:
        """The newest wish, once the last preview was seen; None if an earlier order has carried it out."""
        if self._newest:
            self._seen.wait(PATIENCE_S)
        try:
            return self._newest.pop()
        except IndexError:
            return None

    def made(self) -> None:
        """A preview is on its way to the window."""
        self._seen.clear()

    def seen(self) -> None:
        """It has come there."""
        self._seen.set()


class Worker:
    """One thread that takes orders and puts what it has to say into a deque."""

    def __init__(self, messages: deque[Message], folder: Path) -> None:
        self.pacer = Pacer()
        self._messages = messages
        self.keeper = Keeper(folder, self.say)
        self._asked: deque[tuple[Callable[[Keeper], object], Callable[[object], None]]] = deque()
        self._orders: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.wishes = Wishes()
        self._playing: _Play | None = None
        self._previewing: _Play | None = None
        self.ordered = 1  # to load the engine
        self._closing = False
        self._go = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="vclamp-engine", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Load the engine now; it waits a while for this, so that the window is drawn first."""
        self._go.set()

    def run(self, rig: Rig, protocol: Protocol, seed: int, *, save: bool) -> None:
        """Run a protocol after what is under way; a preview that still is ends."""
        self._end_preview(older_than_s=0.0)
        play = self._playing = _Play(rig)
        self.pacer.pause(False)
        self._order(lambda: self._run(play, protocol, seed, save))

    def change(self, rig: Rig) -> None:
        """Go on with this rig in the run that was ordered last."""
        if self._playing is not None:
            self._playing.change(rig)

    def preview(self, rig: Rig, protocol: Protocol) -> None:
        """Compute what the family would look like, at least rest; only the newest wish, and a slow one is given up."""
        self._end_preview(older_than_s=PATIENCE_S)
        self.wishes.put(rig, protocol)
        self._order(self._preview)

    def _end_preview(self, *, older_than_s: float) -> None:
        if self._previewing is not None and time.monotonic() - self._previewing.began_s > older_than_s:
            self._previewing.stop()

    def rest(self, rig: Rig, protocol: Protocol) -> None:
        """Find the cell at rest at holding."""
        self._order(lambda: self._rest(rig, protocol))

    def stop(self) -> None:
        """End the run that was ordered last."""
        if self._playing is not None:
            self._playing.stop()
        self.pacer.wake()

    def forget(self) -> None:
        """End the run and whatever preview is under way or wished for."""
        self.stop()
        self.wishes.forget()
        if self._previewing is not None:
            self._previewing.stop()

    def ask_keeper(self, act: Callable[[Keeper], object], then: Callable[[object], None]) -> None:
        """Have the keeper do something, also in the middle of a run, and pass on what comes of it."""
        self._asked.append((act, then))
        self._order(self._ask_keeper)
        self.pacer.wake()

    def close(self, timeout_s: float, tasks: Sequence[threading.Thread] = ()) -> bool:
        """End everything; False if the thread, or one of the tasks beside it, did not end in time."""
        from vclamp.storage.aside import give_up

        until = time.monotonic() + timeout_s
        self._closing = True
        self._go.set()
        self.forget()
        self._orders.put(None)
        give_up()  # a foreign file may take a minute
        self._thread.join(timeout_s)
        saved = not self._thread.is_alive() and self.keeper.saver.close(max(until - time.monotonic(), 0.0))
        for thread in tasks:
            thread.join(max(until - time.monotonic(), 0.0))
        if saved:
            self._ask_keeper()  # a note that was written last
            self.keeper.close()  # after the tasks: a file that one of them still reads keeps its side files
        return saved and not any(thread.is_alive() for thread in tasks)

    def _order(self, order: Callable[[], None]) -> None:
        self.ordered += 1
        self._orders.put(order)

    def say(self, message: Message) -> None:
        """Tell the window."""
        self._messages.append(message)

    def _loop(self) -> None:
        self._go.wait(HEAD_START_S)
        with short_turns():
            self._load()
        self.say(Answered())
        while (order := self._next()) is not None and not self._closing:
            try:
                order()
            except VClampError as error:
                self.say(Trouble(str(error)))
            except Exception as error:  # the window must hear of it, and the thread live on
                self.say(Trouble(f"internal error: {type(error).__name__}: {error}"))
            self.say(Answered())

    def _next(self) -> Callable[[], None] | None:
        """The next order; while there is none, what the first fit needs is loaded, and what lies idle is given back."""
        if self._orders.empty():
            from scipy import optimize, special  # noqa: F401

            from vclamp.run.footprint import let_go_of_the_compiler, trim

            let_go_of_the_compiler()
            trim()
        return self._orders.get()

    def _load(self) -> None:
        from vclamp.engine import cache

        gc.disable()  # collecting the hundred thousands of objects of a compiler stops it for 0.1 s
        try:
            cache.warm_up_aside(lambda *parts: self.say(Compiling(*parts)) or not self._closing)
            if self._closing:
                return
            cache.load()
            from vclamp.ui.scopes.layer import load_raster

            load_raster()
            if not cache.is_warm():
                self.say(Trouble(str(cache.cannot_keep())))
            import numpy.ma  # noqa: F401  (which numba wants of the first trace that is drawn)
        except Exception as error:  # without an engine there is nothing else to say
            self.say(Trouble(f"the engine does not start: {type(error).__name__}: {error}"))
            return
        finally:
            gc.freeze()
            gc.enable()
        self.say(Ready())

    def _run(self, play: _Play, protocol: Protocol, seed: int, save: bool) -> None:
        if play.stopped:
            self.say(Finished("stopped", "stopped before it began"))
            return
        keeping = False
        try:
            from vclamp.run.runner import run

            longest_ms = LONGEST_CHUNK_MS
            inbox = play.begin(longest_ms)
            self._set_chunk(inbox, longest_ms)
            self.pacer.restart()
            began_s = time.monotonic()
            for event in run(play.rig, protocol, seed=seed, inbox=inbox):
                if isinstance(event, Chunk):
                    longest_ms = _longest_ms(longest_ms, event, protocol, time.monotonic() - began_s)
                    moment_ms = _begins_ms(protocol, event.sweep)
                    self.pacer.wait_until(moment_ms + event.last / protocol.fs_kHz, lambda: self._is_over(inbox))
                    self._set_chunk(inbox, longest_ms)
                if save and not isinstance(event, Chunk):
                    keeping = True
                    self._keep(event)
                self.say(event)
                began_s = time.monotonic()
        except Exception as error:  # whatever fails, the window must not wait for ever
            finished = Finished("failed", f"internal error: {type(error).__name__}: {error}")
            if keeping:
                self._keep(finished)
            self.say(finished)

    def _keep(self, event: Event) -> None:
        """Sweeps are saved while the next one runs; a run is not over before all of them are."""
        if isinstance(event, Sweep):
            self.keeper.saver.put(lambda: self.keeper.hear(event))
        else:
            self.keeper.saver.wait()
            self.keeper.hear(event)

    def _is_over(self, inbox: "Inbox") -> bool:
        """Whether the run is to end; what was asked of the keeper meanwhile is done."""
        self._ask_keeper()
        return inbox.stopped

    def _ask_keeper(self) -> None:
        while self._asked:
            self.keeper.saver.wait()  # one thread at a time uses the keeper
            act, then = self._asked.popleft()
            try:
                self.say(Done(then, act(self.keeper)))
            except VClampError as error:
                self.say(Done(then, error))
            except Exception as error:  # what is asked of the keeper must end no run
                self.say(Done(then, VClampError(f"internal error: {error!r}")))

    def _set_chunk(self, inbox: "Inbox", longest_ms: float) -> None:
        inbox.chunk_ms = min(CHUNK_WALL_MS * self.pacer.speed, longest_ms)

    def _preview(self) -> None:
        from vclamp.run.runner import run

        wish = self.wishes.take()
        if wish is None:
            return
        rig, protocol = wish
        if sum(map(protocol.n_samples, range(protocol.total_sweeps))) > MAX_PREVIEW_SAMPLES:
            self._rest(rig, protocol)
            return
        play = self._previewing = _Play(rig)
        chunk_ms = (20.0 if rig.amplifier.ideal else 1.0) * LONGEST_CHUNK_MS
        header, *events = (e for e in run(rig, protocol, inbox=play.begin(chunk_ms)) if not isinstance(e, Chunk))
        if events[-1].reason == "failed":
            raise VClampError(events[-1].message)
        if not play.stopped:
            self.wishes.made()
            self.say(Preview(header, tuple(events[:-1])))

    def _rest(self, rig: Rig, protocol: Protocol) -> None:
        from vclamp.run.runner import record

        still = Protocol(
            name="rest", segments=(Hold(duration_ms=1.0 / protocol.fs_kHz),), n_sweeps=1,
            hold_mV=protocol.hold_mV, fs_kHz=protocol.fs_kHz,
        )  # fmt: skip
        self.say(Rest(rig, record(rig, still).sweeps[0]))


def _longest_ms(longest_ms: float, chunk: Chunk, protocol: Protocol, took_s: float) -> float:
    """How long chunks may be from now on: longer if a whole one took next to nothing."""
    whole = (chunk.last - chunk.first) / protocol.fs_kHz > 0.9 * longest_ms
    if took_s < SHORT_S and whole:
        return min(2.0 * longest_ms, MOST_CHUNK_MS)
    return max(0.5 * longest_ms, LONGEST_CHUNK_MS) if took_s > LONG_S else longest_ms


def _begins_ms(protocol: Protocol, sweep: int) -> float:
    """When a sweep begins, from the start of the run."""
    return protocol.series.first_delay_ms + sweep * max(protocol.interval_ms, protocol.period_ms(sweep))
