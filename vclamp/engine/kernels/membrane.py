"""A membrane whose voltage is free, behind an amplifier or in current clamp: as many steps as accuracy asks for."""

from vclamp.engine.kernels import EXACT, FUSED, INNER, njit
from vclamp.engine.kernels.chance import scatter
from vclamp.engine.kernels.step import advance
from vclamp.engine.kernels.tables import (
    GATING,
    ROWS,
    blend_moves,
    copy,
    openings,
    weighted,
    write,
)

GROWTH = 8.0  # of the difference if steps are doubled
_UNEVEN = 1e-13  # is more than rounding
_CIRCUIT = "Tuple((f8[:,::1],f8[::1],f8[::1],f8[::1],f8[::1],f8[:,:,::1]))"
_TABLES = "Tuple((f8[:,::1],f8[:,:,::1],f8[:,::1],f8[:,:,::1],f8[:,::1]))"
_WORK = "Tuple((UniTuple(f8[::1], 4),UniTuple(f8[::1], 4),f8[:,::1]))"
_STRETCHES = "Tuple((i8[::1],i8[::1],i8[::1],f8[:,::1]))"


@njit("void(f8[::1],f8,f8[:,:,::1],i8,i8[::1],i8[::1],u8[:,::1],f8[::1],f8[::1])", **EXACT)
def _gamble(states, v_mV, moves, level, scheme_first, numbers, streams, blend, moved):
    """Let counted channels move at random for one step."""
    blend_moves(v_mV, moves, level, blend)
    square = 0
    for k in range(numbers.size):
        first, last = scheme_first[k], scheme_first[k + 1]
        if numbers[k] > 0:
            scatter(states, blend, square, first, last, streams[k], moved)
        square += (last - first) * (last - first)


@njit("void(f8[::1],f8[::1],f8[::1],f8[:,::1])", **INNER)
def _extrapolate(fine, coarse, middle, bounds):
    """Replace the fine solution by its Richardson extrapolation, within bounds; half way it is half as wrong."""
    for n in range(fine.size):
        correction = (fine[n] - coarse[n]) * (1.0 / 3.0)
        fine[n] = min(max(fine[n] + correction, bounds[0, n]), bounds[1, n])
        middle[n] = min(max(middle[n] + 0.5 * correction, bounds[0, n]), bounds[1, n])


@njit("void(f8[::1],i8[::1],i8[::1])", **INNER)
def _make_whole(states, scheme_first, numbers):
    """Let probabilities of which bounds have taken something add up to 1 again."""
    for k in range(numbers.size):
        mine, total = states[scheme_first[k] : scheme_first[k + 1]], 0.0
        for s in range(mine.size):
            total += mine[s]
        if numbers[k] == 0 and abs(total - 1.0) > _UNEVEN:
            for s in range(mine.size):
                mine[s] /= total


@njit("f8(f8[::1],f8[::1],f8[:,::1])", **INNER)
def _apart(fine, coarse, bounds):
    """How far two solutions lie apart, in what is tolerated."""
    worst = 0.0
    for n in range(fine.size):
        worst = max(worst, abs(fine[n] - coarse[n]) * bounds[2, n])
    return worst


