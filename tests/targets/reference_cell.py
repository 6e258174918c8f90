"""A cell of finite volume whose ions leak and are pumped back, integrated by a stiff solver of tight tolerance."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from vclamp.physics.flux import concentration_rate_mM_per_ms, ghk_current_pA
from vclamp.physics.pump import hill_pump_pA, sphere_volume_pL
from vclamp.units import FARADAY_C_PER_MOL

NA, K = 0, 1
PUMPED = np.array([3.0, -2.0])  # Na and K carried by each net charge that the pump moves
HOUR_ms = 3.6e6


@dataclass(frozen=True)
class Cell:
    """The state of a cell, the GHK leaks of its ions (Na and K first), and its Hill pump."""

    v_mV: float = -70.0
    in_mM: tuple[float, ...] = (12.0, 140.0)
    out_mM: tuple[float, ...] = (145.0, 4.0)
    z: tuple[int, ...] = (1, 1)
    p_cm3_per_s: tuple[float, ...] = (2e-12, 4e-11)
    i_max_pA: float = 40.0
    cm_pF: float = 20.0
    volume_pL: float = sphere_volume_pL(20.0)
    temperature_K: float = 310.0

    def leaks_pA(self) -> NDArray[np.float64]:
        """Passive current of each ion."""
        return ghk_current_pA(self.v_mV, self.p_cm3_per_s, self.z, self.out_mM, self.in_mM, self.temperature_K)

    def pump_pA(self) -> float:
        """Net current of the pump."""
        return float(hill_pump_pA(self.i_max_pA, self.in_mM[NA], self.out_mM[K]))

    def rates_per_ms(self) -> NDArray[np.float64]:
        """How fast the voltage and the inner concentrations change."""
        currents = self.leaks_pA()
        currents[: K + 1] += PUMPED * self.pump_pA()
        changes = concentration_rate_mM_per_ms(currents, self.z, self.volume_pL)
        return np.array([-np.sum(currents) / self.cm_pF, *changes])

    def conserved_mM(self) -> float:
        """Charge of the inner ions less that on the membrane, which no current changes."""
        membrane_mM = self.cm_pF * self.v_mV / (FARADAY_C_PER_MOL * self.volume_pL)
        return float(np.dot(self.z, self.in_mM)) - membrane_mM


def finite_cell(cell: Cell, t_ms: ArrayLike) -> list[Cell]:
    """What becomes of a cell after each of the rising times, its parameters held; switch between two calls."""
    solved = solve_ivp(
        lambda _, state: _with_state(cell, state).rates_per_ms(),
        (0.0, float(np.max(t_ms))),
        [cell.v_mV, *cell.in_mM],
        method="LSODA",
        t_eval=np.atleast_1d(t_ms),
        rtol=1e-10,
        atol=1e-10,
    )
    assert solved.success, solved.message
    return [_with_state(cell, state) for state in solved.y.T]


def _with_state(cell: Cell, state: NDArray[np.float64]) -> Cell:
    v_mV, *in_mM = state.tolist()
    return replace(cell, v_mV=v_mV, in_mM=tuple(in_mM))


@cache
def rested(cell: Cell) -> Cell:
    """The cell in the steady state that it reaches in ten hours."""
    return finite_cell(cell, 10.0 * HOUR_ms)[0]
