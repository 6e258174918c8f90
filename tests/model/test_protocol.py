"""A protocol commands, sample by sample, what it says."""

import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vclamp.errors import VClampError
from vclamp.model.edit import with_value
from vclamp.model.files import from_data, from_json, load_protocol, to_data, to_json, to_toml
from vclamp.model.protocol import (
    Conditioning,
    CurrentRamp,
    CurrentStep,
    Hold,
    Ladder,
    Leak,
    Mark,
    MembraneTest,
    Noise,
    Opens,
    Protocol,
    Ramp,
    Segment,
    Series,
    Sine,
    Step,
    Train,
    Waveform,
)


def protocol(*segments: Segment, **changes: Any) -> Protocol:
    """Three sweeps at 1 kHz, where a sample is a millisecond, from -80 mV."""
    return Protocol(**{"name": "test", "segments": segments, "n_sweeps": 3, "hold_mV": -80.0, "fs_kHz": 1.0, **changes})


# ---- rendering


def test_hold_and_step() -> None:
    command = protocol(Hold(2.0), Step(0.0, 3.0), Hold(1.0)).command_mV(0)
    assert command.tolist() == [-80, -80, 0, 0, 0, -80]


def test_a_ladder_adds_its_step_in_each_sweep() -> None:
    family = protocol(Hold(1.0), Step(Ladder(-20.0, 15.0), 2.0))
    assert [family.command_mV(k).tolist() for k in range(3)] == [[-80, -20, -20], [-80, -5, -5], [-80, 10, 10]]


def test_a_list_gives_each_sweep_its_own_value() -> None:
    family = protocol(Step((10.0, -30.0, 5.0), (1.0, 3.0, 2.0)))
    assert [family.command_mV(k).tolist() for k in range(3)] == [[10], [-30, -30, -30], [5, 5]]
    assert [family.n_samples(k) for k in range(3)] == [1, 3, 2]


def test_a_ramp_starts_where_the_command_is_and_would_reach_its_end_at_the_next_sample() -> None:
    ramp = protocol(Step(-40.0, 2.0), Ramp(0.0, 4.0), Hold(1.0))
    assert ramp.command_mV(0).tolist() == [-40, -40, -40, -30, -20, -10, -80]


def test_a_first_ramp_starts_from_holding() -> None:
    assert protocol(Ramp(-40.0, 4.0)).command_mV(0).tolist() == [-80, -70, -60, -50]


def test_a_ramp_may_start_anywhere_and_all_its_numbers_may_vary() -> None:
    ramp = protocol(Ramp(Ladder(0.0, 10.0), from_mV=(10.0, 20.0, 30.0), duration_ms=Ladder(1.0, 1.0)))
    assert [ramp.command_mV(k).tolist() for k in range(3)] == [[10], [20, 15], [30, 30 - 10 / 3, 30 - 20 / 3]]


def test_two_ramps_join() -> None:
    triangle = protocol(Ramp(-76.0, 2.0), Ramp(-80.0, 2.0))
    assert triangle.command_mV(0).tolist() == [-80, -78, -76, -78]


def test_borders_fall_on_the_nearest_sample_of_the_summed_time() -> None:
    many = protocol(*[Step(float(k), 1.3) for k in range(10)])
    assert [s.last for s in many.stretches(0)] == [1, 3, 4, 5, 6, 8, 9, 10, 12, 13]
    assert many.command_mV(0).tolist() == [0, 1, 1, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9]


def test_a_sampling_rate_that_does_not_divide_the_times_keeps_their_sum() -> None:
    thirds = Protocol("thirds", (Hold(1.0), Step(0.0, 1.0), Hold(1.0)), n_sweeps=1, hold_mV=-80.0, fs_kHz=33.3)
    assert [s.last for s in thirds.stretches(0)] == [33, 67, 100]
    assert thirds.duration_ms(0) == pytest.approx(3.003, abs=1e-3)


