"""The rig: a cell in its solutions under an amplifier."""

import re
from dataclasses import dataclass, field, replace

from vclamp.errors import VClampError
from vclamp.model.amplifier import Amplifier
from vclamp.model.channel import Channel
from vclamp.model.gating import MAX_STATES, check_name
from vclamp.model.ions import Drug, Solutions
from vclamp.model.pores import NOBODY, OhmicPore
from vclamp.model.pump import Pump
from vclamp.model.quantities import (
    Capacitance_pF,
    Name,
    Note,
    PositiveResistance_MOhm,
    Tick_ms,
    Volume_pL,
)
from vclamp.model.scheme import Scheme

MAX_CHANNELS = 32
MAX_COUNTED = 1_000_000
_OTHER_TRACES = re.compile(r"membrane|subtracted|difference|leg_\d+")  # i_…_pA of no channel


@dataclass(frozen=True)
class Branch:
    """A resistor and a capacitor in series, parallel to the membrane, as in a model cell."""

    name: Name
    r_MOhm: PositiveResistance_MOhm
    c_pF: Capacitance_pF


@dataclass(frozen=True)
class Cell:
    """An isopotential patch of membrane: a capacitance, the channels in it, and a pump.

    With a `volume_pL` the concentrations inside follow what flows, renewed every `tick_ms`
    of simulated time; without one they stay as a large pipette would keep them. With
    `record_states` the occupancy of every state of every scheme is recorded. Where it is
    `stochastic`, channels with a number (`n_channels`) open and close one by one, at random.
    Of an `exam`'s cell, and of every recording made of it, no analysis tells the true values.
    """

    name: Name
    cm_pF: Capacitance_pF
    channels: tuple[Channel, ...] = ()
    pump: Pump | None = None
    branches: tuple[Branch, ...] = ()
    volume_pL: Volume_pL | None = None
    tick_ms: Tick_ms = 500.0
    record_states: bool = False
    stochastic: bool = False
    exam: bool = False
    label: Name | None = None
    topic: Name | None = None
    source: Note = ""
    note: Note = ""

    def __post_init__(self) -> None:
        names = [*(channel.name for channel in self.channels), *(branch.name for branch in self.branches)]
        for name in names:
            if names.count(name) > 1:
                raise VClampError(f"two channels of the cell are named '{name}'", remedy="Rename one of them.")
            own = name == "pump" and self.pump is not None
            if own or _OTHER_TRACES.fullmatch(name) or name in (f"gating_{other}" for other in names):
                raise VClampError(f"a channel is named '{name}', as another trace is", remedy="Rename it.")
        for branch in self.branches:
            check_name(branch.name, "branch")
        for channel in self.channels if self.stochastic else ():
            self._check_number(channel)
        if len(names) > MAX_CHANNELS:
            raise VClampError(
                f"the cell has {len(names)} kinds of channel",
                remedy=f"At most {MAX_CHANNELS} are allowed.",
            )

    @property
    def title(self) -> str:
        """The name to show to people."""
        return self.label or self.name

    def scheme_of(self, channel: Channel) -> Scheme | None:
        """The states a channel of this cell moves among; those of its gates where it opens at random."""
        return channel.all_states if self.counts(channel) else channel.scheme

    def counts(self, channel: Channel) -> bool:
        """Whether a channel's openings are counted one by one."""
        return self.stochastic and bool(channel.n_channels) and channel.is_gated

    def _check_number(self, channel: Channel) -> None:
        """Refuse more channels, or more states of one, than can be counted."""
        if (channel.n_channels or 0) > MAX_COUNTED:
            raise VClampError(
                f"{channel.n_channels:,} channels '{channel.name}' are too many to open one by one",
                remedy=f"At most {MAX_COUNTED:,} are allowed; or leave stochastic false.",
            )
        if self.counts(channel) and len(self.scheme_of(channel).states) > MAX_STATES:  # type: ignore[union-attr]
            raise VClampError(
                f"channel '{channel.name}' has too many gates to open one by one",
                remedy=f"Its gates make more than {MAX_STATES} states: leave out its n_channels, or use fewer gates.",
            )

    def check(self, solutions: Solutions) -> None:
        """Raise a VClampError if the solutions lack what the cell's currents need."""
        for channel in self.channels:
            channel.check(solutions)
        if self.pump is not None:
            self.pump.check(solutions)
        for channel in self.channels if self.volume_pL else ():
            if isinstance(channel.pore, OhmicPore) and channel.ion is None:
                raise VClampError(
                    f"channel '{channel.name}' names no ion, but this cell's concentrations follow its currents",
                    remedy="Name the ion that carries its current, or leave out volume_pL.",
                )
            for name in channel.ions or (channel.ion or NOBODY,):
                solutions.ion(name)


@dataclass(frozen=True)
class Rig:
    """Everything that is on the table, as one frozen value."""

    cell: Cell
    solutions: Solutions = field(default_factory=Solutions)
    amplifier: Amplifier = field(default_factory=Amplifier)

    def __post_init__(self) -> None:
        self.cell.check(self.solutions)
        listed = {*(drug.name for drug in self.solutions.drugs), *(ion.name for ion in self.solutions.ions)}
        wanted = [b.drug for c in self.cell.channels for b in c.blockers]
        if self.cell.pump is not None:
            wanted += [self.cell.pump.blocker, *(["ATP"] if self.cell.pump.k_atp_mM else [])]
        missing = tuple(Drug(name) for name in dict.fromkeys(wanted) if name not in listed)
        if missing:  # a blocker always has a concentration to turn up, from 0
            object.__setattr__(self, "solutions", replace(self.solutions, drugs=self.solutions.drugs + missing))
