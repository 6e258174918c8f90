"""What lies between the true current and the recorded one, part by part: compensation, lags, filter, noise, converter.

The amplifier is a linear circuit. With the true voltage of the membrane given, what is left of it follows from the
command alone, so that its inner voltages, which no trace tells, can be had again from the traces.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vclamp.model.amplifier import Amplifier
from vclamp.model.circuits import circuit_of
from vclamp.model.protocol import Protocol
from vclamp.model.record import Sweep
from vclamp.model.rig import Rig
from vclamp.physics import filters

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

FORGOTTEN = 20.0  # time constants after which a circuit has forgotten how it began
FILTER_MEMORY_PER_fc = 4.0
MOST_SAMPLES = 8192  # of the past that is looked at


@dataclass(frozen=True)
class Way:
    """From the current through R_s, `true_pA`, to the disk at one sample; parts in pA that add to it.

    `cancelled_pA` is what C-slow takes off, `pipette_pA` what charges the pipette less what C-fast takes off,
    `lag_pA` what the amplifier's last stage is behind, `filter_pA` what the filter changes. `out_pA` leaves the
    amplifier, `filtered_pA` reaches the converter. `prediction_mV` is what the amplifier adds to the command
    beforehand. `known` is false where the circuit is not stable by itself: then its parts are 0.
    """

    true_pA: float
    cancelled_pA: float = 0.0
    pipette_pA: float = 0.0
    lag_pA: float = 0.0
    filter_pA: float = 0.0
    prediction_mV: float = 0.0
    known: bool = True

    @property
    def out_pA(self) -> float:
        """What the amplifier shows."""
        return self.true_pA + self.cancelled_pA + self.pipette_pA + self.lag_pA

    @property
    def filtered_pA(self) -> float:
        """What reaches the converter, but for noise."""
        return self.out_pA + self.filter_pA


def true_pA(sweep: Sweep, span: slice = slice(None)) -> Array:
    """The current that truly flows through R_s and the membrane."""
    return sweep["i_membrane_pA" if "i_membrane_pA" in sweep.names else "i_pA"][span]


def flowing_pA(sweep: Sweep, span: slice = slice(None), *, gating: bool = True) -> Array:
    """Sum of what flows through channels, branches and pump of a sweep, with the gating currents or without.

    Returns
    -------
    ndarray, shape (n_samples,)
        Of the samples of `span`.
    """
    cell = sweep.rig.cell
    names = [f"i_{channel.name}_pA" for channel in cell.channels]
    names += [f"i_{branch.name}_pA" for branch in cell.branches]
    names += ["i_pump_pA"] * (cell.pump is not None)
    names += [f"i_gating_{channel.name}_pA" for channel in cell.channels] * gating
    rows = [sweep[name][span] for name in names if name in sweep.names]
    return np.asarray(sum(rows, np.zeros(sweep.values[0, span].size)))


def way(sweep: Sweep, rig: Rig, protocol: Protocol, sample: int) -> Way:
    """What the amplifier and the recorder of a rig make of the true current at a sample.

    After a change of the amplifier within the sweep the circuit is taken to have stood still there.
    """
    amplifier, fs_kHz, now = rig.amplifier, protocol.fs_kHz, float(true_pA(sweep)[sample])
    recorder = amplifier.recorder
    filters_it = recorder.on and recorder.filter_kHz > 0.0 and not amplifier.clamps_current
    memory = ceil(min(FILTER_MEMORY_PER_fc * fs_kHz / recorder.filter_kHz, MOST_SAMPLES)) if filters_it else 0
    border = _last_change(sweep, rig, sample)
    if not amplifier.has_electronics or amplifier.clamps_current:
        first = max(border, sample - memory)
        out = true_pA(sweep, slice(first, sample + 1))
        return Way(now, filter_pA=_filtered(out, rig, fs_kHz) - now if filters_it else 0.0)
    inner = _inner(amplifier, rig.cell.cm_pF, 1.0 / fs_kHz)
    if inner is None:
        return Way(now, known=False)
    first = max(border, sample - memory - inner.memory)
    drive = _drive(sweep, rig, protocol, slice(first, sample + 1))
    start = np.array(sweep.start[1 : 1 + len(inner.names)]) if first == 0 else inner.steady(drive[0])
    states = inner.played(start, drive)
    value = dict(zip(inner.names, states[-1], strict=True))
    change = dict(zip(inner.names, inner.a @ states[-1] + inner.b @ drive[-1], strict=True))
    pipette = cancelled = 0.0
    if "v_p_mV" in value:
        pipette = amplifier.cp_pF * change["v_p_mV"] - amplifier.cp_est_pF * change["v_clamp_mV"]
    cancelled = -amplifier.cm_est_pF * change["v_est_mV"]
    out = states[:, -1]
    beforehand = amplifier.prediction_percent / 100.0 * amplifier.rs_est_MOhm / 1000.0 * amplifier.cm_est_pF
    return Way(
        now,
        cancelled_pA=cancelled,
        pipette_pA=pipette,
        lag_pA=float(out[-1]) - now - cancelled - pipette,
        filter_pA=_filtered(out[-memory - 1 :], rig, fs_kHz) - float(out[-1]) if filters_it else 0.0,
        prediction_mV=beforehand * change["v_est_mV"],
    )


@lru_cache(maxsize=16)
def noise_rms_pA(amplifier: Amplifier, cm_pF: float, temperature_K: float, fs_kHz: float) -> float:
    """Rms of the recorder's thermal noise after its filter, and of the converter's rounding; 0 where both are off.

    That of seal ∥ R_f is white; that of R_s with C_m grows with frequency. Both go through the filter.
    """
    recorder = amplifier.recorder
    if not recorder.on or amplifier.clamps_current:
        return 0.0
    rounding_pA = filters.quantisation_noise(step_pA(amplifier)) if recorder.bits else 0.0
    if not recorder.noise:
        return rounding_pA
    gain, band_kHz, bessel = 1.0, 0.5 * fs_kHz, None
    if recorder.filter_kHz > 0.0:
        bessel = filters.bessel_steps(fc_kHz=recorder.filter_kHz, fs_kHz=fs_kHz)
        gain = bessel.noise_gain
        band_kHz = filters.bessel_noise_bandwidth() * recorder.filter_kHz / gain
    parallel_MOhm = 1000.0 / (1.0 / recorder.seal_GOhm + 1.0 / amplifier.feedback_GOhm)
    power = gain * filters.thermal_noise_pA(parallel_MOhm, band_kHz, temperature_K) ** 2 + rounding_pA**2
    if amplifier.rs_MOhm > 0.0:
        rms_pA, leak = filters.rs_cm_steps(amplifier.rs_MOhm, cm_pF, band_kHz, temperature_K)
        click = np.zeros(MOST_SAMPLES)
        click[0] = 1.0
        answer = rms_pA * (click - _leaky(click, leak).real)
        power += float(np.sum(_bessel(answer, bessel) ** 2)) if bessel is not None else float(answer @ answer)
    return sqrt(power)


def step_pA(amplifier: Amplifier) -> float:
    """Smallest step of the recorder's converter; 0 if it has none."""
    recorder = amplifier.recorder
    if not (recorder.on and recorder.bits):
        return 0.0
    return filters.lsb_pA(range_V=recorder.range_V, bits=recorder.bits, gain_mV_per_pA=recorder.gain_mV_per_pA)


