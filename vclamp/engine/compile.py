"""From a rig to the arrays the kernels see."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vclamp.engine.kernels.clamped import POWERS
from vclamp.engine.kernels.line import BLOCK
from vclamp.model.channel import Channel
from vclamp.model.gating import Gate, GRID_mV
from vclamp.model.ions import Solutions
from vclamp.model.record import has_gating_current, trace_names
from vclamp.model.rig import Rig
from vclamp.model.scheme import Scheme
from vclamp.physics.schemes import propagator, stationary
from vclamp.units import ELEMENTARY_C, nS_from_MOhm

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Voltages = tuple[float, ...] | None  # None means the grid of the tables

STATES_GRID_mV: Array = np.linspace(-250.0, 250.0, 1001)
FC_PER_E = 1e15 * ELEMENTARY_C


@dataclass(frozen=True)
class Path:
    """One current: the row it adds to, its opening, and the ion that carries it."""

    row: int
    opening: int
    ion: str


@dataclass(frozen=True)
class Lowered:
    """A rig lowered to arrays. Openings stand in the order of channels, branches, pump.

    `gating` and `rows` are the tuples of index arrays that the kernels describe; `keys` name
    the gates and then the states, to find them again in another rig.
    """

    rig: Rig
    names: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
    gates: tuple[tuple[Channel, Gate], ...]
    schemes: tuple[tuple[Channel, Scheme], ...]
    gating: tuple[Integers, Integers, Integers, Integers, Array, Integers]
    rows: tuple[Integers, Integers, Integers, Integers, Integers, Integers]
    paths: tuple[Path, ...]
    path_opening: Integers
    state_charge_fC: Array

    @property
    def numbers(self) -> Integers:
        """How many channels of each scheme are counted; 0 where the scheme holds probabilities."""
        return self.gating[5]

    @property
    def numbers_of_states(self) -> Integers:
        """`numbers` of the scheme of each state."""
        return np.repeat(self.numbers, np.diff(self.gating[3]))

    @cached_property
    def parts(self) -> list[tuple[int, int]]:
        """Where the states of each scheme stand among all."""
        return [(int(a), int(b)) for a, b in pairwise(self.gating[3])]

    @cached_property
    def counted(self) -> list[tuple[int, int, int]]:
        """Number and part of every scheme whose channels are counted."""
        return [(k, first, last) for k, (first, last) in enumerate(self.parts) if self.numbers[k]]

    @cached_property
    def scale(self) -> Array:
        """What a state's entry is of one channel: 1, or 1/number where channels are counted."""
        each = 1.0 / np.maximum(self.numbers, 1)
        return np.repeat(each, np.diff(self.gating[3]))

    @property
    def n_gates(self) -> int:
        """Number of gates, those of RC branches included."""
        return len(self.gates) + len(self.rig.cell.branches)

    def relaxation(self, voltages_mV: Voltages = None) -> tuple[Array, Array]:
        """Steady state and rate (1/ms) of every gate, each (n, gates)."""
        v_mV = GRID_mV if voltages_mV is None else np.array(voltages_mV)
        kelvin = self.rig.solutions.temperature_K
        pairs = [
            (*_relaxation(gate, kelvin, voltages_mV), c.rate_factor(self.rig.solutions, gate)) for c, gate in self.gates
        ]
        pairs += [(_span(v_mV), np.full(v_mV.size, 1000.0 / (b.r_MOhm * b.c_pF)), 1.0) for b in self.rig.cell.branches]
        return (
            _columns([inf for inf, _, _ in pairs], v_mV.size),
            _columns([factor * rate for _, rate, factor in pairs], v_mV.size),
        )

    def currents(self, voltages_mV: Voltages, solutions: Solutions) -> Array:
        """Open current of every path in pA, (n, paths)."""
        v_mV = GRID_mV if voltages_mV is None else np.array(voltages_mV)
        cell = self.rig.cell
        columns: list[Array] = []
        for channel in cell.channels:
            by_ion = channel.ion_currents_pA(v_mV, solutions)
            columns += list(by_ion.values()) if cell.volume_pL else [np.sum(list(by_ion.values()), axis=0)]
        for branch in cell.branches:
            g_nS = nS_from_MOhm(branch.r_MOhm)
            columns += [g_nS * (v_mV - GRID_mV[0]), np.full(v_mV.size, -g_nS * np.ptp(GRID_mV))]
        if cell.pump is not None:
            by_ion = cell.pump.ion_currents_pA(v_mV, solutions)
            columns += list(by_ion.values()) if cell.volume_pL else [np.sum(list(by_ion.values()), axis=0)]
        return _columns([np.asarray(column) for column in columns], v_mV.size)

    def occupancies(self, voltages_mV: Voltages = None) -> Array:
        """Steady occupancy of every state of every scheme, (n, states)."""
        v_mV = STATES_GRID_mV if voltages_mV is None else np.array(voltages_mV)
        parts = [_stationary(*self._scheme_key(scheme), voltages_mV) for _, scheme in self.schemes]
        return np.concatenate([np.empty((v_mV.size, 0)), *parts], axis=1)

    def moves(self, voltages_mV: Voltages, step_ms: float, levels: int = 1) -> Array:
        """Propagators over step_ms, step_ms/2, …: (levels, n, squares of all schemes)."""
        return _moves(tuple(self._scheme_key(scheme) for _, scheme in self.schemes), voltages_mV, step_ms, levels)

    def flow(self, voltages_mV: Voltages = None) -> Array:
        """What each state adds to the gating current in pA, (n, states)."""
        n = STATES_GRID_mV.size if voltages_mV is None else len(voltages_mV)
        parts, first = [np.empty((n, 0))], 0
        for _, scheme in self.schemes:
            charge_fC = self.state_charge_fC[first : first + len(scheme.states)]
            first += len(scheme.states)
            if charge_fC.any():
                parts.append(_flow(_rates(*self._scheme_key(scheme), voltages_mV), charge_fC))
            else:
                parts.append(np.zeros((n, charge_fC.size)))
        return np.ascontiguousarray(np.concatenate(parts, axis=1))

    def observed(self, voltages_mV: tuple[float, ...], dt_ms: float) -> tuple[Array, Array]:
        """The propagators over 1, 2, 4 … BLOCK samples, and what shows of the states within a block of samples.

        Of each scheme are seen its open share, its gating current and its states, each if recorded:
        for each a matrix (states, BLOCK) that weighs the states at the block's start.

        Returns
        -------
        powers, observed : ndarray
            Shapes (n, POWERS squares of all schemes) and (n, all matrices in turn).
        """
        n = len(voltages_mV)
        powers, seen = [np.empty((n, POWERS, 0))], [np.empty((n, 0))]
        for k, (_, scheme) in enumerate(self.schemes):
            part = slice(*self.parts[k])
            charges = tuple(self.state_charge_fC[part].tolist()) if self.rows[3][k] >= 0 else ()
            found = _observed(*self._scheme_key(scheme), voltages_mV, dt_ms, charges, bool(self.rows[4][k] >= 0))
            powers.append(found[0])
            seen.append(found[1][:, : 0 if self.numbers[k] else None])
        return np.concatenate(powers, axis=2).reshape(n, -1), np.ascontiguousarray(np.concatenate(seen, axis=1))

    def steady_openings(self, voltages_mV: Voltages = None) -> Array:
        """Steady openings, (n, openings)."""
        gate_opening, gate_power, scheme_opening, scheme_first, conducts, numbers = self.gating
        inf, occupancies = self.relaxation(voltages_mV)[0], self.occupancies(voltages_mV)
        p = np.ones((inf.shape[0], self.rows[1].size))
        for g, (opening, power) in enumerate(zip(gate_opening, gate_power, strict=True)):
            p[:, opening] *= inf[:, g] ** power
        for k, opening in enumerate(scheme_opening):
            part = slice(scheme_first[k], scheme_first[k + 1])
            open_share = occupancies[:, part] @ conducts[part] * max(numbers[k], 1)
            on_grid = voltages_mV is None
            p[:, opening] *= np.interp(GRID_mV, STATES_GRID_mV, open_share) if on_grid else open_share
        return p

    def _scheme_key(self, scheme: Scheme) -> tuple[Scheme, Solutions]:
        """A scheme and as much of the solutions as its rates depend on."""
        solutions = self.rig.solutions
        wanted = {blocker.drug for blocker in scheme.blockers}
        return scheme, Solutions(
            tuple(ion for ion in solutions.ions if ion.name in wanted),
            tuple(drug for drug in solutions.drugs if drug.name in wanted),
            solutions.temperature_K,
        )


