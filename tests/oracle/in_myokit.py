"""Cells and amplifiers as Myokit models, solved by CVODES.

Myokit: Clerx, Collins, de Lange & Volders 2016, Prog Biophys Mol Biol 120:100. The equations are those of the papers,
in mV, ms, pA, nS, pF and GΩ.
"""

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vclamp.model.amplifier import Amplifier
from vclamp.model.protocol import Protocol

Array = NDArray[np.float64]
Traces = dict[str, Array]

TOLERANCE = 1e-10  # of CVODES, absolute and relative
SETTLING_MS = 20_000.0  # at the holding potential before a sweep: the slowest gate takes 0.4 s

# Hodgkin & Huxley 1952, J Physiol 117:500, with rest at -65 mV
AXON = """
m = 0.01
h = 0.9
n = 0.2
am = if(abs(v + 40) < 1e-6, 1, (v + 40) / 10 / (1 - exp(-(v + 40) / 10)))
an = if(abs(v + 55) < 1e-6, 0.1, (v + 55) / 100 / (1 - exp(-(v + 55) / 10)))
dot(m) = am * (1 - m) - 4 * exp(-(v + 65) / 18) * m
dot(h) = 0.07 * exp(-(v + 65) / 20) * (1 - h) - h / (1 + exp(-(v + 35) / 10))
dot(n) = an * (1 - n) - 0.125 * exp(-(v + 65) / 80) * n
i_na_pA = 2400 * m^3 * h * (v - 50)
i_k_pA = 720 * n^4 * (v + 77)
i_ion = i_na_pA + i_k_pA + 6 * (v + 54.387)
"""

# Beattie et al. 2018, J Physiol 596:1813, in 4 mM outside and 140 mM inside at 22 °C
HERG = """
a = 0
r = 1
dot(a) = 2.26e-4 * exp(0.0699 * v) * (1 - a) - 3.45e-5 * exp(-0.05462 * v) * a
dot(r) = 5.15e-3 * exp(-0.03158 * v) * (1 - r) - 0.0873 * exp(0.00891 * v) * r
e_k = 8.314462618 * 295.15 / 96.48533212 * log(4 / 140)
i_herg_pA = 152.4 * a * r * (v - e_k)
i_ion = i_herg_pA + v
"""

# Lei et al. 2020, Phil Trans R Soc A 378:20190348: 500 MΩ beside 100 MΩ in series with 1 nF
MODEL_CELL = """
slow = 0
dot(slow) = (v - slow) / 0.1 / 1000
i_ion = v / 0.5 + (v - slow) / 0.1
"""


def sodium() -> str:
    """Raman & Bean 2001, Biophys J 80:729, on Kuo & Bean 1994, Neuron 12:819: five closed states, one open, six
    inactivated, one blocked."""
    edges = [(f"c{k}", f"c{k + 1}", f"{5 - k} * 150 * exp(v / 20)", f"{k} * 3 * exp(-v / 20)") for k in range(1, 5)]
    edges += [
        (f"i{k}", f"i{k + 1}", f"{5 - k} * 150 * faster * exp(v / 20)", f"{k} * 3 * slower * exp(-v / 20)")
        for k in range(1, 5)
    ]
    edges += [(f"c{k}", f"i{k}", f"0.005 * faster^{k - 1}", f"0.5 * slower^{k - 1}") for k in range(1, 6)]
    edges += [("c5", "o", "150", "40"), ("i5", "i6", "150", "40"), ("o", "i6", "0.75", "0.005")]
    edges += [("o", "b", "1.75", "0.03 * exp(-v / 25)")]
    states = [*(f"c{k}" for k in range(1, 6)), "o", *(f"i{k}" for k in range(1, 7)), "b"]
    lines = [f"{state} = {float(state == 'c1')}" for state in states]
    lines += ["faster = (0.75 / 0.005)^0.25", "slower = (0.005 / 0.5)^0.25"]
    for state in states:
        gained = [f"{rate} * {i}" for i, j, rate, _ in edges if j == state]
        gained += [f"{rate} * {j}" for i, j, _, rate in edges if i == state]
        lost = [rate for i, _, rate, _ in edges if i == state] + [rate for _, j, _, rate in edges if j == state]
        lines.append(f"dot({state}) = {' + '.join(gained)} - ({' + '.join(lost)}) * {state}")
    lines += ["e_na = 8.314462618 * 295.15 / 96.48533212 * log(145 / 12)", "i_nav_pA = 40 * o * (v - e_na)"]
    return "\n".join([*lines, "i_ion = i_nav_pA + v", ""])


