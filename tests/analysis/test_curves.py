"""Curves of made-up sweeps, whose every current is known."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vclamp.analysis.analyses import analyse
from vclamp.analysis.curves import CURVES, gv
from vclamp.analysis.exponential import first_exponential
from vclamp.analysis.results import Curve, Question
from vclamp.analysis.windows import settling, varied
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.channel import Channel
from vclamp.model.pores import OhmicPore
from vclamp.model.protocol import Hold, Ladder, Mark, Protocol, Ramp, Segment, Step
from vclamp.model.record import Header, Recording, Sweep
from vclamp.model.rig import Cell, Rig

LEAK = Channel("leak", g_nS=1.0, pore=OhmicPore(e_mV=0.0))
IDEAL = Rig(Cell("c", 10.0, (LEAK,)))
FOREIGN = Rig(Cell("c", 10.0))
STEPS = (Hold(5.0), Step(Ladder(-80.0, 20.0), 20.0, name="test"), Step(-60.0, 10.0, name="tail"))
MARKS = (Mark("peak", "test"), Mark("steady", "test", 18.0), Mark("tail", "tail", 0.0, 0.1))
Current = Callable[[np.ndarray, float], np.ndarray]  # of the time since the segment began and the level of the step


def made(
    current: Current,
    *,
    segments: tuple[Segment, ...] = STEPS,
    marks: tuple[Mark, ...] = MARKS,
    where: int = 1,
    rig: Rig = IDEAL,
    n_sweeps: int = 6,
) -> Recording:
    """A recording whose current in one segment is a function of time and the step's level, and 0 elsewhere."""
    protocol = Protocol("made", segments, n_sweeps, hold_mV=-80.0, marks=marks)
    changes = varied(protocol)
    sweeps = []
    for index in range(n_sweeps):
        first, last = protocol.span(where, index)
        command = protocol.command_mV(index)
        i_pA = np.zeros(command.size)
        level = changes.value(protocol, index) if changes is not None else 0.0
        i_pA[first:last] = current(np.arange(last - first) / protocol.fs_kHz, level)
        sweeps.append(Sweep(index, ("command_mV", "v_mV", "i_pA"), np.stack([command, command + 1.0, i_pA]), (), rig))
    return Recording(Header(rig, protocol, 0, "test"), tuple(sweeps))


def points(kind: str, recording: Recording, **asked: object) -> tuple[list[float], list[float]]:
    curve = CURVES[kind](recording, Question(**asked)).curve  # type: ignore[arg-type]
    return curve.x.tolist(), curve.y.tolist()


LEVELS = [-80.0, -60.0, -40.0, -20.0, 0.0, 20.0]


def test_a_steady_current_is_a_mean_and_stands_against_the_command_or_the_membrane() -> None:
    recording = made(lambda t, v: 2.0 * v + np.where(t < 15.0, 1e4, 0.0) + np.sin(np.pi * np.arange(t.size) + 0.5))
    x, y = points("steady-iv", recording)
    assert (x, y) == (LEVELS, pytest.approx([2.0 * v for v in LEVELS], abs=1e-9))
    assert points("steady-iv", recording, against="membrane")[0] == [v + 1.0 for v in LEVELS]


def test_a_window_stands_before_the_analysis_own_mark() -> None:
    recording = made(lambda t, v: t)
    assert points("steady-iv", recording, window_ms=(10.0, 12.0))[1] == pytest.approx([5.99] * 6)
    assert points("steady-iv", recording, mark="peak")[1] == pytest.approx([9.99] * 6)


def sodium(t: np.ndarray, v: float) -> np.ndarray:
    return (v - 10.0) * 20.0 * np.exp(-(((t - 2.0) / 0.5) ** 2))


def potassium(t: np.ndarray, v: float) -> np.ndarray:
    return (v + 80.0) * 30.0 * -np.expm1(-t / 5.0)


def test_of_one_current_the_peak_is_farthest_from_zero_whichever_way_it_goes() -> None:
    assert points("peak-iv", made(sodium))[1] == pytest.approx([(v - 10.0) * 20.0 for v in LEVELS], rel=1e-9)
    assert points("peak-iv", made(potassium))[1] == pytest.approx(
        [(v + 80.0) * 30.0 * 0.9816 for v in LEVELS], rel=1e-3
    )


