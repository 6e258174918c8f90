"""All compiled code of the engine: look up, interpolate, step.

The kernels see only tables, so they never change when a user adds a channel. Arrays are
C-contiguous float64; the caller allocates the outputs.

An *opening* is one open probability: some gates to their powers, times the share of a scheme's
states that conduct, or 1. A *path* is one current: an opening times an open-channel current;
several may add up in one row of the output (the ions of one channel). The states of all schemes
stand in one vector; each scheme has its part [first, last) and a square block in `moves`.

Voltage tables have one row a grid voltage: inf[N, gates], halves[level, N, gates] = exp(-h/tau)
for one step h, i_open[N, paths]; on a coarser grid moves[level, N', squares] and flow[N', states],
what each state adds to the gating current. `gating` is (gate_opening, gate_power,
scheme_opening, scheme_first, conducts), `rows` (path, p, gate, gating current, first state).
"""

import numpy as np

from vclamp.engine import cache

cache.prepare()

from numba import njit  # noqa: E402  (its cache folder had to be set first)

BLOCK = 64
STEPS_PER_TIME_CONSTANT = 4.0
GRID_FIRST_mV = -250.0
LIMIT_mV = 250.0  # no membrane stands more
GRID_STEP_mV = 0.2
STATES_STEP_mV = 0.5
_EXACT = {"cache": True, "nogil": True, "error_model": "numpy"}
_FUSED = {**_EXACT, "fastmath": {"contract", "nsz"}}
_INNER = {**_FUSED, "forceinline": True}
_GATING = "Tuple((i8[::1],i8[::1],i8[::1],i8[::1],f8[::1]))"
_ROWS = "Tuple((i8[::1],i8[::1],i8[::1],i8[::1],i8[::1]))"


@njit("void(f8[:],f8)", **_INNER)
def _fill(target, value):
    """Set every element; assigning a slice would take seconds to compile."""
    for n in range(target.size):
        target[n] = value


@njit("void(f8[:],f8[:],i8)", **_INNER)
def _copy(target, source, count):
    """Copy the first elements."""
    for n in range(count):
        target[n] = source[n]


@njit("f8(f8[::1],f8[::1],i8,i8)", **_INNER)
def _weighted(states, weights, first, last):
    """Sum over a scheme's states, such as the share that conducts."""
    total = 0.0
    for s in range(first, last):
        total += weights[s] * states[s]
    return total


@njit("void(f8[::1],f8[:],i8,i8,i8,f8[::1])", **_INNER)
def _move(states, move, square, first, last, moved):
    """Move one scheme along by its propagator, a row-stochastic block of `move`."""
    n = last - first
    _fill(moved, 0.0)
    for i in range(n):
        for j in range(n):
            moved[j] += states[first + i] * move[square + i * n + j]
    _copy(states[first:last], moved, n)


@njit(f"void(f8[::1],f8[::1],{_GATING},f8[::1])", **_INNER)
def _openings(x, states, gating, p):
    """Every opening: its gates to their powers times its scheme's open share."""
    gate_opening, gate_power, scheme_opening, scheme_first, conducts = gating
    _fill(p, 1.0)
    for g in range(x.size):
        for _ in range(gate_power[g]):
            p[gate_opening[g]] *= x[g]
    for k in range(scheme_opening.size):
        p[scheme_opening[k]] *= _weighted(states, conducts, scheme_first[k], scheme_first[k + 1])


