"""Every kind of segment commands, sample by sample, what its formula says."""

from typing import Any

import numpy as np
import pytest

from vclamp.errors import VClampError
from vclamp.model.protocol import (
    CurrentRamp,
    CurrentStep,
    Hold,
    Ladder,
    MembraneTest,
    Noise,
    Protocol,
    Ramp,
    Segment,
    Sine,
    Step,
    Train,
    Waveform,
)

HOLD = -80.0


def protocol(*segments: Segment, **changes: Any) -> Protocol:
    """One sweep at 1 kHz, where a sample is a millisecond, from -80 mV."""
    return Protocol(**{"name": "test", "segments": segments, "n_sweeps": 1, "hold_mV": HOLD, "fs_kHz": 1.0, **changes})


def command(*segments: Segment, **changes: Any) -> list[float]:
    return protocol(*segments, **changes).command_mV(0).tolist()


def current(*segments: Segment, **changes: Any) -> list[float]:
    return protocol(*segments, **changes).course(0).command_pA.tolist()


# ---- levels from holding


def test_relative_levels_count_from_holding() -> None:
    assert command(Step(30.0, 2.0, relative=True), Hold(1.0)) == [-50, -50, -80]
    assert command(Ramp(20.0, 2.0, from_mV=0.0, relative=True)) == [-80, -70]
    assert command(Train(2.0, 2.0, 1.0, level_mV=80.0, base_mV=10.0, relative=True)) == [0, -70]
    assert command(Sine(1.0, 1.0, amplitude_mV=5.0, level_mV=20.0, relative=True)) == [-60]
    assert command(Noise(1.0, sd_mV=0.0, level_mV=20.0, relative=True)) == [-60]


def test_relative_levels_follow_holding_and_their_ladder() -> None:
    family = protocol(Step(Ladder(0.0, 10.0), 1.0, relative=True), n_sweeps=3, hold_mV=-100.0)
    assert [family.command_mV(k)[0] for k in range(3)] == [-100, -90, -80]


# ---- trains


def test_a_rectangular_train_has_as_many_whole_pulses_as_fit() -> None:
    train = Train(10.0, period_ms=4.0, width_ms=1.0, level_mV=0.0)
    assert command(train) == [0, -80, -80, -80, 0, -80, -80, -80, -80, -80]


def test_a_train_that_no_pulse_fits_stays_at_its_base() -> None:
    for shape in ("rectangle", "triangle", "biphasic", "cosine"):
        train = Train(3.0, period_ms=4.0, width_ms=2.0, level_mV=0.0, base_mV=-60.0, shape=shape)  # type: ignore[arg-type]
        assert command(train) == [-60] * 3, shape


def test_the_base_of_a_train_is_where_the_command_was() -> None:
    train = Train(4.0, period_ms=2.0, width_ms=1.0, level_mV=0.0)
    assert command(Step(-50.0, 1.0), train, Hold(1.0)) == [-50, 0, -50, 0, -50, -80]


def test_pulses_that_fill_their_period_are_one_step() -> None:
    assert command(Train(4.0, period_ms=2.0, width_ms=2.0, level_mV=0.0), Hold(1.0)) == [0, 0, 0, 0, -80]


def test_a_biphasic_pulse_goes_as_far_on_both_sides_of_its_base() -> None:
    train = Train(6.0, period_ms=6.0, width_ms=4.0, level_mV=-50.0, base_mV=-70.0, shape="biphasic")
    assert command(train) == [-50, -50, -90, -90, -70, -70]


def test_a_triangle_rises_within_its_width_and_falls_for_the_rest_of_the_period() -> None:
    """As Clampex draws it: both ends of either flank are samples, pyabf `numpy.linspace(base, level, width)`."""
    train = Train(8.0, period_ms=8.0, width_ms=5.0, level_mV=0.0, shape="triangle")
    assert command(train) == pytest.approx([-80, -60, -40, -20, 0, 0, -40, -80])


def test_triangles_repeat() -> None:
    train = Train(9.0, period_ms=4.0, width_ms=2.0, level_mV=0.0, shape="triangle")
    assert command(train) == pytest.approx([-80, 0, 0, -80] * 2 + [-80])


def test_a_cosine_train_has_one_hump_a_period() -> None:
    """base + (level − base)(1 − cos φ)/2 with φ from 0 to 2π n over all samples, both ends included."""
    found = command(Train(9.0, period_ms=4.0, width_ms=1.0, level_mV=0.0, shape="cosine"))
    angle = np.arange(9) / 8 * 2 * 2 * np.pi
    assert found == pytest.approx((-80 + 80 * (1 - np.cos(angle)) / 2).tolist(), abs=1e-9)
    assert max(found) == pytest.approx(0.0)


