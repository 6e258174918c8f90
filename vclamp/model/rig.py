"""The rig: a cell in its solutions under an amplifier."""

from dataclasses import dataclass, field, replace
from typing import Literal

from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.gating import check_name
from vclamp.model.ions import Drug, Solutions
from vclamp.model.pores import NOBODY, OhmicPore
from vclamp.model.pump import Pump
from vclamp.model.quantities import (
    Capacitance_pF,
    Current_pA,
    Name,
    Note,
    PositiveResistance_MOhm,
    Resistance_MOhm,
    Tick_ms,
    Volume_pL,
)

MAX_CHANNELS = 32


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
    `record_states` the occupancy of every state of every scheme is recorded.
    """

    name: Name
    cm_pF: Capacitance_pF
    channels: tuple[Channel, ...] = ()
    pump: Pump | None = None
    branches: tuple[Branch, ...] = ()
    volume_pL: Volume_pL | None = None
    tick_ms: Tick_ms = 500.0
    record_states: bool = False
    label: Name | None = None
    topic: Name | None = None
    source: Note = ""
    note: Note = ""

    def __post_init__(self) -> None:
        names = [*(channel.name for channel in self.channels), *(branch.name for branch in self.branches)]
        for name in names:
            if names.count(name) > 1:
                raise VClampError(f"two channels of the cell are named '{name}'", remedy="Rename one of them.")
            if name == "pump" and self.pump is not None:
                raise VClampError("a channel is named 'pump', as the pump's trace is", remedy="Rename it.")
        for branch in self.branches:
            check_name(branch.name, "branch")
        if len(names) > MAX_CHANNELS:
            raise VClampError(
                f"the cell has {len(names)} kinds of channel",
                remedy=f"At most {MAX_CHANNELS} are allowed.",
            )

    @property
    def title(self) -> str:
        """The name to show to people."""
        return self.label or self.name

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
class Amplifier:
    """The amplifier: it clamps the voltage through R_s, or it clamps the current to `bias_pA`.

    C_m dV/dt = (V_command − V)/R_s − I_ion, or V = V_command where R_s is 0; in current clamp
    C_m dV/dt = bias_pA − I_ion, which at 0 pA is the "I = 0" setting; before the run none flows.
    """

    mode: Literal["voltage-clamp", "current-clamp"] = "voltage-clamp"
    rs_MOhm: Resistance_MOhm = 0.0
    bias_pA: Current_pA = 0.0

    def __post_init__(self) -> None:
        if 0.0 < self.rs_MOhm < 0.01:
            raise VClampError(
                f"rs_MOhm = {self.rs_MOhm:g} is too small to simulate",
                remedy="Use 0 for an ideal clamp, or at least 0.01.",
            )

    @property
    def clamps_current(self) -> bool:
        """Whether the membrane's voltage is free."""
        return self.mode == "current-clamp"

    @property
    def ideal(self) -> bool:
        """Whether the membrane follows the command at once."""
        return self.rs_MOhm == 0.0 and not self.clamps_current


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
