"""The difference between a control and the sweeps on show: the current that a drug has taken away."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vclamp.model.record import Header, Sweep

DIFFERENCE = "i_difference_pA"


def is_comparable(header: Header, control: Header) -> bool:
    """Whether sweeps of the two differ by their current alone: voltage clamp, and equal protocols."""
    free = header.rig.amplifier.clamps_current or control.rig.amplifier.clamps_current
    return not free and header.protocol == control.protocol


def difference_pA(control: Sweep | None, i_pA: NDArray[np.float64], first: int = 0) -> NDArray[np.float64]:
    """Control minus now: with TTX on now the TTX-sensitive current, inward where it flowed inward.

    Parameters
    ----------
    control : Sweep or None
        The control's sweep of the same command; None if it has none.
    i_pA : ndarray, shape (n_samples,)
        The current now, from the sample `first` on.

    Returns
    -------
    ndarray, shape (n_samples,)
        In pA; not a number where the control has no sample.
    """
    found = np.full(i_pA.size, np.nan)
    if control is not None:
        there = control["i_pA"][first : first + i_pA.size]
        found[: there.size] = there - i_pA[: there.size]
    return found


def with_difference(sweep: Sweep, control: Sweep | None) -> Sweep:
    """The sweep with one more trace, the difference from its control, in pA."""
    values = np.vstack([sweep.values, difference_pA(control, sweep["i_pA"])])
    values.setflags(write=False)
    return replace(sweep, names=(*sweep.names, DIFFERENCE), values=values)
