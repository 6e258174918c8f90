"""The shipped channels and cells do what physics and their notes say."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vclamp import paths
from vclamp.model.channel import Channel
from vclamp.model.edit import with_value
from vclamp.model.files import from_json, load_channel, load_protocol, load_rig, to_json, to_toml
from vclamp.model.gating import Mwc
from vclamp.model.ions import Ion, Solutions
from vclamp.model.pores import EnergyPore, FieldStrengthPore, OhmicPore
from vclamp.model.protocol import Hold, Protocol, Ramp, Step
from vclamp.model.record import Recording, Sweep
from vclamp.model.rig import Amplifier, Rig
from vclamp.physics.gating import limiting_slope_e
from vclamp.physics.schemes import propagator, stationary
from vclamp.run.runner import Inbox, record
from vclamp.units import kelvin

Array = NDArray[np.float64]

CELLS, CHANNELS, PROTOCOLS = (paths.shipped(folder) for folder in (paths.CELLS, paths.CHANNELS, paths.PROTOCOLS))
every_cell = pytest.mark.parametrize("cell", CELLS)
every_hek_cell = pytest.mark.parametrize("cell", [name for name in CELLS if name.startswith("hek-")])
FREE = Amplifier(mode="current-clamp")
HOUR_ms = 3.6e6


@cache
def rig(cell: str) -> Rig:
    return load_rig(CELLS[cell])


@cache
def channel(name: str) -> Channel:
    return load_channel(CHANNELS[name])


def changed(rig: Rig, **values: object) -> Rig:
    """A rig with other values at some paths, in which __ stands for a dot."""
    for path, value in values.items():
        rig = with_value(rig, path.replace("__", "."), value, "test")
    return rig


def ideally_clamped(rig: Rig) -> Rig:
    return replace(rig, amplifier=Amplifier())


def steps(rig: Rig, levels_mV: tuple[float, ...], ms: float = 1.0, hold_mV: float = -80.0) -> tuple[Sweep, ...]:
    """One sweep a level, each from rest at holding."""
    return record(rig, Protocol("steps", (Step(levels_mV, ms),), len(levels_mV), hold_mV=hold_mV)).sweeps


def held(rig: Rig, ms: float, *, fs_kHz: float = 50.0, then: Rig | None = None, hold_mV: float = -80.0) -> Sweep:
    """A rig at rest at holding; from the first sample on it may become another."""
    inbox = Inbox()
    if then is not None:
        inbox.put(then)
    return record(rig, Protocol("hold", (Hold(ms),), 1, hold_mV=hold_mV, fs_kHz=fs_kHz), inbox=inbox).sweeps[0]


def shipped_run(protocol: str, cell: str) -> Recording:
    return record(rig(cell), load_protocol(PROTOCOLS[protocol]))


# ---- every file


@every_cell
def test_every_cell_reads_back_what_is_written_of_it(cell: str, tmp_path: Path) -> None:
    described = rig(cell)
    assert from_json(Rig, to_json(described), cell) == described
    path = tmp_path / "cell.toml"
    path.write_text(to_toml(described), encoding="utf-8")
    assert load_rig(path) == described


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_reads_back_what_is_written_of_it(name: str, tmp_path: Path) -> None:
    described = channel(name)
    assert from_json(Channel, to_json(described), name) == described
    path = tmp_path / "channel.toml"
    path.write_text(to_toml(described), encoding="utf-8")
    assert load_channel(path) == described


@every_cell
def test_every_cell_runs_the_same_bit_by_bit_in_chunks_of_7_samples(cell: str) -> None:
    segments = (Hold(1.0), Step(20.0, 5.0), Ramp(-100.0, 5.0), Hold(1.0))
    protocol = Protocol("chunks", segments, 2, hold_mV=-80.0, interval_ms=30.0, between="interval")
    whole = record(rig(cell), protocol)
    pieces = record(rig(cell), protocol, inbox=Inbox(chunk_ms=7.0 / protocol.fs_kHz))
    for one, other in zip(whole.sweeps, pieces.sweeps, strict=True):
        assert np.array_equal(one.values, other.values)
        assert one.start == other.start


@every_hek_cell
def test_every_hek_cell_carries_up_to_5_nA_and_without_drugs_at_least_100_pA(cell: str) -> None:
    described = rig(cell)
    name, levels = described.cell.channels[0].name, tuple(range(-120, 241 if cell == "hek-bk" else 61, 20))
    drugs = tuple(replace(drug, out_mM=0.0, in_mM=0.0) for drug in described.solutions.drugs)
    bare = replace(described, solutions=replace(described.solutions, drugs=drugs))
    largest = [
        max(np.abs(sweep[f"i_{name}_pA"]).max() for sweep in steps(item, levels, 50.0)) for item in (described, bare)
    ]
    assert largest[0] < 5000.0
    assert largest[1] > 100.0


# ---- thermodynamics


def equilibria_mV(solutions: Solutions, names: tuple[str, ...]) -> list[float]:
    """Equilibrium potential of each ion that is there, infinite where one side has none."""
    found = []
    for ion in map(solutions.active, names):
        if ion.out_mM > 0.0 and ion.in_mM > 0.0:
            found.append(solutions.reversal_mV(ion.name))
        elif ion.out_mM > 0.0 or ion.in_mM > 0.0:
            found.append(np.copysign(np.inf, ion.z * (ion.out_mM - ion.in_mM)))
    return found


@every_cell
def test_every_open_pore_reverses_where_thermodynamics_says(cell: str) -> None:
    """A single ion at its equilibrium, several between the lowest and the highest of theirs."""
    solutions, pump_free = rig(cell).solutions, replace(rig(cell).cell, pump=None, volume_pL=None)
    clamp = ideally_clamped(replace(rig(cell), cell=pump_free))
    for described in pump_free.channels:
        fixed_mV = described.pore.e_mV if isinstance(described.pore, OhmicPore) else None
        equilibria = equilibria_mV(solutions, described.ions) if fixed_mV is None else [fixed_mV]
        low_mV, high_mV = (float(np.clip(extreme(equilibria), -250.0, 250.0)) for extreme in (min, max))
        below, low, high, above = (
            float(sweep[f"i_{described.name}_pA"][-1])
            for sweep in steps(clamp, (max(low_mV - 30.0, -250.0), low_mV, high_mV, min(high_mV + 30.0, 250.0)))
        )
        nothing = 1e-9 * max(abs(below), abs(above), 1.0)
        assert below <= nothing, described.name
        assert above >= -nothing, described.name
        if low_mV == high_mV:
            assert abs(low) < nothing, described.name
        else:
            assert low <= nothing, described.name
            assert high >= -nothing, described.name
            assert low_mV <= described.reversal_mV(solutions) <= high_mV


@every_cell
def test_no_open_pore_does_work(cell: str) -> None:
    """The second law: what all ions dissipate together, Σ I (V − E), is never negative."""
    v_mV, solutions = np.linspace(-200.0, 200.0, 81), rig(cell).solutions
    for described in rig(cell).cell.channels:
        if isinstance(described.pore, OhmicPore) and described.pore.e_mV is not None:
            continue  # its battery stands for whatever drives it
        currents = {name: i for name, i in described.ion_currents_pA(v_mV, solutions).items() if np.any(i)}
        equilibria = dict(zip(currents, equilibria_mV(solutions, tuple(currents)), strict=True))
        if np.isfinite(list(equilibria.values())).all():
            dissipated = sum(i_pA * (v_mV - equilibria[name]) for name, i_pA in currents.items())
            assert np.min(dissipated) > -1e-9 * np.max(dissipated), described.name


def test_the_neurons_pump_stands_still_at_its_reversal_and_runs_backwards_below() -> None:
    described = replace(rig("neuron"), cell=replace(rig("neuron").cell, volume_pL=None))
    assert described.cell.pump is not None
    reversal_mV = described.cell.pump.reversal_mV(described.solutions)
    assert reversal_mV == pytest.approx(-200.4, abs=0.1)
    sweeps = steps(ideally_clamped(described), (reversal_mV - 20.0, reversal_mV, reversal_mV + 20.0))
    backwards, still, forwards = (float(sweep["i_pump_pA"][-1]) for sweep in sweeps)
    assert backwards < 0.0 < forwards
    assert abs(still) < 1e-9


# ---- gating


def p_open(name: str, v_mV: Array | float, celsius: float) -> Array:
    """Steady open probability of a channel's scheme."""
    scheme = channel(name).scheme
    assert scheme is not None
    rates = scheme.rates_per_ms(np.atleast_1d(np.asarray(v_mV, float)), Solutions(temperature_K=kelvin(celsius)))
    return np.asarray(stationary(rates) @ np.array(scheme.is_open, float))


