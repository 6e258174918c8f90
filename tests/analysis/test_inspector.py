"""The inspector: parts that add up to what is recorded, each checked against theory or a run without the others."""

from dataclasses import replace
from math import isnan

import numpy as np
import pytest
from patches import patch, still

from vclamp import paths
from vclamp.analysis.inspector import Inspection, Part, ghost_of, inspect
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.channel import Channel
from vclamp.model.files import load_rig
from vclamp.model.ions import Ion, Solutions
from vclamp.model.pores import OhmicPore
from vclamp.model.protocol import Hold, Protocol, Step
from vclamp.model.record import About, Change, Recording
from vclamp.model.rig import Cell, Rig
from vclamp.model.segments import CurrentStep, Ramp
from vclamp.physics.filters import bessel_step
from vclamp.run.runner import record

CELLS = sorted(path.stem for path in paths.CELLS.glob("*.toml"))
PASSIVE = Cell("passive", 20.0, (Channel("leak", g_nS=10.0, pore=OhmicPore(e_mV=-60.0)),))  # 100 MΩ, 20 pF
SMALL = Protocol("small", (Hold(1.0), Step(-20.0, 8.0), Step(-80.0, 1.0)), 1, hold_mV=-80.0, fs_kHz=50.0)


def run(rig: Rig, protocol: Protocol = SMALL, seed: int = 1) -> Recording:
    return record(rig, protocol, seed=seed)


def shipped(name: str) -> Rig:
    return load_rig(paths.CELLS / f"{name}.toml")


def behind(rs_MOhm: float, cell: Cell = PASSIVE, **dials: object) -> Rig:
    return Rig(cell, amplifier=Amplifier(rs_MOhm=rs_MOhm, **dials))  # type: ignore[arg-type]


def realistic(**recorder: object) -> Rig:
    rig = shipped("realistic-rig")
    changed = replace(rig.amplifier.recorder, **recorder)  # type: ignore[arg-type]
    return replace(rig, amplifier=replace(rig.amplifier, recorder=changed))


def at(recording: Recording, sample: int) -> Inspection:
    return inspect(recording, recording.sweeps[0], sample)


def every(recording: Recording, step: int = 1) -> list[Inspection]:
    return [at(recording, k) for k in range(0, recording.sweeps[0].values.shape[1], step)]


def part(seen: Inspection, key: str) -> Part:
    (found,) = (each for each in (*seen.membrane, *seen.added) if each.key == key)
    return found


def off_balance_pA(seen: Inspection) -> float:
    parts = sum(each.i_pA for each in (*seen.membrane, *seen.added))
    return parts + seen.unexplained_pA - seen.recorded_pA


# ---- Kirchhoff


@pytest.mark.parametrize("name", CELLS)
def test_parts_add_up_to_the_recorded_current_in_every_shipped_cell(name: str) -> None:
    recording = run(shipped(name))
    for seen in every(recording, 7):
        if not seen.secret:
            largest = max(abs(each.i_pA) for each in (*seen.membrane, *seen.added))
            assert abs(off_balance_pA(seen)) <= 1e-9 * largest + 1e-9
            assert abs(seen.unexplained_pA) <= 2e-3 * largest + 1e-6


@pytest.mark.parametrize("name", [name for name in CELLS if name != "unknown-cell"])
def test_a_channels_factors_multiply_to_its_recorded_current(name: str) -> None:
    for seen in every(run(shipped(name)), 31):
        for each in seen.membrane:
            if each.kind in ("channel", "leak"):
                p_open = 1.0 if isnan(each.p_open) else each.p_open
                size = max(abs(part.i_pA) for part in seen.membrane)
                ticks = 0.1 if name == "hek-ca-ba" else 1e-3  # currents are those of the middle of a tick
                assert p_open * each.open_pA == pytest.approx(each.i_pA, rel=ticks, abs=1e-4 * size + 1e-6)
                if not isnan(each.g_nS):
                    chord = each.on * each.g_nS * p_open * each.left * (seen.v_mV - each.e_mV)
                    assert chord == pytest.approx(each.i_pA, rel=1e-3, abs=1e-4 * size + 1e-6)


