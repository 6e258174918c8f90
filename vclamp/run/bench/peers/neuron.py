"""NEURON's hh and SEClamp at a step of 20 µs.

Timed: finitialize, psolve and the recorded vectors as arrays; not the making of cells. The family is run
in both known ways: a cell for every sweep, all at once, and one cell sweep after sweep. Its rate tables
of hh, 1 mV apart, are on as by default. An ideal clamp is one through 1 Ω. Single channels are KSChan
point processes with the same rates, every opening and closing at its own time.
"""

import os
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np

from vclamp.run.bench.peers import Way, Ways
from vclamp.run.bench.squid import (
    AREA_um2,
    Array,
    E_K_mV,
    E_LEAK_mV,
    E_NA_mV,
    G_K_nS,
    G_LEAK_nS,
    G_NA_nS,
    Traces,
    openings,
    resting_mV,
)
from vclamp.run.bench.workloads import Workload

STEP_ms = 0.02
IDEAL_MOhm = 1e-6
S_PER_CM2 = 1e-9 / (AREA_um2 * 1e-8)  # of 1 nS on the whole membrane


def ways(workload: Workload) -> Ways:
    """All sweeps in one run, and one after another."""
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")
    neuron = import_module("neuron")
    if workload.name == "W3":
        return {"NEURON": "left out: a scheme of ten states needs a compiled NMODL file"}
    if workload.name == "W6":
        return {}
    rig = _Rig(neuron.h, workload)
    n = workload.protocol.n_sweeps
    found: Ways = {f"NEURON, {n} cells in one psolve": Way(rig.all_at_once, lambda: rig.make(n))}
    if n > 1:
        found[f"NEURON, {n} runs one after another"] = Way(rig.one_after_another, lambda: rig.make(1))
    return found


@dataclass
class _Cell:
    section: Any
    clamp: Any
    vectors: list[Any]
    kept: list[Any]  # what lives only as long as something names it

    @property
    def recorded(self) -> list[Array]:
        """Copies of what the vectors hold."""
        return [np.array(vector) for vector in self.vectors]


class _Rig:
    """Cells with their electrodes in a running NEURON, which solves whatever cells there are."""

    def __init__(self, h: Any, workload: Workload) -> None:
        self._h, self._workload = h, workload
        self._cells: list[_Cell] = []
        self._rest_mV = resting_mV(workload)
        h.load_file("stdrun.hoc")
        h.celsius, h.dt, h.steps_per_ms = 6.3, STEP_ms, 1.0 / STEP_ms
        h.secondorder = 2 if workload.rig.amplifier.rs_MOhm else 0
        self._context = h.ParallelContext()
        self._context.set_maxstep(10)

    def make(self, count: int) -> None:
        """Have so many cells, the n-th set up for the n-th sweep, and let NEURON solve them once."""
        if len(self._cells) != count:
            self._cells.clear()  # before the new ones are made: sections live as long as their names
            self._cells += [self._cell(sweep) for sweep in range(count)]
            self._solve()

    def all_at_once(self) -> Traces:
        """A cell for every sweep, all in one psolve."""
        self._solve()
        return _traces([cell.recorded for cell in self._cells])

    def one_after_another(self) -> Traces:
        """One cell, whose electrode is told the next level before every run."""
        found, (cell,) = [], self._cells
        for level_mV in self._workload.levels_mV:
            cell.clamp.amp2 = level_mV
            self._solve()
            found.append(cell.recorded)
        return _traces(found)

    def _solve(self) -> None:
        self._h.finitialize(self._rest_mV)
        self._context.psolve(self._workload.protocol.duration_ms(0))

    def _cell(self, sweep: int) -> "_Cell":
        h, section = self._h, self._h.Section(name=f"cell{sweep}")
        section.L = section.diam = np.sqrt(AREA_um2 / np.pi)
        middle = section(0.5)
        kept, sources = (_single_channels if self._workload.name == "W5" else _hodgkin_huxley)(h, section)
        section.ena, section.ek = E_NA_mV, E_K_mV
        clamp = h.SEClamp(middle)
        clamp.rs = self._workload.rig.amplifier.rs_MOhm or IDEAL_MOhm
        kept.append(self._command(clamp, sweep))
        sources = [middle._ref_v, *sources, clamp._ref_i, middle._ref_ina, middle._ref_ik]
        return _Cell(section, clamp, [h.Vector().record(source) for source in sources], kept)

    def _command(self, clamp: Any, sweep: int) -> Any:
        protocol = self._workload.protocol
        if len(protocol.stretches(sweep)) == 1:
            clamp.dur1 = 1e9
            command = self._h.Vector(protocol.command_mV(sweep))
            command.play(clamp._ref_amp1, STEP_ms)
            return command
        for number, stretch in enumerate(protocol.stretches(sweep), 1):
            setattr(clamp, f"dur{number}", (stretch.last - stretch.first) / protocol.fs_kHz)
            setattr(clamp, f"amp{number}", stretch.start_mV)
        return None


