"""Why a trace is as it is at one sample: its current as the sum of what flows, what charges, what instruments add.

Through the membrane Kirchhoff's law holds, C_m dV/dt + Σ I = I_true; the way from there to the disk is that of
`amplified`. What the parts do not explain is said, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite, nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis.amplified import Way, flowing_pA, noise_rms_pA, step_pA, true_pA, way
from vclamp.analysis.windows import is_known
from vclamp.model.amplifier import Amplifier
from vclamp.model.channel import Channel
from vclamp.model.ions import Solutions
from vclamp.model.pores import OhmicPore
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording, Sweep, solutions_now
from vclamp.model.rig import Rig
from vclamp.physics import filters
from vclamp.physics.thermo import q10_factor

Array = NDArray[np.float64]
Kind = Literal["capacitor", "channel", "leak", "branch", "pump", "gating", "way", "noise"]

RESOLVED = 0.2  # relative difference of two slopes up to which samples tell how steep the voltage is
SLOPE_TOLERANCE = 2e-3  # of the largest current: a voltage solved in steps is no steeper than that
MOST_NOISE = 6.0  # rms, beyond which it is no noise
NOTHING_pA = 1e-3
RECORDED = ("command_mV", "i_pA")  # all that an instrument tells in voltage clamp


@dataclass(frozen=True)
class Part:
    """One part of the current, outward positive, with what its formula is made of; NaN where a number does not apply.

    Of a channel with an ohmic pore I = g · P · left · (V − E); of any other I = P · open, with `open_pA` the current
    with every channel open and its fast blockers (`left` is what they leave). `sd_pA` is how much channels that open
    one by one make it flicker.
    """

    key: str
    kind: Kind
    label: str
    i_pA: float
    g_nS: float = nan
    p_open: float = nan
    left: float = 1.0
    e_mV: float = nan
    open_pA: float = nan
    on: bool = True
    sd_pA: float = nan


@dataclass(frozen=True)
class VoltageError:
    """Command − V_m in mV, and what it is made of.

    `rs_mV` is R_s · I_true, `correction_mV` and `prediction_mV` (negative) are what compensation gives back,
    `offset_mV` and `junction_mV` what adds unseen, `lag_mV` what the amplifier is behind its command.
    """

    command_mV: float
    v_mV: float
    rs_mV: float = 0.0
    correction_mV: float = 0.0
    prediction_mV: float = 0.0
    offset_mV: float = 0.0
    junction_mV: float = 0.0
    lag_mV: float = 0.0

    @property
    def total_mV(self) -> float:
        """How far the membrane is below its command."""
        return self.command_mV - self.v_mV


@dataclass(frozen=True)
class Inspection:
    """The current at one sample.

    `membrane` adds up to `true_pA`; `true_pA` and `added` and `unexplained_pA` to `recorded_pA`. Where
    nothing but the traces may be told (`secret`: "exam", "foreign") or is known, there are no parts, and `recorded`
    holds the numbers by their traces' names. `jump_fC` is the charge that the last step of an ideal clamp moved
    in no time, `since_ms` how long ago.
    """

    rig: Rig
    time_ms: float
    recorded: Mapping[str, float]
    secret: Literal["", "exam", "foreign"] = ""
    true_pA: float = nan
    membrane: tuple[Part, ...] = ()
    added: tuple[Part, ...] = ()
    unexplained_pA: float = 0.0
    error: VoltageError | None = None
    noise_rms_pA: float = 0.0
    jump_fC: float = 0.0
    since_ms: float = nan

    @property
    def recorded_pA(self) -> float:
        """What stands in the file."""
        return self.recorded.get("i_pA", nan)

    @property
    def v_mV(self) -> float:
        """The true voltage of the membrane; NaN if it may not be told."""
        return self.recorded.get("v_mV", nan)

    @property
    def largest(self) -> Part | None:
        """The part of the membrane's current that is the largest; None if nothing flows."""
        flowing = [part for part in self.membrane if abs(part.i_pA) > NOTHING_pA]
        return max(flowing, key=lambda part: abs(part.i_pA), default=None)