def test_width_and_period_of_a_train_may_vary() -> None:
    family = protocol(Train(4.0, Ladder(2.0, 2.0), Ladder(1.0, 1.0), level_mV=0.0), n_sweeps=2)
    assert [family.command_mV(k).tolist() for k in range(2)] == [[0, -80, 0, -80], [0, 0, -80, -80]]


# ---- sines


def test_a_sine_goes_round_its_level() -> None:
    found = command(Sine(20.0, 50.0, amplitude_mV=10.0, level_mV=-60.0))
    assert found == pytest.approx([-60 + 10 * np.sin(2 * np.pi * 0.05 * t) for t in range(20)], abs=1e-9)
    assert found[5] == pytest.approx(-50.0)


def test_a_sine_starts_at_its_phase_and_where_the_command_was() -> None:
    assert command(Step(-50.0, 1.0), Sine(2.0, 250.0, amplitude_mV=10.0, phase_deg=90.0)) == pytest.approx(
        [-50, -40, -50], abs=1e-9
    )


def test_a_linear_chirp_is_the_chirp_of_scipy() -> None:
    from scipy.signal import chirp

    made = protocol(Sine(1000.0, 2.0, amplitude_mV=10.0, to_Hz=40.0, phase_deg=90.0))
    t_ms = np.arange(1000.0)
    assert made.command_mV(0) == pytest.approx(HOLD + 10 * chirp(t_ms, 2e-3, 1000.0, 40e-3), abs=1e-8)


def test_a_logarithmic_chirp_is_the_chirp_of_scipy() -> None:
    from scipy.signal import chirp

    made = protocol(Sine(1000.0, 2.0, amplitude_mV=10.0, to_Hz=40.0, glide="log", phase_deg=90.0))
    t_ms = np.arange(1000.0)
    wanted = HOLD + 10 * chirp(t_ms, 2e-3, 1000.0, 40e-3, method="logarithmic")
    assert made.command_mV(0) == pytest.approx(wanted, abs=1e-8)


def test_between_samples_a_sine_is_a_straight_line_to_the_next() -> None:
    course = protocol(Sine(4.0, 100.0, amplitude_mV=10.0)).course(0)
    assert np.array_equal(course.end_mV[:-1], course.start_mV[1:])
    assert course.end_mV[-1] == pytest.approx(HOLD + 10 * np.sin(2 * np.pi * 0.4))
    assert not course.stays.any()


# ---- noise


