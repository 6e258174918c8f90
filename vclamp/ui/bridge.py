"""Between the worker's thread and the window: one deque, one timer."""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.record import Chunk, Finished, Header, Sweep
from vclamp.model.rig import Rig
from vclamp.ui.keeper import Begun, Keeper, Saved, Unsaved
from vclamp.ui.tasks import Tasks
from vclamp.ui.worker import CHUNK_WALL_MS, Answered, Compiling, Done, Message, Preview, Ready, Rest, Trouble, Worker

if TYPE_CHECKING:
    from vclamp.storage.session import Session

FRAME_MS = 17  # as often as a screen of 60 Hz shows
ANSWER_MS = 2  # while nothing runs, an edit is answered within a frame
HEARD_MS = int(2 * CHUNK_WALL_MS) + 1  # until a run shows an edit: the chunk under way, and the next
DRAIN_S = 0.012  # of a frame; the rest is for painting
_OF_A_RIG = (Header, Chunk, Sweep, Finished, Preview, Rest)
_SIGNALS = {
    Compiling: "compiling", Header: "started", Chunk: "grew", Sweep: "sweep_done", Finished: "ended",
    Begun: "begun", Saved: "saved", Unsaved: "unsaved", Preview: "previewed", Rest: "rested",
}  # fmt: skip
_ONLY_THE_NEWEST = (Chunk, Preview, Rest, Compiling)  # of those that come in one frame


