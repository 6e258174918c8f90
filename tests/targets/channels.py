"""Targets H: the squid axon, a sequential K channel and a sodium channel with a blocking particle."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from vclamp import paths
from vclamp.model.files import load_channel, load_rig
from vclamp.model.formula import Formula
from vclamp.model.protocol import Hold, Ladder, Protocol, Step
from vclamp.model.record import Recording
from vclamp.model.rig import Amplifier, Rig
from vclamp.physics import gating, schemes
from vclamp.run.runner import Inbox, record
from vclamp.units import kelvin

Array = NDArray[np.float64]

# ---- the squid's gates


def gate_rates_per_ms(channel: str, gate: int, v_mV: float) -> tuple[float, float]:
    rates = load_channel(paths.shipped(paths.CHANNELS)[channel]).gates[gate]
    assert rates.alpha_per_ms is not None
    assert rates.beta_per_ms is not None
    return float(Formula(rates.alpha_per_ms)(v_mV)), float(Formula(rates.beta_per_ms)(v_mV))


def steady(channel: str, gate: int, v_mV: float) -> float:
    alpha, beta = gate_rates_per_ms(channel, gate, v_mV)
    return alpha / (alpha + beta)


def tau_ms(channel: str, gate: int) -> float:
    return 1.0 / sum(gate_rates_per_ms(channel, gate, -65.0))


def four_gates_after_3_ms() -> float:
    """The last state of the chain of four n gates, after a step from -65 to 0 mV."""
    rest, step = (schemes.subunit_chain(*gate_rates_per_ms("squid-k", 0, v), 4) for v in (-65.0, 0.0))
    return float((schemes.stationary(rest) @ schemes.propagator(step, 3.0))[-1])


# ---- the squid axon in the rig


@cache
def axon() -> Rig:
    return load_rig(paths.shipped(paths.CELLS)["squid-axon"])


def stepped(*, level_mV: float, step_mV: float = 0.0, n: int = 1, ms: float, fs_kHz: float) -> Recording:
    """A family of steps from -65 mV."""
    segment = Step(Ladder(level_mV, step_mV), ms)
    return record(axon(), Protocol("steps", (segment,), n, hold_mV=-65.0, fs_kHz=fs_kHz))


@cache
def sodium_step(level_mV: float) -> Array:
    return stepped(level_mV=level_mV, ms=3.0, fs_kHz=1000.0).sweeps[0]["i_na_pA"]


@cache
def largest_sodium_current() -> tuple[float, float]:
    """Voltage and current of the most negative peak."""
    sweeps = stepped(level_mV=-8.0, step_mV=0.5, n=21, ms=1.0, fs_kHz=1000.0).sweeps
    peaks = [float(sweep["i_na_pA"].min()) for sweep in sweeps]
    most = int(np.argmin(peaks))
    return float(sweeps[most]["command_mV"][0]), peaks[most]


def leak_reversal_at_rest_mV() -> float:
    """The E_L that makes -65 mV a rest."""
    (leak,) = (channel for channel in axon().cell.channels if channel.name == "leak")
    sweep = stepped(level_mV=-65.0, ms=1.0, fs_kHz=50.0).sweeps[0]
    return -65.0 + float(sweep["i_na_pA"][-1] + sweep["i_k_pA"][-1]) / leak.g_nS


def firing_rate_Hz() -> float:
    """Of the axon at rest when 10 µA/cm² are switched on, after the first spikes."""
    rest = Amplifier(mode="current-clamp")
    switched_on = Inbox()
    switched_on.put(replace(axon(), amplifier=replace(rest, bias_pA=10.0)))
    protocol = Protocol("free", (Hold(600.0),), 1, hold_mV=-65.0, fs_kHz=50.0)
    v = record(replace(axon(), amplifier=rest), protocol, inbox=switched_on).sweeps[0]["v_mV"]
    up = np.flatnonzero((v[:-1] < 0.0) & (v[1:] >= 0.0))
    spikes_ms = (up - v[up] / (v[up + 1] - v[up])) / protocol.fs_kHz
    late_ms = spikes_ms[spikes_ms > 200.0]
    return 1000.0 * (late_ms.size - 1) / float(late_ms[-1] - late_ms[0])


# ---- schemes of many states

Transition = tuple[int, int, Callable[[float], float], Callable[[float], float]]


def rates_per_ms(n_states: int, transitions: list[Transition], v_mV: float) -> Array:
    rates = np.zeros((n_states, n_states))
    for i, j, forward, backward in transitions:
        rates[i, j], rates[j, i] = forward(v_mV), backward(v_mV)
    return rates


def times(factor: float, text: str, temperature_K: float) -> Callable[[float], float]:
    formula = Formula(text)
    return lambda v_mV: factor * float(formula(v_mV, temperature_K))


def subunit_states() -> list[tuple[int, int, int]]:
    """How many of four subunits are in R1, R2 and A; the last state is open."""
    return [(i, 4 - i - k, k) for k in range(5) for i in range(4 - k, -1, -1)]


@cache
def sequential() -> list[Transition]:
    """Four subunits R1 - R2 - A after Zagotta, Hoshi & Aldrich 1994, J Gen Physiol 103:321."""
    warm, found = kelvin(20.0), subunit_states()
    transitions: list[Transition] = []
    for i, j, k in found:
        if i:
            on, off = times(i, "1.12*exp(0.25*u)", warm), times(j + 1, "0.373*exp(-1.60*u)", warm)
            transitions.append((found.index((i, j, k)), found.index((i - 1, j + 1, k)), on, off))
        if j:
            opening = 9.4 if k == 3 and j == 1 else 1.0
            on, off = times(j, "2.80*exp(0.32*u)", warm), times((k + 1) / opening, "0.021*exp(-1.10*u)", warm)
            transitions.append((found.index((i, j, k)), found.index((i, j - 1, k + 1)), on, off))
    return transitions


def sequential_p_open(v_mV: float) -> float:
    return float(schemes.stationary(rates_per_ms(15, sequential(), v_mV))[-1])


def sequential_charge_e() -> float:
    """From the slope of the rates' logarithms."""
    volt = 25.0
    per_mV = [np.log(f(volt) / f(0.0) * b(0.0) / b(volt)) / volt for _, _, f, b in sequential()]
    charges = [gating.slope_factor_mV(1.0, kelvin(20.0)) * slope for slope in per_mV]
    return float(schemes.state_charges([(i, j) for i, j, _, _ in sequential()], charges, 15)[-1])


