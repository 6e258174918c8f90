"""What every Markov scheme must do: stay a probability, keep detailed balance, forget the time step."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.linalg import expm

from vclamp.model.formula import Formula
from vclamp.physics.schemes import (
    product_scheme,
    propagator,
    state_charges,
    stationary,
    subunit_chain,
    violated_cycle,
)

Array = NDArray[np.float64]
Pairs = list[tuple[int, int]]

quickly = settings(deadline=None, max_examples=50, derandomize=True)
exponents = st.floats(-3.0, 3.0)
times_ms = st.floats(0.0, 20.0)


@st.composite
def schemes(draw: st.DrawFn, low: float = 0.0, high: float = 10.0) -> Array:
    """Rates between up to eight states; some may be zero."""
    n = draw(st.integers(2, 8))
    return np.asarray(draw(arrays(float, (n, n), elements=st.floats(low, high).filter(lambda r: r == 0.0 or r > 1e-6))))


@st.composite
def balanced(draw: st.DrawFn) -> tuple[Array, Array]:
    """Rates k_ij = s_ij √(p_j/p_i) with symmetric s, which obey detailed balance, and their occupancies p."""
    n = draw(st.integers(2, 7))
    energies = np.array(draw(st.lists(st.floats(-12.0, 12.0), min_size=n, max_size=n)))
    speeds = 10.0 ** np.array(draw(st.lists(exponents, min_size=n * n, max_size=n * n))).reshape(n, n)
    rates = np.tril(speeds, -1) + np.tril(speeds, -1).T
    weights = np.exp(-energies)
    return rates * np.exp(0.5 * (energies[:, None] - energies)), weights / weights.sum()


def generator(rates: Array) -> Array:
    q = rates * (1.0 - np.eye(len(rates)))
    return np.asarray(q - np.diag(q.sum(axis=1)))


def all_pairs(n: int) -> Pairs:
    return [(i, j) for i in range(n) for j in range(i)]


def both_ways(rates: Array, pairs: Pairs) -> tuple[Array, Array]:
    i, j = np.array(pairs).T
    return rates[..., i, j], rates[..., j, i]


# ---- the propagator


@quickly
@given(schemes(), times_ms)
def test_the_propagator_is_the_matrix_exponential(rates: Array, dt_ms: float) -> None:
    assert np.abs(propagator(rates, dt_ms) - expm(generator(rates) * dt_ms)).max() <= 1e-12


@quickly
@given(schemes(high=1e6), st.floats(0.0, 1e3))
def test_occupancies_stay_on_the_simplex_however_stiff_the_scheme(rates: Array, dt_ms: float) -> None:
    p = propagator(rates, dt_ms)
    assert np.all(p >= 0.0)
    assert p.sum(axis=1) == pytest.approx(1.0, abs=1e-14)


@quickly
@given(schemes(), times_ms, times_ms)
def test_two_steps_make_one(rates: Array, first_ms: float, second_ms: float) -> None:
    both = propagator(rates, first_ms) @ propagator(rates, second_ms)
    assert np.abs(both - propagator(rates, first_ms + second_ms)).max() <= 1e-13


@quickly
@given(st.floats(-6.0, 6.0), st.floats(-6.0, 6.0), st.floats(-4.0, 3.0))
def test_two_states_relax_exponentially_over_twelve_decades_of_rates(a: float, b: float, t: float) -> None:
    alpha, beta, dt_ms = 10.0**a, 10.0**b, 10.0**t
    total = alpha + beta
    moved = -np.expm1(-total * dt_ms)
    p = propagator(np.array([[0.0, alpha], [beta, 0.0]]), dt_ms)
    assert p[0, 1] == pytest.approx(alpha / total * moved, rel=1e-12)
    assert p[1, 0] == pytest.approx(beta / total * moved, rel=1e-12)


@quickly
@given(st.integers(1, 12), st.floats(-2.0, 6.0), st.floats(-2.0, 6.0), st.floats(-3.0, 3.0))
def test_independent_subunits_are_binomial(n: int, a: float, b: float, t: float) -> None:
    alpha, beta, dt_ms = 10.0**a, 10.0**b, 10.0**t
    active = -alpha / (alpha + beta) * np.expm1(-(alpha + beta) * dt_ms)
    inactive = 1.0 - active
    expected = [comb(n, k) * active**k * inactive ** (n - k) for k in range(n + 1)]
    assert propagator(subunit_chain(alpha, beta, n), dt_ms)[0] == pytest.approx(expected, rel=1e-9, abs=1e-14)


@quickly
@given(balanced(), st.floats(1e-3, 1e3))
def test_at_rest_as_many_go_from_i_to_j_as_from_j_to_i(scheme: tuple[Array, Array], dt_ms: float) -> None:
    rates, p = scheme
    flow = p[:, None] * propagator(rates, dt_ms)
    assert flow == pytest.approx(flow.T, rel=1e-9)


def test_many_voltages_are_one_batch() -> None:
    rates = np.random.default_rng(1).random((3, 4, 5, 5)) * np.logspace(-2, 3, 4)[:, None, None]
    one_by_one = [[propagator(rates[i, j], 0.3) for j in range(4)] for i in range(3)]
    assert np.abs(propagator(rates, 0.3) - one_by_one).max() <= 1e-13
    assert np.abs(stationary(rates) - [[stationary(rates[i, j]) for j in range(4)] for i in range(3)]).max() <= 1e-15


def test_without_time_or_rates_nothing_moves() -> None:
    assert np.array_equal(propagator(np.ones((3, 3)), 0.0), np.eye(3))
    assert np.array_equal(propagator(np.zeros((3, 3)), 5.0), np.eye(3))


# ---- rest


@quickly
@given(balanced())
def test_with_detailed_balance_rest_is_the_boltzmann_distribution(scheme: tuple[Array, Array]) -> None:
    rates, p = scheme
    assert stationary(rates) == pytest.approx(p, rel=1e-12)


@quickly
@given(st.lists(st.floats(-40.0, 40.0), min_size=1, max_size=9))
def test_occupancies_are_right_however_small(steps_RT: list[float]) -> None:
    n = len(steps_RT) + 1
    rates = np.zeros((n, n))
    rates[range(n - 1), range(1, n)] = np.exp(steps_RT)
    rates[range(1, n), range(n - 1)] = 1.0
    ln_p = np.cumsum([0.0, *steps_RT])
    ln_p -= ln_p.max()
    expected = np.exp(ln_p) / np.exp(ln_p).sum()
    assert stationary(rates) == pytest.approx(expected, rel=1e-11, abs=0.0)


@quickly
@given(schemes(low=0.01))
def test_rest_is_where_every_start_ends(rates: Array) -> None:
    p = stationary(rates)
    assert np.abs(propagator(rates, 1e5) - p).max() <= 1e-12
    assert np.abs(p @ propagator(rates, 0.7) - p).max() <= 1e-14


@quickly
@given(balanced(), st.floats(1e-3, 10.0))
def test_with_detailed_balance_relaxation_never_oscillates(scheme: tuple[Array, Array], dt_ms: float) -> None:
    rates, _ = scheme
    left = np.linalg.eigvals(propagator(rates, dt_ms))  # of each mode, after dt
    assert np.abs(left.imag).max() <= 1e-8
    assert left.real.min() >= -1e-8
    assert left.real.max() == pytest.approx(1.0, abs=1e-8)


@quickly
@given(balanced())
def test_states_that_nothing_leads_into_are_empty(scheme: tuple[Array, Array]) -> None:
    rates, p = scheme
    n = p.size
    blocked = np.zeros((2 * n, 2 * n))
    blocked[:n, :n] = blocked[n:, n:] = rates  # blocked channels gate on, and come free
    blocked[range(n, 2 * n), range(n)] = 0.3
    assert stationary(blocked) == pytest.approx(np.concatenate([p, np.zeros(n)]), rel=1e-12, abs=0.0)


def test_a_trap_takes_all_wherever_it_is_in_the_order() -> None:
    rates = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 0.1], [0.0, 0.0, 0.0]])
    for order in ([0, 1, 2], [2, 0, 1], [0, 2, 1], [2, 1, 0]):
        expected = (np.array(order) == 2).astype(float)
        assert np.array_equal(stationary(rates[np.ix_(order, order)]), expected)


# ---- subunits and products


def squid(v_mV: float) -> dict[str, tuple[float, float]]:
    """Rates of the gates of Hodgkin & Huxley 1952, J Physiol 117:500."""
    texts = {
        "n": ("0.1*linoid((v+55)/10)", "0.125*exp(-(v+65)/80)"),
        "m": ("linoid((v+40)/10)", "4*exp(-(v+65)/18)"),
        "h": ("0.07*exp(-(v+65)/20)", "1/(1+exp(-(v+35)/10))"),
    }
    return {name: (float(Formula(a)(v_mV)), float(Formula(b)(v_mV))) for name, (a, b) in texts.items()}


def relaxed(name: str, start_mV: float, end_mV: float, time_ms: float) -> float:
    (a0, b0), (a, b) = squid(start_mV)[name], squid(end_mV)[name]
    start, end = a0 / (a0 + b0), a / (a + b)
    return float(end + (start - end) * np.exp(-time_ms * (a + b)))


@quickly
@given(st.floats(-120.0, -60.0), st.floats(-50.0, 60.0), st.floats(0.01, 3.0))
def test_n4_is_a_chain_of_five_states_and_m3h_a_scheme_of_eight(start: float, end: float, time_ms: float) -> None:
    def potassium(v: float) -> Array:
        return subunit_chain(*squid(v)["n"], 4)

    def sodium(v: float) -> Array:
        return product_scheme([subunit_chain(*squid(v)["m"], 3), subunit_chain(*squid(v)["h"], 1)])

    for scheme, expected in (
        (potassium, relaxed("n", start, end, time_ms) ** 4),
        (sodium, relaxed("m", start, end, time_ms) ** 3 * relaxed("h", start, end, time_ms)),
    ):
        p = stationary(scheme(start)) @ propagator(scheme(end), time_ms)
        assert p[-1] == pytest.approx(expected, rel=1e-9, abs=1e-15)


@quickly
@given(schemes(low=0.01), schemes(low=0.01), st.floats(0.01, 0.3))
def test_independent_schemes_stay_independent(first: Array, second: Array, dt_ms: float) -> None:
    both = product_scheme([first, second])
    assert np.abs(stationary(both) - np.kron(stationary(first), stationary(second))).max() <= 1e-14
    apart = np.kron(propagator(first, dt_ms), propagator(second, dt_ms))
    assert np.abs(propagator(both, dt_ms) - apart).max() <= 1e-12


# ---- detailed balance and charges


@quickly
@given(balanced())
def test_rates_of_an_energy_landscape_violate_no_cycle(scheme: tuple[Array, Array]) -> None:
    rates, p = scheme
    pairs = all_pairs(p.size)
    assert violated_cycle(*both_ways(rates, pairs), pairs) is None


@quickly
@given(balanced(), st.data())
def test_one_rate_changed_in_a_cycle_is_found_at_the_one_voltage_where_it_is(
    scheme: tuple[Array, Array], data: st.DataObject
) -> None:
    rates, p = scheme
    pairs = all_pairs(p.size)
    i, j = data.draw(st.sampled_from(pairs))
    forward, backward = (np.tile(way, (3, 1)) for way in both_ways(rates, pairs))
    forward[1, pairs.index((i, j))] *= 1.001
    cycle = violated_cycle(forward, backward, pairs)
    if p.size == 2:
        assert cycle is None
        return
    assert cycle is not None
    rounds = {frozenset(step) for step in zip(cycle, (*cycle[1:], cycle[0]), strict=True)}
    assert frozenset((i, j)) in rounds
    assert violated_cycle(forward, backward, pairs, tolerance=0.01) is None


def test_a_one_way_street_violates_only_as_a_part_of_a_roundabout() -> None:
    ones = np.ones(3)
    assert violated_cycle(np.array([1.0, 0.0]), ones[:2], [(0, 1), (1, 2)]) is None
    cycle = violated_cycle(np.array([1.0, 1.0, 0.0]), ones, [(0, 1), (1, 2), (2, 0)])
    assert sorted(cycle or ()) == [0, 1, 2]


def test_the_shortest_of_the_violated_cycles_is_told() -> None:
    pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (2, 0)]  # the last cuts the ring in two
    forward = np.array([1.0, 3.0, 1.0, 2.0, 1.0, 1.0])
    assert sorted(violated_cycle(forward, np.ones(6), pairs) or ()) == [0, 1, 2]


def test_a_one_way_shortcut_is_found_wherever_it_is_listed() -> None:
    pairs = [(0, 4), (1, 4), (0, 1), (0, 2), (2, 3), (3, 1)]  # 4 is a dead end of 0 and 1
    forward, backward = np.ones(6), np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    for turn in range(6):
        order = np.roll(np.arange(6), turn)
        cycle = violated_cycle(forward[order], backward[order], [pairs[k] for k in order])
        assert sorted(cycle or ()) == [0, 1, 2, 3]


def test_a_way_back_that_is_shut_at_one_voltage_is_a_violation_there() -> None:
    pairs, forward, backward = [(0, 1), (1, 2), (2, 0)], np.ones((3, 3)), np.ones((3, 3))
    assert violated_cycle(forward, backward, pairs) is None
    backward[1, 2] = 0.0
    assert sorted(violated_cycle(forward, backward, pairs) or ()) == [0, 1, 2]


def test_a_trapped_blocker_at_zero_concentration_violates_nothing() -> None:
    pairs = [(0, 1), (1, 2), (2, 3), (0, 3)]  # shut, open, open blocked, shut blocked
    assert violated_cycle(np.array([1.0, 0.0, 3.0, 0.0]), np.array([1.0, 2.0, 3.0, 4.0]), pairs) is None


BK_OPENING = np.array([0.00384e-3, 0.0653e-3, 1.11e-3, 6.99e-3, 44.0e-3])  # C_k to O_k, 0 Ca, /ms
BK_CLOSING = np.array([1.923, 1.923, 1.923, 0.712, 0.294])


def bk_cycle(opening: Array, tolerance: float) -> tuple[int, ...] | None:
    """Of scheme IX of Horrigan, Cui & Aldrich 1999, J Gen Physiol 114:277: C_0 to C_4, then O_0 to O_4."""
    k = np.arange(4)
    pairs = [*zip(k, k + 1, strict=True), *zip(k + 5, k + 6, strict=True), *((n, n + 5) for n in range(5))]
    coupled = np.sqrt(17.0)
    forward = np.concatenate([(4 - k) * 0.257, (4 - k) * 0.257 * coupled, opening])
    backward = np.concatenate([(k + 1) * 7.129, (k + 1) * 7.129 / coupled, BK_CLOSING])
    return violated_cycle(forward, backward, [(int(i), int(j)) for i, j in pairs], tolerance)


def test_the_rounded_rates_of_a_published_BK_scheme_violate_its_last_box() -> None:
    assert sorted(bk_cycle(BK_OPENING, 0.05) or ()) == [3, 4, 8, 9]
    assert bk_cycle(BK_CLOSING * 2e-6 * 17.0 ** np.arange(5), 1e-6) is None


@quickly
@given(st.lists(st.floats(-5.0, 5.0), min_size=2, max_size=8))
def test_charges_of_states_are_the_same_on_every_way_and_those_that_are_not_are_refused(of_states: list[float]) -> None:
    pairs = [(i, j) if (i + j) % 2 else (j, i) for i, j in all_pairs(len(of_states))]
    charges = [of_states[j] - of_states[i] for i, j in pairs]
    assert state_charges(pairs, charges, len(of_states)) == pytest.approx(np.array(of_states) - of_states[0], abs=1e-12)
    if len(of_states) > 2:
        with pytest.raises(ValueError, match="do not sum to zero"):
            state_charges(pairs, [charges[0] + 0.1, *charges[1:]], len(of_states))
