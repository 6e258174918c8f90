"""Laws of the clamp circuit, of the filter, the noise, the converter and the junction."""

from dataclasses import replace
from math import inf, pi

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad, simpson, solve_ivp

from vclamp.analysis.leak import pn_noise_gain, pn_subtracted
from vclamp.analysis.models import fit_membrane_test
from vclamp.model.channel import Channel, Gate, OhmicPore
from vclamp.model.circuits import circuit_of
from vclamp.model.protocol import Hold, Protocol, Ramp, Step
from vclamp.model.record import Sweep
from vclamp.model.rig import Amplifier, Cell, Rig
from vclamp.model.transient import transient
from vclamp.physics import circuit, clamp, filters
from vclamp.physics.circuit import LinearCircuit, discretised, inputs, propagated
from vclamp.physics.gating import two_state_p_open
from vclamp.physics.junction import junction_potential_mV
from vclamp.physics.thermo import nernst_mV, thermal_voltage_mV
from vclamp.run.runner import record
from vclamp.units import kelvin

Array = NDArray[np.float64]

laws = settings(deadline=None, max_examples=60, derandomize=True)
resistances = st.floats(0.5, 50.0)
capacitances = st.floats(2.0, 200.0)
conductances = st.floats(0.1, 50.0)
fractions = st.floats(0.0, 0.95)
commands = st.floats(-150.0, 100.0)
ROOM_K = kelvin(22.0)


def amplifiers(rs: float, cm: float, g: float, alpha: float) -> list[LinearCircuit]:
    """All three levels, the upper two with perfect estimates."""
    patch = {"rs_MOhm": rs, "cm_pF": cm, "g_nS": g}
    known = {"rs_est_MOhm": rs, "cm_est_pF": cm, "correction": alpha}
    return [
        circuit.series_resistance(**patch),
        circuit.simplified_amplifier(**patch, **known, prediction=alpha),
        circuit.full_amplifier(**patch, **known, cp_est_pF=4.0),
    ]


# ---- the program's engine


def passive(rs_MOhm: float, *, g_nS: float = 2.0, cm_pF: float = 20.0, e_mV: float = 0.0) -> Rig:
    leak = Channel("leak", g_nS, pore=OhmicPore(e_mV=e_mV))
    return Rig(Cell("passive", cm_pF, (leak,)), amplifier=Amplifier(rs_MOhm=rs_MOhm))


def stepped(rig: Rig, level_mV: float, ms: float, *, hold_mV: float = 0.0, fs_kHz: float = 50.0) -> Sweep:
    protocol = Protocol("step", (Hold(1.0), Step(level_mV, ms)), n_sweeps=1, hold_mV=hold_mV, fs_kHz=fs_kHz)
    return record(rig, protocol).sweeps[0]


@pytest.mark.parametrize(("rs", "rm", "cm"), [(10.0, 500.0, 20.0), (30.0, 500.0, 22.0), (5.0, 50.0, 100.0)])
def test_the_engine_shows_the_membrane_test_in_closed_form(rs: float, rm: float, cm: float) -> None:
    fs_kHz = 500.0
    sweep = stepped(passive(rs, g_nS=1000.0 / rm, cm_pF=cm), 10.0, 20.0, fs_kHz=fs_kHz)
    expected = clamp.membrane_test(10.0, rs_MOhm=rs, rm_MOhm=rm, cm_pF=cm)
    first = round(fs_kHz)
    transient = sweep["i_pA"][first:]
    time_ms = np.arange(transient.size) / fs_kHz
    assert np.all(sweep["i_pA"][:first] == pytest.approx(0.0, abs=1e-9))
    assert transient[0] == pytest.approx(expected.peak_pA, rel=1e-9)
    assert transient[-1] == pytest.approx(expected.steady_pA, rel=1e-5)
    assert sweep["v_mV"][-1] == pytest.approx(expected.v_step_mV, rel=1e-6)
    charge_fC = simpson(transient - expected.steady_pA, dx=1.0 / fs_kHz)
    assert charge_fC == pytest.approx(expected.charge_fC, rel=1e-4)
    fit = fit_membrane_test(time_ms, transient, 10.0)
    assert fit.values == pytest.approx([rs, rm, cm], rel=1e-4)


