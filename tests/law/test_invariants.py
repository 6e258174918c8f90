"""Laws of physics that hold for any cell: charge, Kirchhoff, detailed balance, reversal, the pump, scale and time."""

import os
import random
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from random_cells import log_uniform, some_channel, some_rig, some_scheme, some_solutions

from vclamp.engine.inside import LEAST_mM
from vclamp.engine.kernels.tables import LIMIT_mV
from vclamp.engine.simulation import Simulation
from vclamp.model.gating import GRID_mV, Markov
from vclamp.model.protocol import Protocol
from vclamp.model.pump import Pump
from vclamp.model.record import Sweep
from vclamp.model.rig import Amplifier, Cell, Rig
from vclamp.model.segments import Hold, Ramp, Step
from vclamp.physics.thermo import nernst_mV
from vclamp.run.runner import record
from vclamp.units import FARADAY_C_PER_MOL

Array = NDArray[np.float64]
Law = Callable[[random.Random], float]
EPS = 2.0**-52


def steps(rng: random.Random, *, before_ms: float = 1.0, n_sweeps: int = 1) -> Protocol:
    """A step and a ramp to any voltages."""
    segments = (Hold(before_ms), Step(rng.uniform(-150.0, 100.0), 3.0), Ramp(rng.uniform(-150.0, 100.0), 2.0))
    return Protocol("steps", segments, n_sweeps, hold_mV=rng.uniform(-120.0, 0.0), fs_kHz=20.0)


def only(rig: Rig, protocol: Protocol) -> Sweep:
    (sweep,) = record(rig, protocol).sweeps
    return sweep


def currents(sweep: Sweep) -> Array:
    """What flows through each part of the membrane."""
    rows = [n for n, name in enumerate(sweep.names) if name.startswith("i_") and name not in ("i_pA", "i_membrane_pA")]
    return sweep.values[rows]


# ---- each law returns by how much it is broken, in parts of what is allowed


def charge_is_kept(rng: random.Random) -> float:
    """What the ions of a free cell lose, its capacitor gains, but for what is injected: to 1e-9."""
    rig = some_rig(rng)
    if any(channel.gating is not None and channel.n_channels for channel in rig.cell.channels):
        return 0.0
    volume_pL, bias_pA = log_uniform(rng, 1.0, 100.0), rng.uniform(-50.0, 50.0)
    cell = replace(rig.cell, volume_pL=volume_pL, tick_ms=1.0)
    rig = Rig(cell, rig.solutions, Amplifier(mode="current-clamp", bias_pA=bias_pA))
    protocol = Protocol("free", (Hold(7.3),), 1, hold_mV=-70.0, fs_kHz=10.0)
    simulation = Simulation(rig, protocol)
    before = simulation.state
    values = np.empty((len(simulation.names), 73))
    simulation.play(0, 73, values)
    after, n = simulation.state, len(rig.solutions.ions)
    if max(np.abs(values[1]).max(), abs(after[0])) >= LIMIT_mV or min(after[-n:]) <= LEAST_mM:
        return 0.0  # more than a membrane stands, or than there is, comes from nowhere
    charges = np.array([ion.z for ion in rig.solutions.ions])
    into_fC = FARADAY_C_PER_MOL * volume_pL * charges * (np.array(after[-n:]) - np.array(before[-n:]))
    onto_fC = cell.cm_pF * (after[0] - before[0])
    lost_fC = onto_fC - bias_pA * 7.3 - into_fC.sum()
    held_fC = FARADAY_C_PER_MOL * volume_pL * sum(map(abs, after[-n:]))
    return float(abs(lost_fC) / (1e-9 * (np.abs(into_fC).sum() + abs(onto_fC)) + 20.0 * EPS * held_fC))


def currents_add_up(rng: random.Random) -> float:
    """Kirchhoff: the amplifier gives what flows through the parts, and C dV/dt on a ramp, to 1e-12."""
    rig, protocol = some_rig(rng), steps(rng)
    sweep = only(rig, protocol)
    slope = np.zeros(120)
    slope[80:] = (protocol.segments[2].to_mV - protocol.segments[1].level_mV) / 2.0  # type: ignore[union-attr,operator]
    parts = np.vstack([currents(sweep), rig.cell.cm_pF * slope])
    return float((np.abs(sweep["i_pA"] - parts.sum(axis=0)) / (1e-12 * np.abs(parts).sum(axis=0) + 1e-300)).max())


