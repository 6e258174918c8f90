"""Cells of finite volume and the free membrane: conservation, steady state, equilibrium, run-down."""

from dataclasses import replace

import numpy as np
import pytest

from vclamp import paths
from vclamp.analysis.ledger import ledger
from vclamp.model.channel import Channel
from vclamp.model.files import load_rig
from vclamp.model.gating import Gate
from vclamp.model.ions import Ion, Solutions
from vclamp.model.pores import GhkPore, OhmicPore
from vclamp.model.protocol import Hold, Protocol, Step
from vclamp.model.pump import Pump
from vclamp.model.record import Change, Sweep
from vclamp.model.rig import Amplifier, Cell, Rig
from vclamp.run.runner import Inbox, Script, record, replay, run
from vclamp.units import FARADAY_C_PER_MOL

HOUR_ms = 3_600_000.0
IONS = (Ion("K", 1, 4.0, 140.0), Ion("Na", 1, 145.0, 12.0), Ion("Cl", -1, 110.0, 10.0))
CHANNELS = (
    Channel("k", p_cm3_per_s=4e-11, ion="K", pore=GhkPore()),
    Channel("na", p_cm3_per_s=2e-12, ion="Na", pore=GhkPore()),
)
CL = Channel("cl", g_nS=0.5, ion="Cl")
FREE = Amplifier(mode="current-clamp")
REFERENCE = Rig(Cell("neuron", 20.0, CHANNELS, Pump(40.0), volume_pL=8.410442), Solutions(IONS[:2], (), 310.0), FREE)


def lived(rig: Rig, duration_ms: float, fs_kHz: float = 0.01, inbox: Inbox | None = None) -> Sweep:
    protocol = Protocol("wait", (Hold(duration_ms),), n_sweeps=1, hold_mV=-70.0, fs_kHz=fs_kHz)
    (sweep,) = (event for event in run(rig, protocol, inbox=inbox) if isinstance(event, Sweep))
    return sweep


def with_cell(rig: Rig, **changes: object) -> Rig:
    return replace(rig, cell=replace(rig.cell, **changes))


def with_chloride(rig: Rig, **changes: object) -> Rig:
    solutions = replace(rig.solutions, ions=IONS)
    return Rig(replace(rig.cell, channels=(*CHANNELS, CL), **changes), solutions, rig.amplifier)


def books(rig: Rig, sweep: Sweep) -> object:
    return ledger(rig, sweep.names, sweep.values[:, -1])


@pytest.mark.parametrize("rig", [REFERENCE, with_chloride(REFERENCE), with_chloride(REFERENCE, pump=None)])
def test_charge_is_conserved_to_1e_9_over_an_hour(rig: Rig) -> None:
    sweep = lived(with_cell(rig, tick_ms=2000.0), HOUR_ms)
    cell = rig.cell
    total = sum(ion.z * sweep[f"in_{ion.name}_mM"] for ion in rig.solutions.ions)
    total -= cell.cm_pF * sweep["v_mV"] / (FARADAY_C_PER_MOL * cell.volume_pL)
    assert np.ptp(sweep["in_K_mM"]) > 0.1
    assert np.ptp(total[::20]) / abs(total[0]) < 1e-9


def test_the_steady_state_is_that_of_the_closed_form() -> None:
    sweep = lived(with_cell(REFERENCE, tick_ms=1000.0), HOUR_ms)
    assert sweep["v_mV"][-1] == pytest.approx(-73.31332, abs=2e-2)
    assert sweep["in_Na_mM"][-1] == pytest.approx(15.09744, abs=2e-2)
    assert sweep["in_K_mM"][-1] == pytest.approx(136.9025, abs=2e-2)
    assert sweep["i_pump_pA"][-1] == pytest.approx(27.17232, abs=5e-2)


def test_in_a_steady_state_every_net_flux_is_zero_but_energy_is_spent() -> None:
    rig = with_cell(REFERENCE, pump=Pump(40.0, dg_atp_kJ_per_mol=-55.0), tick_ms=1000.0)
    found = books(rig, lived(rig, HOUR_ms))
    for entry in found.entries:
        assert abs(entry.net_pA) < 1e-4
        assert abs(entry.channels_pA) > 10.0
    assert found.cycles_per_s > 1e8
    assert 0.0 < found.dissipated_fW < found.atp_fW


