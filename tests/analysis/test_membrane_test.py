"""The membrane test finds the cell behind the filter, of a model cell on a bench and of simulated ones."""

import inspect
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from patches import BAD, changed
from scipy.signal import lsim

from vclamp import paths
from vclamp.analysis.membrane_test import LAGS_ms, fit_filtered_test, instrument, membrane_test_answer
from vclamp.analysis.results import Question, Result
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.files import load_rig
from vclamp.model.protocol import Hold, Ladder, Protocol, Step
from vclamp.model.record import Recording
from vclamp.physics import circuit
from vclamp.physics.filters import bessel_gain
from vclamp.run.runner import record

Array = NDArray[np.float64]

DATA = Path(__file__).parents[1] / "textbook" / "data"
ABF = Path(__file__).parents[3] / "shared" / "abf" / "model_vc_step.abf"
TEST = Protocol("test", (Hold(5.0), Step(-80.0, 25.0), Hold(30.0)), 20, -70.0)


def recorded(name: str, filter_kHz: float, circuit: str | None = None, *, protocol: Protocol = TEST) -> Recording:
    """A cell with its compensation off and its recorder on."""
    rig = load_rig(paths.CELLS / f"{name}.toml")
    dials = {"correction_percent": 0.0, "prediction_percent": 0.0, "cm_est_pF": 0.0}
    amplifier = replace(
        rig.amplifier, **dials, circuit=circuit or rig.amplifier.circuit,
        recorder=Recorder(on=filter_kHz > 0.0, filter_kHz=filter_kHz),
    )  # fmt: skip
    return record(replace(rig, amplifier=amplifier), protocol, seed=1)


@cache
def usual() -> Recording:
    return recorded("model-cell-mc9", 5.0)


def ask(recording: Recording) -> Result:
    return membrane_test_answer([recording], Question())


# ---- the instrument


def test_an_instrument_passes_slow_exponentials_with_the_gain_of_its_transfer_function() -> None:
    from scipy.signal import bessel

    b, a = bessel(4, 2 * np.pi * 2.0, analog=True, norm="mag")
    t = np.arange(0.0, 6.0, 0.002)
    cell = 90.0 * np.exp(-t / 0.35) + 10.0
    _, expected, _ = lsim((b, a), cell, t)
    seen = instrument(2.0)
    one = np.ones(1)
    got = seen.answer(t, seen.own_motion(t), 100.0 * one, 10.0 * one, 0.35 * one)
    assert got == pytest.approx(expected, abs=0.02)
    assert abs(np.prod(-seen.poles).real / np.prod(2j * np.pi * 2.0 - seen.poles)) == pytest.approx(bessel_gain(1.0))


def test_lags_are_those_of_the_circuits() -> None:
    for name, function in (("simplified", circuit.simplified_amplifier), ("full", circuit.full_amplifier)):
        defaults = {k: p.default for k, p in inspect.signature(function).parameters.items()}
        assert LAGS_ms[name] == tuple(v for k, v in defaults.items() if k.startswith("tau_") and k != "tau_sum_ms")


# ---- the fit


def test_without_a_filter_the_parameters_of_known_data_come_back() -> None:
    t, i = np.loadtxt(DATA / "memtest.csv", delimiter=",", skiprows=1, unpack=True)
    before = np.arange(-0.5, -1e-9, t[1] - t[0])
    noise = np.random.default_rng(0).normal(0.0, 1e-3, before.size)
    fit = fit_filtered_test(np.append(before, t), np.append(noise, i), 10.0, instrument())
    assert fit.warning == ""
    found = [fit[name] for name in ("rs_MOhm", "rm_MOhm", "cm_pF", "tau_ms")]
    assert found == pytest.approx([12.0, 300.0, 28.0, 0.3230769], rel=2e-3)  # target A17


def test_intervals_contain_the_truth_as_often_as_they_say_although_noise_is_filtered() -> None:
    from scipy.signal import bessel, sosfilt

    rng = np.random.default_rng(1)
    t = np.arange(-100, 500) / 50.0
    seen, one = instrument(5.0), np.ones(1)
    clean = np.zeros(t.size)
    clean[100:] = seen.answer(t[100:], seen.own_motion(t[100:]), 1000.0 * one, 20.0 * one, 0.3 * one)
    truth = {"rs_MOhm": 10.0, "total_MOhm": 500.0, "tau_ms": 0.3}
    hits = dict.fromkeys(truth, 0)
    sos = bessel(4, 5.0, fs=50.0, norm="mag", output="sos")
    for _ in range(200):
        fit = fit_filtered_test(t, clean + sosfilt(sos, rng.normal(0.0, 5.0, t.size + 200))[200:], 10.0, seen)
        for name, value in truth.items():
            low, high = fit.interval(name)
            hits[name] += low <= value <= high
    assert min(hits.values()) >= 0.86 * 200  # errors as of white noise would give 0.6
    assert max(hits.values()) <= 200