def half_mV(function: Callable[[float], float], low: float = -150.0, high: float = 250.0, level: float = 0.5) -> float:
    """Where a monotone function reaches a level, by bisection."""
    rising = function(high) > function(low)
    for _ in range(60):
        middle = 0.5 * (low + high)
        if (function(middle) < level) == rising:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def test_sequential_k_opens_where_the_subunits_of_zagotta_hoshi_and_aldrich_do() -> None:
    assert half_mV(lambda v: float(p_open("sequential-k", v, 20.0)[0])) == pytest.approx(-43.63229, abs=1e-2)
    assert float(p_open("sequential-k", -60.0, 20.0)[0]) == pytest.approx(0.003655915, abs=1e-5)
    scheme = channel("sequential-k").scheme
    assert scheme is not None
    assert len(scheme.states) == 15
    assert max(scheme.charges_e) == pytest.approx(13.08)
    v_mV = np.array([-140.5, -139.5])
    slope_e = limiting_slope_e(v_mV, p_open("sequential-k", v_mV, 20.0), kelvin(20.0))
    assert float(slope_e[0]) == pytest.approx(13.08, abs=0.1)


def test_sequential_k_is_delayed_but_not_reshaped_by_a_negative_prepulse() -> None:
    """The Cole-Moore shift."""
    near, far = (
        steps(rig("hek-sequential-k"), (0.0,), 20.0, hold)[0]["p_open_sequential_k"] for hold in (-60.0, -140.0)
    )
    shift = int(np.argmax(far > 0.3)) - int(np.argmax(near > 0.3))
    assert shift / 50.0 == pytest.approx(0.2, abs=0.05)
    assert np.abs(far - near).max() > 0.03
    assert np.abs(far[shift:] - near[:-shift]).max() < 0.01


