"""How long it is until the next sweep, where a protocol waits between them."""

from time import monotonic

from PySide6.QtCore import QObject, QTimer, Signal

from vclamp.model.protocol import Protocol
from vclamp.model.record import Header, Sweep
from vclamp.ui.bridge import Bridge

TELL_MS = 100
WORTH_TELLING_S = 0.3
MOST_SPEED = 1e9  # in place of one that is infinite


class Countdown(QObject):
    """Tells ten times a second how long a run still waits; its timer runs only meanwhile."""

    waiting = Signal(float)  # seconds of real time until the next sweep begins; 0 when it does

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._protocol: Protocol | None = None
        self._left_ms = 0.0  # of simulated time
        self._told_s = 0.0
        self._timer = QTimer(self, interval=TELL_MS)
        self._timer.timeout.connect(self._tell)
        bridge.started.connect(self._begin)
        bridge.sweep_done.connect(self._wait)
        bridge.grew.connect(lambda _: self._end())
        bridge.ended.connect(lambda _: self._end())

    @property
    def active(self) -> bool:
        """Whether it counts."""
        return self._timer.isActive()

    def _begin(self, header: Header) -> None:
        self._protocol = header.protocol
        self._count(header.protocol.series.first_delay_ms)

    def _wait(self, sweep: Sweep) -> None:
        protocol = self._protocol
        if protocol is not None and sweep.index + 1 < protocol.total_sweeps:
            self._count(max(protocol.interval_ms - protocol.period_ms(sweep.index), 0.0))

    def _count(self, ms: float) -> None:
        self._left_ms, self._told_s = ms, monotonic()
        if ms >= 1000.0 * WORTH_TELLING_S * self._bridge.speed:
            self._timer.start()
            self._tell()

    def _tell(self) -> None:
        now_s = monotonic()
        if not self._bridge.running:
            self._end()
            return
        if not self._bridge.paused:
            self._left_ms -= (now_s - self._told_s) * 1000.0 * min(self._bridge.speed, MOST_SPEED)
        self._told_s = now_s
        self.waiting.emit(max(self._left_ms / 1000.0 / self._bridge.speed, 0.0))
        if self._left_ms <= 0.0:
            self._timer.stop()

    def _end(self) -> None:
        if self._timer.isActive():
            self._timer.stop()
            self.waiting.emit(0.0)