def test_where_a_late_outward_current_follows_an_early_inward_one_the_peak_is_the_early_one() -> None:
    both = made(lambda t, v: sodium(t, v) + 0.5 * potassium(t, v))
    family = CURVES["peak-iv"](both, Question())
    assert family.curve.y[3] == pytest.approx(-600.0 + 900.0 * 0.33, abs=60.0)
    assert "inward peak was taken" in family.notes[0]
    assert CURVES["peak-iv"](both, Question(polarity="outward")).curve.y[3] > 800.0
    assert CURVES["peak-iv"](both, Question(polarity="outward")).notes == ()


def test_noise_makes_no_early_inward_current() -> None:
    """Of a steady inward current the largest of 1000 noisy samples stands out from the first and the last."""
    rng = np.random.default_rng(5)
    noisy = made(lambda t, v: potassium(t, v) - (200.0 if v < -70.0 else 0.0) + rng.normal(0.0, 5.0, t.size))
    assert CURVES["peak-iv"](noisy, Question()).notes == ()
    assert points("peak-iv", noisy)[1][-1] > 2900.0


def test_chord_conductances_leave_out_what_is_near_the_reversal_potential() -> None:
    curve = gv(Curve("iv", "level_mV", "i_pA", np.array([-90.0, -85.1, -80.0, -79.9, 0.0]), np.ones(5)), -85.0)
    assert curve.x.tolist() == [-79.9, 0.0]
    assert curve.y == pytest.approx([1.0 / 5.1, 1.0 / 85.0])


def test_a_leak_is_the_line_through_the_points_where_it_flows_alone() -> None:
    recording = made(lambda t, v: np.full(t.size, 3.0 * v - 50.0 + (100.0 if v > -30.0 else 0.0)))
    family = CURVES["steady-iv"](recording, Question(leak_mV=(-80.0, -40.0)))
    assert family.curve.y == pytest.approx([0.0, 0.0, 0.0, 100.0, 100.0, 100.0], abs=1e-9)
    assert family.notes == ("A leak of 3 nS was subtracted.",)
    assert "not two points" in CURVES["steady-iv"](recording, Question(leak_mV=(100.0, 120.0))).notes[0]


def test_availability_keeps_the_sign_of_what_is_left() -> None:
    recording = made(lambda t, v: -100.0 * np.exp(-t) * {-80.0: 1.0, 20.0: -0.1}.get(v, 0.5), where=2)
    protocol = replace(recording.header.protocol, marks=(Mark("peak", "tail"),))
    recording = replace(recording, header=replace(recording.header, protocol=protocol))
    assert points("availability", recording)[1] == pytest.approx([1.0, 0.5, 0.5, 0.5, 0.5, -0.1])


# ---- tails


@pytest.mark.parametrize("filter_kHz", [0.0, 5.0])
def test_a_tail_is_followed_back_to_its_step_past_what_hides_it(filter_kHz: float) -> None:
    """A transient of 20 nA and τ 0.1 ms on tails of 2 ms; the level is that before the tail."""
    recorder = Recorder(on=filter_kHz > 0.0, filter_kHz=filter_kHz or 1.0)
    rig = Rig(Cell("c", 20.0, (LEAK,)), amplifier=Amplifier(rs_MOhm=5.0, recorder=recorder))
    late_ms = settling(rig, 50.0).delay_ms

    def tail(t: np.ndarray, v: float) -> np.ndarray:
        return (v + 90.0) * 10.0 * np.exp(-(t - late_ms) / 2.0) - 30.0 + (-60.0 - v) / 5.0 * 1000.0 * np.exp(-t / 0.1)

    recording = made(tail, where=2, rig=rig)
    wanted = [(v + 90.0) * 10.0 - 30.0 for v in LEVELS]
    assert points("tail-iv", recording)[1] == pytest.approx(wanted, rel=0.03)
    found = analyse("tail-gv", [recording])
    assert found.curves[0].curve.y == pytest.approx(wanted, rel=0.03)