class Bridge(QObject):
    """Passes orders to the worker, and its messages on to the window, in the window's thread.

    A timer drains the deque and passes on only the newest of a sweep's chunks and of
    previews, so that each scope paints once a frame; it runs only while there is something to wait for. The worker
    answers orders one after the other, so counting its answers tells what a message belongs to.
    """

    compiling = Signal(object)  # Compiling
    ready = Signal()
    started = Signal(object)  # Header
    grew = Signal(object)  # the newest Chunk
    sweep_done = Signal(object)  # Sweep
    ended = Signal(object)  # Finished
    begun = Signal(object)  # Begun
    saved = Signal(object)  # Saved
    unsaved = Signal(object)  # Unsaved
    previewed = Signal(object)  # Preview
    rested = Signal(object)  # Rest
    trouble = Signal(str)
    answered = Signal()  # an order

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._messages: deque[Message] = deque()
        self._folder = folder
        self._worker = Worker(self._messages, folder)
        self._timer = QTimer(self, interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.drain)
        self._answered = 0  # orders of the worker's
        self._forgotten = 0  # orders whose messages nobody wants any more
        self._tasks = Tasks()
        self._undone = 0  # tasks
        self._changed = False  # the run, since the last frame
        self.running = False
        self._timer.start()

    def begin(self) -> None:
        """The window is drawn: load the engine."""
        self._worker.begin()

    @property
    def speed(self) -> float:
        """Simulated over real time; infinite is as fast as it can."""
        return self._worker.pacer.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._worker.pacer.speed = speed
        self._worker.pacer.wake()

    @property
    def busy(self) -> bool:
        """Whether something is still to be answered."""
        return self._answered < self._worker.ordered or self._undone > 0 or bool(self._messages)

    @property
    def answering(self) -> bool:
        """Whether an edit is still to be answered; a run takes any number of them."""
        return not self.running and self._answered < self._worker.ordered

    @property
    def paused(self) -> bool:
        """Whether the run stands still."""
        return self.running and self._worker.pacer.paused

    def run(self, rig: Rig, protocol: Protocol, seed: int, *, save: bool) -> None:
        """Start a run."""
        self.running = True
        self._worker.run(rig, protocol, seed, save=save)
        self._listen(FRAME_MS)

    def pause(self, paused: bool) -> None:
        """Hold the run still, or let it go on."""
        self._worker.pacer.pause(paused)

    def stop(self) -> None:
        """End the run."""
        self._worker.stop()

    def forget(self) -> None:
        """End the run and all previews, and pass on nothing more of them."""
        self._worker.forget()
        self._forgotten = self._worker.ordered
        self.running = False

    def change(self, rig: Rig, protocol: Protocol, *, preview: bool) -> None:
        """The rig was changed: tell the run, or show what would be: the family, or the cell at rest."""
        if self.running:
            self._worker.change(rig)
            if not self._changed:  # the next frame comes when it has something to show
                self._changed = True
                self._timer.start(HEARD_MS)
            return
        (self._worker.preview if preview else self._worker.rest)(rig, protocol)
        self._listen(ANSWER_MS)

    @property
    def folder(self) -> Path:
        """Where recordings are kept."""
        return self._folder

    @property
    def n_unsaved(self) -> int:
        """Sweeps that could not be saved so far."""
        return self._worker.keeper.n_unsaved

    def ask_keeper(self, act: Callable[[Keeper], object], then: Callable[[object], None]) -> None:
        """Have what keeps the runs do something, also in the middle of a run."""
        self._undone += 1
        self._worker.ask_keeper(act, then)
        self._listen(FRAME_MS)

    def amend(self, path: Path, change: Callable[["Session"], Any], then: Callable[[object], None]) -> None:
        """Change what a session file says of its runs; one change after the other, as a file has one writer."""
        self.ask_keeper(lambda keeper: keeper.amend(path, change), then)

    def beside(self, task: Callable[[], object], then: Callable[[object], None]) -> None:
        """Do something slow in a thread of its own, then hand its result to the window; nothing once it is closed."""
        if self._timer.signalsBlocked():
            return

        def work() -> None:
            try:
                self._messages.append(Done(then, task()))
            except VClampError as error:
                self._messages.append(Done(then, error))
            except Exception as error:  # a failed task must not end as a silent thread
                self._messages.append(Done(then, VClampError(f"internal error: {error!r}")))

        self._undone += 1
        self._tasks.do(work)
        self._listen(FRAME_MS)

    def close(self, timeout_s: float = 3.0) -> bool:
        """End all threads; False if one did not end in time. Nothing more is done beside the window, or passed on."""
        self._timer.stop()
        self._timer.blockSignals(True)
        self._tasks.end()
        return self._worker.close(timeout_s, self._tasks.threads)

    def drain(self) -> None:
        """Pass on what was said since the last frame, as far as there is time in this one."""
        if self._changed:
            self._changed = False
            self._timer.start(FRAME_MS)
        newest: dict[type, Message] = {}
        until = time.monotonic() + DRAIN_S
        while self._messages and time.monotonic() < until:
            message = self._messages.popleft()
            if isinstance(message, Preview):
                self._worker.wishes.seen()  # the next is made while this one is drawn
            if self._answered < self._forgotten and isinstance(message, _OF_A_RIG):
                continue
            kind = type(message)
            if kind in _ONLY_THE_NEWEST and not _other_sweep(newest.get(kind), message):
                newest[kind] = message
                continue
            if kind is not Answered:
                self._pass_all_on(newest)
            self._pass_on(message)
        self._pass_all_on(newest)
        if not self.busy:
            self._timer.stop()

    def _listen(self, every_ms: int) -> None:
        """Let the timer run; to start it anew at every edit would put it off for as long as a slider is dragged."""
        if self._timer.interval() != every_ms:
            self._timer.setInterval(every_ms)
        if not self._timer.isActive():
            self._timer.start()

    def _pass_all_on(self, messages: dict[type, Message]) -> None:
        for message in messages.values():
            self._pass_on(message)
        messages.clear()

    def _pass_on(self, message: Message) -> None:
        match message:
            case Ready():
                self.ready.emit()
            case Answered():
                self._answered += 1
                self.answered.emit()
            case Done():
                self._undone -= 1
                message.then(message.result)
            case Trouble():
                self.trouble.emit(message.message)
            case _:
                self.running = self.running and not isinstance(message, Finished)
                getattr(self, _SIGNALS[type(message)]).emit(message)


def _other_sweep(before: Message | None, message: Message) -> bool:
    return isinstance(before, Chunk) and isinstance(message, Chunk) and before.sweep != message.sweep