@cache
def sodium_peak(
    *, blocked: bool, hold_mV: float, before: tuple[float, float] | None, step_mV: float
) -> tuple[float, float]:
    """Largest open probability after a step, and its time in ms; without the particle O ↔ B is cut."""
    scheme = channel("nav-markov").scheme
    assert scheme is not None
    levels = np.array([hold_mV, step_mV, before[0] if before else hold_mV])
    rates = scheme.rates_per_ms(levels, Solutions(temperature_K=kelvin(22.0)))
    is_open = scheme.states.index("O")
    if not blocked:
        free = [k for k, state in enumerate(scheme.states) if state != "B"]
        rates = rates[:, free][:, :, free]
    p = stationary(rates[:1])[0]
    if before is not None:
        p = p @ propagator(rates[2], before[1])
    dt_ms = 0.01 if before else 0.001
    move, trace = propagator(rates[1], dt_ms), []
    for _ in range(2000 if before else 500):
        p = p @ move
        trace.append(float(p[is_open]))
    return max(trace), dt_ms * (1 + int(np.argmax(trace)))


def test_nav_opens_inactivates_and_resurges_as_in_purkinje_cells() -> None:
    peak, time_ms = sodium_peak(blocked=False, hold_mV=-90.0, before=None, step_mV=0.0)
    assert peak == pytest.approx(0.7371213, abs=2e-4)
    assert time_ms == pytest.approx(0.056, abs=3e-3)
    peak, time_ms = sodium_peak(blocked=True, hold_mV=-90.0, before=(30.0, 10.0), step_mV=-30.0)
    assert peak == pytest.approx(0.02022801, abs=2e-4)
    assert time_ms == pytest.approx(2.7, abs=0.06)


