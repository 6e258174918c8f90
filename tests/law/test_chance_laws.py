"""What random numbers, and channels that move at random, must do."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import binom, chi2, geom

from vclamp.engine.kernels.chance import _beyond_stirling, binomial, draw, scatter, stream_of, uniform
from vclamp.physics import noise
from vclamp.physics.schemes import product_scheme, propagator, stationary, subunit_chain

Array = NDArray[np.float64]

quickly = settings(deadline=None, max_examples=60, derandomize=True)

TWO_STATE = np.array([[0.0, 0.4], [0.9, 0.0]])  # C, O; /ms
THREE_STATE = np.array([[0.0, 0.1, 0.0], [0.05, 0.0, 1.0], [0.0, 0.5, 0.0]])  # C2, C1, O
SODIUM = product_scheme([subunit_chain(1.0, 0.6, 3), subunit_chain(0.1, 0.3, 1)])  # eight states, all used
SCHEMES = {"two": TWO_STATE, "three": THREE_STATE, "sodium": SODIUM}


def chi_square_p(seen: Array, expected: Array) -> float:
    """Probability to see counts that far from the expected ones; neighbours are pooled until each expects 10."""
    pooled: list[Array] = []
    sums = np.zeros(2)
    for pair in np.column_stack([seen, expected]):
        sums = sums + pair
        if sums[1] >= 10.0:
            pooled.append(sums)
            sums = np.zeros(2)
    if pooled:
        pooled[-1] = pooled[-1] + sums
    table = np.array(pooled)
    if len(table) < 2:
        return 1.0  # nothing to tell apart
    return float(chi2.sf(((table[:, 0] - table[:, 1]) ** 2 / table[:, 1]).sum(), len(table) - 1))


def move_by(rates: Array, dt_ms: float, stream: NDArray[np.uint64]) -> Callable[[Array], None]:
    """Moves counts in place by one sample of one scheme."""
    n = len(rates)
    move, moved = propagator(rates, dt_ms).ravel(), np.empty(n)
    return lambda counts: scatter(counts, move, 0, 0, n, stream, moved)


# ---- uniform numbers


def reference_outputs(words: list[int]) -> Iterator[int]:
    """xoshiro256++ as its authors write it: rotl(s0 + s3, 23) + s0, then shift and rotate."""
    s, mask = list(words), 2**64 - 1
    while True:
        turned = (s[0] + s[3]) & mask
        yield ((turned << 23 | turned >> 41) + s[0]) & mask
        t = s[1] << 17 & mask
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = (s[3] << 45 | s[3] >> 19) & mask


def test_reference_gives_the_published_numbers() -> None:
    """From the words 1, 2, 3, 4, as in the tests of other implementations of the authors' code."""
    outputs = reference_outputs([1, 2, 3, 4])
    assert [next(outputs) for _ in range(4)] == [41943041, 58720359, 3588806011781223, 3591011842654386]


@pytest.mark.parametrize("words", [[1, 2, 3, 4], stream_of(7).tolist(), [2**64 - 1, 2**63, 5, 2**64 - 2]])
def test_uniforms_are_the_high_bits_of_xoshiro256(words: list[int]) -> None:
    stream, outputs = np.array(words, np.uint64), reference_outputs(words)
    for _ in range(2000):
        assert uniform(stream) == ((next(outputs) >> 12) + 0.5) / 2**52


def test_uniform_never_reaches_0_or_1() -> None:
    lowest, highest = np.array([0, 1, 1, 0], np.uint64), np.array([2**64 - 1, 1, 1, 1], np.uint64)
    assert 0.0 < uniform(lowest) < 1e-15
    assert 1.0 > uniform(highest) > 1.0 - 1e-15


def test_uniforms_are_uniform_and_uncorrelated() -> None:
    n, stream = 400_000, stream_of(1)
    u = np.array([uniform(stream) for _ in range(n)])
    assert abs(u.mean() - 1 / 2) < 4 * np.sqrt(1 / 12 / n)
    assert abs(((u - 0.5) ** 2).mean() - 1 / 12) < 4 * np.sqrt(1 / 180 / n)
    assert chi_square_p(np.histogram(u, 256, (0, 1))[0].astype(float), np.full(256, n / 256)) > 1e-4
    for lag in (1, 2, 3, 4, 5, 16):
        correlation = 12 * ((u[:-lag] - 0.5) * (u[lag:] - 0.5)).mean()
        assert abs(correlation) < 4 / np.sqrt(n - lag)


