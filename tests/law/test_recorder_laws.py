"""Laws of what is recorded: the filter, the noise, the converter; chunks and the order of sweeps change nothing."""

import sys
from dataclasses import replace
from math import atan, pi, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from vclamp.engine.recording import RecordingChain
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.ions import Solutions
from vclamp.model.rig import Cell, Rig
from vclamp.physics import filters

Array = NDArray[np.float64]

FOUR_KT_J = 4.0 * 1.380649e-23 * 300.0
NEVER_GOhm = 1000.0
FS_kHz = 50.0
NOTHING = {"filter_kHz": 0.0, "noise": False, "bits": 0}
EVERYTHING = {"filter_kHz": 10.0, "noise": True, "bits": 16}


def rig(
    *, rs_MOhm: float = 0.0, cm_pF: float = 20.0, feedback_GOhm: float = NEVER_GOhm, on: bool = True, **parts: float
) -> Rig:
    """A rig at 300 K whose recorder has the given parts only; resistors are silent unless given."""
    recorder = Recorder(**{"on": on, "seal_GOhm": NEVER_GOhm, **NOTHING, **parts})  # type: ignore[arg-type]
    amplifier = Amplifier(rs_MOhm=rs_MOhm, feedback_GOhm=feedback_GOhm, recorder=recorder)
    return Rig(Cell("patch", cm_pF), Solutions(temperature_K=300.0), amplifier)


NOISY = rig(rs_MOhm=5.0, feedback_GOhm=0.5, seal_GOhm=5.0, **EVERYTHING)


def recorded(rig: Rig, current_pA: Array, *, fs_kHz: float = FS_kHz, seed: int = 3, sweep: int = 0) -> Array:
    """A whole sweep at once."""
    chain = RecordingChain(rig, 1.0 / fs_kHz)
    chain.begin(seed, sweep)
    trace = np.array(current_pA, float)
    chain.record(trace)
    return trace


def first_and_last(rig: Rig, n_sweeps: int, n_samples: int, *, fs_kHz: float = FS_kHz) -> Array:
    """The first and the last sample of many sweeps, shape (n_sweeps, 2)."""
    chain = RecordingChain(rig, 1.0 / fs_kHz)
    found = np.empty((n_sweeps, 2))
    for sweep in range(n_sweeps):
        chain.begin(11, sweep)
        trace = np.zeros(n_samples)
        chain.record(trace)
        found[sweep] = trace[0], trace[-1]
    return found


def assert_rms(values: Array, expected_pA: float) -> None:
    """Independent normal numbers with mean 0 have this rms, within 4 standard errors."""
    assert sqrt(np.mean(values**2)) == pytest.approx(expected_pA, abs=4.0 * expected_pA / sqrt(2.0 * values.size))


def white_pA(r_GOhm: float, band_kHz: float) -> float:
    """Johnson and Nyquist: √(4kTB/R)."""
    return 1e12 * sqrt(FOUR_KT_J * band_kHz * 1e3 / (r_GOhm * 1e9))


def rs_cm_pA2_per_kHz(f_kHz: Array, rs_MOhm: float, cm_pF: float) -> Array:
    """One-sided spectrum 4kT R_s (2πf C)²/(1 + (2πf R_s C)²)."""
    rs, c, w = rs_MOhm * 1e6, cm_pF * 1e-12, 2.0 * pi * f_kHz * 1e3
    return 1e24 * 1e3 * FOUR_KT_J * rs * (w * c) ** 2 / (1.0 + (w * rs * c) ** 2)


def response(ratio: float, f_over_fc: Array) -> NDArray[np.complex128]:
    """Gain and phase of the recorded filter, from what it makes of an impulse; sampled at ratio · fc."""
    impulse = np.zeros(int(6 * ratio) + 60)
    impulse[1] = 1.0
    answer = recorded(rig(filter_kHz=1.0), impulse, fs_kHz=ratio)
    n = np.arange(impulse.size) - 1
    return np.asarray(np.exp(-2j * pi * np.outer(f_over_fc, n) / ratio) @ answer)


# ---- filter


@pytest.mark.parametrize("ratio", [4.0, 5.0, 10.0, 25.0, 400.0])
def test_the_recorded_filter_is_scipys_analogue_one_within_a_percent_up_to_its_corner(ratio: float) -> None:
    from scipy.signal import bessel, freqs

    f = np.array([0.0, 0.05, 0.2, 0.5, 0.8, 1.0])
    b, a = bessel(4, 2.0 * pi, analog=True, norm="mag")
    analogue = freqs(b, a, 2.0 * pi * f)[1]
    digital = response(ratio, f)
    assert np.abs(digital / analogue - 1.0).max() < (0.013 if ratio < 10.0 else 0.001)
    assert np.abs(np.abs(digital) / np.abs(analogue) - 1.0).max() < 0.01
    assert abs(digital[-1]) == pytest.approx(sqrt(0.5), rel=0.01)


