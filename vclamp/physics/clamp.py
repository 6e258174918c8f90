"""The voltage clamp in closed form: membrane test, error, stability and control through a series resistance."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.units import nS_from_MOhm

Array = NDArray[np.float64]
Current_pA = Callable[[Array], Array]  # of the membrane in the steady state, against its voltage in mV

# Where steady voltages are looked for, fine enough not to miss a pair of them.
GRID_mV: Array = np.linspace(-300.0, 300.0, 60001)
GRID_mV.setflags(write=False)


@dataclass(frozen=True)
class MembraneTest:
    """Answer of a passive cell to a voltage step, all above the baseline before the step.

    `charge_fC` is the area of the transient above the steady current, `v_step_mV` how far the
    membrane itself moves in the end.
    """

    peak_pA: float
    steady_pA: float
    tau_ms: float
    charge_fC: float
    v_step_mV: float


@dataclass(frozen=True)
class PassiveCell:
    """A membrane, R_m beside C_m, behind the series resistance R_s."""

    rs_MOhm: float
    rm_MOhm: float
    cm_pF: float


def membrane_test(dv_mV: float, *, rs_MOhm: float, rm_MOhm: float, cm_pF: float) -> MembraneTest:
    """What a voltage step of `dv_mV` shows of a passive cell.

    I_peak = ΔV/R_s, I_steady = ΔV/(R_s + R_m), τ = C_m R_s R_m/(R_s + R_m),
    Q = ΔV C_m (R_m/(R_m + R_s))².

    Source: B. Sakmann & E. Neher (eds.) 1995, Single-Channel Recording, 2nd ed., ch. 2.
    """
    share = rm_MOhm / (rm_MOhm + rs_MOhm)  # of the step, that reaches the membrane
    return MembraneTest(
        peak_pA=dv_mV * nS_from_MOhm(rs_MOhm),
        steady_pA=dv_mV * nS_from_MOhm(rs_MOhm + rm_MOhm),
        tau_ms=cm_pF * share / nS_from_MOhm(rs_MOhm),
        charge_fC=dv_mV * cm_pF * share**2,
        v_step_mV=dv_mV * share,
    )


def passive_cell(dv_mV: float, *, peak_pA: float, steady_pA: float, tau_ms: float) -> PassiveCell:
    """The cell that answers a voltage step with these numbers: `membrane_test` turned round.

    Parameters
    ----------
    peak_pA : float
        The exponential extrapolated to the true time of the step, not the largest sample.
    """
    total_MOhm = 1000.0 * dv_mV / steady_pA
    rs_MOhm = 1000.0 * dv_mV / peak_pA
    rm_MOhm = total_MOhm - rs_MOhm
    return PassiveCell(rs_MOhm, rm_MOhm, tau_ms * (nS_from_MOhm(rs_MOhm) + nS_from_MOhm(rm_MOhm)))


def bandwidth_kHz(rs_MOhm: float, cm_pF: float) -> float:
    """Frequency up to which the membrane follows the pipette, 1/(2π R_s C_m)."""
    return nS_from_MOhm(rs_MOhm) / (2.0 * pi * cm_pF)


def ramp_current_pA(slope_mV_per_ms: float, cm_pF: float) -> float:
    """Capacitive current during a ramp, C_m dV/dt."""
    return slope_mV_per_ms * cm_pF


def residual_rs_MOhm(rs_MOhm: float, *, correction: float = 0.0, rs_est_MOhm: float | None = None) -> float:
    """Series resistance that a correction by the fraction α of the estimate leaves, R_s − α R_s*.

    Parameters
    ----------
    rs_est_MOhm : float, optional
        The user's estimate R_s*; exact if not given.
    """
    return rs_MOhm - correction * (rs_MOhm if rs_est_MOhm is None else rs_est_MOhm)


def steady_error_mV(current_pA: float, *, residual_MOhm: float, v_off_mV: float = 0.0) -> float:
    """How far the membrane is from the command in the steady state, −R_residual I + V_offset."""
    return v_off_mV - current_pA * residual_MOhm / 1000.0


def correction_damping(correction: float, *, rs_MOhm: float, cm_pF: float, tau_sum_ms: float) -> float:
    """Damping ratio ζ of series-resistance correction without cancelled capacitance.

    ζ = ((1 − α) x + 1)/(2 √x) with x = R_s C_m/τ_sum. Below 1 the membrane rings, below 0 it is unstable.

    Parameters
    ----------
    correction : float
        The corrected fraction of the true R_s, α R_s*/R_s.
    tau_sum_ms : float
        Lag of the summing amplifier.

    Source: F. J. Sigworth 1995, in Single-Channel Recording, 2nd ed., ch. 4.
    """
    x = cm_pF / (nS_from_MOhm(rs_MOhm) * tau_sum_ms)
    return ((1.0 - correction) * x + 1.0) / (2.0 * sqrt(x))


def overshoot(damping: float) -> float:
    """Overshoot of a step through a second-order loop, over the step; infinite if it is unstable."""
    if damping >= 1.0:
        return 0.0
    return exp(-pi * damping / sqrt(1.0 - damping**2)) if damping >= 0.0 else inf


def largest_stable_correction(*, rs_MOhm: float, cm_pF: float, tau_sum_ms: float) -> float:
    """Corrected fraction of the true R_s, α R_s*/R_s, beyond which the loop oscillates: 1 + τ_sum/(R_s C_m)."""
    return 1.0 + tau_sum_ms * nS_from_MOhm(rs_MOhm) / cm_pF


def steady_voltages_mV(v_cmd_mV: float, current_pA: Current_pA, *, residual_MOhm: float) -> Array:
    """Every voltage at which the membrane can rest behind a resistance, lowest first.

    Solves V + R I(V) = V_command. There are several where an inward current has escaped
    control; every second of them is unstable.

    Parameters
    ----------
    current_pA : callable
        Steady current of the membrane against an array of voltages in mV.
    residual_MOhm : float
        The resistance between command and membrane that is not compensated.
    """
    from scipy.optimize import brentq

    def excess_mV(v_mV: ArrayLike) -> Array:
        v = np.asarray(v_mV, float)
        return v + current_pA(v) * residual_MOhm / 1000.0 - v_cmd_mV

    above = excess_mV(GRID_mV) >= 0.0
    crossed = above[1:] != above[:-1]
    ends = zip(GRID_mV[:-1][crossed], GRID_mV[1:][crossed], strict=True)
    return np.array([brentq(lambda v: float(excess_mV(v)), low, high, xtol=1e-12) for low, high in ends])


def largest_controlled_rs_MOhm(current_pA: Current_pA) -> float:
    """Residual series resistance above which a membrane can jump out of control, 1/|dI/dV| at its worst.

    Infinite if the current nowhere falls with voltage.

    Parameters
    ----------
    current_pA : callable
        Steady current of the membrane against an array of voltages in mV.
    """
    slope_nS = np.gradient(current_pA(GRID_mV), GRID_mV)
    steepest_nS = -float(slope_nS.min())
    return 1000.0 / steepest_nS if steepest_nS > 0.0 else inf
