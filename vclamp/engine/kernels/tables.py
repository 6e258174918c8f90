"""What all kernels share: reading the tables, and moving gates and states by them.

An *opening* is one open probability: some gates to their powers, times the share of a scheme's
states that conduct, or 1. A *path* is one current: an opening times an open-channel current;
several may add up in one row of the output (the ions of one channel). The states of all schemes
stand in one vector; each scheme has its part [first, last) and a square block in `moves`. Where
channels are counted (`numbers` > 0) their states hold how many are in each.

Voltage tables have one row a grid voltage: inf[N, gates], decays[level, N, gates] = exp(-h/tau)
for one of 2^level steps a sample, i_open[N, paths]; on a coarser grid moves[level, N', squares] and
flow[N', states], what each state adds to the gating current. `gating` is (gate_opening, gate_power,
scheme_opening, scheme_first, conducts, numbers), `rows` (path, p, gate, gating current, first state,
membrane current); a row of -1 is not written.
"""

from vclamp.engine.kernels import EXACT, INNER, njit

GRID_FIRST_mV = -250.0
LIMIT_mV = 250.0  # no membrane stands more
GRID_STEP_mV = 0.2
STATES_STEP_mV = 0.5
GATING = "Tuple((i8[::1],i8[::1],i8[::1],i8[::1],f8[::1],i8[::1]))"
ROWS = "Tuple((i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],i8[::1]))"


@njit("void(f8[:],f8)", **INNER)
def fill(target, value):
    """Set every element; assigning a slice would take seconds to compile."""
    for n in range(target.size):
        target[n] = value


@njit("void(f8[:],f8[:],i8)", **INNER)
def copy(target, source, count):
    """Copy the first elements."""
    for n in range(count):
        target[n] = source[n]


@njit("f8(f8[::1],f8[::1],i8,i8)", **INNER)
def weighted(states, weights, first, last):
    """Sum over a scheme's states, such as the share that conducts."""
    mine, weight, total = states[first:last], weights[first:last], 0.0  # a slice needs no look at the sign of an index
    for s in range(mine.size):
        total += weight[s] * mine[s]
    return total


@njit("void(f8[::1],f8[::1],i8,i8,i8,f8[::1])", **INNER)
def move_states(states, move, square, first, last, moved):
    """Move one scheme along by its propagator, a row-stochastic block of `move`."""
    mine = states[first:last]
    n = mine.size
    later = moved[:n]
    for j in range(n):
        later[j] = 0.0
    for i in range(n):
        occupied, row = mine[i], move[square + i * n : square + i * n + n]
        for j in range(n):
            later[j] += occupied * row[j]
    for j in range(n):
        mine[j] = later[j]


@njit("void(f8[::1],i8,i8)", **INNER)
def make_whole(states, first, last):
    """Let one scheme's probabilities add up to 1 again, which rounding would make them forget over hours."""
    mine, total = states[first:last], 0.0
    for s in range(mine.size):
        total += mine[s]
    total = 1.0 / total
    for s in range(mine.size):
        mine[s] *= total


@njit("void(f8[::1],f8[::1],i8[::1],i8[::1],i8[::1],i8[::1],f8[::1],f8[::1])", **INNER)
def openings(x, states, gate_opening, gate_power, scheme_opening, scheme_first, conducts, p):
    """Every opening: its gates to their powers times its scheme's open share."""
    for n in range(p.size):
        p[n] = 1.0
    for g in range(x.size):
        power = x[g]
        for _ in range(1, gate_power[g]):
            power *= x[g]
        p[gate_opening[g]] *= power
    for k in range(scheme_opening.size):
        p[scheme_opening[k]] *= weighted(states, conducts, scheme_first[k], scheme_first[k + 1])


