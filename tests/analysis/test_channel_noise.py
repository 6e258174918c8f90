"""Noise of counted channels gives back their current, their number and their rates."""

from dataclasses import replace
from functools import cache
from math import pi

import numpy as np
import pytest
from numpy.typing import NDArray
from patches import BAD, E_mV, UNITARY_nS, changed, patch, still

from vclamp.analysis.noise import (
    fit_parabola,
    power_spectrum,
    spectrum_answer,
    variance_mean,
    variance_mean_answer,
)
from vclamp.analysis.results import Question, Result
from vclamp.model.gating import TwoState
from vclamp.model.protocol import Hold, Ladder, Protocol, Step
from vclamp.model.record import Recording
from vclamp.run.runner import record

Array = NDArray[np.float64]

NUMBER = 300
OPENING = TwoState(z_e=3.0, k0_per_ms=0.3, v_half_mV=-10.0)  # 0.91 open at 10 mV
STEPS = Protocol("steps", (Hold(10.0), Step(10.0, 30.0), Hold(20.0)), 150, -80.0)
UNITARY_pA = UNITARY_nS * (10.0 - E_mV)
TEN = Protocol("ten", (Step(-80.0, 400.0), Step(20.0, 2000.0)), 10, -80.0, fs_kHz=10.0)


@cache
def steps(seed: int = 0) -> Recording:
    return record(patch(NUMBER, gating=OPENING, gain=5.0), STEPS, seed=seed)


@cache
def noisy() -> Recording:
    return record(patch(100, alpha=0.3, beta=0.2, filter_kHz=2.0, gain=5.0), TEN, seed=0)


def short(recording: Recording, n: int) -> Recording:
    return replace(recording, sweeps=recording.sweeps[:n])


def ask(recording: Recording, **question: object) -> Result:
    return variance_mean_answer([recording], Question(**question))  # type: ignore[arg-type]


# ---- variance against mean


def binomial(rng: np.random.Generator, p: Array, n_sweeps: int, i_pA: float, number: int) -> Array:
    """Currents of channels that are drawn afresh at every sample."""
    return i_pA * rng.binomial(number, np.broadcast_to(p, (n_sweeps, p.size))).astype(float)


@pytest.mark.parametrize("i_pA", [0.8, -0.8])
@pytest.mark.parametrize("leak_pA", [0.0, 25.0])
def test_binomial_currents_give_back_current_and_number_whatever_the_leak(i_pA: float, leak_pA: float) -> None:
    rng = np.random.default_rng(3)
    p = np.linspace(0.0, 0.95, 400)
    fit = fit_parabola(variance_mean(binomial(rng, p, 200, i_pA, 300) + leak_pA))
    assert fit.warning == ""
    for name, truth in (("i_pA", i_pA), ("n_channels", 300.0), ("closed_pA", leak_pA)):
        assert fit[name] == pytest.approx(truth, abs=4 * fit.standard_error(name))
    assert fit["i_pA"] == pytest.approx(i_pA, rel=0.03)
    assert fit["n_channels"] == pytest.approx(300.0, rel=0.05)


def test_a_current_that_runs_down_adds_nothing_to_the_variance() -> None:
    rng = np.random.default_rng(4)
    p = np.linspace(0.0, 0.9, 300)
    numbers = np.linspace(400, 200, 200).astype(int)
    i_pA = 0.8 * np.array([rng.binomial(n, p) for n in numbers])
    fit = fit_parabola(variance_mean(i_pA), closed_pA=0.0)
    assert fit["i_pA"] == pytest.approx(0.8, rel=0.03)
    assert fit["n_channels"] == pytest.approx(300.0, rel=0.05)
    assert np.var(i_pA[:, -1]) > 10 * variance_mean(i_pA).variance_pA2[-1]  # what the usual variance would say


def test_the_variance_of_the_background_is_subtracted() -> None:
    rng = np.random.default_rng(5)
    p = np.linspace(0.0, 0.9, 300)
    noise = rng.normal(0.0, 3.0, (200, 500))
    current = binomial(rng, p, 200, 0.8, 300)
    points = variance_mean(current + noise[:, :300], noise[:, 300:])
    assert points.background_pA2 == pytest.approx(9.0, rel=0.02)
    fit = fit_parabola(points, closed_pA=0.0)
    assert fit["i_pA"] == pytest.approx(0.8, abs=4 * fit.standard_error("i_pA"))
    assert fit["n_channels"] == pytest.approx(300.0, abs=4 * fit.standard_error("n_channels"))


@pytest.mark.parametrize("trace", ["i_pA", "i_k_pA"])
def test_counted_channels_give_back_their_current_and_number(trace: str) -> None:
    result = ask(steps(), trace=trace)
    assert result.notes == ()
    assert result["i_pA"].truth == pytest.approx(UNITARY_pA)
    assert result["n_channels"].truth == NUMBER
    for name in ("i_pA", "n_channels", "closed_pA"):
        estimate = result[name]
        assert abs(estimate.value - estimate.truth) <= 4 * estimate.se + 1e-9, name
        assert estimate.low <= estimate.truth <= estimate.high, name
    assert result["closed_pA"].truth == pytest.approx(0.5 if trace == "i_pA" else 0.0, abs=0.1)  # 0.05 nS · 10 mV
    assert result["p_open_max"].value == pytest.approx(result["p_open_max"].truth, abs=0.05)