def inspect(recording: Recording, sweep: Sweep, sample: int) -> Inspection:
    """Take the current of a recording apart at one sample of a sweep.

    Parameters
    ----------
    sample : int
        Beyond the sweep's ends it is the first or last one.
    """
    protocol = recording.header.protocol
    sample = min(max(sample, 0), sweep.values.shape[1] - 1)
    rig = sweep.rig_at(sample)
    value = dict(zip(sweep.names, map(float, sweep.values[:, sample]), strict=True))
    time_ms = sample / protocol.fs_kHz
    if recording.foreign or not is_known(rig):
        return Inspection(rig, time_ms, value, "foreign")
    if rig.cell.exam or recording.header.rig.cell.exam:
        shown = (*RECORDED, "v_mV") if rig.amplifier.clamps_current else RECORDED
        return Inspection(rig, time_ms, {name: value[name] for name in shown}, "exam")
    at = slice(sample, sample + 1)
    true = float(true_pA(sweep, at)[0])
    charging, membrane_rest = _charging(rig, sweep, protocol, sample, true - float(flowing_pA(sweep, at)[0]))
    capacitor = Part("cm", "capacitor", "Cm", charging, g_nS=rig.cell.cm_pF)
    travelled = way(sweep, rig, protocol, sample)
    rms_pA = noise_rms_pA(rig.amplifier, rig.cell.cm_pF, rig.solutions.temperature_K, protocol.fs_kHz)
    rms_pA /= sqrt(protocol.series.averages)
    added, way_rest = _added(rig.amplifier, travelled, value["i_pA"], rms_pA)
    jump_fC, since_ms = _last_jump(rig, sweep, protocol, sample)
    return Inspection(
        rig,
        time_ms,
        value,
        true_pA=true,
        membrane=(capacitor, *_membrane(rig, value)),
        added=added,
        unexplained_pA=membrane_rest + way_rest,
        error=_voltage_error(rig.amplifier, travelled, value),
        noise_rms_pA=rms_pA,
        jump_fC=jump_fC,
        since_ms=since_ms,
    )


def ghost_of(sweep: Sweep) -> Sweep:
    """The same sweep with the membrane's ionic current in place of the recorded one, to be drawn behind it.

    The true voltage of the membrane is its trace v_mV already.
    """
    values = sweep.values.copy()
    values[sweep.names.index("i_pA")] = flowing_pA(sweep, gating=False)
    values.setflags(write=False)
    return replace(sweep, values=values)


# ---- through the membrane


def _membrane(rig: Rig, value: Mapping[str, float]) -> tuple[Part, ...]:
    """Channels, branches, pump and gating currents."""
    channels, solutions = rig.cell.channels, solutions_now(rig, value)
    parts = [_channel(rig, channel, solutions, value) for channel in channels]
    parts += [
        Part(b.name, "branch", b.name, i_pA := value[f"i_{b.name}_pA"], 1000.0 / b.r_MOhm,
             e_mV=value["v_mV"] - i_pA * b.r_MOhm / 1000.0)
        for b in rig.cell.branches
    ]  # fmt: skip
    if rig.cell.pump is not None:
        pump, i_pA = rig.cell.pump, value["i_pump_pA"]
        parts.append(Part("pump", "pump", "Na⁺/K⁺ pump", i_pA, open_pA=pump.i_max_pA, on=pump.on))
    parts += [
        Part(f"gating_{channel.name}", "gating", f"gating, {channel.title}", value[name])
        for channel in channels
        if (name := f"i_gating_{channel.name}_pA") in value
    ]
    return tuple(parts)


def _channel(rig: Rig, channel: Channel, solutions: Solutions, value: Mapping[str, float]) -> Part:
    v_mV, i_pA = value["v_mV"], value[f"i_{channel.name}_pA"]
    open_pA, left, e_mV, g_nS = _open(channel, solutions, v_mV)
    p_open = value.get(f"p_open_{channel.name}", nan)
    sd_pA = nan
    if rig.cell.counts(channel) and channel.n_channels:
        sd_pA = abs(open_pA) * sqrt(max(p_open * (1.0 - p_open), 0.0) / channel.n_channels)
    kind: Kind = "channel" if channel.is_gated else "leak"
    return Part(channel.name, kind, channel.title, i_pA, g_nS, p_open, left, e_mV, open_pA, channel.on, sd_pA)


@lru_cache(maxsize=256)
def _open(channel: Channel, solutions: Solutions, v_mV: float) -> tuple[float, float, float, float]:
    """Current with all channels open, what fast blockers leave of it, E, and the conductance of an ohmic pore."""
    at = np.array([v_mV])
    e_mV, g_nS = _reversal(channel, solutions), nan
    if isinstance(channel.pore, OhmicPore) and isfinite(e_mV):
        amount = channel.amount * q10_factor(channel.amount_q10, solutions.temperature_K, channel.temperature_K)
        above = channel.pore.currents_pA(np.array([e_mV + 1.0]), solutions, channel.ion, amount)
        g_nS = float(sum(above.values())[0])  # type: ignore[index]
    open_pA = float(channel.open_current_pA(at, solutions)[0])
    return open_pA, float(channel.unblocked(at, solutions)[0]), e_mV, g_nS


@lru_cache(maxsize=256)
def _reversal(channel: Channel, solutions: Solutions) -> float:
    return channel.reversal_mV(solutions)


