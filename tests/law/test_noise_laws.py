"""What currents of channels that open at random must do."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.integrate import quad, simpson
from scipy.stats import chi2

from vclamp.physics import noise
from vclamp.physics.schemes import propagator, stationary

Array = NDArray[np.float64]

quickly = settings(deadline=None, max_examples=40, derandomize=True)
rates_per_ms = st.floats(0.01, 10.0)
open_probabilities = st.floats(0.0, 1.0)
unitary_pA = st.floats(-5.0, 5.0)

THREE_STATE = np.array([[0.0, 0.1, 0.0], [0.05, 0.0, 1.0], [0.0, 0.5, 0.0]])  # C2, C1, O; /ms
SHUT = [0, 1]


def two_state(opening: float, closing: float) -> Array:
    return np.array([[0.0, opening], [closing, 0.0]])


@st.composite
def currents_of_schemes(draw: st.DrawFn) -> tuple[Array, Array]:
    """Rates between two to five states, and the current of each."""
    n = draw(st.integers(2, 5))
    rates = draw(arrays(float, (n, n), elements=st.floats(0.05, 5.0)))
    return np.asarray(rates), np.asarray(draw(arrays(float, n, elements=unitary_pA)))


def variance_pA2(rates: Array, current_pA: Array) -> float:
    p = stationary(rates)
    return float(p @ current_pA**2 - (p @ current_pA) ** 2)


# ---- mean and variance


@quickly
@given(st.integers(1, 40), unitary_pA, open_probabilities)
def test_mean_and_variance_are_those_of_the_binomial_distribution(n: int, i: float, p: float) -> None:
    chance = np.array([comb(n, k) * p**k * (1.0 - p) ** (n - k) for k in range(n + 1)])
    current = i * np.arange(n + 1)
    mean, variance = chance @ current, chance @ (current - chance @ current) ** 2
    assert float(noise.mean_current_pA(n, i, p)) == pytest.approx(mean, abs=1e-9)
    assert float(noise.current_variance_pA2(n, i, p)) == pytest.approx(variance, abs=1e-9)
    assert float(noise.p_any_open(n, p)) == pytest.approx(1.0 - chance[0], abs=1e-12)


@quickly
@given(st.floats(1.0, 1e4), unitary_pA.filter(lambda i: abs(i) > 0.01), open_probabilities)
def test_variance_is_a_parabola_of_the_mean_whose_first_slope_is_the_unitary_current(
    n: float, i: float, p: float
) -> None:
    mean_pA = noise.mean_current_pA(n, i, p)
    assert float(noise.variance_from_mean_pA2(mean_pA, i, n)) == pytest.approx(
        float(noise.current_variance_pA2(n, i, p)), rel=1e-9, abs=1e-9
    )
    small_pA = 1e-9 * n * i
    assert float(noise.variance_from_mean_pA2(small_pA, i, n)) / small_pA == pytest.approx(i, rel=1e-6)


@quickly
@given(st.floats(1.0, 300.0), st.floats(-100.0, 100.0), st.floats(-100.0, 100.0))
def test_the_unitary_current_turns_at_the_reversal_potential(conductance: float, v: float, e: float) -> None:
    current_pA = float(noise.unitary_current_pA(conductance, v, e))
    assert np.sign(current_pA) == np.sign(v - e)
    assert current_pA == pytest.approx(-float(noise.unitary_current_pA(conductance, e, v)), abs=1e-12)


# ---- in time and in frequency


@quickly
@given(rates_per_ms, rates_per_ms)
def test_two_states_give_one_lorentzian_and_one_exponential(opening: float, closing: float) -> None:
    rates, current, tau_ms = two_state(opening, closing), np.array([0.0, 0.7]), 1.0 / (opening + closing)
    variance = float(noise.current_variance_pA2(200.0, 0.7, opening * tau_ms))
    f = np.geomspace(0.1, 1e4, 30)
    lorentzian = noise.lorentzian_pA2_per_Hz(f, variance, tau_ms)
    assert noise.spectrum_pA2_per_Hz(f, rates, current, 200.0) == pytest.approx(lorentzian, rel=1e-9)
    lag_ms = np.linspace(0.0, 3.0 * tau_ms, 7)
    decay = variance * np.exp(-lag_ms / tau_ms)
    assert noise.autocovariance_pA2(lag_ms, rates, current, 200.0) == pytest.approx(decay, rel=1e-9)
    corner_Hz = noise.corner_frequency_Hz(tau_ms)
    assert float(noise.lorentzian_pA2_per_Hz(corner_Hz, variance, tau_ms)) == pytest.approx(
        0.5 * float(noise.lorentzian_pA2_per_Hz(0.0, variance, tau_ms)), rel=1e-12
    )


@quickly
@given(currents_of_schemes())
def test_the_spectrum_holds_the_whole_variance(scheme: tuple[Array, Array]) -> None:
    rates, current = scheme
    variance = variance_pA2(rates, current)
    assert noise.autocovariance_pA2(0.0, rates, current, 1.0)[0] == pytest.approx(variance, rel=1e-9, abs=1e-12)

    def per_log_f(ln_f: float) -> float:
        f = np.exp(ln_f)
        return float(f * noise.spectrum_pA2_per_Hz(f, rates, current, 1.0)[0])

    total, _ = quad(per_log_f, np.log(1e-4), np.log(1e9), limit=200)
    assert total == pytest.approx(variance, rel=1e-4, abs=1e-9)


@quickly
@given(currents_of_schemes(), st.floats(0.1, 2000.0))
def test_the_spectrum_is_the_cosine_transform_of_the_autocovariance(scheme: tuple[Array, Array], f: float) -> None:
    rates, current = scheme
    relaxation = np.linalg.eigvals(rates - np.diag(rates.sum(axis=1))).real
    slowest_ms = -1.0 / np.sort(relaxation)[-2]
    lag_ms = np.linspace(0.0, 30.0 * slowest_ms, 1001) ** 2 / (30.0 * slowest_ms)
    covariance = noise.autocovariance_pA2(lag_ms, rates, current, 1.0)
    transform = 4e-3 * simpson(covariance * np.cos(2e-3 * np.pi * f * lag_ms), x=lag_ms)
    greatest = 4e-3 * variance_pA2(rates, current) * slowest_ms
    assert noise.spectrum_pA2_per_Hz(f, rates, current, 1.0)[0] == pytest.approx(transform, abs=1e-3 * greatest + 1e-12)


# ---- dwell times


@quickly
@given(rates_per_ms, rates_per_ms)
def test_open_times_of_two_states_are_exponential_with_the_closing_rate(opening: float, closing: float) -> None:
    rates, time_ms = two_state(opening, closing), np.linspace(0.0, 5.0 / closing, 9)
    assert noise.dwell_survival(time_ms, rates, [1]) == pytest.approx(np.exp(-closing * time_ms), rel=1e-9)
    assert noise.dwell_time_constants_ms(rates, [1]) == pytest.approx([1.0 / closing], rel=1e-12)
    assert noise.mean_dwell_ms(rates, [1]) == pytest.approx(1.0 / closing, rel=1e-12)


@quickly
@given(currents_of_schemes())
def test_mean_dwell_is_the_area_under_the_survival_and_shares_the_time(scheme: tuple[Array, Array]) -> None:
    rates, _ = scheme
    n = len(rates)
    shut, opened = list(range(n - 1)), [n - 1]
    mean_ms = [noise.mean_dwell_ms(rates, states) for states in (shut, opened)]
    longest_ms = 40.0 * noise.dwell_time_constants_ms(rates, shut)[-1]
    time_ms = np.linspace(0.0, 1.0, 801) ** 3 * longest_ms
    assert simpson(noise.dwell_survival(time_ms, rates, shut), x=time_ms) == pytest.approx(mean_ms[0], rel=1e-4)
    assert mean_ms[1] / sum(mean_ms) == pytest.approx(float(stationary(rates)[-1]), rel=1e-9)


def test_long_shuttings_end_with_the_slowest_time_constant() -> None:
    late = noise.dwell_survival([100.0, 110.0], THREE_STATE, SHUT)
    slowest_ms = noise.dwell_time_constants_ms(THREE_STATE, SHUT)[-1]
    assert late[1] / late[0] == pytest.approx(np.exp(-10.0 / slowest_ms), rel=1e-9)


@quickly
@given(rates_per_ms, rates_per_ms, st.floats(1e-3, 0.3))
def test_missing_short_shuttings_lengthens_openings(opening: float, closing: float, dead: float) -> None:
    dead_ms = dead / opening
    seen_ms = [noise.apparent_open_time_ms(opening, closing, t) for t in (0.0, dead_ms, 2.0 * dead_ms)]
    assert seen_ms[0] == pytest.approx(1.0 / closing, rel=1e-12)
    assert seen_ms[0] < seen_ms[1] < seen_ms[2]


# ---- against channels that really open at random


def test_simulated_openings_with_missed_shuttings_have_the_predicted_mean() -> None:
    rng, opening, closing, dead_ms, n = np.random.default_rng(8), 0.5, 2.0, 0.4, 200_000
    opens, shuts = rng.exponential(1.0 / closing, n), rng.exponential(1.0 / opening, n)
    ends = np.flatnonzero(shuts >= dead_ms)
    lasting = np.add.reduceat(opens + np.where(shuts < dead_ms, shuts, 0.0), np.concatenate([[0], ends[:-1] + 1]))
    seen_ms = lasting[: ends.size - 1]
    error_ms = seen_ms.std() / np.sqrt(seen_ms.size)
    assert abs(seen_ms.mean() - noise.apparent_open_time_ms(opening, closing, dead_ms)) < 4.0 * error_ms


def test_simulated_shut_times_follow_the_survival() -> None:
    rng, n = np.random.default_rng(4), 20_000
    state, time_ms = np.ones(n, int), np.zeros(n)  # each shutting begins in C1
    while (shut := state < 2).any():
        leaving = THREE_STATE[state[shut]]
        time_ms[shut] += rng.exponential(1.0 / leaving.sum(axis=1))
        up = rng.random(leaving.shape[0]) < leaving[:, -1] / leaving.sum(axis=1)
        state[shut] = np.where(up, 2, np.where(state[shut] == 1, 0, 1))
    edges_ms = np.geomspace(0.02, 60.0, 25)
    survival = np.concatenate([[1.0], noise.dwell_survival(edges_ms, THREE_STATE, SHUT), [0.0]])
    expected = -n * np.diff(survival)
    counted = np.bincount(np.searchsorted(edges_ms, time_ms), minlength=edges_ms.size + 1)
    assert ((counted - expected) ** 2 / expected).sum() < chi2.ppf(0.9999, expected.size - 1)


def test_channels_moved_by_the_propagator_keep_their_number_mean_and_variance() -> None:
    rng, n, dt_ms, n_runs = np.random.default_rng(2), 300, 1.7, 4000
    start, step = np.array([1.0, 0.0, 0.0]), propagator(THREE_STATE, dt_ms)
    counts = np.zeros((n_runs, 3), int)
    counts[:, 0] = n
    for k in range(1, 4):
        counts = sum(rng.multinomial(counts[:, i], step[i]) for i in range(3))
        p = float((start @ propagator(THREE_STATE, k * dt_ms))[2])
        assert np.all(counts.sum(axis=1) == n)
        variance = float(noise.current_variance_pA2(n, 1.0, p))
        error = float(noise.standard_error_pA(variance, n_runs))
        assert abs(counts[:, 2].mean() - float(noise.mean_current_pA(n, 1.0, p))) < 4.0 * error
        assert abs(counts[:, 2].var() / variance - 1.0) < 4.0 * np.sqrt(2.0 / n_runs)


def test_every_opening_is_followed_by_a_closing() -> None:
    per_ms = noise.transitions_per_ms(two_state(0.05, 0.2), 1000.0)
    cycle_ms = noise.mean_dwell_ms(two_state(0.05, 0.2), [0]) + noise.mean_dwell_ms(two_state(0.05, 0.2), [1])
    assert per_ms == pytest.approx(2.0 * 1000.0 / cycle_ms, rel=1e-12)
