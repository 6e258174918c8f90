"""Experiments run by the engine and analysed as a student would: what comes out is what was put in."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import curve_fit

from vclamp import paths
from vclamp.analysis.analyses import analyse, suitable
from vclamp.analysis.results import Question, Result
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.channel import Channel
from vclamp.model.edit import with_value
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.gating import Gate, TwoState
from vclamp.model.ions import Ion, Solutions
from vclamp.model.pores import OhmicPore
from vclamp.model.protocol import Hold, Ladder, Mark, Protocol, Step
from vclamp.model.record import Recording
from vclamp.model.rig import Cell, Rig
from vclamp.physics.thermo import thermal_voltage_mV
from vclamp.run.runner import record
from vclamp.units import kelvin

NOISY = Recorder(on=True, filter_kHz=10.0, gain_mV_per_pA=1.0)
ROOM_K = kelvin(22.0)


def cell(name: str, *, recorder: Recorder | None = None, off: Sequence[str] = ("seal",), **changed: object) -> Rig:
    """A shipped cell, without its seal's leak, under an ideal clamp."""
    rig = load_rig(paths.CELLS / f"{name}.toml")
    channels = tuple(replace(c, on=c.on and c.name not in off, **changed) for c in rig.cell.channels)
    amplifier = rig.amplifier if recorder is None else replace(rig.amplifier, recorder=recorder)
    return replace(rig, cell=replace(rig.cell, channels=channels), amplifier=amplifier)


def shipped(name: str) -> Protocol:
    return load_protocol(paths.PROTOCOLS / f"{name}.toml")


def with_drug(rig: Rig, path: str, mM: float) -> Rig:
    return with_value(rig, path, mM, "test")


def within(found: Result, name: str) -> bool:
    estimate = found[name]
    return estimate.low <= estimate.truth <= estimate.high


# ---- activation


def test_v_half_and_z_of_a_two_state_channel_are_recovered_from_noisy_currents() -> None:
    """Truth: V½ −30 mV and z 4 of resources/channels/two-state-k.toml."""
    rig, covered = cell("hek-two-state-k", recorder=NOISY), []
    for seed in range(12):
        found = analyse("gv", [record(rig, shipped("activation"), seed=seed)])
        assert (found["v_half_mV"].truth, found["z_e"].truth) == (-30.0, 4.0)
        assert found["v_half_mV"].value == pytest.approx(-30.0, abs=0.05)
        assert found["z_e"].value == pytest.approx(4.0, abs=0.03)
        covered.append((within(found, "v_half_mV"), within(found, "z_e")))
    assert (np.sum(covered, axis=0) >= 10).all()


def test_v_half_and_z_are_recovered_from_noisy_tails_past_the_filter() -> None:
    rig = cell("hek-two-state-k", recorder=NOISY, n_channels=None)
    for seed in range(4):
        found = analyse("tail-gv", [record(rig, shipped("activation"), seed=seed)])
        assert found["v_half_mV"].value == pytest.approx(-30.0, abs=0.1)
        assert found["z_e"].value == pytest.approx(4.0, rel=0.02)
        assert found["z_e"].truth == 4.0


def four_sensors(gating: bool) -> Rig:
    """Four independent sensors of 3 e at −45 mV, all of which must move: as subunits, or as a gate's fourth power."""
    kinds: dict[str, object] = {"gating": TwoState(z_e=3.0, k0_per_ms=2.0, v_half_mV=-45.0, subunits=4)}
    if not gating:
        k_mV = thermal_voltage_mV(ROOM_K) / 3.0
        kinds = {"gates": (Gate("n", 4, inf=f"1/(1+exp(-(v+45)/{k_mV!r}))", tau_ms="0.5"),)}
    channel = Channel("kv", g_nS=20.0, pore=OhmicPore(e_mV=-85.0), temperature_K=ROOM_K, **kinds)  # type: ignore[arg-type]
    return Rig(Cell("four", 10.0, (channel,)), Solutions(temperature_K=ROOM_K))


FINE = Protocol(
    "fine",
    (Hold(2.0), Step(Ladder(-100.0, 2.0), 15.0, name="test")),
    n_sweeps=81,
    hold_mV=-120.0,
    marks=(Mark("steady", "test", 13.0),),
)


