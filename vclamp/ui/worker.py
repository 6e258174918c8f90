"""The thread that runs protocols: paces them, saves every sweep, and previews edits. No Qt."""

import gc
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from vclamp.errors import VClampError
from vclamp.model.protocol import Hold, Protocol
from vclamp.model.record import Chunk, Event, Finished, Header, Sweep
from vclamp.model.rig import Rig

if TYPE_CHECKING:
    from vclamp.run.runner import Inbox
    from vclamp.storage.session import Session

CHUNK_WALL_MS = 4.0
MAX_LAG_S = 0.1
SHARING_S = 0.0005
MAX_PREVIEW_SAMPLES = 2_000_000


@dataclass(frozen=True)
class Ready:
    """The engine is loaded."""


@dataclass(frozen=True)
class Saved:
    """A sweep is on disk."""

    path: Path
    sweep: int


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


Message = Event | Ready | Saved | Trouble | Preview | Rest | Done


class Pacer:
    """Makes simulated time pass at `speed` × real time, and can pause it."""

    def __init__(self) -> None:
        self.speed = 1.0
        self._wake = threading.Event()
        self._paused = False
        self._anchor = (0.0, 0.0, 1.0)

    @property
    def paused(self) -> bool:
        """Whether time stands still."""
        return self._paused

    def pause(self, paused: bool) -> None:
        """Stop or go on."""
        self._paused = paused
        self._wake.set()

    def wake(self) -> None:
        """End any waiting at once."""
        self._wake.set()

    def restart(self) -> None:
        """Simulated time begins at 0 now."""
        self._paused = False
        self._anchor = (time.monotonic(), 0.0, self.speed)

    def wait_until(self, simulated_ms: float, stopped: Callable[[], bool]) -> None:
        """Return when this moment is due, or when `stopped`; lost time is not caught up."""
        while not stopped():
            self._wake.clear()
            now = time.monotonic()
            wall, simulated, speed = self._anchor
            due = wall + (simulated_ms - simulated) / 1000.0 / speed
            if self._paused or speed != self.speed or now - due > MAX_LAG_S:
                reached = min(simulated_ms, simulated + (now - wall) * 1000.0 * speed)
                late = now - due > MAX_LAG_S
                self._anchor = (now, simulated_ms if late else reached, self.speed)
                if not self._paused:
                    continue
                self._wake.wait(0.25)
            elif due > now:
                self._wake.wait(min(due - now, 0.25))
            else:
                return