def test_stream_belongs_to_its_key_alone() -> None:
    keys = [(5,), (5, 0), (0, 5), (0, 0, 5), (), (0,), (2**32 + 5,), (5, 1), (6,), (2**32, 5)]
    assert len({tuple(stream_of(*key)) for key in keys}) == len(keys)
    assert stream_of(5, 0).tolist() == stream_of(5, 0).tolist()
    with pytest.raises(OverflowError):
        stream_of(-1)


def test_streams_of_neighbouring_keys_are_uncorrelated() -> None:
    n, streams = 20_000, [stream_of(3, sweep) for sweep in range(4)]
    u = np.array([[uniform(stream) for _ in range(n)] for stream in streams]) - 0.5
    correlations = 12 * (u @ u.T)[np.triu_indices(4, 1)] / n
    assert np.abs(correlations).max() < 4 / np.sqrt(n)


# ---- binomial numbers

LAWS = [  # on both sides of 10, the mean from which rejection takes over
    *[(1, p) for p in (1e-3, 0.3, 0.5, 0.999)],
    *[(n, p) for n in (2, 3, 7) for p in (0.02, 0.4, 0.5, 0.9)],
    *[(12, 0.5), (19, 0.5), (20, 0.5), (21, 0.5), (20, 0.4999), (20, 0.5001), (30, 0.34), (40, 0.24), (40, 0.26)],
    *[(100, p) for p in (1e-5, 1e-3, 0.05, 0.0999, 0.1001, 0.3, 0.7, 0.9001, 0.95, 0.99999)],
    *[(1000, p) for p in (1e-4, 5e-3, 0.0099, 0.0101, 0.012, 0.5, 0.98, 0.999)],
    *[(1_000_000, p) for p in (1e-7, 1e-6, 9.9e-6, 1.01e-5, 2e-5, 1e-3, 0.5, 0.99999, 1 - 1e-7)],
    *[(10_000_000, p) for p in (5e-7, 2e-6, 0.25)],
]


@pytest.mark.parametrize(("n", "p"), LAWS)
def test_binomial_numbers_follow_their_law(n: int, p: float) -> None:
    draws, stream = 20_000, stream_of(n, int(1e9 * p))
    seen = np.array([binomial(stream, n, p) for _ in range(draws)])
    law = binom(n, p)
    edges = np.unique(law.ppf(np.linspace(0.0, 1.0, 41)[1:-1]))  # bins that end at these numbers
    chances = np.diff(law.cdf(edges), prepend=0.0, append=1.0)
    hits = np.bincount(np.searchsorted(edges, seen), minlength=edges.size + 1)
    assert np.array_equal(seen, np.floor(seen))
    assert 0 <= seen.min() <= seen.max() <= n
    assert chi_square_p(hits, draws * chances) > 1e-4
    # a rare number is Poisson and its mean skewed, hence the one
    assert abs(seen.sum() - draws * law.mean()) < 4 * np.sqrt(draws * law.var()) + 1
    spread = law.var() * np.sqrt((2.0 + law.stats("k")) / draws)
    assert abs(((seen - law.mean()) ** 2).mean() - law.var()) < 4 * spread + 1 / draws


def test_every_number_of_a_rejected_law_is_as_frequent_as_it_should_be() -> None:
    n, p, draws, stream = 35, 0.31, 200_000, stream_of(4)
    seen = np.bincount([int(binomial(stream, n, p)) for _ in range(draws)], minlength=n + 1)
    assert chi_square_p(seen.astype(float), draws * binom.pmf(np.arange(n + 1), n, p)) > 1e-4


def test_correction_to_the_formula_of_stirling_is_exact_down_to_0() -> None:
    k = np.array([0, 1, 2, 5, 8, 9, 10, 11, 30, 1000.0])
    formula = 0.5 * np.log(2 * np.pi) + (k + 0.5) * np.log(k + 1) - k - 1
    assert [_beyond_stirling(number) for number in k] == pytest.approx(gammaln(k + 1) - formula, abs=1e-10, rel=1e-8)


