"""Curves of known truth for the tests of the fits."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis import models
from vclamp.analysis.fits import Fit
from vclamp.physics.block import hill_unblocked, woodhull_kd_mM
from vclamp.physics.clamp import membrane_test
from vclamp.physics.flux import ghk_voltage_mV
from vclamp.physics.gating import two_state_p_open
from vclamp.units import kelvin

Array = NDArray[np.float64]

ROOM_K = kelvin(22.0)
V = np.arange(-80.0, 61.0, 10.0)
T = np.arange(0.0, 50.0, 0.25)
DOSES = np.geomspace(0.3, 100.0, 8)
V_B = np.array([(v, b) for b in (0.1, 0.5, 2.0) for v in V]).T
MEANS = np.linspace(5.0, 200.0, 12)
F_HZ = np.arange(2.0, 1001.0, 4.0)
K_OUT = np.array([2.0, 5.0, 10.0, 20.0, 50.0, 100.0])
OUT = np.vstack([K_OUT, 150.0 - K_OUT])  # K replaced by Na
IN = np.array([[140.0], [10.0]])


@dataclass(frozen=True)
class Case:
    """A curve of known truth, its noise, and the fit of points (x, y).

    `fit` takes x, y and where to begin. With `nu`, each point is the truth times χ²/ν: a variance, a spectrum.
    """

    truth: tuple[float, ...]
    x: Array
    y: Array
    sd: float
    fit: Callable[..., Fit]
    nu: int = 0

    def noisy(self, seed: int = 0) -> Array:
        rng = np.random.default_rng(seed)
        if self.nu:
            return self.y * rng.chisquare(self.nu, self.y.size) / self.nu
        return self.y + rng.normal(0.0, self.sd, self.y.size)


def gated(v: Array, z: float, v_half: float) -> Array:
    return two_state_p_open(v, z, v_half, ROOM_K)


def ghk(ratio: float) -> Array:
    return ghk_voltage_mV([1.0, ratio], OUT.T, IN.T, (1, 1), ROOM_K)


def fall(v: Array, v_half: float, k: float) -> Array:
    return 1.0 / (1.0 + np.exp((v - v_half) / k))


def _boltzmann(x: Array, y: Array, start: object = None) -> Fit:
    return models.fit_boltzmann(x, y, start=start)


def _gv(x: Array, y: Array, start: object = None) -> Fit:
    return models.fit_gv(x, y, ROOM_K, start=start)


def _hill_free(x: Array, y: Array, start: object = None) -> Fit:
    return models.fit_hill(x, y, zero_dose=None, full_dose=None, name="ec50", start=start)


TEST = membrane_test(10.0, rs_MOhm=12.0, rm_MOhm=300.0, cm_pF=28.0)
CASES = {
    "boltzmann": Case((40.0, -22.0, 7.3), V, 40.0 * fall(V, -22.0, -7.3), 0.5, _boltzmann),
    "falling boltzmann": Case((9.0, -14.0, -11.0), V, 9.0 * fall(V, -14.0, 11.0), 0.1, _boltzmann),
    "boltzmann with pedestal": Case(
        (40.0, -22.0, -7.3, 5.0),
        V,
        5.0 + 40.0 * fall(V, -22.0, 7.3),
        0.5,
        lambda x, y, start=None: models.fit_boltzmann(x, y, pedestal=True, start=start),
    ),
    "gv": Case((40.0, 3.5, -22.0), V, 40.0 * gated(V, 3.5, -22.0), 0.5, _gv),
    "falling gv": Case((9.0, -2.0, 11.0), V, 9.0 * gated(V, -2.0, 11.0), 0.1, _gv),
    "iv": Case(
        (30.0, 5.0, -28.0, 55.0),
        V,
        30.0 * (V - 55.0) * gated(V, 5.0, -28.0),
        15.0,
        lambda x, y, start=None: models.fit_iv(x, y, ROOM_K, start=start),
    ),
    "h_inf": Case((-52.0, 6.2, 0.03), V - 20.0, 0.03 + 0.97 * fall(V - 20.0, -52.0, 6.2), 0.015, models.fit_h_inf),
    "one exponential": Case(
        (-800.0, 6.5, -35.0),
        T,
        -800.0 * np.exp(-T / 6.5) - 35.0,
        5.0,
        lambda x, y, start=None: models.fit_exponentials(x, y, 1, start=start),
    ),
    "two exponentials": Case(
        (-800.0, 1.5, -300.0, 12.0, -35.0),
        T,
        -800.0 * np.exp(-T / 1.5) - 300.0 * np.exp(-T / 12.0) - 35.0,
        5.0,
        lambda x, y, start=None: models.fit_exponentials(x, y, 2, start=start),
    ),
    "three exponentials": Case(
        (900.0, 0.6, -500.0, 5.0, -300.0, 40.0, 20.0),
        np.arange(0.0, 150.0, 0.1),
        20.0
        + sum(
            a * np.exp(-np.arange(0.0, 150.0, 0.1) / tau) for a, tau in ((900.0, 0.6), (-500.0, 5.0), (-300.0, 40.0))
        ),
        2.0,
        lambda x, y, start=None: models.fit_exponentials(x, y, 3, start=start),
    ),
    "recovery": Case((1.0, 0.9, 6.3), T, 1.0 - 0.9 * np.exp(-T / 6.3), 0.02, models.fit_recovery),
    "membrane test": Case(
        (12.0, 300.0, 28.0),
        T[:40] / 12.0,
        TEST.steady_pA + (TEST.peak_pA - TEST.steady_pA) * np.exp(-T[:40] / 12.0 / TEST.tau_ms),
        3.0,
        lambda x, y, start=None: models.fit_membrane_test(x, y, 10.0, start=start),
    ),
    "woodhull": Case(
        (0.8, 1.1),
        V_B,
        1.0 / (1.0 + V_B[1] / woodhull_kd_mM(V_B[0], 0.8, 1.1, "in", ROOM_K)),
        0.01,
        lambda x, y, start=None: models.fit_woodhull(*x, y, ROOM_K, start=start),
    ),
    "hill": Case((8.0, 1.3), DOSES, hill_unblocked(DOSES, 8.0, 1.3), 0.015, models.fit_hill),
    "rising hill, free ends": Case(
        (6.0, 1.8, 20.0, 450.0), DOSES, 450.0 - 430.0 * hill_unblocked(DOSES, 6.0, 1.8), 6.0, _hill_free
    ),
    "variance-mean": Case(
        (0.8, 300.0, 1.0), MEANS, 0.8 * MEANS - MEANS**2 / 300.0 + 1.0, 1.0, models.fit_variance_mean
    ),
    "weighted variance-mean": Case(
        (0.8, 300.0, 1.0),
        MEANS,
        0.8 * MEANS - MEANS**2 / 300.0 + 1.0,
        0.0,
        lambda x, y, start=None: models.fit_variance_mean(x, y, weighted=True, start=start),
        nu=199,
    ),
    "lorentzian": Case(
        (2.5, 60.0),
        F_HZ,
        2.5 / (1.0 + (F_HZ / 60.0) ** 2),
        0.0,
        lambda x, y, start=None: models.fit_lorentzian(x, y, floor=False, start=start),
        nu=16,
    ),
    "lorentzian with floor": Case(
        (2.5, 60.0, 0.05),
        F_HZ,
        0.05 + 2.5 / (1.0 + (F_HZ / 60.0) ** 2),
        0.0,
        lambda x, y, start=None: models.fit_lorentzian(x, y, floor=True, start=start),
        nu=16,
    ),
    "tail reversal": Case((-17.3, 12.0), V, 12.0 * (V + 17.3), 8.0, models.fit_tail_reversal),
    "line": Case((2.5, -40.0), V, 2.5 * V - 40.0, 8.0, models.fit_line),
    "permeability ratio": Case(
        (0.02,),
        np.vstack([OUT, np.broadcast_to(IN, OUT.shape)]),
        ghk(0.02),
        1.0,
        lambda x, y, start=None: models.fit_permeability_ratios(("K", "Na"), x[:2], x[2:], y, ROOM_K, start=start),
    ),
}