@pytest.mark.parametrize("ratio", [10.0, 20.0, 100.0])
def test_a_recorded_step_is_the_analogue_one_within_a_percent(ratio: float) -> None:
    n = np.arange(int(3 * ratio) + 20)
    step = recorded(rig(filter_kHz=1.0), n >= 20, fs_kHz=ratio)
    t_fc = (n - 19.5) / ratio  # it jumps halfway between two samples
    assert np.abs(step - filters.bessel_step(t_fc)).max() < 0.01
    assert np.interp(0.5, step[: np.argmax(step)], t_fc[: np.argmax(step)]) == pytest.approx(0.3294, abs=0.01)
    assert step.max() - 1.0 == pytest.approx(0.00835, abs=0.001)


def test_twice_the_corner_is_damped_by_13_dB() -> None:
    assert 20.0 * np.log10(abs(response(10.0, np.array([2.0]))[0])) == pytest.approx(-13.41, abs=0.09)


@pytest.mark.parametrize("ratio", [0.5, 3.9, 4.1, 10.0, 1000.0])
def test_a_slow_ramp_is_recorded_later_by_the_filters_delay(ratio: float) -> None:
    ramp = np.arange(int(8 * ratio) + 60) / ratio
    delay_fc = ramp[-1] - recorded(rig(filter_kHz=1.0), ramp, fs_kHz=ratio)[-1]
    assert delay_fc == pytest.approx(2.113918 / (2.0 * pi), abs=1e-6)


@pytest.mark.parametrize("fc_kHz", [1e-300, 1e-3, 0.5, 5.0, 12.0, 13.0, 80.0, 1000.0])
def test_a_constant_current_is_recorded_as_it_is(fc_kHz: float) -> None:
    trace = recorded(rig(filter_kHz=fc_kHz), np.full(3000, -123.4))
    assert trace == pytest.approx(-123.4, abs=1e-9)


@pytest.mark.parametrize("fc_kHz", [1.0, 5.0, 12.0, 13.0, 80.0])
def test_the_charge_of_a_transient_does_not_depend_on_the_filter(fc_kHz: float) -> None:
    t_ms = np.arange(1000) / FS_kHz
    transient = np.where(t_ms >= 1.0, 900.0 * np.exp(-(t_ms - 1.0) / 0.15), 0.0)
    assert recorded(rig(filter_kHz=fc_kHz), transient).sum() == pytest.approx(transient.sum(), rel=1e-9)


@pytest.mark.parametrize("ratio", [0.01, 0.3, 1.0, 2.0, 3.0, 3.9])
def test_a_filter_too_fast_for_the_sampling_does_not_make_steps_overshoot(ratio: float) -> None:
    step = recorded(rig(filter_kHz=1.0), np.arange(60) >= 20, fs_kHz=ratio)
    assert step.min() > -1e-9
    assert step.max() < 1.0084


@pytest.mark.parametrize("ratio", [0.2, 3.0, 4.5, 30.0, 1e4])
def test_the_noise_gain_is_the_sum_of_the_squares_of_what_an_impulse_becomes(ratio: float) -> None:
    steps = filters.bessel_steps(fc_kHz=1.0, fs_kHz=ratio)
    impulse = np.zeros(int(4 * ratio) + 60)
    impulse[1] = 1.0
    answer = recorded(rig(filter_kHz=1.0), impulse, fs_kHz=ratio)
    assert steps.noise_gain == pytest.approx(answer @ answer, rel=1e-6)


@pytest.mark.parametrize("fs_kHz", [1e-3, 1e3])
@pytest.mark.parametrize("fc_kHz", [1e-300, 1e-9, 1e3])
def test_no_corner_or_sampling_rate_makes_a_current_infinite(fs_kHz: float, fc_kHz: float) -> None:
    loudest = rig(rs_MOhm=0.01, cm_pF=0.01, seal_GOhm=0.001, noise=True, filter_kHz=fc_kHz)
    for noisy in (loudest, replace(loudest, cell=Cell("large", 1e5))):
        trace = recorded(noisy, np.zeros(100), fs_kHz=fs_kHz)
        assert np.abs(trace).max() < 1e6