def test_the_delay_of_a_rig_is_that_of_its_membrane_its_current_and_its_filter() -> None:
    """R_s C_m twice; the group delay of a 4-pole Bessel filter is 2.114/(2π f_c) (poles for −3 dB at 1)."""
    rig = Rig(Cell("c", 20.0, (LEAK,)), amplifier=Amplifier(rs_MOhm=5.0))
    assert settling(rig, 50.0).delay_ms == pytest.approx(0.2, rel=1e-6)
    filtered = replace(rig, amplifier=Amplifier(recorder=Recorder(on=True, filter_kHz=2.0)))
    assert settling(filtered, 50.0).delay_ms == pytest.approx(2.114 / (2.0 * np.pi * 2.0), rel=1e-3)
    assert settling(IDEAL, 50.0).samples == 0
    assert settling(rig, 50.0).samples == pytest.approx(np.log(1000.0) * 0.1 * 50.0, abs=1.0)


def test_without_a_tail_that_decays_the_first_current_that_can_be_seen_is_taken() -> None:
    rig = Rig(Cell("c", 20.0, (LEAK,)), amplifier=Amplifier(rs_MOhm=5.0))
    rising = made(lambda t, v: 100.0 + 50.0 * t**2, where=2, rig=rig)
    family = CURVES["tail-iv"](rising, Question())
    assert "no exponential was seen" in family.notes[0]
    flat = made(lambda t, v: np.full(t.size, 100.0), where=2, rig=rig)
    assert points("tail-iv", flat)[1] == [100.0] * 6


# ---- ramps

RAMP = (Hold(20.0), Ramp(20.0, 100.0, name="ramp"))


@pytest.mark.parametrize("rig", [IDEAL, FOREIGN], ids=["known", "foreign"])
def test_the_capacity_is_taken_from_a_ramp(rig: Rig) -> None:
    """10 pF and 1 mV/ms: 10 pA; of a foreign cell it is the jump where the ramp begins."""

    def current(t: np.ndarray, _: float) -> np.ndarray:
        return 0.5 * (-80.0 + t) + 40.0 + 10.0

    recording = made(current, segments=RAMP, marks=(Mark("ramp", "ramp"),), rig=rig, n_sweeps=1)
    family = CURVES["ramp-iv"](recording, Question())
    assert family.curve.y == pytest.approx(0.5 * family.curve.x + 40.0, abs=0.01 if rig is IDEAL else 1.0)
    assert "was subtracted" in family.notes[0]


# ---- exponentials


@pytest.mark.parametrize("tau_ms", [0.2, 3.0, 30.0])
def test_an_exponential_is_found_within_its_interval(tau_ms: float) -> None:
    t_ms, rng, within = np.arange(0.0, 40.0, 0.02), np.random.default_rng(7), 0
    for _ in range(100):
        fit = first_exponential(t_ms, -300.0 * np.exp(-t_ms / tau_ms) + 20.0 + rng.normal(0.0, 4.0, t_ms.size))
        assert fit.tau_ms == pytest.approx(tau_ms, rel=0.15)
        within += fit.interval_ms[0] <= tau_ms <= fit.interval_ms[1]
    assert within >= 88


def test_an_exponential_is_the_same_in_other_units() -> None:
    t_ms = np.arange(0.0, 40.0, 0.02)
    y = 5.0 * np.exp(-t_ms / 7.0) + np.random.default_rng(3).normal(0.0, 0.1, t_ms.size)
    one, other = first_exponential(t_ms, y), first_exponential(1000.0 * t_ms, 1e-9 * y)
    assert other.tau_ms == pytest.approx(1000.0 * one.tau_ms, rel=1e-5)
    assert other.amplitude == pytest.approx(1e-9 * one.amplitude, rel=1e-5)


@pytest.mark.parametrize("y", [np.zeros(500), np.full(500, 3.0), np.random.default_rng(0).normal(0.0, 1.0, 500)])
def test_what_does_not_change_is_no_exponential(y: np.ndarray) -> None:
    fit = first_exponential(np.arange(500.0), y)
    assert not fit.seen
    assert fit.flat