def test_binomial_numbers_of_a_certainty_are_certain() -> None:
    stream = stream_of(2)
    for n in (0, 1, 5, 1000, 1_000_000):
        for p in (-1e-9, 0.0):
            assert binomial(stream, n, p) == 0
        for p in (1.0, 1.0 + 1e-9):
            assert binomial(stream, n, p) == n
    assert all(binomial(stream, 0, p) == 0 for p in (0.1, 0.5, 0.9))


@pytest.mark.parametrize("n", [1.0, 5.0, 1000.0])
def test_the_last_digit_of_a_certainty_does_not_decide_how_a_stream_goes_on(n: float) -> None:
    """Else a machine that rounds otherwise would draw other channels from there on."""
    went_on = []
    for p in (0.0, -1e-17, 1e-17, 1e-300, 1.0, 1.0 - 2.0**-53, 1.0 + 2.0**-52):
        stream = stream_of(3, 5)
        assert binomial(stream, n, p) in (0.0, n)
        went_on.append(tuple(stream))
    assert set(went_on) == {went_on[0]} != {tuple(stream_of(3, 5))}


def test_binomial_numbers_are_uncorrelated() -> None:
    n, stream = 50_000, stream_of(9)
    for number, p in ((100, 0.03), (1000, 0.3)):
        x = np.array([binomial(stream, number, p) for _ in range(n)]) - number * p
        assert abs((x[:-1] * x[1:]).mean() / (number * p * (1 - p))) < 4 / np.sqrt(n)


# ---- moves


@st.composite
def rough_moves(draw_: st.DrawFn) -> tuple[Array, Array]:
    """A propagator as it may come from interpolation, with zeros, and counts to move with it."""
    n = draw_(st.integers(1, 7))
    shares = draw_(arrays(float, (n, n), elements=st.sampled_from([0.0, 1e-12, 1e-3, 0.1, 1.0, 5.0])))
    move = np.asarray(shares) + 1e-3 * np.eye(n)
    move /= move.sum(axis=1, keepdims=True)
    error = draw_(arrays(float, (n, n), elements=st.sampled_from([0.0, -1e-10, 1e-10])))
    counts = draw_(arrays(float, n, elements=st.sampled_from([0.0, 1.0, 2.0, 6.0, 40.0, 1e3, 1e6])))
    return move + np.asarray(error), np.asarray(counts)


@quickly
@given(rough_moves(), st.integers(0, 1000))
def test_scatter_loses_no_channel_and_invents_no_way(case: tuple[Array, Array], seed: int) -> None:
    move, counts = case
    n, stream = len(counts), stream_of(seed)
    around = np.concatenate([[17.0, 3.0], counts, [5.0]])
    flat = np.concatenate([[0.5, 0.5, 0.5], move.ravel(), [0.7]])
    scatter(around, flat, 3, 2, 2 + n, stream, np.full(n, np.nan))
    after = around[2:-1]
    assert after.sum() == counts.sum()
    assert (after >= 0).all()
    assert np.array_equal(after, np.floor(after))
    assert [*around[:2], around[-1]] == [17.0, 3.0, 5.0]
    reachable = ((move > 0) & (counts[:, None] > 0)).any(axis=0)
    assert (after[~reachable] == 0).all()


def test_each_of_several_schemes_moves_by_its_own_block() -> None:
    together, move = np.array([50.0, 60.0, 70.0, 80.0, 90.0]), np.empty(13)
    move[:4], move[4:] = propagator(TWO_STATE, 0.5).ravel(), propagator(THREE_STATE, 0.5).ravel()
    two, three = together[:2].copy(), together[2:].copy()
    stream = stream_of(8)
    move_by(TWO_STATE, 0.5, stream)(two)
    move_by(THREE_STATE, 0.5, stream)(three)
    stream, moved = stream_of(8), np.empty(3)
    scatter(together, move, 0, 0, 2, stream, moved)
    scatter(together, move, 4, 2, 5, stream, moved)
    assert np.array_equal(together, [*two, *three])