def test_nav_is_half_available_at_minus_55_mV_without_its_particle() -> None:
    scheme = channel("nav-markov").scheme
    assert scheme is not None
    assert len(scheme.states) == 13

    def available(v_mV: float) -> float:
        rates = scheme.rates_per_ms(np.array([v_mV]), Solutions(temperature_K=kelvin(22.0)))[:, :12, :12]
        return float(stationary(rates)[0, :6].sum())

    assert scheme.states[:6] == ("C1", "C2", "C3", "C4", "C5", "O")
    assert scheme.states[-1] == "B"
    assert half_mV(available) == pytest.approx(-55.00313, abs=1e-2)


def test_the_resurgent_current_is_seen_in_the_shipped_protocol() -> None:
    sweep = shipped_run("resurgent", "hek-nav-markov").sweeps[5]
    tail = sweep["i_nav_pA"][15 * 50 + 25 :]
    assert sweep["command_mV"][20 * 50] == -30.0
    assert np.argmin(tail) / 50.0 + 0.5 == pytest.approx(2.7, abs=0.1)
    assert tail.min() < 5.0 * tail[-1]


def test_herg_is_half_activated_and_half_recovered_where_its_rates_are_equal() -> None:
    assert held(rig("hek-herg"), 1.0, hold_mV=-15.09457)["gate_herg_a"][-1] == pytest.approx(0.5, abs=1e-5)
    assert held(rig("hek-herg"), 1.0, hold_mV=-69.90254)["gate_herg_r"][-1] == pytest.approx(0.5, abs=1e-5)


def test_herg_is_almost_shut_at_20_mV_and_its_tail_is_hooked() -> None:
    protocol = Protocol("hook", (Step(20.0, 1000.0), Step(-40.0, 200.0)), 1, hold_mV=-80.0)
    p = record(rig("hek-herg"), protocol).sweeps[0]["p_open_herg"]
    assert p[50_000] == pytest.approx(0.01525735, abs=1e-5)
    assert p[50_000:].max() == pytest.approx(0.1336649, abs=1e-5)
    assert p[50_000:].argmax() > 50


def test_hcn_opens_below_minus_110_mV() -> None:
    (gate,) = channel("hcn").gates
    assert half_mV(lambda v: float(gate.relaxation(np.array([v]))[0][0])) == pytest.approx(-110.2542, abs=1e-2)
    assert float(gate.relaxation(np.array([-90.0]))[1][0]) == pytest.approx(68.87093, abs=1e-3)
    (sweep,) = steps(rig("hek-hcn"), (-45.0,), 500.0, hold_mV=-120.0)
    assert np.abs(sweep["i_hcn_pA"]).max() < 1e-9


def test_cav_peaks_at_minus_20_mV_and_its_current_never_turns_outward_below_60_mV() -> None:
    sweeps = steps(rig("hek-cav-hva"), tuple(range(-60, 61, 5)), 30.0)
    peaks = {float(sweep["command_mV"][-1]): float(sweep["i_cav_pA"].min()) for sweep in sweeps}
    assert min(peaks, key=lambda v_mV: peaks[v_mV]) == -20.0
    assert all(sweep["i_cav_pA"].max() <= 0.0 for sweep in sweeps)


