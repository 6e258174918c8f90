"""A membrane that follows its command at once: closed forms at constant voltage, exponential steps on lines."""

import numpy as np

from vclamp.engine.kernels import EXACT, njit
from vclamp.engine.kernels.chance import scatter
from vclamp.engine.kernels.line import BLOCK, INLINE, LINE_TABLES, WORK, play_line, raise_opening
from vclamp.engine.kernels.tables import (
    GATING,
    ROWS,
    copy,
    fill,
    make_whole,
    move_states,
    weighted,
)

POWERS = 8  # propagators of 1, 2, 4 … BLOCK samples
_TABLE = "f8[:,::1]"
_EXACT_TABLES = f"UniTuple({_TABLE}, 6)"
_STRETCHES = "Tuple((i8[::1],i8[::1],i8[::1],f8[:,::1]))"


@njit(f"void(f8[::1],f8[::1],f8[::1],f8[::1],f8[::1],{GATING},i8,f8,f8[::1])", **EXACT)
def settle(x, states, inf, rate, powers, gating, count, dt, moved):
    """Bring gates and states from where a constant voltage was last looked at to `count` samples later."""
    for g in range(x.size):
        x[g] = inf[g] + (x[g] - inf[g]) * np.exp(-count * dt * rate[g])
    scheme_first, numbers = gating[3], gating[5]
    left, power = count % BLOCK, 0  # the states were left at the last border of a block
    while left > 0:
        square = power * powers.size // POWERS
        for k in range(numbers.size):
            first, last = scheme_first[k], scheme_first[k + 1]
            if numbers[k] == 0 and left % 2 == 1:
                move_states(states, powers, square, first, last, moved)
            square += (last - first) * (last - first)
        left //= 2
        power += 1


@njit("i8(f8[::1],f8[::1],i8,i8,i8,i8,i8,f8[::1])", **INLINE)
def _observe(states, observed, at, first, last, j0, count, track):
    """What is seen of a scheme at `count` samples from the j0-th of a block; returns where the next matrix begins."""
    for j in range(count):
        track[j] = 0.0
    s, row = first, at + j0
    while s + 3 < last:  # four at once spare the track three ways to memory and back
        a, b, c, d = states[s], states[s + 1], states[s + 2], states[s + 3]
        seen_a, seen_b = observed[row : row + count], observed[row + BLOCK : row + BLOCK + count]
        seen_c, seen_d = (
            observed[row + 2 * BLOCK : row + 2 * BLOCK + count],
            observed[row + 3 * BLOCK : row + 3 * BLOCK + count],
        )
        for j in range(count):
            track[j] = track[j] + a * seen_a[j] + b * seen_b[j] + c * seen_c[j] + d * seen_d[j]
        s += 4
        row += 4 * BLOCK
    for n in range(s, last):
        seen, occupied = observed[row : row + count], states[n]
        for j in range(count):
            track[j] += occupied * seen[j]
        row += BLOCK
    return at + (last - first) * BLOCK


@njit(
    "void(f8[::1],u8[::1],f8[::1],i8,i8,i8,f8[::1],f8[::1],f8[::1],f8[::1],i8,i8,i8,f8[:,::1],i8,i8,f8[::1])",
    **EXACT,
)
def _count_along(
    states, stream, move, square, first, last, conducts, flow, opening, total, gating_row, state_row, number,
    values, column, count, moved,
):  # fmt: skip
    """Count one scheme's channels at `count` samples, each time before they move on at random."""
    for j in range(count):
        opening[j] = weighted(states, conducts, first, last)
        if gating_row >= 0:
            values[gating_row, column + j] = weighted(states, flow, first, last)
            total[j] += values[gating_row, column + j]
        for s in range(last - first if state_row >= 0 else 0):
            values[state_row + s, column + j] = states[first + s] / number
        scatter(states, move, square, first, last, stream, moved)