@pytest.mark.parametrize("channels", [4, 1000])
def test_what_a_row_lacks_of_1_goes_where_the_row_leads(channels: int) -> None:
    nowhere, near = np.diag([1.0, 0.5, 1.0]).ravel(), np.array([1.0, 0.0, 0.0, 0.0, 0.2, 0.1, 0.0, 0.0, 1.0])
    for seed in range(20):
        counts = np.array([0.0, channels, 0.0])
        scatter(counts, nowhere, 0, 0, 3, stream_of(seed), np.empty(3))
        assert counts.tolist() == [0.0, channels, 0.0]
        scatter(counts, near, 0, 0, 3, stream_of(seed), np.empty(3))
        assert counts[0] == 0.0
        assert counts.sum() == channels


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("size", [1.0, 4.0, 30.0, 1000.0, 1e6])
def test_moves_have_the_mean_and_covariance_of_the_multinomial_law(name: str, size: float) -> None:
    rates, repeats = SCHEMES[name], 6000
    n = len(rates)
    start = np.ceil(size * np.linspace(1.0, 0.1, n)) * (np.arange(n) != 1)  # one state is empty
    p = propagator(rates, 0.2)
    step = move_by(rates, 0.2, stream_of(n, int(size)))
    after = np.tile(start, (repeats, 1))
    for counts in after:
        step(counts)
    mean = start @ p
    covariance = np.diag(mean) - p.T @ (start[:, None] * p)
    assert (after.sum(axis=1) == start.sum()).all()
    assert (np.abs(after.mean(axis=0) - mean) < 4 * np.sqrt(np.diag(covariance) / repeats)).all()
    products = (after - mean)[:, :, None] * (after - mean)[:, None, :]
    error = products.std(axis=0) / np.sqrt(repeats)
    assert (np.abs(products.mean(axis=0) - covariance) < 4 * error + 10 / repeats).all()


@pytest.mark.parametrize("name", SCHEMES)
def test_single_channel_moves_by_the_row_of_its_state(name: str) -> None:
    rates, repeats = SCHEMES[name], 20_000
    n = len(rates)
    step, p = move_by(rates, 0.5, stream_of(n)), propagator(rates, 0.5)
    for state in range(n):
        places = np.tile(np.eye(n)[state], (repeats, 1))
        for counts in places:
            step(counts)
        assert chi_square_p(places.sum(axis=0), repeats * p[state]) > 1e-4


@pytest.mark.parametrize("channels", [3, 100, 20_000])
@pytest.mark.parametrize("name", SCHEMES)
def test_equilibrium_stays_what_it_is(name: str, channels: int) -> None:
    rates = SCHEMES[name]
    n, p, stream = len(rates), stationary(rates), stream_of(channels)
    step, total, repeats = move_by(rates, 0.3, stream), np.zeros(n), 200
    counts = np.empty(n)
    for _ in range(repeats):
        draw(counts, p, channels, 0, n, stream)
        for _ in range(20):
            step(counts)
        total += counts
    assert chi_square_p(total, repeats * channels * p) > 1e-4


def visits(rates: Array, dt_ms: float, samples: int, state: int) -> tuple[Array, Array]:
    """How many samples one channel stays in a state, and then out of it, time after time."""
    n = len(rates)
    step, counts, inside = move_by(rates, dt_ms, stream_of(n, state)), np.eye(n)[state], np.empty(samples, bool)
    for k in range(samples):
        inside[k] = counts[state] == 1.0
        step(counts)
    borders = np.flatnonzero(np.diff(inside)) + 1
    lengths = np.diff(borders).astype(float)
    return lengths[1::2], lengths[0::2]  # the first whole visit is out of the state


@pytest.mark.parametrize("name", ["two", "three"])
def test_open_and_shut_times_of_one_channel_follow_their_exponentials(name: str) -> None:
    rates, dt_ms = SCHEMES[name], 0.01
    n = len(rates)
    is_open, is_shut = [n - 1], list(range(n - 1))
    open_samples, shut_samples = visits(rates, dt_ms, 400_000, n - 1)
    stay = propagator(rates, dt_ms)[-1, -1]
    edges = geom.ppf(np.linspace(0, 1, 21)[1:-1], 1 - stay)
    expected = open_samples.size * np.diff(geom.cdf(edges, 1 - stay), prepend=0.0, append=1.0)
    seen = np.bincount(np.searchsorted(edges, open_samples), minlength=20).astype(float)
    assert chi_square_p(seen, expected) > 1e-4
    for lengths, states in ((open_samples, is_open), (shut_samples, is_shut)):
        # shorter ones than a sample are missed, so that half a percent is left to the grid
        t_ms = np.array([0.1, 0.3, 1.0, 2.0, 4.0, 10.0])
        lasting = noise.dwell_survival(t_ms, rates, states)
        share = (lengths[:, None] * dt_ms > t_ms).mean(axis=0)
        error = np.sqrt(lasting * (1 - lasting) / lengths.size)
        assert (np.abs(share - lasting) < 4 * error + 0.005).all()
        mean_ms = noise.mean_dwell_ms(rates, states)
        assert (
            abs(lengths.mean() * dt_ms - mean_ms) < 4 * lengths.std() * dt_ms / np.sqrt(lengths.size) + 0.01 * mean_ms
        )