def test_the_membrane_is_charged_by_c_times_the_slope_of_its_voltage() -> None:
    rig = shipped("squid-axon")
    protocol = replace(SMALL, fs_kHz=200.0)
    recording = run(replace(rig, amplifier=Amplifier(rs_MOhm=2000.0)), protocol)  # 2 ms with 1 pF
    v_mV = recording.sweeps[0]["v_mV"]
    slope = np.gradient(v_mV) * 200.0
    for k in range(2, v_mV.size - 2, 3):
        if not {200, 1800} & {k - 1, k, k + 1}:
            expected = rig.cell.cm_pF * slope[k]
            assert part(at(recording, k), "cm").i_pA == pytest.approx(expected, abs=0.02 * abs(expected) + 0.05)


def test_a_current_that_nothing_accounts_for_is_said_to_be_unexplained() -> None:
    recording = run(behind(10.0))
    (sweep,) = recording.sweeps
    values = sweep.values.copy()
    values[sweep.names.index("i_leak_pA"), 190] -= 25.0
    spoiled = replace(recording, sweeps=(replace(sweep, values=values),))
    assert at(recording, 190).unexplained_pA == 0.0
    assert at(spoiled, 190).unexplained_pA == pytest.approx(25.0, abs=0.5)


# ---- the voltage


def test_behind_a_resistance_the_error_in_the_steady_state_is_rs_times_i_of_a_divider() -> None:
    seen = at(run(behind(25.0)), 449)  # the membrane sees 100 of 125 MΩ
    error = seen.error
    assert error is not None
    assert seen.recorded_pA == pytest.approx(1000.0 * (-20.0 + 60.0) / 125.0, rel=1e-3)
    assert error.total_mV == pytest.approx(8.0, rel=1e-3)
    assert error.rs_mV == pytest.approx(8.0, rel=1e-3)
    assert abs(error.lag_mV) < 1e-9


def test_correction_leaves_the_rest_of_rs_and_prediction_and_lag_end() -> None:
    rig = behind(20.0, circuit="simplified", rs_est_MOhm=20.0, cm_est_pF=20.0, correction_percent=75.0,
                 prediction_percent=50.0)  # fmt: skip
    error = at(run(rig), 449).error
    assert error is not None
    assert error.total_mV == pytest.approx(40.0 * 5.0 / 105.0, rel=1e-3)  # 5 MΩ are left before 100
    assert error.rs_mV + error.correction_mV == pytest.approx(error.total_mV, rel=1e-3)
    assert abs(error.prediction_mV) < 1e-3
    assert abs(error.lag_mV) < 1e-3


def test_offset_and_junction_potential_move_the_membrane_of_an_ideal_clamp() -> None:
    error = at(run(Rig(PASSIVE, amplifier=Amplifier(offset_mV=2.0, junction_mV=5.0))), 100).error
    assert error is not None
    assert (error.offset_mV, error.junction_mV, error.rs_mV, error.lag_mV) == (-2.0, 5.0, 0.0, 0.0)
    assert error.total_mV == pytest.approx(3.0)


@pytest.mark.parametrize("circuit", ["series-resistance", "simplified", "full"])
def test_the_parts_of_the_voltages_error_add_up(circuit: str) -> None:
    dials = (
        {"rs_est_MOhm": 5.0, "cm_est_pF": 20.0, "correction_percent": 60.0} if circuit != "series-resistance" else {}
    )
    for seen in every(run(behind(5.0, circuit=circuit, offset_mV=1.0, cp_est_pF=3.8, **dials)), 3):
        error = seen.error
        assert error is not None
        parts = error.rs_mV + error.correction_mV + error.prediction_mV + error.offset_mV
        assert parts + error.junction_mV + error.lag_mV == pytest.approx(error.total_mV, abs=1e-9)


# ---- an ideal clamp


def test_no_sample_of_an_ideal_clamp_shows_the_spike_but_its_charge_is_told() -> None:
    recording = run(Rig(PASSIVE))
    seen = at(recording, 51)
    assert part(seen, "cm").i_pA == 0.0
    assert seen.jump_fC == pytest.approx(20.0 * 60.0)
    assert seen.since_ms == pytest.approx(0.02)
    assert at(recording, 40).jump_fC == 0.0


def test_on_a_ramp_an_ideal_clamp_charges_with_c_times_the_slope() -> None:
    protocol = Protocol("ramp", (Hold(1.0), Ramp(20.0, 10.0)), 1, hold_mV=-80.0, fs_kHz=50.0)
    seen = at(run(Rig(PASSIVE), protocol), 300)
    assert part(seen, "cm").i_pA == pytest.approx(20.0 * 10.0)
    assert seen.unexplained_pA == pytest.approx(0.0, abs=1e-6)


