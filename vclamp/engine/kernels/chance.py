"""Random numbers, and the random moves of channels that are counted one by one.

A *stream* is four uint64 words, all that a generator remembers: the same words give the same
numbers however a sweep is cut into chunks. No arithmetic is fused here, so that they are the
same on every machine as well.
"""

from math import lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from vclamp.engine.kernels import EXACT, njit

_TINY = {**EXACT, "forceinline": True}
_FEW = 4.0  # so many movers are quicker placed one by one
_MANY = 10.0  # from this mean on rejection is the quicker way to a binomial number; it is not valid below 10
_NEVER = 1e-18  # less than the rounding of a uniform number
_UNIT = 2.0**-52
_12, _17, _19, _23, _41, _45 = (np.uint64(bits) for bits in (12, 17, 19, 23, 41, 45))
_STIRLING = np.array([lgamma(k + 1.0) - (k + 0.5) * log(k + 1.0) + k + 1.0 - 0.5 * log(2.0 * pi) for k in range(10)])


def stream_of(*key: int) -> NDArray[np.uint64]:
    """A stream that belongs to some whole numbers, such as seed and sweep: the only place streams come from.

    Parameters
    ----------
    key : int
        From 0 to 2⁶⁴ − 1. Different keys, also (5,) and (5, 0), give independent streams.

    Returns
    -------
    array (4,) of uint64
        `uniform` and all that draws from it move it on.

    Raises
    ------
    OverflowError
        If a number is out of range.
    """
    words = np.array(key, np.uint64).view(np.uint32)
    state = np.random.SeedSequence((len(key), *words.tolist())).generate_state(4, np.uint64)
    return state.astype(np.uint64, copy=False)


@njit("f8(u8[::1])", **_TINY)
def uniform(stream):
    """A number between 0 and 1, both excluded: the high 52 bits of xoshiro256++.

    Source: D. Blackman & S. Vigna 2021, ACM Trans Math Softw 47:36.
    """
    a, b, c, d = stream[0], stream[1], stream[2], stream[3]
    total = a + d
    bits = ((total << _23) | (total >> _41)) + a
    c ^= a
    d ^= b
    stream[0] = a ^ d
    stream[1] = b ^ c
    stream[2] = c ^ (b << _17)
    stream[3] = (d << _45) | (d >> _19)
    return (np.float64(np.int64(bits >> _12)) + 0.5) * _UNIT


@njit("f8(f8,i8)", **_TINY)
def _power(base, exponent):
    """A whole power, by squaring: the library's last digit differs between machines."""
    result = 1.0
    while exponent > 0:
        result *= base if exponent & 1 else 1.0
        base *= base
        exponent >>= 1
    return result


@njit("f8(u8[::1],f8,f8)", **_TINY)
def _counted(stream, number, p):
    """Binomial number with a mean below 10 and p up to 1/2: count up to where the distribution reaches a uniform."""
    u = uniform(stream)
    if u < 1.0 - number * p:  # which is not more than the chance of none, so that there is no need to know it
        return 0.0
    q = 1.0 - p
    odds = p / q
    scale = (number + 1.0) * odds
    chance = _power(q, np.int64(number))
    k = 0.0
    while u > chance > _NEVER:
        u -= chance
        k += 1.0
        chance *= scale / k - odds
    return min(k, number)


@njit("f8(f8)", **_TINY)
def _beyond_stirling(k):
    """ln k! − ln(√(2π) (k+1)^(k+1/2) e^(−k−1)), to 1e-10."""
    if k < _STIRLING.size:
        return _STIRLING[np.int64(k)]
    x = 1.0 / (k + 1.0)
    return (1.0 / 12.0 - (1.0 / 360.0 - x * x / 1260.0) * x * x) * x