durations = st.floats(0.6, 50.0)
levels = st.floats(-250.0, 250.0)
segments = st.one_of(
    st.builds(Hold, durations), st.builds(Step, levels, durations), st.builds(Ramp, levels, durations, levels)
)


@given(st.lists(segments, min_size=1, max_size=8), st.floats(2.0, 100.0))
def test_stretches_follow_one_another_and_the_command_stays_within_its_ends(made: list[Segment], fs: float) -> None:
    some = Protocol("some", tuple(made), n_sweeps=1, hold_mV=-80.0, fs_kHz=fs)
    stretches = some.stretches(0)
    assert stretches[0].first == 0
    assert all(a.last == b.first for a, b in pairwise(stretches))
    total_ms = sum(segment.duration_ms for segment in made)  # type: ignore[misc]
    assert some.n_samples(0) == pytest.approx(total_ms * fs, abs=0.51)
    command = some.command_mV(0)
    for s in stretches:
        part = command[s.first : s.last]
        low, high = sorted((s.start_mV, s.end_mV))
        assert low - 1e-9 <= part.min() <= part.max() <= high + 1e-9
        assert part[0] == s.start_mV


# ---- ladders


@pytest.mark.parametrize(
    ("ladder", "values"),
    [
        (Ladder(0.0, 0.1, stop=0.3), [0.0, 0.1, 0.2, 0.3]),  # 0.3/0.1 is a little below 3
        (Ladder(0.0, 0.1, stop=0.7), [k / 10 for k in range(8)]),
        (Ladder(-120.0, 10.0, stop=60.0), list(range(-120, 61, 10))),
        (Ladder(60.0, -30.0, stop=-60.0), [60, 30, 0, -30, -60]),
        (Ladder(5.0, 3.0, stop=5.0), [5]),
        (Ladder(1.0, factor=10.0, stop=1000.0), [1, 10, 100, 1000]),  # log(1000)/log(10) is a little below 3
        (Ladder(0.5, factor=2.0, stop=64.0), [0.5, 1, 2, 4, 8, 16, 32, 64]),
        (Ladder(8.0, factor=0.5, stop=1.0), [8, 4, 2, 1]),
        (Ladder(-1.0, factor=3.0, stop=-9.0), [-1, -3, -9]),
    ],
)
def test_a_ladder_has_as_many_rungs_as_whole_steps_reach_its_stop(ladder: Ladder, values: list[float]) -> None:
    assert ladder.count == len(values)
    assert [ladder.value(k, len(values)) for k in range(len(values))] == pytest.approx(values, abs=1e-12)


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**5), st.integers(0, 9_999))
def test_rungs_are_counted_in_whole_numbers(start: int, step: int, steps: int) -> None:
    assert Ladder(start / 1000, step / 1000, stop=(start + steps * step) / 1000).count == steps + 1


def test_a_stop_alone_spreads_the_sweeps_evenly() -> None:
    assert [protocol(Step(Ladder(-60.0, stop=30.0), 1.0), n_sweeps=4).command_mV(k)[0] for k in range(4)] == [
        -60, -30, 0, 30,
    ]  # fmt: skip
    assert protocol(Step(Ladder(-60.0, stop=30.0), 1.0), n_sweeps=1).command_mV(0)[0] == -60


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"start": 0.0, "step": 0.1, "stop": 0.35}, "a ladder from 0 does not reach 0.35 in whole steps"),
        ({"start": 0.0, "step": 1.0, "stop": -3.0}, "does not reach -3 in whole steps"),
        ({"start": 1.0, "factor": 2.0, "stop": 7.0}, "does not reach 7 in whole steps"),
        ({"start": 1.0, "factor": 2.0, "stop": -8.0}, "does not reach -8 in whole steps"),
        ({"start": 1.0, "factor": 2.0, "stop": 0.5}, "does not reach 0.5 in whole steps"),
        ({"start": 1.0, "factor": 2.0, "stop": 0.0}, "does not reach 0 in whole steps"),
        ({"start": 0.0, "step": 1.0, "stop": float("nan")}, "does not reach nan in whole steps"),
        ({"start": 1.0, "step": 1.0, "factor": 2.0}, "a ladder has both a step and a factor"),
        ({"start": 0.0, "factor": 2.0}, "a ladder with a factor starts at 0"),
    ],
)
def test_a_ladder_that_means_nothing_is_refused(given: dict[str, float], said: str) -> None:
    with pytest.raises(VClampError) as caught:
        Ladder(**given)
    assert said in str(caught.value)
    assert caught.value.remedy