@pytest.mark.parametrize("gating", [True, False], ids=["subunits", "fourth power"])
def test_a_single_boltzmann_curve_sees_a_third_of_twelve_charges(gating: bool) -> None:
    """3.936204 e: target B23, for a curve that ends at 1; with a free end it is slightly steeper."""
    found = analyse("gv", [record(four_sensors(gating), FINE)])
    curve = found.curves[0].curve

    def boltzmann(v: np.ndarray, z: float, half: float) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(-z * (v - half) / thermal_voltage_mV(ROOM_K)))

    (z, _), _ = curve_fit(boltzmann, curve.x, curve.y / 20.0, (4.0, -30.0))
    assert z == pytest.approx(3.936204, abs=5e-3)
    assert 3.9 < found["z_e"].value < 4.0
    assert found["z_e"].value == pytest.approx(found["z_e"].truth, abs=1e-3)
    # half of 1/(1+e^(-w))^4 at w = -ln(2^(1/4) - 1)
    half_mV = -45.0 - thermal_voltage_mV(ROOM_K) / 3.0 * np.log(2.0**0.25 - 1.0)
    assert found["v_half_mV"].truth == pytest.approx(half_mV, abs=0.05)
    assert found["g_max_nS"].truth == pytest.approx(20.0, rel=1e-3)


def test_series_resistance_shifts_a_g_v_and_the_true_membrane_voltage_mends_it() -> None:
    rig = cell("hek-two-state-k", n_channels=None)
    rig = replace(rig, amplifier=Amplifier(rs_MOhm=5.0))
    recording = record(rig, shipped("activation"))
    commanded, true = (analyse("gv", [recording], Question(against=a)) for a in ("command", "membrane"))
    assert commanded["v_half_mV"].value > -29.5
    assert true["v_half_mV"].value == pytest.approx(-30.0, abs=0.05)
    assert true["z_e"].value == pytest.approx(4.0, rel=0.01)


def test_a_leak_is_taken_away_where_it_flows_alone() -> None:
    recording = record(cell("hek-two-state-k", off=()), shipped("activation"))
    found = analyse("gv", [recording], Question(leak_mV=(-100.0, -70.0)))
    assert found["z_e"].value == pytest.approx(4.0, rel=0.02)
    assert any("leak of 1.0" in note for note in found.notes)


# ---- tails, time constants


def test_squid_tails_reverse_at_the_potassium_potential_on_a_straight_line() -> None:
    """Experiment 10: zero at −77 mV."""
    recording = record(cell("squid-axon"), shipped("tail"))
    found = analyse("tail-iv", [recording], Question("i_k_pA"))
    assert found["e_rev_mV"].value == pytest.approx(-77.0, abs=0.01)
    assert found["e_rev_mV"].truth == -77.0
    curve = found.curves[0].curve
    assert curve.y[list(curve.x).index(-100.0)] == pytest.approx(-720.0, rel=0.01)


def test_recovery_of_squid_sodium_channels_has_the_time_constant_of_h() -> None:
    """Experiment 9: 2.47, 6.28 and 8.52 ms at −100, −80 and −65 mV."""
    for gap_mV, tau_ms in ((-100.0, 2.47), (-80.0, 6.28), (-65.0, 8.52)):
        gaps = tuple(0.5 * 1.5**k for k in range(12))
        segments = (
            Hold(1.0),
            Step(0.0, 20.0, name="first"),
            Step(gap_mV, gaps, name="gap"),
            Step(0.0, 5.0, name="test"),
        )
        protocol = Protocol("recovery", segments, 12, hold_mV=gap_mV, marks=(Mark("peak", "test", 0.0, 3.0),))
        recording = record(cell("squid-axon"), protocol)
        assert "recovery" in suitable(recording)
        found = analyse("recovery", [recording], Question("i_na_pA"))
        assert found["tau_ms"].value == pytest.approx(tau_ms, rel=0.15)
        assert found["tau_ms"].truth == pytest.approx(tau_ms, rel=0.005)


def test_time_constants_of_a_two_state_channel_are_its_own() -> None:
    """1/(2 k0 cosh(zF(V − V½)/2RT)) with k0 0.5/ms: 1 ms at V½."""
    rig = cell("hek-two-state-k", recorder=NOISY, n_channels=None)
    rising = analyse("activation-tau", [record(rig, shipped("activation"))])
    falling = analyse("deactivation-tau", [record(rig, shipped("tail"))])
    for found in (rising, falling):
        for level in (-40.0, -30.0, -20.0, -10.0):
            tau_ms = 1.0 / np.cosh(2.0 * (level + 30.0) / thermal_voltage_mV(ROOM_K))
            estimate = found[f"tau_at_{level:g}mV_ms"]
            assert estimate.truth == pytest.approx(tau_ms, rel=1e-3)
            assert estimate.value == pytest.approx(tau_ms, rel=0.06)


