"""The truth beside an estimate is that of the rig's own description."""

from dataclasses import replace
from math import isnan, log

import numpy as np
import pytest

from vclamp import paths
from vclamp.analysis import truth
from vclamp.model.channel import Channel
from vclamp.model.files import load_rig
from vclamp.model.gating import Gate, Mwc, TwoState
from vclamp.model.ions import Solutions
from vclamp.model.pores import OhmicPore
from vclamp.model.rig import Cell, Rig
from vclamp.physics.thermo import thermal_voltage_mV
from vclamp.units import kelvin

ROOM = Solutions(temperature_K=kelvin(22.0))
RT_F_mV = 25.4341  # at 22 °C
V_mV = np.arange(-120.0, 61.0, 10.0)


def channel(**kinds: object) -> Channel:
    return Channel("c", g_nS=10.0, pore=OhmicPore(e_mV=-80.0), temperature_K=kelvin(22.0), **kinds)  # type: ignore[arg-type]


def shipped(cell: str) -> Rig:
    return load_rig(paths.CELLS / f"{cell}.toml")


@pytest.mark.parametrize(("z_e", "half_mV"), [(4.0, -30.0), (-2.5, -70.0)])
def test_of_one_two_state_particle_v_half_and_charge_are_its_own(z_e: float, half_mV: float) -> None:
    found = truth.boltzmann_truth(channel(gating=TwoState(z_e=z_e, k0_per_ms=1.0, v_half_mV=half_mV)), ROOM, V_mV)
    assert (found["v_half_mV"], found["z_e"], found["e_rev_mV"]) == (half_mV, z_e, -80.0)
    assert found["g_max_nS"] == pytest.approx(10.0, rel=1e-6)


def test_the_midpoint_of_several_sensors_is_where_half_of_the_channels_open() -> None:
    """(1/(1+e^-w))^n = 1/2 at w = −ln(2^(1/n) − 1)."""
    for n in (2, 4):
        found = truth.boltzmann_truth(
            channel(gating=TwoState(z_e=3.0, k0_per_ms=1.0, v_half_mV=-45.0, subunits=n)), ROOM, V_mV
        )
        assert found["v_half_mV"] == pytest.approx(-45.0 - RT_F_mV / 3.0 * log(2 ** (1 / n) - 1), abs=0.02)
        assert 3.0 < found["z_e"] < 4.1


def test_squid_potassium_activation_is_its_gate_to_the_fourth_power() -> None:
    """Half of its largest value, which is at the highest voltage there is; rates of Hodgkin & Huxley 1952."""
    rig = shipped("squid-axon")
    k = next(c for c in rig.cell.channels if c.name == "k")
    v = np.arange(-80.0005, 250.0, 0.001)
    x = (v + 55.0) / 10.0
    alpha = 0.1 * x / -np.expm1(-x)
    p = (alpha / (alpha + 0.125 * np.exp(-(v + 65.0) / 80.0))) ** 4
    found = truth.boltzmann_truth(k, rig.solutions, V_mV)
    assert found["v_half_mV"] == pytest.approx(np.interp(0.5 * p[-1], p, v), abs=0.05)


def test_inactivation_gates_are_no_part_of_activation_and_give_the_truth_of_availability() -> None:
    """Experiment 8: h∞ of the squid is half at −62.2, k 7.07 mV."""
    rig = shipped("squid-axon")
    na = next(c for c in rig.cell.channels if c.name == "na")
    opening, closing = truth.activating_and_not(na)
    assert ([g.name for g in opening], [g.name for g in closing]) == (["m"], ["h"])
    found = truth.availability_truth(na, rig.solutions, np.arange(-120.0, -19.0, 5.0))
    assert found["v_half_mV"] == pytest.approx(-62.2, abs=0.2)
    assert found["k_mV"] == pytest.approx(7.07, abs=0.25)
    assert truth.availability_truth(next(c for c in rig.cell.channels if c.name == "k"), rig.solutions, V_mV) == {}


def test_a_channel_that_opens_and_closes_again_has_no_midpoint() -> None:
    rig = shipped("hek-nav-markov")
    nav = rig.cell.channels[0]
    assert isnan(truth.boltzmann_truth(nav, rig.solutions, V_mV)["v_half_mV"])


