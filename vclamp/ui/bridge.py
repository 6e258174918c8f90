"""Between the worker's thread and the window: one deque, one timer."""

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.record import Chunk, Finished, Header, Sweep
from vclamp.model.rig import Rig
from vclamp.ui.worker import Done, Message, Preview, Ready, Rest, Saved, Trouble, Worker

FRAME_MS = 16


class Bridge(QObject):
    """Passes orders to the worker, and its messages on to the window, in the window's thread.

    A 16 ms timer drains the deque and passes on only the newest of a sweep's chunks, so that
    each scope paints once a frame; it runs only while there is something to wait for.
    """

    ready = Signal()
    started = Signal(object)  # Header
    grew = Signal(object)  # the newest Chunk
    sweep_done = Signal(object)  # Sweep
    ended = Signal(object)  # Finished
    saved = Signal(object)  # Saved
    previewed = Signal(object)  # Preview
    rested = Signal(object)  # Rest
    trouble = Signal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._messages: deque[Message] = deque()
        self._worker = Worker(self._messages, folder)
        self._timer = QTimer(self, interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.drain)
        self._waiting_for = 1  # for Ready
        self.running = False
        self._tasks: list[threading.Thread] = []
        self._timer.start()

    @property
    def speed(self) -> float:
        """Simulated over real time; infinite is as fast as it can."""
        return self._worker.pacer.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._worker.pacer.speed = speed
        self._worker.pacer.wake()

    @property
    def paused(self) -> bool:
        """Whether the run stands still."""
        return self.running and self._worker.pacer.paused

    def run(self, rig: Rig, protocol: Protocol, seed: int, *, save: bool) -> None:
        """Start a run."""
        self.running = True
        self._expect(1)
        self._worker.run(rig, protocol, seed, save=save)

    def pause(self, paused: bool) -> None:
        """Hold the run still, or let it go on."""
        self._worker.pacer.pause(paused)

    def stop(self) -> None:
        """End the run."""
        self._worker.stop()

    def change(self, rig: Rig, protocol: Protocol, *, preview: bool) -> None:
        """The rig was changed: tell the run, or show what would be."""
        if self.running:
            self._worker.change(rig)
            return
        if preview:
            self._worker.preview(rig, protocol)
        self._worker.rest(rig, protocol)
        self._expect(1)

    def beside(self, task: Callable[[], object], then: Callable[[object], None]) -> None:
        """Do something slow in a thread of its own, then hand its result to the window."""

        def work() -> None:
            try:
                self._messages.append(Done(then, task()))
            except VClampError as error:
                self._messages.append(Done(then, error))
            except Exception as error:  # a failed task must not end as a silent thread
                self._messages.append(Done(then, VClampError(f"internal error: {error!r}")))

        self._expect(1)
        thread = threading.Thread(target=work, name="vclamp-task", daemon=True)
        self._tasks.append(thread)
        thread.start()

    def close(self, timeout_s: float = 3.0) -> bool:
        """End all threads; False if one did not end in time."""
        self._timer.stop()
        ended = self._worker.close(timeout_s)
        for thread in self._tasks:
            thread.join(timeout_s)
            ended = ended and not thread.is_alive()
        return ended

    def drain(self) -> None:
        """Pass on everything said since the last frame."""
        newest: Chunk | None = None
        while self._messages:
            message = self._messages.popleft()
            if isinstance(message, Chunk):
                if newest is not None and newest.sweep != message.sweep:
                    self.grew.emit(newest)
                newest = message
                continue
            if newest is not None:
                self.grew.emit(newest)
                newest = None
            self._pass_on(message)
        if newest is not None:
            self.grew.emit(newest)
        if self._waiting_for <= 0 and not self._messages:
            self._timer.stop()

    def _expect(self, answers: int) -> None:
        self._waiting_for += answers
        self._timer.start()

    def _pass_on(self, message: Message) -> None:
        match message:
            case Header():
                self.started.emit(message)
            case Sweep():
                self.sweep_done.emit(message)
            case Finished():
                self.running = False
                self._waiting_for -= 1
                self.ended.emit(message)
            case Saved():
                self.saved.emit(message)
            case Preview():
                self.previewed.emit(message)
            case Rest():
                self._waiting_for -= 1
                self.rested.emit(message)
            case Ready():
                self._waiting_for -= 1
                self.ready.emit()
            case Done():
                self._waiting_for -= 1
                message.then(message.result)
            case Trouble():
                self.trouble.emit(message.message)
