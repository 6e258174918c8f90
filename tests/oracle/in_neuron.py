"""Cells in NEURON: its own Hodgkin-Huxley axon, channels described to its channel builder, its clamps, its solvers.

NEURON: Hines & Carnevale 1997, Neural Comput 9:1179. Where an amplifier stands behind the cell, its linear
equations go to NEURON as a LinearMechanism, which takes IDA; all else is solved by CVODE.
"""

import os
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracle.published import CALCIUM, Channel, Rate, Scheme
from oracle.references import CIRCUITS

from vclamp.model.amplifier import Amplifier
from vclamp.model.protocol import Protocol

Array = NDArray[np.float64]
Traces = dict[str, Array]

TOLERANCE = 1e-11  # of CVODE and IDA, absolute and relative
SETTLING_MS = 20_000.0  # at the holding potential before a sweep where the voltage is free: hERG takes 0.4 s
IDEAL_MOhm = 1e-7  # 50 nA lose 5 nV


class Cell:
    """A compartment of 1 µF/cm² at a temperature."""

    def __init__(self, cm_pF: float, temperature_K: float) -> None:
        self.h = program().h
        self.area_cm2 = cm_pF * 1e-6
        self.h.celsius = temperature_K - 273.15
        self.section = self.h.Section(name="cell")
        self.section.L = self.section.diam = np.sqrt(self.area_cm2 * 1e8 / np.pi)
        self.middle = self.section(0.5)
        self.kept: list[Any] = []
        self.currents: dict[str, Any] = {}  # references to currents in mA/cm² by trace
        self.others: dict[str, Any] = {}  # to numbers that need no conversion
        self.settling_ms = 0.0

    def density(self, amount: float) -> float:
        """S/cm² of so many nS."""
        return amount * 1e-9 / self.area_cm2

    def axon(self, na_nS: float, k_nS: float, leak_nS: float, leak_mV: float) -> "Cell":
        """NEURON's own squid axon, without its tables."""
        self.section.insert("hh")
        self.h.usetable_hh = 0
        hh = self.middle.hh
        hh.gnabar, hh.gkbar, hh.gl = map(self.density, (na_nS, k_nS, leak_nS))
        hh.el, self.section.ena, self.section.ek = leak_mV, 50.0, -77.0
        self.currents |= {
            "i_na_pA": self.middle._ref_ina, "i_k_pA": self.middle._ref_ik, "i_leak_pA": hh._ref_il,
        }  # fmt: skip
        self.others |= {"gate_na_m": hh._ref_m, "gate_na_h": hh._ref_h, "gate_k_n": hh._ref_n}
        return self

    def leaking(self, g_nS: float, e_mV: float, name: str = "leak") -> "Cell":
        """With a leak."""
        self.section.insert("pas")
        self.section.g_pas, self.section.e_pas = self.density(g_nS), e_mV
        self.currents[f"i_{name}_pA"] = self.middle.pas._ref_i
        return self

    def with_channel(self, channel: Channel) -> "Cell":
        """With a channel of the channel builder; a reversal potential that is not given is NEURON's Nernst's."""
        define(self.h, channel)
        self.section.insert(channel.name)
        mechanism = getattr(self.middle, channel.name)
        if channel.ion == CALCIUM:
            mechanism.pmax = channel.amount / self.area_cm2  # cm/s
            self.middle.calo, self.middle.cali = channel.out_mM, channel.in_mM
        else:
            mechanism.gmax = self.density(channel.amount)
            e_mV = channel.e_mV
            if e_mV is None:
                e_mV = self.h.nernst(channel.in_mM, channel.out_mM, 1)
            setattr(self.section, f"e{channel.ion}", e_mV)
        self.currents[f"i_{channel.name}_pA"] = getattr(self.middle, f"_ref_i{channel.ion}")
        if isinstance(channel.gating, Scheme):
            states = [f"s{n}" for n in range(channel.gating.n_states)]
            self.kept.append(self.h.FInitializeHandler(1, lambda: whole(mechanism, states)))
        return self

    def under(self, amplifier: Amplifier, protocol: Protocol, sweep: int) -> Traces:
        """Traces of one sweep after a long time at holding."""
        # in an ideal clamp what NEURON starts from is already at rest
        self.settling_ms = 1.0 if amplifier.ideal else SETTLING_MS
        times, values = corners(protocol, sweep, self.settling_ms, current=amplifier.clamps_current)
        solver = self.h.CVode()
        solver.active(1)
        solver.atol(TOLERANCE)
        solver.rtol(TOLERANCE)
        solver.use_daspk(int(amplifier.has_electronics))
        if amplifier.clamps_current:
            self.inject(times, values + amplifier.bias_pA)
        elif amplifier.has_electronics:
            self.amplify(amplifier, protocol, sweep, solver)
        else:
            self.clamp(amplifier, times, values)
        try:
            return self.solved(protocol, sweep, solver)
        finally:
            self.kept.clear()  # or they would go on acting on the next cell

    def played(self, values: Array, times: Array, target: Any) -> None:
        """Let a number follow straight lines from corner to corner; equal times are a jump."""
        command, at = self.h.Vector(values), self.h.Vector(times)
        command.play(target, at, 1)
        self.kept += [command, at]

    def clamp(self, amplifier: Amplifier, times: Array, values: Array) -> None:
        electrode = self.h.SEClamp(self.middle)
        electrode.rs, electrode.dur1 = amplifier.rs_MOhm or IDEAL_MOhm, 1e9
        self.played(values + amplifier.unseen_mV, times, electrode._ref_amp1)
        self.kept.append(electrode)
        if amplifier.rs_MOhm:
            self.others["i_nA"] = electrode._ref_i

    def inject(self, times: Array, values: Array) -> None:
        electrode = self.h.IClamp(self.middle)
        electrode.delay, electrode.dur = 0.0, 1e9
        self.played(values / 1000.0, times, electrode._ref_amp)
        self.kept.append(electrode)

    def amplify(self, amplifier: Amplifier, protocol: Protocol, sweep: int, solver: Any) -> None:
        """The amplifier's matrix beside the membrane; its command changes by events, so steps only."""
        matrix, of_command, constant = linear(amplifier, self.area_cm2 * 1e6)
        n = len(matrix)
        c, g = self.h.Matrix(n, n), self.h.Matrix(n, n)
        for i in range(n):
            c.setval(i, i, float(i > 0))  # the membrane's own capacitance is NEURON's
            for j in range(n):
                # its balance of currents is in mA/cm², and 1 µF/cm² times 1 mV/ms is 1e-3 of them
                g.setval(i, j, -matrix[i, j] * (1.0 if i else 1e-3))
        hold = protocol.hold_mV
        y, b = self.h.Vector(n), self.h.Vector(n)
        y0 = self.h.Vector([hold if k != 3 else 0.0 for k in range(n)])
        where = self.h.SectionList()
        where.append(self.section)
        here = self.h.Vector([0.5])

        def command(v_mV: float, restart: bool = True) -> None:
            for k, value in enumerate(of_command * v_mV + constant):
                b.x[k] = value * (1.0 if k else 1e-3)
            if restart:
                solver.re_init()

        def begin() -> None:
            command(hold, restart=False)
            for s in protocol.stretches(sweep):
                assert s.slope_mV == 0.0, "only steps"
                solver.event(self.settling_ms + s.first / protocol.fs_kHz, lambda v_mV=s.start_mV: command(v_mV))

        command(hold, restart=False)
        mechanism = self.h.LinearMechanism(c, g, y, y0, b, where, here)
        self.kept += [c, g, y, b, y0, where, here, mechanism, self.h.FInitializeHandler(1, begin)]
        self.others["i_nA"] = y._ref_x[3]

    def solved(self, protocol: Protocol, sweep: int, solver: Any) -> Traces:
        at = self.h.Vector(self.settling_ms + np.arange(protocol.n_samples(sweep)) / protocol.fs_kHz)
        wanted = {"v_mV": self.middle._ref_v, **self.currents, **self.others}
        found = {name: self.h.Vector().record(reference, at) for name, reference in wanted.items()}
        self.h.finitialize(protocol.hold_mV)
        solver.solve(self.settling_ms + protocol.duration_ms(sweep) + 0.1)
        traces = {name: np.array(vector) for name, vector in found.items()}
        for name in self.currents:
            traces[name] *= self.area_cm2 * 1e9
        if "i_nA" in traces:
            traces["i_pA"] = 1000.0 * traces.pop("i_nA")
        return traces