def test_the_delay_before_squid_potassium_channels_open_is_no_part_of_their_time_constant() -> None:
    """Experiment 6: τ_n 2.31, 1.65 and 1.26 ms at −20, 0 and +20 mV; n⁴ is slower to start and then runs with τ_n."""
    protocol = replace(shipped("iv"), marks=(Mark("steady", "test", 28.0),))
    found = analyse("activation-tau", [record(cell("squid-axon"), protocol)], Question("i_k_pA"))
    for level, tau_ms in ((-20.0, 2.31), (0.0, 1.65), (20.0, 1.26)):
        estimate = found[f"tau_at_{level:g}mV_ms"]
        assert estimate.truth == pytest.approx(tau_ms, rel=0.005)
        assert estimate.value == pytest.approx(tau_ms, rel=0.2)


def test_the_envelope_of_tails_runs_with_the_current() -> None:
    segments = (Hold(1.0), Step(-20.0, Ladder(0.3, 0.4), name="open"), Step(-60.0, 5.0, name="tail"))
    protocol = Protocol("envelope", segments, 12, hold_mV=-90.0, marks=(Mark("tail", "tail", 0.0, 0.1),))
    recording = record(cell("hek-two-state-k", n_channels=None), protocol)
    assert "envelope" in suitable(recording)
    found = analyse("envelope", [recording])
    assert found["tau_ms"].value == pytest.approx(1.0 / np.cosh(20.0 / thermal_voltage_mV(ROOM_K)), rel=0.01)
    tails, current = (fitted.curve for fitted in found.curves)
    assert np.interp(tails.x, current.x, current.y) == pytest.approx(tails.y, abs=0.03)


# ---- several runs


def test_kd_and_z_delta_of_a_blocker_are_recovered_from_noisy_runs() -> None:
    """Truth: 1 mM and 1.2 of resources/channels/woodhull-k.toml."""
    rig = cell("hek-woodhull-k", recorder=NOISY)
    runs = [
        record(with_drug(rig, "solutions.drugs.blocker.in_mM", mM), shipped("iv"), seed=seed)
        for seed, mM in enumerate((0.0, 0.1, 0.5, 2.0))
    ]
    assert "woodhull" in suitable(*runs)
    found = analyse("woodhull", runs)
    assert (found["kd_mM"].truth, found["z_delta"].truth) == (1.0, 1.2)
    assert within(found, "kd_mM")
    assert within(found, "z_delta")
    assert found["kd_mM"].value == pytest.approx(1.0, rel=0.02)
    assert found["z_delta"].value == pytest.approx(1.2, rel=0.02)
    for fitted in found.curves:
        assert fitted.fit is not None
        assert fitted.fit(np.array([0.0])) == pytest.approx(1.0, rel=0.02)


def test_the_dose_that_halves_a_sodium_current_is_that_of_its_toxin() -> None:
    rig = cell("squid-axon")
    blocker = next(b for c in rig.cell.channels for b in c.blockers if b.drug == "TTX")
    doses = [0.0, *(blocker.half_mM * 10.0**k for k in (-1.5, -0.75, 0.0, 0.75, 1.5))]
    runs = [record(with_drug(rig, "solutions.drugs.TTX.out_mM", mM), shipped("iv")) for mM in doses]
    found = analyse("dose-response", runs, Question("i_na_pA"))  # in its peaks: it has no steady state
    assert found["ic50_mM"].value == pytest.approx(blocker.half_mM, rel=1e-3)
    assert found["ic50_mM"].truth == blocker.half_mM
    assert found["hill"].value == pytest.approx(1.0, rel=1e-3)


def test_without_a_run_free_of_the_drug_fractions_are_those_of_the_least_of_it_and_it_says_so() -> None:
    rig = cell("squid-axon")
    half_mM = next(b.half_mM for c in rig.cell.channels for b in c.blockers if b.drug == "TTX")
    runs = [
        record(with_drug(rig, "solutions.drugs.TTX.out_mM", half_mM * times), shipped("iv"))
        for times in (0.1, 1.0, 10.0)
    ]
    found = analyse("dose-response", runs, Question("i_na_pA"))
    assert any(note.startswith("No run is without TTX") for note in found.notes)
    assert found.curves[0].curve.y == pytest.approx([1.0, 1.1 / 2.0, 1.1 / 11.0], rel=0.02)