@njit(
    f"void(f8[::1],f8[::1],f8[::1],f8[::1],f8[::1],f8[::1],f8[::1],{_GATING},{_ROWS},i8[::1],f8[::1],"
    "i8,f8,f8,f8[:,::1],i8,i8)",
    **_EXACT,
)
def play_constant(
    anchor, inf, rate, states, move, flow, i_open, gating, rows, path_opening, charge,
    offset, dt, v_mV, values, first, last,
):  # fmt: skip
    """Write samples [first, last) of an ideal clamp at one voltage, in closed form.

    x(k) = inf + (anchor - inf) exp(-k dt rate), with k = `offset` at sample `first`; blocks are
    anchored at k = 0, so the result does not depend on where chunks are cut. `states` move
    along sample by sample; `charge` gains what flows through each path (fC).
    """
    gate_opening, gate_power, scheme_opening, scheme_first, conducts = gating
    path_row, p_row, gate_row, gating_row, state_row = rows
    n_gates, n_openings = anchor.size, p_row.size
    decay = np.empty((n_gates, BLOCK))
    for g in range(n_gates):
        for j in range(BLOCK):
            decay[g, j] = np.exp(-j * dt * rate[g])
    p = np.empty((n_openings, BLOCK))
    x = np.empty(BLOCK)
    moved = np.empty(states.size)
    column = first
    while column < last:
        k = offset + column - first
        j0 = k % BLOCK
        count = min(BLOCK - j0, last - column)
        total = values[2, column : column + count]
        _fill(values[0, column : column + count], v_mV)
        _fill(values[1, column : column + count], v_mV)
        _fill(total, 0.0)
        for n in range(n_openings):
            _fill(p[n], 1.0)
        for g in range(n_gates):
            start = (anchor[g] - inf[g]) * np.exp(-(k - j0) * dt * rate[g])
            for j in range(count):
                x[j] = inf[g] + start * decay[g, j0 + j]
            if gate_row[g] >= 0:
                _copy(values[gate_row[g], column : column + count], x, count)
            opening = p[gate_opening[g]]
            for _ in range(gate_power[g]):
                for j in range(count):
                    opening[j] *= x[j]
        square = 0
        for n in range(scheme_opening.size):
            a, b = scheme_first[n], scheme_first[n + 1]
            opening = p[scheme_opening[n]]
            for j in range(count):
                share = _weighted(states, conducts, a, b)
                opening[j] *= min(max(share, 0.0), 1.0)
                if gating_row[n] >= 0:
                    values[gating_row[n], column + j] = _weighted(states, flow, a, b)
                    total[j] += values[gating_row[n], column + j]
                if state_row[n] >= 0:
                    for s in range(a, b):
                        values[state_row[n] + s - a, column + j] = states[s]
                _move(states, move, square, a, b, moved)
            square += (b - a) * (b - a)
        for n in range(i_open.size):
            _fill(values[path_row[n], column : column + count], 0.0)
        for n in range(i_open.size):
            current = values[path_row[n], column : column + count]
            opening = p[path_opening[n]]
            for j in range(count):
                current[j] += opening[j] * i_open[n]
                total[j] += opening[j] * i_open[n]
            for j in range(count if charge.size else 0):
                charge[n] += opening[j] * i_open[n] * dt
        for n in range(n_openings):
            if p_row[n] >= 0:
                _copy(values[p_row[n], column : column + count], p[n], count)
        column += count


@njit("Tuple((i8,f8,f8,f8,f8))(f8,f8,i8)", **_INNER)
def _weights(v_mV, step_mV, n):
    """First of four rows of a grid of n voltages, and the cubic Lagrange weights to interpolate there."""
    position = (v_mV - GRID_FIRST_mV) / step_mV
    position = min(max(position, 1.0), n - 2.001)
    row = int(position)
    s = position - row
    return (
        row - 1,
        -s * (s - 1.0) * (s - 2.0) / 6.0,
        (s + 1.0) * (s - 1.0) * (s - 2.0) / 2.0,
        -(s + 1.0) * s * (s - 2.0) / 2.0,
        (s + 1.0) * s * (s - 1.0) / 6.0,
    )


@njit("void(f8[::1],f8,f8[:,::1],f8[:,::1],i8)", **_INNER)
def _step_gates(x, v_mV, inf, decay, times):
    """Relax every gate towards its steady state at a voltage, by one or two steps of `decay`."""
    r, a, b, c, d = _weights(v_mV, GRID_STEP_mV, inf.shape[0])
    for g in range(x.size):
        target = a * inf[r, g] + b * inf[r + 1, g] + c * inf[r + 2, g] + d * inf[r + 3, g]
        left = a * decay[r, g] + b * decay[r + 1, g] + c * decay[r + 2, g] + d * decay[r + 3, g]
        x[g] = target + (x[g] - target) * (left * left if times == 2 else left)


