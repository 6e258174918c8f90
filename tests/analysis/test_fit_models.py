"""Fits find the truth from any start, and their errors are those of theory and of scipy."""

from itertools import product

import numpy as np
import pytest
from fit_cases import CASES, IN, OUT, ROOM_K, Case, T, V, gated, ghk
from scipy.optimize import curve_fit
from scipy.stats import linregress
from scipy.stats import t as t_distribution

from vclamp.analysis import models
from vclamp.errors import VClampError
from vclamp.physics.block import hill_unblocked
from vclamp.physics.flux import bi_ionic_permeability_ratio
from vclamp.physics.thermo import thermal_voltage_mV

all_cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@all_cases
def test_points_without_noise_give_back_the_truth(case: Case) -> None:
    fit = case.fit(case.x, case.y)
    assert fit.trusted
    assert fit.values[: len(case.truth)] == pytest.approx(case.truth, rel=1e-6)
    assert fit(case.x) == pytest.approx(case.y, rel=1e-6, abs=1e-6 * np.abs(case.y).max())


@all_cases
def test_the_truth_lies_within_a_few_standard_errors(case: Case) -> None:
    for seed in range(5):
        fit = case.fit(case.x, case.noisy(seed))
        assert fit.trusted
        n, few = len(case.truth), t_distribution.isf(1e-4, fit.degrees_of_freedom)
        assert np.all(np.abs(fit.values[:n] - case.truth) < few * fit.se[:n])
        assert np.all((fit.low < fit.values) & (fit.values < fit.high))


@all_cases
def test_every_start_that_is_half_wrong_ends_in_the_same_place(case: Case) -> None:
    y = case.noisy()
    expected = case.fit(case.x, y)
    for wrong in product((0.5, 1.5), repeat=len(case.truth)):
        found = case.fit(case.x, y, start=np.array(case.truth) * wrong)
        assert found.trusted
        assert found.values == pytest.approx(expected.values, rel=1e-6)
        assert found.se == pytest.approx(expected.se, rel=1e-4)


@all_cases
def test_the_order_of_the_points_and_points_that_are_missing_do_not_matter(case: Case) -> None:
    y = case.noisy()
    expected = case.fit(case.x, y)
    shuffled = np.random.default_rng(3).permutation(y.size)
    x_more = np.concatenate([case.x[..., shuffled], case.x[..., :2]], axis=-1)
    found = case.fit(x_more, np.append(y[shuffled], [np.nan, np.inf]))
    assert found.values == pytest.approx(expected.values, rel=1e-6)
    assert found.se == pytest.approx(expected.se, rel=1e-3)


@all_cases
def test_residuals_are_points_less_curve_at_their_places(case: Case) -> None:
    y = case.noisy()
    fit = case.fit(case.x, y)
    order = np.lexsort(np.atleast_2d(case.x))
    shown = np.lexsort(np.atleast_2d(fit.x))
    assert fit(fit.x) + fit.residuals == pytest.approx(y[order][np.argsort(shown)])
    assert fit.degrees_of_freedom == y.size - len(case.truth)


def test_a_start_of_other_length_or_sign_is_refused_with_the_names() -> None:
    assert "amplitude, v_half_mV, slope_mV" in models.fit_boltzmann(V, gated(V, 3.0, -20.0), start=(1.0, 2.0)).warning
    assert "tau_1_ms = -1" in models.fit_exponentials(T, np.exp(-T), start=(1.0, -1.0, 0.0)).warning


def test_more_places_than_values_are_a_mistake() -> None:
    with pytest.raises(VClampError, match="15 places, and 14 values"):
        models.fit_boltzmann(V, V[1:])


# ---- errors


def test_errors_agree_with_those_of_curve_fit() -> None:
    case = CASES["gv"]
    y = case.noisy()
    fit = case.fit(case.x, y)
    found, covariance = curve_fit(lambda v, g, z, h: g * gated(v, z, h), case.x, y, case.truth)
    assert fit.values == pytest.approx(found, rel=1e-5)
    assert fit.se == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-3)
    assert fit.correlation == pytest.approx(covariance / np.outer(fit.se, fit.se), abs=1e-3)
    assert fit.half_width("v_half_mV") == pytest.approx(2.1788 * fit.standard_error("v_half_mV"), rel=1e-4)