def _charging(rig: Rig, sweep: Sweep, protocol: Protocol, sample: int, balance: float) -> tuple[float, float]:
    """C_m dV/dt, and what it leaves unexplained.

    It is what the branches leave of the true current, `balance` in pA, unless the voltage's own slope says something
    else where the samples resolve it.
    """
    if rig.amplifier.ideal:
        course = protocol.course(sweep.index)
        line = int(np.searchsorted(course.last, sample, side="right"))
        rise = float(course.end_mV[line] - course.start_mV[line]) / float(course.last[line] - course.first[line])
        charging = rig.cell.cm_pF * rise * protocol.fs_kHz
        return charging, balance - charging
    v_mV = sweep["v_mV"][max(sample - 2, 0) : sample + 3]
    if v_mV.size < 5 or any(abs(sample - change.sample) <= 2 for change in sweep.changes):
        return balance, 0.0
    per_ms = rig.cell.cm_pF * protocol.fs_kHz
    middle, wide = 0.5 * per_ms * float(v_mV[3] - v_mV[1]), 0.25 * per_ms * float(v_mV[4] - v_mV[0])
    bend = per_ms * abs(float(v_mV[3] - 2.0 * v_mV[2] + v_mV[1]))
    currents = [name.startswith("i_") for name in sweep.names]
    rough = SLOPE_TOLERANCE * float(np.abs(sweep.values[currents, sample]).max())
    unsure = bend + abs(wide - middle)
    if unsure > RESOLVED * abs(middle) + rough or abs(balance - middle) <= unsure + rough + NOTHING_pA:
        return balance, 0.0
    return middle, balance - middle


def _last_jump(rig: Rig, sweep: Sweep, protocol: Protocol, sample: int) -> tuple[float, float]:
    """Charge that the last step before a sample moved in no time, and how long ago; 0 where the clamp is not ideal."""
    if not rig.amplifier.ideal:
        return 0.0, nan
    course = protocol.course(sweep.index)
    ends = np.append(protocol.hold_mV, course.end_mV[:-1])
    jumps = np.flatnonzero((course.first <= sample) & (course.start_mV != ends) & (course.first > 0))
    if not jumps.size:
        return 0.0, nan
    last = int(jumps[-1])
    charge_fC = rig.cell.cm_pF * float(course.start_mV[last] - ends[last])
    return charge_fC, float(sample - course.first[last]) / protocol.fs_kHz


# ---- from there to the disk


def _added(amplifier: Amplifier, travelled: Way, recorded_pA: float, rms_pA: float) -> tuple[tuple[Part, ...], float]:
    """What amplifier and recorder add to the true current, and what is left unexplained."""
    if not amplifier.shows_another_current or amplifier.clamps_current:
        return (), recorded_pA - travelled.true_pA
    if not travelled.known:
        label = "amplifier and recorder together"
        return (Part("together", "way", label, recorded_pA - travelled.true_pA),), 0.0
    parts = []
    if amplifier.has_electronics:
        parts.append(Part("cancelled", "way", "taken off by C-slow", travelled.cancelled_pA))
        if amplifier.circuit == "full":
            parts.append(Part("pipette", "way", "pipette less C-fast", travelled.pipette_pA))
        parts.append(Part("lag", "way", "lag of the amplifier", travelled.lag_pA))
    rest = recorded_pA - travelled.filtered_pA
    recorder = amplifier.recorder
    if not recorder.on:
        return tuple(parts), rest
    if recorder.filter_kHz > 0.0:
        parts.append(Part("filter", "way", "filter", travelled.filter_pA))
    if recorder.bits:
        scale = {"range_V": recorder.range_V, "bits": recorder.bits, "gain_mV_per_pA": recorder.gain_mV_per_pA}
        ends = filters.digitised_pA([-np.inf, np.inf], **scale)  # type: ignore[arg-type]
        clipped = float(np.clip(travelled.filtered_pA, *ends)) - travelled.filtered_pA
        if abs(clipped) > MOST_NOISE * rms_pA + NOTHING_pA:
            parts.append(Part("clipped", "way", "end of the converter's range", clipped))
            rest -= clipped
    most = (MOST_NOISE * rms_pA if recorder.noise else 0.0) + 0.5 * step_pA(amplifier)
    noise = float(np.clip(rest, -most, most))
    if most > 0.0:
        parts.append(Part("noise", "noise", "noise and rounding" if recorder.noise else "rounding", noise))
    return tuple(parts), rest - noise


def _voltage_error(amplifier: Amplifier, travelled: Way, value: Mapping[str, float]) -> VoltageError | None:
    """Command − V_m, part by part; None where the voltage is free."""
    if amplifier.clamps_current:
        return None
    rs_mV = amplifier.rs_MOhm * travelled.true_pA / 1000.0
    pipette_mV = value["v_mV"] - amplifier.unseen_mV + rs_mV  # between amplifier and R_s
    correction = prediction = 0.0
    if amplifier.has_electronics and travelled.known:
        correction = -amplifier.correction_percent / 100.0 * amplifier.rs_est_MOhm * travelled.out_pA / 1000.0
        prediction = -travelled.prediction_mV
    return VoltageError(
        value["command_mV"],
        value["v_mV"],
        rs_mV,
        correction,
        prediction,
        -amplifier.offset_mV,
        amplifier.junction_mV,
        lag_mV=value["command_mV"] - pipette_mV - correction - prediction,
    )
