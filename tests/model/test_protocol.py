"""A protocol commands, sample by sample, what it says."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vclamp.errors import VClampError
from vclamp.model.protocol import Hold, Ladder, Mark, Protocol, Ramp, Segment, Step


def protocol(*segments: Segment, **changes: Any) -> Protocol:
    """Three sweeps at 1 kHz, where a sample is a millisecond, from -80 mV."""
    return replace(Protocol("test", segments, n_sweeps=3, hold_mV=-80.0, fs_kHz=1.0), **changes)


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
    ],
)
def test_what_cannot_be_commanded_is_refused(made: tuple[Segment, ...], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(VClampError) as caught:
        Protocol(**{"name": "bad", "segments": made, "n_sweeps": 3, "hold_mV": -80.0, "fs_kHz": 1.0, **changes})
    assert said in str(caught.value)
    assert caught.value.remedy


def test_a_command_is_made_of_float64() -> None:
    assert protocol(Step(0, 2)).command_mV(0).dtype == np.float64
