"""Physical quantities with the range in which a value makes sense.

Text files, the command line and the window's number fields all take their limits from here.
"""

from typing import Annotated, Any

import numpy as np
from annotated_types import Interval, Len, MaxLen
from numpy.typing import NDArray

Array = NDArray[np.float64]

VOLTAGE_LIMIT_mV = 250.0
CURRENT_LIMIT_pA = 1e6

Voltage_mV = Annotated[float, Interval(ge=-VOLTAGE_LIMIT_mV, le=VOLTAGE_LIMIT_mV)]
Duration_ms = Annotated[float, Interval(gt=0.0, le=36_000_000.0)]
Interval_ms = Annotated[float, Interval(ge=0.0, le=36_000_000.0)]
SamplingRate_kHz = Annotated[float, Interval(ge=0.001, le=1000.0)]
Conductance_nS = Annotated[float, Interval(ge=0.0, le=1e6)]
Permeability_cm3_per_s = Annotated[float, Interval(ge=0.0, le=1e-3)]
ChannelCount = Annotated[int, Interval(ge=0, le=10_000_000)]
Current_pA = Annotated[float, Interval(ge=-CURRENT_LIMIT_pA, le=CURRENT_LIMIT_pA)]
Capacitance_pF = Annotated[float, Interval(ge=0.01, le=1e5)]
Resistance_MOhm = Annotated[float, Interval(ge=0.0, le=1000.0)]
PositiveResistance_MOhm = Annotated[float, Interval(ge=0.01, le=1e6)]
PipetteCapacitance_pF = Annotated[float, Interval(ge=0.0, le=1000.0)]
SealResistance_GOhm = Annotated[float, Interval(ge=0.001, le=1000.0)]
Correction_percent = Annotated[float, Interval(ge=0.0, le=100.0)]
Prediction_percent = Annotated[float, Interval(ge=0.0, le=99.0)]
Lag_ms = Annotated[float, Interval(ge=1e-4, le=1.0)]
FilterCorner_kHz = Annotated[float, Interval(ge=0.0, le=1000.0)]
Bits = Annotated[int, Interval(ge=0, le=24)]
Range_V = Annotated[float, Interval(ge=0.01, le=100.0)]
Gain_mV_per_pA = Annotated[float, Interval(ge=1e-4, le=1e4)]
Volume_pL = Annotated[float, Interval(ge=1e-6, le=1e9)]
Tick_ms = Annotated[float, Interval(ge=0.1, le=60_000.0)]
Concentration_mM = Annotated[float, Interval(ge=0.0, le=10_000.0)]
PositiveConcentration_mM = Annotated[float, Interval(ge=1e-15, le=10_000.0)]
ActivityCoefficient = Annotated[float, Interval(ge=0.01, le=10.0)]
Temperature_K = Annotated[float, Interval(ge=250.0, le=350.0)]
Q10 = Annotated[float, Interval(ge=0.1, le=20.0)]
HillCoefficient = Annotated[float, Interval(ge=0.1, le=10.0)]
GatePower = Annotated[int, Interval(ge=1, le=12)]
Valence = Annotated[int, Interval(ge=-4, le=4)]
Charge_e = Annotated[float, Interval(ge=-20.0, le=20.0)]
DisplacedIons = Annotated[float, Interval(ge=0.0, le=10.0)]
Fraction = Annotated[float, Interval(ge=0.0, le=1.0)]
Ratio = Annotated[float, Interval(ge=0.0, le=1e6)]
Rate_per_ms = Annotated[float, Interval(ge=0.0, le=1e6)]
PositiveRate_per_ms = Annotated[float, Interval(ge=1e-12, le=1e6)]
RatePerConcentration = Annotated[float, Interval(ge=1e-9, le=1e9)]
Energy_kJ_per_mol = Annotated[float, Interval(ge=-2000.0, le=2000.0)]
Entropy_J_per_mol_K = Annotated[float, Interval(ge=-2000.0, le=2000.0)]
Energy_RT = Annotated[float, Interval(ge=-40.0, le=40.0)]
Rate_per_s = Annotated[float, Interval(ge=1.0, le=1e13)]
Radius_A = Annotated[float, Interval(ge=0.2, le=10.0)]
SiteCount = Annotated[int, Interval(ge=1, le=4)]
Name = Annotated[str, Len(1, 80)]
Note = Annotated[str, MaxLen(10_000)]


def form(value: Any, missing: str) -> str:
    """The type that a table or a value says it has, or the one meant where it says none."""
    found = value.get("type", missing) if isinstance(value, dict) else getattr(value, "type", missing)
    return str(found)