def test_the_linker_makes_kv_mwc_steep_and_lets_it_open_fully() -> None:
    wild = float(p_open("kv-mwc", 250.0, 22.0)[0])
    assert wild == pytest.approx(0.9997939, abs=1e-4)
    assert half_mV(lambda v: float(p_open("kv-mwc", v, 22.0)[0]), level=wild / 2) == pytest.approx(-62.39804, abs=1e-2)
    assert float(p_open("kv-mwc", -40.0, 22.0)[0]) == pytest.approx(0.9988158, abs=1e-6)
    (mutant, _) = rig("hek-kv-mwc-weak-linker").cell.channels
    gating = channel("kv-mwc").gating
    assert isinstance(gating, Mwc)
    assert mutant.gating == replace(gating, eps_RT=3.0)
    (sweep,) = steps(rig("hek-kv-mwc-weak-linker"), (100.0,), 500.0)
    assert sweep["p_open_kv_mwc"][-1] == pytest.approx(0.619417, abs=1e-4)


def test_bk_without_calcium_needs_194_mV_and_its_gate_alone_carries_0_4_e() -> None:
    assert half_mV(lambda v: float(p_open("bk", v, 20.0)[0])) == pytest.approx(194.0, abs=1.0)
    v_mV = np.array([-240.5, -239.5])
    assert float(limiting_slope_e(v_mV, p_open("bk", v_mV, 20.0), kelvin(20.0))[0]) == pytest.approx(0.4, abs=1e-2)


def test_the_two_state_channel_shows_its_gating_current() -> None:
    described = changed(rig("hek-two-state-k"), solutions__temperature_K=kelvin(22.0))
    (sweep,) = steps(described, (20.0,), 5.0)
    assert sweep["i_gating_two_state_k_pA"][0] == pytest.approx(1633.445, abs=1e-2)
    assert sweep["i_gating_two_state_k_pA"][-1] == pytest.approx(0.0, abs=1e-6)
    assert half_mV(lambda v: float(p_open("two-state-k", v, 22.0)[0])) == pytest.approx(-30.0, abs=1e-6)


# ---- pores


def at_tl_share(share: float) -> Rig:
    ions = {"K": 100.0 * (1.0 - share), "Tl": 100.0 * share}
    paths = {f"solutions__ions__{name}__{side}_mM": c for name, c in ions.items() for side in ("out", "in")}
    return changed(rig("hek-amfe-pore"), **paths)


@pytest.mark.parametrize(("share", "expected_pS"), [(0.0, 62.22), (0.15, 38.09), (0.5, 45.92), (1.0, 60.39)])
def test_a_mixture_of_k_and_tl_conducts_less_than_either(share: float, expected_pS: float) -> None:
    described = at_tl_share(share)
    count = described.cell.channels[0].n_channels
    assert count
    (sweep,) = steps(described, (20.0,))
    assert 1000.0 * sweep["i_amfe_pA"][-1] / 20.0 / count == pytest.approx(expected_pS, abs=0.01)


def test_calcium_blocks_the_calcium_pore_for_sodium_and_then_passes_itself() -> None:
    for ca_mM, expected_pA in ((0.0, -6.199407), (1e-3, -3.665118), (1.0, -0.116)):
        (sweep,) = steps(changed(rig("hek-cav-pore"), solutions__ions__Ca__out_mM=ca_mM), (-20.0,))
        assert sweep["i_cav_pore_pA"][-1] / 1000 == pytest.approx(expected_pA, abs=5e-3)


def test_single_k_pores_conduct_what_their_notes_say() -> None:
    for cell, name, expected_pS in (("multi-ion-k", "multi_ion_k", 91.07), ("knock-on-k", "knock_on_k", 76.11)):
        described = rig(f"hek-{cell}")
        (sweep,) = steps(described, (20.0 if cell == "multi-ion-k" else 0.01,))
        count, v_mV = described.cell.channels[0].n_channels or 0, sweep["command_mV"][-1]
        assert 1000.0 * sweep[f"i_{name}_pA"][-1] / v_mV / count == pytest.approx(expected_pS, abs=0.01)