def test_intervals_contain_the_truth_although_samples_of_a_sweep_are_not_independent() -> None:
    hits = np.zeros(2)
    protocol = replace(STEPS, n_sweeps=60, fs_kHz=10.0)
    for seed in range(40):
        result = ask(record(patch(NUMBER, gating=OPENING, on=False), protocol, seed=seed), trace="i_k_pA")
        found = result["i_pA"], result["n_channels"]
        hits += [estimate.low <= estimate.truth <= estimate.high for estimate in found]
    assert hits.min() >= 33  # of 40; as if all samples were independent: fewer than 20


def test_a_step_that_changes_from_sweep_to_sweep_is_no_ensemble() -> None:
    family = Protocol("family", (Hold(10.0), Step(Ladder(-40.0, 10.0), 20.0)), 8, -80.0)
    assert "too few" in ask(record(patch(NUMBER, gating=OPENING), family)).notes[0]


def test_channels_at_one_open_probability_tell_no_number() -> None:
    result = ask(record(patch(100), still(20.0, sweeps=20)), trace="i_k_pA", window_ms=(0.0, 0.04))
    assert "cannot be told" in result.notes[0] or "doubtful" in result.notes[0]


# ---- spectrum


def test_white_noise_has_its_variance_below_half_the_sampling_rate() -> None:
    noise = np.random.default_rng(6).normal(0.0, 2.0, (20, 20_000))
    f, s = power_spectrum(noise, 50.0)
    assert s.mean() == pytest.approx(4.0 / 25_000.0, rel=0.02)  # pA² over the band, one-sided
    assert np.all(np.diff(f) > 0.0)


def test_what_comes_back_in_every_sweep_is_not_in_the_spectrum() -> None:
    noise = np.random.default_rng(7).normal(0.0, 1.0, (20, 4096))
    hum = 50.0 * np.sin(2 * pi * 0.05 * np.arange(4096) / 50.0) + 100.0 * np.exp(-np.arange(4096) / 500.0)
    assert np.allclose(power_spectrum(noise + hum, 50.0)[1], power_spectrum(noise, 50.0)[1], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("trace", ["i_pA", "i_k_pA"])
def test_the_corner_is_the_sum_of_the_rates_over_two_pi(trace: str) -> None:
    result = spectrum_answer([noisy()], Question(trace=trace))
    assert result.notes == ()
    corner_Hz = 1000.0 * (0.3 + 0.2) / (2 * pi)
    assert result["fc_Hz"].truth == pytest.approx(corner_Hz)
    assert result["tau_ms"].truth == pytest.approx(2.0)
    assert result["variance_pA2"].truth == pytest.approx(100 * 2.0**2 * 0.6 * 0.4)
    for name in ("fc_Hz", "tau_ms", "variance_pA2", "s0_pA2_per_Hz"):
        estimate = result[name]
        assert abs(estimate.value - estimate.truth) <= 4 * estimate.se, name
        assert estimate.value == pytest.approx(estimate.truth, rel=0.1), name
    fitted = result.curves[0]
    assert fitted.truth is not None
    assert np.median(fitted.curve.y / fitted.truth) == pytest.approx(1.0, abs=0.1)


def test_a_single_long_record_has_the_same_corner() -> None:
    result = spectrum_answer([record(patch(10, alpha=0.3, beta=0.2), still(20_000.0, fs_kHz=20.0), seed=2)], Question())
    assert result["fc_Hz"].value == pytest.approx(79.6, abs=4 * result["fc_Hz"].se)


# ---- bad data


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("n", [1, 2, 150])
def test_bad_currents_are_answered_with_a_sentence(what: str, n: int) -> None:
    bad = changed(short(steps(), n), BAD[what])
    for answer in (variance_mean_answer, spectrum_answer):
        result = answer([bad], Question())
        assert result.notes or what in ("huge", "tiny"), (answer, result)
        assert all(note.endswith(".") for note in result.notes)


@pytest.mark.parametrize("window_ms", [(0.0, 0.02), (10.0, 10.02), (200.0, 300.0), (39.99, 40.0)])
def test_short_and_empty_windows_are_answered_with_a_sentence(window_ms: tuple[float, float]) -> None:
    for answer in (variance_mean_answer, spectrum_answer):
        assert answer([short(steps(), 10)], Question(window_ms=window_ms)).notes


def test_channels_that_are_not_counted_show_no_noise() -> None:
    rig = steps().header.rig
    smooth = replace(rig, cell=replace(rig.cell, stochastic=False))
    result = ask(record(smooth, replace(STEPS, n_sweeps=6)), trace="i_k_pA")
    assert "do not differ" in result.notes[0]
