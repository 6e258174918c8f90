"""Leak subtraction with P/N sub-sweeps."""

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pn_subtracted(test_pA: ArrayLike, legs_pA: ArrayLike, *, fraction: float) -> NDArray[np.float64]:
    """The test sweep less what its small copies predict; whatever is linear vanishes.

    Parameters
    ----------
    test_pA : array_like, shape (n_samples,)
        Current above its baseline.
    legs_pA : array_like, shape (n_legs, n_samples)
        Currents of the sub-sweeps above their baselines.
    fraction : float
        Amplitude of a sub-sweep over that of the test; negative where it goes the other way, as in P/−4.

    Source: C. M. Armstrong & F. Bezanilla 1974, J Gen Physiol 63:533.
    """
    return np.asarray(np.asarray(test_pA, float) - np.mean(np.asarray(legs_pA, float), axis=0) / fraction)


def pn_noise_gain(n_legs: int, *, fraction: float) -> float:
    """How much the noise grows by the subtraction, √(1 + 1/(n f²)); √(1 + n) for n legs of 1/n."""
    return sqrt(1.0 + 1.0 / (n_legs * fraction**2))