def test_a_straight_line_is_that_of_linear_regression() -> None:
    y = CASES["line"].noisy()
    fit, expected = models.fit_line(V, y), linregress(V, y)
    assert fit.values == pytest.approx([expected.slope, expected.intercept], rel=1e-9)
    assert fit.se == pytest.approx([expected.stderr, expected.intercept_stderr], rel=1e-6)


def test_standard_errors_are_the_spread_of_repeated_fits() -> None:
    case = CASES["one exponential"]
    repeated = [case.fit(case.x, case.noisy(seed)) for seed in range(200)]
    spread = np.std([fit.values for fit in repeated], axis=0)
    assert np.mean([fit.se for fit in repeated], axis=0) == pytest.approx(spread, rel=0.2)


def test_the_interval_of_a_half_blocking_dose_is_symmetric_in_its_logarithm() -> None:
    fit = CASES["hill"].fit(CASES["hill"].x, CASES["hill"].noisy())
    low, high = fit.interval("ic50")
    assert low * high == pytest.approx(fit["ic50"] ** 2)


def test_a_derived_number_has_the_error_of_the_same_number_fitted() -> None:
    y = CASES["gv"].noisy()
    charge = models.fit_gv(V, y, ROOM_K)
    slope = models.fit_boltzmann(V, y, ROOM_K)
    assert slope.names == ("amplitude", "v_half_mV", "slope_mV", "z_e")
    assert slope["z_e"] == pytest.approx(charge["z_e"], rel=1e-6)
    assert slope.standard_error("z_e") == pytest.approx(charge.standard_error("z_e"), rel=1e-5)
    assert slope.interval("z_e") == pytest.approx(charge.interval("z_e"), rel=1e-5)
    assert slope.correlation[3, :2] == pytest.approx(charge.correlation[1, [0, 2]], abs=1e-5)
    assert slope.correlation[3, 2] == pytest.approx(-1.0)
    assert slope(V) == pytest.approx(charge(V), rel=1e-5)


def test_a_derived_number_of_no_fit_is_none() -> None:
    fit = models.fit_boltzmann(V[:3], V[:3], ROOM_K)
    assert fit.names[-1] == "z_e"
    assert np.isnan(fit.values).all()
    assert np.isnan(fit.correlation).all()
    assert fit.correlation.shape == (4, 4)


# ---- gating


@pytest.mark.parametrize(("v_half", "slope"), [(-20.0, 6.0), (-35.0, -9.0)])
def test_the_boltzmann_fit_is_that_of_curve_fit(v_half: float, slope: float) -> None:
    y = models.boltzmann(V, 12.0, v_half, slope) + np.random.default_rng(8).normal(0.0, 0.2, V.size)
    fit = models.fit_boltzmann(V, y)
    found, covariance = curve_fit(models.boltzmann, V, y, (12.0, v_half, slope))
    assert fit.trusted
    assert fit.values == pytest.approx(found, rel=1e-5)
    assert fit.se == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-3)


def test_a_boltzmann_of_inward_currents_has_a_negative_amplitude() -> None:
    fit = models.fit_boltzmann(V, -300.0 * gated(V, 3.0, -20.0))
    assert fit.values == pytest.approx((-300.0, -20.0, thermal_voltage_mV(ROOM_K) / 3.0), rel=1e-6)


def test_with_a_pedestal_the_amplitude_is_positive_from_either_start() -> None:
    y = 5.0 + 40.0 * gated(V, -3.0, -20.0)
    k = thermal_voltage_mV(ROOM_K) / 3.0
    for start in ((40.0, -20.0, -k, 5.0), (-40.0, -20.0, k, 45.0)):
        fit = models.fit_boltzmann(V, y, pedestal=True, start=start)
        assert fit.values == pytest.approx((40.0, -20.0, -k, 5.0), rel=1e-6)


# ---- how many exponentials


@pytest.mark.parametrize("n", [1, 2, 3])
def test_as_many_exponentials_are_found_as_there_are_and_in_order(n: int) -> None:
    t = np.arange(0.0, 100.0, 0.1)
    truth = [(-300.0, 40.0), (-500.0, 5.0), (900.0, 0.6)][:n]
    y = sum(a * np.exp(-t / tau) for a, tau in truth) + 20.0
    for seed in range(10):
        fit = models.fit_best_exponentials(t, y + np.random.default_rng(seed).normal(0.0, 2.0, t.size))
        assert fit.trusted
        assert fit.names[1::2] == tuple(f"tau_{k}_ms" for k in range(1, n + 1))
        taus = fit.values[1:-1:2]
        assert np.all(np.diff(taus) > 0.0)
        assert taus == pytest.approx(sorted(tau for _, tau in truth), rel=0.1)