def test_an_open_probability_that_still_rises_has_no_midpoint() -> None:
    late = Mwc(l0=1e-6, z_j_e=0.5, v_j_mV=180.0, eps_RT=2.0, a0_per_ms=1.0, d0_per_ms=1.0)
    assert isnan(truth.boltzmann_truth(channel(gating=late), ROOM, V_mV)["v_half_mV"])


def test_midpoints_of_curves_that_have_none_are_nan() -> None:
    assert isnan(truth.midpoint_mV(np.zeros(501)))
    assert isnan(truth.midpoint_mV(np.ones(501)))
    assert isnan(truth.midpoint_mV(np.full(501, np.nan)))


def test_time_constants_are_those_of_the_gate_and_shorter_where_several_must_stay_open() -> None:
    gate = Gate("n", 4, inf="1/(1+exp(-(v+30)/5))", tau_ms="3")
    warm = replace(ROOM, temperature_K=kelvin(32.0))
    four = channel(gates=(gate,), q10=3.0)
    v = np.array([-120.0, -30.0, 40.0])
    assert truth.tau_ms(four, ROOM, v, closing=False) == pytest.approx(3.0)
    assert truth.tau_ms(four, warm, v, closing=False) == pytest.approx(1.0)
    closing = truth.tau_ms(four, ROOM, v, closing=True)
    assert closing[0] == pytest.approx(0.75)
    assert np.isnan(closing[1:]).all()
    assert np.isnan(truth.tau_ms(None, ROOM, v, closing=True)).all()


def test_the_reversal_of_a_mixture_is_where_its_currents_cancel() -> None:
    """Two ohmic channels: (g₁E₁ + g₂E₂)/(g₁ + g₂), weighted by how open they are."""
    k = Channel("k", g_nS=3.0, pore=OhmicPore(e_mV=-90.0), gates=(Gate("n", inf="1", tau_ms="1"),))
    leak = Channel("leak", g_nS=1.0, pore=OhmicPore(e_mV=-10.0))
    rig = Rig(Cell("c", 10.0, (k, leak)))
    assert truth.reversal_mV(rig, "i_pA") == pytest.approx((3.0 * -90.0 - 10.0) / 4.0, abs=0.01)
    assert truth.reversal_mV(rig, "i_pA", {"k": 1 / 3}) == pytest.approx(-50.0, abs=0.01)
    assert truth.reversal_mV(rig, "i_k_pA") == -90.0


def test_blockers_tell_their_constants() -> None:
    rig = shipped("hek-woodhull-k")
    blocked = rig.cell.channels[0]
    assert truth.woodhull_truth(blocked, "blocker") == {"kd_mM": 1.0, "z_delta": 1.2}
    assert truth.woodhull_truth(blocked, "TTX") == {}
    kd_mM = 1.0 * np.exp(-1.2 * 20.0 / thermal_voltage_mV(rig.solutions.temperature_K))
    assert truth.dose_truth(blocked, rig.solutions, "blocker", 20.0) == pytest.approx({"ic50_mM": kd_mM, "hill": 1.0})
    na = shipped("squid-axon").cell.channels[0]
    assert truth.dose_truth(na, ROOM, "TTX", 0.0) == {"ic50_mM": 5e-6, "hill": 1.0}


def test_a_drug_that_binds_in_two_ways_has_no_true_hill_curve() -> None:
    rig = shipped("hek-woodhull-k")
    blocked, dosed = rig.cell.channels[0], rig.solutions
    (blocker,) = blocked.blockers
    uneven = replace(blocked, blockers=(replace(blocker, minor_fraction=0.5, minor_kd_mM=100.0),))
    twice = replace(blocked, blockers=(blocker, replace(blocker, kd_mM=100.0)))
    for channel in (uneven, twice):
        assert truth.dose_truth(channel, dosed, "blocker", 20.0) == {}
        assert truth.woodhull_truth(channel, "blocker") == {}


def test_a_trace_is_about_the_channel_it_names_or_the_only_one_that_gates() -> None:
    rig = shipped("squid-axon")
    assert truth.channel_of(rig, "i_na_pA") is rig.cell.channels[0]
    assert truth.channel_of(rig, "i_pA") is None
    off = replace(rig.cell, channels=tuple(replace(c, on=c.name != "na") for c in rig.cell.channels))
    found = truth.channel_of(replace(rig, cell=off), "i_pA")
    assert found is not None
    assert found.name == "k"
