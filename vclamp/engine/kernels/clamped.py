"""A membrane that follows its command at once: closed forms at constant voltage, exponential steps on lines."""

import numpy as np
from numba import njit

from vclamp.engine.kernels import EXACT
from vclamp.engine.kernels.chance import scatter
from vclamp.engine.kernels.tables import (
    GATING,
    ROWS,
    GRID_FIRST_mV,
    GRID_STEP_mV,
    STATES_STEP_mV,
    copy,
    fill,
    move_states,
    step_states,
    weighted,
    weights,
)

BLOCK, POWERS = 128, 8  # propagators of 1, 2, 4 … BLOCK samples
GRID_COUNT = 2501
_INLINE = {**EXACT, "forceinline": True}  # fused, what is written would depend on where a chunk ends
_TABLE = "f8[:,::1]"
_EXACT_TABLES = f"UniTuple({_TABLE}, 6)"
_LINE_TABLES = f"Tuple(({_TABLE},{_TABLE},{_TABLE},f8[:,:,::1],{_TABLE}))"
_WORK = "Tuple((f8[:,::1],f8[:,::1],f8[:,:,::1],UniTuple(f8[::1], 4),UniTuple(i8[::1], 2)))"
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


@njit("void(f8[:],f8[:],i8,i8,b1)", **_INLINE)
def _raise(opening, track, power, count, first):
    """Multiply an opening by a power of a gate, the first of its gates; what is usual in one pass."""
    if first and power == 4:
        for j in range(count):
            square = track[j] * track[j]
            opening[j] = square * square
    elif first and power == 3:
        for j in range(count):
            opening[j] = track[j] * track[j] * track[j]
    elif first and power == 2:
        for j in range(count):
            opening[j] = track[j] * track[j]
    else:
        if first:
            for j in range(count):
                opening[j] = track[j]
        for _ in range(1 if first else 0, power):
            for j in range(count):
                opening[j] *= track[j]


@njit("i8(f8[::1],f8[::1],i8,i8,i8,i8,i8,f8[::1])", **_INLINE)
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
    f"void(f8[::1],f8[::1],u8[:,::1],{_EXACT_TABLES},i8,{GATING},{ROWS},i8[::1],f8[::1],i8,f8,f8,f8,{_WORK},f8[:,::1],"
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
            _raise(opening, track, gate_power[g], count, g == 0 or gate_opening[g - 1] != n)
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


@njit("i8(f8,f8,f8,i8,f8[::1],i8[::1],i8[::1])", **_INLINE)
def _cells(start_mV, slope_mV, k, count, part, row, until):
    """The cells of the grid that a line passes: the first row of each, and the sample before which it is left.

    `part` is how far each sample lies in its cell. Returns the number of cells.
    """
    for j in range(count):
        position = (start_mV + slope_mV * (k + j) - GRID_FIRST_mV) * (1.0 / GRID_STEP_mV)
        part[j] = min(max(position, 1.0), GRID_COUNT - 2.001)
    cells, j = 0, 0
    while j < count:
        begin, here = j, int(part[j])
        while j < count and int(part[j]) == here:
            j += 1
        inside = part[begin:j]
        for i in range(inside.size):
            inside[i] -= here
        row[cells], until[cells] = here - 1, j
        cells += 1
    return cells


@njit("void(f8[::1],i8,f8[::1],i8[::1],i8[::1],f8[::1])", **_INLINE)
def _along(table, cells, part, row, until, found):
    """One table's values along a line: in each cell a cubic through four rows."""
    begin = 0
    for n in range(cells):
        a, b, c, d = table[row[n]], table[row[n] + 1], table[row[n] + 2], table[row[n] + 3]
        third = (d - a) * (1.0 / 6.0) + (b - c) * 0.5
        second = (a + c) * 0.5 - b
        first = c - a * (1.0 / 3.0) - b * 0.5 - d * (1.0 / 6.0)
        s, result = part[begin : until[n]], found[begin : until[n]]
        for j in range(s.size):
            result[j] = b + s[j] * (first + s[j] * (second + s[j] * third))
        begin = until[n]


@njit("void(f8[::1],i8,f8[:,:,::1])", **_INLINE)
def _relax(x, count, gates):
    """Every gate at `count` samples, x(k+1) = x(k) left + gain, and after them; four at once, each waits for itself."""
    track, gain, left = gates[0], gates[1], gates[2]
    for g in range(x.size):
        track[g, 0] = x[g]
    for g in range(0, track.shape[0], 4):
        a, b, c, d = track[g, 0], track[g + 1, 0], track[g + 2, 0], track[g + 3, 0]
        for j in range(count):
            track[g, j], track[g + 1, j], track[g + 2, j], track[g + 3, j] = a, b, c, d
            a, b = gain[g, j] + a * left[g, j], gain[g + 1, j] + b * left[g + 1, j]
            c, d = gain[g + 2, j] + c * left[g + 2, j], gain[g + 3, j] + d * left[g + 3, j]
        final = (a, b, c, d)
        for n in range(min(4, x.size - g)):
            x[g + n] = final[n]