@njit("void(f8[::1],f8,f8[:,::1],i8[::1],i8,f8[::1],f8[::1])", **_INNER)
def _step_states(states, v_mV, move, scheme_first, times, blend, moved):
    """Move every scheme by one or two propagators interpolated at a voltage; probabilities stay such."""
    if states.size == 0:
        return
    r, a, b, c, d = _weights(v_mV, STATES_STEP_mV, move.shape[0])
    for q in range(blend.size):
        blend[q] = a * move[r, q] + b * move[r + 1, q] + c * move[r + 2, q] + d * move[r + 3, q]
    square = 0
    for k in range(scheme_first.size - 1):
        first, last = scheme_first[k], scheme_first[k + 1]
        for _ in range(times):
            _move(states, blend, square, first, last, moved)
        square += (last - first) * (last - first)
        total = 0.0
        for s in range(first, last):
            states[s] = max(states[s], 0.0)
            total += states[s]
        for s in range(first, last):
            states[s] /= total


@njit(
    f"f8(f8[::1],f8[::1],f8[::1],f8,f8,f8[:,::1],f8[:,::1],{_GATING},{_ROWS},i8[::1],f8[:,::1],i8)",
    **_INNER,
)
def _write(x, states, p, command_mV, v_mV, i_open, flow, gating, rows, path_opening, values, column):
    """Write one sample but for the total current; returns the sum of what was written, in pA."""
    path_row, p_row, gate_row, gating_row, state_row = rows
    r, a, b, c, d = _weights(v_mV, GRID_STEP_mV, i_open.shape[0])
    total = 0.0
    for row in path_row:
        values[row, column] = 0.0
    for n in range(path_opening.size):
        opened = a * i_open[r, n] + b * i_open[r + 1, n] + c * i_open[r + 2, n] + d * i_open[r + 3, n]
        values[path_row[n], column] += p[path_opening[n]] * opened
        total += p[path_opening[n]] * opened
    for n in range(p_row.size):
        if p_row[n] >= 0:
            values[p_row[n], column] = min(max(p[n], 0.0), 1.0)
    for g in range(x.size):
        if gate_row[g] >= 0:
            values[gate_row[g], column] = min(max(x[g], 0.0), 1.0)
    scheme_first = gating[3]
    for k in range(gating_row.size):
        if state_row[k] >= 0:
            for s in range(scheme_first[k], scheme_first[k + 1]):
                values[state_row[k] + s - scheme_first[k], column] = states[s]
        if gating_row[k] >= 0:
            r, a, b, c, d = _weights(v_mV, STATES_STEP_mV, flow.shape[0])
            current = 0.0
            for s in range(scheme_first[k], scheme_first[k + 1]):
                rate = a * flow[r, s] + b * flow[r + 1, s] + c * flow[r + 2, s] + d * flow[r + 3, s]
                current += rate * states[s]
            values[gating_row[k], column] = current
            total += current
    values[0, column], values[1, column] = command_mV, v_mV
    return total


@njit(
    f"void(f8[::1],f8[::1],f8[:,::1],f8[:,::1],f8[:,::1],f8[:,::1],f8[:,::1],{_GATING},{_ROWS},i8[::1],f8[::1],"
    "f8,f8,f8,f8,i8,f8[:,::1],i8,i8)",
    **_FUSED,
)
def play_line(
    x, states, inf, decay, move, flow, i_open, gating, rows, path_opening, charge, start_mV, slope_mV,
    cap_pA, dt, offset, values, first, last,
):  # fmt: skip
    """Write samples [first, last) of an ideal clamp along a line, moving gates and states along.

    The voltage is start_mV + slope_mV·k with k = `offset` at sample `first`; each sample's
    step, two of `decay` and `move`, is taken at the voltage in its middle (second order).
    `cap_pA` is C_m dV/dt.
    """
    p = np.empty(rows[1].size)
    moved, blend = np.empty(states.size), np.empty(move.shape[1])
    for column in range(first, last):
        k = offset + column - first
        v_mV = start_mV + slope_mV * k
        _openings(x, states, gating, p)
        total = _write(x, states, p, v_mV, v_mV, i_open, flow, gating, rows, path_opening, values, column)
        values[2, column] = total + cap_pA
        middle_mV = start_mV + slope_mV * (k + 0.5)
        r, a, b, c, d = _weights(middle_mV, GRID_STEP_mV, i_open.shape[0])
        for n in range(charge.size):
            opened = a * i_open[r, n] + b * i_open[r + 1, n] + c * i_open[r + 2, n] + d * i_open[r + 3, n]
            charge[n] += p[path_opening[n]] * opened * dt
        _step_gates(x, middle_mV, inf, decay, 2)
        _step_states(states, middle_mV, move, gating[3], 2, blend, moved)