def test_the_engine_loses_rs_times_i_with_the_sign_of_the_current() -> None:
    for g_nS, e_mV in ((20.0, -90.0), (20.0, 60.0)):
        sweep = stepped(passive(10.0, g_nS=g_nS, e_mV=e_mV), 10.0, 30.0)
        error_mV = sweep["v_mV"][-1] - 10.0
        current_pA = sweep["i_leak_pA"][-1]
        assert error_mV == pytest.approx(clamp.steady_error_mV(current_pA, residual_MOhm=10.0), abs=1e-5)
        assert np.sign(error_mV) == -np.sign(current_pA) == np.sign(e_mV - 10.0)


def test_the_engine_rests_where_a_gated_current_meets_the_load_line() -> None:
    z, half, e_mV = 4.0, -30.0, -90.0
    k = thermal_voltage_mV(ROOM_K) / z
    gate = Gate("n", inf=f"1/(1+exp(-(v-({half}))/{k!r}))", tau_ms="1")
    channel = Channel("k", 100.0, pore=OhmicPore(e_mV=e_mV), gates=(gate,))
    rig = Rig(Cell("k", 20.0, (channel,)), amplifier=Amplifier(rs_MOhm=10.0))
    sweep = stepped(rig, 40.0, 60.0, hold_mV=-90.0)

    def current_pA(v: Array) -> Array:
        return 100.0 * two_state_p_open(v, z, half, ROOM_K) * (v - e_mV)

    (held_mV,) = clamp.steady_voltages_mV(40.0, current_pA, residual_MOhm=10.0)
    assert sweep["v_mV"][-1] == pytest.approx(held_mV, abs=1e-3)
    assert sweep["i_pA"][-1] == pytest.approx(float(current_pA(held_mV)), rel=1e-4)


def test_a_ramp_in_the_engine_adds_the_capacitive_current() -> None:
    rig = replace(passive(0.0), cell=Cell("bare", 20.0))
    protocol = Protocol("ramp", (Hold(1.0), Ramp(50.0, 50.0)), n_sweeps=1, hold_mV=0.0)
    (sweep,) = record(rig, protocol).sweeps
    assert sweep["i_pA"][60:-1] == pytest.approx(clamp.ramp_current_pA(1.0, 20.0), rel=1e-9)


# ---- closed forms


@laws
@given(rs=resistances, rm=st.floats(20.0, 5000.0), cm=capacitances, dv=st.sampled_from([-20.0, -5.0, 5.0, 10.0]))
def test_a_membrane_test_tells_the_cell(rs: float, rm: float, cm: float, dv: float) -> None:
    test = clamp.membrane_test(dv, rs_MOhm=rs, rm_MOhm=rm, cm_pF=cm)
    found = clamp.passive_cell(dv, peak_pA=test.peak_pA, steady_pA=test.steady_pA, tau_ms=test.tau_ms)
    assert (found.rs_MOhm, found.rm_MOhm, found.cm_pF) == pytest.approx((rs, rm, cm), rel=1e-9)
    assert test.charge_fC == pytest.approx((test.peak_pA - test.steady_pA) * test.tau_ms)
    assert test.charge_fC == pytest.approx(cm * test.v_step_mV * rm / (rm + rs))  # what C_m takes, less the leak's


@laws
@given(rs=resistances, cm=capacitances, lag=st.floats(0.005, 0.2), alpha=st.floats(0.0, 1.5))
def test_damping_and_its_limit_are_those_of_the_loop(rs: float, cm: float, lag: float, alpha: float) -> None:
    loop = circuit.simplified_amplifier(
        rs_MOhm=rs, cm_pF=cm, g_nS=0.0, rs_est_MOhm=rs, correction=alpha, tau_sum_ms=lag, tau_f_ms=1e-7
    )
    loop = without(loop, "v_est_mV")
    damping = clamp.correction_damping(alpha, rs_MOhm=rs, cm_pF=cm, tau_sum_ms=lag)
    limit = clamp.largest_stable_correction(rs_MOhm=rs, cm_pF=cm, tau_sum_ms=lag)
    slow = sorted(np.linalg.eigvals(loop.a), key=abs)[:2]
    natural = abs(slow[0] * slow[1]) ** 0.5
    assert -sum(slow).real / 2.0 / natural == pytest.approx(damping, abs=1e-3)
    assert (damping < 0.0) == (alpha > limit)
    at_limit = clamp.correction_damping(limit, rs_MOhm=rs, cm_pF=cm, tau_sum_ms=lag)
    assert at_limit == pytest.approx(0.0, abs=1e-9)