def test_ladders_and_lists_say_how_many_sweeps_there_are() -> None:
    assert protocol(Hold(1.0), n_sweeps=0).n_sweeps == 1
    assert protocol(Step(Ladder(0.0, 0.1, stop=0.3), 1.0), n_sweeps=0).n_sweeps == 4
    assert protocol(Hold((1.0, 2.0)), Step(Ladder(0.0, 10.0), 1.0), n_sweeps=0).n_sweeps == 2
    both = protocol(Step(Ladder(0.0, 10.0, stop=20.0), Ladder(1.0, factor=2.0, stop=4.0)), n_sweeps=0)
    assert [both.command_mV(k).tolist() for k in range(3)] == [[0], [10, 10], [20, 20, 20, 20]]


# ---- orders

ORDERS = {
    "forward": [0, 1, 2, 3, 4],
    "reverse": [4, 3, 2, 1, 0],
    "interleaved": [0, 2, 4, 1, 3],
    "alternate": [0, 4, 1, 3, 2],
}


@pytest.mark.parametrize("order", ORDERS)
def test_sweeps_come_in_their_order_again_and_again(order: Any) -> None:
    family = protocol(Step(Ladder(0.0, 10.0), 1.0), n_sweeps=5, series=Series(order=order, repeats=2))
    assert family.total_sweeps == 10
    assert [family.rung(k) for k in range(10)] == 2 * ORDERS[order]
    assert [family.command_mV(k)[0] for k in range(10)] == [10.0 * rung for rung in 2 * ORDERS[order]]


def test_a_random_order_is_a_permutation_that_its_seed_repeats() -> None:
    def order(seed: int) -> list[int]:
        family = protocol(Step(Ladder(0.0, 1.0), 1.0), n_sweeps=50, series=Series("random", seed))
        return [family.rung(k) for k in range(50)]

    assert sorted(order(1)) == list(range(50))
    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1) != list(range(50))


def test_a_mark_and_a_duration_follow_the_order() -> None:
    moving = protocol(
        Hold(Ladder(1.0, 2.0)), Step(0.0, 3.0, name="late"), marks=(Mark("m", "late"),), series=Series("reverse")
    )  # fmt: skip
    assert [moving.window("m", k) for k in range(3)] == [(5, 8), (3, 6), (1, 4)]
    assert [moving.n_samples(k) for k in range(3)] == [8, 6, 4]


# ---- what is played beside the sweeps


def test_legs_are_small_copies_of_the_command_from_their_own_holding() -> None:
    family = protocol(Hold(1.0), Step(Ladder(-60.0, 20.0), 2.0), Ramp(-80.0, 2.0), leak=Leak(4, hold_mV=-100.0))
    assert family.leg(1).command_mV.tolist() == [-100, -110, -110, -110, -105]
    same = replace(family, leak=Leak(4, polarity="same"))
    assert same.leg(1).command_mV.tolist() == [-80, -70, -70, -70, -75]
    eighth = replace(family, leak=Leak(4, divisor=8.0, polarity="same"))
    assert eighth.leg(1).command_mV.tolist() == [-80, -75, -75, -75, -77.5]


def test_without_leak_subtraction_a_leg_is_the_sweep() -> None:
    plain = protocol(Step(0.0, 2.0))
    assert plain.leg(0) is plain.course(0)
    assert plain.leg_hold_mV == -80.0
    assert not plain.plays_more


