"""Cells that nobody would patch: any channels in any solutions."""

import random
from math import exp

from vclamp.model.channel import Channel
from vclamp.model.gating import Gate, Gating, Markov, Mwc, Transition, TwoState
from vclamp.model.ions import Ion, Solutions
from vclamp.model.pores import GhkPore
from vclamp.model.pump import Pump
from vclamp.model.rig import Cell, Rig

ENDS_mV = (-250.0, 250.0)


def log_uniform(rng: random.Random, low: float, high: float) -> float:
    return float(low * (high / low) ** rng.random())


def some_solutions(rng: random.Random) -> Solutions:
    """Na, K, Cl and Ca, each anywhere from almost nothing to a brine."""
    ions = tuple(
        Ion(name, z, log_uniform(rng, 0.01, 500.0), log_uniform(rng, 0.01, 500.0))
        for name, z in (("Na", 1), ("K", 1), ("Cl", -1), ("Ca", 2))
    )
    return Solutions(ions, (), rng.uniform(270.0, 315.0))


def some_gates(rng: random.Random) -> tuple[Gate, ...]:
    """Gates of Boltzmann curves and bells, or of exponential rates."""
    gates = []
    for name in "mhn"[: rng.randrange(1, 4)]:
        half, slope, rate = (
            rng.uniform(-80.0, 20.0),
            rng.choice([-1, 1]) * rng.uniform(4.0, 25.0),
            log_uniform(rng, 0.01, 20.0),
        )
        forms = {
            "inf": f"1/(1+exp(-(v-{half!r})/{slope!r}))".replace("--", "+"),
            "tau_ms": f"{1.0 / rate!r}+{rng.uniform(0.0, 5.0)!r}/(1+((v+40)/30)^2)",
        }
        rates = {
            "alpha_per_ms": f"{rate!r}*linoid((v+40)/{abs(slope)!r})",
            "beta_per_ms": f"{rate!r}*exp(-(v+60)/80)",
        }
        gates.append(Gate(name, rng.randrange(1, 5), **rng.choice([forms, rates])))  # type: ignore[arg-type]
    return tuple(gates)


def some_scheme(rng: random.Random) -> Gating:
    """Subunits, an allosteric model, or a ring of states on a random landscape of energies."""
    kind = rng.randrange(3)
    if kind == 0:
        z_e, half_mV = rng.uniform(-4.0, 4.0), rng.uniform(-90.0, 40.0)
        return TwoState(z_e, log_uniform(rng, 0.01, 5.0), half_mV, subunits=rng.randrange(1, 5))
    if kind == 1:
        return Mwc(
            log_uniform(rng, 1e-6, 1.0), rng.uniform(0.3, 1.5), rng.uniform(-80.0, 40.0), rng.uniform(0.0, 3.0),
            log_uniform(rng, 0.05, 5.0), log_uniform(rng, 0.05, 5.0), sensors=rng.randrange(1, 5),
        )  # fmt: skip
    names = tuple(f"S{k}" for k in range(rng.randrange(3, 7)))
    energy = {name: rng.uniform(-4.0, 4.0) for name in names}
    charge = {name: rng.uniform(-2.0, 2.0) for name in names}
    ways = []
    for a, b in zip(names, (*names[1:], names[0]), strict=True):
        speed, z_e = log_uniform(rng, 0.01, 5.0), charge[b] - charge[a]
        forward, backward = speed * exp(0.5 * (energy[a] - energy[b])), speed * exp(0.5 * (energy[b] - energy[a]))
        up, down = f"({0.5 * z_e:.17f}*u)", f"(-({0.5 * z_e:.17f}*u))"
        ways.append(Transition((a, b), f"{forward!r}*exp{up}", f"{backward!r}*exp{down}", z_e))
    return Markov(names, (names[0],), tuple(ways))


def some_channel(rng: random.Random, name: str, *, scheme: bool = True) -> Channel:
    """A channel of one ion; ungated, of gates, or of states."""
    ion, kind = rng.choice(["Na", "K", "Cl", "Ca"]), rng.randrange(3 if scheme else 2)
    gating = {"gates": some_gates(rng)} if kind == 1 else {"gating": some_scheme(rng)} if kind == 2 else {}
    if rng.random() < 0.5:
        return Channel(name, g_nS=log_uniform(rng, 0.01, 100.0), ion=ion, **gating)  # type: ignore[arg-type]
    return Channel(name, p_cm3_per_s=log_uniform(rng, 1e-13, 1e-9), ion=ion, pore=GhkPore(), **gating)  # type: ignore[arg-type]


def some_rig(rng: random.Random, *, scheme: bool = True, pump: bool = True) -> Rig:
    """An ideally clamped cell of up to four kinds of channel, and perhaps a pump."""
    channels = tuple(some_channel(rng, f"c{k}", scheme=scheme) for k in range(rng.randrange(1, 5)))
    pumps = Pump(log_uniform(rng, 0.1, 500.0), rng.choice(["constant", "hill", "luo-rudy"]))  # type: ignore[arg-type]
    cell = Cell("any", log_uniform(rng, 0.5, 200.0), channels, pumps if pump and rng.random() < 0.5 else None)
    return Rig(cell, some_solutions(rng))