@njit(
    f"void(f8[::1],u8[:,::1],i8[::1],{_STRETCHES},{_TABLES},{_CIRCUIT},{GATING},{ROWS},i8[::1],f8[::1],f8[:,::1],"
    f"f8,f8,f8,f8,b1,i8,{_WORK},f8[::1],f8[:,::1],i8,i8)",
    **FUSED,
)
def play_membrane(
    now, streams, progress, stretches, tables, circuit, gating, rows, path_opening, charge_fC, bounds, d, d_constant,
    cm_pF, dt, clamps_current, whole, work, error_mV, values, last, border,
):  # fmt: skip
    """Write samples up to `last` of a membrane whose voltage, now[0], is free; and some beyond, but not `border`.

    `now` (circuit, gates, states, charge of paths) holds at sample progress[0]. Two samples are
    solved in one step and in two or, where these do not agree or a stretch ends, one sample in 1 and
    2, 2 and 4 … steps until they do; on goes their Richardson extrapolation. The tables have a level
    for each length of a step; `whole` is that of one sample. In current clamp the stretches' currents
    are the command.

    `bounds` are lowest and highest value of each element of `now`, and one over what is tolerated of
    it between two solutions. `error_mV` gains what the two differ by. `work` is scratch: start, middle,
    a coarse solution, one of a sample; openings, states, propagators, circuit; (2, paths).
    After it, progress is (sample of `now`, level), and `middle` the sample before where two were solved.
    """
    begins, ends, _, lines = stretches
    inf, decays, i_open, moves, flow = tables
    a, b, constant, c, rails, responses = circuit
    gate_opening, gate_power, scheme_opening, scheme_first, conducts, numbers = gating
    path_row, p_row, gate_row, gating_row, state_row, membrane_row = rows
    start, middle, coarse, shown = work[0]
    p, moved, blend, rates = work[1]
    found, most, of_line, counted, n = work[2], decays.shape[0] - 2, 2 if clamps_current else 0, False, 0
    for k in range(numbers.size):
        counted = counted or numbers[k] > 0
    y, states = now[: rails.size], now[rails.size + decays.shape[2] : rails.size + decays.shape[2] + conducts.size]
    x_shown = shown[rails.size : rails.size + decays.shape[2]]
    states_middle = middle[rails.size + decays.shape[2] : rails.size + decays.shape[2] + conducts.size]
    states_shown = shown[rails.size + decays.shape[2] : rails.size + decays.shape[2] + conducts.size]
    while progress[0] < last:
        at = progress[0]
        while at >= ends[n]:
            n += 1
        level = whole if at == begins[n] else progress[1]
        room = min(ends[n], border) - at
        while level < whole and (
            counted or (1 << (whole - level)) > room or (at - begins[n]) % (1 << (whole - level)) != 0
        ):
            level += 1
        slope = lines[n, of_line + 1]
        command = lines[n, of_line] + slope * (at - begins[n])
        copy(shown, now, now.size)
        if counted:
            _gamble(states, y[0], moves, whole + 1, scheme_first, numbers, streams, blend, moved)
        copy(start, now, now.size)
        leg, apart, samples = 0, 0.0, 1.0
        while leg < 3:  # a coarse step, two fine ones; or within a sample, both in one go
            steps, fine, late = 1 << max(level - whole, 0), leg > 0, leg == 2
            samples = float(1 << max(whole - level, 0)) / steps  # in a coarse step
            if leg < 2:
                copy(now, start, now.size)
            if fine and level >= whole:
                steps, leg = 2 * steps, 2
            h = samples * (0.5 if fine else 1.0)
            advance(
                now, level + fine, steps, h * dt, command + (slope * h if late else 0.0), slope * h, inf, decays,
                i_open, moves, a, b, constant, rails, responses, gate_opening, gate_power, scheme_opening, scheme_first,
                conducts, numbers, path_opening, charge_fC, cm_pF, p, found, blend, moved, rates,
            )  # fmt: skip
            if leg == 0:
                copy(coarse, now, now.size)
            elif leg == 1:
                copy(middle, now, now.size)
            else:
                apart = _apart(now, coarse, bounds)
                if apart > 1.0 and level < most:  # again; half of this fine solution is a coarse one then
                    copy(coarse, middle if level < whole else now, now.size)
                    level += 1
                    leg = 0
            leg += 1
        block = 1 << max(whole - level, 0)
        speed = -a[0, 0]
        for q in range(path_opening.size):
            speed += abs(found[1, q]) / cm_pF
        # the stiffer a step, the less there is to gain by extrapolating
        error_mV[0] += abs(y[0] - coarse[0]) * min(2.0, samples * dt * speed)
        _extrapolate(now, coarse, middle, bounds)
        _make_whole(states, scheme_first, numbers)
        _make_whole(states_middle, scheme_first, numbers)
        if counted:
            _gamble(states, y[0], moves, whole + 1, scheme_first, numbers, streams, blend, moved)
        for j in range(block):
            if j > 0:
                copy(shown, middle, middle.size)
            command_now = command + slope * j
            openings(x_shown, states_shown, gate_opening, gate_power, scheme_opening, scheme_first, conducts, p)
            write(
                x_shown, states_shown, p, shown[0] if clamps_current else command_now, shown[0], i_open, flow,
                scheme_first, numbers, path_row, p_row, gate_row, gating_row, state_row, path_opening, values, at + j,
            )  # fmt: skip
            values[2, at + j] = d * command_now + d_constant + weighted(shown, c, 0, rails.size)
            if membrane_row[0] >= 0:
                rise = b[0] * command_now + constant[0]
                for i in range(rails.size):
                    rise += a[0, i] * shown[i]
                values[membrane_row[0], at + j] = cm_pF * rise
        progress[0], progress[1] = at + block, level
        if apart * GROWTH < 1.0 and level > 0:
            progress[1] = level - 1
