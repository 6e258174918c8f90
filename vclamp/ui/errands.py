"""Slow work that says how far it is, one piece after the other, each of which can be given up."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Timer
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from vclamp.errors import CancelledError, VClampError
from vclamp.ui.newest import Beside

LOOK_MS = 60
PATIENCE_S = 0.3  # before it is worth a word
Progress = Callable[[float], None]


@dataclass(eq=False)
class Errand:
    """One piece of work; its thread calls `progress`, which ends it if the user wants no more of it."""

    title: str
    task: Callable[[Progress], Any]
    then: Callable[[Any], None]
    done: float = 0.0
    cancelled: bool = False
    begun_s: float = 0.0

    def progress(self, done: float) -> None:
        """Hear the fraction that is done."""
        self.done = done
        if self.cancelled:
            raise CancelledError

    def carry_out(self) -> Any:
        """In a thread: the result, a VClampError, or a CancelledError."""
        try:
            return self.task(self.progress)
        except (VClampError, CancelledError) as error:
            return error


class Errands(QObject):
    """A queue of them; `then` hears each result in the window's thread, but for what was cancelled."""

    changed = Signal()  # another errand, or it is further
    cancelled = Signal(str)  # its title

    def __init__(self, beside: Beside, parent: QObject) -> None:
        super().__init__(parent)
        self._beside = beside
        self._waiting: deque[Errand] = deque()
        self._now: Errand | None = None
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.changed)

    @property
    def now(self) -> Errand | None:
        """What is under way, once it takes long."""
        now = self._now
        return now if now is not None and monotonic() - now.begun_s > PATIENCE_S else None

    @property
    def n_waiting(self) -> int:
        """How many come after it."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self._now is not None

    def add(self, title: str, task: Callable[[Progress], Any], then: Callable[[Any], None]) -> None:
        """Do this beside the window, after what was asked for earlier."""
        self._waiting.append(Errand(title, task, then))
        self._begin()

    def cancel(self) -> None:
        """Give up what is under way."""
        if self._now is not None:
            self._now.cancelled = True

    def leave(self, after_s: float) -> None:
        """Begin nothing more, and give up what is under way a while later: nothing half written is to stay."""
        self._waiting.clear()
        self._timer.stop()
        if self._now is not None:
            timer = Timer(after_s, self.cancel)
            timer.daemon = True
            timer.start()

    def _begin(self) -> None:
        if self._now is not None or not self._waiting:
            return
        errand = self._now = self._waiting.popleft()
        errand.begun_s = monotonic()
        self._timer.start()
        self._beside(errand.carry_out, lambda found: self._end(errand, found))

    def _end(self, errand: Errand, found: Any) -> None:
        self._now = None
        self._timer.stop()
        self._begin()
        self.changed.emit()
        if isinstance(found, CancelledError):
            self.cancelled.emit(errand.title)
        else:
            errand.then(found)
