"""Schemes of states in the engine: against matrix exponentials, other descriptions of the same channel, and charge."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from vclamp.model.blockers import KineticBlocker
from vclamp.model.channel import Channel
from vclamp.model.gating import Gate, Markov, Mwc, Transition, TwoState
from vclamp.model.ions import Drug, Solutions
from vclamp.model.pores import OhmicPore
from vclamp.model.protocol import Hold, Protocol, Ramp, Segment, Step
from vclamp.model.record import Change, Sweep
from vclamp.model.rig import Amplifier, Cell, Rig
from vclamp.run.runner import Script, record, replay, run
from vclamp.units import ELEMENTARY_C, kelvin

N_GATE = Gate("n", 4, "0.1*linoid((v+55)/10)", "0.125*exp(-(v+65)/80)")
H_GATE = Gate("h", 1, "0.07*exp(-(v+65)/20)", "1/(1+exp(-(v+35)/10))")
SLOW = KineticBlocker("X", k_on_per_mM_ms=1.0, k_off_per_ms=0.05)
KV_MWC = Mwc(l0=1e-5, z_j_e=3.0, v_j_mV=-45.0, eps_RT=5.0, a0_per_ms=2.0, d0_per_ms=5.0 * np.exp(-10.0))
SLOPED = Markov(
    states=("C1", "C2", "O", "I"),
    open=("O",),
    transitions=(
        Transition(("C1", "C2"), "2*exp(u)", "0.4*exp(-u)", 2.0),
        Transition(("C2", "O"), "3*exp(0.5*u)", "0.2*exp(-0.7*u)", 1.2),
        Transition(("O", "I"), "0.3", "0.02"),
    ),
)
STEPS = (Hold(2.0), Step(0.0, 12.0), Step(-100.0, 8.0))


def cell_of(channel: Channel, rs_MOhm: float = 0.0, drug_mM: float = 0.0, cm_pF: float = 20.0) -> Rig:
    solutions = Solutions((), (Drug("X", in_mM=drug_mM),), kelvin(22.0))
    return Rig(Cell("one", cm_pF, (channel,), record_states=True), solutions, Amplifier(rs_MOhm=rs_MOhm))


def channel_with(**gating: object) -> Channel:
    return Channel("k", g_nS=20.0, pore=OhmicPore(e_mV=-77.0), **gating)


def played(rig: Rig, *segments: Segment, fs_kHz: float = 50.0, hold_mV: float = -90.0) -> Sweep:
    return record(rig, Protocol("test", segments or STEPS, n_sweeps=1, hold_mV=hold_mV, fs_kHz=fs_kHz)).sweeps[0]


def states_of(sweep: Sweep) -> np.ndarray:
    return np.array([row for name, row in zip(sweep.names, sweep.values, strict=True) if name.startswith("state_")])


@pytest.mark.parametrize("gating", [KV_MWC, SLOPED, TwoState(z_e=4.0, k0_per_ms=0.5, v_half_mV=-30.0, subunits=3)])
def test_an_ideal_clamp_gives_the_matrix_exponential_to_1e_9(gating: Mwc | Markov | TwoState) -> None:
    sweep = played(cell_of(channel_with(gating=gating)))
    rates = gating.rates_per_ms(np.array([0.0]), kelvin(22.0))[0]
    q = rates - np.diag(rates.sum(axis=1))
    states = states_of(sweep)
    for sample in (101, 110, 250, 699):
        expected = states[:, 100] @ expm(q * (sample - 100) / 50.0)
        assert states[:, sample] == pytest.approx(expected, rel=1e-9, abs=1e-13)
    assert sweep["p_open_k"] == pytest.approx(np.array(gating.is_open, float) @ states, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("gates", [(N_GATE,), (N_GATE, H_GATE)])
@pytest.mark.parametrize(("rs_MOhm", "limit"), [(0.0, 1e-9), (5.0, 1e-4)])
def test_independent_gates_equal_their_chain_of_states(gates: tuple[Gate, ...], rs_MOhm: float, limit: float) -> None:
    by_gates = played(cell_of(channel_with(gates=gates), rs_MOhm))
    by_states = played(cell_of(channel_with(gates=gates, blockers=(SLOW,)), rs_MOhm))
    for name in ("p_open_k", "i_k_pA"):
        assert by_states[name] == pytest.approx(by_gates[name], abs=limit * np.abs(by_gates[name]).max())


def test_a_ramp_through_states_equals_one_through_gates() -> None:
    rigs = [cell_of(channel_with(gates=(N_GATE,), blockers=blockers)) for blockers in ((), (SLOW,))]
    one, other = (played(rig, Hold(1.0), Ramp(60.0, 50.0), Hold(1.0))["p_open_k"] for rig in rigs)
    assert other == pytest.approx(one, abs=2e-6)


def test_behind_a_series_resistance_it_equals_an_ode_solver() -> None:
    rig = cell_of(replace(channel_with(gating=SLOPED), g_nS=60.0), rs_MOhm=10.0)
    sweep = played(rig, Step(0.0, 20.0))
    conducts, gs_nS = np.array(SLOPED.is_open, float), 100.0

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        rates = SLOPED.rates_per_ms(y[:1], kelvin(22.0))[0]
        current = 60.0 * (conducts @ y[1:]) * (y[0] + 77.0)
        return np.array([(gs_nS * (0.0 - y[0]) - current) / 20.0, *(y[1:] @ rates - y[1:] * rates.sum(axis=1))])

    start = sweep.start[:5]
    times = np.arange(sweep.values.shape[1]) / 50.0
    solved = solve_ivp(slope, (0.0, times[-1]), start, "LSODA", times, rtol=1e-10, atol=1e-12).y
    assert sweep["v_mV"] == pytest.approx(solved[0], abs=2e-3)
    assert states_of(sweep) == pytest.approx(solved[1:], abs=2e-5)


def test_samples_do_not_depend_on_the_sampling_rate() -> None:
    coarse, fine = (played(cell_of(channel_with(gating=KV_MWC)), fs_kHz=fs) for fs in (10.0, 50.0))
    assert coarse["p_open_k"] == pytest.approx(fine["p_open_k"][::5], rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("rs_MOhm", [0.0, 8.0])
def test_traces_do_not_depend_on_where_chunks_are_cut(rs_MOhm: float) -> None:
    rig = cell_of(replace(channel_with(gating=SLOPED), n_channels=100_000), rs_MOhm)
    segments = (Hold(1.0), Step(10.0, 3.0), Ramp(-80.0, 3.0), Hold(2.0))
    whole = record(rig, Protocol("test", segments, n_sweeps=2, hold_mV=-90.0, between="interval", interval_ms=20.0))
    pieces = replay(whole, chunk_ms=0.14)
    for one, other in zip(whole.sweeps, pieces.sweeps, strict=True):
        assert np.array_equal(one.values, other.values)


def test_sensors_return_the_charge_that_they_moved() -> None:
    n, z = 100_000, 4.0
    gating = TwoState(z_e=z, k0_per_ms=0.5, v_half_mV=-30.0)
    rig = cell_of(replace(channel_with(gating=gating), g_nS=0.0, n_channels=n))
    sweep = played(rig, Hold(1.0), Step(20.0, 20.0), Step(-90.0, 20.0), fs_kHz=1000.0)
    current = sweep["i_gating_k_pA"]
    full_fC = n * z * ELEMENTARY_C * 1e15 * np.ptp(sweep["p_open_k"])
    on = np.trapezoid(current[1000:21_000], dx=1e-3)
    off = np.trapezoid(current[21_000:], dx=1e-3)
    assert on == pytest.approx(full_fC, rel=1e-4)
    assert off == pytest.approx(-full_fC, rel=5e-4)  # the trapezoid's error at 18 µs
    assert np.array_equal(sweep["i_pA"], current)


def test_behind_a_series_resistance_the_amplifier_supplies_the_gating_charge() -> None:
    gating = TwoState(z_e=4.0, k0_per_ms=0.5, v_half_mV=-30.0)
    rig = cell_of(replace(channel_with(gating=gating), g_nS=0.0, n_channels=1_000_000), rs_MOhm=5.0)
    sweep = played(rig, Step(20.0, 30.0), fs_kHz=500.0)
    supplied_fC = np.trapezoid(sweep["i_pA"], dx=0.002)
    charged_fC = 20.0 * (sweep["v_mV"][-1] - sweep["v_mV"][0])
    sensed_fC = 1e6 * 4.0 * ELEMENTARY_C * 1e15 * (sweep["p_open_k"][-1] - sweep["p_open_k"][0])
    assert sensed_fC > 400.0
    assert supplied_fC == pytest.approx(charged_fC + sensed_fC, rel=2e-3)


def test_a_drug_put_on_during_a_sweep_starts_from_the_present_state() -> None:
    rig = cell_of(channel_with(gates=(N_GATE,), blockers=(SLOW,)))
    drugged = cell_of(channel_with(gates=(N_GATE,), blockers=(SLOW,)), drug_mM=0.5)
    protocol = Protocol("test", (Step(0.0, 60.0),), n_sweeps=1, hold_mV=-90.0)
    inbox = Script((Change(0, 1000, drugged), Change(0, 2000, rig)))
    (sweep,) = (event for event in run(rig, protocol, inbox=inbox) if isinstance(event, Sweep))
    p = sweep["p_open_k"]
    assert abs(p[1000] - p[999]) < 1e-3
    # on and off: single exponentials with k_on [B] + k_off, and k_off, of the open channel
    blocked = sweep["state_k_n4_X"]
    assert p[1999] < 0.2 * p[999]
    assert blocked[2500] / blocked[2000] == pytest.approx(np.exp(-0.05 * 10.0), rel=0.02)


def test_a_trapped_blocker_stays_while_the_channel_is_closed() -> None:
    for trapped, expected in ((True, 0.99), (False, 0.2)):
        channel = channel_with(gates=(N_GATE,), blockers=(replace(SLOW, trapped=trapped),))
        pulses = (Step(40.0, 30.0), Step(-140.0, 100.0))
        sweep = played(cell_of(channel, drug_mM=2.0), *pulses)
        blocked = states_of(sweep)[5:].sum(axis=0)
        left = blocked[-1] / blocked[1499]
        assert (left > expected) if trapped else (left < expected)


@pytest.mark.parametrize("rs_MOhm", [0.0, 3.0])
def test_occupancies_stay_in_the_simplex(rs_MOhm: float) -> None:
    channel = channel_with(gating=KV_MWC, blockers=(replace(SLOW, trapped=True),))
    sweep = played(cell_of(channel, rs_MOhm, drug_mM=1.0), Step(-250.0, 5.0), Ramp(250.0, 20.0), Step(250.0, 5.0))
    states = states_of(sweep)
    assert states.min() >= 0.0
    assert states.sum(axis=0) == pytest.approx(1.0, abs=1e-9)