def test_conditioning_is_a_train_and_a_wait() -> None:
    beside = Conditioning(2, level_mV=0.0, level_ms=5.0, baseline_mV=-90.0, baseline_ms=3.0, post_mV=-70.0, post_ms=4.0)
    assert beside.steps == ((-90.0, 3.0), (0.0, 5.0), (-90.0, 3.0), (0.0, 5.0), (-70.0, 4.0))
    assert Conditioning(2, level_mV=0.0, level_ms=5.0, baseline_mV=-90.0).steps == ((0.0, 5.0), (0.0, 5.0))
    assert Conditioning(1, 0.0, 5.0, -90.0, post_ms=4.0).steps == ((0.0, 5.0), (-90.0, 4.0))


@pytest.mark.parametrize(
    ("hold_ms", "interval_ms", "more"),
    [(30.0, 30.0, {"fs_kHz": 0.7}), (0.1, 1.0, {"fs_kHz": 10.0, "leak": Leak(n=7, settle_ms=0.1)})],
)
def test_sweeps_may_follow_one_another_at_once_whatever_the_rounding(
    hold_ms: float, interval_ms: float, more: dict[str, Any]
) -> None:
    """21 samples at 0.7 kHz are 30.000000000000004 ms, as numbers are added up here."""
    protocol = Protocol("tight", (Hold(hold_ms),), 2, -80.0, interval_ms=interval_ms, **more)
    assert protocol.period_ms(0) == pytest.approx(interval_ms)
    with pytest.raises(VClampError, match="is shorter than sweep 1"):
        replace(protocol, interval_ms=0.999 * interval_ms)


def test_a_sweep_takes_as_long_as_all_that_is_played_for_it() -> None:
    plain = protocol(Step(0.0, 10.0))
    assert plain.period_ms(0) == 10
    assert replace(plain, series=Series(averages=3)).period_ms(0) == 30
    conditioned = replace(plain, conditioning=Conditioning(2, 0.0, 5.0, -90.0, post_ms=4.0))
    assert conditioned.period_ms(0) == 10 + 14
    assert replace(conditioned, series=Series(averages=3)).period_ms(0) == 3 * (10 + 14)  # each turn has its own
    legs = replace(plain, leak=Leak(4, settle_ms=20.0, gap_ms=2.0))
    assert legs.period_ms(0) == 10 + 4 * 10 + 3 * 2 + 2 * 20
    with pytest.raises(VClampError, match="interval_ms = 90 is shorter than sweep 1"):
        replace(legs, interval_ms=90.0)


def test_the_baseline_is_what_comes_before_the_command_changes() -> None:
    assert protocol(Hold(3.0), Step(0.0, 2.0)).baseline(0) == 3
    assert protocol(Hold(3.0), Step(-80.0, 2.0), Ramp(0.0, 2.0)).baseline(0) == 5
    assert protocol(Step(0.0, 2.0), Hold(1.0)).baseline(0) == 2
    assert protocol(Hold(3.0)).baseline(0) == 0
    assert protocol(Ramp(0.0, 3.0)).baseline(0) == 0


def test_a_sweep_ends_where_its_last_line_would() -> None:
    assert protocol(Step(0.0, 2.0), Ramp(40.0, 2.0)).last_mV(0) == 40
    assert protocol(Step(0.0, 2.0), Hold(1.0)).last_mV(0) == -80


# ---- marks


def marked(*marks: Mark, **changes: Any) -> Protocol:
    return protocol(Hold(5.0), Step(0.0, 10.0, name="test"), Hold(5.0), marks=marks, **changes)


