"""From the amplifier's output to the disk: noise is added, then the filter, then the converter."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import ceil

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray

from vclamp.engine.kernels import recorder as kernels
from vclamp.model.rig import Rig
from vclamp.physics import filters

Array = NDArray[np.float64]

_BLOCK = 4096
_NOISE = 0x4E01  # keeps its streams apart from whatever else is drawn from a run's seed
_MEMORY_PER_fc = 2.0  # after 2/fc a filter has forgotten its past but for 4e-6
_LONGEST_PAST = 100_000
_SLOWEST_PER_fs = 1e-9  # a corner so far below the sampling rate lets nothing through in any sweep


@dataclass(frozen=True)
class _Settings:
    """What a rig asks of the chain at a sampling rate; None or 0 is a part that is off."""

    bessel: filters.BesselSteps | None
    past: int  # samples that the filter remembers
    white_pA: float
    rs_pA: float
    rs_leak: float
    converter: Callable[[Array], Array] | None


class RecordingChain:
    """The recorder of a rig while a sweep runs; it costs nothing where it is off or the clamp is of the current.

    Noise depends on the seed and the sweep alone, not on the order in which sweeps are made,
    nor on how a sweep is cut into chunks.
    """

    def __init__(self, rig: Rig, dt_ms: float) -> None:
        self._dt_ms = dt_ms
        self._settings = _settings(rig, dt_ms)
        self.begin(0, 0)

    @property
    def on(self) -> bool:
        """Whether it changes anything."""
        return self._settings is not None

    def begin(self, seed: int, sweep: int, chance: int = 0) -> None:
        """A sweep starts: the filter has seen its first sample for ever, and noise, another by each chance."""
        self._key = (seed, sweep, chance) if chance else (seed, sweep)
        self._streams: tuple[Generator, Generator] | None = None
        self._capacitor = np.zeros(1)
        self._modes = np.zeros(2, complex)
        self._settled = False

    def adopt(self, rig: Rig) -> None:
        """Go on with another rig from the next sample; a filter that was off starts from there."""
        before, self._settings = self._settings, _settings(rig, self._dt_ms)
        if before is None or before.bessel is None:
            self._settled = False

    def record(self, current_pA: Array) -> None:
        """Make the next samples of the sweep, in place, what is recorded of them.

        Parameters
        ----------
        current_pA : array, shape (n_samples,), contiguous
        """
        todo = self._settings
        if todo is None or not current_pA.size:
            return
        if not self._settled:
            self._settle(todo, current_pA[0])
        for first in range(0, current_pA.size, _BLOCK):
            block = current_pA[first : first + _BLOCK]
            self._pass(todo, block)
            if todo.converter is not None:
                block[:] = todo.converter(block)

    def _settle(self, todo: _Settings, first_pA: float) -> None:
        """Let the filter have seen this current for ever, with as much noise as it remembers."""
        self._modes[:] = first_pA
        if todo.bessel is not None and todo.white_pA:
            self._pass(todo, np.full(todo.past, first_pA))
        self._settled = True

    def _pass(self, todo: _Settings, current_pA: Array) -> None:
        """Add noise, and filter."""
        if todo.white_pA:
            white, rs = self._open_streams()
            current_pA += todo.white_pA * white.standard_normal(current_pA.size)
            if todo.rs_pA:
                normal = rs.standard_normal(current_pA.size)
                kernels.add_rs_noise(current_pA, normal, self._capacitor, todo.rs_pA, todo.rs_leak)
        if (bessel := todo.bessel) is not None:
            kernels.filter_bessel(current_pA, self._modes, bessel.direct, bessel.leak, bessel.share)

    def _open_streams(self) -> tuple[Generator, Generator]:
        """The sweep's random numbers: for the resistors, and for R_s with C_m, which starts charged at random."""
        if self._streams is None:
            white, rs = (Generator(SFC64(SeedSequence(self._key, spawn_key=(_NOISE, source)))) for source in range(2))
            self._capacitor[0] = rs.standard_normal()
            self._streams = (white, rs)
        return self._streams


def _settings(rig: Rig, dt_ms: float) -> _Settings | None:
    """What a rig asks for; None if it records whatever comes."""
    recorder = rig.amplifier.recorder
    if not recorder.on or rig.amplifier.clamps_current:
        return None
    bessel, past, band_kHz = None, 0, 0.5 / dt_ms
    if recorder.filter_kHz > 0.0:
        fc_kHz = max(recorder.filter_kHz, _SLOWEST_PER_fs / dt_ms)
        bessel = filters.bessel_steps(fc_kHz=fc_kHz, fs_kHz=1.0 / dt_ms)
        past = ceil(min(_MEMORY_PER_fc / (fc_kHz * dt_ms), _LONGEST_PAST))
        # so wide that what leaves the filter has the analogue power, also where slow sampling folds it
        band_kHz = filters.bessel_noise_bandwidth() * fc_kHz / bessel.noise_gain
    white_pA, rs_pA, rs_leak = _noise(rig, band_kHz) if recorder.noise else (0.0, 0.0, 0.0)
    converter = None
    if recorder.bits:
        scale = {"range_V": recorder.range_V, "gain_mV_per_pA": recorder.gain_mV_per_pA}
        converter = partial(filters.digitised_pA, bits=recorder.bits, **scale)
    return _Settings(bessel, past, white_pA, rs_pA, rs_leak, converter)


def _noise(rig: Rig, band_kHz: float) -> tuple[float, float, float]:
    """Rms of the white noise of seal and feedback resistor, then what makes that of R_s with C_m."""
    amplifier, temperature_K = rig.amplifier, rig.solutions.temperature_K
    parallel_MOhm = 1000.0 / (1.0 / amplifier.recorder.seal_GOhm + 1.0 / amplifier.feedback_GOhm)
    white_pA = filters.thermal_noise_pA(parallel_MOhm, band_kHz, temperature_K)
    if amplifier.rs_MOhm == 0.0:
        return white_pA, 0.0, 0.0
    return white_pA, *filters.rs_cm_steps(amplifier.rs_MOhm, rig.cell.cm_pF, band_kHz, temperature_K)