@njit("f8(u8[::1],f8,f8)", **EXACT)
def _rejected(stream, number, p):
    """Binomial number with a mean of at least 10 and p up to 1/2, by transformed rejection with squeeze (BTRS).

    Source: W. Hörmann 1993, J Stat Comput Simul 46:101.
    """
    q = 1.0 - p
    deviation = np.sqrt(number * p * q)
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    while True:
        u = uniform(stream) - 0.5
        v = uniform(stream)
        margin = 0.5 - abs(u)
        k = np.floor((2.0 * a / margin + b) * u + number * p + 0.5)
        if margin >= 0.07 and v <= 0.92 - 4.2 / b:
            return k
        if 0.0 <= k <= number:
            mode = np.floor((number + 1.0) * p)
            fewer, fewer_mode = number - k, number - mode
            height = v * (2.83 + 5.1 / b) * deviation / (a / (margin * margin) + b)
            ln_ratio = (
                (mode + 0.5) * np.log((mode + 1.0) * q / (p * (fewer_mode + 1.0)))
                + (number + 1.0) * np.log((fewer_mode + 1.0) / (fewer + 1.0))
                + (k + 0.5) * np.log(p * (fewer + 1.0) / (q * (k + 1.0)))
                + (_beyond_stirling(mode) + _beyond_stirling(fewer_mode))
                - (_beyond_stirling(k) + _beyond_stirling(fewer))
            )
            if np.log(height) <= ln_ratio:
                return k


@njit("f8(u8[::1],f8,f8)", **EXACT)
def binomial(stream, number, p):
    """How many of a whole number of channels do what each does with probability p (beyond 0 or 1: none or all).

    It also draws where p is 0 or 1, or else a digit of rounding would decide how the stream goes on.
    """
    rare = max(min(p, 1.0 - p), 0.0)
    k = _counted(stream, number, rare) if number * rare < _MANY else _rejected(stream, number, rare)
    return k if p <= 0.5 else number - k


@njit("i8(i8,i8)", **_TINY)
def _outward(home, turn):
    """The places around home in turn, from 0: home + 1, home - 1, home + 2, home - 2, ..."""
    distance = (turn >> 1) + 1
    return home - distance if turn & 1 else home + distance


@njit("void(f8,f8,f8[::1],i8,i8,i8,f8[::1],i8,u8[::1])", **EXACT)
def _spread(number, total, shares, start, size, home, target, first, stream):
    """Add a number of channels to the states but `home`, by their shares of `total`; to `home` if none has any.

    State j has shares[start + j] and target[first + j]. Channels mostly move to a state nearby, so those come first.
    """
    latest = home
    turn = 0
    while number > _FEW and turn < 2 * size:
        j = _outward(home, turn)
        turn += 1
        if 0 <= j < size and shares[start + j] > 0.0:
            latest = j
            taken = binomial(stream, number, shares[start + j] / total)
            target[first + j] += taken
            number -= taken
            total -= shares[start + j]
    for _ in range(np.int64(number)):
        u = total * uniform(stream)
        place = latest
        for n in range(turn, 2 * size):
            j = _outward(home, n)
            if 0 <= j < size and shares[start + j] > 0.0:
                place = j
                u -= shares[start + j]
                if u < 0.0:
                    break
        target[first + place] += 1.0


@njit("void(f8[::1],f8[::1],i8,i8,i8,u8[::1],f8[::1])", **EXACT)
def scatter(counts, move, square, first, last, stream, moved):
    """Let every channel of one scheme move by itself; none is lost.

    `counts` are whole numbers, those of this scheme in [first, last); its row-stochastic
    propagator stands in `move` from `square` on. Entries below 0 count as 0; what a row lacks of
    1 goes to one of its states. `moved` is room for as many numbers as the scheme has states.
    """
    size = last - first
    any_moved = False
    for n in range(size):
        number = counts[first + n]
        if number > 0.0:
            row = square + n * size
            leave = 1.0 - move[row + n]
            leaving = binomial(stream, number, leave)
            if leaving > 0.0:
                if not any_moved:
                    any_moved = True
                    for j in range(size):
                        moved[j] = 0.0
                counts[first + n] -= leaving
                _spread(leaving, leave, move, row, size, n, moved, 0, stream)
    if any_moved:
        for n in range(size):
            counts[first + n] += moved[n]


@njit("void(f8[::1],f8[::1],f8,i8,i8,u8[::1])", **EXACT)
def draw(counts, shares, number, first, last, stream):
    """Place a number of channels into the states [first, last) by the shares found there; none if all are 0."""
    total = 0.0
    for n in range(first, last):
        counts[n] = 0.0
        total += max(shares[n], 0.0)
    if total > 0.0:
        _spread(number, total, shares, first, last - first, -1, counts, first, stream)