# ---- cells


def test_a_real_model_cell_is_what_its_maker_says() -> None:
    pyabf = pytest.importorskip("pyabf")
    if not ABF.exists():
        pytest.skip("the folder of real recordings is not here")
    abf = pyabf.ABF(str(ABF))
    sweeps = []
    for k in range(abf.sweepCount):
        abf.setSweep(k)
        sweeps.append(np.array(abf.sweepY, float))
    mean, first, last = np.mean(sweeps, axis=0), 156, 4156  # the step from -70 to -80 mV; 2 kHz filter
    t = (np.arange(mean.size) - first) / abf.dataRate * 1000.0
    seen = (t < 0.0) | (t >= 0.25)
    seen[last:] = False
    fit = fit_filtered_test(t[seen], mean[seen], -10.0, instrument(2.0))
    assert fit.warning == ""
    assert fit["total_MOhm"] == pytest.approx(511.0, rel=0.01)
    assert fit["tau_ms"] == pytest.approx(0.349, rel=0.03)
    assert fit["cm_pF"] == pytest.approx(33.0, rel=0.10)
    assert fit["rs_MOhm"] == pytest.approx(10.0, rel=0.10)


@pytest.mark.parametrize("filter_kHz", [0.0, 2.0, 5.0, 10.0])
@pytest.mark.parametrize(
    ("cell", "circuit", "rs", "cm"),
    [
        ("model-cell-mc9", None, 5.1, 22.0),
        ("model-cell-patch-1u", None, 10.0, 33.0),
        ("realistic-rig", None, 6.0, 25.0),
        ("realistic-rig", "full", 6.0, 25.0),
    ],
)
def test_series_resistance_and_capacitance_come_back_within_two_percent(
    cell: str, circuit: str | None, rs: float, cm: float, filter_kHz: float
) -> None:
    result = ask(recorded(cell, filter_kHz, circuit))
    assert result["rs_MOhm"].value == pytest.approx(rs, rel=0.02)
    assert result["cm_pF"].value == pytest.approx(cm, rel=0.02)
    assert (result["rs_MOhm"].truth, result["cm_pF"].truth) == (rs, cm)
    assert result["rm_MOhm"].value == pytest.approx(result["rm_MOhm"].truth, rel=0.03)
    for name in ("rs_MOhm", "rm_MOhm", "cm_pF", "tau_ms"):
        estimate = result[name]
        assert abs(estimate.value - estimate.truth) <= 4.0 * estimate.se + 3e-3 * estimate.truth


def test_the_membrane_resistance_beside_the_estimate_is_that_of_the_cell() -> None:
    assert ask(usual())["rm_MOhm"].truth == pytest.approx(500.0, rel=1e-3)


def test_of_many_steps_the_smallest_is_taken_and_both_edges_count() -> None:
    protocol = Protocol("family", (Hold(5.0), Step(Ladder(-120.0, 10.0), 20.0), Hold(20.0)), 12, -75.0)
    result = ask(recorded("model-cell-mc9", 5.0, protocol=protocol))
    assert result["cm_pF"].value == pytest.approx(22.0, rel=0.02)
    assert np.ptp(result.curves[0].curve.y) < 2.0 * 5.0 / 5.1 * 1000.0  # the answer to 5 mV


def test_compensation_and_an_ideal_clamp_are_said() -> None:
    rig = load_rig(paths.CELLS / "realistic-rig.toml")
    assert any("Compensation is on" in note for note in ask(record(rig, TEST)).notes)
    ideal = ask(record(replace(rig, amplifier=Amplifier()), TEST))
    assert any("ideal" in note for note in ideal.notes)
    assert ideal["total_MOhm"].value == pytest.approx(400.0, rel=0.01)  # 2.5 nS of leaks; the rest is shut


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("sweeps", [1, 20])
def test_bad_currents_are_answered_with_a_sentence(what: str, sweeps: int) -> None:
    result = ask(changed(replace(usual(), sweeps=usual().sweeps[:sweeps]), BAD[what]))
    good = what in ("huge", "tiny")
    assert bool(result.notes) is not good
    assert all(note.endswith(".") for note in result.notes)
    if not good:
        assert "rs_MOhm" not in [estimate.name for estimate in result.estimates]


def test_a_protocol_without_a_step_is_answered_with_a_sentence() -> None:
    flat = recorded("model-cell-mc9", 5.0, protocol=Protocol("flat", (Hold(20.0),), 1, -70.0))
    assert "no step" in ask(flat).notes[0]