@njit("Tuple((f8,f8))(f8,f8[::1],f8[:,::1],i8[::1],f8[::1],f8[::1])", **_INNER)
def _ionic(v_mV, p, i_open, path_opening, current, slope):
    """Current of every path in pA and its slope against voltage in nS, at frozen openings; and their sums."""
    r, a, b, c, d = _weights(v_mV, GRID_STEP_mV, i_open.shape[0])
    s = min(max((v_mV - GRID_FIRST_mV) / GRID_STEP_mV, 1.0), i_open.shape[0] - 2.001) - (r + 1)
    da = -(3.0 * s * s - 6.0 * s + 2.0) / 6.0
    db = (3.0 * s * s - 4.0 * s - 1.0) / 2.0
    dc = -(3.0 * s * s - 2.0 * s - 2.0) / 2.0
    dd = (3.0 * s * s - 1.0) / 6.0
    total, steep = 0.0, 0.0
    for n in range(path_opening.size):
        i0, i1, i2, i3 = i_open[r, n], i_open[r + 1, n], i_open[r + 2, n], i_open[r + 3, n]
        opening = p[path_opening[n]]
        current[n] = opening * (a * i0 + b * i1 + c * i2 + d * i3)
        slope[n] = opening * (da * i0 + db * i1 + dc * i2 + dd * i3) / GRID_STEP_mV
        total += current[n]
        steep += slope[n]
    return total, steep


@njit(
    f"f8(f8,f8[::1],f8[::1],i8,f8,f8,f8,f8[:,::1],f8[:,:,::1],f8[:,:,::1],f8[:,::1],{_GATING},i8[::1],f8[::1],"
    "f8,f8,f8,f8[::1],f8[::1],f8[:,::1],f8[::1],f8[::1])",
    **_INNER,
)
def _advance(
    v_mV, x, states, level, command_mV, slope_mV, dt, inf, halves, moves, i_open, gating, path_opening,
    charge_fC, gs_nS, bias_pA, cm_pF, charge, p, scratch, blend, moved,
):  # fmt: skip
    """One sample of Strang splitting in 2^level steps: gating half a step, voltage a whole one, gating half.

    C dV/dt = gs (V_command - V) + bias - I_ionic is linearised in V and solved exactly; `charge`
    gains what each path carries in that solution, so that their sum is exactly what capacitor
    and amplifier account for. Charge moved by sensors changes V too.
    """
    steps = 1 << level
    half, move, h = halves[level], moves[level], dt / steps
    before = _weighted(states, charge_fC, 0, states.size)
    _step_gates(x, v_mV, inf, half, 1)
    _step_states(states, v_mV, move, gating[3], 1, blend, moved)
    for n in range(steps):
        after = _weighted(states, charge_fC, 0, states.size)
        v_mV -= (after - before) / cm_pF
        before = after
        _openings(x, states, gating, p)
        current, slope = _ionic(v_mV, p, i_open, path_opening, scratch[0], scratch[1])
        z = (gs_nS + slope) * h / cm_pF
        middle_mV = command_mV + slope_mV * (n + 0.5) / steps
        drive = (gs_nS * (middle_mV - v_mV) + bias_pA - current) * h / cm_pF
        if abs(z) > 1e-4:
            change = drive * -np.expm1(-z) / z
            integral = h * (drive - change) / z
        else:
            change = drive * (1.0 - z * (0.5 - z / 6.0))
            integral = h * drive * (0.5 - z * (1.0 / 6.0 - z / 24.0))
        for q in range(charge.size):
            charge[q] += scratch[0, q] * h + scratch[1, q] * integral
        v_mV = min(max(v_mV + change, -LIMIT_mV), LIMIT_mV)
        # the last half of this step and the first of the next are taken at one voltage
        times = 2 if n < steps - 1 else 1
        _step_gates(x, v_mV, inf, half, times)
        _step_states(states, v_mV, move, gating[3], times, blend, moved)
    return v_mV - (_weighted(states, charge_fC, 0, states.size) - before) / cm_pF


