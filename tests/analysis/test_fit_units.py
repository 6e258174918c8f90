"""The unit that points are written in changes the numbers by its factor and nothing else."""

import numpy as np
import pytest
from fit_cases import CASES
from numpy.typing import NDArray

from vclamp.analysis import models
from vclamp.analysis.fits import Fit

# What one more unit of x (first) or y (second) does to each parameter, as a power of its factor.
POWERS = {
    "boltzmann": ((0, 1, 1), (1, 0, 0)),
    "falling boltzmann": ((0, 1, 1), (1, 0, 0)),
    "boltzmann with pedestal": ((0, 1, 1, 0), (1, 0, 0, 1)),
    "gv": (None, (1, 0, 0)),
    "iv": (None, (1, 0, 0, 0)),
    "h_inf": ((1, 1, 0), None),
    "one exponential": ((0, 1, 0), (1, 0, 1)),
    "two exponentials": ((0, 1, 0, 1, 0), (1, 0, 1, 0, 1)),
    "three exponentials": ((0, 1, 0, 1, 0, 1, 0), (1, 0, 1, 0, 1, 0, 1)),
    "recovery": ((0, 0, 1), (1, 1, 0)),
    "hill": ((1, 0), None),
    "rising hill, free ends": ((1, 0, 0, 0), (0, 0, 1, 1)),
    "variance-mean": ((-1, 2, 0), (1, -1, 1)),
    "weighted variance-mean": ((-1, 2, 0), (1, -1, 1)),
    "lorentzian": ((0, 1, -1, 1), (1, 0, 0, 1)),
    "lorentzian with floor": ((0, 1, 0, -1, 1), (1, 0, 1, 0, 1)),
    "tail reversal": ((1, -1), (0, 1)),
    "line": ((-1, 0), (1, 1)),
}
FACTORS = [1e-12, 1e-9, 1e-6, 1e-3, 1e3]


def agree(one: Fit, other: Fit, scale: NDArray[np.float64]) -> None:
    assert other.trusted
    assert other.names == one.names
    assert other.values == pytest.approx(one.values * scale, rel=1e-6)
    assert other.se == pytest.approx(one.se * scale, rel=1e-6)
    assert other.low == pytest.approx(one.low * scale, rel=1e-6)
    assert other.high == pytest.approx(one.high * scale, rel=1e-6)
    assert other.correlation == pytest.approx(one.correlation, abs=1e-6)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("name", [name for name, (along_x, _) in POWERS.items() if along_x is not None])
def test_the_unit_of_voltage_time_dose_or_frequency(name: str, factor: float) -> None:
    case, y = CASES[name], CASES[name].noisy()
    scale = factor ** np.array(POWERS[name][0], float)
    agree(case.fit(case.x, y), case.fit(factor * case.x, y), scale)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("name", [name for name, (_, along_y) in POWERS.items() if along_y is not None])
def test_the_unit_of_current_conductance_or_power(name: str, factor: float) -> None:
    case, y = CASES[name], CASES[name].noisy()
    scale = factor ** np.array(POWERS[name][1], float)
    agree(case.fit(case.x, y), case.fit(case.x, factor * y), scale)


def test_the_unit_of_concentration_scales_the_dissociation_constant() -> None:
    case, y = CASES["woodhull"], CASES["woodhull"].noisy()
    agree(case.fit(case.x, y), case.fit(case.x * [[1.0], [1e-6]], y), np.array([1e-6, 1.0]))


def test_the_unit_of_concentration_leaves_a_permeability_ratio() -> None:
    case, y = CASES["permeability ratio"], CASES["permeability ratio"].noisy()
    agree(case.fit(case.x, y), case.fit(1e-3 * case.x, y), np.ones(1))


@pytest.mark.parametrize("factor", FACTORS)
def test_how_many_exponentials_there_are_does_not_hang_on_units(factor: float) -> None:
    case, y = CASES["three exponentials"], CASES["three exponentials"].noisy()
    one, other = models.fit_best_exponentials(case.x, y), models.fit_best_exponentials(1e-3 * case.x, factor * y)
    agree(one, other, np.array([factor, 1e-3] * 3 + [factor]))


@pytest.mark.parametrize("factor", FACTORS)
def test_how_many_ends_of_a_dose_response_are_free_does_not_hang_on_units(factor: float) -> None:
    case, y = CASES["rising hill, free ends"], CASES["rising hill, free ends"].noisy()
    one, other = models.fit_best_hill(case.x, y), models.fit_best_hill(1e-6 * case.x, factor * y)
    agree(one, other, np.array([1e-6, 1.0, factor, factor]))


def test_an_end_of_a_current_is_not_taken_for_the_whole_of_a_fraction() -> None:
    doses = np.geomspace(0.1, 300.0, 12)
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(0.0, 9.0, doses.size)
        y_pA = 2.0 - 900.0 / (1.0 + doses / 8.0) + noise
        in_pA, in_A = models.fit_best_hill(doses, y_pA), models.fit_best_hill(doses, 1e-12 * y_pA)
        assert in_A.names == in_pA.names
        assert in_A["ic50"] == pytest.approx(in_pA["ic50"], rel=1e-6)
