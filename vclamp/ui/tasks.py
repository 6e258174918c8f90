"""Threads for what would hold up the window. No Qt."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

TURN_S, USUAL_S = 0.0005, 0.005  # of Python's threads
_sharing: list[None] = []  # one for each who asked for short turns


@contextmanager
def short_turns() -> Iterator[None]:
    """While something slow is done in pure Python: a paint waits for hundreds of turns, which may add up to seconds."""
    _sharing.append(None)
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        _sharing.pop()
        sys.setswitchinterval(TURN_S if _sharing else USUAL_S)


class Tasks:
    """Does every task in a thread of its own; one that is free takes the next, as starting another takes a while."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._n_free = 0

    def do(self, task: Callable[[], None]) -> None:
        """Begin a task, which may not raise."""
        with self._lock:
            if self._n_free:
                self._n_free -= 1
            else:
                self.threads.append(threading.Thread(target=self._work, name="vclamp-task", daemon=True))
                self.threads[-1].start()
        self._waiting.put(task)

    def end(self) -> None:
        """Let the threads end, each after what it does now."""
        for _ in self.threads:
            self._waiting.put(None)

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None:
            with short_turns():
                task()
            del task  # with all that it worked on, which may be large
            with self._lock:
                self._n_free += 1
