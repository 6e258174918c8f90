"""Targets of single-file pores: presets K, AMFE and CaV-like, and the knock-on cycle."""

from collections.abc import Callable, Sequence

import numpy as np

from vclamp.physics.pore import (
    Permeant,
    eyring_per_s,
    knock_on_current_pA,
    knock_on_flux_ratio_exponent,
    single_file_current_pA,
    single_file_flux_ratio_exponent,
    single_file_occupancy,
)
from vclamp.physics.thermo import nernst_mV
from vclamp.units import kelvin

ROOM_K, WARM_ROOM_K = kelvin(20.0), kelvin(22.0)
AT_20_mV = np.array(20.0)
KNOCK_ON = {"k_shift_per_s": 4e7, "k_knock_per_M_s": 4e8}


def potassium(out_mM: float, in_mM: float | None = None, n_sites: int = 2) -> Permeant:
    """The K preset; symmetrical if one concentration is given."""
    barriers_RT = (8.5, *(6.5,) * (n_sites - 1), 8.5)
    return Permeant(1, out_mM, out_mM if in_mM is None else in_mM, barriers_RT, (-3.0,) * n_sites)


def weak(out_mM: float, in_mM: float) -> Permeant:
    """Ion A of the AMFE preset."""
    return Permeant(1, out_mM, in_mM, (10.0, 9.0, 10.0), (0.0, 0.0))


def tight(out_mM: float, in_mM: float) -> Permeant:
    """Ion B of the AMFE preset."""
    return Permeant(1, out_mM, in_mM, (7.5, 5.2, 7.5), (-5.2, -5.2))


def chord_pS(permeants: tuple[Permeant, ...], repulsion_RT: float = 0.0, max_ions: int | None = None) -> float:
    """Conductance at +20 mV and 20 °C between equal solutions."""
    current = single_file_current_pA(AT_20_mV, permeants, ROOM_K, repulsion_RT, max_ions=max_ions)
    return float(1000.0 * current.sum() / AT_20_mV)


def potassium_pS(c_mM: float, repulsion_RT: float = 0.0, max_ions: int | None = None) -> float:
    return chord_pS((potassium(c_mM),), repulsion_RT, max_ions)


def mixture_pS(
    tight_fraction: float, total_mM: float = 100.0, repulsion_RT: float = 5.0, max_ions: int | None = None
) -> float:
    """Conductance of the AMFE preset in a mixture of A and B."""
    a_mM, b_mM = total_mM * (1.0 - tight_fraction), total_mM * tight_fraction
    return chord_pS((weak(a_mM, a_mM), tight(b_mM, b_mM)), repulsion_RT, max_ions)


def michaelis_menten(conductance_pS: Callable[[float], float], low_mM: float, high_mM: float) -> tuple[float, float]:
    """Largest conductance and K_m of c/(c + K_m) through two concentrations."""
    low, high = low_mM / conductance_pS(low_mM), high_mM / conductance_pS(high_mM)
    largest = (high_mM - low_mM) / (high - low)
    return largest, largest * low - low_mM


def potassium_optimum() -> tuple[float, float]:
    """Concentration in mM that the preset K conducts best, and the conductance."""
    from scipy.optimize import minimize_scalar

    best = minimize_scalar(lambda c: -potassium_pS(c), bounds=(10.0, 3000.0), method="bounded")
    return float(best.x), -float(best.fun)


def mixture_minimum() -> tuple[float, float]:
    """Mole fraction of B that conducts least, and the conductance."""
    from scipy.optimize import minimize_scalar

    least = minimize_scalar(mixture_pS, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-8})
    return float(least.x), float(least.fun)


def reversal_mV(permeants: tuple[Permeant, ...], repulsion_RT: float) -> float:
    """Voltage at which the currents cancel, at 20 °C."""
    from scipy.optimize import brentq

    def total_pA(v_mV: float) -> float:
        return float(single_file_current_pA(np.array(v_mV), permeants, ROOM_K, repulsion_RT).sum())

    return float(brentq(total_pA, -200.0, 200.0, xtol=1e-10))


def calcium_channel_pA(ca_mM: float) -> np.ndarray:
    """Na and Ca current of the CaV-like preset at -20 mV and 22 °C."""
    sodium = Permeant(1, 150.0, 150.0, (8.5, 6.0, 8.5), (-2.0, -2.0))
    calcium = Permeant(2, ca_mM, 0.0, (8.0, 0.0, 8.0), (-14.5, -14.5))
    return single_file_current_pA(np.array(-20.0), (sodium, calcium), WARM_ROOM_K, 2.0, theta=0.1)


