"""What lies faint behind the sweeps on show: a recording that is laid over them, else the run before."""

from collections.abc import Sequence
from dataclasses import replace

from vclamp.analysis.difference import is_comparable, with_difference
from vclamp.analysis.inspector import ghost_of
from vclamp.analysis.windows import is_known
from vclamp.errors import VClampError
from vclamp.model.exam import hidden
from vclamp.model.protocol import Protocol
from vclamp.model.record import About, Header, Recording, Sweep
from vclamp.model.rig import Rig

ALIKE = 0.01  # by which lengths of sweeps may differ that are laid over one another
CONTROL, TRUE = "control", "true ionic"


class Behind:
    """Chooses it, and keeps what was laid over whatever is run or previewed before it.

    While `differs`, the sweeps on show have one more trace, the difference from what is laid over them. While
    `tells_truth`, it is their own true ionic current that lies behind them, where it may be told.
    """

    def __init__(self) -> None:
        self.laid_over: Recording | None = None
        self.now: Recording | None = None
        self.differs = self.tells_truth = False
        self._made: dict[int, tuple[Sweep, Sweep | None, Sweep]] = {}  # of a sweep and its control, the difference

    def choose(self, header: Header, before: Recording | None = None) -> Recording | None:
        """What is to lie behind sweeps of this header, if nothing is laid over them the run before."""
        over = self.laid_over
        fits = over is not None and over.header is not header and not _misfit(over, header.protocol)
        self.now = over if fits else before
        return self.now

    def lay_over(self, recording: Recording | None, protocol: Protocol | None) -> None:
        """From now on have a recording behind sweeps of this protocol; None has no such.

        Raises
        ------
        VClampError
            If its sweeps are of another length.
        """
        if recording is not None and protocol is not None and (misfit := _misfit(recording, protocol)):
            where = recording.about.source or recording.header.protocol.title
            raise VClampError(misfit, where=where, remedy="Open it, and run its protocol before it.")
        self.laid_over = recording
        self._made = {}

    def forget(self, protocol: Protocol) -> None:
        """Another protocol is on the bench: keep what is laid over only if it fits to that."""
        self.now = None
        self._made = {}
        if self.laid_over is not None and _misfit(self.laid_over, protocol):
            self.laid_over = None

    def truth_of(self, header: Header, sweeps: Sequence[Sweep]) -> Recording | None:
        """The true ionic current of these sweeps, if that is wanted and may be told."""
        rig = header.rig
        secret = hidden(rig) or not is_known(rig) or rig.amplifier.clamps_current
        if not self.tells_truth or secret or not sweeps:
            return None
        return Recording(header, tuple(map(_only_its_current, map(ghost_of, sweeps))), about=About(name=TRUE))

    # ---- the difference --------------------------------------------------------------------

    def control_of(self, header: Header) -> Recording | None:
        """What sweeps of this header are compared with number by number, if that is wanted and can be."""
        over = self.laid_over
        return over if self.differs and over is not None and is_comparable(header, over.header) else None

    def told(self, sweep: Sweep, header: Header) -> Sweep:
        """A sweep with its difference from the control, if that is wanted and can be."""
        control = self.control_of(header)
        if control is None:
            return sweep
        own = next((each for each in control.sweeps if each.index == sweep.index), None)
        made = self._made.get(sweep.index)
        if made is None or made[0] is not sweep or made[1] is not own:
            made = self._made[sweep.index] = (sweep, own, with_difference(sweep, own))
        return made[2]

    def told_all(self, recording: Recording) -> Recording:
        """A recording whose sweeps have it."""
        if self.control_of(recording.header) is None:
            return recording
        return replace(recording, sweeps=tuple(self.told(sweep, recording.header) for sweep in recording.sweeps))


def _only_its_current(sweep: Sweep) -> Sweep:
    row = sweep.names.index("i_pA")
    return replace(sweep, names=("i_pA",), values=sweep.values[row : row + 1])


def as_control(recording: Recording) -> Recording:
    """The recording, named as what others are compared with."""
    name = recording.about.name
    return replace(recording, about=replace(recording.about, name=f"{CONTROL}: {name}" if name else CONTROL))


def rig_for(recording: Recording, rig: Rig) -> Rig:
    """The rig to put on the bench with a recording: its own; for another program's the one there, in its mode."""
    if not recording.foreign:
        return recording.header.rig
    mode = recording.header.rig.amplifier.mode
    return rig if rig.amplifier.mode == mode else replace(rig, amplifier=replace(rig.amplifier, mode=mode))


def _misfit(recording: Recording, protocol: Protocol) -> str:
    """What keeps a recording from being laid over sweeps of a protocol; empty if nothing does."""
    lasts_ms = max((sweep.values.shape[1] for sweep in recording.sweeps), default=0) / recording.header.protocol.fs_kHz
    wanted_ms = max(protocol.duration_ms(k) for k in (0, protocol.total_sweeps - 1))
    if abs(lasts_ms - wanted_ms) <= ALIKE * wanted_ms:
        return ""
    return f"its sweeps last {lasts_ms:g} ms, those on show {wanted_ms:g} ms"