@njit(
    f"void(f8[::1],f8[::1],u8[:,::1],{_EXACT_TABLES},i8,{GATING},{ROWS},i8[::1],f8[::1],i8,f8,f8,f8,{WORK},f8[:,::1],"
    "i8,i8)",
    **EXACT,
)
def _play_constant(
    x, states, streams, exact, level, gating, rows, path_opening, charge, offset, dt, command_mV, v_mV, work, values,
    first, last,
):  # fmt: skip
    """Write samples [first, last) at one voltage.

    Gates are as they were `offset` samples before `first`, x(k) = inf + (x − inf) exp(−k dt rate);
    states that are not counted as at the last border of 64 samples since then. What does not
    depend on where chunks are cut.
    """
    gate_opening, gate_power, scheme_opening, scheme_first, conducts, numbers = gating
    path_row, p_row, gate_row, gating_row, state_row, membrane_row = rows
    inf, rate, i_open = exact[0][level], exact[1][level], exact[2][level]
    powers, flow, observed = exact[3][level], exact[4][level], exact[5][level]
    leap = powers.size - powers.size // POWERS
    p, decay, _, (scratch, _, moved, _), _ = work
    for g in range(x.size):
        decay[g, 0], once, n = 1.0, np.exp(-dt * rate[g]), 1
        while n < BLOCK:
            early, late = decay[g, :n], decay[g, n : 2 * n]
            for j in range(n):
                late[j] = early[j] * once
            once *= once
            n *= 2
    for n in range(p_row.size):
        fill(p[n], 1.0)  # openings without a gate stay so
    fill(values[0, first:last], command_mV)
    fill(values[1, first:last], v_mV)
    begun = numbers.size > 0 or i_open.size == 0  # else the first current begins the sum of all
    column = first
    while column < last:
        k = offset + column - first
        j0 = k % BLOCK
        count = min(BLOCK - j0, last - column)
        stop = column + count
        total = values[2, column:stop]
        if begun:
            fill(total, 0.0)
        for g in range(x.size):
            n = gate_opening[g]
            opening = values[p_row[n], column:stop] if p_row[n] >= 0 else p[n, :count]
            track = values[gate_row[g], column:stop] if gate_row[g] >= 0 else scratch[:count]
            final, left = inf[g], decay[g, j0 : j0 + count]
            start = (x[g] - final) * np.exp(-(k - j0) * dt * rate[g])
            for j in range(count):
                track[j] = min(max(final + start * left[j], 0.0), 1.0)
            raise_opening(opening, track, gate_power[g], count, g == 0 or gate_opening[g - 1] != n)
        square, seen = 0, 0
        for n in range(numbers.size):
            a, b = scheme_first[n], scheme_first[n + 1]
            row = p_row[scheme_opening[n]]
            opening = values[row, column:stop] if row >= 0 else p[scheme_opening[n], :count]
            if numbers[n] > 0:
                _count_along(
                    states, streams[n], powers, square, a, b, conducts, flow, opening, total, gating_row[n],
                    state_row[n], numbers[n], values, column, count, moved,
                )  # fmt: skip
            else:
                seen = _observe(states, observed, seen, a, b, j0, count, opening)
                for j in range(count):
                    opening[j] = min(max(opening[j], 0.0), 1.0)
                if gating_row[n] >= 0:
                    track = values[gating_row[n], column:stop]
                    seen = _observe(states, observed, seen, a, b, j0, count, track)
                    for j in range(count):
                        total[j] += track[j]
                for s in range(b - a if state_row[n] >= 0 else 0):
                    seen = _observe(states, observed, seen, a, b, j0, count, values[state_row[n] + s, column:stop])
                if j0 + count == BLOCK:
                    move_states(states, powers, leap + square, a, b, moved)
                    make_whole(states, a, b)
            square += (b - a) * (b - a)
        for n in range(i_open.size):
            current, row, full = values[path_row[n], column:stop], p_row[path_opening[n]], i_open[n]
            opening = values[row, column:stop] if row >= 0 else p[path_opening[n], :count]
            if n > 0 and path_row[n] == path_row[n - 1]:
                for j in range(count):
                    current[j] += opening[j] * full
                    total[j] += opening[j] * full
            elif n > 0 or begun:
                for j in range(count):
                    current[j] = opening[j] * full
                    total[j] += current[j]
            else:
                for j in range(count):
                    current[j] = opening[j] * full
                    total[j] = current[j]
            for j in range(count if charge.size else 0):
                charge[n] += opening[j] * full * dt
        if membrane_row[0] >= 0:
            copy(values[membrane_row[0], column : column + count], total, count)
        column += count


@njit(
    f"void(f8[::1],f8[::1],f8[::1],u8[:,::1],i8[::1],i8[::1],{_STRETCHES},{_EXACT_TABLES},{LINE_TABLES},{GATING},"
    f"{ROWS},i8[::1],f8[::1],f8,f8,f8,{WORK},f8[:,:,::1],i8,i8)",
    **EXACT,
)
def play_clamped(
    rest, x, states, streams, anchor, borders, stretches, exact, grid, gating, rows, path_opening, charge, unseen_mV,
    cm_pF, dt, work, sweeps, first, last,
):  # fmt: skip
    """Write samples [first, last) of sweeps whose membrane follows the command at once.

    `sweeps` are (number, rows, samples); sweep k has the stretches from borders[k] to borders[k + 1], which
    are (first, last, row of the exact tables or -1, and start and slope of the command). Each begins at
    `rest` (gates, states); if that is empty, there is one sweep, which goes on.

    Gates and states hold at sample `anchor` and are brought to the end of every stretch that is
    played to its end. `work` is scratch: (openings, BLOCK), (gates, BLOCK), (3, gates, BLOCK) with
    gates rounded up to fours and zero beyond them, twice (BLOCK,), one value a state, one an element
    of the propagators; and row numbers, twice (BLOCK,).
    """
    begins, ends, levels, lines = stretches
    for k in range(sweeps.shape[0]):
        values = sweeps[k]
        if rest.size > 0:
            copy(x, rest, x.size)
            copy(states, rest[x.size :], states.size)
            anchor[0] = 0
        for n in range(borders[k], borders[k + 1]):
            a, b = max(first, begins[n]), min(last, ends[n])
            if a >= b:
                continue
            start_mV, slope_mV = lines[n, 0], lines[n, 1]
            if levels[n] >= 0:
                _play_constant(
                    x, states, streams, exact, levels[n], gating, rows, path_opening, charge, a - anchor[0], dt,
                    start_mV, start_mV + unseen_mV, work, values, a, b,
                )  # fmt: skip
                if b == ends[n]:
                    settle(
                        x, states, exact[0][levels[n]], exact[1][levels[n]], exact[3][levels[n]], gating,
                        b - anchor[0], dt, work[3][2],
                    )  # fmt: skip
                    anchor[0] = b
            else:
                play_line(
                    x, states, streams, grid, gating, rows, path_opening, charge,
                    start_mV, slope_mV, unseen_mV, cm_pF * slope_mV / dt, dt, a - begins[n], work, values, a, b,
                )  # fmt: skip
                anchor[0] = b
