"""One number a sweep, against the voltage that changed: I–V, G–V, availability, tails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.record import Sweep

Array = NDArray[np.float64]

# Not farther from the reversal potential than this, I/(V - E) says nothing about G.
MIN_DRIVING_FORCE_mV = 5.0


@dataclass(frozen=True)
class Curve:
    """Points of a curve, one a sweep, in the order of the sweeps; names end in units."""

    name: str
    x_name: str
    y_name: str
    x: Array
    y: Array


def peak_iv(sweeps: Sequence[Sweep], protocol: Protocol, trace: str = "i_pA") -> Curve:
    """Peak current in the mark "peak" against the step that changes.

    Of the total current the peak is its most inward point, of one channel's current the
    point farthest from zero.
    """
    inward = trace == "i_pA"

    def peak(values: Array) -> float:
        at = np.argmin(values) if inward else np.argmax(np.abs(values))
        return float(values[at])

    return _curve("peak-iv", sweeps, protocol, trace, "peak", peak)


def steady_iv(sweeps: Sequence[Sweep], protocol: Protocol, trace: str = "i_pA") -> Curve:
    """Mean current in the mark "steady" against the step that changes."""
    return _curve("steady-iv", sweeps, protocol, trace, "steady", np.mean)


def tail_iv(sweeps: Sequence[Sweep], protocol: Protocol, trace: str = "i_pA") -> Curve:
    """Instantaneous current at the start of the mark "tail" against the step that changes."""
    return _curve("tail-iv", sweeps, protocol, trace, "tail", lambda values: float(values[0]))


def availability(sweeps: Sequence[Sweep], protocol: Protocol, trace: str = "i_pA") -> Curve:
    """Peak current in the mark "peak" over the largest of all, against the prepulse."""
    curve = peak_iv(sweeps, protocol, trace)
    largest = np.max(np.abs(curve.y)) if curve.y.size else 0.0
    y = np.abs(curve.y) / largest if largest > 0 else curve.y
    return Curve("availability", curve.x_name, "availability", curve.x, y)


def gv(curve: Curve, e_rev_mV: float) -> Curve:
    """Chord conductance G = I/(V − E) of an I–V curve, without the points near E.

    Parameters
    ----------
    curve : Curve
        Currents in pA against voltages in mV.
    e_rev_mV : float
        Reversal potential; points up to 5 mV from it are left out.
    """
    force_mV = curve.x - e_rev_mV
    kept = np.abs(force_mV) > MIN_DRIVING_FORCE_mV
    return Curve("gv", curve.x_name, "g_nS", curve.x[kept], curve.y[kept] / force_mV[kept])


def _curve(
    name: str,
    sweeps: Sequence[Sweep],
    protocol: Protocol,
    trace: str,
    mark: str,
    measure: Callable[[Array], float | np.floating],
) -> Curve:
    varied = protocol.varied_segment()
    if varied is None:
        raise VClampError(
            f"protocol '{protocol.name}' has no step that changes from sweep to sweep",
            remedy="A curve needs one: give level_mV a start and a step.",
        )
    x, y = [], []
    for sweep in sweeps:
        if trace not in sweep.names:
            raise VClampError(f"there is no trace '{trace}'", remedy=f"There are: {sweep.names}.")
        first, last = protocol.window(mark, sweep.index)
        x.append(protocol.stretches(sweep.index)[varied].start_mV)
        y.append(float(measure(sweep[trace][first:last])))
    return Curve(name, "level_mV", trace, np.array(x), np.array(y))


Analysis = Callable[[Sequence[Sweep], Protocol, str], Curve]
ANALYSES: dict[str, Analysis] = {
    "peak-iv": peak_iv,
    "steady-iv": steady_iv,
    "tail-iv": tail_iv,
    "availability": availability,
}
