"""All compiled code of the engine: look up, interpolate, step.

The kernels see only tables, so they never change when a user adds a channel. Arrays are
C-contiguous float64; the caller allocates the outputs. Rows of `values`: command, membrane
voltage, total current, one current a channel, P_open of channel c in row p_row[c] (nowhere
where that is -1), and in the last rows the gates.

Voltage tables have one row a grid voltage: inf[N, gates], decay[N, gates] with
decay = exp(-h/tau) for one step h, and i_open[N, channels].
"""

import numpy as np

from vclamp.engine import cache

cache.prepare()

from numba import njit  # noqa: E402  (its cache folder had to be set first)

BLOCK = 64
STEPS_PER_TIME_CONSTANT = 4.0
GRID_FIRST_mV = -250.0
GRID_STEP_mV = 0.2
_EXACT = {"cache": True, "nogil": True, "error_model": "numpy"}
_FUSED = {**_EXACT, "fastmath": {"contract", "nsz"}}
_INNER = {**_FUSED, "forceinline": True}


@njit(
    "void(f8[::1],f8[::1],f8[::1],i8[::1],i8[::1],f8[::1],i8[::1],i8,f8,f8,f8[:,::1],i8,i8)",
    **_EXACT,
)
def play_constant(anchor, inf, rate, gate_channel, gate_power, i_open, p_row, offset, dt, v_mV, values, first, last):
    """Write samples [first, last) of an ideal clamp at one voltage, in closed form.

    x(k) = inf + (anchor - inf) exp(-k dt rate), with k = `offset` at sample `first`; blocks
    are anchored at k = 0, so the result does not depend on where chunks are cut.
    """
    n_gates, n_channels = anchor.size, i_open.size
    decay = np.empty((n_gates, BLOCK))
    for g in range(n_gates):
        for j in range(BLOCK):
            decay[g, j] = np.exp(-j * dt * rate[g])
    p = np.empty(BLOCK)
    x = np.empty(BLOCK)
    gate_row = values.shape[0] - n_gates
    column = first
    while column < last:
        k = offset + column - first
        j0 = k % BLOCK
        count = min(BLOCK - j0, last - column)
        total = values[2, column : column + count]
        values[0, column : column + count] = v_mV
        values[1, column : column + count] = v_mV
        total[:] = 0.0
        for c in range(n_channels):
            p[:count] = 1.0
            for g in range(n_gates):
                if gate_channel[g] == c:
                    start = (anchor[g] - inf[g]) * np.exp(-(k - j0) * dt * rate[g])
                    gate = values[gate_row + g, column : column + count]
                    for j in range(count):
                        x[j] = inf[g] + start * decay[g, j0 + j]
                    gate[:] = x[:count]
                    for _ in range(gate_power[g]):
                        for j in range(count):
                            p[j] *= x[j]
            current = values[3 + c, column : column + count]
            for j in range(count):
                current[j] = p[j] * i_open[c]
                total[j] += current[j]
            if p_row[c] >= 0:
                values[p_row[c], column : column + count] = p[:count]
        column += count


@njit("Tuple((i8,f8,f8,f8,f8))(f8)", **_INNER)
def _weights(v_mV):
    """First grid row and the four cubic Lagrange weights to interpolate at a voltage."""
    position = (v_mV - GRID_FIRST_mV) / GRID_STEP_mV
    position = min(max(position, 1.0), 2498.999)
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
    r, a, b, c, d = _weights(v_mV)
    for g in range(x.size):
        target = a * inf[r, g] + b * inf[r + 1, g] + c * inf[r + 2, g] + d * inf[r + 3, g]
        left = a * decay[r, g] + b * decay[r + 1, g] + c * decay[r + 2, g] + d * decay[r + 3, g]
        x[g] = target + (x[g] - target) * (left * left if times == 2 else left)


