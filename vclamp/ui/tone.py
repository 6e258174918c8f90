"""The tone of a seal test: its pitch falls as the resistance rises. Silent where the system plays no sound."""

import shutil
from math import log10

import numpy as np
from PySide6.QtCore import QObject, QProcess

RATE_Hz = 22_050
LOW_Hz, HIGH_Hz = 110.0, 1760.0
LOW_MOhm, HIGH_MOhm = 1.0, 10_000.0  # a pipette in the bath, and a good seal
LOUD = 6000  # of 32 767
_PLAYERS = (
    ("pw-cat", "-p", "--raw", "--rate", str(RATE_Hz), "--channels", "1", "--format", "s16", "-"),
    ("paplay", "--raw", f"--rate={RATE_Hz}", "--channels=1", "--format=s16le"),
    ("aplay", "-q", "-t", "raw", "-f", "S16_LE", "-r", str(RATE_Hz), "-c", "1"),
)


def pitch_Hz(r_MOhm: float) -> float:
    """The pitch of a resistance, from four octaves' worth of them."""
    share = log10(min(max(r_MOhm, LOW_MOhm), HIGH_MOhm) / LOW_MOhm) / log10(HIGH_MOhm / LOW_MOhm)
    return float(HIGH_Hz * (LOW_Hz / HIGH_Hz) ** share)


class Tone(QObject):
    """Feeds a player of the system's, if there is one, with a piece of tone for every test."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command = next((list(player) for player in _PLAYERS if shutil.which(player[0])), None)
        self._player: QProcess | None = None
        self._phase = 0.0

    @property
    def can_sound(self) -> bool:
        """Whether the system has a player."""
        return self._command is not None

    def sound(self, r_MOhm: float, lasts_s: float) -> None:
        """Go on for a while at the pitch of a resistance; the wave has no break."""
        if self._command is None:
            return
        if self._player is None:
            self._player = QProcess(self)
            self._player.start(self._command[0], self._command[1:])
        steps = 2.0 * np.pi * pitch_Hz(r_MOhm) / RATE_Hz * np.arange(1, round(lasts_s * RATE_Hz) + 1)
        wave = (LOUD * np.sin(self._phase + steps)).astype("<i2")
        self._phase = float((self._phase + steps[-1]) % (2.0 * np.pi))
        self._player.write(wave.tobytes())

    def stop(self) -> None:
        """Be silent."""
        if self._player is not None:
            self._player.kill()
            self._player.waitForFinished(200)
            self._player.deleteLater()
            self._player = None
