"""Laws that every run keeps, whatever the channels are."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import simpson

from vclamp import paths
from vclamp.engine import tables
from vclamp.engine.simulation import Simulation
from vclamp.errors import VClampError
from vclamp.model.files import load_rig
from vclamp.model.ions import Drug
from vclamp.model.protocol import Hold, Ladder, Protocol, Ramp, Step
from vclamp.model.record import Change, Chunk, Event, Finished, Header, Recording, Sweep
from vclamp.model.rig import Amplifier, Rig
from vclamp.model.series import Series
from vclamp.run import runner
from vclamp.run.runner import Inbox, check_size, record, replay, run

IDEAL = load_rig(paths.CELLS / "squid-axon.toml")
RESISTIVE = load_rig(paths.CELLS / "squid-axon-20pf.toml")
both_clamps = pytest.mark.parametrize("rig", [IDEAL, RESISTIVE], ids=["ideal", "resistive"])
CHUNKS_MS = [1e-9, 7 / 50.0, 1.0, 33.0, float("inf")]  # the first is one sample


def with_rs(rig: Rig, rs_MOhm: float) -> Rig:
    return replace(rig, amplifier=Amplifier(rs_MOhm=rs_MOhm))


def with_factor(rig: Rig, channel: str, factor: float) -> Rig:
    """The rig with one channel's conductance multiplied."""
    channels = [replace(c, g_nS=c.g_nS * factor) if c.name == channel else c for c in rig.cell.channels]
    return replace(rig, cell=replace(rig.cell, channels=tuple(channels)))


def mixed(between: str = "rested", **changes: object) -> Protocol:
    """Holds, steps and ramps, short enough to be cut into single samples."""
    segments = (
        Hold(1.0),
        Step(Ladder(-30.0, 30.0), 4.0),
        Ramp(-80.0, 3.0),
        Ramp(from_mV=-60.0, to_mV=20.0, duration_ms=2.0),
        Step(-100.0, Ladder(1.0, 0.37)),
    )
    protocol = Protocol("mixed", segments, n_sweeps=3, hold_mV=-75.0, interval_ms=20.0, between=between)  # type: ignore[arg-type]
    return replace(protocol, **changes)


def step(level_mV: float, *, ms: float = 5.0, hold_mV: float = -80.0, fs_kHz: float = 50.0) -> Protocol:
    return Protocol("step", (Hold(1.0), Step(level_mV, ms)), n_sweeps=1, hold_mV=hold_mV, fs_kHz=fs_kHz)


def only(rig: Rig, protocol: Protocol) -> Sweep:
    """The first sweep of a run."""
    return record(rig, protocol).sweeps[0]


def same(mine: Recording, other: Recording) -> bool:
    """Whether two runs have the same sweeps bit for bit, with the same changes."""
    return len(mine.sweeps) == len(other.sweeps) and all(
        a.names == b.names and np.array_equal(a.values, b.values) and (a.start, a.changes) == (b.start, b.changes)
        for a, b in zip(mine.sweeps, other.sweeps, strict=True)
    )


class Restless(Inbox):
    """An experimenter who turns every knob, at borders of uneven chunks."""

    def __init__(self, rig: Rig, seed: int) -> None:
        super().__init__(1.0)
        self._rng, self._first = np.random.default_rng(seed), rig

    def take(self, sweep: int, sample: int) -> Rig | None:
        if self._rng.random() < 0.5:
            return None
        rng, rig = self._rng, self._first
        solutions = replace(
            rig.solutions, drugs=(Drug("TTX", rng.uniform(0, 1e-5)),), temperature_K=rng.uniform(275, 300)
        )
        channels = tuple(replace(c, g_nS=rng.uniform(1, 3) * c.g_nS, on=rng.random() < 0.8) for c in rig.cell.channels)
        cell = replace(rig.cell, channels=channels, cm_pF=rng.uniform(1, 30))
        return Rig(cell, solutions, Amplifier(rs_MOhm=float(rng.choice([0.0, 0.0, 1.0, 12.0]))))

    def next_border(self, sweep: int, sample: int, dt_ms: float) -> int:
        return sample + int(self._rng.integers(1, 120))


