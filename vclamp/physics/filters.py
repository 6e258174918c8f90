"""Between the membrane and the disk: the 4-pole Bessel filter, thermal noise, and the converter."""

from dataclasses import dataclass
from functools import cache
from math import atan, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.units import BOLTZMANN_J_PER_K

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

# H(s) = 105/(s⁴ + 10 s³ + 45 s² + 105 s + 105), group delay 1. Source: W. E. Thomson 1949, Proc IEE III 96:487.
_BESSEL = np.array([1.0, 10.0, 45.0, 105.0, 105.0])


@cache
def _modes() -> tuple[Complex, Complex]:
    """Poles p and residues r of the filter with its −3 dB corner at f = 1: H(s) = Σ r/(s − p), h(t) = Σ r e^(pt)."""
    odd = _BESSEL * (-1.0) ** np.arange(4, -1, -1)
    excess = np.polymul(_BESSEL, odd)  # |D(jω)|² as a polynomial in s, s² = −ω²
    excess[-1] -= 2.0 * _BESSEL[-1] ** 2  # half of the power
    roots = np.roots(excess)
    corner = float(np.min(roots.imag[(np.abs(roots.real) < 1e-9) & (roots.imag > 0)]))
    roots = np.roots(_BESSEL)
    scale = 2.0 * pi / corner
    poles: Complex = np.asarray(roots * scale, complex)
    residues: Complex = np.asarray(_BESSEL[-1] / np.polyval(np.polyder(_BESSEL), roots) * scale, complex)
    for mode in (poles, residues):
        mode.setflags(write=False)
    return poles, residues


def bessel_gain(f_over_fc: ArrayLike) -> Array:
    """Gain |H| of the 4-pole Bessel filter at a frequency over its −3 dB corner."""
    p, r = _modes()
    s = 2j * pi * np.asarray(f_over_fc, float)
    return np.asarray(np.abs(np.sum(r / (s[..., None] - p), axis=-1)))


def bessel_step(t_fc: ArrayLike) -> Array:
    """Answer of the filter to a unit step, against time times corner frequency."""
    p, r = _modes()
    t = np.maximum(np.asarray(t_fc, float), 0.0)
    return np.asarray(np.sum(r / p * np.expm1(p * t[..., None]), axis=-1).real)


def bessel_step_time(fraction: float) -> float:
    """Time times corner frequency at which a filtered step first reaches a fraction, 0 < fraction ≤ 1, of its height.

    The delay is that of one half, the rise time that of 0.9 less that of 0.1.
    """
    from scipy.optimize import brentq

    return float(brentq(lambda t: float(bessel_step(t)) - fraction, 0.0, _peak_time(), xtol=1e-14))


def bessel_overshoot() -> float:
    """Overshoot of a filtered step, over its height."""
    return float(bessel_step(_peak_time())) - 1.0


def bessel_noise_bandwidth() -> float:
    """Bandwidth of the ideal filter that passes as much white noise, over the corner frequency."""
    p, r = _modes()
    return float(-0.5 * np.sum(np.outer(r, r) / np.add.outer(p, p)).real)


def bessel_delay_ms(fc_kHz: float) -> float:
    """Delay of whatever is slow against the filter, by which it also delays slow exponentials."""
    p, r = _modes()
    return float(np.sum(r / p**2).real) / fc_kHz


def bessel_filtered(values: ArrayLike, *, fc_kHz: float, fs_kHz: float) -> Array:
    """A trace through the 4-pole Bessel filter, exact for one that is a straight line between its samples.

    The trace is taken to have been at its first value for ever.

    Parameters
    ----------
    values : array_like, shape (..., n_samples)
    fc_kHz, fs_kHz : float
        −3 dB corner of the filter and sampling rate of the trace.
    """
    from scipy.signal import lfilter

    trace = np.asarray(values, float)
    first = trace[..., :1]
    p, r = (mode[_modes()[0].imag > 0] for mode in _modes())  # the others are their conjugates
    dt = fc_kHz / fs_kHz
    moved = np.zeros(trace.shape)
    for pole, residue in zip(p, r, strict=True):
        whole = np.expm1(pole * dt) / pole  # of a held input
        late = _ramp_share(pole * dt) * dt  # of the input's end
        late_part = lfilter([late, whole - late], [1.0, -np.exp(pole * dt)], trace - first)
        moved += 2.0 * (residue * late_part).real
    return np.asarray(first + moved)


@dataclass(frozen=True)
class BesselSteps:
    """The filter sample by sample: y = `direct` x + 2 Re Σ `share` u, and then u += `leak` (x − u).

    A constant x is its own steady state, u = x, at every corner and rate; the dc gain is 1.
    `leak` and `share` have shape (2,), one of each pair of conjugate modes.
    """

    direct: float
    leak: Complex
    share: Complex

    @property
    def noise_gain(self) -> float:
        """Variance of what leaves the filter if white noise of variance 1 enters: Σ g(n)²."""
        leak = np.concatenate([self.leak, self.leak.conj()])
        hit = leak * np.concatenate([self.share, self.share.conj()])
        both = np.add.outer(leak, leak) - np.multiply.outer(leak, leak)  # 1 − z z'
        return self.direct**2 + float(np.sum(np.multiply.outer(hit, hit) / both).real)