def lower(rig: Rig) -> Lowered:
    """Lower a rig for the kernels."""
    cell, names = rig.cell, trace_names(rig)
    channels = cell.channels
    found = [(channel, cell.scheme_of(channel)) for channel in channels]
    gates = tuple((channel, gate) for channel, scheme in found if scheme is None for gate in channel.gates)
    schemes = tuple((channel, scheme) for channel, scheme in found if scheme is not None)
    sizes = [len(scheme.states) for _, scheme in schemes]
    numbers = [channel.n_channels or 0 if cell.counts(channel) else 0 for channel, _ in schemes]
    each = np.repeat(1.0 / np.maximum(_integers(numbers), 1), sizes)
    n_channels, n_branches = len(channels), len(cell.branches)
    # the second path of an RC branch has the last opening but the pump's: its capacitor's voltage
    branch_openings = [n_channels + number for number in range(n_branches)]
    always = n_channels + n_branches
    paths = _paths(rig, names, branch_openings, always)
    return Lowered(
        rig=rig,
        names=names,
        keys=(
            *((channel.name, gate.name) for channel, gate in gates),
            *((branch.name, "capacitor") for branch in cell.branches),
            *((channel.name, f"state {state}") for channel, scheme in schemes for state in scheme.states),
        ),
        gates=gates,
        schemes=schemes,
        gating=(
            _integers([*(channels.index(channel) for channel, _ in gates), *branch_openings]),
            _integers([*(gate.power for _, gate in gates), *(1 for _ in branch_openings)]),
            _integers([channels.index(channel) for channel, _ in schemes]),
            _integers(np.cumsum([0, *sizes])),
            np.array([float(conducts) for _, scheme in schemes for conducts in scheme.is_open]) * each,
            _integers(numbers),
        ),
        rows=(
            _integers([path.row for path in paths]),
            _integers([*(_row(names, f"p_open_{channel.name}") for channel in channels), *[-1] * (n_branches + 1)]),
            _integers([*(_row(names, f"gate_{c.name}_{gate.name}") for c, gate in gates), *[-1] * n_branches]),
            _integers([_row(names, f"i_gating_{channel.name}_pA") for channel, _ in schemes]),
            _integers([_row(names, f"state_{c.name}_{scheme.states[0]}") for c, scheme in schemes]),
            _integers([_row(names, "i_membrane_pA")]),
        ),
        paths=paths,
        path_opening=_integers([path.opening for path in paths]),
        state_charge_fC=each
        * np.array(
            [
                charge * (channel.n_channels or 0) * FC_PER_E * has_gating_current(channel)
                for channel, scheme in schemes
                for charge in scheme.charges_e
            ]
        ),
    )