@pytest.mark.parametrize(("ion", "shift_mV"), [("Tl", 21.04071), ("Rb", -2.106362), ("NH4", -51.54), ("Na", -116.33)])
def test_foreign_ions_shift_the_reversal_of_the_nodes_k_channel(ion: str, shift_mV: float) -> None:
    swapped = changed(
        rig("hek-kv-selective"), solutions__ions__K__out_mM=0.0, **{f"solutions__ions__{ion}__out_mM": 140.0}
    )
    assert swapped.cell.channels[0].reversal_mV(swapped.solutions) == pytest.approx(shift_mV, abs=1e-2)


def test_the_energies_of_the_k_pore_give_its_permeability_ratios() -> None:
    pore = channel("energies-k").pore
    assert isinstance(pore, EnergyPore)
    ratios = pore.ratios(None, kelvin(20.0))
    assert ratios == pytest.approx({"K": 1.0, "Rb": 0.92, "Cs": 0.002, "Na": 0.01, "Li": 0.001}, rel=0.07)


def test_a_weak_field_prefers_large_ions_and_a_strong_one_small_ions() -> None:
    def order(radius_A: float) -> tuple[str, ...]:
        pore = channel("field-strength-pore").pore
        assert isinstance(pore, FieldStrengthPore)
        ratios = replace(pore, site_radius_A=radius_A).ratios(None, kelvin(22.0))
        return tuple(sorted(ratios, key=lambda name: -ratios[name]))

    assert order(3.0) == ("Cs", "Rb", "K", "Na", "Li")
    assert order(1.0) == ("Li", "Na", "K", "Rb", "Cs")


def test_activities_move_the_reversal_of_x() -> None:
    described = rig("activity-cell")
    sweep = steps(described, (63.95675,))[0]
    assert sweep["i_x_leak_pA"][-1] == pytest.approx(0.0, abs=1e-3)
    off = changed(described, solutions__activity="off")
    assert off.cell.channels[0].reversal_mV(off.solutions) == pytest.approx(61.51064, abs=1e-3)


# ---- block


def test_kir_has_its_hump_17_mV_above_e_k_and_its_curves_cross() -> None:
    bare = changed(rig("hek-kir2-1"), solutions__ions__Mg__in_mM=0.0)
    curves = []
    for k_mM in (4.0, 20.0):
        described = changed(bare, solutions__ions__K__out_mM=k_mM)
        v_mV = described.solutions.reversal_mV("K") + np.arange(0.0, 60.0, 0.01)
        i_pA = described.cell.channels[0].open_current_pA(v_mV, described.solutions)
        assert v_mV[i_pA.argmax()] - v_mV[0] == pytest.approx(17.32, abs=0.05)
        absolute_mV = np.linspace(-120.0, 0.0, 500)
        curves.append(described.cell.channels[0].open_current_pA(absolute_mV, described.solutions))
    assert np.ptp(np.sign(curves[1] - curves[0])) == 2.0
    straight = changed(bare, solutions__drugs__spermine__in_mM=0.0)
    i_pA = straight.cell.channels[0].open_current_pA(np.array([-100.0, -50.0, 0.0, 50.0]), straight.solutions)
    assert np.ptp(np.diff(i_pA)) == pytest.approx(0.0, abs=1e-9)


def test_nmda_is_plugged_by_magnesium_as_jahr_and_stevens_found() -> None:
    described = rig("hek-nmda")
    left = described.cell.channels[0].unblocked(np.array([-60.0, 0.0]), described.solutions)
    assert left == pytest.approx([0.07962637, 0.7811816], abs=1e-5)
    v_mV = np.arange(-80.0, 0.0, 0.1)
    i_pA = described.cell.channels[0].open_current_pA(v_mV, described.solutions)
    assert v_mV[i_pA.argmin()] == pytest.approx(-27.0, abs=1.5)
    assert abs(described.cell.channels[0].reversal_mV(described.solutions)) < 1.0


def test_the_woodhull_channel_is_half_blocked_at_14_7_mV() -> None:
    described = rig("hek-woodhull-k")
    left = described.cell.channels[0].unblocked(np.array([14.69129, 40.0]), described.solutions)
    assert left == pytest.approx([0.5, 0.232529], abs=1e-5)