def test_taus_come_out_in_order_even_from_a_start_in_the_wrong_one() -> None:
    case = CASES["two exponentials"]
    found = case.fit(case.x, case.y, start=(-300.0, 11.0, -800.0, 1.0, 0.0))
    assert found.values == pytest.approx(case.truth, rel=1e-6)


def test_a_second_exponential_is_taken_by_chance_in_one_of_a_hundred_at_most() -> None:
    t = np.arange(0.0, 50.0, 0.5)
    y = -800.0 * np.exp(-t / 6.5) - 35.0
    more = 0
    for seed in range(400):
        fit = models.fit_best_exponentials(t, y + np.random.default_rng(seed).normal(0.0, 40.0, t.size), most=2)
        more += len(fit.names) > 3
    assert more <= 10  # of 400; 4 ± 2 expected at the 1 % level


@pytest.mark.parametrize("start_ms", [-1e4, 0.0, 1e4])
def test_when_a_trace_was_recorded_changes_nothing_of_its_exponentials(start_ms: float) -> None:
    case = CASES["one exponential"]
    assert case.fit(case.x + start_ms, case.y).values == pytest.approx(case.truth, rel=1e-5)
    earlier = models.fit_exponentials(case.x + start_ms, case.y, at_ms=start_ms - 6.5)
    assert earlier["amplitude_1"] == pytest.approx(-800.0 * np.e, rel=1e-5)


def test_many_points_are_fitted_as_few_are() -> None:
    t = np.arange(3000) / 50.0
    y = -800.0 * np.exp(-t / 6.5) - 35.0 + np.random.default_rng(4).normal(0.0, 20.0, t.size)
    fit = models.fit_exponentials(t, y)
    found, covariance = curve_fit(lambda t, a, tau, c: a * np.exp(-t / tau) + c, t, y, (-800.0, 6.5, -35.0))
    assert fit.values == pytest.approx(found, rel=1e-6)
    assert fit.se == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-4)


def test_a_membrane_test_is_told_from_the_true_time_of_its_step() -> None:
    case = CASES["membrane test"]
    late = slice(6, None)
    fit = models.fit_membrane_test(case.x[late] + 5.0, case.y[late], 10.0, step_ms=5.0)
    assert fit.values == pytest.approx(case.truth, rel=1e-6)
    wrong = models.fit_membrane_test(case.x[late] + 5.0, case.y[late], 10.0, step_ms=5.0 + case.x[6])
    assert wrong["rs_MOhm"] > 15.0


# ---- dose and response

C = np.geomspace(0.1, 300.0, 12)
LEFT = hill_unblocked(C, 8.0, 1.3)


@pytest.mark.parametrize(
    ("response", "names", "values"),
    [
        (LEFT, (), ()),
        (1.0 - LEFT, (), ()),
        (0.25 + 0.75 * LEFT, ("full_dose",), (0.25,)),
        (0.6 * (1.0 - LEFT), ("full_dose",), (0.6,)),
        (-900.0 * LEFT, ("zero_dose",), (-900.0,)),
        (450.0 * (1.0 - LEFT), ("full_dose",), (450.0,)),
        (-900.0 + 700.0 * (1.0 - LEFT), ("zero_dose", "full_dose"), (-900.0, -200.0)),
    ],
    ids=["blocker", "agonist", "partial blocker", "partial agonist", "current", "rising current", "both ends"],
)
def test_a_dose_response_curve_has_as_many_free_ends_as_it_needs(
    response: np.ndarray, names: tuple[str, ...], values: tuple[float, ...]
) -> None:
    noise = np.random.default_rng(2).normal(0.0, 0.01 * np.ptp(response), C.size)
    fit = models.fit_best_hill(C, response + noise)
    assert fit.trusted
    assert fit.names == ("ic50", "hill", *names)
    assert fit.values == pytest.approx((8.0, 1.3, *values), rel=0.1)
    exact = models.fit_best_hill(C, response)
    assert exact.values[:2] == pytest.approx((8.0, 1.3), rel=1e-5)


def test_points_without_drug_belong_to_a_dose_response_curve() -> None:
    fit = models.fit_best_hill([0.0, 0.0, *C], [-905.0, -895.0, *(-900.0 * LEFT)])
    assert fit["zero_dose"] == pytest.approx(-900.0, rel=0.01)


# ---- noise, reversal


