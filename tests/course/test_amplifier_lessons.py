"""Lessons 1 to 3 and 13: what the amplifier does to a recording."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lessons import cell, curve, lesson, protocol

from vclamp.analysis.analyses import analyse
from vclamp.model.protocol import Leak
from vclamp.model.record import Recording

WITHIN_1 = 0.01
NOISELESS = {"amplifier.recorder.on": False}


# ---- 1 seal and membrane test

SEAL, MEMBRANE = "cell.channels.seal.g_nS", "cell.channels.rm.on"


def test_1_in_the_bath_the_test_tells_the_pipette() -> None:
    bath = {SEAL: 250_000.0, MEMBRANE: False, "amplifier.rs_MOhm": 4.0, "cell.cm_pF": 0.01}
    found = analyse("membrane-test", [lesson("membrane-test", bath, hold_mV=0.0)])
    assert found["total_MOhm"].value == pytest.approx(4.0, rel=0.05)


def test_1_after_sealing_it_tells_more_than_a_gigaohm() -> None:
    sealed = {MEMBRANE: False, "cell.cm_pF": 0.01}
    found = analyse("membrane-test", [lesson("membrane-test", sealed)])
    assert found["total_MOhm"].value == pytest.approx(5000.0, rel=0.05)


def test_1_in_the_whole_cell_it_finds_access_membrane_and_capacitance() -> None:
    recording = lesson("membrane-test")
    found = analyse("membrane-test", [recording])
    rs, rm, cm = 10.0, 1000.0 / (0.2 + 3.3), 20.0
    for name, truth in (("rs_MOhm", rs), ("rm_MOhm", rm), ("cm_pF", cm), ("tau_ms", 1e-3 * cm * rs * rm / (rs + rm))):
        assert found[name].value == pytest.approx(truth, rel=0.05), name


def test_1_the_charge_of_the_transient_gives_the_same_capacitance() -> None:
    (sweep,), fs_kHz = lesson("membrane-test").sweeps, 50.0
    on = sweep["i_pA"][round(15 * fs_kHz) : round(35 * fs_kHz)]
    charge_fC = (on - on[-500:].mean()).sum() / fs_kHz
    rs, rm = 10.0, 1000.0 / (0.2 + 3.3)
    # what the steady current already carries while the transient lasts: (R_m / R)²
    assert charge_fC / 10.0 == pytest.approx(20.0 * (rm / (rs + rm)) ** 2, rel=0.05)


# ---- 2 compensation


def true_step(recording: Recording) -> tuple[float, float, float]:
    """Time constant of the membrane's voltage in the step (ms), its overshoot and what is missing in the end (mV)."""
    (sweep,), at = recording.sweeps, round(5 * recording.header.protocol.fs_kHz)
    v = sweep["v_mV"][at : at + 4000]
    done = (v - v[0]) / (v[-1] - v[0])
    tau_ms = float(np.argmax(done > 1.0 - np.exp(-1.0))) / recording.header.protocol.fs_kHz
    return tau_ms, float(v.max() - v[-1]), float(sweep["command_mV"][at] - v[-1])


def compensated(percent: float, **values: Any) -> Recording:
    """The lesson with correction and prediction at so many percent, and C-slow set."""
    dials = {"amplifier.correction_percent": percent, "amplifier.prediction_percent": min(percent, 99.0)}
    more = {key.replace("__", "."): value for key, value in values.items()}
    slow = {"amplifier.cm_est_pF": more.get("cell.cm_pF", 20.0)}
    return lesson("compensation", NOISELESS | slow | dials | more)


@pytest.mark.parametrize("percent", [50.0, 70.0, 90.0])
def test_2_compensation_leaves_its_share_of_the_series_resistance(percent: float) -> None:
    left = 1.0 - percent / 100.0
    none, some = compensated(0.0), compensated(percent)
    assert true_step(some)[2] == pytest.approx(left * true_step(none)[2], rel=0.05)


@pytest.mark.parametrize("percent", [50.0, 70.0, 90.0])
def test_2_the_clamp_is_faster_by_the_same_share(percent: float) -> None:
    """But for the amplifier's own lag, 0.085 ms, which a cell of 200 pF behind 20 MΩ makes small."""
    large = {"cell__cm_pF": 200.0, "amplifier__rs_MOhm": 20.0, "amplifier__rs_est_MOhm": 20.0}
    none, some = (true_step(compensated(p, **large))[0] for p in (0.0, percent))
    assert some == pytest.approx((1.0 - percent / 100.0) * none, abs=0.1)


def test_2_the_transient_goes_with_c_slow() -> None:
    areas = []
    for c_slow_pF in (0.0, 20.0):
        (sweep,) = lesson("compensation", NOISELESS | {"amplifier.cm_est_pF": c_slow_pF}).sweeps
        on = sweep["i_pA"][1000:5000]
        areas.append(np.abs(on - on[-1]).sum())
    assert areas[1] < 0.1 * areas[0]


def test_2_too_much_of_it_overshoots_and_runs_away() -> None:
    none, much = (true_step(compensated(p, amplifier__cm_est_pF=0.0))[1] for p in (0.0, 90.0))
    assert none < 0.01
    assert much > 2.0
    ringing = compensated(99.0, amplifier__rs_est_MOhm=14.0).sweeps[0]["v_mV"][1000:5000]
    assert np.count_nonzero(np.diff(np.sign(ringing[:-1] + 50.0))) > 20
    gone = compensated(99.0, amplifier__rs_est_MOhm=20.0).sweeps[0]["v_mV"]
    assert np.abs(gone).max() > 200.0


