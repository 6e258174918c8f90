"""Records of single channels give back their current and how long they stay open and shut."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from patches import BAD, changed, made_up, patch, still
from scipy.stats import expon

from vclamp.analysis.amplitudes import all_points, all_points_answer, fit_levels
from vclamp.analysis.dwell_times import corrected_for_missed, dead_time_fc, dwell_times_answer, idealised
from vclamp.analysis.fit_dwells import dwell_histogram, fit_dwells
from vclamp.analysis.results import Question, Result
from vclamp.model.gating import Markov, Transition
from vclamp.model.record import Recording
from vclamp.physics.filters import bessel_filtered
from vclamp.physics.noise import apparent_open_time_ms
from vclamp.run.runner import record

Array = NDArray[np.float64]

ALPHA, BETA = 0.05, 0.2  # /ms: open for 5 ms, shut for 20 ms, as in target C11
THREE = Markov(
    ("C2", "C1", "O"), ("O",), (Transition(("C2", "C1"), "0.1", "0.05"), Transition(("C1", "O"), "1.0", "0.5"))
)


@cache
def minute(number: int = 1, filter_kHz: float = 2.0) -> Recording:
    return record(patch(number, filter_kHz=filter_kHz), still(60_000.0, fs_kHz=20.0), seed=1)


@cache
def brief() -> Recording:
    return record(patch(1), still(60.0, sweeps=20), seed=1)


def points(recording: Recording) -> Result:
    return all_points_answer([recording], Question())


def dwells(recording: Recording) -> Result:
    return dwell_times_answer([recording], Question())


# ---- levels


@pytest.mark.parametrize("filter_kHz", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("number", [1, 3])
def test_the_current_of_one_channel_comes_back_within_two_percent(number: int, filter_kHz: float) -> None:
    result = points(minute(number, filter_kHz))
    assert result.notes == ()
    assert result["i_pA"].truth == pytest.approx(2.0)  # 20 pS and 100 mV
    assert result["i_pA"].value == pytest.approx(2.0, rel=0.02)
    assert result["closed_pA"].value == pytest.approx(1.0, abs=0.02)  # 50 pS and 20 mV
    assert result["n_open"].value == pytest.approx(result["n_open"].truth, abs=0.01)
    assert result["n_open"].truth == pytest.approx(number * 0.2, rel=0.1)


def test_shares_of_the_levels_are_binomial() -> None:
    result = points(minute(3))
    p = result["n_open"].value / 3
    for k, ways in ((1, 3), (2, 3), (3, 1)):
        expected = ways * p**k * (1 - p) ** (3 - k)
        assert result[f"share_{k}"].value == pytest.approx(expected, abs=4 * result[f"share_{k}"].se + 0.04)


@pytest.mark.parametrize(
    ("step_pA", "polarity"), [(-3.0, "either"), (3.0, "either"), (3.0, "inward"), (-3.0, "outward")]
)
def test_which_level_is_shut_follows_from_the_polarity(step_pA: float, polarity: str) -> None:
    rng = np.random.default_rng(0)
    is_open = np.repeat(rng.random(400) < 0.3, 100)
    current = 0.5 + step_pA * is_open + rng.normal(0.0, 0.2, is_open.size)
    fit = fit_levels(all_points(current), polarity)  # type: ignore[arg-type]
    expected = {"either": step_pA, "inward": -abs(step_pA), "outward": abs(step_pA)}[polarity]
    assert fit["i_pA"] == pytest.approx(expected, abs=0.02)
    assert fit["sd_shut_pA"] == pytest.approx(0.2, rel=0.05)


def test_a_channel_that_never_opens_is_at_one_level() -> None:
    shut = record(patch(1, alpha=1e-9), still(200.0), seed=1)
    for result in (points(shut), dwells(shut)):
        assert "one level" in result.notes[0]


def test_a_converter_with_coarse_steps_is_noted() -> None:
    coarse = record(patch(1, gain=0.5, filter_kHz=2.0), still(5000.0), seed=1)
    assert any("raise the gain" in note for note in points(coarse).notes)


# ---- idealisation


def test_crossings_are_interpolated_between_samples() -> None:
    current = np.array([0.0, 0.0, 0.0, 0.2, 1.0, 1.0, 1.0, 1.0, 0.1, 0.0, 0.0, 0.0])
    found = idealised(current, 10.0, closed_pA=0.0, unitary_pA=1.0, n_channels=1, resolution_ms=0.1)
    assert found.at(1) == pytest.approx([(7 + 5 / 9 - 3 - 3 / 8) / 10.0])
    assert found.n_open.tolist() == [0, 1, 0]
    assert found.cut(0).size == 1


def test_a_dwell_below_the_resolution_belongs_to_the_one_before() -> None:
    current = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0], [50, 50, 2, 50, 50])
    found = idealised(current, 10.0, closed_pA=0.0, unitary_pA=1.0, n_channels=1, resolution_ms=0.5)
    assert found.at(1) == pytest.approx([10.2])
    whole = idealised(current, 10.0, closed_pA=0.0, unitary_pA=1.0, n_channels=1, resolution_ms=0.1)
    assert whole.at(1) == pytest.approx([5.0, 5.0])


def test_the_dead_time_is_that_of_a_pulse_that_just_reaches_half() -> None:
    assert dead_time_fc() == pytest.approx(0.179, rel=0.06)  # of a Gaussian filter: Colquhoun & Sigworth 1995
    for factor, reaches in ((0.97, False), (1.03, True)):
        pulse = np.zeros(4000)
        pulse[1000 : 1000 + round(factor * dead_time_fc() * 1000)] = 1.0  # 1 kHz corner, 1 MHz sampling
        assert bool(bessel_filtered(pulse, fc_kHz=1.0, fs_kHz=1000.0).max() > 0.5) is reaches


# ---- distributions


@pytest.mark.parametrize("resolution_ms", [0.01, 0.5])
def test_one_exponential_gives_back_its_mean_whatever_the_resolution(resolution_ms: float) -> None:
    t = np.random.default_rng(1).exponential(3.0, 5000)
    fit = fit_dwells(t, resolution_ms)
    assert fit.names == ("tau_1_ms", "mean_ms")
    seen = t[t >= resolution_ms]
    assert fit["tau_1_ms"] == pytest.approx(expon.fit(seen, floc=resolution_ms)[1], rel=1e-6)
    assert fit.standard_error("tau_1_ms") == pytest.approx(fit["tau_1_ms"] / np.sqrt(seen.size), rel=0.05)


@pytest.mark.parametrize("true", [((0.5, 20.0), (0.4, 0.6)), ((0.3, 5.0, 80.0), (0.3, 0.3, 0.4))])
def test_mixtures_of_exponentials_are_told_apart_and_counted(true: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
    taus, areas = true
    rng = np.random.default_rng(2)
    t = rng.exponential(np.array(taus)[rng.choice(len(taus), 6000, p=areas)])
    fit = fit_dwells(t, 0.1)
    n = len(taus)
    assert len(fit.names) == 2 * n
    for k, (tau, area) in enumerate(zip(taus, areas, strict=True), 1):
        assert fit[f"tau_{k}_ms"] == pytest.approx(tau, abs=4 * fit.standard_error(f"tau_{k}_ms"))
        if k > 1:
            assert fit[f"area_{k}"] == pytest.approx(area, abs=4 * fit.standard_error(f"area_{k}"))
    assert fit["mean_ms"] == pytest.approx(np.dot(taus, areas), abs=4 * fit.standard_error("mean_ms"))
    x, heights = dwell_histogram(t[t >= 0.1], 0.1)
    assert np.sum((heights - fit(x)) ** 2) < 2.0 * x.size / 4.0 + 5.0  # roots of counts scatter by 1/2


def test_intervals_of_time_constants_contain_them_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    hits = np.zeros(2)
    for _ in range(150):
        t = rng.exponential(np.where(rng.random(800) < 0.5, 1.0, 15.0))
        fit = fit_dwells(t, 0.05, 2)
        for k, tau in enumerate((1.0, 15.0)):
            low, high = fit.interval(f"tau_{k + 1}_ms")
            hits[k] += low <= tau <= high
    assert (hits >= 0.90 * 150).all()


def test_dwells_that_are_cut_off_by_the_end_of_a_sweep_are_not_lost() -> None:
    rng = np.random.default_rng(4)
    t = rng.exponential(20.0, 4000)
    end = rng.uniform(5.0, 30.0, 4000)
    fit = fit_dwells(t[t < end], 0.01, 1, cut_ms=end[t >= end])
    assert fit["tau_1_ms"] == pytest.approx(20.0, abs=4 * 20.0 / np.sqrt(np.sum(t < end)))
    assert fit_dwells(t[t < end], 0.01, 1)["tau_1_ms"] < 10.0


# ---- channels


@pytest.mark.parametrize("filter_kHz", [0.2, 1.0, 5.0])
def test_one_channel_gives_back_its_dwell_times_with_the_known_bias_of_missed_events(filter_kHz: float) -> None:
    result = dwells(minute(1, filter_kHz))
    dead = dead_time_fc() / filter_kHz
    assert result["resolution_ms"].value == pytest.approx(max(dead, 0.05))
    for what, mean, rates in (("open", 1 / BETA, (ALPHA, BETA)), ("shut", 1 / ALPHA, (BETA, ALPHA))):
        seen, corrected = result[f"mean_{what}_ms"], result[f"mean_{what}_corrected_ms"]
        assert seen.truth == corrected.truth == pytest.approx(mean)
        expected = apparent_open_time_ms(*rates, dead)  # target C11 is this at 0.5 ms
        assert seen.value == pytest.approx(expected, abs=4 * seen.se)
        assert corrected.value == pytest.approx(mean, abs=4 * corrected.se)
    if filter_kHz < 0.5:  # the bias is larger than the error, and corrected
        assert result["mean_shut_ms"].low > 20.0


def test_the_correction_undoes_the_bias_of_theory() -> None:
    seen = apparent_open_time_ms(ALPHA, BETA, 0.5), apparent_open_time_ms(BETA, ALPHA, 0.5)
    assert seen[0] == pytest.approx(5.132878, rel=1e-4)  # target C11
    assert corrected_for_missed(*seen, 0.5) == pytest.approx((5.0, 20.0), rel=1e-6)


def test_several_channels_give_the_times_of_one() -> None:
    result = dwells(minute(3, 5.0))
    assert result["mean_open_ms"].value == pytest.approx(5.0, rel=0.06)
    assert result["mean_shut_ms"].value == pytest.approx(20.0, rel=0.06)
    assert any("at once" in note for note in result.notes)


def test_two_shut_states_show_as_two_exponentials() -> None:
    result = dwells(record(patch(1, gating=THREE), still(60_000.0), seed=1))
    # eigenvalues of the shut states' rates, of 1.15/ms and 0.1/ms: targets C12 and C13
    inside = np.array([[0.1, -0.1], [-0.05, 1.05]])
    expected = np.sort(1.0 / np.linalg.eigvals(inside))
    for k, tau in enumerate(expected, 1):
        estimate = result[f"tau_shut_{k}_ms"]
        assert estimate.value == pytest.approx(tau, abs=4 * estimate.se + 0.03 * tau)  # 2 % of openings are missed
    assert "tau_open_2_ms" not in [e.name for e in result.estimates]
    fitted = result.curves[1]
    assert fitted.fit is not None
    assert fitted.truth is not None
    assert fitted.fit(fitted.curve.x) == pytest.approx(fitted.truth, abs=2.5)


def test_noise_that_crosses_the_threshold_is_noted() -> None:
    rng = np.random.default_rng(5)
    is_open = np.repeat(rng.random(200) < 0.3, 500)
    loud = made_up(patch(1), still(2000.0), lambda _, n: 2.0 * is_open[:n] + rng.normal(0.0, 0.45, n))
    assert any("Noise alone" in note for note in dwells(loud).notes)


# ---- bad data


def test_a_current_that_is_constant_but_for_rounding_is_told_to_be_constant() -> None:
    def rounded(sweep: int, n: int) -> Array:
        return np.where(np.arange(n) == n // 2, np.nextafter(7.0, 8.0), 7.0)

    recording = made_up(patch(1, on=False), still(10.0), rounded)
    for answer in (all_points_answer, dwell_times_answer):
        assert answer([recording], Question()).notes == ("The current is constant.",)


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("n", [1, 20])
def test_bad_currents_are_answered_with_a_sentence(what: str, n: int) -> None:
    bad = changed(replace(brief(), sweeps=brief().sweeps[:n]), BAD[what])
    for answer in (all_points_answer, dwell_times_answer):
        result = answer([bad], Question())
        assert result.notes or what in ("huge", "tiny"), (answer, result)
        assert all(note.endswith(".") for note in result.notes)


@pytest.mark.parametrize("window_ms", [(0.0, 0.02), (10.0, 10.04), (200.0, 300.0)])
def test_short_and_empty_windows_are_answered_with_a_sentence(window_ms: tuple[float, float]) -> None:
    for answer in (all_points_answer, dwell_times_answer):
        assert answer([brief()], Question(window_ms=window_ms)).notes