def test_katp_opens_when_atp_is_dialysed_away() -> None:
    with_atp, without = (
        steps(changed(rig("hek-katp"), solutions__drugs__ATP__in_mM=c), (0.0,))[0]["i_katp_pA"][-1] for c in (2.0, 0.0)
    )
    assert without > 1500.0
    assert with_atp == pytest.approx(without / (1.0 + 100.0**1.2), rel=1e-9)


def test_pulses_make_quinidine_block_and_a_rest_undoes_it() -> None:
    peaks = [sweep["i_kv_pA"].max() for sweep in shipped_run("use-dependence", "hek-kv-open-block").sweeps]
    assert all(np.diff(peaks[:6]) < 0.0)
    assert peaks[-1] < 0.65 * peaks[0]
    rested = replace(load_protocol(PROTOCOLS["use-dependence"]), interval_ms=3000.0, n_sweeps=2)
    again = [sweep["i_kv_pA"].max() for sweep in record(rig("hek-kv-open-block"), rested).sweeps]
    assert again[1] == pytest.approx(again[0], rel=1e-3)


def test_a_trapped_blocker_waits_for_the_first_pulse_to_get_in_and_to_get_out() -> None:
    clean = rig("hek-kv-trapped-block")
    dosed = changed(clean, solutions__drugs__TBA__in_mM=0.1)
    protocol = replace(load_protocol(PROTOCOLS["use-dependence"]), n_sweeps=6, interval_ms=2000.0)
    inbox = Inbox()
    inbox.put(dosed)
    peaks = [sweep["i_kv_pA"].max() for sweep in record(clean, protocol, inbox=inbox).sweeps]
    assert peaks[0] > 0.5 * record(clean, replace(protocol, n_sweeps=1)).sweeps[0]["i_kv_pA"].max()
    assert peaks[1] < 0.3 * peaks[0]
    assert peaks[2] == pytest.approx(peaks[1], rel=0.05)


# ---- cells at rest and in action


def test_the_pumped_neuron_settles_where_three_sodium_balance_two_potassium() -> None:
    """From other concentrations, in four hours."""
    described = changed(
        rig("neuron-pump"), cell__tick_ms=5000.0, solutions__ions__Na__in_mM=12.0, solutions__ions__K__in_mM=140.0
    )
    sweep = held(described, 4 * HOUR_ms, fs_kHz=0.005)
    assert sweep["v_mV"][-1] == pytest.approx(-73.31332, abs=2e-2)
    assert sweep["in_Na_mM"][-1] == pytest.approx(15.09744, abs=2e-2)
    assert sweep["in_K_mM"][-1] == pytest.approx(136.9025, abs=2e-2)
    assert sweep["i_pump_pA"][-1] == pytest.approx(27.17232, abs=5e-2)
    assert sweep["i_na_leak_pA"][-1] == pytest.approx(-3.0 * sweep["i_pump_pA"][-1], rel=1e-3)
    assert sweep["i_k_leak_pA"][-1] == pytest.approx(2.0 * sweep["i_pump_pA"][-1], rel=1e-3)


def test_blocking_the_pump_depolarises_at_once_and_then_runs_the_neuron_down() -> None:
    rest = rig("neuron-pump")
    dosed = changed(rest, solutions__drugs__ouabain__out_mM=1000.0)
    before = held(rest, 10.0)["v_mV"][-1]
    soon = held(rest, 250.0, then=dosed)["v_mV"][-1]
    assert soon - before == pytest.approx(6.415655, abs=5e-2)
    late = held(rest, 600e3, fs_kHz=0.1, then=dosed)
    assert late["in_Na_mM"][-1] == pytest.approx(66.34103, abs=0.2)
    assert late["v_mV"][-1] == pytest.approx(-55.24419, abs=0.1)


