"""The rig: a cell in its solutions under an amplifier."""

from dataclasses import dataclass, field
from typing import Literal

from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.ions import Drug, Solutions
from vclamp.model.quantities import Capacitance_pF, Name, Note, Resistance_MOhm

MAX_CHANNELS = 32


@dataclass(frozen=True)
class Cell:
    """An isopotential patch of membrane: a capacitance and the channels in it."""

    name: Name
    cm_pF: Capacitance_pF
    channels: tuple[Channel, ...] = ()
    label: Name | None = None
    source: Note = ""
    note: Note = ""

    def __post_init__(self) -> None:
        names = [channel.name for channel in self.channels]
        for name in names:
            if names.count(name) > 1:
                raise VClampError(f"two channels of the cell are named '{name}'", remedy="Rename one of them.")
        if len(names) > MAX_CHANNELS:
            raise VClampError(
                f"the cell has {len(names)} kinds of channel",
                remedy=f"At most {MAX_CHANNELS} are allowed.",
            )

    @property
    def title(self) -> str:
        """The name to show to people."""
        return self.label or self.name


@dataclass(frozen=True)
class Amplifier:
    """The clamp: C_m dV/dt = (V_command − V)/R_s − I_ion, or V = V_command where R_s is 0."""

    mode: Literal["voltage-clamp"] = "voltage-clamp"
    rs_MOhm: Resistance_MOhm = 0.0

    def __post_init__(self) -> None:
        if 0.0 < self.rs_MOhm < 0.01:
            raise VClampError(
                f"rs_MOhm = {self.rs_MOhm:g} is too small to simulate",
                remedy="Use 0 for an ideal clamp, or at least 0.01.",
            )

    @property
    def ideal(self) -> bool:
        """Whether the membrane follows the command at once."""
        return self.rs_MOhm == 0.0


@dataclass(frozen=True)
class Rig:
    """Everything that is on the table, as one frozen value."""

    cell: Cell
    solutions: Solutions = field(default_factory=Solutions)
    amplifier: Amplifier = field(default_factory=Amplifier)

    def __post_init__(self) -> None:
        for channel in self.cell.channels:
            channel.reversal_mV(self.solutions)  # raises where an ion is missing
        listed = {drug.name for drug in self.solutions.drugs}
        wanted = {b.drug: None for c in self.cell.channels for b in c.blockers}
        missing = tuple(Drug(name) for name in wanted if name not in listed)
        if missing:  # a blocker always has a concentration to turn up, from 0
            complete = Solutions(
                self.solutions.ions,
                self.solutions.drugs + missing,
                self.solutions.temperature_K,
            )
            object.__setattr__(self, "solutions", complete)