@njit("void(f8[::1],i8[::1],i8[::1],f8[::1])", **_INNER)
def _open_probability(x, gate_channel, gate_power, p):
    """Product of each channel's gates to their powers."""
    p[:] = 1.0
    for g in range(x.size):
        for _ in range(gate_power[g]):
            p[gate_channel[g]] *= x[g]


@njit("f8(f8[::1],f8[::1],f8,f8,f8,f8[:,::1],i8[::1],f8[:,::1],i8)", **_INNER)
def _write(x, p, command_mV, v_mV, extra_pA, i_open, p_row, values, column):
    """Write one sample; returns the ionic current in pA."""
    r, a, b, c, d = _weights(v_mV)
    ionic = 0.0
    for n in range(p.size):
        opened = a * i_open[r, n] + b * i_open[r + 1, n] + c * i_open[r + 2, n] + d * i_open[r + 3, n]
        values[3 + n, column] = p[n] * opened
        ionic += p[n] * opened
        if p_row[n] >= 0:
            values[p_row[n], column] = p[n]
    values[0, column] = command_mV
    values[1, column] = v_mV
    values[2, column] = ionic + extra_pA
    gate_row = values.shape[0] - x.size
    for g in range(x.size):
        values[gate_row + g, column] = x[g]
    return ionic


@njit(
    "void(f8[::1],f8[:,::1],f8[:,::1],f8[:,::1],i8[::1],i8[::1],i8[::1],f8,f8,f8,i8,f8[:,::1],i8,i8)",
    **_FUSED,
)
def play_line(
    x, inf, decay, i_open, gate_channel, gate_power, p_row, start_mV, slope_mV, cap_pA, offset,
    values, first, last,
):  # fmt: skip
    """Write samples [first, last) of an ideal clamp along a line, moving the gates `x` along.

    The voltage is start_mV + slope_mV·k with k = `offset` at sample `first`; each sample's
    step is taken at the voltage in its middle (second order). `cap_pA` is C_m dV/dt.
    """
    p = np.empty(i_open.shape[1])
    for column in range(first, last):
        k = offset + column - first
        v_mV = start_mV + slope_mV * k
        _open_probability(x, gate_channel, gate_power, p)
        _write(x, p, v_mV, v_mV, cap_pA, i_open, p_row, values, column)
        _step_gates(x, start_mV + slope_mV * (k + 0.5), inf, decay, 1)


@njit("Tuple((f8,f8))(f8,f8[::1],f8[:,::1])", **_INNER)
def _ionic(v_mV, p, i_open):
    """Ionic current in pA and its slope against voltage in nS, at frozen open probabilities."""
    r, a, b, c, d = _weights(v_mV)
    s = min(max((v_mV - GRID_FIRST_mV) / GRID_STEP_mV, 1.0), 2498.999) - (r + 1)
    da = -(3.0 * s * s - 6.0 * s + 2.0) / 6.0
    db = (3.0 * s * s - 4.0 * s - 1.0) / 2.0
    dc = -(3.0 * s * s - 2.0 * s - 2.0) / 2.0
    dd = (3.0 * s * s - 1.0) / 6.0
    current, slope = 0.0, 0.0
    for n in range(p.size):
        i0, i1, i2, i3 = i_open[r, n], i_open[r + 1, n], i_open[r + 2, n], i_open[r + 3, n]
        current += p[n] * (a * i0 + b * i1 + c * i2 + d * i3)
        slope += p[n] * (da * i0 + db * i1 + dc * i2 + dd * i3) / GRID_STEP_mV
    return current, slope


