"""Markov schemes of any shape: where they rest, how they relax, what may not happen in them."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.units import ELEMENTARY_C

Array = NDArray[np.float64]


def stationary(rates_per_ms: Array) -> Array:
    """Occupancies that a scheme keeps for ever, found without a subtraction and so right however small.

    Parameters
    ----------
    rates_per_ms : array (..., n, n)
        Rate from state i to state j at [..., i, j]; the diagonal is ignored. States that nothing
        leads into get 0. Of several sets that nothing leads out of, the one with the lowest state is filled.

    Returns
    -------
    array (..., n)
        Probabilities, summing to 1.

    Source: W. K. Grassmann, M. I. Taksar & D. P. Heyman 1985, Oper Res 33:1107.
    """
    a = np.array(rates_per_ms, float)
    n = a.shape[-1]
    out = np.zeros(a.shape[:-1])  # rate from state k to the states below it, the states above left out
    for k in range(n - 1, 0, -1):
        out[..., k] = a[..., k, :k].sum(axis=-1)
        share = a[..., k, :k] / np.where(out[..., k] > 0, out[..., k], 1.0)[..., None]
        a[..., :k, :k] += a[..., :k, k, None] * share[..., None, :]
    p = np.zeros(a.shape[:-1])
    p[..., 0] = 1.0
    for k in range(1, n):
        into = (p[..., :k] * a[..., :k, k]).sum(axis=-1)
        trapped = (out[..., k] == 0) & (into > 0)
        p[..., :k] = np.where(trapped[..., None], 0.0, p[..., :k])
        p[..., k] = np.where(trapped, 1.0, into / np.where(out[..., k] > 0, out[..., k], 1.0))
        p[..., : k + 1] /= p[..., : k + 1].sum(axis=-1, keepdims=True)
    return p


def propagator(rates_per_ms: Array, dt_ms: float) -> Array:
    """Probabilities to be in state j a time dt after having been in state i: the rows of exp(Q dt).

    Uniformisation with scaling and squaring: every term is positive, so no entry is negative and
    none loses digits, however stiff the scheme is.

    Parameters
    ----------
    rates_per_ms : array (..., n, n)
        Rate from state i to state j at [..., i, j]; the diagonal is ignored.
    dt_ms : float
        Time, not negative.

    Returns
    -------
    array (..., n, n)
        Each row sums to 1.

    Source: A. Jensen 1953, Skand Aktuarietidskr 36:87.
    """
    a = np.array(rates_per_ms, float)
    n = a.shape[-1]
    states = np.arange(n)
    a[..., states, states] = 0.0
    exit_per_ms = a.sum(axis=-1)
    fastest = exit_per_ms.max(axis=-1, keepdims=True)
    squarings = max(0, int(np.ceil(np.log2(max(2.0 * float(fastest.max(initial=0.0)) * dt_ms, 1.0)))))
    h = dt_ms / 2.0**squarings  # in which at most half a jump is due: 15 terms of the series are enough
    jumps = a * h
    jumps[..., states, states] = (fastest - exit_per_ms) * h
    p = np.broadcast_to(np.eye(n), a.shape)
    for k in range(15, 0, -1):
        p = jumps @ p
        p /= k
        p[..., states, states] += 1.0
    p /= p.sum(axis=-1, keepdims=True)
    for _ in range(squarings):
        p = p @ p
        p /= p.sum(axis=-1, keepdims=True)
    return p


def gating_current_pA(p: Array, rates_per_ms: Array, charges_e: ArrayLike, n_channels: float) -> Array:
    """Current of the gating charges of N channels with occupancies p: e N Σ p_i k_ij (q_j − q_i).

    Parameters
    ----------
    p : array (..., n)
        Occupancies.
    rates_per_ms : array (..., n, n)
        Rate from state i to state j at [..., i, j].
    charges_e : array_like (n,)
        Charge coordinate of each state, see `state_charges`.
    """
    q = np.asarray(charges_e, float)
    moved_e_per_ms = np.einsum("...i,...ij,ij->...", p, rates_per_ms, q - q[:, None])
    return np.asarray(1e15 * ELEMENTARY_C * n_channels * moved_e_per_ms)


def subunit_chain(alpha_per_ms: ArrayLike, beta_per_ms: ArrayLike, n: int) -> Array:
    """Rates of n identical independent two-state subunits, as a chain of n + 1 states: how many are active.

    Parameters
    ----------
    alpha_per_ms, beta_per_ms : array_like (...)
        Rates at which one subunit activates and deactivates, of any common shape, such as (n_v,).

    Returns
    -------
    array (..., n + 1, n + 1)
        Rate from state i to state j at [..., i, j]; in state n all are active.
    """
    alpha, beta = np.broadcast_arrays(np.asarray(alpha_per_ms, float), np.asarray(beta_per_ms, float))
    k = np.arange(n)
    rates = np.zeros((*alpha.shape, n + 1, n + 1))
    rates[..., k, k + 1] = (n - k) * alpha[..., None]
    rates[..., k + 1, k] = (k + 1) * beta[..., None]
    return rates


def product_scheme(chains: Sequence[Array]) -> Array:
    """Rates of several independent schemes seen as one: the Kronecker sum.

    Parameters
    ----------
    chains : sequence of arrays (..., n_k, n_k)
        Their rates, with the same leading axes.

    Returns
    -------
    array (..., N, N)
        N is the product of the n_k. The state of the last scheme changes fastest, as in
        `np.ravel_multi_index`; with chains of subunits the last state has all of them active.
    """
    first, *others = chains
    rates = np.array(first, float)
    for other in others:
        n, m = rates.shape[-1], other.shape[-1]
        both = np.einsum("...ij,kl->...ikjl", rates, np.eye(m)) + np.einsum("ij,...kl->...ikjl", np.eye(n), other)
        rates = both.reshape(*both.shape[:-4], n * m, n * m)
    return rates


def state_charges(pairs: Sequence[tuple[int, int]], charges_e: Sequence[float], n_states: int) -> Array:
    """Charge coordinate of each state, from the charges that the transitions move.

    Parameters
    ----------
    pairs : sequence of (from, to)
        The states that each transition joins.
    charges_e : sequence of float
        Charge moved outward by each transition in that direction.

    Returns
    -------
    array (n_states,)
        Relative to state 0, or to the lowest of the states that are not joined to it.

    Raises
    ------
    ValueError
        If the charges of a cycle do not sum to zero.
    """
    q = np.full(n_states, np.nan)
    while np.isnan(q).any():
        q[int(np.argmax(np.isnan(q)))] = 0.0
        for _ in pairs:
            for (i, j), charge in zip(pairs, charges_e, strict=True):
                q[j] = q[i] + charge if np.isnan(q[j]) else q[j]
                q[i] = q[j] - charge if np.isnan(q[i]) else q[i]
    for (i, j), charge in zip(pairs, charges_e, strict=True):
        if abs(q[i] + charge - q[j]) > 1e-9 * (1.0 + np.abs(q).max()):
            raise ValueError(f"the charges of a cycle through the states {i} and {j} do not sum to zero")
    return q


def violated_cycle(
    forward_per_ms: Array, backward_per_ms: Array, pairs: Sequence[tuple[int, int]], tolerance: float = 1e-6
) -> tuple[int, ...] | None:
    """The states, in order, of a cycle that can run by itself, or None: then detailed balance holds.

    Round such a cycle the product of the rates one way differs from that the other way.

    Parameters
    ----------
    forward_per_ms, backward_per_ms : array (n_transitions,) or (n_v, n_transitions)
        Rates in the direction of each pair and against it. Where a cycle has a zero both ways
        round, as with a trapped blocker at no concentration, it cannot run and is no violation.
    pairs : sequence of (from, to)
        The states that each transition joins.
    tolerance : float
        Relative difference of the products from which they count as different.

    Source: A. N. Kolmogoroff 1936, Math Ann 112:155.
    """
    forward, backward = np.atleast_2d(forward_per_ms), np.atleast_2d(backward_per_ms)
    passable = np.hstack([forward > 0, backward > 0])
    found: list[tuple[int, ...]] = []
    for pattern in np.unique(passable, axis=0):
        rows = (passable == pattern).all(axis=1)
        found += _two_way_violations(forward[rows], backward[rows], pairs, tolerance)
        found += _one_way_violations(forward[rows][0], backward[rows][0], pairs)
    return min(found, key=len, default=None)


def _two_way_violations(
    forward: Array, backward: Array, pairs: Sequence[tuple[int, int]], tolerance: float
) -> list[tuple[int, ...]]:
    """Of the cycles that each transition closes with those listed before it, the violated ones."""
    ln_rate: dict[int, dict[int, Array]] = {}
    found = []
    for k, (i, j) in enumerate(pairs):
        if forward[0, k] > 0 and backward[0, k] > 0:
            ln_there, ln_back = np.log(forward[:, k]), np.log(backward[:, k])
            way = _shortest_way(ln_rate, j, i)
            steps = [ln_rate[a][b] - ln_rate[b][a] for a, b in pairwise(way)]
            if way and np.any(np.abs(ln_there - ln_back + sum(steps)) > tolerance):
                found.append((i, *way[:-1]))
            ln_rate.setdefault(i, {}).setdefault(j, ln_there)
            ln_rate.setdefault(j, {}).setdefault(i, ln_back)
    return found


def _one_way_violations(forward: Array, backward: Array, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
    """The cycles by which one can come back to where a transition without a way back began."""
    after: dict[int, list[int]] = {}
    one_way = []
    for (i, j), there, back in zip(pairs, forward, backward, strict=True):
        for start, end, rate, other in ((i, j, there, back), (j, i, back, there)):
            if rate > 0:
                after.setdefault(start, []).append(end)
                one_way += [(start, end)] if other == 0 else []
    ways = [(start, _shortest_way(after, end, start)) for start, end in one_way]
    return [(start, *way[:-1]) for start, way in ways if way]


def _shortest_way(after: Mapping[int, Iterable[int]], start: int, end: int) -> list[int]:
    """The states from start to end, both included, where `after` tells the next ones; none if there is no way."""
    before, queue = {start: start}, deque([start])
    while queue and end not in before:
        state = queue.popleft()
        new = [other for other in after.get(state, ()) if other not in before]
        before.update(dict.fromkeys(new, state))
        queue.extend(new)
    way = [end] if end in before else []
    while way and way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]
