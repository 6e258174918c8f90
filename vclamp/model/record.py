"""What a run says: a Header, then Chunks and Sweeps, then Finished."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vclamp.model.channel import Channel
from vclamp.model.ions import Solutions
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Header:
    """Everything needed to run the same again."""

    rig: Rig
    protocol: Protocol
    seed: int
    version: str


@dataclass(frozen=True)
class Change:
    """The rig became this one at a sample of a sweep."""

    sweep: int
    sample: int
    rig: Rig


@dataclass(frozen=True)
class Chunk:
    """Samples [first, last) of a sweep are ready in `values`, which later chunks go on filling."""

    sweep: int
    first: int
    last: int
    names: tuple[str, ...]
    values: Array


@dataclass(frozen=True)
class Sweep:
    """A finished sweep.

    `values` is read-only, shape (n_traces, n_samples), rows named by `names`; `start` is the
    state it began from (V in mV, then every gate), `rig` the rig it began with.
    """

    index: int
    names: tuple[str, ...]
    values: Array
    start: tuple[float, ...]
    rig: Rig
    changes: tuple[Change, ...] = ()

    def __getitem__(self, name: str) -> Array:
        """The trace of that name, such as "i_pA"; KeyError if there is none."""
        if name not in self.names:
            raise KeyError(name)
        row: Array = self.values[self.names.index(name)]
        return row

    def rig_at(self, sample: int) -> Rig:
        """The rig at a sample, with what was changed up to there."""
        return next((change.rig for change in reversed(self.changes) if change.sample <= sample), self.rig)


@dataclass(frozen=True)
class Finished:
    """The run's last word."""

    reason: Literal["completed", "stopped", "failed"]
    message: str = ""


Event = Header | Chunk | Sweep | Finished


@dataclass(frozen=True)
class About:
    """What is known of a run beside what makes it: when it began (UTC, ISO 8601), and what users say of it.

    `source` is the file of another program that the run was read from, empty if it was recorded here;
    `sweep_notes` are pairs of a sweep's index and a text.
    """

    started_utc: str = ""
    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    sweep_notes: tuple[tuple[int, str], ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Recording:
    """A run as it is kept: its header and its finished sweeps."""

    header: Header
    sweeps: tuple[Sweep, ...]
    finished: Finished = Finished("completed")
    about: About = About()

    @property
    def foreign(self) -> bool:
        """Whether another program recorded it, so that nothing is known but its traces."""
        return bool(self.about.source)

    def only(self, indices: Collection[int]) -> "Recording":
        """The same run with these of its sweeps."""
        return replace(self, sweeps=tuple(sweep for sweep in self.sweeps if sweep.index in indices))


def trace_names(rig: Rig, protocol: Protocol | None = None) -> tuple[str, ...]:
    """Names of the traces a sweep of this rig has, in the order of their rows; then those that a protocol adds."""
    leak = protocol.leak if protocol is not None else None
    cell = rig.cell
    channels = cell.channels
    schemes = [(channel, cell.scheme_of(channel)) for channel in channels]
    return (
        "command_mV",
        "v_mV",
        "i_pA",
        *(("i_membrane_pA",) if rig.amplifier.shows_another_current else ()),
        *(f"i_{channel.name}_pA" for channel in channels),
        *(f"i_{branch.name}_pA" for branch in cell.branches),
        *(("i_pump_pA",) if cell.pump is not None else ()),
        *(f"i_gating_{channel.name}_pA" for channel in channels if has_gating_current(channel)),
        *(f"p_open_{channel.name}" for channel in channels if channel.is_gated),
        *(
            f"gate_{channel.name}_{gate.name}"
            for channel, scheme in schemes
            if scheme is None
            for gate in channel.gates
        ),
        *(
            f"state_{channel.name}_{state}"
            for channel, scheme in schemes
            if cell.record_states and scheme is not None
            for state in scheme.states
        ),
        *(f"in_{ion.name}_mM" for ion in rig.solutions.ions if cell.volume_pL is not None),
        *(() if leak is None else ("i_subtracted_pA", *(f"i_leg_{n}_pA" for n in range(1, leak.n + 1)))),
    )


def solutions_now(rig: Rig, value: Mapping[str, float]) -> Solutions:
    """The rig's solutions with what the inside holds at a sample, whose values go by the names of the traces."""
    return rig.solutions.with_inside(
        {ion.name: value[f"in_{ion.name}_mM"] for ion in rig.solutions.ions if f"in_{ion.name}_mM" in value}
    )


def has_gating_current(channel: Channel) -> bool:
    """Whether moving charges of its gating are known, and how many channels there are."""
    return bool(channel.n_channels) and channel.scheme is not None and any(channel.scheme.charges_e)