@pytest.mark.parametrize(
    ("mark", "window"),
    [
        (Mark("m", "test"), (5, 15)),
        (Mark("m", "test", 2.0), (7, 15)),
        (Mark("m", "test", 2.0, 4.0), (7, 9)),
        (Mark("m", "test", 0.0, 1000.0), (5, 15)),
        (Mark("m", "test", 1000.0), (14, 15)),
        (Mark("m", "test", 2.0, 2.1), (7, 8)),
        (Mark("m", "test", 0.0, 0.1), (5, 6)),
        (Mark("m", "test", 1000.0, 2000.0), (14, 15)),
    ],
)
def test_a_mark_is_a_window_of_samples_within_its_segment(mark: Mark, window: tuple[int, int]) -> None:
    assert marked(mark).window("m", 0) == window


@given(st.floats(0.0, 30.0), st.floats(0.001, 30.0), st.floats(1.0, 100.0))
def test_a_mark_always_holds_a_sample(start: float, length: float, fs: float) -> None:
    some = marked(Mark("m", "test", start, start + length), fs_kHz=fs)
    first, last = some.window("m", 1)
    inside = some.stretches(1)[1]
    assert inside.first <= first < last <= inside.last


def test_a_mark_moves_with_its_segment() -> None:
    moving = protocol(
        Step(0.0, Ladder(1.0, 2.0)), Step(10.0, 3.0, name="late"), marks=(Mark("m", "late", 1.0, 2.0),)
    )  # fmt: skip
    assert [moving.window("m", k) for k in range(3)] == [(2, 3), (4, 5), (6, 7)]


def test_an_unknown_mark_is_refused() -> None:
    with pytest.raises(VClampError, match="protocol 'test' has no mark 'x'"):
        marked().window("x", 0)


def test_the_segment_that_varies_is_the_first_step_that_is_no_number() -> None:
    assert protocol(Hold(1.0), Step(0.0, 1.0), Step(Ladder(0.0, 1.0), 1.0)).varied_segment() == 2
    assert protocol(Step((0.0, 1.0, 2.0), 1.0)).varied_segment() == 0
    assert protocol(Hold(Ladder(1.0, 1.0)), Step(0.0, 1.0), Ramp(Ladder(0.0, 1.0), 1.0)).varied_segment() is None


# ---- what cannot be commanded


