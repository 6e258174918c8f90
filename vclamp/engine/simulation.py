"""A cell under the clamp: its state, and how it moves along a protocol."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vclamp.engine import kernels
from vclamp.engine.compile import lower
from vclamp.engine.inside import Inside
from vclamp.model.gating import GRID_mV
from vclamp.model.ions import Solutions
from vclamp.model.protocol import Protocol, Stretch
from vclamp.model.rig import Rig

Array = NDArray[np.float64]

# A sample is solved in 1, 2, 4 ... 2^LEVELS steps, as many as the membrane's speed asks for.
LEVELS = 7
_SCRATCH = 4096


@dataclass
class _Tables:
    """What the kernels read, at the protocol's levels (`exact`) or on the grid; made when first needed."""

    inf: Array
    rate_per_ms: Array
    i_open_pA: Array
    moves: Array  # (1 or LEVELS + 1, n, squares)
    flow: Array
    halves: Array | None = None  # (LEVELS + 1, n, gates)


class Simulation:
    """The running cell: the only thing in the engine that changes.

    Its state holds at `sample`. A constant voltage in an ideal clamp leaves the gates where
    the stretch began and reads every sample in closed form; everything else moves along.
    """

    def __init__(self, rig: Rig, protocol: Protocol) -> None:
        self._dt_ms = 1.0 / protocol.fs_kHz
        self._hold_mV = protocol.hold_mV
        self._voltages = _levels(protocol)
        self._sample = 0
        self.error_mV = 0.0  # the largest error estimate of the solutions so far
        self._rest_state: tuple[float, ...] | None = None
        self._adopt(rig)
        self._v = np.array([protocol.hold_mV])
        self.rest()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the rows that `play` writes."""
        return self._lowered.names

    @property
    def state(self) -> tuple[float, ...]:
        """Membrane voltage in mV, then every gate, every scheme's state, and what the inside holds."""
        return (float(self._v[0]), *map(float, self._x), *map(float, self._s), *self._inside.state)

    def set_state(self, state: tuple[float, ...]) -> None:
        """Put the cell in a state at the start of a sweep."""
        n, m = 1 + self._x.size, 1 + self._x.size + self._s.size
        self._v[:] = state[0]
        self._x[:] = state[1:n]
        self._s[:] = state[n:m]
        self._inside.state = state[m:]
        self._refresh_currents()
        self._sample = 0

    def rest(self) -> None:
        """Put the cell in its steady state at the holding potential; in current clamp, without current."""
        if self._rest_state is None:
            self._rest_state = self._find_rest()
        self.set_state(self._rest_state)

    def _find_rest(self) -> tuple[float, ...]:
        low = self._lowered
        self._inside = Inside(low, self._dt_ms)
        self._refresh_currents()
        v_mV = self._hold_mV
        if not low.rig.amplifier.ideal:
            ionic_pA = (low.steady_openings()[:, low.path_opening] * self._on_grid().i_open_pA).sum(axis=1)
            v_mV = _nearest_rest_mV(v_mV, low.clamp[0] * (v_mV - GRID_mV) - ionic_pA)
        x, s = low.relaxation((v_mV,))[0][0], low.occupancies((v_mV,))[0]
        return (v_mV, *x, *s, *self._inside.state)

    def set_rig(self, rig: Rig, command_mV: float) -> None:
        """Go on with another rig from the present state; gates and states that are new start settled."""
        old, state, inside = self._lowered, self.state, self._inside
        before = dict(zip(old.keys, state[1:], strict=False))
        stays_at_command = old.rig.amplifier.ideal or rig.amplifier.ideal
        v_mV = command_mV if stays_at_command and not rig.amplifier.clamps_current else state[0]
        self._adopt(rig)
        low = self._lowered
        self._inside.keep(inside)
        settled = (*low.relaxation((v_mV,))[0][0], *low.occupancies((v_mV,))[0])
        same = {key for key in low.keys if key in before}
        whole = {name for name, _ in low.keys if all(key in same for key in low.keys if key[0] == name)}
        values = [before[key] if key[0] in whole else settled[n] for n, key in enumerate(low.keys)]
        sample = self._sample
        self.set_state((v_mV, *values, *self._inside.state))
        self._sample = sample

    def play(self, stretch: Stretch, first: int, last: int, values: Array) -> None:
        """Write samples [first, last) of a stretch; calls must follow one another."""
        while first < last:  # as far as the inside stays as it is
            border = self._inside.border(first, last)
            self._play(stretch, first, border, values)
            self._inside.write(values, first, border)
            if self._inside.advance(border - first):
                self._refresh_currents()
            first = border

    def settle(self, stretch: Stretch, sample: int) -> None:
        """Bring the state to a sample up to which the stretch was played."""
        if self._lowered.rig.amplifier.ideal:
            self._v[:] = stretch.end_mV if sample == stretch.last else stretch.start_mV
            self._relax(stretch.start_mV, sample - self._sample)
        self._sample = sample

    def wait(self, n_samples: int) -> None:
        """Live through some samples at holding without recording them."""
        low = self._lowered
        if low.rig.amplifier.ideal and not self._inside.follows:
            self._v[:] = self._hold_mV
            self._relax(self._hold_mV, n_samples)
            if n_samples:
                move = low.moves((self._hold_mV,), n_samples * self._dt_ms)[0, 0]
                first = 0
                for a, b in zip(low.gating[3], low.gating[3][1:], strict=False):
                    size = (b - a) ** 2
                    self._s[a:b] = self._s[a:b] @ move[first : first + size].reshape(b - a, b - a)
                    first += size
            return
        scratch = np.empty((len(self.names), _SCRATCH))
        for done in range(0, n_samples, _SCRATCH):
            count = min(_SCRATCH, n_samples - done)
            still = Stretch(0, 0, count, self._hold_mV, self._hold_mV)
            self._sample = 0
            self.play(still, 0, count, scratch)
            self.settle(still, count)

    def _play(self, stretch: Stretch, first: int, last: int, values: Array) -> None:
        low, slope_mV = self._lowered, (stretch.end_mV - stretch.start_mV) / (stretch.last - stretch.first)
        if not low.rig.amplifier.ideal:
            grid = self._on_grid()
            error_mV = kernels.play_membrane(
                self._v, self._x, self._s, grid.inf, self._halves(), grid.moves, grid.flow, grid.i_open_pA,
                low.gating, low.rows, low.path_opening, low.state_charge_fC, self._inside.charge_fC,
                stretch.start_mV, slope_mV, self._dt_ms, *low.clamp,
                first - stretch.first, values, first, last,
            )  # fmt: skip
            self.error_mV = max(self.error_mV, error_mV)
            self._sample = last
        elif slope_mV == 0.0:
            exact, row = self._at_levels(), self._voltages.index(stretch.start_mV)
            kernels.play_constant(
                self._x, exact.inf[row], exact.rate_per_ms[row], self._s, exact.moves[0, row],
                exact.flow[row], exact.i_open_pA[row], low.gating, low.rows, low.path_opening,
                self._inside.charge_fC, first - self._sample, self._dt_ms, stretch.start_mV, values, first, last,
            )  # fmt: skip
        else:
            grid = self._on_grid()
            kernels.play_line(
                self._x, self._s, grid.inf, self._halves()[0], grid.moves[0], grid.flow, grid.i_open_pA,
                low.gating, low.rows, low.path_opening, self._inside.charge_fC, stretch.start_mV, slope_mV,
                low.rig.cell.cm_pF * slope_mV / self._dt_ms, self._dt_ms, first - stretch.first, values, first, last,
            )  # fmt: skip
            self._sample = last

    def _relax(self, v_mV: float, n_samples: int) -> None:
        """Move the gates along a constant voltage that was played, or waited for."""
        if n_samples:  # 0 where they were moved along already
            exact, row = self._at_levels(), self._voltages.index(v_mV)
            left = np.exp(-n_samples * self._dt_ms * exact.rate_per_ms[row])
            self._x[:] = exact.inf[row] + (self._x - exact.inf[row]) * left

    def _adopt(self, rig: Rig) -> None:
        """Take a rig; tables are made when needed."""
        low = self._lowered = lower(rig)
        self._inside = Inside(low, self._dt_ms)
        self._rest_state = None
        self._exact: _Tables | None = None
        self._grid: _Tables | None = None
        self._x = np.zeros(low.n_gates)
        self._s = np.zeros(low.state_charge_fC.size)

    def _at_levels(self) -> _Tables:
        if self._exact is None:
            low, voltages = self._lowered, self._voltages
            i_open = low.currents(voltages, self._solutions())
            moves = low.moves(voltages, self._dt_ms)
            self._exact = _Tables(*low.relaxation(voltages), i_open, moves, low.flow(voltages))
        return self._exact

    def _on_grid(self) -> _Tables:
        if self._grid is None:
            low = self._lowered
            moves = low.moves(None, self._dt_ms / 2, LEVELS + 1)
            self._grid = _Tables(*low.relaxation(), low.currents(None, self._solutions()), moves, low.flow())
        return self._grid

    def _refresh_currents(self) -> None:
        """Make the open currents anew for what the inside holds now."""
        if self._inside.follows:
            solutions = self._solutions()
            for tables, voltages in ((self._exact, self._voltages), (self._grid, None)):
                if tables is not None:
                    tables.i_open_pA = self._lowered.currents(voltages, solutions)

    def _solutions(self) -> Solutions:
        return self._inside.solutions

    def _halves(self) -> Array:
        """exp(-h/tau) for h = half of a sample, of half a sample, ... : (LEVELS + 1, grid, gates)."""
        grid = self._on_grid()
        if grid.halves is None:
            halves = np.empty((LEVELS + 1, *grid.rate_per_ms.shape))
            halves[LEVELS] = np.exp(-self._dt_ms / 2 / 2**LEVELS * grid.rate_per_ms)
            for level in range(LEVELS, 0, -1):
                np.square(halves[level], out=halves[level - 1])
            grid.halves = halves
        return grid.halves


def _nearest_rest_mV(hold_mV: float, net_pA: Array) -> float:
    """Where what flows in turns into what flows out, nearest to holding; holding if nowhere."""
    a = np.flatnonzero((net_pA[:-1] > 0.0) & (net_pA[1:] <= 0.0))
    if not a.size:
        return hold_mV
    roots_mV = GRID_mV[a] + (GRID_mV[a + 1] - GRID_mV[a]) * net_pA[a] / (net_pA[a] - net_pA[a + 1])
    return float(roots_mV[np.argmin(np.abs(roots_mV - hold_mV))])


def _levels(protocol: Protocol) -> tuple[float, ...]:
    """Every voltage the protocol stays at, holding first."""
    flat = [
        stretch.start_mV
        for sweep in range(protocol.n_sweeps)
        for stretch in protocol.stretches(sweep)
        if stretch.start_mV == stretch.end_mV
    ]
    return tuple(dict.fromkeys([protocol.hold_mV, *flat]))