def _paths(rig: Rig, names: tuple[str, ...], branch_openings: list[int], always: int) -> tuple[Path, ...]:
    """Every current in the order of `Lowered.currents`."""
    cell, paths = rig.cell, []
    for number, channel in enumerate(cell.channels):
        row = names.index(f"i_{channel.name}_pA")
        ions = channel.ion_currents_pA(GRID_mV[:1], rig.solutions) if cell.volume_pL else [""]
        paths += [Path(row, number, ion) for ion in ions]
    for branch, opening in zip(cell.branches, branch_openings, strict=True):
        row = names.index(f"i_{branch.name}_pA")
        paths += [Path(row, always, ""), Path(row, opening, "")]
    if cell.pump is not None:
        ions = cell.pump.ion_currents_pA(GRID_mV[:1], rig.solutions) if cell.volume_pL else [""]
        paths += [Path(names.index("i_pump_pA"), always, ion) for ion in ions]
    return tuple(paths)


def _span(v_mV: Array) -> Array:
    """A voltage as a number from 0 to 1 over the grid: what a capacitor's "gate" relaxes to."""
    return np.asarray((v_mV - GRID_mV[0]) / np.ptp(GRID_mV))


def _row(names: tuple[str, ...], name: str) -> int:
    return names.index(name) if name in names else -1