def bessel_steps(*, fc_kHz: float, fs_kHz: float) -> BesselSteps:
    """The filter as a recursion, whose gain is the analogue one within 1 % up to its corner wherever fs ≥ 4 fc.

    It keeps the analogue poles. Its residues let constants, lines, parabolas and cubics pass as
    the analogue filter does, so gain, delay and noise bandwidth are right: at fs = 10 fc within
    0.1 % up to the corner, where straight lines between samples would cost 3 %. A jump counts as
    halfway between its samples. Below 4 fc the input is straight lines, which never overshoots.
    """
    p, r = _modes()
    dt = fc_kHz / fs_kHz
    ahead = p.imag > 0
    leak = -np.expm1(p * dt)
    if dt > 0.25:
        late = r * dt * np.array([_ramp_share(complex(pole * dt)) for pole in p])
        direct, share = late, -r / p - late
    else:
        direct = _matched(p, r, dt)
        share = direct * (1.0 - leak) / leak
    return BesselSteps(float(direct.sum().real), leak[ahead], share[ahead])


def _matched(p: Complex, r: Complex, dt: float) -> Complex:
    """Residues c for which Σ c/(1 − e^((p − s)dt)) is Σ r/(s − p) up to the third power of s."""
    b = -1.0 / np.expm1(p * dt)  # 1/(1 − e^(−x)) at x = −p dt, and its derivatives
    b1 = b - b**2
    b2 = b1 * (1.0 - 2.0 * b)
    b3 = b2 * (1.0 - 2.0 * b) - 2.0 * b1**2
    power = np.arange(4)
    scale = dt ** (power + 1.0)  # all rows alike in size
    wanted = -np.array([1.0, 1.0, 2.0, 6.0]) * np.sum(r / p ** (power[:, None] + 1), axis=1)
    return np.asarray(np.linalg.solve(scale[:, None] * np.array([b, b1, b2, b3]), dt * wanted), complex)


def _ramp_share(x: complex) -> complex:
    """(e^x − 1 − x)/x², by its series near 0."""
    if abs(x) < 1e-2:
        return 0.5 + x / 6 + x**2 / 24 + x**3 / 120 + x**4 / 720 + x**5 / 5040
    return complex((np.expm1(x) - x) / x**2)


@cache
def _peak_time() -> float:
    """When a filtered step is highest: the first zero of the impulse response."""
    from scipy.optimize import brentq

    p, r = _modes()
    return float(brentq(lambda t: float(np.sum(r * np.exp(p * t)).real), 0.3, 1.0, xtol=1e-14))


def thermal_noise_pA(resistance_MOhm: float, bandwidth_kHz: float, temperature_K: float) -> float:
    """Rms current noise of a resistance in an ideally limited bandwidth, √(4kTB/R).

    Source: J. B. Johnson 1928, Phys Rev 32:97; H. Nyquist 1928, Phys Rev 32:110.
    """
    power_A2 = 4.0 * BOLTZMANN_J_PER_K * temperature_K * (bandwidth_kHz * 1e3) / (resistance_MOhm * 1e6)
    return 1e12 * sqrt(power_A2)


def rs_cm_noise_pA(rs_MOhm: float, cm_pF: float, bandwidth_kHz: float, temperature_K: float) -> float:
    """Rms current that the thermal noise of R_s drives into C_m, up to a bandwidth.

    The integral of 4kT R_s (2πf C_m)²/(1 + (2πf R_s C_m)²), which is 4kT/R_s · B · (1 − atan(x)/x)
    with x = 2πB R_s C_m.

    Source: F. J. Sigworth 1995, in Single-Channel Recording, 2nd ed., ch. 4.
    """
    x = 2.0 * pi * bandwidth_kHz * rs_MOhm * cm_pF / 1000.0
    share = x**2 / 3.0 - x**4 / 5.0 if x < 1e-3 else 1.0 - atan(x) / x
    return thermal_noise_pA(rs_MOhm, bandwidth_kHz, temperature_K) * sqrt(share)


def rs_cm_steps(rs_MOhm: float, cm_pF: float, bandwidth_kHz: float, temperature_K: float) -> tuple[float, float]:
    """The noise of R_s with C_m sample by sample, at 2·bandwidth samples a ms.

    From white w of variance 1 the current is i = `rms_pA` (w − u), and then u += `leak` (w − u).
    Of all such recursions it is the one whose spectrum begins as the analogue one and whose
    variance is `rs_cm_noise_pA`² up to the bandwidth; the spectrum in between is right within
    0.5 % up to a fifth of the bandwidth, and within 10 % up to two thirds, even if R_s C_m is far below a sample.

    Returns
    -------
    rms_pA, leak : float
    """
    n = 2.0 * bandwidth_kHz * rs_MOhm * cm_pF / 1000.0  # R_s C_m in samples
    white_pA = thermal_noise_pA(rs_MOhm, bandwidth_kHz, temperature_K)
    share = (rs_cm_noise_pA(rs_MOhm, cm_pF, bandwidth_kHz, temperature_K) / white_pA) ** 2
    q = share / (2.0 * n**2)  # slope rms·n = white/leak·n² and variance 2 rms²/(2 − leak)
    leak = (sqrt(q * (q + 8.0)) - q) / 2.0
    return white_pA * n * leak, leak


def lsb_pA(*, range_V: float, bits: int, gain_mV_per_pA: float) -> float:
    """Smallest step of a converter whose input goes from −range to +range, in current."""
    return 2000.0 * range_V / 2.0**bits / gain_mV_per_pA


def quantisation_noise(lsb: float) -> float:
    """Rms error of rounding to multiples of the smallest step, LSB/√12; in the step's unit.

    Source: W. R. Bennett 1948, Bell Syst Tech J 27:446.
    """
    return lsb / sqrt(12.0)


def digitised_pA(values: ArrayLike, *, range_V: float, bits: int, gain_mV_per_pA: float) -> Array:
    """A current as the converter writes it: rounded to its steps and clipped at its range."""
    step = lsb_pA(range_V=range_V, bits=bits, gain_mV_per_pA=gain_mV_per_pA)
    half = 2 ** (bits - 1)
    return np.asarray(step * np.clip(np.rint(np.asarray(values, float) / step), -half, half - 1))