def without(loop: LinearCircuit, name: str) -> LinearCircuit:
    """The circuit less a state that nothing depends on."""
    k = loop.states.index(name)
    assert not np.delete(loop.a[:, k], k).any()
    kept = [j for j in range(len(loop.states)) if j != k]
    states = tuple(loop.states[j] for j in kept)
    return LinearCircuit(states, loop.a[np.ix_(kept, kept)], loop.b[kept], loop.c[kept], loop.d)


@pytest.mark.parametrize("alpha", [0.3, 0.6, 0.8, 0.95])
def test_the_loop_overshoots_as_much_as_its_damping_says(alpha: float) -> None:
    rs, cm, lag = 10.0, 20.0, 0.04
    loop = circuit.simplified_amplifier(
        rs_MOhm=rs, cm_pF=cm, g_nS=0.0, rs_est_MOhm=rs, correction=alpha, tau_sum_ms=lag, tau_f_ms=1e-6
    )
    v = propagated(loop, np.zeros(4), np.tile(inputs(1.0), (4000, 1)), 0.0005)[:, 0]
    damping = clamp.correction_damping(alpha, rs_MOhm=rs, cm_pF=cm, tau_sum_ms=lag)
    assert v.max() - 1.0 == pytest.approx(clamp.overshoot(damping), abs=1e-4)


def test_overshoot_at_the_ends_of_the_damping() -> None:
    assert clamp.overshoot(1.0) == clamp.overshoot(5.0) == 0.0
    assert clamp.overshoot(0.0) == 1.0
    assert clamp.overshoot(-0.1) == inf


def inward_pA(v: Array) -> Array:
    return 50.0 * two_state_p_open(v, 5.0, -35.0, ROOM_K) * (v - 60.0)


def test_a_membrane_has_more_than_one_resting_voltage_only_above_the_critical_resistance() -> None:
    limit = clamp.largest_controlled_rs_MOhm(inward_pA)

    def most(residual: float) -> int:
        cmds = np.linspace(-60.0, 0.0, 241)
        return max(len(clamp.steady_voltages_mV(c, inward_pA, residual_MOhm=residual)) for c in cmds)

    assert most(0.98 * limit) == 1
    assert most(1.1 * limit) == 3
    assert clamp.largest_controlled_rs_MOhm(lambda v: 3.0 * v) == inf


@laws
@given(v_cmd=commands, g=conductances, e=st.floats(-100.0, 60.0), rs=resistances)
@example(v_cmd=1.9, g=1.0, e=1.9, rs=1.0)  # exactly where a voltage is tried
def test_an_ohmic_membrane_rests_on_the_voltage_divider(v_cmd: float, g: float, e: float, rs: float) -> None:
    (v,) = clamp.steady_voltages_mV(v_cmd, lambda v: g * (v - e), residual_MOhm=rs)
    assert v == pytest.approx((v_cmd + g * rs / 1000 * e) / (1 + g * rs / 1000), abs=1e-9)
    assert v - v_cmd == pytest.approx(clamp.steady_error_mV(g * (v - e), residual_MOhm=rs), abs=1e-9)


def test_reversal_potentials_are_not_shifted_by_a_series_resistance() -> None:
    for residual in (1.0, 10.0, 100.0):
        assert clamp.steady_voltages_mV(60.0, inward_pA, residual_MOhm=residual)[-1] == pytest.approx(60.0, abs=1e-9)


# ---- the linear circuits


@laws
@given(rs=resistances, cm=capacitances, g=conductances, alpha=fractions, v_cmd=commands, off=st.floats(-5.0, 5.0))
def test_every_level_rests_at_the_command_less_the_residual_drop(
    rs: float, cm: float, g: float, alpha: float, v_cmd: float, off: float
) -> None:
    u = inputs(v_cmd, i_zero_pA=70.0 * g, v_off_mV=off)  # E = -70 mV
    for level, corrected in zip(amplifiers(rs, cm, g, alpha), (0.0, alpha, alpha), strict=True):
        x = level.steady(u)
        current_pA = g * (x[0] + 70.0)
        residual = clamp.residual_rs_MOhm(rs, correction=corrected)
        error = clamp.steady_error_mV(current_pA, residual_MOhm=residual, v_off_mV=off)
        assert x[0] - v_cmd == pytest.approx(error, abs=1e-6)
        assert level.measured_pA(x, u) == pytest.approx(current_pA, abs=1e-6)