def test_a_cell_without_a_pump_ends_in_an_equilibrium() -> None:
    described = changed(rig("donnan-cell"), cell__tick_ms=1000.0)
    sweep = held(described, HOUR_ms, fs_kHz=0.02)
    solutions = described.solutions.with_inside({name: float(sweep[f"in_{name}_mM"][-1]) for name in ("K", "Na", "Cl")})
    v_mV = float(sweep["v_mV"][-1])
    assert v_mV == pytest.approx(-10.09, abs=0.02)
    assert [solutions.reversal_mV(name) for name in ("K", "Na", "Cl")] == pytest.approx([v_mV] * 3, abs=0.02)
    assert max(abs(sweep[f"i_{name}_leak_pA"][-1]) for name in ("k", "na", "cl")) < 0.5


def test_the_neuron_fires_when_current_is_injected() -> None:
    rest = rig("neuron")
    sweep = held(rest, 1000.0, then=replace(rest, amplifier=replace(FREE, bias_pA=100.0)))
    v_mV = sweep["v_mV"]
    spikes = np.count_nonzero((v_mV[:-1] < 0.0) & (v_mV[1:] >= 0.0))
    assert v_mV[0] == pytest.approx(-72.5, abs=0.2)
    assert 20 <= spikes <= 32
    assert np.ptp(held(rest, 100.0)["v_mV"]) < 0.1
    assert sweep["in_Na_mM"][-1] > sweep["in_Na_mM"][0]


def test_the_kir_cell_has_two_resting_potentials() -> None:
    rest = replace(rig("kir-cell"), amplifier=FREE)
    pushed = [
        held(rest, 3000.0, fs_kHz=10.0, then=replace(rest, amplifier=replace(FREE, bias_pA=b))) for b in (40.0, 60.0)
    ]
    assert 0.0 < pushed[0]["v_mV"][0] - rest.solutions.reversal_mV("K") < 5.0
    assert pushed[0]["v_mV"][-1] < -70.0
    assert pushed[1]["v_mV"][-1] > 0.0
    assert held(rest, 100.0, fs_kHz=10.0, hold_mV=0.0)["v_mV"][-1] == pytest.approx(-1.0, abs=2.0)


@pytest.mark.parametrize(
    ("cell", "peak_pA", "steady_pA", "tau_ms"),
    [
        ("model-cell-lei-1", 10e3 / 30, 18.86792, 0.6226415),
        ("model-cell-patch-1u", 1e3, 19.60784, 0.3235294),
        ("model-cell-mc9", 10e3 / 5.1, 19.79806, 0.1110671),
    ],
)
def test_model_cells_answer_the_membrane_test(cell: str, peak_pA: float, steady_pA: float, tau_ms: float) -> None:
    protocol = Protocol("test", (Hold(1.0), Step(10.0, 20.0)), 1, hold_mV=0.0, fs_kHz=200.0)
    i_pA = record(rig(cell), protocol).sweeps[0]["i_pA"][200:]
    assert i_pA[0] == pytest.approx(peak_pA, rel=1e-6)
    assert i_pA[-1] == pytest.approx(steady_pA, abs=1e-3)
    t_ms = np.arange(i_pA.size) / 200.0
    assert i_pA == pytest.approx(steady_pA + (peak_pA - steady_pA) * np.exp(-t_ms / tau_ms), abs=0.01)


def test_the_type_ii_model_cell_passes_84_pA_after_10_ms() -> None:
    protocol = Protocol("test", (Step(10.0, 20.0),), 1, hold_mV=0.0)
    assert record(rig("model-cell-lei-2"), protocol).sweeps[0]["i_pA"][500] == pytest.approx(83.52684, abs=1e-2)


def test_every_ion_of_the_shipped_solutions_has_its_usual_charge() -> None:
    charges = {"K": 1, "Na": 1, "Cl": -1, "Ca": 2, "Mg": 2, "Cs": 1, "Rb": 1, "Li": 1, "Tl": 1, "NH4": 1, "X": 1}
    charges |= {"Ba": 2, "choline": 1}
    ions: list[Ion] = [ion for cell in CELLS for ion in rig(cell).solutions.ions]
    assert all(ion.z == charges[ion.name] for ion in ions)
