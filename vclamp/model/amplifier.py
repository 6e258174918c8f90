"""The amplifier: what it clamps, through what, how it compensates, and how its output is recorded."""

from dataclasses import dataclass, field
from typing import Literal

from vclamp.errors import VClampError
from vclamp.model.quantities import (
    Bits,
    Correction_percent,
    Current_pA,
    FilterCorner_kHz,
    Gain_mV_per_pA,
    Lag_ms,
    PipetteCapacitance_pF,
    Prediction_percent,
    Range_V,
    Resistance_MOhm,
    SealResistance_GOhm,
    Voltage_mV,
)

OUTPUT_mV = 10_000.0  # across the feedback resistor, where the output ends
LEAST_DIAL = 1e-6  # nothing can be dialled so finely; less makes lags that are no numbers


@dataclass(frozen=True)
class Recorder:
    """From the amplifier's output to the disk; each part can be switched off.

    A 4-pole Bessel filter (−3 dB at `filter_kHz`; 0: none), thermal noise of the seal, of the
    feedback resistor and of R_s with C_m, and a converter that takes `gain_mV_per_pA` times the
    current between ±`range_V` in 2^`bits` steps (0: none). In current clamp it records nothing.
    """

    on: bool = False
    filter_kHz: FilterCorner_kHz = 10.0
    noise: bool = True
    seal_GOhm: SealResistance_GOhm = 5.0
    bits: Bits = 16
    range_V: Range_V = 10.0
    gain_mV_per_pA: Gain_mV_per_pA = 0.5


@dataclass(frozen=True)
class Amplifier:
    """The amplifier: it clamps the voltage through R_s, or it clamps the current to `bias_pA`.

    `circuit` says how much of it is simulated. "series-resistance": C_m dV/dt = (V_command − V)/R_s
    − I_ion, or V = V_command where R_s is 0. "simplified": with compensation and the lags of its
    two slowest parts. "full": also the pipette's capacitance `cp_pF` and all lags. The dials are the
    user's estimates `rs_est_MOhm`, `cm_est_pF` (C-slow), `cp_est_pF` (C-fast) and the two percentages.
    `offset_mV` adds to the command unseen; `junction_mV`, the liquid junction potential, is taken
    from it. In current clamp C_m dV/dt = bias_pA − I_ion, which at 0 pA is the "I = 0" setting;
    before the run none flows. The output ends at 10 V across `feedback_GOhm`.
    """

    mode: Literal["voltage-clamp", "current-clamp"] = "voltage-clamp"
    rs_MOhm: Resistance_MOhm = 0.0
    bias_pA: Current_pA = 0.0
    circuit: Literal["series-resistance", "simplified", "full"] = "series-resistance"
    cp_pF: PipetteCapacitance_pF = 4.0
    offset_mV: Voltage_mV = 0.0
    junction_mV: Voltage_mV = 0.0
    rs_est_MOhm: Resistance_MOhm = 0.0
    cm_est_pF: PipetteCapacitance_pF = 0.0
    cp_est_pF: PipetteCapacitance_pF = 0.0
    correction_percent: Correction_percent = 0.0
    prediction_percent: Prediction_percent = 0.0
    tau_sum_ms: Lag_ms = 0.010
    feedback_GOhm: SealResistance_GOhm = 0.05
    recorder: Recorder = field(default_factory=Recorder)

    def __post_init__(self) -> None:
        if 0.0 < self.rs_MOhm < 0.01:
            raise VClampError(
                f"rs_MOhm = {self.rs_MOhm:g} is too small to simulate",
                remedy="Use 0 for an ideal clamp, or at least 0.01.",
            )
        for key in ("rs_est_MOhm", "cm_est_pF", "cp_est_pF", "cp_pF"):
            if 0.0 < getattr(self, key) < LEAST_DIAL:
                raise VClampError(
                    f"{key} = {getattr(self, key):g} is too small to simulate",
                    remedy=f"Use 0, or at least {LEAST_DIAL:g}.",
                )
        if self.rs_MOhm == 0.0 and self.has_electronics:
            raise VClampError(
                f"the {self.circuit} circuit has no series resistance",
                remedy='Give rs_MOhm at least 0.01, or use circuit = "series-resistance".',
            )

    @property
    def clamps_current(self) -> bool:
        """Whether the membrane's voltage is free."""
        return self.mode == "current-clamp"

    @property
    def has_electronics(self) -> bool:
        """Whether more than the series resistance stands between the command and the membrane."""
        return self.circuit != "series-resistance"

    @property
    def ideal(self) -> bool:
        """Whether the membrane follows the command at once."""
        return self.rs_MOhm == 0.0 and not self.clamps_current

    @property
    def unseen_mV(self) -> float:
        """What adds to the command at the membrane without being shown."""
        return self.offset_mV - self.junction_mV

    @property
    def shows_another_current(self) -> bool:
        """Whether the recorded current may differ from what flows through the membrane."""
        return self.has_electronics or self.recorder.on
