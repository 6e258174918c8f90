"""Targets A: fits to data with known truth."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis import models
from vclamp.analysis.curves import Curve, gv
from vclamp.analysis.fits import Fit
from vclamp.analysis.leak import pn_noise_gain
from vclamp.physics.clamp import membrane_test
from vclamp.physics.thermo import thermal_voltage_mV
from vclamp.units import kelvin

Array = NDArray[np.float64]

DATA = Path(__file__).parents[1] / "textbook" / "data"
ROOM_K = kelvin(22.0)


def data(name: str) -> Array:
    """The columns of a file."""
    return np.loadtxt(DATA / f"{name}.csv", delimiter=",", skiprows=1, unpack=True)


@cache
def fitted(name: str) -> Fit:
    """The fit to a file, each in the program's units."""
    return FITS[name](*data(name))


def gv_fit(v: Array, i_nA: Array) -> Fit:
    curve = gv(Curve("steady-iv", "level_mV", "i_pA", v, 1000.0 * i_nA), e_rev_mV=-85.0)
    return models.fit_gv(curve.x, curve.y, ROOM_K)


FITS: dict[str, Callable[..., Fit]] = {
    "gv": gv_fit,
    "iv": lambda v, i_nA: models.fit_iv(v, 1000.0 * i_nA, ROOM_K),
    "exp1": models.fit_best_exponentials,
    "woodhull": lambda v, b, left: models.fit_woodhull(v, b, left, ROOM_K),
    "hill": models.fit_hill,
    "nsna": models.fit_variance_mean,
    "hinf": models.fit_h_inf,
    "tails": models.fit_tail_reversal,
    "memtest": lambda t, i: models.fit_membrane_test(t, i, 10.0),
}


def values(name: str) -> Sequence[float]:
    assert fitted(name).warning == ""
    return fitted(name).values.tolist()


def errors(name: str) -> Sequence[float]:
    return fitted(name).se.tolist()


def membrane() -> Sequence[float]:
    """R_s, R_m, C_m and τ."""
    rs, rm, cm = values("memtest")
    return rs, rm, cm, membrane_test(10.0, rs_MOhm=rs, rm_MOhm=rm, cm_pF=cm).tau_ms


COMPUTE: dict[str, Callable[[], float | Sequence[float]]] = {
    "A1a": lambda: values("gv"),
    "A1b": lambda: errors("gv"),
    "A1c": lambda: fitted("gv").half_width("v_half_mV"),
    "A3a": lambda: values("iv"),
    "A3b": lambda: errors("iv"),
    "A4a": lambda: values("exp1"),
    "A4b": lambda: errors("exp1"),
    "A6a": lambda: values("woodhull"),
    "A6b": lambda: errors("woodhull"),
    "A8a": lambda: values("hill"),
    "A8b": lambda: fitted("hill").interval("ic50"),
    "A9": lambda: values("nsna"),
    "A10": lambda: pn_noise_gain(4, fraction=-1 / 4),
    "A13": lambda: values("hinf"),
    "A13b": lambda: thermal_voltage_mV(ROOM_K) / fitted("hinf")["k_mV"],
    "A15": lambda: values("tails"),
    "A17": membrane,
}