@laws
@given(rs=resistances, cm=capacitances, g=conductances)
def test_without_lags_and_compensation_all_levels_are_a_series_resistance(rs: float, cm: float, g: float) -> None:
    patch = {"rs_MOhm": rs, "cm_pF": cm, "g_nS": g}
    fast = circuit.simplified_amplifier(**patch, tau_sum_ms=1e-8, tau_f_ms=1e-8)
    full = circuit.full_amplifier(**patch, cp_pF=0.0, tau_sum_ms=1e-8, tau_clamp_ms=1e-8, tau_z_ms=1e-8)
    plain = circuit.series_resistance(**patch)
    tau = plain.time_constants_ms()[0]
    u = np.tile(inputs(20.0), (3, 1))
    expected = propagated(plain, plain.steady(inputs(-80.0)), u, tau)
    for level in (fast, full):
        found = propagated(level, level.steady(inputs(-80.0)), u, tau)
        assert found[:, 0] == pytest.approx(expected[:, 0], abs=1e-3)
        assert level.measured_pA(found[1:], u) == pytest.approx(plain.measured_pA(expected[1:], u), rel=1e-3)


@laws
@given(cm=capacitances, g=conductances, t=st.floats(0.01, 1.0))
def test_a_vanishing_resistance_is_an_ideal_clamp(cm: float, g: float, t: float) -> None:
    plain = circuit.series_resistance(rs_MOhm=1e-6, cm_pF=cm, g_nS=g)
    v = propagated(plain, plain.steady(inputs(-80.0)), inputs([20.0]), t)[-1, 0]
    assert v == pytest.approx(20.0, abs=1e-5)


@laws
@given(rs=resistances, cm=capacitances, g=conductances, alpha=fractions)
def test_the_charges_of_on_and_off_are_equal_and_opposite(rs: float, cm: float, g: float, alpha: float) -> None:
    for level in amplifiers(rs, cm, g, alpha):
        on = transient_charge_fC(level, -80.0, -70.0)
        off = transient_charge_fC(level, -70.0, -80.0)
        assert on == pytest.approx(-off, rel=1e-6, abs=1e-6)


def transient_charge_fC(level: LinearCircuit, from_mV: float, to_mV: float) -> float:
    """Integral of the measured current above its last value, in closed form: C A⁻¹ (x∞ − x₀)."""
    x0, x1 = level.steady(inputs(from_mV)), level.steady(inputs(to_mV))
    return float(level.c @ np.linalg.solve(level.a, x1 - x0))


@laws
@given(rs=resistances, rm=st.floats(50.0, 2000.0), cm=capacitances, dv=st.floats(1.0, 30.0))
def test_the_charge_of_the_transient_has_the_closed_form(rs: float, rm: float, cm: float, dv: float) -> None:
    level = circuit.series_resistance(rs_MOhm=rs, cm_pF=cm, g_nS=1000.0 / rm)
    expected = clamp.membrane_test(dv, rs_MOhm=rs, rm_MOhm=rm, cm_pF=cm)
    assert transient_charge_fC(level, 0.0, dv) == pytest.approx(expected.charge_fC, rel=1e-9)
    assert level.time_constants_ms()[0] == pytest.approx(expected.tau_ms, rel=1e-9)