def program() -> Any:
    """The running NEURON; raises ImportError where there is none."""
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")
    return import_module("neuron")


def define(h: Any, channel: Channel) -> None:
    """Tell the channel builder of a channel, once."""
    if hasattr(h, channel.name):
        return
    h.ion_register(channel.ion, 2 if channel.ion == CALCIUM else 1)
    made = h.KSChan(0)
    made.name(channel.name)
    made.ion(channel.ion)
    made.iv_type(2 if channel.ion == CALCIUM else 0)  # Goldman's current or Ohm's
    if isinstance(channel.gating, Scheme):
        states = [made.add_ksstate(None, "s0")]
        states += [made.add_ksstate(made.gate(0), f"s{n}") for n in range(1, channel.gating.n_states)]
        for n, state in enumerate(states):
            state.frac(float(n >= len(states) - channel.gating.n_open))
        for i, j, forward, backward in channel.gating.edges:
            tell(h, made.add_transition(states[i], states[j]), forward, backward)
        return
    for n, gate in enumerate(channel.gating):
        made.add_hhstate(gate.name)
        made.gate(n).power(gate.power)
        tell(h, made.trans(n), gate.opening, gate.closing)


def whole(mechanism: Any, states: list[str]) -> None:
    """Let occupancies sum to 1: NEURON's resting ones of 13 states are 6e-7 more."""
    total = sum(getattr(mechanism, state) for state in states)
    for state in states:
        setattr(mechanism, state, getattr(mechanism, state) / total)


