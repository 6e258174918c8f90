"""A protocol edited as a table, and as text."""

from dataclasses import replace

import numpy as np
import pytest
from recordings import iv

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.files import load_protocol
from vclamp.model.ladder import Ladder
from vclamp.model.protocol import Hold, Protocol, Ramp, Sine, Step, Train
from vclamp.model.protocol_table import (
    actual,
    fresh,
    letter,
    level_at,
    moved,
    outline,
    retyped,
    retyped_in,
    with_changes,
    with_inserted,
    with_setting,
    with_sweeps,
    without,
)
from vclamp.model.protocol_text import (
    protocol_of_text,
    protocol_text,
    renamed_text,
    segments_of_text,
    segments_text,
)
from vclamp.model.segments import SEGMENTS

SHIPPED = sorted(paths.shipped(paths.PROTOCOLS).items())


def of(*segments: object, n_sweeps: int = 3) -> Protocol:
    return Protocol("made", segments, n_sweeps, -80.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "path"), SHIPPED, ids=[name for name, _ in SHIPPED])
def test_the_text_of_a_shipped_protocol_reads_back_equal(name: str, path: object) -> None:
    protocol = load_protocol(path)  # type: ignore[arg-type]
    assert protocol_of_text(protocol_text(protocol), "text") == protocol


@pytest.mark.parametrize("kind", SEGMENTS)
@pytest.mark.parametrize("currents", [False, True])
def test_a_fresh_segment_of_each_type_plays_and_reads_back_from_text(kind: str, currents: bool) -> None:
    protocol = of(fresh(kind, currents=currents))
    assert protocol.n_samples(0) > 0
    assert protocol_of_text(protocol_text(protocol), "text") == protocol
    assert segments_of_text(segments_text(protocol.segments), "text") == protocol.segments


@pytest.mark.parametrize("first", SEGMENTS)
@pytest.mark.parametrize("second", SEGMENTS)
def test_every_type_becomes_every_other_and_keeps_its_name_and_duration(first: str, second: str) -> None:
    segment = replace(fresh(first), name="test", marker="now", duration_ms=7.0)
    protocol = retyped_in(of(segment), 0, second)
    assert protocol.segments[0].type == second
    assert (protocol.segments[0].name, protocol.segments[0].marker) == ("test", "now")
    assert protocol.segments[0].duration_ms == 7.0


def test_a_step_that_becomes_a_ramp_ends_where_it_was_and_a_sine_does_not() -> None:
    ladder = Ladder(-60.0, step=10.0)
    assert retyped(Step(ladder, 5.0), "ramp").to_mV == ladder  # type: ignore[union-attr]
    assert retyped(Step(-60.0, 5.0), "sine").amplitude_mV == 10.0  # type: ignore[union-attr]
    assert retyped(Step(-60.0, 5.0), "current-step").level_pA == 100.0  # type: ignore[union-attr]


def test_a_train_asked_for_in_picoamperes_keeps_its_timing() -> None:
    train = Train(50.0, 5.0, 2.0, level_mV=0.0)
    found = retyped(train, "train", currents=True)
    assert isinstance(found, Train)
    assert (found.level_mV, found.level_pA is None, found.period_ms, found.width_ms) == (None, False, 5.0, 2.0)


def test_letters_go_on_after_z() -> None:
    assert [letter(number) for number in (0, 25, 26, 51, 52, 99)] == ["A", "Z", "AA", "AZ", "BA", "CV"]


def test_marks_follow_a_renamed_segment_and_go_with_a_deleted_one() -> None:
    renamed = with_changes(iv(), 1, {"name": "pulse"})
    assert {mark.segment for mark in renamed.marks} == {"pulse"}
    assert len(renamed.marks) == len(iv().marks) > 0
    assert with_changes(iv(), 1, {"name": ""}).marks == ()
    assert without(iv(), [1]).marks == ()
    assert without(iv(), [0]).marks == iv().marks


def test_the_last_segment_cannot_be_deleted() -> None:
    with pytest.raises(VClampError, match="at least one segment"):
        without(iv(), range(3))


def test_a_ladder_with_a_stop_follows_the_number_of_sweeps_and_sets_it() -> None:
    protocol = of(Step(Ladder(-60.0, step=20.0, stop=60.0), 5.0), n_sweeps=7)
    fewer = with_sweeps(protocol, 4)
    assert fewer.segments[0].level_mV == Ladder(-60.0, step=20.0, stop=0.0)  # type: ignore[union-attr]
    finer = with_changes(protocol, 0, {"level_mV": {"start": -60.0, "step": 10.0, "stop": 60.0}})
    assert finer.n_sweeps == 13
    listed = with_changes(protocol, 0, {"level_mV": [0.0, 10.0]})
    assert listed.n_sweeps == 2