# ---- current clamp


def test_in_current_clamp_what_is_injected_charges_the_membrane_or_leaves_through_it() -> None:
    rig = Rig(PASSIVE, amplifier=Amplifier(mode="current-clamp"))
    protocol = Protocol("inject", (Hold(1.0), CurrentStep(100.0, 8.0)), 1, -60.0, fs_kHz=50.0)
    seen = at(run(rig, protocol), 50 + 100)  # one time constant: 100 MΩ · 20 pF = 2 ms
    assert seen.error is None
    assert seen.recorded_pA == pytest.approx(100.0)
    assert part(seen, "cm").i_pA == pytest.approx(100.0 * np.exp(-1.0), rel=1e-3)
    assert part(seen, "leak").i_pA == pytest.approx(100.0 * (1.0 - np.exp(-1.0)), rel=1e-3)


# ---- the way to the disk


def test_noise_is_the_difference_to_a_run_without_it() -> None:
    noisy, quiet = run(realistic(bits=0)), run(realistic(bits=0, noise=False))
    for k in (*range(0, 50), *range(140, 450, 3)):  # a step of 30 nA takes 2 ms to be forgotten
        expected, seen = noisy.sweeps[0]["i_pA"][k] - quiet.sweeps[0]["i_pA"][k], at(noisy, k)
        assert part(seen, "noise").i_pA == pytest.approx(expected, abs=0.02 * seen.noise_rms_pA)


def test_the_expected_noise_is_that_of_many_samples() -> None:
    quiet = Rig(PASSIVE, amplifier=Amplifier(recorder=Recorder(on=True, filter_kHz=5.0)))  # no Rs to make noise
    for rig in (quiet, *(realistic(filter_kHz=corner) for corner in (10.0, 2.0, 0.0))):
        recording = run(rig, still(200.0, level_mV=-80.0))
        measured = float(np.std(recording.sweeps[0]["i_pA"][100:]))
        assert at(recording, 100).noise_rms_pA == pytest.approx(measured, rel=0.06)


def test_the_filter_changes_what_a_late_step_answer_lacks() -> None:
    recorder = Recorder(on=True, filter_kHz=1.0, noise=False, bits=0)
    seen = at(run(Rig(PASSIVE, amplifier=Amplifier(recorder=recorder))), 50 + 25)  # 0.5/fc after a step of 600 pA
    share = float(bessel_step(0.5 + 0.01))  # a jump counts as halfway between its samples
    assert part(seen, "filter").i_pA == pytest.approx(-600.0 * (1.0 - share), abs=1.0)


def test_c_slow_takes_off_the_charge_of_its_dial_and_the_pipette_gets_what_c_fast_leaves() -> None:
    fine = replace(SMALL, fs_kHz=500.0)
    rig = behind(5.0, circuit="full", rs_est_MOhm=5.0, cm_est_pF=15.0, cp_pF=4.0, cp_est_pF=3.0, tau_sum_ms=0.2)
    recording = run(rig, fine)
    seen = [at(recording, k) for k in range(500, 2000)]
    for key, charge_fC in (("cancelled", -15.0 * 60.0), ("pipette", 1.0 * 60.0)):
        found = np.trapezoid([part(each, key).i_pA for each in seen], dx=1 / 500.0)
        assert found == pytest.approx(charge_fC, rel=0.02)


@pytest.mark.parametrize("circuit", ["simplified", "full"])
def test_an_amplifiers_inner_voltages_are_had_again_from_the_traces(circuit: str) -> None:
    rig = realistic(on=False)
    dials = replace(rig.amplifier, circuit=circuit, cp_est_pF=3.9, tau_sum_ms=0.04, prediction_percent=60.0)
    for seen in every(run(replace(rig, amplifier=dials)), 2):
        assert abs(seen.unexplained_pA) <= 1e-3 * max(abs(each.i_pA) for each in (*seen.membrane, *seen.added)) + 0.02


def test_where_the_circuit_runs_away_by_itself_the_parts_are_one() -> None:
    rig = behind(5.0, circuit="simplified", rs_est_MOhm=8.0, correction_percent=80.0)
    seen = at(run(rig), 100)
    assert [each.key for each in seen.added] == ["together"]
    assert abs(off_balance_pA(seen)) < 1e-9