@njit(
    "f8(f8,f8[::1],i8,f8,f8,f8,f8[:,::1],f8[:,:,::1],f8[:,::1],i8[::1],i8[::1],f8,f8,f8[::1])",
    **_INNER,
)
def _advance(
    v_mV, x, level, command_mV, slope_mV, dt, inf, halves, i_open, gate_channel, gate_power,
    gs_nS, cm_pF, p,
):  # fmt: skip
    """One sample of Strang splitting in 2^level steps: gates half a step, voltage a whole one, gates half.

    C dV/dt = gs (V_command - V) - I_ionic is linearised in V and solved exactly over a step.
    """
    steps = 1 << level
    half = halves[level]
    _step_gates(x, v_mV, inf, half, 1)
    for n in range(steps):
        _open_probability(x, gate_channel, gate_power, p)
        current, slope = _ionic(v_mV, p, i_open)
        z = (gs_nS + slope) * dt / (steps * cm_pF)
        middle_mV = command_mV + slope_mV * (n + 0.5) / steps
        drive = (gs_nS * (middle_mV - v_mV) - current) * dt / (steps * cm_pF)
        v_mV += drive * -np.expm1(-z) / z if abs(z) > 1e-9 else drive
        # the last half of this step and the first of the next are taken at one voltage
        _step_gates(x, v_mV, inf, half, 2 if n < steps - 1 else 1)
    return v_mV


@njit(
    "f8(f8[::1],f8[:,::1],f8[:,::1],f8[:,:,::1],f8[:,::1],i8[::1],i8[::1],i8[::1],f8,f8,f8,f8,f8,i8,f8[:,::1],i8,i8)",
    **_FUSED,
)
def play_resistive(
    v, x, inf, halves, i_open, gate_channel, gate_power, p_row, start_mV, slope_mV, dt, gs_nS,
    cm_pF, offset, values, first, last,
):  # fmt: skip
    """Write samples [first, last) of a clamp through a series resistance.

    Two solutions run side by side, (v[0], x[0]) and (v[1], x[1]) with twice as many steps a
    sample; what is written is their Richardson extrapolation. How many steps follows from the
    membrane's speed at each sample: at least so many for each of its time constants.
    `halves[level]` is the decay over half of one of 2^level steps. Returns the largest
    difference of the two divided by 3, the error estimate in mV.
    """
    gates = np.empty(x.shape[1])
    p = np.empty(i_open.shape[1])
    worst = 0.0
    for column in range(first, last):
        k = offset + column - first
        command_mV = start_mV + slope_mV * k
        v_mV = v[1] + (v[1] - v[0]) / 3.0
        for g in range(gates.size):
            gates[g] = min(max(x[1, g] + (x[1, g] - x[0, g]) / 3.0, 0.0), 1.0)
        _open_probability(gates, gate_channel, gate_power, p)
        ionic = _write(gates, p, command_mV, v_mV, 0.0, i_open, p_row, values, column)
        values[2, column] += gs_nS * (command_mV - v_mV) - ionic
        worst = max(worst, abs(v[1] - v[0]) / 3.0)
        speed = dt * (gs_nS + abs(_ionic(v_mV, p, i_open)[1])) / cm_pF
        level = 0
        while (1 << level) < STEPS_PER_TIME_CONSTANT * speed and level < halves.shape[0] - 2:
            level += 1
        for n in range(2):
            v[n] = _advance(
                v[n], x[n], level + n, command_mV, slope_mV, dt, inf, halves, i_open,
                gate_channel, gate_power, gs_nS, cm_pF, p,
            )  # fmt: skip
    return worst


@njit("f8(f8,f8[:,::1],f8[:,::1],i8[::1],i8[::1],f8)", **_EXACT)
def rest_mV(hold_mV, inf, i_open, gate_channel, gate_power, gs_nS):
    """The stable steady state nearest to holding of a clamp through a series resistance."""
    x = np.empty(inf.shape[1])
    p = np.empty(i_open.shape[1])
    best, before = hold_mV, 0.0
    found = False
    for row in range(i_open.shape[0]):
        v_mV = GRID_FIRST_mV + GRID_STEP_mV * row
        x[:] = inf[row]
        _open_probability(x, gate_channel, gate_power, p)
        after = gs_nS * (hold_mV - v_mV) - np.sum(p * i_open[row])
        if row > 0 and before > 0.0 >= after:
            root = v_mV - GRID_STEP_mV * after / (after - before)
            if not found or abs(root - hold_mV) < abs(best - hold_mV):
                best, found = root, True
        before = after
    return best
