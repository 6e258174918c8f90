"""Block of a pore: by a drug anywhere, by a charged blocker in the field, in equilibrium or with rates."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.physics.thermo import thermal_voltage_mV

Array = NDArray[np.float64]
Side = Literal["out", "in"]


def hill_unblocked(concentration_mM: ArrayLike, ic50_mM: float, hill: float = 1.0) -> Array:
    """Fraction of the conductance that a drug leaves, 1/(1 + (c/IC50)^n).

    Parameters
    ----------
    concentration_mM : array_like
        Drug concentration, not negative.
    ic50_mM : float
        Concentration that halves the conductance.
    hill : float
        Hill coefficient n.

    Source: A. V. Hill 1910, J Physiol 40:iv.
    """
    return np.asarray(1.0 / (1.0 + (np.asarray(concentration_mM, float) / ic50_mM) ** hill))


def unblocked(concentration_mM: ArrayLike, kd_mM: ArrayLike) -> Array:
    """Fraction of pores without a blocker that binds with K_d, 1/(1 + c/K_d)."""
    return np.asarray(1.0 / (1.0 + np.asarray(concentration_mM, float) / np.asarray(kd_mM, float)))


def competitive_unblocked(concentrations_mM: ArrayLike, kds_mM: ArrayLike) -> Array:
    """Fraction of pores free of blockers that exclude each other from one site, 1/(1 + Σ c/K_d).

    Blockers lie along the first axis.
    """
    odds = np.asarray(concentrations_mM, float) / np.asarray(kds_mM, float)
    return np.asarray(1.0 / (1.0 + odds.sum(axis=0)))


def independent_unblocked(concentrations_mM: ArrayLike, kds_mM: ArrayLike) -> Array:
    """Fraction of pores free of blockers that each have a site of their own, Π 1/(1 + c/K_d).

    Blockers lie along the first axis.
    """
    return np.asarray(unblocked(concentrations_mM, kds_mM).prod(axis=0))


def woodhull_kd_mM(v_mV: ArrayLike, kd_mM: float, z_delta: float, side: Side, temperature_K: float) -> Array:
    """Dissociation constant of a blocker part of the way across the field, in mM.

    From inside K_d e^{-zδu}, for depolarisation drives a cation in; from outside K_d e^{+zδu}; u = FV/RT.

    Parameters
    ----------
    v_mV : array_like
        Voltage; for a block that follows V - E_K, that difference.
    kd_mM : float
        At 0 mV.
    z_delta : float
        Valence with sign times the share of the field between the blocker's own side and its site.
    side : "out" or "in"
        Where the blocker comes from.
    temperature_K : float
        Absolute temperature.

    Source: A. M. Woodhull 1973, J Gen Physiol 61:687.
    """
    return np.asarray(kd_mM * np.exp(-z_delta * _drive_into_pore(v_mV, side, temperature_K)))


def half_block_mV(concentration_mM: ArrayLike, kd_mM: float, z_delta: float, side: Side, temperature_K: float) -> Array:
    """Voltage at which a charged blocker stands in half of the pores, ±(RT/zδF) ln(K_d/c), + from inside.

    Parameters are those of `woodhull_kd_mM`.
    """
    inward = 1.0 if side == "in" else -1.0
    ratio = kd_mM / np.asarray(concentration_mM, float)
    return np.asarray(inward * thermal_voltage_mV(temperature_K) / z_delta * np.log(ratio))


def nmda_magnesium_unblocked(v_mV: ArrayLike, mg_mM: float, kd_mM: float = 3.57, per_mV: float = 0.062) -> Array:
    """Fraction of NMDA receptors that external Mg leaves, 1/(1 + [Mg]/K_d e^{-0.062 V}).

    Source: C. E. Jahr & C. F. Stevens 1990, J Neurosci 10:3178.
    """
    return unblocked(mg_mM, kd_mM * np.exp(per_mV * np.asarray(v_mV, float)))


def binding_rates_per_ms(
    v_mV: ArrayLike,
    concentration_mM: ArrayLike,
    k_on_per_mM_ms: float,
    k_off_per_ms: float,
    z_on: float,
    z_off: float,
    side: Side,
    temperature_K: float,
) -> tuple[Array, Array]:
    """Rates at which a charged blocker binds, c k_on e^{±z_on u}, and leaves again, k_off e^{∓z_off u}, in 1/ms.

    The upper sign is from inside. Their ratio is the `woodhull_kd_mM` with zδ = z_on + z_off.

    Source: A. M. Woodhull 1973, J Gen Physiol 61:687.
    """
    u = _drive_into_pore(v_mV, side, temperature_K)
    on = np.asarray(concentration_mM, float) * k_on_per_mM_ms * np.exp(z_on * u)
    return np.asarray(on), np.asarray(k_off_per_ms * np.exp(-z_off * u))


def escape_rate_per_ms(
    v_mV: ArrayLike, escape_per_ms: float, z_escape: float, side: Side, temperature_K: float
) -> Array:
    """Rate at which a blocker leaves to the other side ("punch-through"), k e^{±z u}, + from inside, in 1/ms."""
    return np.asarray(escape_per_ms * np.exp(z_escape * _drive_into_pore(v_mV, side, temperature_K)))


def permeant_unblocked(on_per_ms: ArrayLike, off_per_ms: ArrayLike, escape_per_ms: ArrayLike = 0.0) -> Array:
    """Fraction of pores that a blocker with these rates leaves in the steady state; it leaves to either side."""
    leaving = np.asarray(off_per_ms, float) + np.asarray(escape_per_ms, float)
    return np.asarray(leaving / (np.asarray(on_per_ms, float) + leaving))


def block_time_constant_ms(on_per_ms: ArrayLike, off_per_ms: ArrayLike) -> Array:
    """Time constant with which block relaxes, 1/(on + off), in ms."""
    return np.asarray(1.0 / (np.asarray(on_per_ms, float) + np.asarray(off_per_ms, float)))


def displaced_k_kd_mM(
    v_mV: ArrayLike,
    kd_ref_mM: float,
    z_delta: float,
    n_displaced: float,
    k_out_mM: float,
    k_out_ref_mM: float,
    temperature_K: float,
) -> Array:
    """K_d in mM of an internal blocker that pushes n K ions outward, K_ref (K_o/K_ref,o)^n e^{-(n + zδ)u}.

    A blocker that only sits in the field ignores K_o; this one's half-block voltage follows
    E_K by n/(n + zδ), and its valence exceeds its charge.

    Parameters
    ----------
    v_mV : array_like
        Voltage.
    kd_ref_mM : float
        At 0 mV and `k_out_ref_mM`.
    z_delta : float
        The blocker's own part in its valence.
    n_displaced : float
        How many K ions it displaces across the whole field.
    k_out_mM, k_out_ref_mM : float
        External K, present and of reference; positive.
    temperature_K : float
        Absolute temperature.

    Source: D. Guo, Y. Ramu, A. M. Klem & Z. Lu 2003, J Gen Physiol 121:261.
    """
    kd_mM = kd_ref_mM * (k_out_mM / k_out_ref_mM) ** n_displaced
    return woodhull_kd_mM(v_mV, kd_mM, n_displaced + z_delta, "in", temperature_K)


def two_affinity_unblocked(
    drive_mV: ArrayLike,
    concentration_mM: ArrayLike,
    kd_mM: float,
    z_delta: float,
    minor_kd_mM: float,
    minor_z_delta: float,
    minor_fraction: float,
    temperature_K: float,
) -> Array:
    """Fraction of inward rectifiers that a polyamine leaves, some of which bind it less well.

    Parameters
    ----------
    drive_mV : array_like
        V - E_K: the rule that block follows the driving force is empirical.
    concentration_mM : array_like
        Free internal polyamine.
    kd_mM, z_delta, minor_kd_mM, minor_z_delta : float
        Dissociation constant at E_K and valence, of most channels and of the others.
    minor_fraction : float
        Share of the others.
    temperature_K : float
        Absolute temperature.

    Source: D.-H. Yan & K. Ishihara 2005, J Physiol 563:725.
    """
    most = unblocked(concentration_mM, woodhull_kd_mM(drive_mV, kd_mM, z_delta, "in", temperature_K))
    others = unblocked(concentration_mM, woodhull_kd_mM(drive_mV, minor_kd_mM, minor_z_delta, "in", temperature_K))
    return np.asarray((1.0 - minor_fraction) * most + minor_fraction * others)


def use_dependent_block(
    pulse: ArrayLike,
    on_per_ms: float,
    off_per_ms: float,
    open_ms: float,
    recovery_per_ms: float,
    rest_ms: float,
) -> Array:
    """Share of channels blocked at the end of a pulse of a train, all of them free before the first.

    The site is guarded: the drug comes and goes while the channel is open and only recovers in between;
    block builds up exponentially with the pulse number.

    Parameters
    ----------
    pulse : array_like
        Number of the pulse, from 1; infinite for the steady train.
    on_per_ms, off_per_ms : float
        Rates of the open channel, `on` with the concentration in it; not both 0.
    open_ms : float
        How long each pulse opens the channel; positive.
    recovery_per_ms, rest_ms : float
        Rate (0 if the drug is trapped) and time of recovery between pulses.

    Source: C. F. Starmer, A. O. Grant & H. C. Strauss 1984, Biophys J 46:15.
    """
    bound = (on_per_ms + off_per_ms) * open_ms
    cycle = bound + recovery_per_ms * rest_ms
    first = on_per_ms / (on_per_ms + off_per_ms) * np.expm1(-bound)
    return np.asarray(first * np.expm1(-np.asarray(pulse, float) * cycle) / -np.expm1(-cycle))


def mean_open_time_ms(closing_per_ms: float, on_per_ms: ArrayLike) -> Array:
    """Mean open time of a channel that closes or is blocked, 1/(α + on), in ms.

    Source: E. Neher & J. H. Steinbach 1978, J Physiol 277:153.
    """
    return np.asarray(1.0 / (closing_per_ms + np.asarray(on_per_ms, float)))


def mean_burst_ms(closing_per_ms: float, on_per_ms: ArrayLike, off_per_ms: float) -> Array:
    """Mean length of a burst of openings parted by blocks, (1/α)(1 + on/off), in ms.

    A blocked channel cannot close, so blockers lengthen bursts.

    Source: E. Neher & J. H. Steinbach 1978, J Physiol 277:153.
    """
    return np.asarray((1.0 + np.asarray(on_per_ms, float) / off_per_ms) / closing_per_ms)


def _drive_into_pore(v_mV: ArrayLike, side: Side, temperature_K: float) -> Array:
    """FV/RT with the sign that pushes a cation from its side into the pore."""
    u = np.asarray(v_mV, float) / thermal_voltage_mV(temperature_K)
    return u if side == "in" else -u