def test_the_filter_has_always_seen_the_first_sample() -> None:
    current = np.full(100, 50.0)
    current[40:] = 80.0
    trace = recorded(rig(filter_kHz=2.0), current)
    assert trace[:40] == pytest.approx(50.0, abs=1e-9)
    assert trace[0] == pytest.approx(50.0, abs=1e-9)


# ---- noise


@pytest.mark.parametrize("r_GOhm", [0.05, 5.0])
def test_seal_and_feedback_resistor_make_their_thermal_noise(r_GOhm: float) -> None:
    quiet = np.zeros(200_000)
    both = white_pA(1.0 / (1.0 / r_GOhm + 1.0 / NEVER_GOhm), FS_kHz / 2.0)
    assert_rms(recorded(rig(noise=True, seal_GOhm=r_GOhm), quiet), both)
    assert_rms(recorded(rig(noise=True, feedback_GOhm=r_GOhm), quiet), both)
    together = recorded(rig(noise=True, seal_GOhm=r_GOhm, feedback_GOhm=r_GOhm), quiet)
    assert_rms(together, white_pA(r_GOhm / 2.0, FS_kHz / 2.0))


def test_noise_is_white_before_the_filter_and_grows_with_temperature() -> None:
    cold = rig(noise=True, seal_GOhm=1.0)
    trace = recorded(cold, np.zeros(100_000))
    for lag in (1, 2, 5):
        assert abs(np.corrcoef(trace[:-lag], trace[lag:])[0, 1]) < 4.0 / sqrt(trace.size)
    warm = replace(cold, solutions=Solutions(temperature_K=330.0))
    assert recorded(warm, np.zeros(100)) == pytest.approx(sqrt(1.1) * trace[:100])


@pytest.mark.parametrize("ratio", [0.2, 1.0, 3.0, 5.0, 10.0, 50.0])
def test_filtered_noise_has_the_filters_noise_bandwidth_from_the_first_sample_on(ratio: float) -> None:
    """Also where sampling is too slow for the filter, and folds the noise."""
    found = first_and_last(
        rig(noise=True, seal_GOhm=NEVER_GOhm, feedback_GOhm=0.5, filter_kHz=1.0), 2000, 8, fs_kHz=ratio
    )
    expected = white_pA(0.5 * NEVER_GOhm / (0.5 + NEVER_GOhm), 1.0464)
    assert_rms(found[:, 0], expected)
    assert_rms(found[:, 1], expected)


@pytest.mark.parametrize(("rs_MOhm", "cm_pF"), [(5.0, 20.0), (50.0, 100.0), (5.0, 0.2)])
def test_series_resistance_and_capacitance_make_noise_of_the_right_power(rs_MOhm: float, cm_pF: float) -> None:
    """From the first sample on; the power is the integral of the spectrum, up to half the sampling rate."""
    x = 2.0 * pi * (FS_kHz / 2.0) * rs_MOhm * cm_pF / 1000.0
    power = white_pA(rs_MOhm / 1000.0, FS_kHz / 2.0) ** 2 * (1.0 - atan(x) / x)
    rest = white_pA(NEVER_GOhm / 2.0, FS_kHz / 2.0) ** 2
    found = first_and_last(rig(noise=True, rs_MOhm=rs_MOhm, cm_pF=cm_pF), 2000, 6)
    assert_rms(found[:, 0], sqrt(power + rest))
    assert_rms(found[:, 1], sqrt(power + rest))


@pytest.mark.parametrize(("rs_MOhm", "cm_pF"), [(5.0, 20.0), (20.0, 200.0), (10.0, 1.0)])
def test_the_noise_of_series_resistance_and_capacitance_has_their_spectrum(rs_MOhm: float, cm_pF: float) -> None:
    """Time constants of 5, 200 and 0.5 samples; up to a fifth of half the sampling rate."""
    size, n_pieces, width = 512, 3000, 4
    trace = recorded(rig(noise=True, rs_MOhm=rs_MOhm, cm_pF=cm_pF), np.zeros(size * n_pieces))
    window = np.hanning(size)
    power = np.abs(np.fft.rfft(trace.reshape(n_pieces, size) * window, axis=1)) ** 2
    density = 2.0 * power.mean(axis=0) / (FS_kHz * (window @ window))
    f_kHz = np.fft.rfftfreq(size, 1.0 / FS_kHz)
    expected = rs_cm_pA2_per_kHz(f_kHz, rs_MOhm, cm_pF) + white_pA(NEVER_GOhm / 2.0, 1.0) ** 2
    for middle in (8, 16, 30, 48):
        band = slice(middle - width, middle + width + 1)
        share = density[band].mean() / expected[band].mean()
        assert share == pytest.approx(1.0, abs=4.0 * sqrt(2.0 / (2 * width * n_pieces)) + 0.005)