def test_ions_that_differ_beside_the_first_are_told() -> None:
    rig = cell("hek-two-state-k", n_channels=None)
    low = with_drug(rig, "solutions.ions.K.out_mM", 10.0)
    both = with_drug(with_drug(rig, "solutions.ions.K.out_mM", 30.0), "solutions.ions.K.in_mM", 100.0)
    runs = [record(each, shipped("tail")) for each in (rig, low, both)]
    notes = analyse("reversal", runs, Question("i_two_state_k_pA")).notes
    assert any(note.startswith("Also different: K_") for note in notes), notes


def test_a_potassium_current_reverses_58_mV_lower_for_every_tenth_of_the_potassium() -> None:
    """RT/F ln 10 at 22 °C: 58.56 mV a decade."""
    rig = cell("hek-two-state-k", n_channels=None)
    runs = [record(with_drug(rig, "solutions.ions.K.out_mM", mM), shipped("tail")) for mM in (4.0, 10.0, 25.0, 60.0)]
    found = analyse("reversal", runs, Question("i_two_state_k_pA"))
    assert found["slope_per_decade_mV"].value == pytest.approx(58.56, abs=0.1)
    assert found["slope_per_decade_mV"].truth == pytest.approx(58.56, abs=0.01)


def test_steps_that_repeat_their_voltages_are_no_more_points_of_a_curve() -> None:
    """Two voltages tell where the current reverses, but no bend; a parabola through them would be any."""
    rig = cell("hek-two-state-k", n_channels=None)
    test = Step(tuple([-100.0, -70.0] * 3), 20.0, name="tail")
    protocol = Protocol("pairs", (Hold(5.0), Step(40.0, 20.0), test), 6, -80.0, marks=(Mark("tail", "tail"),))
    runs = [record(with_drug(rig, "solutions.ions.K.out_mM", mM), protocol) for mM in (4.0, 5.0, 6.0)]
    found = analyse("reversal", runs, Question("i_two_state_k_pA"))
    assert found.curves[0].curve.y == pytest.approx(found.curves[0].truth, abs=0.1)


def test_the_truth_beside_tails_through_several_channels_is_where_they_reverse_as_open_as_they_are() -> None:
    """With sodium off and a leak beside the potassium channels, which the step before has opened."""
    rig = cell("squid-axon-ions", off=("na",))
    runs = [record(with_drug(rig, "solutions.ions.K.out_mM", mM), shipped("tail")) for mM in (10.0, 20.0, 40.0, 80.0)]
    found = analyse("reversal", runs, Question("i_pA"))
    assert found.curves[0].truth == pytest.approx(found.curves[0].curve.y, abs=0.01)
    slope = found["slope_per_decade_mV"]
    assert slope.truth == pytest.approx(slope.value, abs=0.1)
    mixtures = [
        with_drug(run.header.rig, "solutions.ions.Na.out_mM", mM) for run, mM in zip(runs, (4, 3, 2, 1), strict=True)
    ]
    mixed = analyse("mole-fraction", [record(mixture, shipped("tail")) for mixture in mixtures], Question("i_pA"))
    conductance = mixed.curves[0]
    assert conductance.truth == pytest.approx(conductance.curve.y, rel=1e-3)


def test_no_truth_stands_beside_the_reversal_of_peaks_of_several_channels() -> None:
    rig = cell("squid-axon-ions", off=())
    runs = [record(with_drug(rig, "solutions.ions.Na.out_mM", mM), shipped("na-iv")) for mM in (110.0, 220.0, 440.0)]
    total, own = (analyse("reversal", runs, Question(trace)).curves[0] for trace in ("i_pA", "i_na_pA"))
    assert np.isnan(total.truth).all()
    assert own.truth == pytest.approx(own.curve.y, abs=0.5)


def test_a_pore_for_two_ions_conducts_least_in_a_mixture() -> None:
    """The cell's note: with 100 mM K⁺ + Tl⁺ on both sides the least current flows at 15 % Tl⁺."""
    rig, runs = cell("hek-amfe-pore"), []
    shares = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0)
    for share in shares:
        ions = tuple(
            Ion(ion.name, ion.z, *(2 * [{"K": 100.0 * (1.0 - share), "Tl": 100.0 * share}.get(ion.name, 100.0)]))
            for ion in rig.solutions.ions
        )
        runs.append(record(replace(rig, solutions=replace(rig.solutions, ions=ions)), shipped("ramp")))
    found = analyse("mole-fraction", runs)
    conductance = found.curves[0]
    assert conductance.curve.x == pytest.approx(shares)
    assert shares[int(np.argmin(conductance.curve.y))] == 0.15
    assert conductance.curve.y == pytest.approx(conductance.truth, rel=0.02)


