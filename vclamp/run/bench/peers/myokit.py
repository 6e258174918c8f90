"""Myokit's CVODES on a compiled model.

Timed: for every sweep its protocol, its starting state, the run, and what was logged as arrays; not
the compiling of the model. Every sample is logged, at 1e-6 (Myokit's own default) and at 1e-8.
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
    edges,
    generator,
    openings,
    resting_mV,
    stationary,
    steady,
)
from vclamp.run.bench.workloads import Workload

_GATES = f"""
m = 0
h = 0
n = 0
am = (v + 40) / 10 / (1 - exp(-(v + 40) / 10))
bm = 4 * exp(-(v + 65) / 18)
ah = 0.07 * exp(-(v + 65) / 20)
bh = 1 / (1 + exp(-(v + 35) / 10))
an = 0.1 * (v + 55) / 10 / (1 - exp(-(v + 55) / 10))
bn = 0.125 * exp(-(v + 65) / 80)
dot(m) = am - (am + bm) * m
dot(h) = ah - (ah + bh) * h
dot(n) = an - (an + bn) * n
i_na = {G_NA_nS} * m^3 * h * (v - {E_NA_mV})
i_k = {G_K_nS} * n^4 * (v - {E_K_mV})
i = i_na + i_k + {G_LEAK_nS} * (v - {E_LEAK_mV})
"""


def ways(workload: Workload) -> Ways:
    """CVODES at two tolerances, sweep after sweep."""
    myokit = import_module("myokit")
    if workload.name == "W5":
        return {"Myokit DiscreteSimulation": "left out: half a second a sweep"}
    if workload.name == "W6":
        return {}
    family = _Family(myokit, workload)
    return {
        "Myokit CVODES 1e-6 (default)": Way(family.run, lambda: family.tolerate(1e-6)),
        "Myokit CVODES 1e-8": Way(family.run, lambda: family.tolerate(1e-8)),
    }


class _Family:
    """A compiled simulation, and what to tell it for every sweep."""

    def __init__(self, myokit: Any, workload: Workload) -> None:
        self._myokit, self._workload = myokit, workload
        rest_mV = resting_mV(workload)
        if workload.name == "W3":
            rates = generator(edges(workload), rest_mV)
            text, self._logged, self._start = _scheme(workload), ["c.p", "c.i"], list(stationary(rates))
        else:
            text, self._start = _squid(workload), steady(rest_mV)
            self._logged = ["c.v", "c.m", "c.h", "c.n", "c.i_na", "c.i_k", "c.i"]
            if workload.name == "W4":
                self._start = [*self._start, rest_mV]
        self._simulation = myokit.Simulation(myokit.parse_model(text))

    def tolerate(self, tolerance: float) -> None:
        """Solve with this absolute and relative tolerance from now on."""
        self._simulation.set_tolerance(tolerance, tolerance)

    def run(self) -> Traces:
        """All sweeps, one after another."""
        simulation, found = self._simulation, []
        protocol = self._workload.protocol
        for sweep in range(protocol.n_sweeps):
            simulation.reset()
            simulation.set_state(self._start)
            simulation.set_protocol(self._protocol(sweep))
            times = np.arange(protocol.n_samples(sweep)) / protocol.fs_kHz
            log = simulation.run(protocol.duration_ms(sweep), self._logged, log_times=times)
            found.append([np.array(log[name]) for name in self._logged])
        traces = np.stack(found, axis=1)
        return {"p_open_kv_mwc": traces[0]} if self._workload.name == "W3" else openings(*traces[:4])

    def _protocol(self, sweep: int) -> Any:
        stretches, fs_kHz = self._workload.protocol.stretches(sweep), self._workload.protocol.fs_kHz
        if len(stretches) == 1:
            ramp = stretches[0]
            return self._myokit.TimeSeriesProtocol([0.0, ramp.last / fs_kHz], [ramp.start_mV, ramp.end_mV])
        steps = self._myokit.Protocol()
        for s in stretches:
            steps.schedule(s.start_mV, s.first / fs_kHz, (s.last - s.first) / fs_kHz)
        return steps


def _squid(workload: Workload) -> str:
    rs_MOhm = workload.rig.amplifier.rs_MOhm
    start = "c.m = 0\nc.h = 0\nc.n = 0\n" + ("c.v = 0\n" if rs_MOhm else "")
    membrane = f"dot(v) = ((pace - v) * {1e3 / rs_MOhm} - i) / {CM_pF}" if rs_MOhm else "v = pace"
    gates = _GATES.partition("am =")
    return f"[[model]]\n{start}\n[c]\ntime = 0 bind time\npace = 0 bind pace\n{gates[1]}{gates[2]}{membrane}\n"


def _scheme(workload: Workload) -> str:
    """The allosteric channel, its states s0 … s9, the last five of them open."""
    table = edges(workload)
    lines = [f"q{i}{j} = {a!r} * exp({b!r} * pace)" for i, j, a, b in table]
    for state in range(10):
        gained = " + ".join(f"q{i}{j} * s{i}" for i, j, *_ in table if j == state)
        lost = " + ".join(f"q{i}{j}" for i, j, *_ in table if i == state)
        lines.append(f"dot(s{state}) = {gained} - ({lost}) * s{state}")
    channel = workload.rig.cell.channels[0]
    e_mV = channel.reversal_mV(workload.rig.solutions)
    lines += ["p = s5 + s6 + s7 + s8 + s9", f"i = {channel.amount} * p * (pace - {e_mV})"]
    start = "".join(f"c.s{state} = 0\n" for state in range(10))
    return f"[[model]]\n{start}\n[c]\ntime = 0 bind time\npace = 0 bind pace\n" + "\n".join(lines) + "\n"
