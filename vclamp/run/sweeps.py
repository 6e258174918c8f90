"""One sweep while it is played, with the legs and pulses that belong to it; or a family of sweeps at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis.leak import pn_subtracted
from vclamp.engine.simulation import Simulation
from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.record import Change, Chunk, Sweep, trace_names
from vclamp.model.rig import Rig

if TYPE_CHECKING:
    from vclamp.run.runner import Inbox

Array = NDArray[np.float64]
Said = Generator[Chunk | Sweep, None, int]  # and how many sweeps were finished

_CURRENT = 2  # row of the recorded current
_BESIDE = 10_000  # no turn


def play_family(simulation: Simulation, rig: Rig, first: int, values: Array, inbox: Inbox) -> Said:
    """Whole sweeps from number `first` on, played at once."""
    simulation.rest(first)
    names, start = simulation.names, simulation.state
    simulation.play_family(first, values)
    values.setflags(write=False)
    whole = _are_numbers(values[:, _total(names)])
    for done, sweep in enumerate(values):
        good = sweep.shape[1] if whole else _good_until(names, sweep, 0, sweep.shape[1])
        yield Chunk(first + done, 0, good, names, sweep)
        if good < sweep.shape[1]:
            raise _lost(names, sweep, good, first + done)
        if inbox.stopped:
            return done
        yield Sweep(first + done, names, sweep, start, rig)
    return len(values)


def bring_to_start(simulation: Simulation, protocol: Protocol, index: int) -> None:
    """Bring the cell from the end of the sweep before to the start of this one."""
    if protocol.between == "rested":
        simulation.rest(index)
        return
    gap_ms = protocol.interval_ms - protocol.period_ms(index - 1)
    lasts = protocol.series.level_between == "last"
    simulation.wait(_samples(protocol, gap_ms), protocol.last_mV(index - 1) if lasts else protocol.hold_mV)
    simulation.set_state(simulation.state)


class SweepPlayer:
    """Plays one sweep; the last rows of its values are those of its legs, if it has any."""

    def __init__(self, simulation: Simulation, protocol: Protocol, index: int, rig: Rig, values: Array) -> None:
        self.rig = self._first_rig = rig
        self._simulation, self._protocol, self._index = simulation, protocol, index
        self._names = trace_names(rig, protocol)
        self._values = values
        self._changes: list[Change] = []

    def play(self, inbox: Inbox) -> Said:
        """Play the sweep chunk by chunk, each as often as it is averaged; 0 are finished if it was stopped.

        A changed rig is heard of in the first turn alone: a change is known by its sweep and sample.
        """
        simulation, leak, values = self._simulation, self._protocol.leak, self._values
        start, mean = simulation.state, values
        values[len(simulation.names) :] = np.nan  # not known until all legs are played
        if self._protocol.plays_more:
            simulation.begin(self._index, _BESIDE)  # what comes before the sweep has a chance of its own
        if leak is not None and leak.when == "before":
            self._play_legs()
        for turn in range(self._protocol.series.averages):
            if turn and self._protocol.between == "rested":
                simulation.rest(self._index)
            self._condition()
            simulation.begin(self._index, turn)
            start = simulation.state if not turn else start
            yield from self._play_once(inbox, changing=not turn)
            if inbox.stopped:
                return 0
            if self._protocol.series.averages > 1:
                mean = mean + (values - mean) / (turn + 1) if turn else values.copy()
        if mean is not values:
            kept = len(simulation.names)
            values[:kept] = mean[:kept]
        if leak is not None:
            if leak.when == "after":
                self._play_legs()
            self._subtract()
        values.setflags(write=False)
        yield Sweep(self._index, self._names, values, start, self._first_rig, tuple(self._changes))
        return 1

    def _play_once(self, inbox: Inbox, *, changing: bool) -> Generator[Chunk, None, None]:
        sample, n_samples, dt_ms = 0, self._values.shape[1], 1.0 / self._protocol.fs_kHz
        while sample < n_samples:
            if changing:
                self._hear(inbox, sample)
            if inbox.stopped:
                return
            last = min(inbox.next_border(self._index, sample, dt_ms), n_samples)
            self._simulation.play(sample, last, self._values)
            played = self._values[: len(self._simulation.names)]
            good = _good_until(self._names, played, sample, last)
            yield Chunk(self._index, sample, good, self._names, self._values)
            if good < last:
                raise _lost(self._names, played, good, self._index)
            if inbox.stopped:
                return
            sample = last

    def _condition(self) -> None:
        """Play the conditioning pulses."""
        if self._protocol.conditioning is not None:
            for level_mV, duration_ms in self._protocol.conditioning.steps:
                self._simulation.wait(_samples(self._protocol, duration_ms), level_mV)

    def _play_legs(self) -> None:
        """Play the legs of leak subtraction from their own holding potential, and come back from there."""
        protocol, simulation, leak = self._protocol, self._simulation, self._protocol.leak
        assert leak is not None
        first_row, settle = len(simulation.names) + 1, _samples(protocol, leak.settle_ms)
        scratch = np.empty((len(simulation.names), self._values.shape[1]))
        for number in range(leak.n):
            wait = _samples(protocol, leak.gap_ms) if number else settle
            simulation.wait(wait, protocol.leg_hold_mV)
            simulation.begin(self._index, number, leg=True)
            simulation.play(0, scratch.shape[1], scratch)
            good = _good_until(self._names, scratch, 0, scratch.shape[1])
            if good < scratch.shape[1]:
                raise _lost(self._names, scratch, good, self._index)
            self._values[first_row + number] = scratch[_CURRENT]
        simulation.wait(settle, protocol.hold_mV)

    def _subtract(self) -> None:
        """Write what the legs leave of the current."""
        leak = self._protocol.leak
        assert leak is not None
        first_row, baseline = len(self._simulation.names), self._protocol.baseline(self._index)
        rows = self._values[[_CURRENT, *range(first_row + 1, first_row + 1 + leak.n)]]
        above = rows - rows[:, :baseline].mean(axis=1, keepdims=True) if baseline else rows
        self._values[first_row] = pn_subtracted(above[0], above[1:], fraction=leak.fraction)

    def _hear(self, inbox: Inbox, sample: int) -> None:
        """Take a changed rig, from this sample on."""
        rig = inbox.take(self._index, sample)
        if rig is None or rig == self.rig:
            return
        if trace_names(rig, self._protocol) != self._names:
            raise VClampError(
                "channels, the circuit and the recording chain cannot come or go while a sweep runs",
                remedy="Stop the run first.",
            )
        self._simulation.set_rig(rig, sample)
        self.rig = rig
        self._changes.append(Change(self._index, sample, rig))


def _samples(protocol: Protocol, duration_ms: float) -> int:
    return max(0, round(duration_ms * protocol.fs_kHz))


def _are_numbers(values: Array) -> bool:
    """Whether they all are; their sum tells, far cheaper than to look at each."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(values.sum()))


def _total(names: tuple[str, ...]) -> int:
    """The row of the membrane's whole current, before any recorder: nothing goes wrong without it."""
    return names.index("i_membrane_pA") if "i_membrane_pA" in names else _CURRENT


def _good_until(names: tuple[str, ...], values: Array, first: int, last: int) -> int:
    """The sample up to which all of [first, last) are numbers."""
    if _are_numbers(values[_total(names), first:last]):
        return last
    bad = ~np.isfinite(values[:, first:last]).all(axis=0)
    return first + int(bad.argmax()) if bad.any() else last


def _lost(names: tuple[str, ...], values: Array, sample: int, index: int) -> VClampError:
    """What to say of a model that left the numbers."""
    name = names[int(np.argmin(np.isfinite(values[:, sample])))]
    return VClampError(
        f"{name} is no number from sample {sample + 1} of sweep {index + 1} on",
        remedy="Some value of the rig is too extreme: take back what was changed last.",
    )
