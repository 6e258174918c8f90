"""Work that would hold up the window, done beside it: the newest wish only, one at a time."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

AFTER_MS = 80  # curves let the traces be painted first, and follow them often enough for the eye
READ_MS = 200  # nobody reads numbers faster
NAME_MS, NAME_AT_LATEST_MS = 150, 2000  # names look for new places once the lines they are written on stand still

Task = Callable[[], Any]
Then = Callable[[Any], None]
Beside = Callable[[Task, Then], None]


class Newest:
    """Carries out wishes beside the window; of those that come meanwhile only the last."""

    def __init__(self, beside: Beside) -> None:
        self._beside = beside
        self._next: tuple[Task, Then] | None = None
        self._round = 0  # results of earlier ones are not wanted any more
        self.busy = False

    def wish(self, task: Task, then: Then) -> None:
        """Have something done, and its result, or a VClampError, passed on in the window's thread."""
        self._next = (task, then)
        if not self.busy:
            self._begin()

    def forget(self) -> None:
        """Pass on nothing of what was wished for so far."""
        self._next = None
        self._round += 1

    def _begin(self) -> None:
        assert self._next is not None
        (task, then), self._next = self._next, None
        self.busy, number = True, self._round
        self._beside(task, lambda found: self._done(number, then, found))

    def _done(self, number: int, then: Then, found: object) -> None:
        self.busy = False
        if self._next is not None:
            self._begin()
        if number == self._round:
            then(found)


class OneByOne:
    """Passes on what comes faster than it is answered: the newest, once the one before is answered."""

    def __init__(self, busy: Callable[[], bool], tell: Callable[..., object]) -> None:
        self._busy, self._tell = busy, tell
        self._next: tuple[Any, ...] | None = None

    def ask(self, *what: object) -> None:
        """Something came."""
        self._next = what
        if not self._busy():
            self.pass_on()

    def pass_on(self) -> None:
        """Keep nothing back any longer."""
        if self._next is not None:
            what, self._next = self._next, None
            self._tell(*what)


class Kept:
    """What was last made of something, for as long as it is asked of the same thing in the same way."""

    def __init__(self) -> None:
        self._last: tuple[object, object, Any] = (None, None, None)

    def made(self, thing: object, way: object, make: Task) -> Any:
        """What `make` gives, made anew only if this is another thing or another way."""
        last = self._last
        if last[0] is thing and last[1] == way:
            return last[2]
        found = make()
        self._last = (thing, way, found)
        return found


class Soon(QTimer):
    """Says when it is time to catch up: a moment later, once for all that comes in it, and never while it is `busy`.

    It is active until all that came is caught up with.
    """

    due = Signal()

    def __init__(self, interval_ms: int, busy: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent, interval=interval_ms)
        self._busy = busy
        self._wanted = False
        self.timeout.connect(self._look)

    def ask(self) -> None:
        """Something came."""
        self._wanted = True
        if not self.isActive():
            self.start()

    def settled(self) -> None:
        """All is caught up with: what was asked for is not wanted any more."""
        self._wanted = False

    def _look(self) -> None:
        if self._busy():
            return
        if not self._wanted:
            self.stop()
            return
        self._wanted = False
        self.due.emit()


class Now(QTimer):
    """Says at once that something came, and of what comes soon after only now and then."""

    due = Signal()

    def __init__(self, interval_ms: int, parent: QObject) -> None:
        super().__init__(parent, interval=interval_ms)
        self._wanted = False
        self.timeout.connect(self._look)

    def ask(self) -> None:
        """Something came."""
        if self.isActive():
            self._wanted = True
        else:
            self.start()
            self.due.emit()

    def _look(self) -> None:
        if self._wanted:
            self._wanted = False
            self.due.emit()
        else:
            self.stop()


class Quiet(QTimer):
    """Says when nothing has come for a while, or once it has waited long enough."""

    due = Signal()

    def __init__(self, quiet_ms: int, at_latest_ms: int, parent: QObject) -> None:
        super().__init__(parent, interval=quiet_ms, singleShot=True)
        self._at_latest_s, self._until_s = 1e-3 * at_latest_ms, 0.0
        self.timeout.connect(self.due)

    def ask(self) -> None:
        """Something came."""
        if not self.isActive():
            self._until_s = monotonic() + self._at_latest_s
        if not self.isActive() or monotonic() < self._until_s:
            self.start()

    def settled(self) -> None:
        """What came was seen to."""
        self.stop()


class Following(QObject):
    """Says when to draw what follows from the traces: curves once they are painted, numbers when one can read them.

    Names of lines come last.
    """

    soon = Signal()
    later = Signal()
    at_last = Signal()

    def __init__(self, busy: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._timers = (
            Soon(AFTER_MS, busy, self), Soon(READ_MS, lambda: False, self), Quiet(NAME_MS, NAME_AT_LATEST_MS, self),
        )  # fmt: skip
        for timer, due in zip(self._timers, (self.soon, self.later, self.at_last), strict=True):
            timer.due.connect(due)

    @property
    def active(self) -> bool:
        """Whether anything is still to be drawn."""
        return any(timer.isActive() for timer in self._timers)

    def ask(self) -> None:
        """Other traces are on show."""
        for timer in self._timers:
            timer.ask()

    def settled(self) -> None:
        """All is drawn."""
        for timer in self._timers:
            timer.settled()
