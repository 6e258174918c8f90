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
RAMP_POINTS = 500


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


def ramp_iv(sweeps: Sequence[Sweep], protocol: Protocol, trace: str = "i_pA") -> Curve:
    """Current along the mark "ramp" of the last sweep against the membrane voltage."""
    sweep = sweeps[-1]
    first, last = protocol.window("ramp", sweep.index)
    step = max(1, (last - first) // RAMP_POINTS)
    kept = slice(first + step // 2, last, step)
    return Curve("ramp-iv", "v_mV", trace, sweep["v_mV"][kept], _row(sweep, trace)[kept])


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
        first, last = protocol.window(mark, sweep.index)
        x.append(protocol.stretches(sweep.index)[varied].start_mV)
        y.append(float(measure(_row(sweep, trace)[first:last])))
    return Curve(name, "level_mV", trace, np.array(x), np.array(y))


def _row(sweep: Sweep, trace: str) -> Array:
    if trace not in sweep.names:
        raise VClampError(f"there is no trace '{trace}'", remedy=f"There are: {', '.join(sweep.names)}.")
    return sweep[trace]


Analysis = Callable[[Sequence[Sweep], Protocol, str], Curve]
ANALYSES: dict[str, Analysis] = {
    "peak-iv": peak_iv,
    "steady-iv": steady_iv,
    "tail-iv": tail_iv,
    "availability": availability,
    "ramp-iv": ramp_iv,
}


def applicable(protocol: Protocol) -> tuple[str, ...]:
    """Names of the analyses that this protocol was made for, by its marks."""
    marks = {mark.name: mark.segment for mark in protocol.marks}
    varied = protocol.varied_segment()
    if varied is None:
        return ("ramp-iv",) if "ramp" in marks else ()
    step = protocol.segments[varied].name
    if "peak" in marks and marks["peak"] != step:
        return ("availability",)  # an earlier step changes: the peak tells what it left
    return tuple(f"{name}-iv" for name in ("peak", "steady", "tail") if marks.get(name) == step)


def channel_gv(sweeps: Sequence[Sweep], protocol: Protocol, channel: str, e_rev_mV: float) -> Curve | None:
    """G–V of one channel from its own current: of its peak if it inactivates, else steady.

    None if the protocol was not made for it.
    """
    offered = [name for name in applicable(protocol) if name in ("peak-iv", "steady-iv")]
    curves = [ANALYSES[name](sweeps, protocol, f"i_{channel}_pA") for name in offered]
    if not curves:
        return None
    peak, steady = curves[0], curves[-1]
    lasting = np.max(np.abs(steady.y)) > 0.5 * np.max(np.abs(peak.y))
    return gv(steady if lasting else peak, e_rev_mV)
