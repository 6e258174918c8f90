"""Targets C: means, variances, spectra and dwell times of channels that open at random."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar

from vclamp.physics import noise
from vclamp.physics.schemes import stationary

Array = NDArray[np.float64]

TWO_STATE = np.array([[0.0, 0.05], [0.2, 0.0]])  # shut, open; /ms
SHUT, OPEN = [0], [1]
CURRENT_pA = np.array([0.0, 1.0])
N_CHANNELS = 1000.0
THREE_STATE = np.array([[0.0, 0.1, 0.0], [0.05, 0.0, 1.0], [0.0, 0.5, 0.0]])  # C2, C1, O; /ms


def p_open() -> float:
    return float(stationary(TWO_STATE)[1])


def tau_ms() -> float:
    return float(1.0 / TWO_STATE.sum())


def variance_pA2() -> float:
    return float(noise.current_variance_pA2(N_CHANNELS, 1.0, p_open()))


def parabola_pA2(mean_pA: float) -> float:
    return float(noise.variance_from_mean_pA2(mean_pA, 1.0, N_CHANNELS))


def zero_frequency_pA2_per_Hz() -> float:
    return float(noise.spectrum_pA2_per_Hz(0.0, TWO_STATE, CURRENT_pA, N_CHANNELS)[0])


def integral_pA2() -> float:
    total, _ = quad(lambda f: float(noise.lorentzian_pA2_per_Hz(f, variance_pA2(), tau_ms())), 0.0, np.inf)
    return float(total)


def shut_time_constants_ms() -> Array:
    return noise.dwell_time_constants_ms(THREE_STATE, [0, 1])


COMPUTE: dict[str, Callable[[], float]] = {
    "C1": lambda: float(noise.mean_current_pA(N_CHANNELS, 1.0, p_open())),
    "C2": lambda: parabola_pA2(200.0),
    "C3": lambda: -float(minimize_scalar(lambda mean: -parabola_pA2(mean), bracket=(0.0, 400.0)).fun),
    "C4": lambda: float(brentq(parabola_pA2, 900.0, 1100.0, xtol=1e-12)),
    "C5": lambda: float(noise.corner_frequency_Hz(tau_ms())),
    "C6": zero_frequency_pA2_per_Hz,
    "C7": integral_pA2,
    "C8": lambda: noise.mean_dwell_ms(TWO_STATE, OPEN),
    "C9": lambda: noise.mean_dwell_ms(TWO_STATE, SHUT),
    "C11": lambda: noise.apparent_open_time_ms(0.05, 0.2, 0.5),
    "C12": lambda: float(shut_time_constants_ms()[0]),
    "C13": lambda: float(shut_time_constants_ms()[1]),
    "C14": lambda: noise.mean_dwell_ms(THREE_STATE, [0, 1]),
    "C16": lambda: float(stationary(THREE_STATE)[2]),
    "C20": lambda: float(noise.unitary_current_pA(20.0, 0.0, -95.0)),
    "C21": lambda: float(noise.standard_error_pA(noise.current_variance_pA2(100.0, 1.0, 0.3), 200)),
    "C22": lambda: float(noise.p_any_open(5, 0.3)),
    "C24": lambda: noise.transitions_per_ms(TWO_STATE, N_CHANNELS),
}
