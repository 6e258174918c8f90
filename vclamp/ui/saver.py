"""Saving beside a run: the disk may be slow without holding up the next sweep. No Qt."""

import threading
from collections.abc import Callable
from queue import Queue

MOST_WAITING = 3  # sweeps; then the run waits for the disk, rather than fill the memory


class Saver:
    """Carries out tasks in their order, in a thread that begins with the first of them.

    Whoever calls `wait` has what the tasks use for itself until it puts another one.
    """

    def __init__(self) -> None:
        self._tasks: Queue[Callable[[], object] | None] = Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None

    def put(self, task: Callable[[], object]) -> None:
        """Do this after what was asked for before."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="vclamp-saver", daemon=True)
            self._thread.start()
        self._tasks.put(task)

    def wait(self) -> None:
        """Return when everything is done."""
        self._tasks.join()

    def close(self, timeout_s: float) -> bool:
        """Do what is left and end; False if that takes longer. Nobody puts anything meanwhile."""
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _loop(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                if task is None:
                    return
                task()
            finally:
                del task  # with its sweep
                self._tasks.task_done()