@pytest.mark.parametrize("channels", [1, 50, 5000])
@pytest.mark.parametrize("name", SCHEMES)
def test_autocovariance_is_that_of_the_scheme(name: str, channels: int) -> None:
    rates, dt_ms, runs, samples = SCHEMES[name], 0.25, 60, 800
    n = len(rates)
    current = np.zeros(n)
    current[-1] = 1.0
    p, stream = stationary(rates), stream_of(n, channels)
    step, lags, counts = move_by(rates, dt_ms, stream), np.array([0, 1, 2, 5, 12, 30]), np.empty(n)
    estimates = np.empty((runs, lags.size))
    for run in range(runs):
        draw(counts, p, channels, 0, n, stream)
        trace = np.empty(samples)
        for k in range(samples):
            trace[k] = counts[-1] - channels * p[-1]
            step(counts)
        estimates[run] = [(trace[: samples - lag] * trace[lag:]).mean() for lag in lags]
    expected = noise.autocovariance_pA2(lags * dt_ms, rates, current, channels)
    error = estimates.std(axis=0, ddof=1) / np.sqrt(runs)
    assert (np.abs(estimates.mean(axis=0) - expected) < 4 * error).all()


# ---- the start of a sweep


@pytest.mark.parametrize("number", [1, 3, 60, 5000, 1_000_000])
def test_draw_places_channels_by_their_shares(number: int) -> None:
    shares = np.array([9.0, 0.3, 0.0, 0.05, 0.6, 0.0499, 1e-4, 9.0])
    repeats, stream, counts = max(2, 20_000 // number), stream_of(number), np.full(8, 4.0)
    total = np.zeros(8)
    for _ in range(repeats):
        draw(counts, shares, number, 1, 7, stream)
        assert counts[1:7].sum() == number
        total += counts
    assert (total[0], total[2], total[7]) == (4.0 * repeats, 0.0, 4.0 * repeats)
    assert chi_square_p(total[1:7], number * repeats * shares[1:7]) > 1e-4


def test_drawn_counts_vary_as_the_multinomial_law_says() -> None:
    shares, number, repeats, stream = np.array([0.5, 0.3, 0.15, 0.05]), 400, 10_000, stream_of(6)
    seen = np.empty((repeats, 4))
    for counts in seen:
        draw(counts, shares, number, 0, 4, stream)
    covariance = number * (np.diag(shares) - np.outer(shares, shares))
    products = (seen - number * shares)[:, :, None] * (seen - number * shares)[:, None, :]
    error = products.std(axis=0) / np.sqrt(repeats)
    assert (np.abs(products.mean(axis=0) - covariance) < 4 * error).all()


def test_draw_without_a_share_places_none() -> None:
    counts = np.array([7.0, 1.0, 1.0, 7.0])
    draw(counts, np.zeros(4), 10, 1, 3, stream_of(1))
    assert counts.tolist() == [7.0, 0.0, 0.0, 7.0]


# ---- repeatability


def test_same_words_give_the_same_moves() -> None:
    """The four words are all that is remembered: one may stop anywhere and go on with a copy."""
    n, p = len(SODIUM), stationary(SODIUM)

    def play(stream: NDArray[np.uint64], counts: Array, samples: int) -> Array:
        step = move_by(SODIUM, 0.02, stream)
        trace = np.empty((samples, n))
        for row in trace:
            step(counts)
            row[:] = counts
        return trace

    start = np.empty(n)
    stream = stream_of(11, 2)
    draw(start, p, 1000, 0, n, stream)
    whole = play(stream.copy(), start.copy(), 100)
    first = play(stream, start, 37)
    rest = play(stream.copy(), start.copy(), 63)
    assert np.array_equal(whole, np.vstack([first, rest]))
    assert not np.array_equal(whole, play(stream_of(11, 3), whole[0].copy(), 100))
