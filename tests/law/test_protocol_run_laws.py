"""What is played beside the sweeps: legs of leak subtraction, conditioning pulses, averages, repeats, orders."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from vclamp import paths
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.files import load_rig
from vclamp.model.protocol import (
    Conditioning,
    Hold,
    Ladder,
    Leak,
    Noise,
    Protocol,
    Ramp,
    Segment,
    Series,
    Sine,
    Step,
    Train,
    Waveform,
)
from vclamp.model.record import Chunk, Header, Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.run.runner import Inbox, record, replay, run

AXON = load_rig(paths.CELLS / "squid-axon.toml")
REALISTIC = load_rig(paths.CELLS / "realistic-rig.toml")
MODEL_CELL = load_rig(paths.CELLS / "model-cell-mc9.toml")
FAMILY = (Hold(2.0), Step(Ladder(-100.0, 30.0), 8.0), Hold(2.0))


def protocol(*segments: Segment, **others: object) -> Protocol:
    return Protocol(**{"name": "p", "segments": segments, "n_sweeps": 0, "hold_mV": -80.0, **others})  # type: ignore[arg-type]


def noisy(rig: Rig) -> Rig:
    return replace(rig, amplifier=Amplifier(recorder=Recorder(on=True, filter_kHz=0.0, bits=0, seal_GOhm=0.5)))


def same(one: Recording, other: Recording) -> bool:
    return all(np.array_equal(a.values, b.values) for a, b in zip(one.sweeps, other.sweeps, strict=True))


# ---- leak subtraction


@pytest.mark.parametrize(
    "leak", [Leak(4), Leak(8, polarity="same"), Leak(4, divisor=10.0, hold_mV=-100.0, when="after")]
)
@pytest.mark.parametrize("rs_MOhm", [0.0, 10.0])
def test_leak_subtraction_leaves_nothing_of_a_linear_cell(leak: Leak, rs_MOhm: float) -> None:
    rig, leak = replace(MODEL_CELL, amplifier=Amplifier(rs_MOhm=rs_MOhm)), replace(leak, gap_ms=50.0)
    for sweep in record(rig, protocol(*FAMILY, n_sweeps=6, leak=leak)).sweeps:
        assert np.abs(sweep["i_subtracted_pA"]).max() < 2e-6 * max(1.0, np.ptp(sweep["i_pA"]))


def test_each_leg_is_the_command_scaled_about_its_own_holding() -> None:
    leaky = record(MODEL_CELL, protocol(*FAMILY, n_sweeps=2, leak=Leak(2, divisor=5.0, hold_mV=-120.0))).sweeps[1]
    step_mV = -70.0 - -80.0
    by_hand = record(MODEL_CELL, protocol(Hold(2.0), Step(-120.0 - step_mV / 5.0, 8.0), Hold(2.0), hold_mV=-120.0))
    for leg in (1, 2):
        assert leaky[f"i_leg_{leg}_pA"] == pytest.approx(by_hand.sweeps[0]["i_pA"], abs=1e-4)  # it settles for 100 ms


@pytest.mark.parametrize("n", [1, 4, 8])
def test_leak_subtraction_makes_noise_grow_by_the_root_of_one_plus_n(n: int) -> None:
    recording = record(noisy(MODEL_CELL), protocol(Hold(1.0), Step(-80.0, 400.0), leak=Leak(n)), seed=4)
    kept = slice(100, None)
    found = np.std(recording.sweeps[0]["i_subtracted_pA"][kept]) / np.std(recording.sweeps[0]["i_pA"][kept])
    assert found == pytest.approx(sqrt(1 + n), rel=4.0 / sqrt(20_000))


def test_a_leg_that_crosses_activation_leaves_a_residue_that_one_on_the_other_side_does_not() -> None:
    def error(leak: Leak) -> float:
        steps = (Hold(2.0), Step(40.0, 20.0), Hold(2.0))
        sweep = record(AXON, protocol(*steps, leak=leak, hold_mV=-90.0)).sweeps[0]
        ionic_pA = sweep["i_k_pA"] + sweep["i_na_pA"]
        return float(np.abs(sweep["i_subtracted_pA"] - (ionic_pA - ionic_pA[0]))[-200:-110].max() / np.ptp(ionic_pA))

    assert error(Leak(4, polarity="opposite")) < 1e-3
    assert error(Leak(2, polarity="same", hold_mV=-60.0)) > 0.02


# ---- conditioning, averages


def test_conditioning_pulses_leave_the_cell_where_recorded_ones_do() -> None:
    pulses = Conditioning(3, level_mV=0.0, level_ms=4.0, baseline_mV=-80.0, baseline_ms=6.0, post_mV=-70.0, post_ms=3.0)
    unseen = record(AXON, protocol(Step(0.0, 5.0), conditioning=pulses)).sweeps[0]
    once = (Step(-80.0, 6.0), Step(0.0, 4.0))
    seen = record(AXON, protocol(*once * 3, Step(-70.0, 3.0), Step(0.0, 5.0))).sweeps[0]
    assert unseen.values == pytest.approx(seen.values[:, -unseen.values.shape[1] :], rel=1e-9, abs=1e-9)


def test_averages_quiet_the_noise_by_their_root() -> None:
    quiet = record(noisy(MODEL_CELL), protocol(Step(-80.0, 400.0), series=Series(averages=16)), seed=2).sweeps[0]
    loud = record(noisy(MODEL_CELL), protocol(Step(-80.0, 400.0)), seed=2).sweeps[0]
    assert np.std(loud["i_pA"]) / np.std(quiet["i_pA"]) == pytest.approx(4.0, rel=4.0 / sqrt(20_000))


# ---- the order of sweeps


@pytest.mark.parametrize("order", ["reverse", "interleaved", "alternate", "random"])
def test_rested_sweeps_are_the_same_in_any_order(order: str) -> None:
    forward = record(AXON, protocol(*FAMILY, n_sweeps=7)).sweeps
    mixed = protocol(*FAMILY, n_sweeps=7, series=Series(order, seed=5))  # type: ignore[arg-type]
    rungs = [mixed.rung(k) for k in range(7)]
    assert sorted(rungs) == list(range(7)) != rungs
    for sweep in record(AXON, mixed).sweeps:
        assert np.array_equal(sweep.values, forward[rungs[sweep.index]].values)


def test_a_series_is_recorded_as_often_as_it_is_repeated() -> None:
    thrice = record(AXON, protocol(*FAMILY, n_sweeps=4, series=Series("reverse", repeats=3))).sweeps
    assert [sweep.index for sweep in thrice] == list(range(12))
    assert all(np.array_equal(thrice[k].values, thrice[k + 4].values) for k in range(8))


def test_between_sweeps_the_cell_is_held_where_the_series_says() -> None:
    ends_high = (Hold(1.0), Step(-20.0, 5.0))

    def n_at_start(where: str) -> float:
        series = Series(level_between=where)  # type: ignore[arg-type]
        long = protocol(*ends_high, n_sweeps=2, between="interval", interval_ms=500.0, series=series)
        return float(record(AXON, long).sweeps[1]["gate_k_n"][0])

    def n_inf(v_mV: float) -> float:  # Hodgkin & Huxley 1952, rest at −65 mV
        alpha, beta = (
            0.01 * (v_mV + 55.0) / (1.0 - np.exp(-(v_mV + 55.0) / 10.0)),
            0.125 * np.exp(-(v_mV + 65.0) / 80.0),
        )
        return float(alpha / (alpha + beta))

    assert n_at_start("holding") == pytest.approx(n_inf(-80.0), rel=1e-6)
    assert n_at_start("last") == pytest.approx(n_inf(-20.0), rel=1e-6)


# ---- whatever is played replays bit for bit


@pytest.mark.parametrize("rig", [AXON, REALISTIC], ids=["ideal", "realistic"])
@pytest.mark.parametrize(
    "made",
    [
        protocol(*FAMILY, n_sweeps=3, leak=Leak(3), series=Series("random", 1, repeats=2)),
        protocol(*FAMILY, n_sweeps=2, leak=Leak(2, when="after"), between="interval", interval_ms=400.0),
        protocol(*FAMILY, n_sweeps=2, series=Series(averages=3), conditioning=Conditioning(2, 0.0, 2.0, -80.0, 3.0)),
        protocol(Hold(1.0), Train(8.0, 2.0, 1.0, level_mV=0.0), Train(8.0, 4.0, 1.0, level_mV=0.0, shape="triangle")),
        protocol(Sine(6.0, 300.0, amplitude_mV=20.0), Noise(6.0, sd_mV=10.0), Waveform(0.3, (-80.0, 20.0, -60.0))),
        protocol(
            *(Hold(1.0), Ramp(20.0, 5.0)), n_sweeps=2, series=Series(level_between="last"),
            between="interval", interval_ms=9.0,
        ),
    ],
)  # fmt: skip
def test_a_run_replays_in_chunks_of_any_size(rig: Rig, made: Protocol) -> None:
    first = record(rig, made, seed=3)
    assert same(first, replay(first))
    assert same(first, record(rig, made, seed=3, inbox=Inbox(0.7)))


def test_a_change_while_legs_are_played_replays() -> None:
    class Hand(Inbox):
        def take(self, sweep: int, sample: int) -> Rig | None:
            return replace(AXON, solutions=replace(AXON.solutions, temperature_K=284.0 + sweep)) if sample else None

    made = protocol(*FAMILY, n_sweeps=3, leak=Leak(2), series=Series(averages=2))
    first = record(AXON, made, inbox=Hand(3.0))
    assert [change.sample for change in first.sweeps[1].changes] == [150]
    assert same(first, replay(first))


@pytest.mark.parametrize("between", ["rested", "interval"])
@pytest.mark.parametrize("chunk", [1, 3, 4, 5])
def test_a_change_while_a_sweep_is_averaged_waits_for_the_next_one_and_replays(between: str, chunk: int) -> None:
    warmer = replace(AXON, solutions=replace(AXON.solutions, temperature_K=290.0))
    made = protocol(Hold(1.0), Step(0.0, 5.0), n_sweeps=2, series=Series(averages=2), between=between)
    inbox, sweeps, chunks = Inbox(2.0), [], 0
    for event in run(AXON, made, inbox=inbox):
        chunks += isinstance(event, Chunk)
        if isinstance(event, Chunk) and chunks == chunk:
            inbox.put(warmer)
        if isinstance(event, Sweep):
            sweeps.append(event)
    first = Recording(Header(AXON, made, 0, ""), tuple(sweeps))
    changes = [(change.sweep, change.sample) for sweep in sweeps for change in sweep.changes]
    assert changes == [(0, 100) if chunk == 1 else (1, 0)]  # three chunks are one of the two recordings
    assert same(first, replay(first))
