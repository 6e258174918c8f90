"""What a supervisor would say of a protocol before it is run on a rig: warnings, each with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import log10
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vclamp.model.amplifier import OUTPUT_mV
from vclamp.model.channel import Channel
from vclamp.model.course import Course
from vclamp.model.forecast import RESTING, Openings, Pieces, current_pA, looked_at, openings, pieces_of
from vclamp.model.limits import varied
from vclamp.model.segments import Hold, Segment, Step, commands_current
from vclamp.model.summary import trace_bytes
from vclamp.model.transient import Transient, transient

if TYPE_CHECKING:
    from vclamp.model.protocol import Protocol
    from vclamp.model.rig import Rig

Array = NDArray[np.float64]

SAMPLES_PER_CORNER = 5.0
MOST_LEGS = 4  # looked at
LEG_RESIDUE = 0.03  # of a channel's largest current, left by legs that move its gates
UNSETTLED = 0.05  # of the way of a gate between prepulses; three time constants leave as much
UNRECOVERED = 0.05  # of a gate, by which a sweep may begin elsewhere than at rest
SOME_ms = 0.1  # seen of a rest that is none, to know how fast it would be
MANY_BYTES = 512 * 1024**2
TABLES_mV = 250.0  # as far as every channel is tabled
_VALID = re.compile(r"Valid from (-?[0-9.]*[0-9]) to (-?[0-9.]*[0-9]) mV")


@dataclass(frozen=True)
class Advice:
    """Something that will go wrong: in which segment, None being the whole protocol; what; what to do."""

    segment: int | None
    name: str
    what: str
    remedy: str

    @property
    def where(self) -> str:
        """The segment by number and name, as in the protocol's file, or "protocol"."""
        if self.segment is None:
            return "protocol"
        return f"segments[{self.segment}]" + (f" ({self.name})" if self.name else "")

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}"


def lint(protocol: Protocol, rig: Rig) -> tuple[Advice, ...]:
    """Warnings about a protocol on a rig, found without running it.

    Voltages, openings and currents are those of `vclamp.model.forecast`: estimates, of some of the sweeps.
    Of an exam's cell nothing is told that only its channels or its circuit can tell.
    """
    plan = _Plan(protocol, rig)
    rules = [_mode, _memory]
    if not rig.amplifier.clamps_current:
        rules += [_sampling]
        rules += [] if rig.cell.exam else [_range, _legs, _prepulses, _interval, _output, _fast, _marks]
    return tuple(advice for rule in rules for advice in rule(plan))


# ---- what the rules look at


@dataclass(frozen=True)
class _Plan:
    """A protocol on a rig, with what several rules need."""

    protocol: Protocol
    rig: Rig
    sweeps: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sweeps", looked_at(self.protocol))

    def warning(self, number: int | None, what: str, remedy: str) -> Advice:
        name = "" if number is None else self.protocol.segments[number].name
        return Advice(number, name, what, remedy)

    @property
    def gated(self) -> list[Channel]:
        """Channels that open and close, and are there."""
        return [channel for channel in self.rig.cell.channels if channel.is_gated and channel.on and channel.amount]

    @cached_property
    def courses(self) -> tuple[Course, ...]:
        return tuple(self.protocol.course(sweep) for sweep in self.sweeps)

    @cached_property
    def pieces(self) -> Pieces:
        protocol, gaps_ms = self.protocol, None
        if protocol.between == "interval":
            gaps_ms = np.array([protocol.interval_ms - protocol.period_ms(sweep) for sweep in self.sweeps])
            gaps_ms = np.maximum(gaps_ms, SOME_ms)
        return pieces_of(protocol, self.courses, hold_mV=protocol.hold_mV, gaps_ms=gaps_ms)

    @cached_property
    def openings(self) -> Mapping[str, Openings]:
        return {channel.name: openings(channel, self.rig, self.pieces) for channel in self.gated}

    @cached_property
    def jumps(self) -> tuple[_Jump, ...]:
        """Every jump of the command."""
        found: list[_Jump] = []
        for course in self.courses:
            heights = course.start_mV - np.concatenate([[self.protocol.hold_mV], course.end_mV[:-1]])
            at = np.flatnonzero(np.abs(heights) > 1e-6)
            stays_ms = np.where(course.stays, (course.last - course.first) / self.protocol.fs_kHz, np.inf)
            first = np.diff(course.segment, prepend=-1) > 0
            columns = (column[at].tolist() for column in (course.segment, heights, stays_ms, first))
            found += map(_Jump, *columns)
        return tuple(found)

    @cached_property
    def transient(self) -> Transient:
        """How the clamp answers to a jump."""
        return transient(self.rig.amplifier, self.rig.cell.cm_pF)


