"""The liquid junction potential between pipette and bath."""

import numpy as np
from numpy.typing import ArrayLike

from vclamp.physics.thermo import thermal_voltage_mV

# Mobilities of ions in water relative to potassium's, per valence.
# Source: P. H. Barry & J. W. Lynch 1991, J Membr Biol 121:101; gluconate from its limiting conductivity.
MOBILITY = {
    "K": 1.0,
    "Na": 0.682,
    "Cl": 1.0388,
    "Cs": 1.050,
    "Li": 0.525,
    "Ca": 0.4048,
    "Mg": 0.361,
    "gluconate": 0.33,
}


def junction_potential_mV(
    z: ArrayLike, mobility: ArrayLike, bath_mM: ArrayLike, pipette_mM: ArrayLike, temperature_K: float
) -> float:
    """Liquid junction potential of Henderson, bath minus pipette; the membrane is at V_command minus it.

    V = (RT/F) Σ z u (b − p)/Σ z² u (b − p) · ln(Σ z² u p/Σ z² u b)

    Parameters
    ----------
    z, mobility, bath_mM, pipette_mM : array_like, shape (n_ions,)
        Valence with sign, mobility in any common unit, and concentrations (or activities) b and p.
        Each solution is electroneutral and holds at least one ion.

    Source: P. Henderson 1907, Z Phys Chem 59:118; P. H. Barry & J. W. Lynch 1991, J Membr Biol 121:101.
    """
    z, u, bath, pipette = (np.asarray(x, float) for x in (z, mobility, bath_mM, pipette_mM))
    conduct_bath, conduct_pipette = (z**2 * u) @ bath, (z**2 * u) @ pipette
    excess = (conduct_bath - conduct_pipette) / conduct_pipette
    # ln(1 + x)/x, which is 1 where both solutions conduct alike
    slope = np.log1p(excess) / excess if excess else 1.0
    carried = np.sum(z * u * (bath - pipette))  # no dot product, whose fused rounding leaves 1e-15 of what cancels
    return float(-thermal_voltage_mV(temperature_K) * carried / conduct_pipette * slope)
