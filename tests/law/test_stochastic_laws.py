"""Channels that open and close one by one, as experiments show them: against the theory of their noise."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import welch

from vclamp import paths
from vclamp.engine.simulation import Simulation
from vclamp.errors import VClampError
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.blockers import KineticBlocker
from vclamp.model.channel import Channel
from vclamp.model.files import load_rig
from vclamp.model.gating import Gate, Markov, Transition
from vclamp.model.pores import OhmicPore
from vclamp.model.protocol import CurrentStep, Hold, Ladder, Protocol, Ramp, Step
from vclamp.model.record import Change, Chunk, Recording, Sweep
from vclamp.model.rig import Cell, Rig
from vclamp.physics.noise import spectrum_pA2_per_Hz
from vclamp.run.runner import Inbox, record, replay, run

ALPHA, BETA = 0.3, 0.2  # /ms: open probability 0.6, time constant 2 ms
P, TAU_ms, E_mV = 0.6, 2.0, -80.0


def one_gate(number: int | None, g_nS: float, *, power: int = 1) -> Channel:
    gate = Gate("n", power, alpha_per_ms=str(ALPHA), beta_per_ms=str(BETA))
    return Channel("k", g_nS=g_nS, n_channels=number, pore=OhmicPore(e_mV=E_mV), gates=(gate,))


def rig_of(channel: Channel, **amplifier: object) -> Rig:
    return Rig(Cell("patch", 1.0, (channel,), stochastic=True), amplifier=Amplifier(**amplifier))  # type: ignore[arg-type]


def at(level_mV: float, ms: float, *, sweeps: int = 1, fs_kHz: float = 10.0) -> Protocol:
    return Protocol("still", (Step(level_mV, ms),), sweeps, level_mV, fs_kHz=fs_kHz)


# ---- the theory of noise


def test_one_channel_dwells_for_exponential_times_in_two_levels() -> None:
    rig = rig_of(one_gate(1, 0.02))
    sweep = record(rig, at(20.0, 60_000.0, fs_kHz=50.0), seed=3).sweeps[0]
    levels = np.unique(sweep["i_k_pA"])
    assert levels == pytest.approx([0.0, 0.02 * 100.0], abs=1e-9)  # γ (V − E)
    is_open = sweep["i_k_pA"] > 1.0
    borders = np.flatnonzero(np.diff(is_open)) + 1
    runs = np.diff(borders) / 50.0
    opened = runs[is_open[borders[:-1]]]
    shut = runs[~is_open[borders[:-1]]]
    # a dwell that begins and ends between samples is missed: apparent rates are those of a sampled chain
    step = 1.0 - np.exp(-(ALPHA + BETA) / 50.0)
    for dwells, leave in ((opened, (1 - P) * step), (shut, P * step)):
        mean = 1.0 / leave / 50.0
        assert dwells.mean() == pytest.approx(mean, abs=4 * mean / np.sqrt(dwells.size))
        assert dwells.std() == pytest.approx(mean, abs=4 * mean * np.sqrt(2.0 / dwells.size))  # as an exponential's


@pytest.mark.parametrize("number", [1, 20, 1000, 1_000_000])
def test_mean_and_variance_of_an_ensemble_are_binomial(number: int) -> None:
    rig, sweeps = rig_of(one_gate(number, 10.0)), 400
    recording = record(rig, at(20.0, 1.0, sweeps=sweeps), seed=11)
    i_pA = np.array([sweep["i_k_pA"] for sweep in recording.sweeps])  # (sweeps, samples)
    unitary = 10.0 * 100.0 / number
    mean, variance = number * unitary * P, number * unitary**2 * P * (1 - P)
    assert i_pA[:, -1].mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / sweeps))
    excess = (1 - 6 * P * (1 - P)) / (number * P * (1 - P))
    spread = variance * np.sqrt((2.0 + excess) / sweeps)
    assert i_pA[:, -1].var(ddof=1) == pytest.approx(variance, abs=4 * spread)


def test_the_spectrum_is_lorentzian() -> None:
    number, fs_kHz = 100, 10.0
    channel = one_gate(number, 2.0)
    sweep = record(rig_of(channel), at(20.0, 100_000.0, fs_kHz=fs_kHz), seed=5).sweeps[0]
    f_Hz, power = welch(sweep["i_k_pA"], fs_kHz * 1e3, nperseg=4096)
    rates = np.array([[0.0, ALPHA], [BETA, 0.0]])
    theory = spectrum_pA2_per_Hz(f_Hz, rates, np.array([0.0, 0.02 * 100.0]), number)
    blocks = 2 * sweep["i_k_pA"].size / 4096 * 0.9  # overlapping windows are not independent
    for low, high in ((5.0, 30.0), (60.0, 100.0), (150.0, 300.0)):  # corner at 80 Hz
        band = (f_Hz > low) & (f_Hz < high)
        ratio = power[band].mean() / theory[band].mean()
        assert ratio == pytest.approx(1.0, abs=4 / np.sqrt(blocks * band.sum() / 2) + 0.01), (low, ratio)


def test_gates_that_must_all_be_open_give_the_mean_of_independent_gates() -> None:
    number = 1000
    counted = rig_of(one_gate(number, 1.0, power=4))
    smooth = replace(counted, cell=replace(counted.cell, stochastic=False))
    protocol = Protocol("step", (Hold(1.0), Step(20.0, 10.0)), 200, -80.0, fs_kHz=10.0)
    found = np.mean([s["p_open_k"] for s in record(counted, protocol, seed=2).sweeps], axis=0)
    p = record(smooth, replace(protocol, n_sweeps=1)).sweeps[0]["p_open_k"]
    spread = np.sqrt(p * (1 - p) / (number * 200))
    assert np.all(np.abs(found - p) <= 4.5 * spread + 1e-12)


def test_more_channels_of_the_same_total_conductance_come_closer_to_the_deterministic_current() -> None:
    protocol = Protocol("step", (Hold(1.0), Step(20.0, 30.0)), 1, -80.0, fs_kHz=10.0)
    smooth = record(rig_of(one_gate(None, 10.0)), protocol).sweeps[0]["i_k_pA"]
    rms = []
    for number in (10, 1000, 100_000):
        noisy = record(rig_of(one_gate(number, 10.0)), protocol, seed=1).sweeps[0]["i_k_pA"]
        rms.append(float(np.std(noisy - smooth)))
    assert np.diff(np.log10(rms)) == pytest.approx(-1.0, abs=0.25)  # as 1/√N


@pytest.mark.parametrize("cell", ["hek-nav-markov", "hek-kv-mwc", "squid-axon"])
def test_the_mean_of_many_sweeps_is_the_deterministic_current(cell: str) -> None:
    rig = load_rig(paths.CELLS / f"{cell}.toml")
    channels = tuple(replace(c, n_channels=2000) if c.is_gated else c for c in rig.cell.channels)
    counted = replace(rig, cell=replace(rig.cell, channels=channels, stochastic=True), amplifier=Amplifier())
    smooth = replace(counted, cell=replace(counted.cell, stochastic=False))
    protocol = Protocol("step", (Hold(1.0), Step(0.0, 5.0), Ramp(-60.0, 2.0)), 60, -80.0, fs_kHz=20.0)
    runs = record(counted, protocol, seed=4).sweeps
    mean = np.mean([sweep["i_pA"] for sweep in runs], axis=0)
    error = np.std([sweep["i_pA"] for sweep in runs], axis=0, ddof=1) / np.sqrt(60)
    deviation = np.abs(mean - record(smooth, replace(protocol, n_sweeps=1)).sweeps[0]["i_pA"])
    assert np.mean(deviation > 4 * error + 1e-9) < 0.01


def test_channel_noise_moves_a_membrane_that_is_not_clamped() -> None:
    rig = rig_of(one_gate(50, 1.0), mode="current-clamp")
    sweep = record(rig, at(-80.0, 500.0), seed=6).sweeps[0]
    leaky = replace(
        rig, cell=replace(rig.cell, channels=(*rig.cell.channels, Channel("leak", g_nS=0.5, pore=OhmicPore(e_mV=0.0))))
    )
    noisy = record(leaky, at(-80.0, 2000.0), seed=6).sweeps[0]
    assert np.ptp(sweep["v_mV"]) < 1e-6  # at its only reversal potential nothing can flow
    g = 1.0 * noisy["p_open_k"] + 0.5
    expected = (E_mV * 1.0 * noisy["p_open_k"]) / g  # where the membrane would rest; its time constant is 1 ms
    assert np.corrcoef(noisy["v_mV"], expected)[0, 1] > 0.8
    assert noisy["v_mV"].mean() == pytest.approx(expected.mean(), abs=1.0)


# ---- the same run gives the same numbers, whatever is random in it


def everything() -> Rig:
    """Counted channels behind an amplifier with compensation, filter, noise and converter."""
    rig = load_rig(paths.CELLS / "squid-axon-20pf.toml")
    channels = tuple(replace(c, n_channels=500) if c.name == "na" else c for c in rig.cell.channels)
    amplifier = Amplifier(
        rs_MOhm=6.0, circuit="simplified", rs_est_MOhm=6.0, cm_est_pF=20.0, correction_percent=60.0,
        prediction_percent=60.0, recorder=Recorder(on=True, gain_mV_per_pA=0.05),
    )  # fmt: skip
    return replace(rig, cell=replace(rig.cell, channels=channels, stochastic=True), amplifier=amplifier)


def family(between: str = "rested") -> Protocol:
    segments = (Hold(1.0), Step(Ladder(-30.0, 30.0), 3.0), Ramp(-80.0, 2.0))
    return Protocol("family", segments, 3, -75.0, interval_ms=20.0, between=between)  # type: ignore[arg-type]


def variants() -> dict[str, Rig]:
    rig = everything()
    return {
        "simplified": rig,
        "full": replace(rig, amplifier=replace(rig.amplifier, circuit="full", cp_est_pF=4.0, tau_sum_ms=0.04)),
        "series resistance": replace(rig, amplifier=replace(rig.amplifier, circuit="series-resistance")),
        "ideal": replace(rig, amplifier=Amplifier(recorder=Recorder(on=True))),
        "current clamp": replace(rig, amplifier=replace(rig.amplifier, mode="current-clamp", bias_pA=100.0)),
    }


def same(mine: Recording, other: Recording) -> bool:
    return len(mine.sweeps) == len(other.sweeps) and all(
        np.array_equal(a.values, b.values) and (a.start, a.changes) == (b.start, b.changes)
        for a, b in zip(mine.sweeps, other.sweeps, strict=True)
    )


@pytest.mark.parametrize("between", ["rested", "interval"])
@pytest.mark.parametrize("name", variants())
def test_noise_is_the_same_bit_for_bit_in_chunks_of_any_size(name: str, between: str) -> None:
    rig = variants()[name]
    whole = record(rig, family(between), seed=7)
    for chunk_ms in (1e-9, 7 / 50.0, 1.0, 33.0):
        assert same(whole, record(rig, family(between), seed=7, inbox=Inbox(chunk_ms))), chunk_ms
    assert not same(whole, record(rig, family(between), seed=8))


def test_turning_every_knob_of_the_amplifier_in_mid_sweep_is_recorded_and_replays_bit_for_bit() -> None:
    rig = everything()
    knobs = [
        {"correction_percent": 20.0}, {"prediction_percent": 0.0}, {"rs_MOhm": 12.0}, {"cm_est_pF": 5.0},
        {"offset_mV": 3.0}, {"junction_mV": 10.0}, {"mode": "current-clamp"}, {"mode": "voltage-clamp"},
        {"recorder": Recorder(on=True, filter_kHz=2.0)}, {"recorder": Recorder(on=True, noise=False, bits=0)},
        {"tau_sum_ms": 0.02}, {"feedback_GOhm": 0.5},
    ]  # fmt: skip

    class Hand(Inbox):
        def take(self, sweep: int, sample: int) -> Rig | None:
            nonlocal rig
            if knobs and sample:
                rig = replace(rig, amplifier=replace(rig.amplifier, **knobs.pop(0)))  # type: ignore[arg-type]
                return rig
            return None

        def next_border(self, sweep: int, sample: int, dt_ms: float) -> int:
            return sample + 37

    first = record(everything(), family(), seed=9, inbox=Hand())
    changes: list[Change] = [change for sweep in first.sweeps for change in sweep.changes]
    assert len(changes) == 12
    assert all(np.isfinite(sweep.values).all() for sweep in first.sweeps)
    for chunk_ms in (1e-9, 1.0, float("inf")):
        assert same(first, replay(first, chunk_ms=chunk_ms)), chunk_ms


def test_a_sweep_does_not_depend_on_those_before_it() -> None:
    rig, protocol = everything(), family()
    levels = [-30.0, 0.0, 30.0]
    family_of = record(rig, protocol, seed=7).sweeps

    def alone(order: list[float]) -> tuple[Sweep, ...]:
        segments = (Hold(1.0), Step(tuple(order), 3.0), Ramp(-80.0, 2.0))
        return record(rig, replace(protocol, segments=segments), seed=7).sweeps

    assert np.array_equal(alone([40.0, -90.0, levels[2]])[2].values, family_of[2].values)


def test_the_number_of_channels_may_change_in_mid_sweep() -> None:
    for seed in range(10):
        inbox, few, many = Inbox(2.0), rig_of(one_gate(10, 10.0, power=2)), rig_of(one_gate(1000, 10.0, power=2))
        few, many = (replace(rig, cell=replace(rig.cell, record_states=True)) for rig in (few, many))
        events = run(many, at(20.0, 20.0), seed=seed, inbox=inbox)
        for event in events:
            if isinstance(event, Chunk) and event.last == 100:
                inbox.put(few)
            if isinstance(event, Sweep):
                states = np.array([event[name] for name in event.names if name.startswith("state_")])
        assert states.sum(axis=0) == pytest.approx(1.0)
        late = states[:, 140:] * 10
        assert late == pytest.approx(np.round(late))


def test_a_number_that_changes_leaves_the_channels_of_another_kind_where_they_are() -> None:
    few, many, others = one_gate(10, 1.0), one_gate(20, 1.0), replace(one_gate(1000, 1.0), name="other")
    before, after = (replace(rig_of(k), cell=Cell("patch", 1.0, (k, others), stochastic=True)) for k in (few, many))
    simulation = Simulation(before, at(20.0, 10.0), seed=1)
    simulation.play(0, 50, np.empty((len(simulation.names), 100)))
    found = simulation.state[-2:]
    simulation.set_rig(after, 50)
    assert simulation.state[-2:] == found


@pytest.mark.parametrize("number", [49, 100_000])  # of which 1/(1/n) is less than n
def test_no_channel_is_lost_where_all_are_in_one_state(number: int) -> None:
    shut = replace(one_gate(number, 1.0), gates=(Gate("n", 1, alpha_per_ms="1e-9", beta_per_ms="1"),))
    simulation = Simulation(rig_of(shut, rs_MOhm=5.0), at(20.0, 10.0), seed=1)
    simulation.begin(0)
    simulation.play(0, 100, np.empty((len(simulation.names), 100)))
    assert simulation._s.tolist() == [number, 0.0]


def test_no_channel_is_lost_to_states_that_come_in_mid_sweep() -> None:
    """One channel that is in each of three states for a third of the time: rounded, it would be in none."""
    ways = (Transition(("A", "B"), "1", "1"), Transition(("B", "O"), "1", "1"))
    free = Channel("k", g_nS=1.0, n_channels=1, pore=OhmicPore(e_mV=E_mV), gating=Markov(("A", "B", "O"), ("O",), ways))
    trapped = replace(free, blockers=(KineticBlocker("X", k_on_per_mM_ms=1.0, k_off_per_ms=1.0, trapped=True),))
    simulation = Simulation(rig_of(free), at(20.0, 10.0), seed=1)
    simulation.play(0, 50, np.empty((len(simulation.names), 100)))
    simulation.set_rig(rig_of(trapped), 50)
    assert sum(simulation.state[1:]) == 1.0


def test_channels_may_begin_to_be_counted_in_mid_sweep() -> None:
    rig = load_rig(paths.CELLS / "hek-kv-mwc.toml")
    smooth = replace(rig, amplifier=Amplifier())
    channels = tuple(replace(c, n_channels=500) if c.is_gated else c for c in rig.cell.channels)
    counted = replace(smooth, cell=replace(rig.cell, channels=channels, stochastic=True))
    smooth = replace(counted, cell=replace(counted.cell, stochastic=False))
    inbox = Inbox(2.0)
    inbox.put(smooth)
    for event in run(smooth, at(0.0, 40.0, fs_kHz=50.0), seed=1, inbox=inbox):
        if isinstance(event, Chunk) and event.first == 0:
            inbox.put(counted)
        if isinstance(event, Sweep):
            p = event["p_open_kv_mwc"]
    assert np.ptp(p[:100]) < 1e-9
    late = p[400:]
    spread = np.sqrt(p[0] * (1 - p[0]) / 500)
    assert late.mean() == pytest.approx(p[0], abs=4 * spread)
    assert 0.3 * spread < late.std() < 2 * spread


def test_a_change_between_two_samples_that_are_solved_at_once_keeps_the_membrane_where_it_is() -> None:
    rig = load_rig(paths.CELLS / "squid-axon-20pf.toml")
    protocol = Protocol("step", (Hold(1.0), Step(-30.0, 10.0)), 1, -80.0)
    plain = record(rig, protocol).sweeps[0]
    for chunk in (61, 300, 301, 340, 341):
        inbox = Inbox(chunk / 50.0)
        for event in run(rig, protocol, inbox=inbox):
            if isinstance(event, Chunk) and event.first == 0:
                inbox.put(replace(rig, cell=replace(rig.cell, note="nothing that matters")))
            if isinstance(event, Sweep):
                assert [change.sample for change in event.changes] == [chunk]
                assert event["v_mV"] == pytest.approx(plain["v_mV"], abs=1e-3)
                assert event["gate_k_n"] == pytest.approx(plain["gate_k_n"], abs=2e-5)


def test_what_is_recorded_is_filtered_noisy_and_in_steps_of_the_converter() -> None:
    recording = record(everything(), Protocol("rest", (Hold(50.0),), 2, -80.0), seed=1)
    lsb_pA = 2 * 10_000.0 / 0.05 / 2**16
    for sweep in recording.sweeps:
        assert sweep["i_pA"] / lsb_pA == pytest.approx(np.round(sweep["i_pA"] / lsb_pA), abs=1e-6)
    calm = replace(everything(), cell=replace(everything().cell, stochastic=False))
    fine = replace(calm, amplifier=replace(calm.amplifier, recorder=Recorder(on=True, bits=0)))
    first, second = record(fine, Protocol("rest", (Hold(50.0),), 2, -80.0), seed=1).sweeps
    assert not np.array_equal(first["i_pA"], second["i_pA"])
    assert np.array_equal(first["i_membrane_pA"], second["i_membrane_pA"])
    # 4kT/R of 50 MΩ and 5 GΩ, and of 6 MΩ with 20 pF, behind 10 kHz: Sigworth 1995
    kelvin, band_Hz = fine.solutions.temperature_K, 1.0464e4
    white = 4 * 1.380649e-23 * kelvin * band_Hz * (1 / 50e6 + 1 / 5e9)
    assert np.std(first["i_pA"]) * 1e-12 > 0.9 * np.sqrt(white)
    assert np.std(first["i_pA"]) * 1e-12 < 40 * np.sqrt(white)


def test_a_current_clamp_follows_steps_and_ramps_of_current() -> None:
    leak = Channel("leak", g_nS=10.0, pore=OhmicPore(e_mV=-70.0))
    rig = Rig(Cell("passive", 100.0, (leak,)), amplifier=Amplifier(mode="current-clamp", bias_pA=5.0))
    protocol = Protocol("pulse", (Hold(20.0), CurrentStep(100.0, 200.0), Hold(200.0)), 1, -70.0, fs_kHz=10.0)
    sweep = record(rig, protocol).sweeps[0]
    t = np.arange(2000) / 10.0
    on = sweep["v_mV"][200:2200]
    assert sweep["i_pA"][[100, 1000, 3000]] == pytest.approx([5.0, 105.0, 5.0])
    before = sweep["v_mV"][200]
    assert on == pytest.approx(-59.5 + (before + 59.5) * np.exp(-t / 10.0), abs=1e-5)  # E + I/g, tau = C/g


def test_too_many_channels_or_states_to_count_are_refused() -> None:
    with pytest.raises(
        VClampError, match=r"2,000,000 channels 'k' are too many to open one by one\. At most 1,000,000"
    ):
        rig_of(one_gate(2_000_000, 1.0))
    many = replace(one_gate(10, 1.0), gates=tuple(Gate(n, 3, alpha_per_ms="1", beta_per_ms="1") for n in "abc"))
    with pytest.raises(VClampError, match=r"channel 'k' has too many gates to open one by one"):
        rig_of(many)