def _integers(values: object) -> Integers:
    return np.array(values, np.int64).reshape(-1)


@lru_cache(maxsize=256)
def _relaxation(gate: Gate, temperature_K: float, voltages_mV: Voltages) -> tuple[Array, Array]:
    """Steady state and rate of one gate; kept, for a slider changes everything but these."""
    inf, tau_ms = gate.relaxation(GRID_mV if voltages_mV is None else np.array(voltages_mV), temperature_K)
    return inf, 1.0 / tau_ms


@lru_cache(maxsize=64)
def _rates(scheme: Scheme, solutions: Solutions, voltages_mV: Voltages) -> Array:
    v_mV = STATES_GRID_mV if voltages_mV is None else np.array(voltages_mV)
    return scheme.rates_per_ms(v_mV, solutions)


@lru_cache(maxsize=64)
def _stationary(scheme: Scheme, solutions: Solutions, voltages_mV: Voltages) -> Array:
    return stationary(_rates(scheme, solutions, voltages_mV))


@lru_cache(maxsize=4)
def _moves(
    schemes: tuple[tuple[Scheme, Solutions], ...], voltages_mV: Voltages, step_ms: float, levels: int
) -> Array:  # fmt: skip
    """`Lowered.moves`; kept, for to put large tables side by side costs more than to solve a family."""
    n = STATES_GRID_mV.size if voltages_mV is None else len(voltages_mV)
    parts = [_propagators(*scheme, voltages_mV, step_ms, levels) for scheme in schemes]
    return np.ascontiguousarray(np.concatenate([np.empty((levels, n, 0)), *parts], axis=2))


@lru_cache(maxsize=16)
def _propagators(scheme: Scheme, solutions: Solutions, voltages_mV: Voltages, step_ms: float, levels: int) -> Array:
    """Flat propagators over step_ms / 2^level; each level is the square of the next."""
    rates = _rates(scheme, solutions, voltages_mV)
    tables = [propagator(rates, step_ms / 2 ** (levels - 1))]
    for _ in range(levels - 1):
        tables.append(tables[-1] @ tables[-1])
    return np.array(tables[::-1]).reshape(levels, rates.shape[0], -1)


@lru_cache(maxsize=16)
def _observed(
    scheme: Scheme,
    solutions: Solutions,
    voltages_mV: tuple[float, ...],
    dt_ms: float,
    charges_fC: tuple[float, ...],
    states: bool,
) -> tuple[Array, Array]:
    """`Lowered.observed` of one scheme, by doubling: (n, POWERS, squares), (n, all matrices)."""
    n, m = len(voltages_mV), len(scheme.states)
    seen = [np.broadcast_to(np.array(scheme.is_open, float), (n, m))]
    if charges_fC:
        seen.append(_flow(_rates(scheme, solutions, voltages_mV), np.array(charges_fC)))
    seen += [np.broadcast_to(row, (n, m)) for row in np.eye(m)] * states
    move = _propagators(scheme, solutions, voltages_mV, dt_ms, 1)[0].reshape(n, m, m)
    powers, matrices = [move], np.stack(seen, axis=2)[:, :, :, None]  # (n, states, what is seen, samples)
    while matrices.shape[3] < BLOCK:
        later = powers[-1] @ matrices.reshape(n, m, -1)
        matrices = np.concatenate([matrices, later.reshape(matrices.shape)], axis=3)
        powers.append(powers[-1] @ powers[-1])
    return np.array(powers).reshape(POWERS, n, -1).swapaxes(0, 1), matrices.transpose(0, 2, 1, 3).reshape(n, -1)


def _flow(rates_per_ms: Array, charge_fC: Array) -> Array:
    """What each state adds to the gating current in pA, (n, states)."""
    return np.asarray(np.sum(rates_per_ms * (charge_fC[None, None, :] - charge_fC[None, :, None]), axis=2))


def _columns(columns: list[Array], n: int) -> Array:
    """Columns side by side as one C-contiguous array, also where there are none."""
    return np.ascontiguousarray(np.array(columns).reshape(len(columns), n).T)
