"""Block of a pore by a drug."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def hill_unblocked(concentration_mM: ArrayLike, ic50_mM: float, hill: float = 1.0) -> NDArray[np.float64]:
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
