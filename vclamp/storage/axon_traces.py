"""The traces of a recording that Axon's formats are given: which, in which order, under which names and units."""

from dataclasses import dataclass
from unicodedata import normalize

import numpy as np

from vclamp.errors import VClampError
from vclamp.model.record import Recording
from vclamp.units import PLAIN, unit_of

LARGEST = 1e30  # of what a number of 32 bits can scale
_MAIN = ("i_subtracted_", "i_membrane_", "command_", "i_", "v_", "p_open_", "in_", "gate_", "state_")
LEGS = "i_leg_"
_PLAINER = str.maketrans({"Ω": "Ohm", "µ": "u", "·": "-", "–": "-", "−": "-", "°": "deg "})


@dataclass(frozen=True)
class Signal:
    """A trace under the name, without its unit, that it has in a file."""

    trace: str
    name: str
    unit: str


def signals(recording: Recording, *, without: tuple[str, ...] = ()) -> tuple[Signal, ...]:
    """What was measured first, then what was clamped, then what only a simulation knows.

    Traces that some sweep lacks, or that are not numbers everywhere (such as what leak subtraction leaves before all
    legs are known), are not among them; nor those whose names begin with `without`, nor the command voltage of a
    current clamp, which is the voltage itself.

    Raises
    ------
    VClampError
        If no trace is left.
    """
    sweeps = recording.sweeps
    current_clamp = sweeps[0].rig.amplifier.clamps_current
    without = (*without, "command_mV") if current_clamp else without
    found = [
        name
        for name in sweeps[0].names
        if not name.startswith(without)
        and all(name in sweep.names and bool((np.abs(sweep[name]) < LARGEST).all()) for sweep in sweeps)
    ]
    if not found:
        raise VClampError("its sweeps have no trace in common", remedy="Export sweeps of one kind.")
    first = ("v_mV", "i_pA") if current_clamp else ("i_pA", "v_mV")
    found.sort(key=lambda name: _rank(name, first))
    return tuple(Signal(name, _stem(name), unit_of(name)) for name in found)


def ascii_of(text: str, forbidden: str = "") -> str:
    """A text in the printable signs that every reader takes: K⁺ as K+, MΩ as MOhm, others as question marks."""
    plain = normalize("NFKC", text.translate(_PLAINER))
    return "".join(sign if " " <= sign <= "~" and sign not in forbidden else "?" for sign in plain)


def described(recording: Recording) -> str:
    """In one line: the cell, its drugs, what was played beside the sweeps, the seed, the program."""
    header = recording.header
    protocol, leak = header.protocol, header.protocol.leak
    drugs = [
        f"{drug.name} {mM:g} mM {side}"
        for drug in header.rig.solutions.drugs
        for mM, side in ((drug.out_mM, "out"), (drug.in_mM, "in"))
        if mM
    ]
    beside = [
        *([f"P/{1.0 / leak.fraction:g} legs {leak.when} each sweep"] if leak is not None else []),
        *(["conditioning pulses before each sweep"] if protocol.conditioning is not None else []),
        *([f"means of {protocol.series.averages}"] if protocol.series.averages > 1 else []),
    ]
    by = [f"seed {header.seed}", f"VClamp {header.version}"] if header.version else []
    return "; ".join([header.rig.cell.title, *drugs, *beside, *by])


def _rank(name: str, first: tuple[str, str]) -> int:
    if name in first:
        return first.index(name)
    if name.startswith(LEGS):
        return len(first) + len(_MAIN)
    kinds = (place for place, kind in enumerate(_MAIN) if name.startswith(kind))
    return len(first) + next(kinds, _MAIN.index("v_"))


def _stem(trace: str) -> str:
    """A trace's name without its unit."""
    return trace if unit_of(trace) == PLAIN else trace.rpartition("_")[0]
