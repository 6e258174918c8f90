"""The pace of a run: simulated time against that of the clock. No Qt."""

import threading
import time
from collections.abc import Callable
from math import inf

MAX_LAG_S = 0.25


class Pacer:
    """Makes simulated time pass at `speed` × real time, and can pause it."""

    def __init__(self) -> None:
        self.speed = 1.0
        self._wake = threading.Event()
        self._paused = False
        self._anchor = (0.0, 0.0, 0.0)  # wall time in s, simulated time in ms, and their rate from there on

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

    @property
    def _rate(self) -> float:
        return 0.0 if self._paused else self.speed

    def restart(self) -> None:
        """Simulated time begins at 0 now."""
        self._anchor = (time.monotonic(), 0.0, self._rate)

    def wait_until(self, simulated_ms: float, stopped: Callable[[], bool]) -> None:
        """Return when this moment is due, or when `stopped`; lost time is not caught up."""
        while True:
            self._wake.clear()
            if stopped():
                return
            now, rate = time.monotonic(), self._rate
            wall, anchored, before = self._anchor
            reached = simulated_ms if before == inf else anchored + (now - wall) * 1000.0 * before
            if rate != before:
                self._anchor = (now, min(reached, simulated_ms), rate)
            if rate and reached >= simulated_ms:
                if reached - simulated_ms > MAX_LAG_S * 1000.0 * rate:
                    self._anchor = (now, simulated_ms, rate)
                return
            self._wake.wait(min((simulated_ms - reached) / 1000.0 / rate, 0.25) if rate else 0.25)