@dataclass(frozen=True)
class _Jump:
    """A jump of the command: in which segment, how high, how long the command then stays, whether it begins it."""

    segment: int
    height_mV: float
    stays_ms: float
    first: bool


# ---- rules


def _mode(plan: _Plan) -> Iterator[Advice]:
    """Voltages for a current clamp, and the reverse."""
    clamps_current = plan.rig.amplifier.clamps_current
    wrong = [
        number
        for number, segment in enumerate(plan.protocol.segments)
        if not isinstance(segment, Hold) and commands_current(segment) != clamps_current
    ]
    if wrong:
        meant, other = ("voltage", "current") if clamps_current else ("current", "voltage")
        what = f"it commands a {meant}, but the amplifier clamps the {other}: nothing will happen"
        yield plan.warning(wrong[0], what, f'Set amplifier.mode = "{meant}-clamp", or choose another protocol.')


def _memory(plan: _Plan) -> Iterator[Advice]:
    size = trace_bytes(plan.protocol, plan.rig)
    if size > MANY_BYTES:
        what = f"its traces will take {size / 1024**3:.1f} GB of memory"
        yield plan.warning(None, what, "Use fewer sweeps, shorter segments, or a lower fs_kHz.")


def _sampling(plan: _Plan) -> Iterator[Advice]:
    recorder, fs_kHz = plan.rig.amplifier.recorder, plan.protocol.fs_kHz
    if recorder.on and fs_kHz < SAMPLES_PER_CORNER * recorder.filter_kHz:
        what = f"{fs_kHz:g} kHz is less than five times the recorder's filter ({recorder.filter_kHz:g} kHz)"
        yield plan.warning(
            None,
            f"{what}: what is faster than half of it comes back as slow waves",
            f"Raise fs_kHz to {SAMPLES_PER_CORNER * recorder.filter_kHz:g}, "
            f"or lower amplifier.recorder.filter_kHz to {fs_kHz / SAMPLES_PER_CORNER:g}.",
        )


def _range(plan: _Plan) -> Iterator[Advice]:
    """Voltages beyond those for which a channel's constants were measured."""
    ranges = {}
    for channel in plan.rig.cell.channels:
        found = _VALID.search(channel.note)
        if channel.on:
            ranges[channel.name] = (float(found[1]), float(found[2])) if found else (-TABLES_mV, TABLES_mV)
    v_mV = plan.pieces.level_mV + plan.rig.amplifier.unseen_mV
    for number in dict.fromkeys(plan.pieces.segment[1:].tolist()):
        here = v_mV[plan.pieces.segment == number]
        for worst, sign in ((float(here.min()), -1.0), (float(here.max()), 1.0)):
            ends = {name: end[sign > 0] for name, end in ranges.items() if sign * (worst - end[sign > 0]) > 1e-6}
            if ends:
                end, names = min(ends.values(), key=lambda x: sign * x), ", ".join(ends)
                what = f"it goes to {worst:g} mV, where {names} can no longer be trusted (only to {end:g} mV)"
                yield plan.warning(None if number == RESTING else number, what, "Change its level.")
                return


