"""Traces as lines on paper: no more points than dots can show, in units that read well."""

from collections.abc import Iterable, Sequence

import numpy as np

from vclamp.analysis.windows import UNKNOWN_ms, is_known
from vclamp.model.record import Array, Header, Recording, Sweep, has_gating_current
from vclamp.model.rig import Rig
from vclamp.publish.scopes import LEAST_SPANS, NANO_FROM_pA
from vclamp.publish.specs import ScopeSpec

MOST_POINTS = 20_000  # of a line
PER_DOT = 4  # first, least, greatest and last of the samples that fall on one
TRANSIENT_MS = 0.3  # after a step the capacitive transient is left out of the automatic range
ROOM = 0.06  # of the range, above and below


def thinned(values: Array, most: int = MOST_POINTS) -> np.ndarray:
    """Which samples to draw so that a line looks the same: all, or four of each dot.

    Parameters
    ----------
    values : ndarray, shape (n,)
        A trace.
    most : int
        How many may be drawn, about.

    Returns
    -------
    ndarray of int
        Indices in ascending order: of each stretch of samples the first, the least, the greatest and the last.
    """
    n = values.size
    if n <= most:
        return np.arange(n)
    width = -(-n // max(most // PER_DOT, 1))
    whole = n - n % width
    blocks = values[:whole].reshape(-1, width)
    starts = np.arange(0, whole, width)
    inner = (0 * starts, blocks.argmin(axis=1), blocks.argmax(axis=1), 0 * starts + width - 1)
    return np.unique(np.concatenate([*(starts + each for each in inner), np.arange(whole, n)]))


def height_range(
    recording: Recording, scope: ScopeSpec, sweeps: Sequence[Sweep], t_ms: tuple[float, float]
) -> tuple[float, float]:
    """The values that a scope shows: its own, or those of its traces with room around them."""
    if scope.y_range is not None:
        return scope.y_range
    fs_kHz = recording.header.protocol.fs_kHz
    blanked = transients_ms(recording.header) if scope.charging else ()
    low, high = _extremes(sweeps, scope, t_ms, blanked, fs_kHz)
    if low > high:  # nothing is left
        low, high = _extremes(sweeps, scope, t_ms, (), fs_kHz)
    if low > high:
        return -1.0, 1.0
    return with_room(low, high, scope.unit)


def with_room(low: float, high: float, unit: str, share: float = ROOM) -> tuple[float, float]:
    """A range with a share of it above and below; at least as wide as is worth a look."""
    lacking = max(LEAST_SPANS.get(unit, 0.0) - (high - low), 0.0)
    pad = share * (high - low) + 0.5 * lacking or (0.0 if high > low else 1.0)
    return low - pad, high + pad


def _extremes(
    sweeps: Iterable[Sweep],
    scope: ScopeSpec,
    t_ms: tuple[float, float],
    blanked: Iterable[tuple[float, float]],
    fs_kHz: float,
) -> tuple[float, float]:
    """Least and greatest finite value of the traces in the times on show; +inf, −inf if there is none."""
    low, high = np.inf, -np.inf
    for sweep in sweeps:
        names = [each.found_in(sweep.names) for each in scope.traces]
        rows = [row for row, name in enumerate(sweep.names) if name in names]
        first, last = samples_between(t_ms, fs_kHz, sweep.values.shape[1])
        kept = np.ones(last - first, bool)
        for start, stop in blanked:
            a, b = (max(int(np.ceil(t * fs_kHz - 1e-6)) - first, 0) for t in (start, stop))
            kept[a:b] = False
        for row in rows:
            values = sweep.values[row, first:last][kept]
            values = values[np.isfinite(values)]
            if values.size:
                low, high = min(low, float(values.min())), max(high, float(values.max()))
    return low, high


def samples_between(t_ms: tuple[float, float], fs_kHz: float, n: int) -> tuple[int, int]:
    """The samples [first, last) of a sweep that are drawn between two times, both ends included."""
    first = min(max(int(np.floor(t_ms[0] * fs_kHz + 1e-6)), 0), n)
    return first, max(min(int(np.ceil(t_ms[1] * fs_kHz - 1e-6)) + 1, n), first)


def transients_ms(header: Header, *others: Rig) -> tuple[tuple[float, float], ...]:
    """When capacitive transients tower over everything else, of a run and of other rigs that play its protocol."""
    rigs = (header.rig, *others)
    if header.rig.amplifier.clamps_current or not any(map(_is_charging, rigs)):
        return ()
    course, fs_kHz = header.protocol.course(0), header.protocol.fs_kHz
    starts = course.first[course.stays | (course.first == 0)] / fs_kHz  # what is bent does not jump
    lasting_ms = TRANSIENT_MS if all(map(is_known, rigs)) else UNKNOWN_ms
    return tuple((t, t + lasting_ms) for t in starts.tolist())


def _is_charging(rig: Rig) -> bool:
    """Whether the current may show how something is charged: the membrane, gates, or what is not known."""
    return not rig.amplifier.ideal or not is_known(rig) or any(map(has_gating_current, rig.cell.channels))


def reading_unit(unit: str, low: float, high: float) -> tuple[str, float]:
    """The unit that suits these values, and how many of it are one of theirs: nA for large currents."""
    return ("nA", 1e-3) if unit == "pA" and max(abs(low), abs(high)) >= NANO_FROM_pA else (unit, 1.0)