def test_with_the_pump_off_everything_comes_to_equilibrium() -> None:
    rig = with_chloride(REFERENCE, pump=None, tick_ms=2000.0)
    chloride = replace(CL, g_nS=5.0)
    rig = replace(rig, cell=replace(rig.cell, channels=(*(replace(c, p_cm3_per_s=1e-9) for c in CHANNELS), chloride)))
    found = books(rig, lived(rig, HOUR_ms))
    assert found.cycles_per_s == 0.0
    for entry in found.entries:
        assert entry.e_mV == pytest.approx(found.v_mV, abs=1e-2)
        assert abs(entry.net_pA) < 0.05
    assert found.dissipated_fW < 1e-3


def test_blocking_the_pump_depolarises_at_once_and_then_the_cell_runs_down() -> None:
    settled = lived(with_cell(REFERENCE, tick_ms=1000.0), HOUR_ms)
    inside = {name: float(settled[f"in_{name}_mM"][-1]) for name in ("K", "Na")}
    rig = replace(REFERENCE, solutions=REFERENCE.solutions.with_inside(inside))
    ouabain = tuple(replace(drug, out_mM=10.0) for drug in rig.solutions.drugs)
    blocked = replace(rig, solutions=replace(rig.solutions, drugs=ouabain))
    sweep = lived(rig, 600_250.0, 0.1, Script((Change(0, 25, blocked),)))
    v_mV = sweep["v_mV"]
    assert v_mV[50] - v_mV[24] == pytest.approx(6.415655, abs=5e-2)
    assert sweep["in_Na_mM"][-1] == pytest.approx(66.34103, abs=0.2)
    assert v_mV[-1] == pytest.approx(-55.24419, abs=0.1)


def test_a_smaller_tick_gives_the_same_run_down() -> None:
    rig = with_cell(REFERENCE, pump=None)
    ends = [lived(with_cell(rig, tick_ms=tick), 320_000.0)["in_Na_mM"][-1] for tick in (8000.0, 4000.0, 2000.0)]
    first, second = ends[0] - ends[1], ends[1] - ends[2]
    assert abs(second) < 1e-3
    assert first / second == pytest.approx(4.0, rel=0.2)  # second order in the tick


def test_scaling_every_permeability_and_the_pump_only_changes_time() -> None:
    channels = tuple(replace(c, p_cm3_per_s=4 * c.p_cm3_per_s) for c in CHANNELS)
    faster = with_cell(REFERENCE, channels=channels, pump=Pump(160.0), tick_ms=250.0)
    slow = lived(with_cell(REFERENCE, tick_ms=1000.0), 400_000.0)
    fast = lived(faster, 100_000.0, 0.04)
    for name in ("in_Na_mM", "in_K_mM"):
        assert fast[name][-1] == pytest.approx(slow[name][-1], rel=1e-5)


def test_concentrations_live_on_through_the_interval_but_not_when_rested() -> None:
    rig = with_cell(REFERENCE, pump=None, tick_ms=10.0, volume_pL=0.1)
    for between, lives_on in (("interval", True), ("rested", False)):
        protocol = Protocol(
            "two", (Hold(500.0),), n_sweeps=2, hold_mV=-70.0, fs_kHz=1.0, interval_ms=1000.0, between=between
        )
        one, two = record(rig, protocol).sweeps
        assert one["in_Na_mM"][-1] > one["in_Na_mM"][0] + 0.1
        assert (two["in_Na_mM"][0] > one["in_Na_mM"][-1]) == lives_on
        assert np.array_equal(one.values, two.values) != lives_on


@pytest.mark.parametrize("amplifier", [FREE, Amplifier(), Amplifier(rs_MOhm=10.0)])
def test_drifting_cells_replay_whatever_the_chunks(amplifier: Amplifier) -> None:
    rig = replace(with_cell(REFERENCE, tick_ms=5.0, volume_pL=0.1), amplifier=amplifier)
    protocol = Protocol(
        "two", (Hold(20.0), Step(-50.0, 30.0)), n_sweeps=2, hold_mV=-70.0, between="interval", interval_ms=80.0
    )
    recording = record(rig, protocol)
    for one, other in zip(recording.sweeps, replay(recording, chunk_ms=0.34).sweeps, strict=True):
        assert np.array_equal(one.values, other.values)


def test_under_a_clamp_the_ions_take_what_their_currents_carry() -> None:
    rig = replace(with_cell(REFERENCE, pump=None, tick_ms=1.0, volume_pL=0.5), amplifier=Amplifier())
    sweep = lived(rig, 200.0, 10.0)
    for name in ("Na", "K"):
        flowed_fC = np.concatenate([[0.0], np.cumsum(sweep[f"i_{name.lower()}_pA"])[:-1]]) * 0.1
        expected = sweep[f"in_{name}_mM"][0] - flowed_fC / (FARADAY_C_PER_MOL * 0.5)
        assert sweep[f"in_{name}_mM"][::10] == pytest.approx(expected[::10], rel=1e-9)