def test_beyond_its_range_the_converter_is_told_apart_from_noise() -> None:
    recorder = Recorder(on=True, filter_kHz=0.0, range_V=0.1, gain_mV_per_pA=0.5)  # ends at 200 pA
    seen = at(run(Rig(PASSIVE, amplifier=Amplifier(recorder=recorder))), 150)  # 400 pA
    assert part(seen, "clipped").i_pA == pytest.approx(-200.0, abs=0.1)
    assert abs(part(seen, "noise").i_pA) < 20.0


# ---- what else is in a cell


def test_gating_currents_are_parts() -> None:
    seen = at(run(shipped("gating-current")), 51)
    gating = [each for each in seen.membrane if each.kind == "gating"]
    assert len(gating) == 1
    assert gating[0].i_pA == seen.recorded[f"i_{gating[0].key}_pA"] != 0.0


def test_channels_that_open_one_by_one_flicker_by_the_binomial_law() -> None:
    recording = run(patch(100, on=False), still(4.0, level_mV=20.0))  # 20 pS each, 100 mV from E
    for seen in every(recording, 20):
        each = part(seen, "k")
        assert 0.0 < each.p_open < 1.0
        assert each.sd_pA == pytest.approx(np.sqrt(100 * 2.0**2 * each.p_open * (1.0 - each.p_open)))


def test_a_rig_that_changes_on_the_way_is_the_one_of_the_sample() -> None:
    recording = run(Rig(PASSIVE))
    (sweep,) = recording.sweeps
    leak = replace(PASSIVE.channels[0], g_nS=5.0)
    later = Rig(replace(PASSIVE, channels=(leak,)))
    changed = replace(recording, sweeps=(replace(sweep, changes=(Change(0, 120, later),)),))
    assert part(at(changed, 119), "leak").g_nS == 10.0
    assert part(at(changed, 120), "leak").g_nS == 5.0


def test_reversal_potentials_follow_what_the_cell_holds() -> None:
    ions = (Ion("K", 1, 5.0, 140.0),)
    cell = Cell("small", 5.0, (Channel("k", g_nS=20.0, ion="K"),), volume_pL=0.001, tick_ms=1.0)
    protocol = Protocol("long", (Hold(50.0),), 1, hold_mV=0.0, fs_kHz=20.0)
    recording = run(Rig(cell, Solutions(ions)), protocol)
    first, last = at(recording, 0), at(recording, 999)
    in_mM = recording.sweeps[0]["in_K_mM"][999]
    assert in_mM < 120.0
    assert part(last, "k").e_mV == pytest.approx(25.4341 * np.log(5.0 / in_mM), rel=1e-4)  # RT/F at 22 °C
    assert part(first, "k").e_mV < part(last, "k").e_mV


# ---- what may be told


def test_of_an_exams_cell_nothing_but_the_recorded_numbers_is_told() -> None:
    seen = at(run(shipped("unknown-cell")), 100)
    assert seen.secret == "exam"
    assert set(seen.recorded) == {"command_mV", "i_pA"}
    assert (seen.membrane, seen.added, seen.error) == ((), (), None)
    assert isnan(seen.true_pA)
    assert isnan(seen.v_mV)


def test_of_a_foreign_recording_only_the_traces_are_told() -> None:
    foreign = replace(run(Rig(PASSIVE)), about=About(source="cell7.abf"))
    seen = at(foreign, 100)
    assert seen.secret == "foreign"
    assert (seen.membrane, seen.added, seen.error) == ((), (), None)


def test_a_cursor_beyond_the_ends_reads_the_last_sample() -> None:
    recording = run(Rig(PASSIVE))
    assert at(recording, 10_000) == at(recording, 499)
    assert at(recording, -5) == at(recording, 0)


# ---- ghosts


def test_the_ghost_is_the_ionic_current_without_what_charges_the_membrane() -> None:
    recording = run(behind(25.0))
    ghost = ghost_of(recording.sweeps[0])
    assert np.array_equal(ghost["i_pA"], recording.sweeps[0]["i_leak_pA"])
    assert np.array_equal(ghost["v_mV"], recording.sweeps[0]["v_mV"])
    assert not ghost.values.flags.writeable