@njit("void(f8[::1],f8[::1],f8,f8)", **_INNER)
def _extrapolate(fine, coarse, low, high):
    """Replace the fine solution by its Richardson extrapolation, within bounds."""
    for n in range(fine.size):
        fine[n] = min(max(fine[n] + (fine[n] - coarse[n]) / 3.0, low), high)


@njit(
    f"f8(f8[::1],f8[::1],f8[::1],f8[:,::1],f8[:,:,::1],f8[:,:,::1],f8[:,::1],f8[:,::1],{_GATING},{_ROWS},"
    "i8[::1],f8[::1],f8[::1],f8,f8,f8,f8,f8,f8,i8,f8[:,::1],i8,i8)",
    **_FUSED,
)
def play_membrane(
    v, x, states, inf, halves, moves, flow, i_open, gating, rows, path_opening, charge_fC, charge,
    start_mV, slope_mV, dt, gs_nS, bias_pA, cm_pF, offset, values, first, last,
):  # fmt: skip
    """Write samples [first, last) of a membrane whose voltage `v` (one element) is free.

    It is free behind a series resistance (gs_nS > 0) and in current clamp (gs_nS = 0, where
    the command follows the membrane). Each sample is solved twice, the second time in twice as
    many steps, and goes on from the Richardson extrapolation of the two; the faster the
    membrane, the more steps. `halves[level]` and `moves[level]` belong to half of one of 2^level
    steps. Returns the error estimate in mV: differences of the two, over a time constant.
    """
    coarse_v, coarse_x, coarse_states = np.empty(1), np.empty(x.size), np.empty(states.size)
    p, scratch, moved = np.empty(rows[1].size), np.empty((2, path_opening.size)), np.empty(states.size)
    blend = np.empty(moves.shape[2])
    carried, coarse_carried, worst, error = np.empty(charge.size), np.empty(charge.size), 0.0, 0.0
    for column in range(first, last):
        command_mV = start_mV + slope_mV * (offset + column - first) if gs_nS > 0.0 else v[0]
        _openings(x, states, gating, p)
        _write(x, states, p, command_mV, v[0], i_open, flow, gating, rows, path_opening, values, column)
        values[2, column] = gs_nS * (command_mV - v[0]) + bias_pA
        speed = dt * (gs_nS + abs(_ionic(v[0], p, i_open, path_opening, scratch[0], scratch[1])[1])) / cm_pF
        level = 0
        while (1 << level) < STEPS_PER_TIME_CONSTANT * speed and level < halves.shape[0] - 2:
            level += 1
        _copy(coarse_x, x, x.size)
        _copy(coarse_states, states, states.size)
        _fill(carried, 0.0)
        _fill(coarse_carried, 0.0)
        coarse_v[0] = _advance(
            v[0], coarse_x, coarse_states, level, command_mV, slope_mV, dt, inf, halves, moves, i_open, gating,
            path_opening, charge_fC, gs_nS, bias_pA, cm_pF, coarse_carried, p, scratch, blend, moved,
        )  # fmt: skip
        v[0] = _advance(
            v[0], x, states, level + 1, command_mV, slope_mV, dt, inf, halves, moves, i_open, gating,
            path_opening, charge_fC, gs_nS, bias_pA, cm_pF, carried, p, scratch, blend, moved,
        )  # fmt: skip
        error = error * np.exp(-speed) + abs(v[0] - coarse_v[0]) / 3.0
        worst = max(worst, error)
        _extrapolate(v, coarse_v, -LIMIT_mV, LIMIT_mV)
        _extrapolate(x, coarse_x, 0.0, 1.0)
        _extrapolate(states, coarse_states, 0.0, 1.0)
        for n in range(charge.size):
            charge[n] += carried[n] + (carried[n] - coarse_carried[n]) / 3.0
    return worst