@njit(
    f"void(f8[::1],u8[:,::1],f8,f8,f8[:,:,::1],f8[:,::1],{GATING},{ROWS},f8[:,::1],f8[:],i8,f8[:,::1],i8,f8[::1],"
    "f8[::1])",
    **EXACT,
)
def _step_along(
    states, streams, v_mV, slope_mV, moves, flow, gating, rows, p, total, j, values, column, blend, moved
):  # fmt: skip
    """Look at every scheme at one sample of a line, then move it on at the voltage half a sample later."""
    scheme_opening, scheme_first, conducts, numbers = gating[2], gating[3], gating[4], gating[5]
    gating_row, state_row = rows[3], rows[4]
    r, a, b, c, d = weights(v_mV, GRID_FIRST_mV, STATES_STEP_mV, flow.shape[0])
    for n in range(numbers.size):
        first, last = scheme_first[n], scheme_first[n + 1]
        p[scheme_opening[n], j] *= weighted(states, conducts, first, last)
        if gating_row[n] >= 0:
            current = 0.0
            for s in range(first, last):
                rate = a * flow[r, s] + b * flow[r + 1, s] + c * flow[r + 2, s] + d * flow[r + 3, s]
                current += rate * states[s]
            values[gating_row[n], column] = current
            total[j] += current
        for s in range(last - first if state_row[n] >= 0 else 0):
            values[state_row[n] + s, column] = states[first + s] / max(numbers[n], 1)
    step_states(states, v_mV + 0.5 * slope_mV, moves, 0, scheme_first, numbers, blend, moved)
    square = 0
    for n in range(numbers.size):
        first, last = scheme_first[n], scheme_first[n + 1]
        if numbers[n] > 0:
            scatter(states, blend, square, first, last, streams[n], moved)
        square += (last - first) * (last - first)


@njit(
    f"void(f8[::1],f8[::1],u8[:,::1],{_LINE_TABLES},{GATING},{ROWS},i8[::1],f8[::1],f8,f8,f8,f8,f8,i8,{_WORK},"
    "f8[:,::1],i8,i8)",
    **EXACT,
)
def _play_line(
    x, states, streams, grid, gating, rows, path_opening, charge, start_mV, slope_mV, unseen_mV, cap_pA, dt, offset,
    work, values, first, last,
):  # fmt: skip
    """Write samples [first, last) along a line, moving gates and states along.

    The command is start_mV + slope_mV·k with k = `offset` at sample `first`. Each sample's step is
    taken at the voltage in its middle (second order). `cap_pA` is C_m dV/dt.
    """
    inf, decay, i_open, moves, flow = grid
    gate_opening, gate_power, path_row, p_row, gate_row = gating[0], gating[1], rows[0], rows[1], rows[2]
    membrane_row = rows[5]
    p, _, gates, (track, part, moved, blend), (row, until) = work
    for column in range(first, last, BLOCK):
        count = min(BLOCK, last - column)
        k = offset + column - first
        command, total = values[0, column : column + count], values[2, column : column + count]
        v = values[1, column : column + count]
        for j in range(count):
            command[j] = start_mV + slope_mV * (k + j)
            v[j] = start_mV + slope_mV * (k + j) + unseen_mV
            total[j] = cap_pA
        for n in range(p_row.size):
            fill(p[n], 1.0)
        cells = _cells(start_mV + unseen_mV, slope_mV, k + 0.5, count, part, row, until)
        for g in range(x.size):
            gain, left = gates[1, g], gates[2, g]
            _along(inf[g], cells, part, row, until, gain)
            _along(decay[g], cells, part, row, until, left)
            for j in range(count):
                gain[j] -= gain[j] * left[j]
        _relax(x, count, gates)
        for g in range(x.size):
            open_share = gates[0, g]
            if gate_row[g] >= 0:
                found = values[gate_row[g], column : column + count]
                for j in range(count):
                    found[j] = min(max(open_share[j], 0.0), 1.0)
            first_gate = g == 0 or gate_opening[g - 1] != gate_opening[g]
            _raise(p[gate_opening[g]], open_share, gate_power[g], count, first_gate)
        for j in range(count if states.size else 0):
            _step_along(
                states, streams, start_mV + unseen_mV + slope_mV * (k + j), slope_mV, moves, flow, gating, rows, p,
                total, j, values, column + j, blend, moved,
            )  # fmt: skip
        cells = _cells(start_mV + unseen_mV, slope_mV, k, count, part, row, until)
        for n in range(path_row.size):
            fill(values[path_row[n], column : column + count], 0.0)
        for n in range(path_opening.size):
            _along(i_open[n], cells, part, row, until, track)
            current, opening = values[path_row[n], column : column + count], p[path_opening[n]]
            for j in range(count):
                track[j] *= opening[j]
                current[j] += track[j]
                total[j] += track[j]
            for j in range(count if charge.size else 0):
                charge[n] += track[j] * dt
        for n in range(p_row.size):
            if p_row[n] >= 0:
                found, opening = values[p_row[n], column : column + count], p[n]
                for j in range(count):
                    found[j] = min(max(opening[j], 0.0), 1.0)
        if membrane_row[0] >= 0:
            copy(values[membrane_row[0], column : column + count], total, count)


@njit(
    f"void(f8[::1],f8[::1],f8[::1],u8[:,::1],i8[::1],i8[::1],{_STRETCHES},{_EXACT_TABLES},{_LINE_TABLES},{GATING},"
    f"{ROWS},i8[::1],f8[::1],f8,f8,f8,{_WORK},f8[:,:,::1],i8,i8)",
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
                _play_line(
                    x, states, streams, grid, gating, rows, path_opening, charge,
                    start_mV, slope_mV, unseen_mV, cm_pF * slope_mV / dt, dt, a - begins[n], work, values, a, b,
                )  # fmt: skip
                anchor[0] = b
