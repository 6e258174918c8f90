"""What is measured of a trace is what its formula says."""

from dataclasses import replace
from math import e, isnan, log, nan, sqrt

import numpy as np
import pytest

from vclamp.analysis.measure import Measurements, measure, measured
from vclamp.analysis.results import Question, Result
from vclamp.analysis.windows import transient
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.channel import Channel
from vclamp.model.pores import OhmicPore
from vclamp.model.protocol import Hold, Mark, Protocol, Step
from vclamp.model.record import Sweep
from vclamp.model.rig import Cell, Rig

T_ms = np.arange(0.0, 100.0, 0.01)
LEAK = Channel("leak", g_nS=2.0, pore=OhmicPore(e_mV=0.0))
STEP = Protocol("step", (Hold(10.0), Step(0.0, 40.0, name="test"), Hold(10.0)), 1, -80.0, marks=(Mark("m", "test"),))


def of(values: np.ndarray, **options: object) -> Measurements:
    return measured(T_ms, values, start_ms=0.0, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_times_of_an_exponential_are_those_of_its_time_constant(sign: float) -> None:
    """Rise and fall from 10 to 90 %: τ ln 9; to 1/e: τ; area of the fall: A τ."""
    falls = of(sign * 50.0 * np.exp(-T_ms / 4.0))
    assert falls.peak == sign * 50.0
    assert falls.decay_90_10_ms == pytest.approx(4.0 * log(9.0), rel=1e-4)
    assert falls.decay_37_ms == pytest.approx(4.0, rel=1e-4)
    assert falls.area == pytest.approx(sign * 200.0, rel=1e-4)
    rises = of(sign * 50.0 * -np.expm1(-T_ms / 4.0))
    assert rises.rise_10_90_ms == pytest.approx(4.0 * log(9.0), rel=1e-3)
    assert rises.rise_20_80_ms == pytest.approx(4.0 * log(4.0), rel=1e-3)
    assert rises.steady == pytest.approx(sign * 50.0, rel=1e-6)
    assert isnan(rises.decay_90_10_ms)


def test_half_width_and_time_to_peak_of_a_gaussian() -> None:
    """2 √(2 ln 2) σ."""
    bell = of(-7.0 * np.exp(-(((T_ms - 40.0) / 3.0) ** 2) / 2.0))
    assert bell.half_width_ms == pytest.approx(2.0 * sqrt(2.0 * log(2.0)) * 3.0, rel=1e-4)
    assert bell.time_to_peak_ms == pytest.approx(40.0, abs=0.01)
    assert (bell.minimum, bell.maximum) == (pytest.approx(-7.0), pytest.approx(0.0, abs=1e-12))


def test_slope_and_noise_of_a_noisy_line() -> None:
    line = of(3.0 * T_ms - 20.0 + np.random.default_rng(2).normal(0.0, 1.5, T_ms.size))
    assert line.slope_per_ms == pytest.approx(3.0, abs=0.01)
    assert line.noise_rms == pytest.approx(1.5, rel=0.03)


def test_polarity_says_which_peak() -> None:
    both = -5.0 * np.exp(-((T_ms - 20.0) ** 2)) + 9.0 * np.exp(-((T_ms - 60.0) ** 2))
    assert of(both).peak == pytest.approx(9.0)
    assert of(both, polarity="inward").peak == pytest.approx(-5.0)
    assert of(both, polarity="inward").time_to_peak_ms == pytest.approx(20.0)


def test_of_nothing_nothing_is_measured() -> None:
    assert all(map(isnan, measured(np.zeros(0), np.zeros(0), start_ms=0.0)))
    one = measured(np.zeros(1), np.ones(1), start_ms=0.0)
    assert (one.peak, one.mean, one.area) == (1.0, 1.0, 0.0)
    assert isnan(one.slope_per_ms)
    flat = of(np.zeros(T_ms.size))
    assert (flat.peak, flat.noise_rms) == (0.0, 0.0)


# ---- of a sweep


def sweep_of(i_pA: np.ndarray, rig: Rig) -> Sweep:
    command = STEP.command_mV(0)
    return Sweep(0, ("command_mV", "v_mV", "i_pA"), np.stack([command, command, i_pA]), (), rig)


def number(found: Result, name: str) -> float:
    return found[name].value


def test_a_window_a_mark_and_a_baseline_say_what_is_measured() -> None:
    ideal = Rig(Cell("c", 10.0, (LEAK,)))
    i_pA = np.concatenate([np.full(500, 3.0), np.linspace(10.0, 50.0, 2000, endpoint=False), np.full(500, 3.0)])
    sweep = sweep_of(i_pA, ideal)
    assert number(measure(sweep, STEP, Question(mark="m")), "mean_pA") == pytest.approx(i_pA[500:2500].mean())
    windowed = Question(window_ms=(20.0, 30.0), baseline_ms=(0.0, 10.0))
    assert number(measure(sweep, STEP, windowed), "mean_pA") == pytest.approx(i_pA[1000:1500].mean() - 3.0)
    assert number(measure(sweep, STEP, windowed), "slope_pA_per_ms") == pytest.approx(1.0)
    assert number(measure(sweep, STEP, windowed), "time_to_peak_ms") == pytest.approx(19.98)  # from the step at 10 ms
    assert number(measure(sweep, STEP, Question("v_mV", window_ms=(20.0, 30.0))), "mean_mV") == 0.0
    assert measure(sweep, STEP, Question(window_ms=(70.0, 80.0))).notes == ("Sweep 1 has nothing in this window.",)


@pytest.mark.parametrize("rs_MOhm", [2.0, 10.0])
@pytest.mark.parametrize("filter_kHz", [0.0, 2.0, 10.0])
def test_a_transient_is_left_out_for_as_long_as_the_rig_makes_it(rs_MOhm: float, filter_kHz: float) -> None:
    """V/R_s e^(−t/τ), τ = R_s C_m, and nothing else flows: the least that is measured is below a thousandth of it."""
    recorder = Recorder(on=filter_kHz > 0.0, filter_kHz=filter_kHz or 10.0)
    rig = Rig(Cell("c", 20.0, (LEAK,)), amplifier=Amplifier(rs_MOhm=rs_MOhm, recorder=recorder))
    left = transient(rig, 50.0)
    assert left is not None
    tau_ms = rs_MOhm * 20.0 / 1000.0
    if not filter_kHz:
        assert left[0] == pytest.approx(1000.0 / rs_MOhm, rel=1e-9)
        assert left[5] == pytest.approx(1000.0 / rs_MOhm * e ** (-0.1 / tau_ms), rel=1e-6)
    seen = np.zeros(3000)
    seen[500 : 500 + left.size] = 80.0 * left  # nothing but a transient
    found = measure(sweep_of(seen, rig), STEP, Question(mark="m", polarity="outward"))
    assert number(found, "peak_pA") <= 1.0001e-3 * 80.0 * left[0]
    assert "may lie within it" in found.notes[0]


def test_a_large_early_current_is_seen_sooner_than_a_small_one() -> None:
    rig = Rig(Cell("c", 20.0, (LEAK,)), amplifier=Amplifier(rs_MOhm=5.0))
    after_ms = np.arange(2000) * 0.02
    peaks = []
    for size_pA in (-20_000.0, -200.0):
        current = size_pA * after_ms / 0.5 * np.exp(1.0 - after_ms / 0.5)  # an inward peak 0.5 ms after the step
        i_pA = np.concatenate([np.zeros(500), 80.0 / 5.0 * 1000.0 * np.exp(-after_ms / 0.1) + current, np.zeros(500)])
        found = measure(sweep_of(i_pA, rig), STEP, Question(mark="m", polarity="inward"))
        assert found.notes == () if size_pA < -1000.0 else True
        peaks.append(number(found, "peak_pA") / size_pA)
    assert peaks[0] == pytest.approx(1.0, abs=0.01)
    assert 0.5 < peaks[1] < 1.0  # its peak lies within the transient, which is not taken for it


def test_of_an_unknown_rig_half_a_millisecond_after_a_jump_is_left_out() -> None:
    unknown = Rig(Cell("foreign", 20.0))
    i_pA = np.full(3000, 5.0)
    i_pA[500:525] = 9000.0
    assert number(measure(sweep_of(i_pA, unknown), STEP, Question(mark="m")), "peak_pA") == 5.0
    i_pA[525] = 70.0
    assert number(measure(sweep_of(i_pA, unknown), STEP, Question(mark="m")), "peak_pA") == 70.0


def test_numbers_that_are_none_are_left_out() -> None:
    i_pA = np.full(3000, 5.0)
    i_pA[600:700] = nan
    i_pA[700] = np.inf
    sweep = sweep_of(i_pA, Rig(Cell("c", 10.0, (LEAK,))))
    assert number(measure(sweep, STEP, Question(mark="m")), "mean_pA") == 5.0
    none = replace(sweep, values=np.full_like(sweep.values, nan))
    assert "nothing that is a number" in measure(none, STEP, Question(mark="m")).notes[0]