@cache
def sodium(*, blocked: bool) -> list[Transition]:
    """C1 to C5 and O (0 to 5), I1 to I6 (6 to 11), B (12) after Raman & Bean 2001, Biophys J 80:729."""

    def rate(factor: float, text: str = "1") -> Callable[[float], float]:
        return times(factor, text, kelvin(22.0))

    alpha, beta, con, coff, oon, ooff = "150*exp(v/20)", "3*exp(-v/20)", 0.005, 0.5, 0.75, 0.005
    a, b = (oon / con) ** 0.25, (ooff / coff) ** 0.25
    transitions: list[Transition] = []
    for k in range(4):
        transitions.append((k, k + 1, rate(4 - k, alpha), rate(k + 1, beta)))
        transitions.append((k + 6, k + 7, rate((4 - k) * a, alpha), rate((k + 1) * b, beta)))
    transitions += [(4, 5, rate(150.0), rate(40.0)), (10, 11, rate(150.0), rate(40.0))]
    transitions += [(k, k + 6, rate(con * a**k), rate(coff * b**k)) for k in range(5)]
    transitions.append((5, 11, rate(oon), rate(ooff)))
    return [*transitions, (5, 12, rate(1.75), rate(0.03, "exp(-v/25)"))] if blocked else transitions


def peak(start: Array, rates: Array, state: int, dt_ms: float, n: int) -> tuple[float, float]:
    """Greatest occupancy of a state within n steps, and its time."""
    step, trace, p = schemes.propagator(rates, dt_ms), [], start
    for _ in range(n):
        p = p @ step
        trace.append(float(p[state]))
    return max(trace), dt_ms * (1 + int(np.argmax(trace)))


@cache
def sodium_peak() -> tuple[float, float]:
    rest, step = (rates_per_ms(12, sodium(blocked=False), v) for v in (-90.0, 0.0))
    return peak(schemes.stationary(rest), step, 5, 0.001, 500)


@cache
def resurgent_peak() -> tuple[float, float]:
    rest, block, tail = (rates_per_ms(13, sodium(blocked=True), v) for v in (-90.0, 30.0, -30.0))
    return peak(schemes.stationary(rest) @ schemes.propagator(block, 10.0), tail, 5, 0.01, 2000)


def availability(v_mV: float) -> float:
    return float(schemes.stationary(rates_per_ms(12, sodium(blocked=False), v_mV))[:6].sum())


def half_mV(function: Callable[[float], float]) -> float:
    return float(brentq(lambda v: function(v) - 0.5, -100.0, 50.0, xtol=1e-9))


COMPUTE: dict[str, Callable[[], float]] = {
    "H1": lambda: gate_rates_per_ms("squid-k", 0, -55.0)[0],
    "H2": lambda: gate_rates_per_ms("squid-na", 0, -40.0)[0],
    "H3": lambda: steady("squid-k", 0, -65.0),
    "H4": lambda: steady("squid-na", 0, -65.0),
    "H5": lambda: steady("squid-na", 1, -65.0),
    "H6": lambda: tau_ms("squid-k", 0),
    "H7": lambda: tau_ms("squid-na", 0),
    "H8": lambda: tau_ms("squid-na", 1),
    "H9": leak_reversal_at_rest_mV,
    "H10": lambda: float(sodium_step(0.0).min()),
    "H11": lambda: float(np.argmin(sodium_step(0.0))) / 1000.0,
    "H12": lambda: float(stepped(level_mV=0.0, ms=100.0, fs_kHz=50.0).sweeps[0]["i_k_pA"][-1]),
    "H13": lambda: float(sodium_step(-30.0).min()),
    "H17": lambda: largest_sodium_current()[0],
    "H18": lambda: largest_sodium_current()[1],
    "H19": lambda: half_mV(lambda v: steady("squid-na", 1, v)),
    "H20": firing_rate_Hz,
    "H23": four_gates_after_3_ms,
    "H24": lambda: half_mV(sequential_p_open),
    "H25": lambda: sequential_p_open(-60.0),
    "H28": sequential_charge_e,
    "H30": lambda: sodium_peak()[0],
    "H31": lambda: sodium_peak()[1],
    "H32": lambda: half_mV(availability),
    "H35": lambda: resurgent_peak()[0],
    "H36": lambda: resurgent_peak()[1],
}
