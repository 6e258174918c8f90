"""Channels as their papers have them, written out once more: what NEURON is told, and what matrices solve.

Nothing here comes from the program's own files but the protocol that a matrix is to follow.
"""

from collections.abc import Sequence
from itertools import product
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vclamp.model.protocol import Protocol

Array = NDArray[np.float64]

R_BY_F_mV_PER_K = 8.314462618 / 96.48533212
CALCIUM = "cal"  # an ion of our own: NEURON has ideas of its own about "ca"
EXPONENTIAL, LINOID, SIGMOID = 2, 3, 4  # as NEURON's channel builder numbers them


class Rate(NamedTuple):
    """A rate in 1/ms: A exp(k(v - d)), A x/(1 - exp(-x)) with x = k(v - d), or A/(1 + exp(k(v - d)))."""

    a: float
    k: float = 0.0
    d: float = 0.0
    form: int = EXPONENTIAL


class Gate(NamedTuple):
    name: str
    power: int
    opening: Rate
    closing: Rate


class Scheme(NamedTuple):
    """States, of which the last `n_open` conduct, and the rates there and back between two by their numbers."""

    n_states: int
    n_open: int
    edges: Sequence[tuple[int, int, Rate, Rate]]

    def generator(self, v_mV: float) -> Array:
        """Rates in 1/ms from the state of a row to that of a column; rows sum to 0."""
        q = np.zeros((self.n_states, self.n_states))
        for i, j, there, back in self.edges:
            q[i, j] += there.a * exp(there.k * (v_mV - there.d))
            q[j, i] += back.a * exp(back.k * (v_mV - back.d))
        return q - np.diag(q.sum(axis=1))

    def charge_rates(self, v_mV: float, temperature_K: float) -> Array:
        """Charge in e/ms that moves outward from each state; a step's is how its rates sense the voltage."""
        found = np.zeros(self.n_states)
        for i, j, there, back in self.edges:
            charge_e = (there.k - back.k) * R_BY_F_mV_PER_K * temperature_K
            found[i] += charge_e * there.a * exp(there.k * (v_mV - there.d))
            found[j] -= charge_e * back.a * exp(back.k * (v_mV - back.d))
        return found

    def solved(self, protocol: Protocol, sweep: int, temperature_K: float) -> tuple[Array, Array]:
        """Open probability and gating charge of a channel in e/ms at every sample of a sweep of steps from rest."""
        from scipy.linalg import expm

        # rest is what the matrix leaves alone, its last equation replaced by a sum of 1
        equations = self.generator(protocol.hold_mV).T.copy()
        equations[-1] = 1.0
        state = np.linalg.solve(equations, np.eye(self.n_states)[-1])
        p_open, charge = np.empty((2, protocol.n_samples(sweep)))
        for s in protocol.stretches(sweep):
            assert s.slope_mV == 0.0, "only steps"
            move = expm(self.generator(s.start_mV) / protocol.fs_kHz)
            flows = self.charge_rates(s.start_mV, temperature_K)
            for sample in range(s.first, s.last):
                p_open[sample] = state[-self.n_open :].sum()
                charge[sample] = state @ flows
                state = state @ move
        return p_open, charge


class Channel(NamedTuple):
    """A channel; its amount is in nS, or of calcium in cm³/s. Without `e_mV` NEURON is asked for Nernst's."""

    name: str
    ion: str
    amount: float
    gating: Sequence[Gate] | Scheme
    out_mM: float = 0.0
    in_mM: float = 0.0
    e_mV: float | None = None


def _raman_bean() -> Scheme:
    """Five closed states (0-4), six inactivated (5-10), one blocked (11), one open (12)."""
    faster, slower = (0.75 / 0.005) ** 0.25, (0.005 / 0.5) ** 0.25
    edges = []
    for k in range(4):
        there, back = (4 - k) * 150.0, (k + 1) * 3.0
        edges += [
            (k, k + 1, Rate(there, 1 / 20), Rate(back, -1 / 20)),
            (5 + k, 6 + k, Rate(there * faster, 1 / 20), Rate(back * slower, -1 / 20)),
        ]
    edges += [(k, 5 + k, Rate(0.005 * faster**k), Rate(0.5 * slower**k)) for k in range(5)]
    edges += [(closed, after, Rate(150.0), Rate(40.0)) for closed, after in ((4, 12), (9, 10))]
    edges += [(12, 10, Rate(0.75), Rate(0.005)), (12, 11, Rate(1.75), Rate(0.03, -1 / 25))]
    return Scheme(13, 1, edges)