# ---- 3 leak subtraction


def test_3_a_linear_leak_and_the_capacity_vanish() -> None:
    linear = lesson("leak-subtraction", NOISELESS, rig=cell("whole-cell"))
    assert max(np.abs(sweep["i_pA"]).max() for sweep in linear.sweeps) > 1000.0
    assert max(np.abs(sweep["i_subtracted_pA"]).max() for sweep in linear.sweeps) < 1e-3


@pytest.mark.parametrize(("n", "growth"), [(4, 2.236), (8, 3.0)])
def test_3_subtraction_costs_noise(n: int, growth: float) -> None:
    """√(1 + N): 2.24 for P/4."""
    recording = lesson(
        "leak-subtraction", {"amplifier.recorder.bits": 0}, rig=cell("whole-cell"), leak=Leak(n, hold_mV=-90.0)
    )
    still = slice(750, 1250)
    raw, clean = (np.mean([s[name][still].var() for s in recording.sweeps]) for name in ("i_pA", "i_subtracted_pA"))
    assert np.sqrt(clean / raw) == pytest.approx(growth, rel=0.1)


def test_3_legs_that_cross_activation_take_potassium_current_away() -> None:
    plan, found = protocol("leak-subtraction").leak, {}
    assert plan is not None
    for polarity in ("opposite", "same"):
        recording = lesson(
            "leak-subtraction", rig=cell("squid-axon-k"), hold_mV=-65.0, leak=replace(plan, polarity=polarity)
        )
        last, at = recording.sweeps[-1], round(24.5 * 50)
        found[polarity] = last["i_subtracted_pA"][at] / last["i_k_pA"][at]
    assert found["opposite"] == pytest.approx(1.0, abs=0.01)
    assert found["same"] < 0.9


def test_3_on_its_own_cell_legs_that_open_channels_spoil_the_result() -> None:
    plan, found = protocol("leak-subtraction").leak, []
    assert plan is not None
    for polarity in ("opposite", "same"):
        recording = lesson("leak-subtraction", NOISELESS, leak=replace(plan, polarity=polarity))
        found.append(recording.sweeps[-1]["i_subtracted_pA"][300:1200])
    assert np.abs(found[1] - found[0]).max() > 0.1 * np.abs(found[0]).max()


# ---- 13 series resistance


def rising(values: dict[str, object]) -> tuple[float, float, float]:
    """V½ and 10-90 % width of the peaks' rise, and where they reverse (mV)."""
    x, y = curve(analyse("peak-iv", [lesson("series-resistance", values)]))
    top = int(np.argmin(y))
    at = [float(np.interp(share, y[: top + 1] / y[top], x[: top + 1])) for share in (0.1, 0.5, 0.9)]
    late = x >= 30.0
    return at[1], at[2] - at[0], float(np.interp(0.0, y[late], x[late]))


RS, EST, CORR, PRED = (f"amplifier.{x}" for x in ("rs_MOhm", "rs_est_MOhm", "correction_percent", "prediction_percent"))


def test_13_the_more_series_resistance_the_more_negative_and_steeper() -> None:
    found = [rising({RS: rs, EST: rs}) for rs in (0.5, 5.0, 10.0, 20.0)]
    half, width, e_rev = map(np.array, zip(*found, strict=True))
    assert np.all(np.diff(half) < 0.0)
    assert half[-1] < half[0] - 10.0
    assert np.all(np.diff(width) < 0.0)
    assert e_rev == pytest.approx(50.0, abs=1.5)


def test_13_compensation_brings_the_curve_back() -> None:
    found = [rising({CORR: p, PRED: p})[0] for p in (0.0, 70.0, 90.0)]
    ideal = rising({RS: 0.5, EST: 0.5})[0]
    assert ideal > found[2] > found[1] > found[0]
    assert abs(found[2] - ideal) < 0.5 * abs(found[0] - ideal)


def test_13_the_membrane_is_not_where_the_command_is() -> None:
    sweep = lesson("series-resistance").sweeps[8]
    assert np.abs(sweep["v_mV"] - sweep["command_mV"])[330:].max() > 20.0


def test_13_uncompensated_peaks_come_all_at_once_and_late() -> None:
    """One step of 5 mV adds 40 % of the largest peak; at threshold, and at +20 mV, they come later than they should."""
    x, y = curve(analyse("peak-iv", [lesson("series-resistance", {RS: 20.0, EST: 20.0})]))
    assert np.max(np.diff(np.abs(y))) > 0.4 * np.abs(y).max()
    times = {}
    for rs in (0.1, 5.0, 10.0):
        sweeps = lesson("series-resistance", {RS: rs, EST: rs}).sweeps
        times[rs] = [float(np.argmin(sweeps[int(np.flatnonzero(x == v)[0])]["i_pA"])) - 300.0 for v in (-50.0, 20.0)]
    assert times[5.0][0] > 1.5 * times[0.1][0]
    assert times[10.0][1] > times[5.0][1] > times[0.1][1]