def test_without_series_resistance_or_without_noise_there_is_none() -> None:
    quiet = np.zeros(1000)
    assert recorded(rig(noise=False, seal_GOhm=0.001, rs_MOhm=10.0), quiet).std() == 0.0
    assert recorded(rig(noise=True), quiet).std() < 1.2 * white_pA(NEVER_GOhm / 2.0, FS_kHz / 2.0)


# ---- converter


@pytest.mark.parametrize(("bits", "gain_mV_per_pA"), [(12, 0.5), (16, 0.5), (16, 20.0)])
def test_the_converter_rounds_to_its_steps_with_an_error_of_a_twelfth_root(bits: int, gain_mV_per_pA: float) -> None:
    step_pA = 20.0 / 2**bits / (gain_mV_per_pA * 1e-3)  # ±10 V
    current = np.random.default_rng(5).uniform(-400.0, 400.0, 100_000)
    trace = recorded(rig(bits=bits, gain_mV_per_pA=gain_mV_per_pA), current)
    assert np.abs(trace / step_pA - np.rint(trace / step_pA)).max() < 1e-9
    error = trace - current
    assert np.abs(error).max() <= step_pA / 2.0 * (1.0 + 1e-9)
    assert error.std() == pytest.approx(step_pA / sqrt(12.0), rel=4.0 * sqrt(0.8 / 4.0 / current.size))


def test_the_converter_clips_at_its_rails() -> None:
    current = np.array([-3e4, -20_000.0, 0.0, 19_999.0, 3e4])
    step_pA = 20.0 / 2**16 / 0.5e-3
    expected = [-20_000.0, -20_000.0, 0.0, 19_999.0, 20_000.0 - step_pA]
    trace = recorded(rig(bits=16, range_V=10.0, gain_mV_per_pA=0.5), current)
    assert trace == pytest.approx(expected, abs=step_pA / 2.0)
    assert trace[[0, -1]] == pytest.approx([-20_000.0, 20_000.0 - step_pA], abs=1e-9)
    assert recorded(rig(bits=0), current) == pytest.approx(current)


# ---- the parts together


CURRENT_CLAMP = replace(NOISY, amplifier=replace(NOISY.amplifier, mode="current-clamp"))


@pytest.mark.parametrize("off", [rig(on=False, **EVERYTHING), rig(), CURRENT_CLAMP], ids=["off", "no part", "I clamp"])
def test_a_recorder_without_work_leaves_every_bit(off: Rig) -> None:
    current = np.random.default_rng(1).normal(0.0, 1e5, 5000)
    assert np.array_equal(recorded(off, current), current)


def test_noise_comes_before_the_filter_and_the_converter_last() -> None:
    parts = {"noise": True, "seal_GOhm": 0.01, "gain_mV_per_pA": 0.5, "bits": 8}
    step_pA = 20.0 / 2**8 / 0.5e-3
    current = np.linspace(-1000.0, 1000.0, 4000)
    unfiltered, filtered = (recorded(rig(filter_kHz=fc, **parts), current) for fc in (0.0, 2.0))
    for trace in (unfiltered, filtered):
        assert np.abs(trace / step_pA - np.rint(trace / step_pA)).max() < 1e-9
    loud = {**parts, "bits": 0}
    noise = recorded(rig(**loud), np.zeros(4000)), recorded(rig(filter_kHz=2.0, **loud), np.zeros(4000))
    assert noise[1].std() / noise[0].std() == pytest.approx(sqrt(1.0464 * 2.0 / (FS_kHz / 2.0)), rel=0.15)


@pytest.mark.parametrize("missing", ["filter_kHz", "noise", "bits"])
def test_each_part_switched_off_leaves_the_others(missing: str) -> None:
    current = 100.0 * (np.arange(6000) >= 3000)
    parts = {**EVERYTHING, "bits": 12, missing: NOTHING[missing]}
    trace = recorded(rig(seal_GOhm=0.1, gain_mV_per_pA=10.0, **parts), current)
    step_pA = 20.0 / 2**12 / 10e-3
    assert trace[100:2900].std() == pytest.approx(0.0, abs=1e-9) or missing != "noise"
    assert (trace[100:2900].std() > 0.2) == (missing != "noise")
    rounded = np.abs(trace / step_pA - np.rint(trace / step_pA)).max() < 1e-9
    assert rounded == (missing != "bits")
    halfway = abs(trace[3001] - 50.0) < 30.0  # a filtered step takes some samples
    assert halfway == (missing != "filter_kHz")