def tell(h: Any, transition: Any, forward: Rate, backward: Rate) -> None:
    transition.type(0)
    for way, rate in enumerate((forward, backward)):
        transition.set_f(way, rate.form, h.Vector([rate.a, rate.k, rate.d]))


def corners(protocol: Protocol, sweep: int, after_ms: float, *, current: bool) -> tuple[Array, Array]:
    """Times in ms and values of the command at both ends of every straight line, after a long hold."""
    times, values = [0.0, after_ms], [0.0 if current else protocol.hold_mV] * 2
    for s in protocol.stretches(sweep):
        times += [after_ms + s.first / protocol.fs_kHz, after_ms + s.last / protocol.fs_kHz]
        values += [s.start_pA, s.end_pA] if current else [s.start_mV, s.end_mV]
    return np.array([*times, times[-1] + 1.0]), np.array([*values, values[-1]])


def linear(amplifier: Amplifier, cm_pF: float) -> tuple[Array, Array, Array]:
    """The published amplifier y' = A y + b V_command + c, with currents in nA; found by asking it for unit vectors."""
    change = CIRCUITS[amplifier.circuit](amplifier, cm_pF)
    n = {"simplified": 4, "full": 5}[amplifier.circuit]
    constant = np.array(change(np.zeros(n), 0.0, 0.0))
    matrix = np.array([change(unit, 0.0, 0.0) for unit in np.eye(n)]).T - constant[:, None]
    command = np.array(change(np.zeros(n), 1.0, 0.0)) - constant
    matrix[:, 3] *= 1000.0  # the current of the amplifier is the fourth in both
    for part in (matrix, command, constant):
        part[3] /= 1000.0
    return matrix, command, constant