def the_resistor_carries_the_current(rng: random.Random) -> float:
    """Ohm: what lies between command and membrane is R_s I, to 1e-12 of the two."""
    rig, rs_MOhm = some_rig(rng), log_uniform(rng, 0.1, 100.0)
    sweep = only(replace(rig, amplifier=Amplifier(rs_MOhm=rs_MOhm, feedback_GOhm=1e-3)), steps(rng))
    drop_mV = sweep["command_mV"] - sweep["v_mV"]
    scale_mV = np.abs(sweep["command_mV"]) + np.abs(sweep["v_mV"])
    within = np.abs(sweep["i_pA"]) < 0.99e7  # else the amplifier is at its end
    return float((np.abs(drop_mV - 1e-3 * rs_MOhm * sweep["i_pA"]) / (1e-12 * scale_mV))[within].max(initial=0.0))


def passive_schemes_are_in_detailed_balance(rng: random.Random) -> float:
    """The products of rates round every cycle are equal both ways, to 1e-12 (a log of each rate is rounded)."""
    scheme, worst = some_scheme(rng), 0.0
    rates = scheme.rates_per_ms(GRID_mV[500:2001:100], 295.15)
    n = rates.shape[1]
    rings = [tuple(range(n))] if isinstance(scheme, Markov) else []
    if len(scheme.states) == n and scheme.states[-1].startswith("O") and scheme.states[0] == "C0" and not rings:
        half = n // 2  # of an allosteric scheme: squares of two sensors' states, shut and open
        rings = [(k, k + 1, half + k + 1, half + k) for k in range(half - 1)] if "O0" in scheme.states else []
    for ring in rings:
        pairs = list(zip(ring, (*ring[1:], ring[0]), strict=True))
        forward = np.prod([rates[:, a, b] for a, b in pairs], axis=0)
        backward = np.prod([rates[:, b, a] for a, b in pairs], axis=0)
        worst = max(worst, float(np.abs(forward / backward - 1.0).max()))
    return worst / 1e-12


def nothing_flows_at_the_reversal(rng: random.Random) -> float:
    """At the Nernst potential of its ion a channel passes less than 1e-12 of what it does 20 mV away."""
    solutions, channel = some_solutions(rng), some_channel(rng, "c")
    ion = solutions.ion(channel.ion)  # type: ignore[arg-type]
    e_mV = float(nernst_mV(ion.z, ion.out_mM, ion.in_mM, solutions.temperature_K))
    if abs(e_mV) > 220.0:
        return 0.0
    protocol = Protocol("at", (Step(e_mV, 2.0), Step(e_mV + 20.0, 1.0)), 1, hold_mV=-60.0, fs_kHz=20.0)
    flows = np.abs(only(Rig(Cell("one", 20.0, (channel,)), solutions), protocol)["i_c_pA"])
    amount = float(np.abs(channel.ion_currents_pA(np.array([e_mV + 20.0]), solutions)[ion.name])[0])  # when all open
    return float(flows[:40].max() / (1e-12 * amount))


def the_pump_moves_three_sodium_for_two_potassium(rng: random.Random) -> float:
    """Twice the sodium that leaves is three times the potassium that comes, to 1e-15 of what is there."""
    solutions, v_mV = some_solutions(rng), np.array([rng.uniform(-150.0, 100.0)])
    pump = Pump(log_uniform(rng, 0.1, 500.0), rng.choice(["constant", "hill", "luo-rudy"]))  # type: ignore[arg-type]
    carried, net_pA = pump.ion_currents_pA(v_mV, solutions), float(pump.current_pA(v_mV, solutions)[0])
    ratio = abs(2.0 * float(carried["Na"][0]) + 3.0 * float(carried["K"][0])) / max(abs(net_pA), 1e-300)
    rig = Rig(Cell("pumped", 20.0, (), pump, volume_pL=1.0, tick_ms=1.0), solutions)
    sweep = only(rig, Protocol("hold", (Hold(10.0),), 1, hold_mV=float(v_mV[0]), fs_kHz=10.0))
    na, k = (float(sweep[f"in_{name}_mM"][-1] - sweep[f"in_{name}_mM"][0]) for name in ("Na", "K"))
    if min(sweep["in_Na_mM"].min(), sweep["in_K_mM"].min()) <= LEAST_mM:
        return ratio / 1e-15  # where there is nothing left, a constant pump goes on
    held_mM = solutions.ion("Na").in_mM + solutions.ion("K").in_mM
    return max(ratio / 1e-15, abs(2.0 * na + 3.0 * k) / (20.0 * EPS * held_mM))