# ---- chunks, order, seeds


@pytest.mark.parametrize("rig", [NOISY, rig(rs_MOhm=5.0, noise=True), rig(**EVERYTHING)])
@pytest.mark.parametrize("chunk", [1, 7, 50, 4999])
def test_where_a_sweep_is_cut_changes_no_bit(rig: Rig, chunk: int) -> None:
    current = np.random.default_rng(2).normal(0.0, 100.0, 9001).cumsum()
    whole = recorded(rig, current)
    chain = RecordingChain(rig, 1.0 / FS_kHz)
    chain.begin(3, 0)
    cut = current.copy()
    for first in range(0, cut.size, chunk):
        chain.record(cut[first : first + chunk])
    assert np.array_equal(cut, whole)


def test_the_order_in_which_sweeps_are_made_changes_no_bit() -> None:
    current = np.linspace(0.0, 10.0, 500)
    chain = RecordingChain(NOISY, 1.0 / FS_kHz)
    made = {}
    for sweep in (4, 0, 2):
        chain.begin(3, sweep)
        made[sweep] = current.copy()
        chain.record(made[sweep])
    for sweep, trace in made.items():
        assert np.array_equal(trace, recorded(NOISY, current, sweep=sweep))


def test_noise_is_another_one_in_another_sweep_and_with_another_seed() -> None:
    white = rig(noise=True, seal_GOhm=1.0)
    traces = [recorded(white, np.zeros(10_000), seed=seed, sweep=sweep) for seed in (0, 1, 2) for sweep in (0, 1, 2)]
    between = np.corrcoef(traces) - np.eye(len(traces))
    assert np.abs(between).max() < 4.5 / sqrt(10_000)  # of 36 pairs


# ---- knobs turned in mid-sweep


def turned(rigs: list[Rig], current_pA: Array) -> Array:
    """A sweep of equal parts, each with its own rig."""
    chain = RecordingChain(rigs[0], 1.0 / FS_kHz)
    chain.begin(3, 0)
    trace = current_pA.copy()
    for rig, part in zip(rigs, np.split(trace, len(rigs)), strict=True):
        chain.adopt(rig)
        chain.record(part)
    return trace


def test_a_rig_that_is_the_same_again_changes_no_bit() -> None:
    current = np.linspace(-50.0, 200.0, 1200)
    assert np.array_equal(turned([NOISY] * 4, current), recorded(NOISY, current))


def test_noise_goes_on_when_a_resistor_changes() -> None:
    loud, quiet = (rig(noise=True, seal_GOhm=r, feedback_GOhm=NEVER_GOhm) for r in (1.0, 10.0))
    trace, whole = turned([loud, quiet], np.zeros(1000)), recorded(loud, np.zeros(1000))
    assert np.array_equal(trace[:500], whole[:500])
    assert trace[500:] == pytest.approx(whole[500:] * sqrt((0.1 + 1e-3) / (1.0 + 1e-3)))


def test_another_corner_does_not_make_a_steady_current_jump() -> None:
    rigs = [rig(filter_kHz=fc) for fc in (1.0, 10.0, 40.0, 0.1)]
    assert turned(rigs, np.full(400, 77.0)) == pytest.approx(77.0, abs=1e-9)


def test_a_filter_turned_off_and_on_again_starts_at_the_present_value() -> None:
    current = np.repeat([0.0, 500.0, 20.0], 200)
    trace = turned([rig(filter_kHz=1.0), rig(), rig(filter_kHz=1.0)], current)
    assert trace == pytest.approx(current, abs=1e-9)


def test_a_recorder_turned_on_in_mid_sweep_starts_at_the_present_value() -> None:
    off, on = rig(on=False, filter_kHz=1.0), rig(filter_kHz=1.0)
    current = np.repeat([0.0, 500.0], 200)
    assert turned([off, on], current) == pytest.approx(current, abs=1e-9)
    assert np.isfinite(turned([NOISY, rig(on=False), NOISY, rig(), NOISY], np.repeat([0.0, 500.0], 500))).all()


def test_recording_does_without_scipy_that_takes_seconds_to_load(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("scipy.signal", "scipy.optimize"):
        monkeypatch.setitem(sys.modules, name, None)
    assert recorded(NOISY, np.zeros(100)).std() > 0.0