def _allosteric() -> Scheme:
    """Closed (0-4) and open (5-9) with so many active sensors: L0 1e-5, 3 e each, -45 mV, 5 RT a linker, 22 °C.

    The gate's rate is 5 e⁻¹⁰/ms, given to nine digits.
    """
    l0, d0, linker, k = 1e-5, 2.26999649e-4, exp(5.0), 0.5 * 3.0 / (R_BY_F_mV_PER_K * 295.15)
    edges = []
    for n in range(5):
        if n < 4:
            there, back = (4 - n) * 2.0, (n + 1) * 2.0
            edges += [
                (n, n + 1, Rate(there, k, -45.0), Rate(back, -k, -45.0)),
                (5 + n, 6 + n, Rate(there * linker**0.5, k, -45.0), Rate(back * linker**-0.5, -k, -45.0)),
            ]
        edges.append((n, 5 + n, Rate(d0 * linker ** (n / 2)), Rate(d0 / l0 * linker ** (-n / 2))))
    return Scheme(10, 5, edges)


def _sequential() -> Scheme:
    """Four subunits that go from the first by the second to the last position; all four there conduct. 20 °C."""
    u = 1.0 / (R_BY_F_mV_PER_K * 293.15)
    states = [(4 - j - k, j, k) for j, k in product(range(5), repeat=2) if j + k <= 4]
    states.sort(key=lambda state: state[2])
    edges = []
    for i, j, k in states:
        if i:
            after = states.index((i - 1, j + 1, k))
            there, back = Rate(i * 1.12, 0.25 * u), Rate((j + 1) * 0.373, -1.6 * u)
            edges.append((states.index((i, j, k)), after, there, back))
        if j:
            after = states.index((i, j - 1, k + 1))
            stays = 9.4 if k == 3 else 1.0
            there, back = Rate(j * 2.80, 0.32 * u), Rate((k + 1) * 0.021 / stays, -1.1 * u)
            edges.append((states.index((i, j, k)), after, there, back))
    return Scheme(15, 1, edges)


# Beattie et al. 2018, J Physiol 596:1813
HERG = Channel(
    "herg", "k", 152.4,
    [
        Gate("a", 1, Rate(2.26e-4, 0.0699), Rate(3.45e-5, -0.05462)),
        Gate("r", 1, Rate(5.15e-3, -0.03158), Rate(0.0873, 0.00891)),
    ],
    out_mM=4.0, in_mM=140.0,
)  # fmt: skip
# Kole, Hallermann & Stuart 2006, J Neurosci 26:1677
HCN = Channel(
    "hcn", "h", 20.0, [Gate("m", 1, Rate(0.00643 * 11.9, -1 / 11.9, -154.9, LINOID), Rate(0.193, 1 / 33.1))],
    e_mV=-45.0,
)  # fmt: skip
# Reuveni et al. 1993, J Neurosci 13:4609
CAV = Channel(
    "cav", CALCIUM, 4e-9,
    [
        Gate("m", 2, Rate(0.055 * 3.8, 1 / 3.8, -27.0, LINOID), Rate(0.94, -1 / 17, -75.0)),
        Gate("h", 1, Rate(4.57e-4, -1 / 50, -13.0), Rate(0.0065, -1 / 28, -15.0, SIGMOID)),
    ],
    out_mM=2.0, in_mM=1e-4,
)  # fmt: skip
# Raman & Bean 2001, Biophys J 80:729, on Kuo & Bean 1994, Neuron 12:819
RESURGENT = _raman_bean()
NAV = Channel("nav", "na", 40.0, RESURGENT, out_mM=145.0, in_mM=12.0)
# Horrigan & Aldrich 2002, J Gen Physiol 120:267, with the parameters of the preset
ALLOSTERIC = _allosteric()
# Zagotta, Hoshi & Aldrich 1994, J Gen Physiol 103:321
SEQUENTIAL = _sequential()
