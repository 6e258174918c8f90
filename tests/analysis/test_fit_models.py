"""Fits find the truth from any start, in any unit, with honest errors, and say when they cannot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from vclamp.analysis import fits, models
from vclamp.analysis.fits import Fit, boltzmann, fit_boltzmann
from vclamp.physics.block import hill_unblocked, woodhull_kd_mM
from vclamp.physics.clamp import membrane_test
from vclamp.physics.gating import two_state_p_open
from vclamp.units import kelvin

Array = NDArray[np.float64]

ROOM_K = kelvin(22.0)
V = np.arange(-80.0, 61.0, 10.0)
T = np.arange(0.0, 50.0, 0.25)
DOSES = np.geomspace(0.3, 100.0, 8)
V_B = np.array([(v, b) for b in (0.1, 0.5, 2.0) for v in V]).T
MEANS = np.linspace(5.0, 200.0, 12)


@dataclass(frozen=True)
class Case:
    """A curve of known truth, its noise, and the fit of points (x, y)."""

    truth: tuple[float, ...]
    x: Array
    y: Array
    sd: float
    fit: Callable[[Array, Array], Fit]

    def noisy(self, seed: int = 0) -> Array:
        return self.y + np.random.default_rng(seed).normal(0.0, self.sd, self.y.size)


def gated(v: Array, z: float, v_half: float) -> Array:
    return two_state_p_open(v, z, v_half, ROOM_K)


TEST = membrane_test(10.0, rs_MOhm=12.0, rm_MOhm=300.0, cm_pF=28.0)
CASES = {
    "gv": Case((40.0, 3.5, -22.0), V, 40.0 * gated(V, 3.5, -22.0), 0.5, lambda x, y: models.fit_gv(x, y, ROOM_K)),
    "falling gv": Case((9.0, -2.0, 11.0), V, 9.0 * gated(V, -2.0, 11.0), 0.1, lambda x, y: models.fit_gv(x, y, ROOM_K)),
    "iv": Case(
        (30.0, 5.0, -28.0, 55.0),
        V,
        30.0 * (V - 55.0) * gated(V, 5.0, -28.0),
        15.0,
        lambda x, y: models.fit_iv(x, y, ROOM_K),
    ),
    "one exponential": Case(
        (-800.0, 6.5, -35.0), T, -800.0 * np.exp(-T / 6.5) - 35.0, 5.0, lambda x, y: models.fit_exponentials(x, y, 1)
    ),
    "two exponentials": Case(
        (-800.0, 1.5, -300.0, 12.0, -35.0),
        T,
        -800.0 * np.exp(-T / 1.5) - 300.0 * np.exp(-T / 12.0) - 35.0,
        5.0,
        lambda x, y: models.fit_exponentials(x, y, 2),
    ),
    "recovery": Case((1.0, 0.9, 6.3), T, 1.0 - 0.9 * np.exp(-T / 6.3), 0.02, models.fit_recovery),
    "membrane test": Case(
        (12.0, 300.0, 28.0),
        T[:40] / 12.0,
        TEST.steady_pA + (TEST.peak_pA - TEST.steady_pA) * np.exp(-T[:40] / 12.0 / TEST.tau_ms),
        3.0,
        lambda x, y: models.fit_membrane_test(x, y, 10.0),
    ),
    "woodhull": Case(
        (0.8, 1.1),
        V_B,
        1.0 / (1.0 + V_B[1] / woodhull_kd_mM(V_B[0], 0.8, 1.1, "in", ROOM_K)),
        0.01,
        lambda x, y: models.fit_woodhull(*x, y, ROOM_K),
    ),
    "hill": Case((8.0, 1.3), DOSES, hill_unblocked(DOSES, 8.0, 1.3), 0.015, models.fit_hill),
    "variance-mean": Case(
        (0.8, 300.0, 1.0), MEANS, 0.8 * MEANS - MEANS**2 / 300.0 + 1.0, 1.0, models.fit_variance_mean
    ),
    "h_inf": Case(
        (-52.0, 6.2, 0.03),
        V - 20.0,
        0.03 + 0.97 / (1.0 + np.exp((V - 20.0 + 52.0) / 6.2)),
        0.015,
        models.fit_h_inf,
    ),
    "tail reversal": Case((-17.3, 12.0), V, 12.0 * (V + 17.3), 8.0, models.fit_tail_reversal),
}
all_cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@all_cases
def test_points_without_noise_give_back_the_truth(case: Case) -> None:
    fit = case.fit(case.x, case.y)
    assert fit.warning == ""
    assert fit.values == pytest.approx(case.truth, rel=1e-6)
    assert fit(case.x) == pytest.approx(case.y, rel=1e-6, abs=1e-6 * np.abs(case.y).max())


@all_cases
def test_the_truth_lies_within_four_standard_errors(case: Case) -> None:
    for seed in range(5):
        fit = case.fit(case.x, case.noisy(seed))
        assert fit.warning == ""
        assert np.all(np.abs(fit.values - case.truth) < 4.5 * fit.se)
        assert np.all((fit.low < fit.values) & (fit.values < fit.high))


@all_cases
def test_a_start_that_is_half_wrong_ends_in_the_same_place(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    points = case.x, case.noisy()
    expected = case.fit(*points)
    honest = fits.fit_curve
    rng = np.random.default_rng(1)

    def misled(curve: object, x: Array, y: Array, parameters: Sequence, start: Callable[[], Array]) -> Fit:
        return honest(curve, x, y, parameters, lambda: np.asarray(start()) * rng.uniform(0.5, 1.5, len(parameters)))

    monkeypatch.setattr(models, "fit_curve", misled)
    for _ in range(10):
        found = case.fit(*points)
        assert found.warning == ""
        assert found.values == pytest.approx(expected.values, rel=1e-4)


@all_cases
def test_the_order_of_the_points_and_points_that_are_missing_do_not_matter(case: Case) -> None:
    y = case.noisy()
    expected = case.fit(case.x, y)
    shuffled = np.random.default_rng(3).permutation(y.size)
    x_more = np.concatenate([case.x[..., shuffled], case.x[..., :1]], axis=-1)
    found = case.fit(x_more, np.append(y[shuffled], np.nan))
    assert found.values == pytest.approx(expected.values, rel=1e-6)
    assert found.se == pytest.approx(expected.se, rel=1e-3)


# ---- units

SCALED = {
    "gv": (1, 0, 0),
    "falling gv": (1, 0, 0),
    "iv": (1, 0, 0, 0),
    "one exponential": (1, 0, 1),
    "two exponentials": (1, 0, 1, 0, 1),
    "recovery": (1, 1, 0),
    "tail reversal": (0, 1),
}


@pytest.mark.parametrize("factor", [1e-12, 1e-3, 1e9])
@pytest.mark.parametrize("name", SCALED)
def test_the_unit_of_the_current_changes_the_amplitudes_only(name: str, factor: float) -> None:
    case, y = CASES[name], CASES[name].noisy()
    one, other = case.fit(case.x, y), case.fit(case.x, factor * y)
    scale = factor ** np.array(SCALED[name], float)
    assert other.warning == ""
    assert other.values == pytest.approx(one.values * scale, rel=1e-5)
    assert other.se == pytest.approx(one.se * scale, rel=1e-3)
    assert other.correlation == pytest.approx(one.correlation, abs=1e-3)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_the_unit_of_time_or_dose_changes_that_parameter_only(factor: float) -> None:
    for name, k in (("one exponential", 1), ("recovery", 2), ("hill", 0)):
        case, y = CASES[name], CASES[name].noisy()
        one, other = case.fit(case.x, y), case.fit(factor * case.x, y)
        scale = np.where(np.arange(one.values.size) == k, factor, 1.0)
        assert other.values == pytest.approx(one.values * scale, rel=1e-5)
        assert (other.low, other.high) == (
            pytest.approx(one.low * scale, rel=1e-4),
            pytest.approx(one.high * scale, rel=1e-4),
        )


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_the_unit_of_noise_scales_the_single_channel_current_and_not_the_number(factor: float) -> None:
    case = CASES["variance-mean"]
    one, other = case.fit(case.x, case.noisy()), case.fit(factor * case.x, factor**2 * case.noisy())
    assert other.values == pytest.approx(one.values * [factor, 1.0, factor**2], rel=1e-5)


# ---- errors


@pytest.mark.parametrize(("name", "parameter"), [("gv", 2), ("hill", 0), ("one exponential", 1)])
def test_the_interval_of_95_percent_holds_the_truth_in_92_to_98_percent(name: str, parameter: int) -> None:
    case, inside = CASES[name], 0
    for seed in range(300):
        fit = case.fit(case.x, case.noisy(seed))
        inside += fit.low[parameter] < case.truth[parameter] < fit.high[parameter]
    assert 0.92 <= inside / 300 <= 0.98


def test_standard_errors_are_the_spread_of_repeated_fits() -> None:
    case = CASES["one exponential"]
    repeated = [case.fit(case.x, case.noisy(seed)) for seed in range(200)]
    spread = np.std([fit.values for fit in repeated], axis=0)
    assert np.mean([fit.se for fit in repeated], axis=0) == pytest.approx(spread, rel=0.2)


def test_errors_agree_with_those_of_curve_fit() -> None:
    case = CASES["gv"]
    y = case.noisy()
    fit = case.fit(case.x, y)
    found, covariance = curve_fit(lambda v, g, z, h: g * gated(v, z, h), case.x, y, case.truth)
    assert fit.values == pytest.approx(found, rel=1e-5)
    assert fit.se == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-3)
    assert fit.correlation == pytest.approx(covariance / np.outer(fit.se, fit.se), abs=1e-3)
    assert fit.half_width("v_half_mV") == pytest.approx(2.1788 * fit.standard_error("v_half_mV"), rel=1e-4)


def test_the_interval_of_a_half_blocking_dose_is_symmetric_in_its_logarithm() -> None:
    case = CASES["hill"]
    fit = case.fit(case.x, case.noisy())
    low, high = fit.interval("ic50")
    assert low * high == pytest.approx(fit["ic50"] ** 2)


# ---- failures


def refused(fit: Fit) -> str:
    """The warning of a fit whose numbers are all NaN."""
    assert np.isnan([*fit.values, *fit.se, *fit.low, *fit.high, *fit.correlation.ravel()]).all()
    assert np.isnan(fit(np.array([1.0, 2.0]))).all()
    assert fit.warning
    return fit.warning


@all_cases
@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_too_few_points_are_refused(case: Case, n: int) -> None:
    assert "too few" in refused(case.fit(case.x[..., :n], case.y[:n]))


@all_cases
def test_equal_points_are_refused(case: Case) -> None:
    assert refused(case.fit(case.x, np.full(case.y.size, 0.5))) == "all points are equal"


@all_cases
def test_points_at_one_place_are_refused(case: Case) -> None:
    x = np.tile(case.x[..., :1], case.y.size)
    assert refused(case.fit(x, case.noisy())) == "all points are at the same place"


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"variance-mean", "tail reversal"}))  # whose starts are exact
def test_a_fit_that_does_not_converge_has_no_numbers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import scipy.optimize

    honest = scipy.optimize.least_squares

    def hasty(*args: object, **options: object) -> object:
        return honest(*args, **{**options, "max_nfev": 1})

    monkeypatch.setattr(scipy.optimize, "least_squares", hasty)
    assert refused(CASES[name].fit(CASES[name].x, CASES[name].noisy())) == "the fit did not converge"


@all_cases
def test_noise_alone_is_refused_or_leaves_wide_intervals(case: Case) -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        fit = case.fit(case.x, rng.normal(size=case.y.size))
        assert fit.warning or np.isfinite(fit.values).all()
        if fit.warning:
            refused(fit)


@pytest.mark.parametrize("v_half", [-150.0, 130.0])
def test_a_half_activation_voltage_outside_the_data_is_refused(v_half: float) -> None:
    g = gated(V, 2.0, v_half) + np.random.default_rng(1).normal(0.0, 1e-4, V.size)
    assert refused(models.fit_gv(V, g, ROOM_K))
    assert refused(models.fit_h_inf(V, 1.0 / (1.0 + np.exp((V - v_half) / 8.0))))
    assert "V½ lies outside the data" in fit_boltzmann(V, gated(V, 2.0, v_half)).warning


def test_a_reversal_potential_outside_the_data_is_refused() -> None:
    assert "e_rev_mV" in refused(models.fit_tail_reversal(V, 3.0 * (V + 95.0)))


def test_an_ic50_beyond_the_concentrations_is_refused() -> None:
    assert "ic50" in refused(models.fit_hill(DOSES, hill_unblocked(DOSES, 500.0, 1.0)))
    assert "does not fall" in refused(models.fit_hill(DOSES, 1.0 - hill_unblocked(DOSES, 8.0, 1.0)))


def test_a_step_between_two_points_tells_no_slope() -> None:
    assert refused(models.fit_gv(V, np.where(V > -15.0, 40.0, 0.0), ROOM_K))
    assert refused(models.fit_h_inf(V, np.where(V > -15.0, 0.0, 1.0)))


def test_a_straight_line_is_no_exponential() -> None:
    assert refused(models.fit_exponentials(T, 3.0 * T + np.random.default_rng(2).normal(0.0, 0.1, T.size)))


def test_a_variance_that_does_not_bend_tells_no_number_of_channels() -> None:
    assert "bend" in refused(models.fit_variance_mean(MEANS, 0.8 * MEANS + 0.01 * MEANS**2))


def test_a_current_that_does_not_decay_is_no_membrane_test() -> None:
    assert "does not fall" in refused(models.fit_membrane_test(T, 100.0 * (1.0 - np.exp(-T / 3.0)), 10.0))


# ---- how many exponentials


@pytest.mark.parametrize("n", [1, 2, 3])
def test_as_many_exponentials_are_found_as_there_are_and_in_order(n: int) -> None:
    t = np.arange(0.0, 100.0, 0.1)
    truth = [(-300.0, 40.0), (-500.0, 5.0), (900.0, 0.6)][:n]
    y = sum(a * np.exp(-t / tau) for a, tau in truth) + 20.0
    for seed in range(10):
        fit = models.fit_best_exponentials(t, y + np.random.default_rng(seed).normal(0.0, 2.0, t.size))
        assert fit.warning == ""
        assert fit.names[1::2] == tuple(f"tau_{k}_ms" for k in range(1, n + 1))
        taus = fit.values[1:-1:2]
        assert np.all(np.diff(taus) > 0.0)
        assert taus == pytest.approx(sorted(tau for _, tau in truth), rel=0.1)


def test_taus_come_out_in_order_even_from_a_start_in_the_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES["two exponentials"]
    monkeypatch.setattr(models, "_exponential_start", lambda t, y, n: np.array([-300.0, 11.0, -800.0, 1.0, 0.0]))
    assert case.fit(case.x, case.y).values == pytest.approx(case.truth, rel=1e-6)


def test_a_second_exponential_that_only_follows_noise_is_not_taken() -> None:
    t = np.arange(50.0)
    for seed in (10, 16, 26, 36, 50, 56):  # noise that a second one can follow
        y = -800.0 * np.exp(-t / 6.5) - 35.0 + np.random.default_rng(seed).normal(0.0, 40.0, t.size)
        assert models.fit_exponentials(t, y, 2).warning == ""
        assert len(models.fit_best_exponentials(t, y).names) == 3


@pytest.mark.parametrize("start_ms", [-1e4, 0.0, 1e4])
def test_when_a_trace_was_recorded_changes_nothing_of_its_exponentials(start_ms: float) -> None:
    case = CASES["one exponential"]
    assert case.fit(case.x + start_ms, case.y).values == pytest.approx(case.truth, rel=1e-5)
    earlier = models.fit_exponentials(case.x + start_ms, case.y, at_ms=start_ms - 6.5)
    assert earlier["amplitude_1"] == pytest.approx(-800.0 * np.e, rel=1e-5)


def test_a_membrane_test_is_told_from_the_true_time_of_its_step() -> None:
    case = CASES["membrane test"]
    late = slice(6, None)
    fit = models.fit_membrane_test(case.x[late] + 5.0, case.y[late], 10.0, step_ms=5.0)
    assert fit.values == pytest.approx(case.truth, rel=1e-6)
    wrong = models.fit_membrane_test(case.x[late] + 5.0, case.y[late], 10.0, step_ms=5.0 + case.x[6])
    assert wrong["rs_MOhm"] > 15.0


# ---- the Boltzmann curve that the window draws


@pytest.mark.parametrize(("v_half", "slope"), [(-20.0, 6.0), (-35.0, -9.0)])
def test_the_boltzmann_fit_is_that_of_curve_fit(v_half: float, slope: float) -> None:
    y = boltzmann(V, 12.0, v_half, slope) + np.random.default_rng(8).normal(0.0, 0.2, V.size)
    fit = fit_boltzmann(V, y)
    found, covariance = curve_fit(boltzmann, V, y, (12.0, v_half, slope))
    assert fit.warning == ""
    assert (fit.amplitude, fit.v_half_mV, fit.slope_mV) == pytest.approx(found, rel=1e-5)
    assert (fit.amplitude_se, fit.v_half_se_mV, fit.slope_se_mV) == pytest.approx(
        np.sqrt(np.diag(covariance)), rel=1e-3
    )
    assert fit.v_half_ci_mV == pytest.approx(2.1788 * fit.v_half_se_mV, rel=1e-4)


def test_the_boltzmann_fit_says_what_is_wrong() -> None:
    assert "too few" in fit_boltzmann(V[:4], V[:4]).warning
    assert fit_boltzmann(V, np.ones(V.size)).warning == "all points are equal"
    assert np.isnan(fit_boltzmann(V, np.ones(V.size)).v_half_mV)