def _last_change(sweep: Sweep, rig: Rig, sample: int) -> int:
    """The sample from which on the sweep has this amplifier on this capacitance; 0 if it always had."""
    since, before = 0, sweep.rig
    for change in sweep.changes:
        if change.sample > sample:
            break
        if (change.rig.amplifier, change.rig.cell.cm_pF) != (before.amplifier, before.cell.cm_pF):
            since = change.sample
        before = change.rig
    return since


# ---- the amplifier


@dataclass(frozen=True, eq=False)
class _Inner:
    """An amplifier's states but for the membrane's voltage, which drives them, x' = a x + b u.

    u is V, V', V'' and V''' of the membrane, the command and its slope, and the unseen offset.
    """

    names: tuple[str, ...]
    a: Array
    b: Array
    step: Array
    push: Array
    memory: int

    def steady(self, drive: Array) -> Array:
        """Where it stands still with what drives it now."""
        still = drive * np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0])
        return np.asarray(np.linalg.solve(self.a, -self.b @ still))

    def played(self, start: Array, drive: Array) -> Array:
        """States at every sample, shape (n_samples, n_states)."""
        return np.asarray(_recursion(self.step, np.concatenate([start[None], drive[:-1] @ self.push.T])))


@lru_cache(maxsize=16)
def _inner(amplifier: Amplifier, cm_pF: float, dt_ms: float) -> _Inner | None:
    """The inner circuit of an amplifier; None if it runs away where the membrane's voltage is given."""
    from scipy.linalg import expm

    circuit = circuit_of(amplifier, cm_pF)
    a = circuit.a[1:, 1:]
    slowest = float(np.linalg.eigvals(a).real.max())
    if slowest >= 0.0:
        return None
    n, none = len(a), np.zeros((len(a), 1))
    b = np.hstack([circuit.a[1:, :1], none, none, none, circuit.b[1:, :1], none, circuit.b[1:, 2:]])
    chain = np.zeros((7, 7))
    chain[[0, 1, 2, 4], [1, 2, 3, 5]] = 1.0  # each is the slope of the one before
    whole = expm(np.block([[a, b], [np.zeros((7, n)), chain]]) * dt_ms)
    memory = ceil(min(FORGOTTEN / -slowest / dt_ms, MOST_SAMPLES))
    return _Inner(circuit.states[1:], a, b, whole[:n, :n], whole[:n, n:], memory)


