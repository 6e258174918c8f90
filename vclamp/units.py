"""Constants and the closed unit system: mV, ms, pA, nS, pF, pL, mM, kHz, K, GΩ.

In it nS·mV = pA, pF·mV/ms = pA, pA·GΩ = mV: formulas need no conversion factor.
MΩ, which users type, is the one unit outside it.
"""

GAS_J_PER_MOL_K = 8.314462618  # CODATA 2018, exact
FARADAY_C_PER_MOL = 96485.33212  # CODATA 2018, exact
BOLTZMANN_J_PER_K = 1.380649e-23  # exact
PLANCK_J_S = 6.62607015e-34  # exact
ELEMENTARY_C = 1.602176634e-19  # exact
AVOGADRO_PER_MOL = 6.02214076e23  # exact
ZERO_CELSIUS_K = 273.15

PLAIN = "1"  # the unit of a plain number, as of an open probability
_PLAIN_TRACES = ("p_open_", "gate_", "state_")  # a gate may be called mV
# SI unit and factor of the unit that a trace's name ends in
SI: dict[str, tuple[str, float]] = {
    "mV": ("volts", 1e-3),
    "pA": ("amperes", 1e-12),
    "nS": ("siemens", 1e-9),
    "ms": ("seconds", 1e-3),
    "mM": ("mol/m3", 1.0),
    PLAIN: (PLAIN, 1.0),
}


def unit_of(trace: str) -> str:
    """The unit that a trace's name ends in, or that of a plain number."""
    ending = trace.rpartition("_")[2]
    return PLAIN if trace.startswith(_PLAIN_TRACES) or ending not in SI else ending


def nS_from_MOhm(resistance_MOhm: float) -> float:
    """Conductance in nS of a resistance in MΩ."""
    return 1000.0 / resistance_MOhm


def kelvin(celsius: float) -> float:
    """Absolute temperature of a temperature in °C."""
    return celsius + ZERO_CELSIUS_K


def celsius(kelvin: float) -> float:
    """Temperature in °C of an absolute temperature."""
    return kelvin - ZERO_CELSIUS_K
