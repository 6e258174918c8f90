"""What the kernels read of a rig, made when it is first needed."""

from functools import cached_property
from math import ceil, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vclamp.engine.circuits import Clamp, clamp_of, responses
from vclamp.engine.compile import Lowered
from vclamp.engine.kernels.line import BLOCK
from vclamp.engine.kernels.tables import LIMIT_mV
from vclamp.model.gating import GRID_mV
from vclamp.model.ions import Solutions

Array = NDArray[np.float64]

# A free membrane is solved in steps of two samples, one, a half …: as many as the fastest one asks for, and some.
WHOLE, SPARE_LEVELS, MOST_LEVELS = 1, 7, 16
_LONGEST = 2**WHOLE
TOLERANCE_mV, TOLERANCE = 1e-3, 1e-5  # between two solutions: of the voltage, of a gate or an occupancy


class Tables:
    """A rig's tables: `exact` at the protocol's levels, on the grid for a `line` or a free `membrane`.

    The open currents are third in each. Levels are given as the membrane's voltage.
    """

    def __init__(self, lowered: Lowered, dt_ms: float, levels_mV: tuple[float, ...], solutions: Solutions) -> None:
        self.low = lowered
        self._dt_ms = dt_ms
        self._levels_mV = levels_mV
        self._solutions = solutions

    def refresh(self, solutions: Solutions) -> None:
        """Make the open currents anew for other concentrations."""
        self._solutions = solutions
        self.__dict__.pop("_i_open_pA", None)
        self.__dict__.pop("rest", None)
        for name in {"exact", "line", "membrane"} & self.__dict__.keys():
            inf, rate, _, *others = self.__dict__[name]
            self.__dict__[name] = (inf, rate, self._currents(name), *others)

    @cached_property
    def exact(self) -> tuple[Array, ...]:
        """(levels, ·): inf, rate, i_open, propagators of 1, 2, 4 … samples, flow, what is seen of the states."""
        low, v_mV = self.low, self._levels_mV
        inf, rate = low.relaxation(v_mV)
        powers, observed = low.observed(v_mV, self._dt_ms)
        return inf, rate, self._currents("exact"), powers, low.flow(v_mV), observed

    @cached_property
    def line(self) -> tuple[Array, ...]:
        """inf, exp(−dt/tau), i_open, each (·, N); propagators over a sample, flow."""
        inf, rate = self.low.relaxation()
        decay = np.ascontiguousarray(np.exp(-self._dt_ms * rate).T)
        moves = self.low.moves(None, self._dt_ms)
        return np.ascontiguousarray(inf.T), decay, self._currents("line"), moves, self.low.flow()

    @cached_property
    def membrane(self) -> tuple[Array, ...]:
        """inf, exp(−h/tau) for the steps of each level, i_open; propagators alike, flow."""
        inf, rate = self.low.relaxation()
        decays = np.empty((self.levels, *rate.shape))
        decays[-1] = np.exp(-_LONGEST * self._dt_ms / 2 ** (self.levels - 1) * rate)
        for level in range(self.levels - 1, 0, -1):
            np.square(decays[level], out=decays[level - 1])
        moves = self.low.moves(None, _LONGEST * self._dt_ms, self.levels)
        return inf, decays, self._currents("membrane"), moves, self.low.flow()

    @cached_property
    def circuit(self) -> tuple[Array, ...]:
        """The circuit as the membrane's kernel reads it."""
        clamp = self.clamp
        answers = responses(self.low.rig.amplifier, clamp.cm_pF, _LONGEST * self._dt_ms, self.levels + 1)
        return clamp.a, clamp.b, clamp.constant, clamp.c, clamp.rails, answers

    @cached_property
    def bounds(self) -> Array:
        """Lowest and highest value, and one over the tolerance, of everything a free membrane's kernel moves."""
        low, rails, none = self.low, self.clamp.rails, 0.0 * self.low.scale
        n_paths = len(low.paths) if low.rig.cell.volume_pL else 0
        circuit = np.array([-rails, rails, 0.0 * rails])
        circuit[:, 0] = -LIMIT_mV, LIMIT_mV, 1.0 / TOLERANCE_mV
        return np.concatenate(
            [
                circuit,
                np.tile([[0.0], [1.0], [1.0 / TOLERANCE]], low.n_gates),
                np.array([none, np.maximum(1.0, low.numbers_of_states), (low.numbers_of_states == 0) / TOLERANCE]),
                np.tile([[-np.inf], [np.inf], [0.0]], n_paths),
            ],
            axis=1,
        )

    @cached_property
    def levels(self) -> int:
        """How many lengths of steps the fastest membrane of this rig may need."""
        steepest_nS = np.abs(np.diff(self._i_open_pA, axis=0)).sum(axis=1).max(initial=0.0) / np.diff(GRID_mV[:2])[0]
        speed = self._dt_ms * steepest_nS / self.low.rig.cell.cm_pF
        return min(MOST_LEVELS, SPARE_LEVELS + ceil(log2(max(1.0, speed))))

    @cached_property
    def block_work(self) -> tuple[Any, ...]:
        """Scratch for an ideal clamp's kernel."""
        low = self.low
        squares = sum((b - a) ** 2 for a, b in low.parts)
        blocks = (np.empty((low.rows[1].size, BLOCK)), np.empty((low.n_gates, BLOCK)))
        gates = np.zeros((3, 4 * ceil(low.n_gates / 4), BLOCK))
        vectors = tuple(map(np.empty, (BLOCK, BLOCK, low.scale.size, squares)))
        return *blocks, gates, vectors, (np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64))

    @cached_property
    def step_work(self) -> tuple[Any, ...]:
        """Scratch for a free membrane's kernel."""
        low, n_circuit = self.low, self.clamp.rails.size
        squares = sum((b - a) ** 2 for a, b in low.parts)
        solutions = tuple(np.empty(self.bounds.shape[1]) for _ in range(4))
        others = tuple(map(np.empty, (low.rows[1].size, low.scale.size, squares, n_circuit)))
        return solutions, others, np.empty((2, len(low.paths)))

    @property
    def clamp(self) -> Clamp:
        """The circuit of the amplifier."""
        return clamp_of(self.low.rig.amplifier, self.low.rig.cell.cm_pF)

    @cached_property
    def rest(self) -> Array:
        """The steady state at holding (first of the levels), the circuit's first; a current clamp injects nothing."""
        low, amplifier, v_mV = self.low, self.low.rig.amplifier, self._levels_mV[0]
        circuit = np.array([v_mV])
        if amplifier.clamps_current:
            circuit[0] = v_mV = self._settled_mV(0.0, 1.0, v_mV)
        elif not amplifier.ideal:
            hold_mV = v_mV - amplifier.unseen_mV
            free_mV, loaded_mV = (float(self.clamp.steady(hold_mV, i_pA)[0]) for i_pA in (0.0, 1.0))
            v_mV = self._settled_mV(1.0, free_mV - loaded_mV, free_mV)
            circuit = self.clamp.steady(hold_mV, self._ionic_pA(v_mV))
            circuit[0] = v_mV
        return np.concatenate([circuit, low.relaxation((v_mV,))[0][0], low.occupancies((v_mV,))[0]])

    def _settled_mV(self, pull: float, resistance_GOhm: float, free_mV: float) -> float:
        """Where pull (free − V) = resistance I(V), nearest to `free_mV`; there if nowhere."""
        ionic_pA = (self.low.steady_openings()[:, self.low.path_opening] * self._i_open_pA).sum(axis=1)
        net = pull * (free_mV - GRID_mV) - resistance_GOhm * ionic_pA
        a = np.flatnonzero((net[:-1] > 0.0) & (net[1:] <= 0.0))
        if not a.size:
            return free_mV
        nearest = a[np.argmin(np.abs(GRID_mV[a] - free_mV))]
        low_mV, high_mV = (float(v) for v in GRID_mV[nearest : nearest + 2])
        from scipy.optimize import brentq

        def surplus(v_mV: float) -> float:
            return pull * (free_mV - v_mV) - resistance_GOhm * self._ionic_pA(v_mV)

        if surplus(low_mV) * surplus(high_mV) > 0.0:  # rounding, at a root that is a grid point
            return low_mV if abs(surplus(low_mV)) < abs(surplus(high_mV)) else high_mV
        return float(brentq(surplus, low_mV, high_mV, xtol=1e-12))

    def _ionic_pA(self, v_mV: float) -> float:
        """Steady current of the membrane at a voltage."""
        low = self.low
        openings = low.steady_openings((v_mV,))[:, low.path_opening]
        return float((openings * low.currents((v_mV,), self._solutions)).sum())

    @cached_property
    def _i_open_pA(self) -> Array:
        return self.low.currents(None, self._solutions)

    def _currents(self, name: str) -> Array:
        """Open currents as one of the tables has them."""
        if name == "exact":
            return self.low.currents(self._levels_mV, self._solutions)
        return self._i_open_pA if name == "membrane" else np.ascontiguousarray(self._i_open_pA.T)
