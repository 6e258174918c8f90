"""A fit says in words why it has no numbers, or none to be trusted; bad points never raise or warn."""

from collections.abc import Sequence

import numpy as np
import pytest
from fit_cases import CASES, DOSES, F_HZ, IN, MEANS, OUT, ROOM_K, V_B, Case, T, V, fall, gated, ghk
from numpy.typing import NDArray

from vclamp.analysis import models
from vclamp.analysis.fits import Fit
from vclamp.physics.block import hill_unblocked

Array = NDArray[np.float64]

all_cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def refused(fit: Fit) -> str:
    """The warning of a fit whose numbers are all NaN."""
    assert np.isnan([*fit.values, *fit.se, *fit.low, *fit.high, *fit.correlation.ravel()]).all()
    assert np.isnan(fit(np.array([1.0, 2.0]))).all()
    assert not fit.has_numbers
    assert fit.warning
    return fit.warning


def doubted(fit: Fit) -> str:
    """The warning of a fit that has numbers, which are not to be trusted."""
    assert np.isfinite(fit.values).all()
    assert fit.has_numbers
    assert not fit.trusted
    return fit.warning


# ---- bad points


@all_cases
@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_points_are_refused(case: Case, n: int) -> None:
    assert "too few" in refused(case.fit(case.x[..., :n], case.y[:n]))


@all_cases
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
def test_points_without_any_number_are_too_few(case: Case, value: float) -> None:
    assert "0 points are too few" in refused(case.fit(case.x, np.full(case.y.size, value)))
    assert "0 points are too few" in refused(case.fit(np.full(case.x.shape, value), case.y))


@all_cases
@pytest.mark.parametrize("value", [0.0, 0.5])
def test_equal_points_are_refused(case: Case, value: float) -> None:
    assert refused(case.fit(case.x, np.full(case.y.size, value)))
    if value:
        assert refused(case.fit(case.x, np.full(case.y.size, value))) == "all points are equal"


@all_cases
def test_points_at_one_place_are_refused_unless_they_tell_the_only_parameter(case: Case) -> None:
    x = np.tile(case.x[..., :1], case.y.size)
    fit = case.fit(x, case.y[0] * np.linspace(0.9, 1.1, case.y.size))
    if len(case.truth) > 1:
        assert refused(fit) == "all points are at the same place"
    else:
        assert fit.trusted


@all_cases
def test_points_at_two_places_are_refused_or_a_line(case: Case) -> None:
    fit = case.fit(case.x[..., np.arange(case.y.size) % 2], case.noisy())
    assert len(case.truth) <= 2 or "places" in refused(fit)


@all_cases
def test_noise_alone_is_refused_or_doubted_or_leaves_wide_intervals(case: Case) -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        fit = case.fit(case.x, rng.normal(size=case.y.size))
        assert fit.warning or np.isfinite([*fit.values, *fit.se]).all()


def test_any_mixture_of_odd_points_ends_in_words_or_numbers() -> None:
    odd = [np.nan, np.inf, -np.inf, 0.0, 1e-300, 1e300, -1e300, 1e-12, -1e-12, 1.0, 2.0, 5.0, -3.0, 100.0, 1e6]
    rng = np.random.default_rng(7)
    for case in CASES.values():
        for _ in range(25):
            n, some = int(rng.integers(0, 14)), rng.choice(odd, size=rng.integers(1, 8))
            shape = (*case.x.shape[:-1], n)
            x = rng.choice(some, size=shape) if rng.random() < 0.5 else np.broadcast_to(np.arange(n) + 0.5, shape)
            fit = case.fit(x, rng.choice(some, size=n))
            assert fit.warning or np.isfinite([*fit.values, *fit.se, *fit.low, *fit.high]).all()
    for offer in models.FITS.values():
        for _ in range(10):
            fit = offer.fit(np.arange(9.0), rng.choice(odd, size=9), ROOM_K)
            assert fit.warning or np.isfinite([*fit.values, *fit.se]).all()


# ---- the search