def twice_the_channels_carry_exactly_twice_the_current(rng: random.Random) -> float:
    """In an ideal clamp, bit for bit."""
    rig, protocol = some_rig(rng, pump=False), steps(rng)
    amounts = [("g_nS" if channel.g_nS is not None else "p_cm3_per_s", channel) for channel in rig.cell.channels]
    doubled = tuple(replace(channel, **{key: 2.0 * getattr(channel, key)}) for key, channel in amounts)
    once, twice = (
        only(replace(rig, cell=replace(rig.cell, channels=channels)), protocol)
        for channels in (rig.cell.channels, doubled)
    )
    return 0.0 if np.array_equal(2.0 * currents(once), currents(twice)) else np.inf


def nothing_depends_on_the_time_of_day(rng: random.Random) -> float:
    """A sweep is the same bit for bit whenever it is played; so is a later step, on gates, which rest exactly."""
    rig, seed = some_rig(rng), rng.random()
    sweeps = record(rig, steps(random.Random(seed), n_sweeps=3)).sweeps
    same = all(np.array_equal(sweep.values, sweeps[0].values) for sweep in sweeps)
    gates = some_rig(rng, scheme=False)
    early, late = (only(gates, steps(random.Random(seed), before_ms=ms)).values for ms in (1.0, 4.2))
    return 0.0 if same and np.array_equal(early[:, 20:], late[:, 84:]) else np.inf


LAWS: list[Law] = [
    charge_is_kept, currents_add_up, the_resistor_carries_the_current, passive_schemes_are_in_detailed_balance,
    nothing_flows_at_the_reversal, the_pump_moves_three_sodium_for_two_potassium,
    twice_the_channels_carry_exactly_twice_the_current, nothing_depends_on_the_time_of_day,
]  # fmt: skip
BUDGET_S = float(os.environ.get("CAMPAIGN_S", "1500"))  # what is not done by then is left out
long = pytest.param(10_000, BUDGET_S, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)])


@pytest.mark.parametrize("law", LAWS, ids=[law.__name__ for law in LAWS])
@pytest.mark.parametrize(("n", "budget_s"), [(4, 60.0), long])
def test_any_cell_keeps_the_law(law: Law, n: int, budget_s: float) -> None:
    began_s, worst, done = time.monotonic(), 0.0, 0
    for seed in range(n):
        if time.monotonic() - began_s > budget_s / len(LAWS):
            break
        broken = law(random.Random(seed))
        assert broken <= 1.0, seed
        worst, done = max(worst, broken), done + 1
    print(f"{law.__name__}: {done} cells, at worst {worst:.2g} of what is allowed")


# ---- and these see it broken


def test_a_current_that_is_left_out_of_the_sum_is_missed() -> None:
    rig = some_rig(random.Random(1))
    sweep = only(rig, steps(random.Random(1)))
    parts = currents(sweep)[1:]
    assert (np.abs(sweep["i_pA"] - parts.sum(axis=0)) > 1e-12 * np.abs(parts).sum(axis=0)).any()


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("FARADAY_C_PER_MOL", charge_is_kept),
        ("nernst_mV", nothing_flows_at_the_reversal),
    ],
)
def test_a_wrong_constant_is_seen(name: str, law: Law, monkeypatch: pytest.MonkeyPatch) -> None:
    right = globals()[name]
    wrong = right * 1.0001 if isinstance(right, float) else lambda *given: right(*given) + 1e-6
    monkeypatch.setitem(globals(), name, wrong)
    assert max(law(random.Random(seed)) for seed in range(4)) > 1.0