@pytest.mark.parametrize(
    ("made", "changes", "said"),
    [
        ((), {}, "the protocol has 0 segments"),
        ((Hold(1.0),) * 101, {}, "the protocol has 101 segments"),
        ((Step((1.0, 2.0), 1.0),), {}, "segments[0].level_mV lists 2 values for 3 sweeps"),
        ((Hold((1.0, 2.0, 3.0, 4.0)),), {}, "segments[0].duration_ms lists 4 values for 3 sweeps"),
        ((Ramp(0.0, 1.0, from_mV=(1.0,)),), {}, "segments[0].from_mV lists 1 values for 3 sweeps"),
        ((Step(Ladder(240.0, 10.0), 1.0),), {}, "segments[0] in sweep 3 goes beyond ±250 mV"),
        ((Step(Ladder(-260.0, 10.0), 1.0),), {}, "segments[0] in sweep 1 goes beyond ±250 mV"),
        ((Ramp(Ladder(-200.0, -30.0), 1.0),), {}, "segments[0] in sweep 3 goes beyond ±250 mV"),
        ((Hold(Ladder(4.0, -2.0)),), {}, "segments[0] has no duration in sweep 3"),
        ((Hold(1.0), Step(0.0, 0.1)), {}, "segments[1] in sweep 1 is shorter than one sample"),
        # in the middle: a list, and a ladder whose rounding falls together
        ((Hold((1.0, 0.001, 1.0)),), {}, "segments[0] in sweep 2 is shorter than one sample"),
        ((Hold(Ladder(1.2, 0.5)), Step(0.0, 0.6)), {}, "segments[1] in sweep 2 is shorter than one sample"),
        ((Hold((1.0, 60.0, 1.0)),), {"interval_ms": 50.0}, "interval_ms = 50 is shorter than sweep 2 (60 ms)"),
        ((Hold((1.0, 3e6, 1.0)),), {"fs_kHz": 1000.0}, "sweep 2 has 3,000,000,000 samples"),
        ((Hold(10.0),), {"interval_ms": 9.0}, "interval_ms = 9 is shorter than sweep 1 (10 ms)"),
        ((Hold(10.0),), {"marks": (Mark("m", "x"),)}, "mark 'm' is in segment 'x', which does not exist"),
        ((Hold(9.0, "x"),), {"marks": (Mark("m", "x", 2.0, 2.0),)}, "mark 'm' ends before it starts"),
        ((Hold(9.0, "x"), Hold(9.0, "x")), {}, "two segments are named 'x'. Rename one of them."),
        ((Hold(9.0, "x"),), {"marks": (Mark("m", "x"), Mark("m", "x"))}, "two marks are named 'm'"),
        # lists are extreme anywhere, relative ones beyond their own limits
        ((Step((0.0, 200.0, 0.0), 1.0, relative=True),), {"hold_mV": 80.0}, "segments[0] in sweep 2 goes beyond ±250"),
        ((Step(Ladder(1.0, factor=1e6), 1.0),), {"n_sweeps": 9999}, "segments[0] in sweep 2 goes beyond ±250 mV"),
        ((Hold(Ladder(1.0, factor=1e6)),), {"n_sweeps": 9999}, "sweep 3 has 1,000,000,000,000 samples"),
        ((Step(100.0, 1.0),), {"leak": Leak(1, hold_mV=-200.0)}, "segments[0] in the legs of sweep 1 goes beyond"),
        ((Step((), 1.0),), {"n_sweeps": 0}, "the number of sweeps is missing"),
        ((Step((), 1.0),), {}, "segments[0].level_mV lists 0 values for 3 sweeps"),
        ((Step(Ladder(0.0, 10.0), 1.0),), {"n_sweeps": 0}, "the number of sweeps is missing. Add n_sweeps, or give"),
        ((Step(Ladder(0.0, 10.0, stop=30.0), 1.0),), {}, "segments[0].level_mV lists 4 values for 3 sweeps"),
        ((Step(Ladder(0.0, 1e-7, stop=100.0), 1.0),), {"n_sweeps": 0}, "the ladders make 1000000001 sweeps. At most"),
        ((Step(Ladder(0.0, 1e-320, stop=100.0), 1.0),), {"n_sweeps": 0}, "sweeps. At most 10000 are allowed"),
        ((Step(Ladder(1.0, factor=1.0 + 1e-15, stop=9.0), 1.0),), {"n_sweeps": 0}, "sweeps. At most 10000 are allowed"),
        ((Hold(float("nan")),), {}, "segments[0] has no duration in sweep 1"),
        ((Hold(float("inf")),), {}, "sweep 1 has 1,000,000,000,000,000 samples"),
        ((Step(float("nan"), 1.0),), {}, "segments[0] in sweep 1 goes beyond ±250 mV"),
        ((Sine(864e6, 10.0, amplitude_mV=1.0),), {}, "sweep 1 has 864,000,000 samples"),  # ten days
        ((Sine(3e6, 10.0, amplitude_mV=1.0),), {}, "3,000,000 points must be drawn in a sweep. At most 2,000,000"),
        ((Noise(2e6, sd_mV=1.0),), {"n_sweeps": 10_000}, "2,000,000 points must be drawn in a sweep"),
        ((Train(9e6, 2.0, 1.0, level_mV=0.0),), {}, "13,500,000 points must be drawn in a sweep"),
    ],
)
def test_what_cannot_be_commanded_is_refused(made: tuple[Segment, ...], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(VClampError) as caught:
        Protocol(**{"name": "bad", "segments": made, "n_sweeps": 3, "hold_mV": -80.0, "fs_kHz": 1.0, **changes})
    assert said in str(caught.value)
    assert caught.value.remedy


def test_a_command_is_made_of_float64() -> None:
    assert protocol(Step(0, 2)).command_mV(0).dtype == np.float64


# ---- as text

EVERYTHING = Protocol(
    "everything",
    (
        Hold(Ladder(1.0, factor=2.0, stop=4.0), "begin", marker="light"),
        Step(Ladder(-60.0, 0.1), (1.0, 2.5, 3.0), "test", relative=True),
        Ramp((10.0, 20.0, 30.0), 2.0, from_mV=-20.0),
        CurrentStep(Ladder(-50.0, stop=50.0), 3.0),
        CurrentRamp(20.0, 3.0, from_pA=1.0),
        Train(20.0, Ladder(4.0, 1.0), 2.0, level_mV=0.0, base_mV=-70.0, shape="biphasic"),
        Train(20.0, 4.0, 2.0, level_pA=5.0, shape="cosine"),
        Sine(20.0, 50.0, amplitude_mV=(1.0, 2.0, 3.0), to_Hz=100.0, glide="log", phase_deg=30.0),
        Noise(5.0, sd_pA=3.0, every_ms=0.2, seed=2**53, frozen=True),
        Waveform(0.1, values_mV=(-80.0, 1 / 3, 0.1 + 0.2), scale=1.5, offset_mV=-0.25, name="spike"),
        MembraneTest(-5.0, 8.0),
    ),
    n_sweeps=3,
    hold_mV=-80.0,
    fs_kHz=33.3,
    interval_ms=2000.0,
    between="interval",
    marks=(Mark("peak", "test", 0.1, 0.9), Mark("all", "spike")),
    label="Everything · ±µ",
    note='Two\nlines with "quotes"',
    series=Series("random", 7, repeats=2, averages=3, first_delay_ms=10.0, level_between="last"),
    leak=Leak(4, 8.0, "same", -100.0, "after", 20.0, 5.0),
    conditioning=Conditioning(3, 0.0, 5.0, -90.0, 2.0, -70.0, 1.0),
    opens=Opens("squid-axon", ("iv",), ("family",)),
)


def test_a_protocol_reads_back_from_toml_and_json_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "everything.toml"
    file.write_text(to_toml(EVERYTHING), encoding="utf-8")
    for again in (load_protocol(file), from_json(Protocol, to_json(EVERYTHING), "here")):
        assert again == EVERYTHING
        assert [again.command_mV(k).tolist() for k in range(3)] == [EVERYTHING.command_mV(k).tolist() for k in range(3)]


def test_a_text_file_needs_no_number_of_sweeps_where_its_ladders_say_it(tmp_path: Path) -> None:
    file = tmp_path / "short.toml"
    file.write_text(
        'name = "short"\nhold_mV = -80.0\n[[segments]]\ntype = "step"\nduration_ms = 1.0\n'
        "level_mV = { start = 0.0, step = 0.1, stop = 0.3 }\n"
    )
    assert load_protocol(file).n_sweeps == 4


TEN_DAYS_MS, HUGE = 864e6, 10**9
HOSTILE: list[tuple[dict[str, Any], str]] = [
    ({"n_sweeps": HUGE}, "n_sweeps: 1000000000 is too large. It must be at most 10000."),
    ({"segments": [{"type": "hold", "duration_ms": TEN_DAYS_MS}]}, "duration_ms: 864000000.0 is too large"),
    ({"segments": [{"type": "hold", "duration_ms": float("nan")}]}, "duration_ms: is not a finite number"),
    ({"segments": [{"type": "step", "duration_ms": 1.0, "level_mV": {"start": 0.0, "step": 1e-9, "stop": 200.0}}],
      "n_sweeps": 0}, "the ladders make 200000000001 sweeps"),
    ({"segments": [{"type": "step", "duration_ms": 1.0, "level_mV": {"start": 0.0, "step": 1.0, "stop": 1.5}}]},
     "segments[0].level_mV: a ladder from 0 does not reach 1.5 in whole steps. Change its stop"),
    ({"segments": [{"type": "step", "duration_ms": 1.0, "level_mV": [1.0, "x"]}]}, "segments[0].level_mV[1]"),
    ({"segments": [{"type": "step", "duration_ms": 1.0, "level_mV": [0.0] * 100_000}]}, "lists 100000 values"),
    ({"segments": [{"type": "train", "duration_ms": 1.0, "period_ms": 1.0, "width_ms": 1.0}]},
     "segments[0]: a train needs either level_mV or level_pA. Give exactly one of them."),
    ({"segments": [{"type": "train", "duration_ms": 9.0, "period_ms": 1.0, "width_ms": 2.0, "level_mV": 0.0}]},
     "segments[0] has pulses of 100 samples every 50"),
    ({"segments": [{"type": "sine", "duration_ms": 3.6e7, "frequency_Hz": 1.0, "amplitude_mV": 1.0}],
      "n_sweeps": 10_000}, "sweep 1 has 1,800,000,000 samples"),
    ({"segments": [{"type": "noise", "duration_ms": 3.6e4, "sd_mV": 1.0}], "n_sweeps": 10_000},
     "1,800,000 points must be drawn in a sweep. At most 2,000,000 are allowed, 10,000,000 in all:"),
    ({"segments": [{"type": "sine", "duration_ms": 9.0, "frequency_Hz": 1e6, "amplitude_mV": 1.0}]},
     "frequency_Hz: 1000000.0 is too large"),
    ({"segments": [{"type": "waveform", "every_ms": 0.0, "values_mV": [0.0]}]}, "every_ms: 0.0 is too small"),
    ({"segments": [{"type": "waveform", "every_ms": 1.0, "values_mV": []}]}, "values_mV"),
    ({"segments": [{"type": "membrane-test", "duration_ms": 1.0}]}, "segments[0].step_mV: is missing. Add it."),
    ({"segments": [{"type": "sawtooth", "duration_ms": 1.0}]}, "type 'sawtooth' is unknown"),
    ({"leak": {"n": HUGE}}, "leak.n: 1000000000 is too large"),
    ({"leak": {"n": 4, "divisor": 0.5}}, "leak.divisor: 0.5 is too small"),
    ({"leak": {"n": 4, "polarity": "up"}}, "leak.polarity: \"up\" should be 'opposite' or 'same'"),
    ({"leak": {"pulses": 4}}, "leak.pulses: unknown key 'pulses'"),
    ({"conditioning": {"n": HUGE, "level_mV": 0.0, "level_ms": 1.0, "baseline_mV": 0.0}}, "conditioning.n: 1000000000"),
    ({"series": {"order": "sorted"}}, "series.order: \"sorted\" should be 'forward', "),
    ({"series": {"repeats": HUGE}}, "series.repeats: 1000000000 is too large"),
    ({"opens": {"cell": 3}}, "opens.cell: 3 should be a valid string"),
    ({"series": 3}, "series: 3 should be an object"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), HOSTILE, ids=[said[:40] for _, said in HOSTILE])
def test_a_hostile_value_is_told_in_a_sentence_at_once(changes: dict[str, Any], said: str) -> None:
    data = {"name": "bad", "hold_mV": -80.0, "n_sweeps": 3, "segments": [{"type": "hold", "duration_ms": 1.0}]}
    began = time.process_time()
    with pytest.raises(VClampError) as caught:
        from_data(Protocol, data | changes, "bad.toml")
    assert time.process_time() - began < 1.0
    assert said in str(caught.value)
    assert str(caught.value).startswith("bad.toml")
    assert len(str(caught.value)) < 300
    assert caught.value.remedy


def test_a_number_can_be_changed_by_its_path() -> None:
    changed = with_value(EVERYTHING, "segments.test.level_mV.step", 5.0, "--set")
    assert changed.segments[1].level_mV == Ladder(-60.0, 5.0)  # type: ignore[union-attr]
    assert to_data(with_value(EVERYTHING, "leak.n", 8, "--set"))["leak"]["n"] == 8