class Worker:
    """One thread that takes orders and puts what it has to say into a deque."""

    def __init__(self, messages: deque[Message], folder: Path) -> None:
        self.pacer = Pacer()
        self._messages = messages
        self._folder = folder
        self._orders: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._preview: tuple[Rig, Protocol] | None = None
        self._inbox: Inbox | None = None
        self._session: Session | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._loop, name="vclamp-engine", daemon=True)
        self._thread.start()

    def run(self, rig: Rig, protocol: Protocol, seed: int, *, save: bool) -> None:
        """Run a protocol after what is under way."""
        self._orders.put(lambda: self._run(rig, protocol, seed, save))

    def change(self, rig: Rig) -> None:
        """Go on with this rig if something runs."""
        if self._inbox is not None:
            self._inbox.put(rig)

    def preview(self, rig: Rig, protocol: Protocol) -> None:
        """Compute what the family would look like; only the newest wish is carried out."""
        idle = self._preview is None
        self._preview = (rig, protocol)
        if idle:
            self._orders.put(self._carry_out_preview)

    def rest(self, rig: Rig, protocol: Protocol) -> None:
        """Find the cell at rest at holding."""
        self._orders.put(lambda: self._rest(rig, protocol))

    def stop(self) -> None:
        """End the run under way."""
        if self._inbox is not None:
            self._inbox.stop()
        self.pacer.wake()

    def close(self, timeout_s: float) -> bool:
        """End everything; False if the thread did not end in time."""
        self._closing = True
        self.stop()
        self._orders.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _say(self, message: Message) -> None:
        self._messages.append(message)

    def _loop(self) -> None:
        self._load()
        while (order := self._orders.get()) is not None and not self._closing:
            try:
                order()
            except VClampError as error:
                self._say(Trouble(str(error)))
            except Exception as error:  # the window must hear of it, and the thread live on
                self._say(Trouble(f"internal error: {type(error).__name__}: {error}"))
        if self._session is not None:
            self._session.close()

    def _load(self) -> None:
        from vclamp.engine import cache

        interval_s = sys.getswitchinterval()
        sys.setswitchinterval(SHARING_S)  # importing is pure Python: let the window have its turns
        gc.disable()  # collecting the hundred thousands of objects of a compiler stops it for 0.1 s
        try:
            cache.warm_up_aside()
            if self._closing:
                return
            cache.load()
            from vclamp.ui.scopes.trace_item import load_raster

            load_raster()
            cache.mark_warm()
            import scipy.optimize
            import scipy.special  # noqa: F401  (so that the first fit finds it loaded)
        except Exception as error:  # without an engine there is nothing else to say
            self._say(Trouble(f"the engine does not start: {type(error).__name__}: {error}"))
            return
        finally:
            gc.freeze()
            gc.enable()
            sys.setswitchinterval(interval_s)
        self._say(Ready())

    def _run(self, rig: Rig, protocol: Protocol, seed: int, save: bool) -> None:
        from vclamp.run.runner import Inbox, run

        inbox = self._inbox = Inbox()
        self.pacer.restart()
        recorder = _Recorder(self, protocol) if save else None
        try:
            if self._closing:
                return
            self._set_chunk(inbox)
            for event in run(rig, protocol, seed=seed, inbox=inbox):
                if isinstance(event, Chunk):
                    moment_ms = event.sweep * _period_ms(protocol, event.sweep)
                    self.pacer.wait_until(moment_ms + event.last / protocol.fs_kHz, lambda: inbox.stopped)
                    self._set_chunk(inbox)
                if recorder is not None:
                    recorder.hear(event)
                self._say(event)
        except Exception as error:  # whatever fails, the window must not wait for ever
            self._say(Finished("failed", f"internal error: {type(error).__name__}: {error}"))
        finally:
            self._inbox = None

    def _set_chunk(self, inbox: "Inbox") -> None:
        speed = self.pacer.speed
        inbox.chunk_ms = inf if speed == inf else CHUNK_WALL_MS * speed

    def session(self) -> "Session":
        """The session file of this sitting, made when the first run is saved."""
        if self._session is None:
            from vclamp.storage.session import Session, new_session_path

            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise VClampError(
                    f"recordings cannot be kept there ({error.strerror})", where=str(self._folder)
                ) from None
            self._session = Session.create(new_session_path(self._folder), exclusive=False)
        return self._session

    def _carry_out_preview(self) -> None:
        from vclamp.run.runner import Inbox, run

        wish, self._preview = self._preview, None
        if wish is None or sum(map(wish[1].n_samples, range(wish[1].n_sweeps))) > MAX_PREVIEW_SAMPLES:
            return
        header, sweeps = None, []
        inbox = self._inbox = Inbox()
        try:
            for event in run(*wish, inbox=inbox):
                if isinstance(event, Header):
                    header = event
                elif isinstance(event, Sweep):
                    sweeps.append(event)
                elif isinstance(event, Finished) and event.reason == "failed":
                    raise VClampError(event.message)
        finally:
            self._inbox = None
        if header is not None and not inbox.stopped:
            self._say(Preview(header, tuple(sweeps)))

    def _rest(self, rig: Rig, protocol: Protocol) -> None:
        from vclamp.run.runner import record

        still = Protocol(
            name="rest", segments=(Hold(duration_ms=1.0 / protocol.fs_kHz),), n_sweeps=1,
            hold_mV=protocol.hold_mV, fs_kHz=protocol.fs_kHz,
        )  # fmt: skip
        self._say(Rest(rig, record(rig, still).sweeps[0]))


class _Recorder:
    """Keeps a run in the session file; trouble with the disk never stops the run."""

    def __init__(self, worker: Worker, protocol: Protocol) -> None:
        self._worker = worker
        self._protocol = protocol
        self._run: int | None = None

    def hear(self, event: Event) -> None:
        """Keep what is to be kept; a sweep is committed before it is passed on."""
        try:
            if isinstance(event, Header):
                self._run = self._worker.session().add_run(event)
            elif self._run is None:
                return
            elif isinstance(event, Sweep):
                session = self._worker.session()
                session.add_sweep(self._run, event)
                self._worker._say(Saved(session.path, event.index))
            elif isinstance(event, Finished):
                self._worker.session().finish_run(self._run, event)
        except VClampError as error:
            self._worker._say(Trouble(f"not saved: {error}"))


def _period_ms(protocol: Protocol, sweep: int) -> float:
    """Start-to-start time of the sweeps."""
    return max(protocol.interval_ms, protocol.duration_ms(sweep))