# ---- capacity, rest


def test_a_capacitive_transient_is_no_peak() -> None:
    """A passive cell behind 10 MΩ: all that is left past the transient is V/(R_m + R_s)."""
    leak = Channel("leak", g_nS=2.0, pore=OhmicPore(e_mV=0.0))
    rig = Rig(Cell("passive", 30.0, (leak,)), Solutions(), Amplifier(rs_MOhm=10.0, recorder=NOISY))
    recording = record(rig, shipped("iv"))
    found = analyse("peak-iv", [recording])
    curve = found.curves[0].curve
    assert np.abs(curve.y - curve.x / 0.510).max() < 20.0  # the noise of 500 samples; the transient has 14,000
    for polarity in ("inward", "outward"):
        numbers = analyse("measure", [recording], Question(polarity=polarity, mark="peak")).curves[0].curve.y
        assert np.abs(numbers - curve.x / 0.510).max() < 20.0


@pytest.mark.parametrize(
    ("amplifier", "conductance_nS"),
    [
        (Amplifier(), 2.0),
        (Amplifier(rs_MOhm=10.0), 1.0 / 0.51),
        (Amplifier(rs_MOhm=10.0, circuit="full", rs_est_MOhm=10.0, cm_est_pF=20.0, cp_est_pF=3.0), 1.0 / 0.51),
    ],
    ids=["ideal", "series resistance", "two thirds of the capacity cancelled"],
)
def test_a_ramp_through_a_passive_cell_is_its_conductance_once_the_capacity_is_taken_away(
    amplifier: Amplifier, conductance_nS: float
) -> None:
    """0.18 mV/ms through 30 pF are 5.4 pA."""
    leak = Channel("leak", g_nS=2.0, pore=OhmicPore(e_mV=0.0))
    recording = record(Rig(Cell("passive", 30.0, (leak,)), amplifier=amplifier), shipped("ramp"))
    curve = analyse("ramp-iv", [recording]).curves[0].curve
    assert curve.y[20:] == pytest.approx(conductance_nS * curve.x[20:], abs=0.25)


def test_the_peak_of_a_potassium_current_is_outward_and_that_of_a_squid_axon_inward() -> None:
    k = analyse("peak-iv", [record(cell("hek-two-state-k", recorder=NOISY, n_channels=None), shipped("iv"))])
    assert k.curves[0].curve.y[-1] > 2500.0
    squid = analyse("peak-iv", [record(cell("squid-axon"), shipped("iv"))])
    assert squid.curves[0].curve.y.min() == pytest.approx(-1900.0, rel=0.2)
    assert "inward peak was taken" in squid.notes[0]


def test_chords_and_pump_give_the_voltage_of_a_free_cell() -> None:
    rig = load_rig(paths.CELLS / "neuron-pump.toml")
    free = replace(rig, amplifier=replace(rig.amplifier, mode="current-clamp"))
    protocol = replace(shipped("run-down"), segments=(Hold(60_000.0),))
    recording: Recording = record(free, protocol)
    found = analyse("chord", [recording])
    assert found["v_rest_mV"].value == pytest.approx(found["v_mV"].value, abs=0.01)
    assert found["pump_share_mV"].value == pytest.approx(-found["i_pump_pA"].value / found["g_total_nS"].value)
    assert -12.0 < found["pump_share_mV"].value < -2.0  # a few mV: Hille's electrogenic share


def test_the_true_voltage_of_a_cell_that_runs_down_is_that_of_the_solutions_it_has_become() -> None:
    """Ten minutes after its pump stopped, the cell of `targets/reference_cell.py` is at -55.2 mV, not at -66.9."""
    rig = with_drug(load_rig(paths.CELLS / "neuron-pump.toml"), "solutions.drugs.ouabain.out_mM", 1.0)
    found = analyse("chord", [record(rig, shipped("run-down"))])
    assert found["v_mV"].value == pytest.approx(-55.24, abs=0.1)
    assert found["v_rest_mV"].truth == pytest.approx(found["v_mV"].value, abs=0.1)