EXACT = {"variance-mean", "tail reversal", "line", "permeability ratio"}  # whose starts are (nearly) the end


@pytest.mark.parametrize("name", [name for name in CASES if name not in EXACT])
def test_a_fit_that_does_not_converge_has_no_numbers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from vclamp.analysis import least_squares

    monkeypatch.setattr(least_squares, "MAX_STEPS", 1)
    assert refused(CASES[name].fit(CASES[name].x, CASES[name].noisy())) == "the fit did not converge"


def test_a_search_that_stops_short_of_the_minimum_has_not_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    from vclamp.analysis import least_squares

    monkeypatch.setattr(least_squares, "TOLERANCE", 0.3)
    case = CASES["boltzmann"]
    assert refused(case.fit(case.x, case.noisy(), start=(60.0, 0.0, 12.0))) == "the fit did not converge"


# ---- what points cannot see


@pytest.mark.parametrize("v_half", [-150.0, -85.0, 65.0, 80.0])
def test_a_half_activation_voltage_outside_the_data_is_doubted(v_half: float) -> None:
    g = gated(V, 2.0, v_half)
    assert "V½ lies outside the data" in doubted(models.fit_boltzmann(V, g))
    assert "V½ lies outside the data" in doubted(models.fit_gv(V, g, ROOM_K))
    assert "V½ lies outside the data" in doubted(models.fit_h_inf(V, fall(V, v_half, 8.0)))
    assert models.fit_boltzmann(V, g)["v_half_mV"] == pytest.approx(v_half, rel=1e-4)


def test_points_far_from_the_half_activation_voltage_tell_nothing() -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.02, V.size)
    assert "a flat line" in doubted(models.fit_boltzmann(V, 1.0 + noise))
    assert models.fit_boltzmann(V, gated(V, 2.0, 130.0) + noise).warning


@pytest.mark.parametrize(
    ("fit", "share"),
    [
        (lambda: models.fit_boltzmann(V, 40.0 * fall(V, 55.0, -12.0)), "60 %"),
        (lambda: models.fit_gv(V, 40.0 * gated(V, -2.0, -75.0), ROOM_K), "60 %"),
        (lambda: models.fit_h_inf(V, 0.1 + 0.9 * fall(V, 55.0, 12.0)), "60 %"),
        (lambda: models.fit_boltzmann(V, 7.0 + 40.0 * fall(V, -75.0, -12.0), pedestal=True), "60 %"),
    ],
    ids=["maximum", "maximum of a falling curve", "pedestal of availability", "pedestal"],
)
def test_an_end_of_the_curve_that_the_points_do_not_near_is_doubted(fit: object, share: str) -> None:
    assert f"go only {share} of the way" in doubted(fit())


def test_a_step_between_two_points_tells_no_slope() -> None:
    step = np.where(V > -15.0, 40.0, 0.0)
    for fit in (
        models.fit_gv(V, step, ROOM_K),
        models.fit_boltzmann(V, step),
        models.fit_h_inf(V, 1.0 - step / 40.0),
        models.fit_boltzmann(V, step + np.random.default_rng(1).normal(0.0, 0.5, V.size)),
    ):
        assert "steeper than the points are apart" in fit.warning


@pytest.mark.parametrize("sd", [0.0, 2.0])
def test_a_straight_line_is_no_boltzmann_curve(sd: float) -> None:
    y = V + 100.0 + np.random.default_rng(1).normal(0.0, sd, V.size)
    assert "a straight line" in doubted(models.fit_boltzmann(V, y))


NOISE = {
    "boltzmann": lambda rng: models.fit_boltzmann(V, rng.normal(size=V.size)),
    "availability": lambda rng: models.fit_h_inf(V, rng.normal(size=V.size)),
    "iv": lambda rng: models.fit_iv(V, rng.normal(size=V.size), ROOM_K),
    "exponentials": lambda rng: models.fit_best_exponentials(T, rng.normal(size=T.size)),
    "dose-response": lambda rng: models.fit_best_hill(DOSES, 5.0 + rng.normal(size=DOSES.size)),
    "parabola": lambda rng: models.fit_variance_mean(MEANS, rng.normal(size=MEANS.size)),
    "lorentzian": lambda rng: models.fit_lorentzian(F_HZ, rng.chisquare(16, F_HZ.size)),
    "reversal": lambda rng: models.fit_tail_reversal(V, rng.normal(size=V.size)),
}