# ---- the same run gives the same numbers


@pytest.mark.parametrize("between", ["rested", "interval"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_run_with_live_changes_replays_bit_for_bit_in_chunks_of_any_size(between: str, seed: int) -> None:
    rig = IDEAL if seed % 2 else RESISTIVE
    first = record(rig, mixed(between), inbox=Restless(rig, seed))
    changes = [change for sweep in first.sweeps for change in sweep.changes]
    assert len(changes) > 6
    assert {change.rig.amplifier.ideal for change in changes} == {True, False}
    for chunk_ms in CHUNKS_MS:
        assert same(first, replay(first, chunk_ms=chunk_ms)), chunk_ms


@pytest.mark.parametrize("kept", [{1}, {2}, {0, 2}])
def test_sweeps_of_a_rested_run_replay_without_those_in_which_the_rig_was_changed(kept: set[int]) -> None:
    first = record(IDEAL, mixed(), inbox=Restless(IDEAL, 3))
    assert len({sweep.rig for sweep in first.sweeps}) == 3
    assert same(first.only(kept), replay(first.only(kept)))


def test_a_run_without_a_finished_sweep_replays_to_none() -> None:
    told: list[float] = []
    assert replay(record(IDEAL, mixed()).only(()), progress=told.append).sweeps == ()
    assert told == []


@both_clamps
@pytest.mark.parametrize("between", ["rested", "interval"])
def test_chunk_size_does_not_change_a_bit(rig: Rig, between: str) -> None:
    whole = record(rig, mixed(between))
    for chunk_ms in CHUNKS_MS:
        assert same(whole, record(rig, mixed(between), inbox=Inbox(chunk_ms))), chunk_ms


def test_chunk_size_may_change_while_it_runs() -> None:
    inbox, seen = Inbox(1.0), []
    for event in run(RESISTIVE, mixed(), inbox=inbox):
        seen.append(event)
        inbox.chunk_ms = 0.1 + 1.7 * (len(seen) % 3)
    sweeps = tuple(event for event in seen if isinstance(event, Sweep))
    whole = record(RESISTIVE, mixed())
    assert same(whole, replace(whole, sweeps=sweeps))


@both_clamps
def test_two_runs_of_the_same_rig_are_equal(rig: Rig) -> None:
    assert same(record(rig, mixed()), record(rig, mixed()))


def test_chunks_follow_one_another_and_their_samples_never_change() -> None:
    expected, copies = 0, []
    for event in run(RESISTIVE, mixed(n_sweeps=1), inbox=Inbox(0.3)):
        if isinstance(event, Chunk):
            assert event.first == expected < event.last
            expected = event.last
            copies.append(event.values[:, event.first : event.last].copy())
        elif isinstance(event, Sweep):
            assert expected == event.values.shape[1]
            assert np.array_equal(np.concatenate(copies, axis=1), event.values)
            assert not event.values.flags.writeable


def test_a_change_that_changes_nothing_is_not_recorded() -> None:
    inbox = Inbox()
    inbox.put(replace(IDEAL))
    assert record(IDEAL, mixed(), inbox=inbox).sweeps[0].changes == ()


def test_a_change_is_recorded_at_its_sample_and_lasts_into_the_next_sweep() -> None:
    colder = replace(IDEAL, solutions=replace(IDEAL.solutions, temperature_K=274.0))
    inbox, sweeps = Inbox(2.0), []
    for event in run(IDEAL, mixed(), inbox=inbox):
        if isinstance(event, Chunk) and (event.sweep, event.first) == (1, 0):
            inbox.put(colder)
        if isinstance(event, Sweep):
            sweeps.append(event)
    assert [sweep.changes for sweep in sweeps] == [(), (Change(1, 100, colder),), ()]
    assert [sweep.rig for sweep in sweeps] == [IDEAL, IDEAL, colder]
    before, after = record(IDEAL, mixed()).sweeps[1].values, sweeps[1].values
    assert np.array_equal(before[:, :100], after[:, :100])
    assert not np.array_equal(before[:, 100:120], after[:, 100:120])


def test_a_sodium_block_takes_effect_at_its_sample_and_leaves_the_gates_alone() -> None:
    blocked = replace(IDEAL, solutions=replace(IDEAL.solutions, drugs=(Drug("TTX", 5e-6), Drug("TEA"))))
    inbox = Inbox(1.5)
    for event in run(IDEAL, step(0.0, ms=3.0), inbox=inbox):
        if isinstance(event, Chunk) and event.first == 0:
            inbox.put(blocked)
        if isinstance(event, Sweep):
            changed = event
    plain = only(IDEAL, step(0.0, ms=3.0))
    assert [change.sample for change in changed.changes] == [75]
    assert changed["gate_na_m"] == pytest.approx(plain["gate_na_m"], abs=1e-12)
    # at its IC50 a drug halves the current
    assert changed["i_na_pA"][75:] == pytest.approx(plain["i_na_pA"][75:] / 2, rel=1e-9)
    assert np.array_equal(changed["i_na_pA"][:75], plain["i_na_pA"][:75])


def test_the_membrane_voltage_does_not_jump_when_the_resistance_changes() -> None:
    inbox = Inbox(1.04)
    for event in run(RESISTIVE, step(-20.0), inbox=inbox):
        if isinstance(event, Chunk) and event.last == 52:  # two samples after the step: still charging
            inbox.put(with_rs(RESISTIVE, 20.0))
        if isinstance(event, Sweep):
            v_mV = event["v_mV"]
            assert [change.sample for change in event.changes] == [52]
    moving = np.abs(np.diff(v_mV))
    assert v_mV[52] < -60.0
    assert moving[51] < 1.1 * moving[50]
    assert moving[52] < 0.7 * moving[50]  # and charges at half the speed from there on


# ---- sweeps and what is between them


@both_clamps
def test_a_later_step_gives_the_same_response_later(rig: Rig) -> None:
    early = Protocol("early", (Hold(1.0), Step(0.0, 6.0)), n_sweeps=1, hold_mV=-80.0)
    late = replace(early, segments=(Hold(9.0), *early.segments[1:]))
    a, b = only(rig, early).values[:, 50:], only(rig, late).values[:, 450:]
    if rig.amplifier.ideal:
        assert np.array_equal(a, b)
    assert a == pytest.approx(b, abs=1e-3)  # its resting voltage is found to a fraction of a µV


def test_a_resistive_clamp_stays_where_it_rests() -> None:
    protocol = Protocol("rest", (Hold(50.0),), n_sweeps=1, hold_mV=-65.0)
    assert np.ptp(only(RESISTIVE, protocol)["v_mV"]) < 1e-3


@both_clamps
def test_rested_sweeps_do_not_depend_on_their_order(rig: Rig) -> None:
    levels, order = (-60.0, -30.0, 0.0, 40.0), [2, 0, 3, 1]

    def family(values: list[float]) -> Recording:
        segments = (Hold(1.0), Step(tuple(values), 5.0))
        return record(rig, Protocol("family", segments, n_sweeps=4, hold_mV=-80.0))

    straight, shuffled = family(list(levels)), family([levels[k] for k in order])
    for position, k in enumerate(order):
        assert np.array_equal(shuffled.sweeps[position].values, straight.sweeps[k].values)


def test_interval_sweeps_recover_from_inactivation_with_tau_h() -> None:
    # Hodgkin & Huxley 1952 at 6.3 °C: tau_h is 2.47, 6.28 and 8.52 ms at -100, -80 and -65 mV
    for hold_mV, tau_ms in ((-100.0, 2.47), (-80.0, 6.28), (-65.0, 8.52)):
        h = []
        for gap_ms in (1.0, 2.0, 3.0):
            twice = Protocol(
                "twice", (Step(0.0, 20.0),), 2, hold_mV, interval_ms=20.0 + gap_ms, between="interval"
            )  # fmt: skip
            h.append(record(IDEAL, twice).sweeps[1]["gate_na_h"][0])
        # equal gaps: the distance to the steady state falls by the same factor each time
        assert -1.0 / np.log((h[2] - h[1]) / (h[1] - h[0])) == pytest.approx(tau_ms, rel=2e-3)


@both_clamps
def test_a_short_interval_leaves_channels_inactivated(rig: Rig) -> None:
    def peaks(interval_ms: float, between: str) -> list[float]:
        protocol = Protocol(
            "twice", (Hold(1.0), Step(0.0, 20.0), Hold(1.0)), 2, -80.0,
            interval_ms=interval_ms, between=between,  # type: ignore[arg-type]
        )  # fmt: skip
        return [float(sweep["i_na_pA"].min()) for sweep in record(rig, protocol).sweeps]

    first, soon = peaks(23.0, "interval")
    _, late = peaks(500.0, "interval")
    assert abs(soon) < 0.75 * abs(first)  # without control of the voltage the axon still fires
    assert late == pytest.approx(first, rel=1e-3)
    assert peaks(23.0, "rested")[1] == first


@both_clamps
@pytest.mark.parametrize("between", ["rested", "interval"])
def test_a_sweep_can_be_made_again_from_its_start_alone(rig: Rig, between: str) -> None:
    protocol = mixed(between)
    for sweep in record(rig, protocol).sweeps:
        again, values = Simulation(sweep.rig, protocol), np.empty(sweep.values.shape)
        again.set_state(sweep.start)
        again.begin(sweep.index)
        again.play(0, values.shape[1], values)
        assert np.array_equal(values, sweep.values)


def test_the_command_trace_is_what_the_protocol_commands() -> None:
    for rig in (IDEAL, RESISTIVE):
        for sweep in record(rig, mixed()).sweeps:
            assert sweep["command_mV"] == pytest.approx(mixed().command_mV(sweep.index), abs=1e-9)


# ---- currents and probabilities


@settings(max_examples=30)
@given(
    level=st.floats(-250.0, 250.0),
    hold=st.floats(-250.0, 250.0),
    fs=st.floats(1.0, 500.0),
    rs=st.sampled_from([0.0, 0.01, 1.0, 30.0, 1000.0]),
    kelvin=st.floats(250.0, 350.0),
)
@example(level=250.0, hold=-250.0, fs=1.0, rs=0.0, kelvin=350.0)
@example(level=-250.0, hold=250.0, fs=1.0, rs=1000.0, kelvin=350.0)
def test_probabilities_stay_between_0_and_1(level: float, hold: float, fs: float, rs: float, kelvin: float) -> None:
    rig = replace(with_rs(IDEAL, rs), solutions=replace(IDEAL.solutions, temperature_K=kelvin))
    segments = (Hold(1.0), Step(level, 3.0), Ramp(hold, 3.0))
    sweep = only(rig, Protocol("any", segments, n_sweeps=1, hold_mV=hold, fs_kHz=fs))
    assert np.isfinite(sweep.values).all()
    for name, row in zip(sweep.names, sweep.values, strict=True):
        if name.startswith(("p_open_", "gate_")):
            assert row.min() >= 0.0, name
            assert row.max() <= 1.0, name


@settings(max_examples=20)
@given(level=st.floats(-150.0, 100.0), fs=st.floats(5.0, 200.0))
def test_twice_the_conductance_is_exactly_twice_the_current(level: float, fs: float) -> None:
    segments = (Hold(1.0), Step(level, 3.0), Ramp(-80.0, 3.0))
    protocol = Protocol("any", segments, n_sweeps=1, hold_mV=-80.0, fs_kHz=fs)
    once, twice = only(IDEAL, protocol), only(with_factor(IDEAL, "na", 2.0), protocol)
    assert np.array_equal(2.0 * once["i_na_pA"], twice["i_na_pA"])
    assert np.array_equal(once["i_k_pA"], twice["i_k_pA"])


@pytest.mark.parametrize("cell", ["squid-axon", "k-membrane"])
def test_a_channel_passes_no_current_at_its_reversal_potential(cell: str) -> None:
    rig = load_rig(paths.CELLS / f"{cell}.toml")
    for channel in rig.cell.channels:
        e_mV = channel.reversal_mV(rig.solutions)
        current = only(rig, step(e_mV))[f"i_{channel.name}_pA"][50:]
        assert np.all(current == 0.0)
        above, below = (only(rig, step(e_mV + d))[f"i_{channel.name}_pA"][-1] for d in (1.0, -1.0))
        assert below < 0.0 < above


def test_the_total_is_the_sum_of_the_channels() -> None:
    ideal = only(IDEAL, mixed(segments=(Hold(1.0), Step(0.0, 5.0)), n_sweeps=1))
    na, k, leak = (ideal[f"i_{name}_pA"] for name in ("na", "k", "leak"))
    assert np.array_equal(ideal["i_pA"], na + k + leak)


def test_a_ramp_adds_the_capacitive_current() -> None:
    ramp = Protocol("ramp", (Ramp(20.0, 50.0),), n_sweeps=1, hold_mV=-80.0)
    sweep = only(replace(IDEAL, cell=replace(IDEAL.cell, cm_pF=20.0)), ramp)
    ionic = sweep["i_na_pA"] + sweep["i_k_pA"] + sweep["i_leak_pA"]
    assert sweep["i_pA"] - ionic == pytest.approx(20.0 * 100.0 / 50.0)  # C dV/dt = 20 pF * 2 mV/ms


@pytest.mark.parametrize("level", [-120.0, -20.0, 40.0])
def test_what_the_amplifier_gives_beyond_the_ionic_current_charges_the_membrane(level: float) -> None:
    sweep = only(RESISTIVE, step(level, ms=6.0, fs_kHz=200.0))
    stepped = slice(200, None)
    ionic = sum(sweep[f"i_{name}_pA"][stepped] for name in ("na", "k", "leak"))
    charge_fC = simpson(sweep["i_pA"][stepped] - ionic, dx=1 / 200.0)
    v_mV = sweep["v_mV"][stepped]
    assert charge_fC == pytest.approx(20.0 * (v_mV[-1] - v_mV[0]), rel=1e-5)


def test_a_passive_membrane_charges_through_the_series_resistance_as_one_exponential() -> None:
    # Rs = 10 MΩ, Rm = 500 MΩ, Cm = 20 pF: tau = (Rs ∥ Rm) Cm = 196.078 µs, peak 1000 pA,
    # steady 19.608 pA for 10 mV (targets V1 to V5)
    leak = replace(IDEAL.cell.channels[2], g_nS=2.0, pore=replace(IDEAL.cell.channels[2].pore, e_mV=0.0))
    rig = Rig(replace(IDEAL.cell, cm_pF=20.0, channels=(leak,)), IDEAL.solutions, Amplifier(rs_MOhm=10.0))
    sweep = only(rig, step(10.0, hold_mV=0.0, fs_kHz=100.0))
    t = np.arange(500) / 100.0
    expected = 19.607843137254903 + (1000.0 - 19.607843137254903) * np.exp(-t / 0.19607843137254902)
    assert sweep["i_pA"][100:] == pytest.approx(expected, abs=1e-3)
    assert sweep["v_mV"][-1] == pytest.approx(9.803921568627452, abs=1e-5)


def test_a_small_series_resistance_approaches_the_ideal_clamp() -> None:
    protocol, late = step(-20.0), slice(65, None)  # from 0.3 ms after the step on
    ideal = only(IDEAL, protocol)
    voltage, current = [], []
    for rs_MOhm in (1.0, 0.1, 0.01):
        sweep = only(with_rs(IDEAL, rs_MOhm), protocol)
        voltage.append(np.abs(sweep["v_mV"] - ideal["v_mV"])[late].max())
        current.append(np.abs(sweep["i_na_pA"] - ideal["i_na_pA"])[late].max())
    assert np.all(np.diff(np.log10(voltage)) < -0.9)
    assert np.all(np.diff(np.log10(current)) < -0.9)
    assert voltage[-1] < 0.02


def test_the_series_resistance_solution_is_of_second_order_or_better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "TOLERANCE_mV", 1e-12)
    monkeypatch.setattr(tables, "MOST_LEVELS", 3)  # one step a sample and two, whatever the membrane does

    def voltage(fs_kHz: float) -> np.ndarray:
        v_mV = only(RESISTIVE, step(0.0, fs_kHz=fs_kHz))["v_mV"]
        return v_mV[int(fs_kHz) :: int(fs_kHz // 25)]

    exact = voltage(1000.0)
    errors = [np.abs(voltage(fs) - exact).max() for fs in (25.0, 50.0, 100.0, 200.0)]
    ratios = np.divide(errors[:-1], errors[1:])
    assert np.all(ratios > 4.0), errors
    assert errors[-1] < 1e-3


# ---- how a run ends


def drain(events: Iterator[Event]) -> tuple[list[Sweep], Finished]:
    """The sweeps and the last word of a run; checks that it has one header and one end."""
    seen = list(events)
    assert isinstance(seen[0], Header)
    assert sum(isinstance(event, Header | Finished) for event in seen) == 2
    assert isinstance(seen[-1], Finished)
    return [event for event in seen if isinstance(event, Sweep)], seen[-1]


def test_a_run_that_is_not_disturbed_is_completed() -> None:
    sweeps, finished = drain(run(IDEAL, mixed()))
    assert [sweep.index for sweep in sweeps] == [0, 1, 2]
    assert finished == Finished("completed")


@pytest.mark.parametrize("after", [1, 2, 60, 100])
def test_a_stopped_run_keeps_its_finished_sweeps_only(after: int) -> None:
    inbox = Inbox(0.2)

    def events() -> Iterator[Event]:
        n_chunks = 0
        for event in run(IDEAL, mixed(), inbox=inbox):
            yield event
            n_chunks += isinstance(event, Chunk)
            if n_chunks == after:
                inbox.stop()

    sweeps, finished = drain(events())
    whole = record(IDEAL, mixed()).sweeps
    assert finished.reason == "stopped"
    assert finished.message == f"stopped in sweep {len(sweeps) + 1}"
    assert len(sweeps) < 3
    assert all(np.array_equal(a.values, b.values) for a, b in zip(sweeps, whole, strict=False))


def test_a_run_stopped_before_it_starts_has_no_sweeps() -> None:
    inbox = Inbox()
    inbox.stop()
    sweeps, finished = drain(run(IDEAL, mixed(), inbox=inbox))
    assert not sweeps
    assert finished.reason == "stopped"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (VClampError("no voltage", where="here", remedy="Plug it in."), "here: no voltage. Plug it in."),
        (ZeroDivisionError("by zero"), "internal error: ZeroDivisionError: by zero"),
        (MemoryError(), "internal error: MemoryError: "),
    ],
)
def test_whatever_breaks_a_run_its_last_word_says_so(
    error: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(Simulation, "play", broken)
    assert drain(run(IDEAL, mixed())) == ([], Finished("failed", message))
    with pytest.raises(VClampError) as caught:
        record(IDEAL, mixed())
    assert str(caught.value).startswith(message)


def test_channels_cannot_come_or_go_while_a_sweep_runs() -> None:
    inbox = Inbox()
    inbox.put(replace(IDEAL, cell=replace(IDEAL.cell, channels=IDEAL.cell.channels[1:])))
    sweeps, finished = drain(run(IDEAL, mixed(), inbox=inbox))
    assert not sweeps
    assert finished.reason == "failed"
    assert "channels, the circuit and the recording chain cannot come or go while a sweep runs" in finished.message
    assert "Stop the run first." in finished.message


def test_a_run_too_large_for_memory_is_refused_before_anything_is_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = Protocol("huge", (Step(0.0, 1e5),), n_sweeps=10_000, hold_mV=-80.0, fs_kHz=1000.0)
    with pytest.raises(VClampError, match=r"^huge: 1,000,000,000,000 samples would take .* GB\. At most 2 GB"):
        check_size(IDEAL, huge)
    monkeypatch.setattr(runner, "Simulation", None)
    sweeps, finished = drain(run(IDEAL, huge))
    assert not sweeps
    assert finished.reason == "failed"
    assert "GB" in finished.message


def test_the_sentence_about_a_run_that_is_too_large_counts_its_repeats() -> None:
    often = replace(mixed(), series=Series(repeats=1000), fs_kHz=1000.0)
    n_samples = 1000 * sum(map(often.n_samples, range(3)))
    with pytest.raises(VClampError, match=rf"^mixed: {n_samples:,} samples would take 2\.\d GB\."):
        check_size(IDEAL, often)