def test_a_value_out_of_range_is_refused_with_its_segment() -> None:
    with pytest.raises(VClampError, match=r"B: level_mV: -300\.0 is too small"):
        with_changes(iv(), 1, {"level_mV": -300.0})
    with pytest.raises(VClampError, match=r"beyond ±250 mV"):
        with_changes(iv(), 1, {"level_mV": {"start": -80.0, "step": 40.0}})


def test_pasted_segments_get_names_of_their_own() -> None:
    twice = with_inserted(iv(), 2, [iv().segments[1], iv().segments[1]])
    assert [segment.name for segment in twice.segments] == ["", "test", "test 2", "test 3", ""]
    assert [segment.name for segment in moved(twice, 1, 3).segments] == ["", "test 2", "test 3", "test", ""]


def test_the_leak_is_switched_on_with_its_usual_values_and_off_again() -> None:
    on = with_setting(iv(), "leak", {})
    assert on.leak is not None
    assert on.leak.n == 4
    assert with_setting(on, "leak", None) == replace(iv(), leak=None, interval_ms=500.0)


def test_an_interval_that_is_too_short_for_longer_sweeps_is_raised_but_never_by_itself() -> None:
    assert with_changes(iv(), 1, {"duration_ms": 250.0}).interval_ms == 280.0
    assert with_changes(iv(), 1, {"duration_ms": 200.0}).interval_ms == 260.0
    with pytest.raises(VClampError, match="interval_ms = 10 is shorter"):
        with_setting(iv(), "interval_ms", 10.0)


def test_actual_levels_are_those_of_the_command_in_the_order_of_recording() -> None:
    protocol = with_setting(of(Hold(2.0), Step(Ladder(10.0, step=5.0), 3.0, relative=True)), "series.order", "reverse")
    for sweep in range(3):
        level, duration_ms = actual(protocol, 1, sweep)
        command = protocol.command_mV(sweep)
        assert level == command[-1] == -80.0 + 10.0 + 5.0 * (2 - sweep)
        assert duration_ms == 3.0
        assert actual(protocol, 0, sweep) == (-80.0, 2.0)


def test_an_outline_passes_through_the_command_and_keeps_the_extremes_of_a_long_one() -> None:
    protocol = of(Hold(2.0), Ramp(40.0, 3.0), Sine(200.0, 333.0, amplitude_mV=20.0), n_sweeps=1)
    course, command = protocol.course(0), protocol.command_mV(0)
    t_ms, level = outline(course, protocol.fs_kHz, most=500)
    assert level.size <= 500
    assert level.max() == pytest.approx(command.max(), abs=0.1)
    assert level[level.size // 2 :].min() == pytest.approx(command[5000:].min(), abs=0.1)
    short = of(Hold(2.0), Ramp(40.0, 3.0), n_sweeps=1)
    t_ms, level = outline(short.course(0), short.fs_kHz)
    at = np.arange(short.n_samples(0)) / short.fs_kHz
    np.testing.assert_allclose(np.interp(at, t_ms, level), short.command_mV(0), atol=1e-9)
    assert level_at(short.course(0), 3.5 * short.fs_kHz) == (1, pytest.approx(-20.0))
    assert level_at(short.course(0), 1e6) is None


def test_a_mistake_in_the_text_is_told_with_its_line() -> None:
    text = protocol_text(iv()).replace("duration_ms = 30.0", "duraton_ms = 30.0")
    with pytest.raises(VClampError, match=r"^text:\d+: segments\[1\].duraton_ms: unknown key .* 'duration_ms'") as told:
        protocol_of_text(text, "text")
    line = int(str(told.value).split(":")[1])
    assert text.splitlines()[line - 1].startswith("duraton_ms")
    with pytest.raises(VClampError, match="at line 2"):
        protocol_of_text('name = "x"\nn_sweeps = = 3\n', "text")


def test_a_text_with_strange_characters_reads_back() -> None:
    protocol = replace(iv(), note='He said "µ\\n"\x7f\t\x01 and\nwent, 100 % 𝄞', label="[x] = #")
    assert protocol_of_text(protocol_text(protocol), "text") == protocol


def test_a_text_keeps_its_comments_under_another_name() -> None:
    text = "# mine\n" + protocol_text(iv())
    named = renamed_text(text, "my iv")
    assert named.startswith("# mine\n")
    assert protocol_of_text(named, "text") == replace(iv(), name="my iv")


def test_text_that_holds_no_segments_is_no_row() -> None:
    with pytest.raises(VClampError, match="no segments"):
        segments_of_text("name = 'x'", "the clipboard")
    with pytest.raises(VClampError, match="no segment of type 'stairs'"):
        segments_of_text("[[segments]]\ntype = 'stairs'", "the clipboard")
    with pytest.raises(VClampError, match="not valid TOML"):
        segments_of_text("hello world", "the clipboard")
