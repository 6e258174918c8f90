"""Brian2's NeuronGroup of 20 with generated Cython code, at a step of 20 µs.

Timed: restore, the run of all sweeps at once with its monitors, and what they hold as arrays; not the first
build of the code. Exponential Euler where the clamp is ideal, second-order Runge-Kutta through a resistance.
"""

from importlib import import_module
from typing import Any

import numpy as np

from vclamp.run.bench.peers import Way, Ways
from vclamp.run.bench.squid import (
    CM_pF,
    E_K_mV,
    E_LEAK_mV,
    E_NA_mV,
    G_K_nS,
    G_LEAK_nS,
    G_NA_nS,
    Traces,
    openings,
    resting_mV,
    steady,
)
from vclamp.run.bench.workloads import Workload

# voltages in mV and times in ms, as bare numbers; `ms` is there for the left side alone
_EQUATIONS = f"""
am = (v + 40)/10/(1 - exp(-(v + 40)/10)) : 1
bm = 4*exp(-(v + 65)/18) : 1
ah = 0.07*exp(-(v + 65)/20) : 1
bh = 1/(1 + exp(-(v + 35)/10)) : 1
an = 0.1*(v + 55)/10/(1 - exp(-(v + 55)/10)) : 1
bn = 0.125*exp(-(v + 65)/80) : 1
dm/dt = (am*(1 - m) - bm*m)/ms : 1
dh/dt = (ah*(1 - h) - bh*h)/ms : 1
dn/dt = (an*(1 - n) - bn*n)/ms : 1
i_na = {G_NA_nS}*m**3*h*(v - {E_NA_mV}) : 1
i_k = {G_K_nS}*n**4*(v - {E_K_mV}) : 1
i_m = i_na + i_k + {G_LEAK_nS}*(v - ({E_LEAK_mV})) : 1
"""
_LOGGED = ("v", "m", "h", "n", "i_na", "i_k", "i_m")


def ways(workload: Workload) -> Ways:
    """All sweeps at once, as one group of neurons."""
    b2 = import_module("brian2")
    if workload.name not in ("W1", "W2", "W4"):
        return {}
    protocol, rs_MOhm = workload.protocol, workload.rig.amplifier.rs_MOhm
    b2.prefs.codegen.target = "cython"
    b2.defaultclock.dt = 0.02 * b2.ms
    commands = np.stack([protocol.command_mV(k) for k in range(protocol.n_sweeps)], axis=1)
    namespace = {"command": b2.TimedArray(commands, dt=0.02 * b2.ms)}
    membrane = f"dv/dt = ((command(t, i) - v)*{1e3 / rs_MOhm} - i_m)/{CM_pF}/ms : 1" if rs_MOhm else ""
    group = b2.NeuronGroup(
        protocol.n_sweeps,
        _EQUATIONS + (membrane or "v = command(t, i) : 1"),
        method="rk2" if rs_MOhm else "exponential_euler",
        namespace=namespace,
    )
    if rs_MOhm:
        group.v = resting_mV(workload)
    group.m, group.h, group.n = steady(resting_mV(workload))
    monitor = b2.StateMonitor(group, _LOGGED, record=True)
    network = b2.Network(group, monitor)
    return _ways(network, monitor, protocol.duration_ms(0) * b2.ms, "rk2" if rs_MOhm else "exponential Euler")


def _ways(network: Any, monitor: Any, duration: Any, method: str) -> Ways:
    network.store()

    def run() -> Traces:
        network.restore()
        network.run(duration)
        logged = [np.array(getattr(monitor, name)) for name in _LOGGED]
        return openings(*logged[:4])

    return {f"Brian2, {method}": Way(run)}
