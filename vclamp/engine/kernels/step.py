"""Steps of a membrane whose voltage is free: Strang splitting of its circuit and its gating."""

import numpy as np

from vclamp.engine.kernels import INNER, njit
from vclamp.engine.kernels.tables import (
    GRID_FIRST_mV,
    GRID_STEP_mV,
    LIMIT_mV,
    openings,
    step_gates,
    step_states,
    weighted,
    weights,
)

Z_FIRST, Z_STEP, Z_COUNT = -1.0, 1.0 / 64.0, 131
LOG_Z_FIRST, LOG_Z_STEP, LOG_Z_COUNT = -0.25, 1.0 / 32.0, 480  # from z = 0.78 to 2e6


@njit("Tuple((f8,f8))(f8[::1],f8[:,::1],i8[::1],i8,f8,f8,f8,f8,f8,f8[:,::1])", **INNER)
def ionic(p, i_open, path_opening, r, a, b, c, d, s, found):
    """Current of every path in pA and its slope against voltage in nS, at frozen openings; and their sums."""
    da = -(3.0 * s * s - 6.0 * s + 2.0) * (1.0 / 6.0 / GRID_STEP_mV)
    db = (3.0 * s * s - 4.0 * s - 1.0) * (0.5 / GRID_STEP_mV)
    dc = -(3.0 * s * s - 2.0 * s - 2.0) * (0.5 / GRID_STEP_mV)
    dd = (3.0 * s * s - 1.0) * (1.0 / 6.0 / GRID_STEP_mV)
    total, steep = 0.0, 0.0
    for n in range(path_opening.size):
        i0, i1, i2, i3 = i_open[r, n], i_open[r + 1, n], i_open[r + 2, n], i_open[r + 3, n]
        opening = p[path_opening[n]]
        found[0, n] = opening * (a * i0 + b * i1 + c * i2 + d * i3)
        found[1, n] = opening * (da * i0 + db * i1 + dc * i2 + dd * i3)
        total += found[0, n]
        steep += found[1, n]
    return total, steep


@njit("f8(f8,i8,i8)", **INNER)
def rest_of(v_mV, r, n):
    """How far a voltage lies behind the second of its four rows, in steps."""
    return min(max((v_mV - GRID_FIRST_mV) * (1.0 / GRID_STEP_mV), 1.0), n - 2.001) - (r + 1)


@njit("f8(f8[::1],i8,f8,f8,f8,f8[:,::1],f8[::1],f8[::1],f8[::1],f8[:,:,::1],f8,f8[::1])", **INNER)
def _answer(y, level, command, current_pA, z, a, b, constant, rails, responses, cm_pF, slope):
    """Move the circuit one step on at a frozen conductance; returns the integral of its voltage's change."""
    n = y.size
    for i in range(n):
        slope[i] = b[i] * command + constant[i]
        for j in range(n):
            slope[i] += a[i, j] * y[j]
    slope[0] -= current_pA / cm_pF
    if z < 1.0:
        r, wa, wb, wc, wd = weights(z, Z_FIRST, Z_STEP, Z_COUNT)
    else:
        r, wa, wb, wc, wd = weights(np.log(z), LOG_Z_FIRST, LOG_Z_STEP, LOG_Z_COUNT)
        r += Z_COUNT
    q = 0
    for i in range(n):
        change = 0.0
        for j in range(n):
            change += slope[j] * (
                wa * responses[level, r, q] + wb * responses[level, r + 1, q]
                + wc * responses[level, r + 2, q] + wd * responses[level, r + 3, q]
            )  # fmt: skip
            q += 1
        y[i] = min(max(y[i] + change, -rails[i]), rails[i])
    integral = 0.0
    for j in range(n):
        integral += slope[j] * (
            wa * responses[level, r, q] + wb * responses[level, r + 1, q]
            + wc * responses[level, r + 2, q] + wd * responses[level, r + 3, q]
        )  # fmt: skip
        q += 1
    return integral


@njit(
    "void(f8[::1],i8,i8,f8,f8,f8,f8[:,::1],f8[:,:,::1],f8[:,::1],f8[:,:,::1],f8[:,::1],f8[::1],f8[::1],f8[::1],"
    "f8[:,:,::1],i8[::1],i8[::1],i8[::1],i8[::1],f8[::1],i8[::1],i8[::1],f8[::1],f8,f8[::1],f8[:,::1],f8[::1],"
    "f8[::1],f8[::1])",
    **INNER,
)
def advance(
    now, level, steps, h, command, slope, inf, decays, i_open, moves, a, b, constant, rails, responses,
    gate_opening, gate_power, scheme_opening, scheme_first, conducts, numbers, path_opening, charge_fC, cm_pF,
    p, found, blend, moved, rates,
):  # fmt: skip
    """Go on for some steps of h, of a level of the tables: circuit half a step, gating a whole one, circuit half.

    So the voltage is last and, where it follows the gates at once, belongs to them. `now` holds the
    circuit, gates, states and the charge of every path; the command is a line over the steps. The
    membrane's current is linearised in V and the circuit solved exactly; the charges are what each
    path carries in that solution, so that their sum is exactly what capacitor and amplifier account
    for. Charge moved by sensors changes V too.
    """
    n_gates, n_states = decays.shape[2], conducts.size
    y, x = now[: rails.size], now[rails.size : rails.size + n_gates]
    states = now[rails.size + n_gates : rails.size + n_gates + n_states]
    charge = now[rails.size + n_gates + n_states :]
    n_grid, before, senses = inf.shape[0], 0.0, charge_fC.size > 0
    r, wa, wb, wc, wd = weights(y[0], GRID_FIRST_mV, GRID_STEP_mV, n_grid)
    for n in range(steps + 1):
        if n > 0:
            if senses:
                before = weighted(states, charge_fC, 0, charge_fC.size)
            step_gates(x, inf, decays, level, r, wa, wb, wc, wd)
            step_states(states, y[0], moves, level, scheme_first, numbers, blend, moved)
            if senses:
                y[0] -= (weighted(states, charge_fC, 0, charge_fC.size) - before) / cm_pF
                r, wa, wb, wc, wd = weights(y[0], GRID_FIRST_mV, GRID_STEP_mV, n_grid)
        openings(x, states, gate_opening, gate_power, scheme_opening, scheme_first, conducts, p)
        current, steep = ionic(p, i_open, path_opening, r, wa, wb, wc, wd, rest_of(y[0], r, n_grid), found)
        # the last half of one step and the first of the next have the same gates
        part, span, middle = level, h, float(n)
        if n in (0, steps):
            part, span, middle = level + 1, 0.5 * h, n + (0.25 if n == 0 else -0.25)
        integral = _answer(
            y, part, command + slope * middle, current, steep * span / cm_pF, a, b, constant, rails, responses,
            cm_pF, rates,
        )  # fmt: skip
        for q in range(charge.size):
            charge[q] += found[0, q] * span + found[1, q] * integral
        y[0] = min(max(y[0], -LIMIT_mV), LIMIT_mV)
        r, wa, wb, wc, wd = weights(y[0], GRID_FIRST_mV, GRID_STEP_mV, n_grid)