def _legs(plan: _Plan) -> Iterator[Advice]:
    """Legs of leak subtraction that open or close channels, by what that leaves in the subtracted current."""
    protocol, rig = plan.protocol, plan.rig
    if protocol.leak is None:
        return
    chosen = np.linspace(0, len(plan.sweeps) - 1, MOST_LEGS).astype(int)  # they differ less than the sweeps
    legs = tuple(protocol.leg(plan.sweeps[k]) for k in dict.fromkeys(chosen.tolist()))
    pieces = pieces_of(protocol, legs, hold_mV=protocol.leg_hold_mV)
    worst = (LEG_RESIDUE, 0, 0.0, "")
    for channel in plan.gated:
        leg, test = openings(channel, rig, pieces).p_open, plan.openings[channel.name].p_open
        i_leg, i_test = (
            channel.open_current_pA(p.level_mV + rig.amplifier.unseen_mV, rig.solutions) for p in (pieces, plan.pieces)
        )
        largest = float(np.abs(test * i_test).max())
        if largest > 0.0:
            left = np.abs((leg - leg[0, 0]) * i_leg).max(axis=0) / abs(protocol.leak.fraction) / largest
            left[np.abs(pieces.level_mV - protocol.leg_hold_mV) < 1.0] = 0.0  # what follows is of the leg before
            at = np.unravel_index(np.argmax(left), left.shape)
            number, v_mV = int(pieces.segment[at[0]]), float(pieces.level_mV[at])
            worst = max(worst, (float(left[at]), number, v_mV, channel.name))
    share, number, v_mV, name = worst
    if name:
        what = f"its P/N legs reach {v_mV:.3g} mV and move the gates of {name}: {_percent(share)} of its current "
        yield plan.warning(
            number,
            f"{what}would be subtracted, or left, as if it were leak",
            'Give leak.polarity = "opposite", a larger leak.divisor, or a leak.hold_mV at which nothing opens.',
        )


def _prepulses(plan: _Plan) -> Iterator[Advice]:
    """Steps of several levels before a marked segment, too short for the gates that they should settle."""
    segments = plan.protocol.segments
    names = [segment.name for segment in segments]
    for number in sorted({names.index(mark.segment) - 1 for mark in plan.protocol.marks}):
        if number < 0 or not _is_prepulse(segments[number]):
            continue
        row = int(np.flatnonzero(plan.pieces.segment == number)[0])
        duration_ms = float(plan.pieces.duration_ms[row, 0])
        worst = (UNSETTLED, 0.0, 0.0, "")
        for channel, opened in plan.openings.items():
            for gate, apart in opened.apart.items():
                reach = float(opened.reach[gate][row])
                if reach > UNSETTLED:
                    at = int(np.argmax(apart[-1, row]))
                    needed_ms = duration_ms + _wait_ms(apart[:, row, at], duration_ms, UNSETTLED * reach)
                    who = f"{gate} of {channel}" if gate else channel
                    found = (float(apart[-1, row, at]) / reach, needed_ms, float(plan.pieces.level_mV[row, at]), who)
                    worst = max(worst, found)
        share, needed_ms, level_mV, who = worst
        if who:
            what = f"{duration_ms:g} ms do not settle {who}: at {level_mV:g} mV {_percent(share)} of its way is left"
            yield plan.warning(number, what, f"Raise its duration_ms to about {_about(needed_ms)}.")


def _is_prepulse(segment: Segment) -> bool:
    """A step whose level alone is varied: one that varies in time is there to see a gate move."""
    return isinstance(segment, Step) and tuple(varied(segment)) == ("level_mV",)


def _interval(plan: _Plan) -> Iterator[Advice]:
    """Cells that live through the interval and have not come back to rest when the next sweep begins."""
    protocol = plan.protocol
    if protocol.between == "rested" or protocol.total_sweeps == 1 or protocol.series.level_between == "last":
        return
    worst = (UNRECOVERED, 0.0, 0, "")
    for channel, opened in plan.openings.items():
        for gate, apart in opened.apart.items():
            at = int(np.argmax(apart[-1, -1]))
            more_ms = _wait_ms(apart[:, -1, at], float(plan.pieces.duration_ms[-1, at]), UNRECOVERED)
            worst = max(worst, (float(apart[-1, -1, at]), more_ms, at, f"{gate} of {channel}" if gate else channel))
    share, more_ms, at, who = worst
    if who:
        played_ms = protocol.period_ms(plan.sweeps[at])
        gap_ms = max(protocol.interval_ms - played_ms, 0.0)
        what = f"{gap_ms:.3g} ms of rest between sweeps are too short: {_percent(share)} of {who} has not recovered"
        remedy = f"Raise interval_ms to about {_about(played_ms + gap_ms + more_ms)}"
        yield plan.warning(None, what, f'{remedy}, or say between = "rested".')