def test_noise_is_normal_around_its_level() -> None:
    values = protocol(Noise(20_000.0, sd_mV=5.0, level_mV=-60.0, every_ms=1.0, seed=3)).command_mV(0)
    assert values.mean() == pytest.approx(-60.0, abs=4 * 5.0 / np.sqrt(values.size))
    assert values.std() == pytest.approx(5.0, rel=4 / np.sqrt(2 * values.size))
    assert np.abs(values + 60.0).max() <= 20.0
    neighbours = np.corrcoef(values[:-1], values[1:])[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(values.size)


def test_noise_is_drawn_anew_as_often_as_it_says() -> None:
    values = np.array(command(Noise(12.0, sd_mV=5.0, every_ms=4.0)))
    assert np.array_equal(values, np.repeat(values[::4], 4))
    assert np.unique(values).size == 3


def test_noise_is_the_same_again_by_its_seed_and_other_in_each_sweep_unless_frozen() -> None:
    def family(**changes: Any) -> list[list[float]]:
        made = protocol(Noise(5.0, sd_mV=5.0, **changes), n_sweeps=2)
        return [made.command_mV(k).tolist() for k in range(2)]

    first, second = family(seed=1)
    assert family(seed=1) == [first, second]
    assert first != second
    assert family(seed=2)[0] != first
    frozen = family(seed=1, frozen=True)
    assert frozen == [first, first]


# ---- waveforms


def test_a_waveform_plays_its_values_and_lasts_as_long() -> None:
    assert command(Waveform(1.0, values_mV=(-80.0, -20.0, 30.0)), Hold(1.0)) == [-80, -20, 30, -80]


def test_the_values_of_a_waveform_are_joined_by_straight_lines_and_the_last_one_stays() -> None:
    assert command(Waveform(2.0, values_mV=(0.0, 10.0, -10.0), duration_ms=8.0)) == [0, 5, 10, 0, -10, -10, -10, -10]
    assert command(Waveform(0.5, values_mV=(0.0, 1.0, 2.0, 3.0))) == [0, 2]


def test_a_waveform_is_scaled_then_shifted() -> None:
    assert command(Waveform(1.0, values_mV=(0.0, 10.0), scale=-2.0, offset_mV=5.0)) == [5, -15]
    assert current(Waveform(1.0, values_pA=(0.0, 10.0), scale=2.0, offset_pA=1.0)) == [1, 21]


# ---- membrane test


def test_a_membrane_test_steps_up_in_its_middle_half() -> None:
    assert command(Step(-60.0, 1.0), MembraneTest(5.0, 8.0)) == [-60, -60, -60, -55, -55, -55, -55, -60, -60]
    assert command(MembraneTest(-5.0, 12.0)) == [-80] * 3 + [-85] * 6 + [-80] * 3


@pytest.mark.parametrize(("samples", "steps"), [(1, [0]), (2, [0, 5]), (3, [0, 5, 0]), (4, [0, 5, 5, 0])])
def test_a_membrane_test_fits_into_few_samples(samples: int, steps: list[float]) -> None:
    assert command(MembraneTest(5.0, float(samples))) == [HOLD + step for step in steps]


# ---- currents


def test_currents_leave_the_voltage_at_holding_and_voltages_inject_nothing() -> None:
    made = (Step(0.0, 2.0), CurrentStep(50.0, 2.0), CurrentRamp(0.0, 2.0), Hold(1.0))
    assert command(*made) == [0, 0, -80, -80, -80, -80, -80]
    assert current(*made) == [0, 0, 50, 50, 50, 25, 0]


def test_a_current_ramp_may_start_anywhere() -> None:
    assert current(CurrentRamp(100.0, 4.0, from_pA=20.0)) == [20, 40, 60, 80]


def test_trains_sines_and_noise_can_be_currents() -> None:
    assert current(Train(4.0, 2.0, 1.0, level_pA=10.0, base_pA=-5.0)) == [10, -5, 10, -5]
    assert current(Sine(2.0, 250.0, amplitude_pA=10.0, level_pA=100.0)) == pytest.approx([100, 110])
    assert current(Noise(3.0, sd_pA=0.0, level_pA=7.0)) == [7, 7, 7]
    for made in (Train(4.0, 2.0, 1.0, level_pA=10.0), Sine(2.0, 250.0, amplitude_pA=10.0), Noise(3.0, sd_pA=1.0)):
        assert protocol(made).commands_current
        assert set(command(made)) == {HOLD}
    assert not protocol(Train(4.0, 2.0, 1.0, level_mV=10.0)).commands_current


# ---- what is refused


@pytest.mark.parametrize(
    ("kind", "given", "keys"),
    [
        (Train, {"period_ms": 2.0, "width_ms": 1.0}, ("level_mV", "level_pA")),
        (Sine, {"frequency_Hz": 10.0}, ("amplitude_mV", "amplitude_pA")),
        (Noise, {}, ("sd_mV", "sd_pA")),
    ],
)
def test_a_segment_commands_either_a_voltage_or_a_current(kind: Any, given: Any, keys: tuple[str, str]) -> None:
    for wrong in ({}, dict.fromkeys(keys, 1.0)):
        with pytest.raises(VClampError, match=f"needs either {keys[0]} or {keys[1]}. Give exactly one of them."):
            kind(duration_ms=10.0, **given, **wrong)
    with pytest.raises(VClampError, match="a waveform needs either values_mV or values_pA"):
        Waveform(1.0)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Train(9.0, 2.0, 3.0, level_mV=0.0), "segments[1] has pulses of 3 samples every 2. width_ms must be"),
        (Train(9.0, 2.0, 0.1, level_mV=0.0), "segments[1] has pulses of 0 samples every 2"),
        (Train(9.0, 0.1, 0.1, level_mV=0.0), "segments[1] has pulses of 0 samples every 0"),
        (Train(9.0, 8.0, 4.0, 100.0, -100.0, shape="biphasic"), "segments[1] in sweep 1 goes beyond ±250 mV"),
        (Sine(9.0, 100.0, amplitude_mV=200.0), "segments[1] in sweep 1 goes beyond ±250 mV"),
        (Noise(9.0, sd_mV=50.0), "segments[1] may go beyond ±250 mV. Lower its level or its sd."),
        (Noise(9.0, sd_pA=3e5), "segments[1] may go beyond ±1e+06 pA"),
        (Waveform(1.0, values_mV=(0.0, 251.0)), "segments[1] in sweep 1 goes beyond ±250 mV"),
        (Waveform(1.0, values_mV=(0.0, float("nan"))), "segments[1] in sweep 1 goes beyond ±250 mV"),
        (Waveform(1.0, values_mV=(0.0, 200.0), scale=2.0), "segments[1] in sweep 1 goes beyond ±250 mV"),
        (MembraneTest(200.0, 8.0), "segments[1] in sweep 1 goes beyond ±250 mV"),
    ],
)
def test_what_no_amplifier_gives_is_refused(made: Segment, said: str) -> None:
    with pytest.raises(VClampError) as caught:
        protocol(Step(100.0, 1.0), made)
    assert said in str(caught.value)
    assert caught.value.remedy