def _drive(sweep: Sweep, rig: Rig, protocol: Protocol, span: slice) -> Array:
    """What drives the inner circuit from each sample to the next: the membrane as a cubic, the command as a line."""
    dt_ms, v_mV = 1.0 / protocol.fs_kHz, sweep["v_mV"][span]
    slope_mV_per_ms = (true_pA(sweep, span) - flowing_pA(sweep, span)) / rig.cell.cm_pF
    course = protocol.course(sweep.index)
    line = np.searchsorted(course.last, np.arange(span.start, span.stop), side="right")
    command_slope = ((course.end_mV - course.start_mV) / (course.last - course.first))[line] / dt_ms
    d0, d1, rise = slope_mV_per_ms[:-1], slope_mV_per_ms[1:], np.diff(v_mV) / dt_ms
    bend, twist = np.zeros(v_mV.size), np.zeros(v_mV.size)
    bend[:-1] = 2.0 * (3.0 * rise - 2.0 * d0 - d1) / dt_ms
    twist[:-1] = 6.0 * (d0 + d1 - 2.0 * rise) / dt_ms**2
    offset = np.full(v_mV.size, rig.amplifier.unseen_mV)
    return np.stack([v_mV, slope_mV_per_ms, bend, twist, sweep["command_mV"][span], command_slope, offset], axis=1)


# ---- the recorder


def _filtered(out_pA: Array, rig: Rig, fs_kHz: float) -> float:
    """The last of some samples of the amplifier's output after the filter, which saw the first one for ever."""
    steps = filters.bessel_steps(fc_kHz=rig.amplifier.recorder.filter_kHz, fs_kHz=fs_kHz)
    return float(out_pA[0] + _bessel(out_pA - out_pA[0], steps)[-1])


def _bessel(values: Array, steps: filters.BesselSteps) -> Array:
    """The recorder's filter, at rest before: y = direct x + 2 Re Σ share u, and then u += leak (x − u)."""
    out = steps.direct * values
    for leak, share in zip(steps.leak, steps.share, strict=True):
        out = out + 2.0 * (share * _leaky(values, leak)).real
    return np.asarray(out)


def _leaky(values: Array, leak: complex) -> Complex:
    """u, from 0, where u += leak (x − u) after every sample."""
    pushes = np.concatenate([[0.0], leak * values[:-1]])
    return np.asarray(_recursion(np.array([[1.0 - leak]]), pushes[:, None])[:, 0])


def _recursion(step: Any, pushes: Any) -> Any:
    """x(n) = step x(n−1) + push(n) for all n at once, by doubling; scipy's filters take two seconds to load.

    Parameters
    ----------
    step : ndarray of float or complex, shape (n_states, n_states)
    pushes : ndarray of float or complex, shape (n_samples, n_states)
    """
    found, power, ahead = pushes, step, 1
    while ahead < len(found):
        found = np.concatenate([found[:ahead], found[ahead:] + found[:-ahead] @ power.T])
        power, ahead = power @ power, 2 * ahead
    return found