@pytest.mark.parametrize("level", amplifiers(10.0, 20.0, 2.0, 0.7), ids=["series", "simplified", "full"])
def test_a_step_does_not_depend_on_how_it_is_cut(level: LinearCircuit) -> None:
    x0 = level.steady(inputs(-80.0))
    whole = propagated(level, x0, inputs([-20.0]), 0.12)[-1]
    parts = propagated(level, x0, np.tile(inputs(-20.0), (12, 1)), 0.01)[-1]
    assert parts == pytest.approx(whole, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("level", amplifiers(10.0, 20.0, 2.0, 0.7), ids=["series", "simplified", "full"])
def test_a_ramp_is_exact_in_one_step(level: LinearCircuit) -> None:
    u0, u1, dt = inputs(-80.0), inputs(-30.0), 0.5
    phi, gamma, ramp = discretised(level, dt)
    x0 = level.steady(u0)

    def slope(t: float, x: Array) -> Array:
        return level.a @ x + level.b @ (u0 + (u1 - u0) * t / dt)

    oracle = solve_ivp(slope, (0.0, dt), x0, method="Radau", rtol=1e-10, atol=1e-10).y[:, -1]
    assert phi @ x0 + gamma @ u0 + ramp @ (u1 - u0) == pytest.approx(oracle, abs=1e-5)


@laws
@given(rs=resistances, cm=capacitances, alpha=st.floats(0.0, 0.9))
def test_perfect_correction_and_prediction_leave_a_part_of_the_charging_time(
    rs: float, cm: float, alpha: float
) -> None:
    patch = {"rs_MOhm": rs, "cm_pF": cm, "g_nS": 0.0, "rs_est_MOhm": rs, "cm_est_pF": cm}
    tau = (1.0 - alpha) * rs * cm / 1000.0
    lag = 1e-6 * tau
    level = circuit.simplified_amplifier(**patch, correction=alpha, prediction=alpha, tau_sum_ms=lag, tau_f_ms=lag)
    v = propagated(level, np.zeros(4), np.tile(inputs(1.0), (3, 1)), tau)[:, 0]
    assert v == pytest.approx(1.0 - np.exp(-np.arange(4)), abs=1e-3)


def test_with_its_capacitance_set_right_the_transient_nearly_vanishes_and_too_much_turns_it_over() -> None:
    areas = [
        transient_charge_fC(
            circuit.simplified_amplifier(rs_MOhm=10.0, cm_pF=20.0, g_nS=2.0, rs_est_MOhm=10.0, cm_est_pF=cm_est),
            -80.0,
            -70.0,
        )
        for cm_est in (0.0, 10.0, 20.0, 30.0)
    ]
    assert areas[0] > areas[1] > 0.0 > areas[3]
    assert abs(areas[2]) < 0.1 * areas[0]


@pytest.mark.parametrize("prediction", [49.9, 50.0, 50.000001, 50.1])
@pytest.mark.parametrize("kind", ["simplified", "full"])
def test_what_is_foretold_of_a_transient_knows_no_jump_where_two_time_constants_are_equal(
    kind: str, prediction: float
) -> None:
    """R_s C_m, the summing lag and, at 50 %, what is left of R_s* C_m*: 0.1 ms each."""
    dials = {"rs_est_MOhm": 10.0, "cm_est_pF": 20.0, "cp_est_pF": 4.0, "tau_sum_ms": 0.1}
    amplifier = Amplifier(rs_MOhm=10.0, circuit=kind, prediction_percent=prediction, **dials)
    found = transient(amplifier, 10.0)
    x = propagated(circuit_of(amplifier, 10.0), np.zeros(5 if kind == "full" else 4), [inputs(1.0)] * 8000, 1e-4)
    assert found.peak_pA == pytest.approx(np.abs(x[:, -1]).max(), rel=0.01)
    assert found.tau_ms == pytest.approx(1e-4 * np.argmax(x[:, 0] >= 1.0 - np.exp(-1.0)), abs=2e-3)


@laws
@given(rs=resistances, cm=capacitances, g=conductances, n=st.integers(1, 10), sign=st.sampled_from([-1, 1]))
def test_leak_subtraction_leaves_nothing_of_a_linear_cell(rs: float, cm: float, g: float, n: int, sign: int) -> None:
    level = circuit.series_resistance(rs_MOhm=rs, cm_pF=cm, g_nS=g)
    u0 = inputs(-80.0, i_zero_pA=60.0 * g)
    baseline = level.measured_pA(level.steady(u0), u0)

    def current(dv_mV: float) -> Array:
        u = np.tile(inputs(-80.0 + dv_mV, i_zero_pA=60.0 * g), (20, 1))
        return level.measured_pA(propagated(level, level.steady(u0), u, 0.05)[1:], u) - baseline

    test = current(100.0)
    left = pn_subtracted(test, [current(sign * 100.0 / n)] * n, fraction=sign / n)
    assert left == pytest.approx(0.0, abs=1e-9 * np.abs(test).max() * n)
    assert pn_noise_gain(n, fraction=sign / n) == pytest.approx((1 + n) ** 0.5)


def test_leak_subtraction_makes_noise_grow_by_its_gain() -> None:
    rng = np.random.default_rng(4)
    left = pn_subtracted(rng.normal(size=100_000), rng.normal(size=(4, 100_000)), fraction=-0.25)
    assert left.std() == pytest.approx(pn_noise_gain(4, fraction=-0.25), rel=0.01)


# ---- filter


def test_the_filter_passes_half_of_the_power_at_its_corner_and_everything_slow() -> None:
    assert filters.bessel_gain([0.0, 1.0]) == pytest.approx([1.0, 0.5**0.5], abs=1e-12)


@laws
@given(ratio=st.floats(4.0, 1000.0), level=st.floats(-1000.0, 1000.0), seed=st.integers(0, 1000))
def test_the_filter_keeps_a_constant_and_the_charge_of_a_transient(ratio: float, level: float, seed: int) -> None:
    n = int(10 * ratio) + 20
    assert filters.bessel_filtered(np.full(n, level), fc_kHz=1.0, fs_kHz=ratio) == pytest.approx(level)
    pulse = np.zeros(n)
    pulse[10:20] = np.random.default_rng(seed).normal(size=10)
    assert filters.bessel_filtered(pulse, fc_kHz=1.0, fs_kHz=ratio).sum() == pytest.approx(pulse.sum(), abs=1e-8)


@pytest.mark.parametrize("ratio", [10.0, 20.0, 100.0])
def test_sampled_ten_times_the_corner_the_filter_is_the_analogue_one_within_a_percent(ratio: float) -> None:
    before, n = 20, int(3 * ratio) + 20
    filtered = filters.bessel_filtered(np.arange(n) >= before, fc_kHz=1.0, fs_kHz=ratio)
    jump = before - 0.5  # halfway between its samples
    expected = filters.bessel_step((np.arange(n) - jump) / ratio)
    assert np.abs(filtered - expected).max() < 0.01


def test_the_filter_is_exact_for_straight_lines_between_samples() -> None:
    rng = np.random.default_rng(1)
    fs, fine = 7.0, 4000
    trace = rng.normal(size=12)
    t = np.arange(11 * fine + 1) / (fine * fs)
    drawn = np.interp(t, np.arange(12) / fs, trace)
    coarse = filters.bessel_filtered(trace, fc_kHz=1.0, fs_kHz=fs)
    assert filters.bessel_filtered(drawn, fc_kHz=1.0, fs_kHz=fine * fs)[::fine] == pytest.approx(coarse, abs=1e-9)
    # convolution with the step response: each kink of the trace starts a ramp
    last = t[-1]
    kinks = np.diff(np.diff(trace, prepend=trace[0]) * fs, append=0.0)[:-1]
    ramps = [quad(lambda s: float(filters.bessel_step(s)), 0.0, last - k / fs)[0] for k in range(11)]
    assert coarse[-1] == pytest.approx(trace[0] + kinks @ ramps, abs=1e-8)


@laws
@given(ratio=st.floats(5.0, 50.0))
def test_a_slow_ramp_comes_out_later_by_the_delay(ratio: float) -> None:
    trace = np.arange(int(10 * ratio)) / ratio
    delay = trace[-1] - filters.bessel_filtered(trace, fc_kHz=1.0, fs_kHz=ratio)[-1]
    assert delay == pytest.approx(filters.bessel_delay_ms(1.0), abs=1e-9)


def test_noise_bandwidth_is_the_integral_of_the_power() -> None:
    found = quad(lambda f: float(filters.bessel_gain(f)) ** 2, 0.0, 20.0, limit=200)[0]
    assert filters.bessel_noise_bandwidth() == pytest.approx(found, rel=1e-6)


def test_a_filtered_membrane_test_needs_the_delay_of_the_filter() -> None:
    fs, dv, fc = 200.0, 10.0, 5.0
    cell = {"rs_MOhm": 10.0, "rm_MOhm": 500.0, "cm_pF": 30.0}
    test = clamp.membrane_test(dv, **cell)
    t = np.arange(-200, 2000) / fs
    current = np.where(t > 0, test.steady_pA + (test.peak_pA - test.steady_pA) * np.exp(-t / test.tau_ms), 0.0)
    current[t == 0] = test.peak_pA / 2  # in the middle of its jump
    filtered = filters.bessel_filtered(current, fc_kHz=fc, fs_kHz=fs)
    late = t > 2.0 / fc
    delayed = fit_membrane_test(t[late], filtered[late], dv, delay_ms=filters.bessel_delay_ms(fc))
    assert delayed["rs_MOhm"] == pytest.approx(10.0, rel=0.01)
    assert delayed["cm_pF"] == pytest.approx(30.0, rel=0.01)
    assert fit_membrane_test(t[late], filtered[late], dv)["rs_MOhm"] < 8.5


# ---- noise and converter


@laws
@given(rs=resistances, cm=capacitances, bandwidth=st.floats(1e-4, 100.0))
def test_rs_cm_noise_is_the_integral_of_its_spectrum(rs: float, cm: float, bandwidth: float) -> None:
    tau = rs * cm / 1000.0

    def share(f_kHz: float) -> float:
        return (2 * pi * f_kHz * tau) ** 2 / (1 + (2 * pi * f_kHz * tau) ** 2)

    integral = quad(share, 0.0, bandwidth, epsabs=0.0)[0] / bandwidth
    white = filters.thermal_noise_pA(rs, bandwidth, ROOM_K)
    assert filters.rs_cm_noise_pA(rs, cm, bandwidth, ROOM_K) == pytest.approx(white * integral**0.5, rel=1e-6)


def test_the_converter_rounds_to_half_a_step_and_clips_at_its_range() -> None:
    converter = {"range_V": 10.0, "bits": 16, "gain_mV_per_pA": 1.0}
    step = filters.lsb_pA(**converter)
    current = np.random.default_rng(2).uniform(-9000.0, 9000.0, 200_000)
    error = filters.digitised_pA(current, **converter) - current
    assert np.abs(error).max() <= step / 2 * (1 + 1e-9)
    assert error.std() == pytest.approx(filters.quantisation_noise(step), rel=0.01)
    assert filters.digitised_pA([-1e6, 1e6], **converter).tolist() == [-10_000.0, 10_000.0 - step]


# ---- junction


concentrations = st.floats(0.1, 500.0)


@laws
@given(na=concentrations, k=concentrations, bath=concentrations, factor=st.floats(0.1, 10.0))
def test_junction_potentials_are_antisymmetric_and_know_only_ratios(
    na: float, k: float, bath: float, factor: float
) -> None:
    z, u = [1, 1, -1], [0.682, 1.0, 1.0388]
    one, other = np.array([na, k, na + k]), np.array([bath, 0.0, bath])
    potential = junction_potential_mV(z, u, one, other, ROOM_K)
    assert junction_potential_mV(z, u, other, one, ROOM_K) == pytest.approx(-potential, abs=1e-9)
    assert junction_potential_mV(z, u, factor * one, factor * other, ROOM_K) == pytest.approx(potential, abs=1e-9)
    assert junction_potential_mV(z, u, one, one, ROOM_K) == 0.0


@laws
@given(out=concentrations, inside=concentrations)
def test_a_junction_that_one_ion_crosses_has_its_nernst_potential(out: float, inside: float) -> None:
    # bath minus pipette, so a cation that leaves the pipette makes the bath positive
    found = junction_potential_mV([1, -1], [1.0, 0.0], [out, out], [inside, inside], ROOM_K)
    assert found == pytest.approx(-float(nernst_mV(1, out, inside, ROOM_K)), abs=1e-9)


@laws
@given(out=concentrations, inside=concentrations)
def test_a_salt_of_equally_mobile_ions_has_no_junction_potential(out: float, inside: float) -> None:
    assert junction_potential_mV([1, -1], [1.0, 1.0], [out, out], [inside, inside], ROOM_K) == 0.0


@laws
@given(share=st.floats(0.1, 0.9), nudge=st.floats(-1e-9, 1e-9))
def test_the_junction_potential_has_no_gap_where_both_solutions_conduct_alike(share: float, nudge: float) -> None:
    z, u = [1, 1, -1], [1.0, share, 1.0]
    bath, alike = np.array([100.0, 0.0, 100.0]), 200.0 / (1.0 + share)
    pipette = np.array([0.0, alike, alike]) * (1.0 + nudge)
    # the field is constant there: RT/F times the difference of z u c over the conductance
    limit = thermal_voltage_mV(ROOM_K) * alike * (share - 1.0) / 200.0
    assert junction_potential_mV(z, u, bath, pipette, ROOM_K) == pytest.approx(limit, rel=1e-6)
    assert junction_potential_mV(z, [1.0, 0.6, 1.0], bath, [0.0, 125.0, 125.0], ROOM_K) == pytest.approx(
        thermal_voltage_mV(ROOM_K) * 125.0 * -0.4 / 200.0
    )