def calcium_ic50_mM() -> float:
    from scipy.optimize import brentq

    half_pA = calcium_channel_pA(0.0)[0] / 2.0
    return float(brentq(lambda ca_mM: calcium_channel_pA(ca_mM)[0] - half_pA, 1e-5, 1.0, xtol=1e-12))


def knock_on_pS(c_mM: float) -> float:
    """Conductance of the knock-on cycle between equal solutions for V -> 0."""
    current_pA = knock_on_current_pA(np.array(1e-4), c_mM, c_mM, ROOM_K, **KNOCK_ON)
    return float(1000.0 * current_pA / 1e-4)


def knock_on_exponent(resident_ions: int) -> float:
    exponent = knock_on_flux_ratio_exponent(
        np.array(0.0), 150.0, 150.0, ROOM_K, **KNOCK_ON, resident_ions=resident_ions
    )
    return float(exponent)


def knock_on_reversal_error_mV(out_mM: float, in_mM: float) -> float:
    from scipy.optimize import brentq

    def current_pA(v_mV: float) -> float:
        return float(knock_on_current_pA(np.array(v_mV), out_mM, in_mM, ROOM_K, **KNOCK_ON))

    return float(brentq(current_pA, -200.0, 200.0, xtol=1e-12) - nernst_mV(1, out_mM, in_mM, ROOM_K))


def two_ions_probability() -> float:
    states, p = single_file_occupancy(np.array(0.0), (potassium(100.0),), ROOM_K, 4.0)
    return float(p[states.index((1, 1))])


def exponent(permeant: Permeant) -> float:
    return float(single_file_flux_ratio_exponent(AT_20_mV, permeant, ROOM_K))


COMPUTE: dict[str, Callable[[], float | Sequence[float]]] = {
    "M1": lambda: eyring_per_s(ROOM_K),
    "M2": lambda: potassium_pS(100.0),
    "M3": lambda: potassium_pS(100.0, 4.0),
    "M4": lambda: potassium_pS(3000.0, 4.0),
    "M5": lambda: michaelis_menten(lambda c: potassium_pS(c, max_ions=1), 10.0, 100.0)[0],
    "M6": lambda: michaelis_menten(lambda c: potassium_pS(c, max_ions=1), 10.0, 100.0)[1],
    "M7": lambda: potassium_optimum()[0],
    "M8": lambda: potassium_optimum()[1],
    "M9": two_ions_probability,
    "M11": lambda: exponent(potassium(100.0)),
    "M12": lambda: exponent(potassium(300.0, n_sites=3)),
    "M13": lambda: exponent(potassium(100.0, n_sites=1)),
    "M15": lambda: exponent(potassium(0.01)),
    "M18": lambda: mixture_pS(0.0),
    "M19": lambda: mixture_pS(1.0),
    "M20": lambda: mixture_minimum()[1],
    "M21": lambda: mixture_minimum()[0],
    "M22": lambda: mixture_pS(0.5),
    "M23": lambda: mixture_pS(0.5, max_ions=1),
    "M24": lambda: mixture_pS(0.5, repulsion_RT=0.0),
    "M28": lambda: reversal_mV((weak(5.0, 140.0),), 5.0),
    "M29": lambda: reversal_mV((weak(0.0, 100.0), tight(100.0, 0.0)), 5.0),
    "M31": lambda: float(calcium_channel_pA(0.0).sum()),
    "M32": lambda: float(calcium_channel_pA(0.001).sum()),
    "M35": lambda: 1000.0 * calcium_ic50_mM(),
    "M36": lambda: knock_on_pS(150.0),
    "M37": lambda: michaelis_menten(knock_on_pS, 50.0, 500.0)[0],
    "M38": lambda: michaelis_menten(knock_on_pS, 50.0, 500.0)[1],
    "M39": lambda: knock_on_exponent(2),
    "M40": lambda: knock_on_exponent(3),
    "M43": lambda: float(knock_on_current_pA(np.array(60.0), 150.0, 150.0, ROOM_K, **KNOCK_ON)),
    "M44": lambda: knock_on_reversal_error_mV(5.0, 140.0),
}
