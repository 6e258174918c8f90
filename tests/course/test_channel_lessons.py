"""Lessons 14 to 18: channels, blockers and pores."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lessons import cell, cell_of, curve, ions, lesson, protocol, segment, turned

from vclamp.analysis.analyses import analyse
from vclamp.analysis.results import Question
from vclamp.model.record import Recording
from vclamp.run.runner import record

RT_F_22 = 25.4341  # mV


# ---- 14 calcium


BARIUM = ions(Ca_out=0.0, Ba_out=2.0)


def left_at_the_end(recording: Recording, level_mV: float) -> float:
    """Current at the end of the step over its peak."""
    sweep = next(s for s in recording.sweeps if s["command_mV"][500] == level_mV)
    step = sweep["i_pA"][100:2100]
    return float(step[-1] / step.min())


def test_14_the_calcium_current_bends_and_does_not_reverse() -> None:
    x, y = curve(analyse("peak-iv", [lesson("ca-iv")]))
    assert y.max() < 0.0  # inward up to +60 mV
    falling = x >= 10.0
    slope = np.diff(y[falling])
    assert np.all(slope > 0.0)
    assert np.all(np.diff(slope)[1:] < 0.0)  # Goldman's curve flattens towards E_Ca, an ohmic one would not


def test_14_calcium_inactivates_the_channel_and_barium_does_not() -> None:
    calcium, barium = lesson("ca-iv"), lesson("ca-iv", BARIUM)
    assert left_at_the_end(calcium, 0.0) < 0.4
    assert left_at_the_end(barium, 0.0) > 0.95
    small, large = left_at_the_end(calcium, -40.0), left_at_the_end(calcium, 0.0)
    assert large < small  # more where more Ca²⁺ flows, not where more voltage is


def test_14_calcium_that_stays_inside_makes_the_current_run_down() -> None:
    again = replace(
        segment(protocol("ca-iv"), "test", level_mV=0.0), n_sweeps=4, between="interval", interval_ms=200.0, marks=()
    )
    for values, least, most in (({}, 0.0, 0.5), (BARIUM, 0.95, 1.01)):
        sweeps = record(turned(cell_of("ca-iv"), values), again).sweeps
        peaks = [sweep["i_pA"].min() for sweep in sweeps]
        assert np.all(np.diff(np.abs(peaks)) <= 0.01 * abs(peaks[0]))
        assert least < peaks[-1] / peaks[0] < most


# ---- 15 I_h


def test_15_ih_is_a_boltzmann_curve_of_its_tails() -> None:
    found = analyse("tail-gv", [lesson("hyperpolarisation")])
    assert -95.0 < found["v_half_mV"].value < -75.0
    assert 6.0 < -found["slope_mV"].value < 10.0, "it closes on depolarisation"
    assert found["z_e"].value < 0.0


def test_15_ih_opens_on_hyperpolarisation_ever_faster() -> None:
    """Magee 1998: τ = e^(0.0333 (V + 75)) / (0.011 (1 + e^(0.0832 (V + 75)))) ms at 33 °C, Q10 4.5."""
    recording = lesson("hyperpolarisation")
    found = analyse("activation-tau", [recording])
    for v in (-90.0, -110.0, -130.0):
        x = 0.0378 * 2.2 * (v + 75.0)
        tau_ms = np.exp(0.4 * x) / (0.011 * (1.0 + np.exp(x))) / 4.5**0.1
        assert found[f"tau_at_{v:g}mV_ms"].value == pytest.approx(tau_ms, rel=0.01)


def test_15_in_current_clamp_the_voltage_sags() -> None:
    steps = segment(protocol("current-steps"), "test", level_pA=-200.0)
    free = {"amplifier.mode": "current-clamp"}
    sag = {}
    for drug_on in (True, False):
        rig = turned(cell("ca1-ih"), free | {"cell.channels.ih.on": drug_on})
        (sweep,) = record(rig, replace(steps, n_sweeps=1)).sweeps
        v = sweep["v_mV"][2500:17500]
        sag[drug_on] = float(v[-1] - v.min())
    assert sag[True] > 2.0
    assert sag[False] < 0.01


# ---- 16 inward rectification


K_OUT = (2.0, 5.0, 20.0, 50.0)
KIR = Question(trace="i_kir_pA")


def kir(k_out: float, **values: Any) -> Recording:
    more = {key.replace("__", "."): value for key, value in values.items()}
    return lesson("kir", ions(K_out=k_out) | more)


def test_16_the_bend_follows_the_potassium_potential() -> None:
    """58.6 mV a decade at 22 °C; the curves cross."""
    runs = [kir(k) for k in K_OUT]
    found = analyse("reversal", runs, KIR)
    assert found["slope_per_decade_mV"].value == pytest.approx(RT_F_22 * np.log(10.0), rel=0.01)
    (x, low), (_, high) = (curve(analyse("ramp-iv", [run], KIR)) for run in (runs[1], runs[2]))
    assert high[0] < low[0]
    assert np.any(high[x > -30.0] > low[x > -30.0])


def test_16_much_more_current_flows_inward_than_outward() -> None:
    x, y = curve(analyse("ramp-iv", [kir(5.0)], KIR))
    e_mV = RT_F_22 * np.log(5.0 / 140.0)
    inward, outward = (np.interp(e_mV + dv, x, y) for dv in (-40.0, 40.0))
    assert -inward > 10.0 * outward > 0.0


def test_16_the_conductance_grows_with_the_root_of_potassium() -> None:
    found = []
    for k_out in K_OUT:
        x, y = curve(analyse("ramp-iv", [kir(k_out)], KIR))
        e_mV = RT_F_22 * np.log(k_out / 140.0)
        found.append(np.interp(e_mV - 30.0, x, y) / -30.0)
    assert np.polyfit(np.log(K_OUT), np.log(found), 1)[0] == pytest.approx(0.5, abs=0.02)


def test_16_without_blockers_it_is_a_straight_line() -> None:
    bare = lesson("kir", ions(Mg_in=0.0) | {"solutions.drugs.spermine.in_mM": 0.0})
    x, y = curve(analyse("ramp-iv", [bare], KIR))
    line = np.polynomial.Polynomial.fit(x, y, 1)
    assert np.abs(y - line(x)).max() < 1e-3 * np.ptp(y)


def test_16_magnesium_blocks_as_woodhull_says() -> None:
    """z 2, δ 0.8, K_d(0) = [B], 20 °C: 0.994, 0.926, 0.5 and 0.074 are left at -80, -40, 0 and +40 mV."""
    blocked = {
        "cell.channels.woodhull_k.blockers.0.z_delta": 1.6,
        "cell.channels.woodhull_k.blockers.0.kd_mM": 0.5,
        "solutions.drugs.blocker.in_mM": 0.5,
        "solutions.temperature_K": 293.15,
    }
    with_it, without = (
        lesson("kir", blocked | more, rig=cell("hek-woodhull-k"))
        for more in ({}, {"solutions.drugs.blocker.in_mM": 0.0})
    )
    trace = Question(trace="i_woodhull_k_pA")
    (x, some), (_, full) = (curve(analyse("ramp-iv", [run], trace)) for run in (with_it, without))
    for v, left in ((-80.0, 0.994), (-40.0, 0.926), (0.0, 0.5), (40.0, 0.074)):
        assert np.interp(v, x, some / full) == pytest.approx(left, abs=0.005)


# ---- 17 a blocker

DOSES_mM = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
KV = Question(trace="i_kv_pA")


def dosed(mM: float, name: str = "dose-response", **changes: Any) -> Recording:
    return lesson(name, {"solutions.drugs.quinidine.in_mM": mM}, **changes)


def test_17_one_blocker_a_channel_and_a_voltage_dependent_affinity() -> None:
    """K_d 6.25 µM at 0 mV, 0.19 of the field: e-fold in RT/(zδF) = 134 mV."""
    runs = [dosed(mM) for mM in DOSES_mM]
    found = analyse("dose-response", runs, KV)
    assert found["hill"].value == pytest.approx(1.0, abs=0.05)
    assert found["ic50_mM"].value == pytest.approx(6.25e-3 * np.exp(-80.0 * 0.19 / RT_F_22), rel=0.05)
    block = analyse("woodhull", runs, Question(trace="i_kv_pA", mark="steady"))
    assert block["z_delta"].value == pytest.approx(0.19, rel=0.05)
    assert block["kd_mM"].value == pytest.approx(6.25e-3, rel=0.05)


def test_17_the_blocks_rate_is_a_line_against_the_dose() -> None:
    """1/τ = k_on [B] + k_off with 0.8 e^(0.19 u) per mM ms and 0.005 per ms."""
    doses, rates = (0.003, 0.01, 0.03), []
    for mM in doses:
        found = analyse("inactivation-tau", [dosed(mM)], KV)
        rates.append(1.0 / found["tau_at_80mV_ms"].value)
    on, off = np.polyfit(doses, rates, 1)
    assert on == pytest.approx(0.8 * np.exp(80.0 * 0.19 / RT_F_22), rel=0.05)
    assert off == pytest.approx(0.005, rel=0.15)


def test_17_faster_trains_leave_less() -> None:
    left = []
    for interval_ms in (1000.0, 300.0, 100.0):
        sweeps = dosed(0.01, "use-dependence", interval_ms=interval_ms).sweeps
        peaks = [sweep["i_kv_pA"].max() for sweep in sweeps]
        left.append(peaks[-1] / peaks[0])
    assert left[0] > 0.95
    assert np.all(np.diff(left) < 0.0)
    control = dosed(0.0, "use-dependence").sweeps
    assert control[-1]["i_kv_pA"].max() == pytest.approx(control[0]["i_kv_pA"].max(), rel=1e-3)


# ---- 18 permeability


def test_18_a_mixture_conducts_less_than_either_ion_and_goldman_predicts_none() -> None:
    shares = (0.0, 0.05, 0.15, 0.3, 0.5, 0.7, 0.9, 1.0)
    found = {}
    for name, k, trace in (("hek-amfe-pore", 1.0, "i_amfe_pA"), ("hek-kv-selective", 1.0, "i_kv_pA")):
        mixtures = [ions(K_out=100 * (k - x), K_in=100 * (k - x), Tl_out=100 * x, Tl_in=100 * x) for x in shares]
        runs = [lesson("mole-fraction", mixture, rig=cell(name)) for mixture in mixtures]
        found[name] = curve(analyse("mole-fraction", runs, Question(trace=trace)))
    x, g = found["hek-amfe-pore"]
    assert x == pytest.approx(shares)
    assert x[np.argmin(g)] == pytest.approx(0.15)
    assert g.min() < 0.7 * min(g[0], g[-1])
    _, g = found["hek-kv-selective"]
    assert np.all(np.diff(g) > 0.0)


@pytest.mark.parametrize(("ion", "ratio"), [("Tl", 2.3), ("Rb", 0.92), ("NH4", 0.13)])
def test_18_the_reversal_tells_the_permeability(ion: str, ratio: float) -> None:
    """Hille 1973, J Gen Physiol 61:669: ΔE = (RT/F) ln P/P_K, 25.26 mV at 20 °C."""
    question = Question(trace="i_kv_pA")
    foreign = {f"solutions.ions.{ion}.out_mM": 140.0, "solutions.ions.K.out_mM": 0.0}
    found = []
    for values in ({}, foreign):
        x, y = curve(analyse("ramp-iv", [lesson("mole-fraction", values, rig=cell("hek-kv-selective"))], question))
        order = np.argsort(x)
        near = slice(*np.searchsorted(x[order], (-100.0, 40.0)))
        k = int(np.flatnonzero(np.diff(np.sign(y[order][near])) > 0)[0]) + near.start
        a, b = order[k], order[k + 1]
        found.append(x[a] - y[a] * (x[b] - x[a]) / (y[b] - y[a]))
    assert np.exp((found[1] - found[0]) / 25.2617) == pytest.approx(ratio, rel=0.02)
