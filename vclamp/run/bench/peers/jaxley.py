"""Jaxley on the CPU, compiled and mapped over the sweeps, in double precision at a step of 20 µs.

Timed: the compiled function from the commands of all sweeps to its arrays; not the compiling. It clamps
the voltage by its own `data_clamp` and steps the gates by exponential Euler; it has no series resistance.
"""

from importlib import import_module
from typing import Any

import numpy as np

from vclamp.run.bench.peers import Way, Ways
from vclamp.run.bench.squid import E_LEAK_mV, Traces, openings, steady
from vclamp.run.bench.workloads import Workload

_GATES = ("HH_m", "HH_h", "HH_n")


def ways(workload: Workload) -> Ways:
    """All sweeps in one call."""
    jaxley, jax = import_module("jaxley"), import_module("jax")
    if workload.name == "W4":
        return {"Jaxley": "left out: it has no clamp through a series resistance"}
    if workload.name not in ("W1", "W2"):
        return {}
    jax.config.update("jax_enable_x64", True)
    protocol = workload.protocol
    cell = _cell(jaxley, protocol.hold_mV)
    commands = np.stack([protocol.command_mV(k) for k in range(protocol.n_sweeps)])

    def sweep(command_mV: Any) -> Any:
        clamps = cell.data_clamp("v", command_mV)
        return jaxley.integrate(cell, data_clamps=clamps, delta_t=0.02)

    family = jax.jit(jax.vmap(sweep))

    def run() -> Traces:
        found = np.asarray(family(commands))[:, :, 1:]  # the first is the state before the first command
        return openings(*found.transpose(1, 0, 2)[:4])

    return {"Jaxley, jit and vmap": Way(run)}


def _cell(jaxley: Any, hold_mV: float) -> Any:
    """One compartment with Jaxley's own HH channel."""
    cell = jaxley.Cell(jaxley.Branch(jaxley.Compartment(), ncomp=1), parents=[-1])
    cell.insert(import_module("jaxley.channels").HH())
    cell.set("HH_eLeak", E_LEAK_mV)
    for name, value in zip(("v", *_GATES), (hold_mV, *steady(hold_mV)), strict=True):
        cell.set(name, value)
    for name in ("v", *_GATES, "i_HH"):
        cell.record(name, verbose=False)
    return cell