@pytest.mark.parametrize("name", NOISE)
def test_noise_alone_is_seldom_taken_for_a_curve(name: str) -> None:
    rng = np.random.default_rng(3)
    assert sum(NOISE[name](rng).trusted for _ in range(100)) <= 4  # of 100, by tests at the 1 % level


def test_a_reversal_potential_outside_the_data_is_doubted() -> None:
    fit = models.fit_tail_reversal(V, 3.0 * (V + 95.0))
    assert "does not reverse within the data" in doubted(fit)
    assert fit["e_rev_mV"] == pytest.approx(-95.0)


def test_an_ic50_beyond_the_concentrations_is_doubted() -> None:
    assert "ic50 lies outside the concentrations" in doubted(models.fit_hill(DOSES, hill_unblocked(DOSES, 500.0, 1.0)))


def test_a_response_that_goes_the_wrong_way_is_refused() -> None:
    left = hill_unblocked(DOSES, 8.0, 1.0)
    assert "does not fall" in refused(models.fit_hill(DOSES, 1.0 - left))
    assert "does not rise" in refused(models.fit_hill(DOSES, left, zero_dose=0.0, full_dose=1.0))


def test_without_any_drug_there_is_no_dose_response() -> None:
    noise = np.random.default_rng(2).normal(1.0, 0.1, V.size)
    assert "no concentration above zero" in refused(models.fit_woodhull(V, 0.0, noise, ROOM_K))


def test_a_straight_line_is_no_exponential() -> None:
    for sd in (0.0, 0.1):
        y = 3.0 * T + np.random.default_rng(2).normal(0.0, sd, T.size)
        assert models.fit_exponentials(T, y).warning
        assert models.fit_best_exponentials(T, y).warning


def test_a_variance_that_does_not_bend_tells_no_number_of_channels() -> None:
    assert "bend" in refused(models.fit_variance_mean(MEANS, 0.8 * MEANS + 0.01 * MEANS**2))


def test_a_current_that_does_not_decay_is_no_membrane_test() -> None:
    assert "does not fall" in refused(models.fit_membrane_test(T, 100.0 * (1.0 - np.exp(-T / 3.0)), 10.0))


@pytest.mark.parametrize("fc", [0.3, 4000.0])
def test_a_corner_outside_the_frequencies_is_doubted(fc: float) -> None:
    power = 1.0 / (1.0 + (F_HZ / fc) ** 2) * np.random.default_rng(1).chisquare(16, F_HZ.size) / 16
    assert models.fit_lorentzian(F_HZ, power).warning


def test_an_ion_that_does_not_pass_tells_no_ratio() -> None:
    e_mV = ghk(1e-9) + np.random.default_rng(1).normal(0.0, 1.0, 6)
    assert "p_na_over_p_k" in models.fit_permeability_ratios(("K", "Na"), OUT, IN, e_mV, ROOM_K).warning


def test_an_external_blocker_has_a_negative_z_delta() -> None:
    left = 1.0 / (1.0 + V_B[1] / (0.8 * np.exp(V_B[0] / 25.0)))
    fit = models.fit_woodhull(*V_B, left, ROOM_K)
    assert fit.trusted
    assert fit["z_delta"] < 0.0


def test_warnings_name_the_numbers_and_their_limits() -> None:
    sentences: Sequence[str] = [
        doubted(models.fit_boltzmann(V, gated(V, 2.0, -85.0))),
        doubted(models.fit_hill(DOSES, hill_unblocked(DOSES, 500.0, 1.0))),
    ]
    assert "-85 mV, and the points reach from -80 to 60 mV" in sentences[0]
    assert "500, and the limits are 0.3 and 100" in sentences[1]
