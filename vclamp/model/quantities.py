"""Physical quantities with the range in which a value makes sense.

Text files, the command line and the window's number fields all take their limits from here.
"""

from typing import Annotated

from annotated_types import Interval, Len, MaxLen

Voltage_mV = Annotated[float, Interval(ge=-250.0, le=250.0)]
Duration_ms = Annotated[float, Interval(gt=0.0, le=3_600_000.0)]
Interval_ms = Annotated[float, Interval(ge=0.0, le=3_600_000.0)]
SamplingRate_kHz = Annotated[float, Interval(ge=0.1, le=1000.0)]
Conductance_nS = Annotated[float, Interval(ge=0.0, le=1e6)]
Capacitance_pF = Annotated[float, Interval(ge=0.01, le=1e5)]
Resistance_MOhm = Annotated[float, Interval(ge=0.0, le=1000.0)]
Concentration_mM = Annotated[float, Interval(ge=0.0, le=10_000.0)]
PositiveConcentration_mM = Annotated[float, Interval(ge=1e-15, le=10_000.0)]
Temperature_K = Annotated[float, Interval(ge=250.0, le=350.0)]
Q10 = Annotated[float, Interval(ge=0.1, le=20.0)]
HillCoefficient = Annotated[float, Interval(ge=0.1, le=10.0)]
GatePower = Annotated[int, Interval(ge=1, le=12)]
Valence = Annotated[int, Interval(ge=-4, le=4)]
SweepCount = Annotated[int, Interval(ge=1, le=10_000)]
Name = Annotated[str, Len(1, 80)]
Note = Annotated[str, MaxLen(10_000)]
