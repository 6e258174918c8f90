"""Intervals of 95 % hold the truth about 95 times in a hundred: of 500 sets of points, in 92 to 98 %."""

from collections.abc import Iterator

import numpy as np
import pytest
from fit_cases import CASES

from vclamp.analysis.fits import Fit

NAMED = ("boltzmann", "falling boltzmann", "one exponential", "two exponentials", "hill", "rising hill, free ends")
OTHERS = [name for name in CASES if name not in NAMED]


def held(fits: Iterator[Fit], truth: tuple[float, ...], first: int = 0) -> np.ndarray:
    """Share of the fits whose intervals hold each parameter."""
    names = slice(first, first + len(truth))
    return np.mean([(fit.low[names] < truth) & (truth < fit.high[names]) & fit.trusted for fit in fits], axis=0)


@pytest.mark.parametrize("name", NAMED)
def test_intervals_hold_the_truth_of_every_parameter_in_92_to_98_of_a_hundred(name: str) -> None:
    case = CASES[name]
    share = held((case.fit(case.x, case.noisy(10_000 + seed)) for seed in range(500)), case.truth)
    assert np.all((share >= 0.92) & (share <= 0.98))


@pytest.mark.parametrize("name", OTHERS)
def test_intervals_of_the_other_fits_hold_the_truth_as_often(name: str) -> None:
    case = CASES[name]
    share = held((case.fit(case.x, case.noisy(seed)) for seed in range(150)), case.truth)
    assert np.all((share >= 0.89) & (share <= 0.993))  # 95 ± 3 standard errors


def test_intervals_of_derived_numbers_hold_the_truth_as_often() -> None:
    case = CASES["lorentzian"]
    truth = (1000.0 / (2.0 * np.pi * 60.0), 2.5 * 60.0 * np.pi / 2.0)
    share = held((case.fit(case.x, case.noisy(seed)) for seed in range(150)), truth, first=2)
    assert np.all((share >= 0.89) & (share <= 0.993))
