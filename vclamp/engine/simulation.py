"""A cell under the clamp: its state, and how it moves along a protocol."""

import numpy as np
from numpy.typing import NDArray

from vclamp.engine import kernels
from vclamp.engine.compile import Curves, lower
from vclamp.model.protocol import Protocol, Stretch
from vclamp.model.rig import Rig

Array = NDArray[np.float64]

# A sample is solved in 1, 2, 4 ... 2^LEVELS steps, as many as the membrane's speed asks for.
LEVELS = 7
_SCRATCH = 4096


class Simulation:
    """The running cell: the only thing in the engine that changes.

    Its state holds at `sample`. A constant voltage in an ideal clamp leaves the state where
    the stretch began and reads every sample in closed form; everything else moves it along.
    """

    def __init__(self, rig: Rig, protocol: Protocol) -> None:
        self._dt_ms = 1.0 / protocol.fs_kHz
        self._hold_mV = protocol.hold_mV
        self._voltages = _levels(protocol)
        self._sample = 0
        self.error_mV = 0.0  # the largest error estimate of the solutions so far
        self._lowered = lower(rig)
        self._exact = self._lowered.curves(self._voltages)
        self._grid: Curves | None = None
        self._halves: Array | None = None
        # two solutions, coarse and fine; equal unless a series resistance separates them
        self._v = np.full(2, protocol.hold_mV)
        self._x = np.zeros((2, len(self._lowered.gates)))
        self.rest()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the rows that `play` writes."""
        return self._lowered.names

    @property
    def state(self) -> tuple[float, ...]:
        """Membrane voltage in mV, then every gate."""
        v_mV = self._v[1] + (self._v[1] - self._v[0]) / 3.0
        x = np.clip(self._x[1] + (self._x[1] - self._x[0]) / 3.0, 0.0, 1.0)
        return (float(v_mV), *map(float, x))

    def set_state(self, state: tuple[float, ...]) -> None:
        """Put the cell in a state at the start of a sweep."""
        self._v[:] = state[0]
        self._x[:] = state[1:]
        self._sample = 0

    def rest(self) -> None:
        """Put the cell in its steady state at the holding potential."""
        low = self._lowered
        if low.rig.amplifier.ideal:
            self.set_state((self._hold_mV, *self._exact.inf[self._column(self._hold_mV)]))
            return
        grid = self._tables()
        v_mV = kernels.rest_mV(self._hold_mV, grid.inf, grid.i_open_pA, low.gate_channel, low.gate_power, low.gs_nS)
        self.set_state((v_mV, *low.curves((v_mV,)).inf[0]))

    def set_rig(self, rig: Rig, command_mV: float) -> None:
        """Go on with another rig from the present state; gates that are new start settled."""
        before = dict(zip(self._lowered.gates, self.state[1:], strict=True))
        was_ideal = self._lowered.rig.amplifier.ideal
        v_mV = command_mV if was_ideal or rig.amplifier.ideal else self.state[0]
        self._lowered = lower(rig)
        self._exact = self._lowered.curves(self._voltages)
        self._grid = self._halves = None
        settled = self._lowered.curves((v_mV,)).inf[0]
        gates = [before.get(key, settled[n]) for n, key in enumerate(self._lowered.gates)]
        self._v = np.full(2, v_mV)
        self._x = np.array([gates, gates]).reshape(2, len(gates))

    def play(self, stretch: Stretch, first: int, last: int, values: Array) -> None:
        """Write samples [first, last) of a stretch; calls must follow one another."""
        low = self._lowered
        slope_mV = (stretch.end_mV - stretch.start_mV) / (stretch.last - stretch.first)
        if not low.rig.amplifier.ideal:
            self._play_resistive(stretch, slope_mV, first, last, values)
        elif slope_mV == 0.0:
            exact, row = self._exact, self._column(stretch.start_mV)
            kernels.play_constant(
                self._x[1], exact.inf[row], exact.rate_per_ms[row], low.gate_channel,
                low.gate_power, exact.i_open_pA[row], low.p_row, first - self._sample,
                self._dt_ms, stretch.start_mV, values, first, last,
            )  # fmt: skip
        else:
            grid = self._tables()
            kernels.play_line(
                self._x[1], grid.inf, np.square(self._decays()[0]), grid.i_open_pA, low.gate_channel,
                low.gate_power, low.p_row, stretch.start_mV, slope_mV,
                low.cm_pF * slope_mV / self._dt_ms, first - stretch.first, values, first, last,
            )  # fmt: skip
            self._x[0] = self._x[1]
            self._sample = last

    def settle(self, stretch: Stretch, sample: int) -> None:
        """Bring the state to a sample up to which the stretch was played."""
        if self._lowered.rig.amplifier.ideal:
            self._v[:] = stretch.end_mV if sample == stretch.last else stretch.start_mV
            self._relax(stretch.start_mV, sample - self._sample)
        self._sample = sample

    def wait(self, n_samples: int) -> None:
        """Live through some samples at holding without recording them."""
        if self._lowered.rig.amplifier.ideal:
            self._v[:] = self._hold_mV
            self._relax(self._hold_mV, n_samples)
            return
        scratch = np.empty((len(self.names), _SCRATCH))
        for done in range(0, n_samples, _SCRATCH):
            count = min(_SCRATCH, n_samples - done)
            still = Stretch(0, 0, count, self._hold_mV, self._hold_mV)
            self._play_resistive(still, 0.0, 0, count, scratch)

    def _relax(self, v_mV: float, n_samples: int) -> None:
        if n_samples:  # 0 where the state was moved along already
            row = self._column(v_mV)
            left = np.exp(-n_samples * self._dt_ms * self._exact.rate_per_ms[row])
            inf = self._exact.inf[row]
            self._x[:] = inf + (self._x[1] - inf) * left

    def _play_resistive(self, stretch: Stretch, slope_mV: float, first: int, last: int, values: Array) -> None:
        low, grid = self._lowered, self._tables()
        error_mV = kernels.play_resistive(
            self._v, self._x, grid.inf, self._decays(), grid.i_open_pA, low.gate_channel,
            low.gate_power, low.p_row, stretch.start_mV, slope_mV, self._dt_ms, low.gs_nS,
            low.cm_pF, first - stretch.first, values, first, last,
        )  # fmt: skip
        self.error_mV = max(self.error_mV, error_mV)
        self._sample = last

    def _tables(self) -> Curves:
        if self._grid is None:
            self._grid = self._lowered.curves()
        return self._grid

    def _decays(self) -> Array:
        """exp(-h/tau) for h = half of a sample, of half a sample, ... : (LEVELS + 1, grid, gates)."""
        if self._halves is None:
            rate_per_ms = self._tables().rate_per_ms
            halves = np.empty((LEVELS + 1, *rate_per_ms.shape))
            halves[LEVELS] = np.exp(-self._dt_ms / 2 / 2**LEVELS * rate_per_ms)
            for level in range(LEVELS, 0, -1):
                np.square(halves[level], out=halves[level - 1])
            self._halves = halves
        return self._halves

    def _column(self, v_mV: float) -> int:
        return self._voltages.index(v_mV)


def _levels(protocol: Protocol) -> tuple[float, ...]:
    """Every voltage the protocol stays at, holding first."""
    flat = [
        stretch.start_mV
        for sweep in range(protocol.n_sweeps)
        for stretch in protocol.stretches(sweep)
        if stretch.start_mV == stretch.end_mV
    ]
    return tuple(dict.fromkeys([protocol.hold_mV, *flat]))