def test_the_corner_of_a_spectrum_tells_the_time_constant_and_its_area_the_variance() -> None:
    fit = CASES["lorentzian"].fit(CASES["lorentzian"].x, CASES["lorentzian"].y)
    assert fit["tau_ms"] == pytest.approx(1000.0 / (2.0 * np.pi * 60.0), rel=1e-6)
    f = np.linspace(0.0, 60.0 * 2000.0, 4_000_001)
    assert fit["variance_pA2"] == pytest.approx(np.trapezoid(fit(f), f), rel=1e-3)
    assert np.prod(fit.interval("tau_ms")) == pytest.approx(fit["tau_ms"] ** 2)


def test_a_floor_of_a_spectrum_is_taken_where_there_is_one() -> None:
    for name, n in (("lorentzian", 2), ("lorentzian with floor", 3)):
        fits = [models.fit_lorentzian(CASES[name].x, CASES[name].noisy(seed)) for seed in range(40)]
        assert sum(len(fit.names) - 2 == n for fit in fits) >= 38
        assert all(fit.trusted for fit in fits)


@pytest.mark.parametrize("nu", [2, 20])
def test_a_spectrum_is_fitted_without_bias_however_few_its_averages(nu: int) -> None:
    case = CASES["lorentzian"]
    rng = np.random.default_rng(1)
    fits = [case.fit(case.x, case.y * rng.chisquare(nu, case.y.size) / nu) for _ in range(100)]
    s0, fc = np.exp(np.mean([np.log(fit.values[:2]) for fit in fits], axis=0))
    assert s0 == pytest.approx(2.5, rel=0.05)
    assert fc == pytest.approx(60.0, rel=0.05)


def test_variances_that_err_by_a_part_of_themselves_are_weighted_so() -> None:
    case = CASES["weighted variance-mean"]
    errors = {
        weighted: np.std([
            models.fit_variance_mean(case.x, case.noisy(seed), weighted=weighted)["i_pA"] for seed in range(60)
        ])
        for weighted in (False, True)
    }  # fmt: skip
    assert errors[True] < 0.8 * errors[False]


def test_repeated_bi_ionic_reversals_tell_the_ratio_of_the_closed_formula() -> None:
    e_mV = np.array([-117.1, -116.4, -118.0, -117.6])
    fit = models.fit_permeability_ratios(("K", "Na"), [[0.0], [150.0]], [[150.0], [0.0]], e_mV, ROOM_K)
    assert fit.trusted
    assert fit.names == ("p_na_over_p_k",)
    expected = bi_ionic_permeability_ratio(e_mV.mean(), 150.0, 150.0, ROOM_K)
    assert fit["p_na_over_p_k"] == pytest.approx(expected, rel=1e-6)
    error = e_mV.std(ddof=1) / 2.0 / thermal_voltage_mV(ROOM_K)
    assert fit.standard_error("p_na_over_p_k") == pytest.approx(expected * error, rel=1e-4)


def test_two_permeability_ratios_come_from_one_series_with_chloride() -> None:
    out = np.vstack([OUT, np.linspace(20.0, 160.0, 6)])
    inside = np.vstack([np.broadcast_to(IN, OUT.shape), np.full(6, 30.0)])
    up = out[0] + 0.05 * out[1] + 0.3 * inside[2]
    down = inside[0] + 0.05 * inside[1] + 0.3 * out[2]
    e_mV = thermal_voltage_mV(ROOM_K) * np.log(up / down)
    fit = models.fit_permeability_ratios(("K", "Na", "Cl"), out, inside, e_mV, ROOM_K, z=(1, 1, -1))
    assert fit.names == ("p_na_over_p_k", "p_cl_over_p_k")
    assert fit.values == pytest.approx((0.05, 0.3), rel=1e-6)


def test_a_divalent_ion_has_no_ghk_voltage() -> None:
    fit = models.fit_permeability_ratios(("K", "Ca"), OUT, IN, ghk(0.1), ROOM_K, z=(1, 2))
    assert "monovalent" in fit.warning


# ---- the list that is offered


@pytest.mark.parametrize("name", models.FITS)
def test_every_fit_that_is_offered_takes_points_and_a_temperature(name: str) -> None:
    offer = models.FITS[name]
    x = np.linspace(1.0, 60.0, 12)
    fit = offer.fit(x, np.exp(-x / 10.0), ROOM_K)
    assert len(fit.names) == len(fit.values)
    assert offer.title
    assert offer.formula