def _hodgkin_huxley(h: Any, section: Any) -> tuple[list[Any], list[Any]]:
    """NEURON's own hh; what is to be kept, and the gates."""
    section.insert("hh")
    hh = section(0.5).hh
    hh.gnabar, hh.gkbar = G_NA_nS * S_PER_CM2, G_K_nS * S_PER_CM2
    hh.gl, hh.el = G_LEAK_nS * S_PER_CM2, E_LEAK_mV
    return [], [hh._ref_m, hh._ref_h, hh._ref_n]


def _single_channels(h: Any, section: Any) -> tuple[list[Any], list[Any]]:
    """The 1000 and 300 channels of W5; what is to be kept, and their numbers of open channels."""
    section.insert("pas")
    section.g_pas, section.e_pas = G_LEAK_nS * S_PER_CM2, E_LEAK_mV
    if not hasattr(h, "single_na"):
        _define(h, "single_na", "na", (_M, _H))
        _define(h, "single_k", "k", (_N,))
    sodium, potassium = h.single_na(section(0.5)), h.single_k(section(0.5))
    sodium.Nsingle, sodium.gmax = 1000, G_NA_nS * 1e-3 / 1000  # µS of one channel
    potassium.Nsingle, potassium.gmax = 300, G_K_nS * 1e-3 / 300
    return [sodium, potassium], [sodium._ref_s31, potassium._ref_s4]


# A gate: its number, then form (2: A exp(k(v-d)), 3: A x/(1-exp(-x)) with x = k(v-d), 4: A/(1+exp(k(v-d)))) and A, k, d
# of its opening and of its closing rate.
_Gate = tuple[int, tuple[int, float, float, float], tuple[int, float, float, float]]
_M: _Gate = (3, (3, 1.0, 0.1, -40.0), (2, 4.0, -1 / 18, -65.0))
_H: _Gate = (1, (2, 0.07, -1 / 20, -65.0), (4, 1.0, -0.1, -35.0))
_N: _Gate = (4, (3, 0.1, 0.1, -55.0), (2, 0.125, -1 / 80, -65.0))


def _define(h: Any, name: str, ion: str, gates: tuple[_Gate, ...]) -> None:
    """A point process of countable channels, whose states are s and how many of each gate are open."""
    channel = h.KSChan(1)
    channel.name(name)
    channel.ion(ion)
    channel.iv_type(0)
    states = list(product(*(range(gate[0] + 1) for gate in gates)))
    made: dict[tuple[int, ...], Any] = {}
    for state in states:
        made[state] = channel.add_ksstate(channel.gate(0) if made else None, "s" + "".join(map(str, state)))
        made[state].frac(float(state == states[-1]))
    for state in states:
        for at, (number, opening, closing) in enumerate(gates):
            if state[at] == number:
                continue
            more = (*state[:at], state[at] + 1, *state[at + 1 :])
            transition = channel.add_transition(made[state], made[more])
            transition.type(0)
            for way, count, (form, a, k, d) in ((0, number - state[at], opening), (1, state[at] + 1, closing)):
                transition.set_f(way, form, h.Vector([count * a, k, d]))
    channel.single(1)


def _traces(found: list[list[Array]]) -> Traces:
    """Open probabilities, or open channels, of recorded cells; the sample at the end belongs to nothing."""
    v, *others = np.stack(found, axis=1)[:, :, :-1]
    *gates, i_pA, i_na, i_k = others
    currents = {"i_pA": i_pA, "i_na": i_na, "i_k": i_k}
    if len(gates) == 2:
        return {"v_mV": v, "open_na": gates[0], "open_k": gates[1]} | currents
    return openings(v, *gates) | currents