def _output(plan: _Plan) -> Iterator[Advice]:
    """Currents beyond the converter or the amplifier."""
    amplifier, recorder = plan.rig.amplifier, plan.rig.amplifier.recorder
    ends = []
    if recorder.on and recorder.bits:
        remedy = "Lower amplifier.recorder.gain_mV_per_pA"
        ends.append((1000.0 * recorder.range_V / recorder.gain_mV_per_pA, "the converter ends", remedy))
    if amplifier.has_electronics:
        ends.append((OUTPUT_mV / amplifier.feedback_GOhm, "the amplifier ends", "Lower amplifier.feedback_GOhm"))
    if not ends:
        return
    end_pA, what_ends, remedy = min(ends)
    i_pA = np.abs(current_pA(plan.rig, plan.pieces, plan.openings)).max(axis=(0, 2))
    row = int(np.argmax(i_pA))
    number, flows_pA, kind = int(plan.pieces.segment[row]), float(i_pA[row]), ""
    jump = max(plan.jumps, key=lambda jump: abs(jump.height_mV), default=None)
    if jump is not None and abs(jump.height_mV) * plan.transient.peak_pA > flows_pA:
        number, flows_pA, kind = jump.segment, abs(jump.height_mV) * plan.transient.peak_pA, " of capacitive transient"
        remedy = f"Cancel it with amplifier.cm_est_pF, or {remedy[0].lower()}{remedy[1:]}"
    if flows_pA > end_pA:
        what = f"about {_nA(flows_pA)}{kind} will flow, and {what_ends} at {_nA(end_pA)}"
        yield plan.warning(None if number == RESTING else number, what, f"{remedy} {_fold(flows_pA / end_pA)}.")


def _fast(plan: _Plan) -> Iterator[Advice]:
    """Steps that are over before the membrane has followed them; a clamp that oscillates."""
    if plan.transient.rings:
        what = "the clamp is compensated beyond what is stable, and will oscillate"
        yield plan.warning(None, what, "Lower amplifier.correction_percent, prediction_percent or cp_est_pF.")
    tau_ms = plan.transient.tau_ms
    shortest = min(plan.jumps, key=lambda jump: jump.stays_ms, default=None)
    if shortest is not None and shortest.stays_ms < tau_ms:
        what = f"it lasts {shortest.stays_ms:.3g} ms, and the membrane follows with a time constant of {tau_ms:.2g} ms"
        yield plan.warning(shortest.segment, f"{what} (R_s C_m)", "Lengthen it, or compensate the series resistance.")


def _marks(plan: _Plan) -> Iterator[Advice]:
    """Marks that begin before the capacitive transient of their segment's step has passed.

    Leak subtraction takes it away; who marks a whole segment means the transient too.
    """
    protocol = plan.protocol
    if protocol.leak is not None:
        return
    lasts_ms = plan.transient.lasts_ms
    names = [segment.name for segment in protocol.segments]
    begins = {jump.segment for jump in plan.jumps if jump.first}
    for mark in protocol.marks:
        number, whole = names.index(mark.segment), mark.start_ms == 0.0 and mark.end_ms is None
        if mark.start_ms < lasts_ms and number in begins and not whole:
            what = f"its mark '{mark.name}' begins {mark.start_ms:g} ms after the jump, and the capacitive transient "
            remedy = f"Let the mark start at {_about(lasts_ms)} ms, or compensate the capacitance and R_s."
            yield plan.warning(number, f"{what}lasts {lasts_ms:.2g} ms", remedy)


# ---- numbers


def _wait_ms(apart: Array, duration_ms: float, enough: float) -> float:
    """How much longer an exponential must fall, by its second half."""
    half, end = float(apart[-2]), float(apart[-1])
    if end <= enough:
        return 0.0
    tau_ms = 0.5 * duration_ms / max(np.log(half / end), 1e-3)
    return float(tau_ms * np.log(end / enough))


def _about(value: float) -> str:
    """A positive number to two digits, rounded up."""
    if not value > 0.0:
        return "0"
    unit = 10.0 ** (np.floor(log10(value)) - 1.0)
    return f"{np.ceil(value / unit - 1e-9) * unit:g}"


def _percent(share: float) -> str:
    return f"{100.0 * min(share, 1.0):.0f} %"


def _nA(i_pA: float) -> str:
    return f"{i_pA / 1000.0:.3g} nA" if i_pA >= 1000.0 else f"{i_pA:.3g} pA"


def _fold(ratio: float) -> str:
    return f"{_about(ratio)}-fold"