def test_a_concentration_set_anew_counts_and_the_others_stay() -> None:
    rig = with_cell(REFERENCE, pump=None, volume_pL=0.5)
    injected = replace(rig, solutions=rig.solutions.with_inside({"Na": 50.0}))
    sweep = lived(rig, 20_000.0, 0.1, Script((Change(0, 1000, injected),)))
    assert sweep["in_Na_mM"][1000] == 50.0
    assert sweep["in_K_mM"][1000] == pytest.approx(sweep["in_K_mM"][999], abs=1.0)
    assert sweep["in_K_mM"][1000] < 139.9


def test_a_free_membrane_charges_as_a_resistor_and_a_capacitor() -> None:
    leak = Channel("leak", g_nS=5.0, pore=OhmicPore(e_mV=-60.0))
    still, driven = (Rig(Cell("rc", 20.0, (leak,)), amplifier=replace(FREE, bias_pA=i)) for i in (0.0, 100.0))
    sweep = lived(still, 40.0, 50.0, Script((Change(0, 500, driven),)))
    t_ms = np.arange(1500) / 50.0
    assert sweep["v_mV"][:501] == pytest.approx(-60.0, abs=1e-6)
    assert sweep["v_mV"][500:] == pytest.approx(-60.0 + 20.0 * (1.0 - np.exp(-t_ms / 4.0)), abs=1e-6)
    assert set(sweep["i_pA"]) == {0.0, 100.0}
    assert np.array_equal(sweep["command_mV"], sweep["v_mV"])


def test_a_membrane_that_nothing_holds_stays_within_what_a_membrane_stands() -> None:
    leak = Channel("leak", g_nS=0.001, pore=OhmicPore(e_mV=-60.0))
    for bias_pA in (-1e6, 1e6):
        sweep = lived(Rig(Cell("rc", 1.0, (leak,)), amplifier=replace(FREE, bias_pA=bias_pA)), 40.0, 50.0)
        assert np.isfinite(sweep.values).all()
        assert np.abs(sweep["v_mV"]).max() <= 250.0


def test_a_gated_cell_fires_when_driven_and_rests_when_not() -> None:
    na = Channel(
        "na", g_nS=120.0, pore=OhmicPore(e_mV=50.0),
        gates=(
            Gate("m", 3, "linoid((v+40)/10)", "4*exp(-(v+65)/18)"),
            Gate("h", 1, "0.07*exp(-(v+65)/20)", "1/(1+exp(-(v+35)/10))"),
        ),
    )  # fmt: skip
    k = Channel(
        "k",
        g_nS=36.0,
        pore=OhmicPore(e_mV=-77.0),
        gates=(Gate("n", 4, "0.1*linoid((v+55)/10)", "0.125*exp(-(v+65)/80)"),),
    )
    leak = Channel("leak", g_nS=0.3, pore=OhmicPore(e_mV=-54.40108))
    rest, driven = (Rig(Cell("axon", 1.0, (na, k, leak)), amplifier=replace(FREE, bias_pA=i)) for i in (0.0, 10.0))
    assert lived(rest, 50.0, 50.0)["v_mV"] == pytest.approx(-65.0, abs=1e-2)
    v_mV = lived(rest, 500.0, 50.0, Script((Change(0, 100, driven),)))["v_mV"]
    spikes = np.flatnonzero((v_mV[:-1] < 0.0) & (v_mV[1:] >= 0.0))
    rate_Hz = 50e3 / np.diff(spikes[5:]).mean()
    assert rate_Hz == pytest.approx(68.3237, abs=0.3)


def test_a_long_train_of_spikes_stays_true() -> None:
    rig = load_rig(paths.shipped(paths.CELLS)["squid-axon"])
    driven = replace(rig, amplifier=replace(FREE, bias_pA=10.0))
    peaks = {}
    for fs_kHz in (10.0, 50.0, 200.0):
        v_mV = lived(driven, 1000.0, fs_kHz)["v_mV"]
        late = v_mV[v_mV.size // 2 :]
        spikes = np.flatnonzero((late[:-1] < 0.0) & (late[1:] >= 0.0))
        peaks[fs_kHz] = (late.max(), np.diff(spikes).mean() / fs_kHz)
        assert late.max() < 50.0
    assert peaks[50.0][1] == pytest.approx(peaks[200.0][1], rel=1e-3)
    assert peaks[50.0][0] == pytest.approx(peaks[200.0][0], abs=0.2)
    assert peaks[10.0][1] == pytest.approx(peaks[200.0][1], rel=1e-2)