IDEAL = "v = pace\n"

# Clerx, Voltage-clamp notebooks: the summing amplifier and the output filter are what is slow
SIMPLIFIED = """
v = -80
v_est = -80
v_ref = -80
i_pA = 0
i_rs = (v_ref + offset - v) / rs
dot(v) = (i_rs - i_ion) / cm
dot(v_est) = (pace - v_est) / ((1 - prediction) * rs_est * cm_est)
dot(v_ref) = (pace + correction * rs_est * i_pA + prediction * rs_est * cm_est * dot(v_est) - v_ref) / tau_sum
dot(i_pA) = (i_ion + cm * dot(v) - cm_est * dot(v_est) - i_pA) / 0.075
"""

# Lei et al. 2020, Phil Trans R Soc A 378:20190348
FULL = """
v = -80
v_est = -80
v_clamp = -80
v_p = -80
i_pA = 0
i_rs = (v_p + offset - v) / rs
dot(v) = (i_rs - i_ion) / cm
dot(v_est) = (pace - v_est) / ((1 - prediction) * rs_est * cm_est)
dot(v_clamp) = (pace + correction * rs_est * i_pA + prediction * rs_est * cm_est * dot(v_est) - v_clamp) / tau_sum
dot(v_p) = (v_clamp - v_p) / 0.0008
i_in = i_rs + cp * dot(v_p) - cp_est * dot(v_clamp) - cm_est * dot(v_est)
dot(i_pA) = (i_in - i_pA) / 0.0075
"""


def program() -> Any:
    """Myokit; raises ImportError where there is none."""
    return import_module("myokit")


def sundials() -> str:
    """The version of the library that CVODES is of."""
    return str(program().Sundials.version())


def solved(membrane: str, cm_pF: float, amplifier: Amplifier, protocol: Protocol, sweep: int) -> Traces:
    """Traces of one sweep of steps after a long time at holding."""
    simulation = compiled(membrane, cm_pF, amplifier)
    steps = program().Protocol()
    steps.schedule(protocol.hold_mV, 0.0, SETTLING_MS)
    for s in protocol.stretches(sweep):
        assert s.slope_mV == 0.0, "only steps"
        first_ms, last_ms = (SETTLING_MS + sample / protocol.fs_kHz for sample in (s.first, s.last))
        steps.schedule(s.start_mV, first_ms, last_ms - first_ms)
    simulation.reset()
    simulation.set_protocol(steps)
    times = SETTLING_MS + np.arange(protocol.n_samples(sweep)) / protocol.fs_kHz
    log = simulation.run(SETTLING_MS + protocol.duration_ms(sweep), log_times=times)
    traces = {name.removeprefix("c."): np.array(values) for name, values in log.items()}
    return {"v_mV": traces["v"], **{name: trace for name, trace in traces.items() if name.endswith("_pA")}}


@cache
def compiled(membrane: str, cm_pF: float, amplifier: Amplifier) -> Any:
    """A simulation of a membrane under an amplifier."""
    circuit = IDEAL if amplifier.ideal else {"simplified": SIMPLIFIED, "full": FULL}[amplifier.circuit]
    constants = {
        "cm": cm_pF, "rs": amplifier.rs_MOhm / 1000.0, "rs_est": amplifier.rs_est_MOhm / 1000.0,
        "cm_est": amplifier.cm_est_pF, "cp": amplifier.cp_pF, "cp_est": amplifier.cp_est_pF,
        "correction": amplifier.correction_percent / 100.0, "prediction": amplifier.prediction_percent / 100.0,
        "tau_sum": amplifier.tau_sum_ms, "offset": amplifier.offset_mV - amplifier.junction_mV,
    }  # fmt: skip
    lines = [line for line in (membrane + circuit).splitlines() if line]
    # a state's starting value stands before the component, under the state's name
    states = [line[4 : line.index(")")] for line in lines if line.startswith("dot(")]
    starts = [f"c.{line}" for line in lines if line.split(" ")[0] in states]
    rest = [line for line in lines if line.split(" ")[0] not in states]
    named = [f"{name} = {value!r}" for name, value in constants.items()]
    head = ["[[model]]", *starts, "", "[c]", "time = 0 bind time", "pace = 0 bind pace"]
    simulation = program().Simulation(program().parse_model("\n".join([*head, *named, *rest]) + "\n"))
    simulation.set_tolerance(TOLERANCE, TOLERANCE)
    return simulation
