"""A line of the command in an ideal clamp: a step a sample, at the voltage half way to the next."""

from vclamp.engine.kernels import EXACT, njit
from vclamp.engine.kernels.chance import scatter
from vclamp.engine.kernels.tables import (
    GATING,
    ROWS,
    GRID_FIRST_mV,
    GRID_STEP_mV,
    STATES_STEP_mV,
    copy,
    fill,
    step_states,
    weighted,
    weights,
)

BLOCK = 128  # samples
GRID_COUNT = 2501
INLINE = {**EXACT, "forceinline": True}  # fused, what is written would depend on where a chunk ends
_TABLE = "f8[:,::1]"
LINE_TABLES = f"Tuple(({_TABLE},{_TABLE},{_TABLE},f8[:,:,::1],{_TABLE}))"
WORK = "Tuple((f8[:,::1],f8[:,::1],f8[:,:,::1],UniTuple(f8[::1], 4),UniTuple(i8[::1], 2)))"


@njit("void(f8[:],f8[:],i8,i8,b1)", **INLINE)
def raise_opening(opening, track, power, count, first):
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


@njit("i8(f8,f8,f8,i8,f8[::1],i8[::1],i8[::1])", **INLINE)
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


@njit("void(f8[::1],i8,f8[::1],i8[::1],i8[::1],f8[::1])", **INLINE)
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


@njit("void(f8[::1],i8,f8[:,:,::1])", **INLINE)
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
    f"void(f8[::1],f8[::1],u8[:,::1],{LINE_TABLES},{GATING},{ROWS},i8[::1],f8[::1],f8,f8,f8,f8,f8,i8,{WORK},"
    "f8[:,::1],i8,i8)",
    **EXACT,
)
def play_line(
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
            raise_opening(p[gate_opening[g]], open_share, gate_power[g], count, first_gate)
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
