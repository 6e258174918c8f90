"""The shipped experiments as a student runs them: a protocol on its cell, with a few things turned."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vclamp import paths
from vclamp.analysis.results import Result
from vclamp.model.edit import with_value
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording
from vclamp.model.rig import Rig
from vclamp.run.runner import record

Array = NDArray[np.float64]


@cache
def protocol(name: str) -> Protocol:
    """A shipped protocol."""
    return load_protocol(paths.shipped(paths.PROTOCOLS)[name])


@cache
def cell(name: str) -> Rig:
    """A shipped cell on its amplifier."""
    return load_rig(paths.shipped(paths.CELLS)[name])


def cell_of(name: str) -> Rig:
    """The cell that a protocol opens with."""
    opens = protocol(name).opens.cell
    assert opens is not None
    return cell(opens)


def turned(rig: Rig, values: Mapping[str, object]) -> Rig:
    """A rig with values at dotted paths."""
    for path, value in values.items():
        rig = with_value(rig, path, value, "test")
    return rig


def segment(described: Protocol, name: str, **values: Any) -> Protocol:
    """A protocol with other values in one of its segments, and as many sweeps as they say."""
    segments = tuple(replace(each, **values) if each.name == name else each for each in described.segments)
    return replace(described, segments=segments, n_sweeps=0)


def lesson(
    name: str, values: Mapping[str, object] | None = None, *, rig: Rig | None = None, seed: int = 0, **changes: Any
) -> Recording:
    """A recording of a shipped protocol on its own or another cell, with values of the rig and fields of it changed."""
    return record(
        turned(rig or cell_of(name), values or {}),
        replace(protocol(name), **changes),
        seed=seed,
    )


def ions(**mM: float) -> dict[str, object]:
    """Concentrations by names such as K_out."""
    return {f"solutions.ions.{key.split('_')[0]}.{key.split('_')[1]}_mM": value for key, value in mM.items()}


def curve(found: Result, number: int = 0) -> tuple[Array, Array]:
    """Points of a result's curve."""
    return found.curves[number].curve.x, found.curves[number].curve.y


# ---- the squid axon in closed form: Hodgkin & Huxley 1952, J Physiol 117:500, with rest at -65 mV


def hh_rates(v_mV: Array) -> dict[str, tuple[Array, Array]]:
    """Opening and closing rates of m, h and n per ms."""
    with np.errstate(invalid="ignore"):
        m, n = ((v_mV + 40.0) / 10.0, (v_mV + 55.0) / 10.0)
        linoid = [np.where(x == 0.0, 1.0, x / -np.expm1(-x)) for x in (m, n)]
    return {
        "m": (linoid[0], 4.0 * np.exp(-(v_mV + 65.0) / 18.0)),
        "h": (0.07 * np.exp(-(v_mV + 65.0) / 20.0), 1.0 / (1.0 + np.exp(-(v_mV + 35.0) / 10.0))),
        "n": (0.1 * linoid[1], 0.125 * np.exp(-(v_mV + 65.0) / 80.0)),
    }


def hh_steady(v_mV: Array) -> dict[str, Array]:
    """Steady states of m, h and n."""
    return {gate: opening / (opening + closing) for gate, (opening, closing) in hh_rates(v_mV).items()}


def hh_steady_pA(v_mV: Array) -> Array:
    """Steady current of the classic axon, 100 µm² of it."""
    x = hh_steady(v_mV)
    na, k = 120.0 * x["m"] ** 3 * x["h"] * (v_mV - 50.0), 36.0 * x["n"] ** 4 * (v_mV + 77.0)
    return np.asarray(na + k + 0.3 * (v_mV + 54.387))