@njit("Tuple((i8,f8,f8,f8,f8))(f8,f8,f8,i8)", **{**EXACT, "forceinline": True})
def weights(value, first, step, n):
    """First of four rows of a grid of n values, and the cubic Lagrange weights to interpolate there."""
    position = min(max((value - first) * (1.0 / step), 1.0), n - 2.001)
    row = int(position)
    s = position - row
    t, u, w = s + 1.0, s - 1.0, s - 2.0
    return row - 1, -s * u * w * (1.0 / 6.0), t * u * w * 0.5, -t * s * w * 0.5, t * s * u * (1.0 / 6.0)


@njit("void(f8[::1],f8[:,::1],f8[:,:,::1],i8,i8,f8,f8,f8,f8)", **INNER)
def step_gates(x, inf, decays, level, r, a, b, c, d):
    """Relax every gate towards its steady state at a voltage by one step."""
    for g in range(x.size):
        target = a * inf[r, g] + b * inf[r + 1, g] + c * inf[r + 2, g] + d * inf[r + 3, g]
        left = (
            a * decays[level, r, g] + b * decays[level, r + 1, g]
            + c * decays[level, r + 2, g] + d * decays[level, r + 3, g]
        )  # fmt: skip
        x[g] = target + (x[g] - target) * left


@njit("void(f8,f8[:,:,::1],i8,f8[::1])", **INNER)
def blend_moves(v_mV, moves, level, blend):
    """The propagators at a voltage: a blend of stochastic matrices."""
    r, a, b, c, d = weights(v_mV, GRID_FIRST_mV, STATES_STEP_mV, moves.shape[1])
    w, x, y, z = moves[level, r], moves[level, r + 1], moves[level, r + 2], moves[level, r + 3]
    for q in range(blend.size):
        blend[q] = a * w[q] + b * x[q] + c * y[q] + d * z[q]


@njit("void(f8[::1],f8,f8[:,:,::1],i8,i8[::1],i8[::1],f8[::1],f8[::1])", **INNER)
def step_states(states, v_mV, moves, level, scheme_first, numbers, blend, moved):
    """Move every scheme that is not counted by one step; probabilities stay such."""
    if states.size == 0:
        return
    blend_moves(v_mV, moves, level, blend)
    square = 0
    for k in range(numbers.size):
        first, last = scheme_first[k], scheme_first[k + 1]
        if numbers[k] == 0:
            move_states(states, blend, square, first, last, moved)
            mine, total = states[first:last], 0.0
            for s in range(mine.size):
                mine[s] = max(mine[s], 0.0)
                total += mine[s]
            total = 1.0 / total
            for s in range(mine.size):
                mine[s] *= total
        square += (last - first) * (last - first)


@njit(
    "f8(f8[::1],f8[::1],f8[::1],f8,f8,f8[:,::1],f8[:,::1],i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],i8[::1],"
    "i8[::1],f8[:,::1],i8)",
    **INNER,
)
def write(
    x, states, p, command_mV, v_mV, i_open, flow, scheme_first, numbers, path_row, p_row, gate_row, gating_row,
    state_row, path_opening, values, column,
):  # fmt: skip
    """Write one sample but for the total current; returns the sum of what was written, in pA."""
    r, a, b, c, d = weights(v_mV, GRID_FIRST_mV, GRID_STEP_mV, i_open.shape[0])
    total = 0.0
    for n in range(path_row.size):
        values[path_row[n], column] = 0.0
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
    for k in range(gating_row.size):
        if state_row[k] >= 0:
            number = max(numbers[k], 1)
            for s in range(scheme_first[k], scheme_first[k + 1]):
                values[state_row[k] + s - scheme_first[k], column] = states[s] / number
        if gating_row[k] >= 0:
            r, a, b, c, d = weights(v_mV, GRID_FIRST_mV, STATES_STEP_mV, flow.shape[0])
            current = 0.0
            for s in range(scheme_first[k], scheme_first[k + 1]):
                rate = a * flow[r, s] + b * flow[r + 1, s] + c * flow[r + 2, s] + d * flow[r + 3, s]
                current += rate * states[s]
            values[gating_row[k], column] = current
            total += current
    values[0, column], values[1, column] = command_mV, v_mV
    return total
