"""Lessons 19 to 22: gating charge, single channels, rest, and the cell that nobody knows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lessons import cell, cell_of, curve, ions, lesson, protocol, segment, turned
from numpy.testing import assert_allclose

from vclamp.analysis.analyses import analyse
from vclamp.analysis.results import Question
from vclamp.model.ions import Drug
from vclamp.model.protocol import CurrentStep, Protocol
from vclamp.model.record import Recording
from vclamp.model.rig import Rig
from vclamp.run.runner import record

RT_F_22 = 25.4341  # mV


# ---- 19 gating charge


def test_19_sensors_move_before_the_gate() -> None:
    """Four sensors of 3 e, half moved at -45 mV; all four at (1 + e^(-3F(V + 45)/RT))⁻⁴ = 1/2: -30.9 mV."""
    found = analyse("gating-charge", [lesson("gating-charge")])
    assert found["z_e"].value == pytest.approx(3.0, rel=0.01)
    assert found["v_half_mV"].value == pytest.approx(-45.0, abs=0.5)
    assert found["q_max_fC"].value == pytest.approx(1e5 * 12.0 * 1.602177e-4, rel=0.01)
    assert found["returned"].value == pytest.approx(1.0, abs=0.01)
    x, y = curve(
        analyse("tail-gv", [lesson("gating-charge", {"cell.channels.kv.g_nS": 20.0})], Question(trace="i_kv_pA"))
    )
    y = y / y[-1]
    assert np.interp(0.5, y, x) == pytest.approx(-30.9, abs=1.5)


def test_19_leak_subtraction_leaves_the_gating_current_alone() -> None:
    leaky = lesson("gating-charge", {"cell.channels.seal.g_nS": 5.0})
    for sweep in leaky.sweeps[::5]:
        assert_allclose(sweep["i_subtracted_pA"][400:], sweep["i_gating_kv_pA"][400:], atol=7.0)
        assert np.abs(sweep["i_pA"] - sweep["i_gating_kv_pA"]).max() > 200.0


def test_19_a_weak_linker_is_shallow_and_opens_not_all() -> None:
    """Chapter: 62 % at most."""
    found = {}
    for name in ("hek-kv-mwc", "hek-kv-mwc-weak-linker"):
        recording = lesson("activation", rig=cell(name))
        p = np.array([sweep["p_open_kv_mwc"][2200] for sweep in recording.sweeps])
        found[name] = p.max(), analyse("tail-gv", [recording], Question(trace="i_kv_mwc_pA"))["z_e"].value
    (p_wild, z_wild), (p_weak, z_weak) = found.values()
    assert p_wild > 0.99
    assert p_weak == pytest.approx(0.62, abs=0.02)
    assert z_weak < 0.8 * z_wild


# ---- 20 single channels and noise


SINGLE = "cell.channels.two_state_k"


def patch(n: int, **changes: Any) -> Recording:
    """The lesson with more channels in the patch."""
    rig = turned(cell_of("single-channel"), {f"{SINGLE}.n_channels": n, f"{SINGLE}.g_nS": 0.05 * n})
    return lesson("single-channel", rig=rig, seed=3, **changes)


def test_20_one_channel_tells_its_current_and_its_dwells() -> None:
    """50 pS × (-10 mV − E_K) and, with 0.125 per ms either way, 8 ms open and 8 ms shut."""
    recording = patch(1)
    found = analyse("all-points", [recording])
    e_k = RT_F_22 * np.log(4.0 / 140.0)
    assert found["i_pA"].value == pytest.approx(0.05 * (-10.0 - e_k), rel=0.02)
    dwells = analyse("dwell-times", [recording])
    for name in ("mean_open_ms", "mean_shut_ms"):
        assert dwells[name].value == pytest.approx(8.0, rel=0.15)


def test_20_several_channels_open_as_a_binomial() -> None:
    found = analyse("all-points", [patch(3)])
    shares = [found[f"share_{k}"].value for k in (1, 2, 3)]
    assert shares == pytest.approx([3 / 8, 3 / 8, 1 / 8], abs=0.05)


def test_20_a_lower_filter_misses_short_dwells() -> None:
    quick = {f"{SINGLE}.gating.k0_per_ms": 1.0}
    means = []
    for corner_kHz in (5.0, 1.0):
        recording = lesson("single-channel", quick | {"amplifier.recorder.filter_kHz": corner_kHz}, seed=3)
        means.append(analyse("dwell-times", [recording])["mean_open_ms"].value)
    assert means[1] > 1.1 * means[0] > 1.0


def test_20_variance_against_mean_gives_current_and_number() -> None:
    """σ² = i I − I²/N of 1000 channels in 100 sweeps, each variance known to √(2/100) = 14 %."""
    short = segment(protocol("single-channel"), "test", level_mV=30.0, duration_ms=30.0)
    recording = patch(1000, segments=short.segments, n_sweeps=100)
    found = analyse("variance-mean", [recording], Question(window_ms=(10.5, 40.0)))
    e_k = RT_F_22 * np.log(4.0 / 140.0)
    for name, truth in (("i_pA", 0.05 * (30.0 - e_k)), ("n_channels", 1000.0)):
        assert found[name].low < truth < found[name].high, name
        assert found[name].value == pytest.approx(truth, rel=0.25), name


# ---- 21 rest


def resting(values: Mapping[str, object] | None = None, minutes: float = 1.0) -> Recording:
    (hold,) = protocol("run-down").segments
    return lesson("run-down", values, fs_kHz=0.02, segments=(replace(hold, duration_ms=60e3 * minutes),))


def test_21_the_pump_hyperpolarises_by_its_current_over_all_conductance() -> None:
    found = analyse("chord", [resting()])
    v, total, pump = (found[name].value for name in ("v_mV", "g_total_nS", "i_pump_pA"))
    batteries = sum(found[f"g_{n}_leak_nS"].value * found[f"e_{n}_leak_mV"].value for n in ("k", "na"))
    assert v == pytest.approx((batteries - pump) / total, abs=0.01)
    assert 2.0 < pump / total < 10.0
    assert found["pump_share_mV"].value == pytest.approx(-pump / total, rel=1e-6)


def test_21_at_rest_every_ion_flows_and_nothing_in_all() -> None:
    (sweep,) = resting().sweeps
    last = {name: float(sweep[name][-1]) for name in ("i_k_leak_pA", "i_na_leak_pA", "i_pump_pA")}
    assert last["i_na_leak_pA"] == pytest.approx(-3.0 * last["i_pump_pA"], rel=0.01)
    assert last["i_k_leak_pA"] == pytest.approx(2.0 * last["i_pump_pA"], rel=0.01)
    assert sum(last.values()) == pytest.approx(0.0, abs=0.01)


def test_21_ouabain_takes_the_pumps_millivolts_at_once_and_then_the_gradients() -> None:
    (sweep,) = resting({"cell.pump.i_max_pA": 0.0}, minutes=10.0).sweeps
    before = float(resting().sweeps[0]["v_mV"][-1])
    v, sodium = sweep["v_mV"], sweep["in_Na_mM"]
    assert 2.0 < v[5] - before < 10.0
    assert v[-1] > v[5] + 1.0
    assert sodium[-1] > sodium[0] + 2.0


def test_21_more_potassium_outside_depolarises() -> None:
    ends = [float(resting(ions(K_out=k)).sweeps[0]["v_mV"][-1]) for k in (2.0, 4.0, 8.0, 16.0)]
    assert np.all(np.diff(ends) > 3.0)
    assert np.diff(ends)[-1] < 26.71 * np.log(2.0)


# ---- 22 the unknown cell


DRUGS = {"TTX": 1e-3, "TEA": 100.0, "Cd": 1.0}  # mM, a hundred times their IC50 and more


def given(rig: Rig, *names: str) -> Rig:
    """The cell with some drugs in its bath."""
    drugs = tuple(Drug(name, out_mM=DRUGS[name]) for name in names)
    return replace(rig, solutions=replace(rig.solutions, drugs=drugs))


def test_22_what_each_drug_takes_is_the_current_that_flowed() -> None:
    """Na⁺ early, K⁺ and Ca²⁺ late; their charges to 10 %, for a drug changes the voltage behind R_s a little."""
    rig = cell_of("ap-clamp")
    control = lesson("ap-clamp").sweeps[0]
    for drug, name in (("TTX", "na"), ("TEA", "k"), ("Cd", "cav")):
        difference = control["i_pA"] - lesson("ap-clamp", rig=given(rig, drug)).sweeps[0]["i_pA"]
        assert difference.sum() == pytest.approx(control[f"i_{name}_pA"].sum(), rel=0.1), name
    peak = {name: int(np.argmax(np.abs(control[f"i_{name}_pA"]))) for name in ("na", "k", "cav")}
    assert peak["na"] < peak["k"]
    assert peak["na"] < peak["cav"]


def test_22_the_command_is_a_spike_that_a_neuron_fires() -> None:
    """The stored waveform is what the cell "neuron" does after 1 nA for 1 ms."""
    segments = (CurrentStep(0.0, 50.0), CurrentStep(1000.0, 1.0), CurrentStep(0.0, 29.0))
    (fired,) = record(cell("neuron"), Protocol("spike", segments, n_sweeps=1, hold_mV=-72.5, fs_kHz=100.0)).sweeps
    played = protocol("ap-clamp").command_mV(0)[1000:4000]
    assert played.max() > 30.0
    assert_allclose(played[::5], fired["v_mV"][4900:7900:5], atol=0.01)


def test_22_the_exam_tells_no_truth_and_can_be_passed() -> None:
    """Access, capacitance and E_K from the lessons before, within 5 % or 3 mV of what the file hides."""
    rig = cell_of("ap-clamp")
    test = analyse("membrane-test", [lesson("membrane-test", rig=rig, fs_kHz=200.0)])
    assert np.isnan(test["rs_MOhm"].truth)
    assert test["rs_MOhm"].value == pytest.approx(1.5, rel=0.05)
    assert test["cm_pF"].value == pytest.approx(12.0, rel=0.05)
    with_k, without = (lesson("tail", rig=given(rig, "TTX", "Cd", *more)) for more in ((), ("TEA",)))
    (x, y), (_, rest) = (curve(analyse("tail-iv", [run])) for run in (with_k, without))
    e_k = 26.47 * np.log(6.0 / 140.0)
    assert np.interp(0.0, y - rest, x) == pytest.approx(e_k, abs=3.0)
