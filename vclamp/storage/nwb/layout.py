"""Which trace becomes which series, under what name, in which unit."""

import json
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from vclamp.model.protocol import Protocol
from vclamp.model.record import Array, Recording, Sweep
from vclamp.storage.nwb.words import began, plain
from vclamp.units import PLAIN, SI, unit_of

MODULE = "icephys"
ACQUISITION, STIMULUS, TRUTH = "acquisition", "stimulus/presentation", f"processing/{MODULE}"
_NOT_IN_A_NAME = re.compile(r"[/:\x00]")


@dataclass(frozen=True)
class Roles:
    """What a sweep was to its amplifier; "zero" is a current clamp that injects nothing, I = 0.

    `response` is the trace that an amplifier would have given, `stimulus` the one that it commanded; None where
    the sweep has no such trace.
    """

    clamp: Literal["voltage", "current", "zero"]
    response: str | None
    stimulus: str | None

    @property
    def both(self) -> tuple[str | None, str | None]:
        """The stimulus, then the response."""
        return self.stimulus, self.response

    @property
    def partner(self) -> str | None:
        """The one that there is, if one is missing; None if both are."""
        return self.response or self.stimulus

    def place(self, trace: str) -> str:
        """The group of the file that a trace goes to."""
        return {self.response: ACQUISITION, self.stimulus: STIMULUS}.get(trace, TRUTH)


@dataclass(frozen=True)
class Planned:
    """A sweep in the file: when it starts, and the series that its traces become.

    neo makes its Blocks and Segments of the `comments`. `templates` names, for a trace that an earlier sweep of
    its run has too, under the same amplifier, the first series of that trace.
    """

    sweep: Sweep
    roles: Roles
    start_s: float
    comments: str
    series: dict[str, str]
    templates: dict[str, str]


def planned(recordings: Sequence[Recording]) -> list[list[Planned]]:
    """Every sweep of every run in the file.

    The file starts with its first run. A run starts when it began, as far as that is known, but not before the
    one before it ended: what is simulated may take longer on its own clock than on the wall.
    """
    origin, ended_s, plans = began(recordings[0]), 0.0, []
    for number, recording in enumerate(recordings, 1):
        time, protocol = began(recording), recording.header.protocol
        if origin is not None and time is not None:
            ended_s = max(ended_s, (time - origin).total_seconds())
        ends_s = [ended_s]
        for k in range(max(sweep.index for sweep in recording.sweeps) + 1):
            ends_s.append(ends_s[-1] + max(protocol.interval_ms, protocol.period_ms(k)) / 1000.0)
        plans.append(_planned_run(recording, number if len(recordings) > 1 else None, ends_s))
        ended_s = ends_s[-1]
    return plans


def _planned_run(recording: Recording, run: int | None, starts_s: Sequence[float]) -> list[Planned]:
    first: dict[Hashable, str] = {}
    block = plain(f"{'' if run is None else f'run {run}: '}{recording.header.protocol.name}")
    plans = []
    for sweep in recording.sweeps:
        roles = roles_of(sweep, recording.header.protocol, foreign=recording.foreign)
        series = dict(zip(sweep.names, series_names(sweep.names, sweep.index, run), strict=True))
        templates = {}
        for trace, name in series.items():
            place = roles.place(trace)
            template = first.setdefault((trace, place, None if place == TRUTH else (roles.clamp, sweep.rig)), name)
            if template != name:
                templates[trace] = template
        comments = json.dumps({"block": block, "segment": f"sweep_{sweep.index:03d}"})
        plans.append(Planned(sweep, roles, starts_s[sweep.index], comments, series, templates))
    return plans


def roles_of(sweep: Sweep, protocol: Protocol, *, foreign: bool = False) -> Roles:
    """The roles of a sweep's traces; a rig that changes in mid-sweep counts as what it began as.

    In current clamp `i_pA` is what is injected, and the recorded voltage is the membrane's own. Of a foreign
    recording nobody knows that nothing was injected.
    """
    amplifiers = [rig.amplifier for rig in (sweep.rig, *(change.rig for change in sweep.changes))]
    if amplifiers[0].clamps_current:
        idle = all(amplifier.clamps_current and not amplifier.bias_pA for amplifier in amplifiers)
        if idle and not foreign and not protocol.commands_current:
            return Roles("zero", "v_mV", None)
        return Roles("current", *(name if name in sweep.names else None for name in ("v_mV", "i_pA")))
    return Roles("voltage", *(name if name in sweep.names else None for name in ("i_pA", "command_mV")))


def series_names(traces: Sequence[str], sweep: int, run: int | None) -> tuple[str, ...]:
    """A name for each trace that no other series of the file has; `run` is given where the file holds several.

    They lack the unit, which is an SI unit in the file, unless two traces differ by nothing else.
    """
    head = "" if run is None else f"run{run}_"
    stems = [trace if unit_of(trace) == PLAIN else trace.rsplit("_", 1)[0] for trace in traces]
    stems = [trace if stems.count(stem) > 1 else stem for trace, stem in zip(traces, stems, strict=True)]
    stems = [_NOT_IN_A_NAME.sub("_", stem) for stem in stems]
    stems = [f"{stem}_{n}" if stems.count(stem) > 1 else stem for n, stem in enumerate(stems)]
    return tuple(f"{head}{stem}_{sweep:03d}" for stem in stems)


def in_si(sweep: Sweep) -> Sweep:
    """A sweep of ours in the units of the file."""
    return replace(sweep, values=sweep.values * _factors(sweep))


def from_si(sweep: Sweep) -> Sweep:
    """A sweep of the file in our units.

    A value may have become another by its last bit, but in SI units it is bit for bit what stands in the file.
    """
    values: Array = sweep.values / _factors(sweep)
    values.setflags(write=False)
    return replace(sweep, values=values)


def _factors(sweep: Sweep) -> Array:
    return np.array([[SI[unit_of(name)][1]] for name in sweep.names]).reshape(-1, 1)
