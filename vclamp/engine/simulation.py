"""A cell under the clamp: its state, and how it moves along a protocol."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from vclamp.engine.compile import Lowered, lower
from vclamp.engine.inside import Inside
from vclamp.engine.kernels.chance import draw, scatter, stream_of
from vclamp.engine.kernels.clamped import play_clamped, settle
from vclamp.engine.kernels.membrane import play_membrane
from vclamp.engine.program import Integers, Stretches, program_of
from vclamp.engine.recording import RecordingChain
from vclamp.engine.tables import WHOLE, Tables
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig

Array = NDArray[np.float64]
Stream = NDArray[np.uint64]

_SCRATCH = 4096
_TO_START, _TO_MOVE, _TO_JOIN = 0, 1, 2  # what a channel's random numbers are for
_PURPOSES = 3
_VOLTAGE = ("circuit", "v_mV")
_GO_ON = np.empty(0)
_NO_LINES = (*[np.empty((0, 0))] * 3, np.empty((0, 0, 0)), np.empty((0, 0)))


class Simulation:
    """The running cell: the only thing in the engine that changes.

    Its state holds at sample `_progress[0]` of the sweep. A constant voltage in an ideal clamp leaves
    the gates where the stretch began and reads every sample in closed form; everything else moves
    along.
    """

    def __init__(self, rig: Rig, protocol: Protocol, seed: int = 0) -> None:
        self._program, self._seed = program_of(protocol), seed
        self._error_mV = np.zeros(1)
        self._progress = np.zeros(2, np.int64)
        self._adopt(rig)
        self._streams = np.zeros((len(self._low.schemes), 4), np.uint64)
        self._recording = RecordingChain(rig, self._program.dt_ms)
        self.rest(0)
        self.begin(0)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the rows that `play` writes."""
        return self._low.names

    @property
    def state(self) -> tuple[float, ...]:
        """The circuit (membrane voltage in mV first), every gate, every scheme's state, what the inside holds."""
        return (*self._y.tolist(), *self._x.tolist(), *(self._s * self._low.scale).tolist(), *self._inside.state)

    @property
    def error_mV(self) -> float:
        """How wrong the membrane's voltage may have become in this sweep by solving it in steps."""
        return float(self._error_mV[0])

    def set_state(self, state: tuple[float, ...]) -> None:
        """Put the cell in a state."""
        a = self._y.size
        b, c = a + self._x.size, a + self._x.size + self._s.size
        self._y[:], self._x[:], self._s[:] = state[:a], state[a:b], state[b:c] / self._low.scale
        for _, first, last in self._low.counted:
            self._s[first:last] = np.rint(self._s[first:last])
        self._inside.state = state[c:]
        self._refresh_currents()

    def rest(self, sweep: int) -> None:
        """Put the cell in its steady state at the holding potential; channels that are counted are drawn from it."""
        if self._inside.follows:
            self._inside.renew()
            self._refresh_currents()
        rest, n = self._tables.rest, self._y.size + self._x.size
        self._y[:], self._x[:], self._s[:] = rest[: self._y.size], rest[self._y.size : n], rest[n:]
        for k, first, last in self._low.counted:
            draw(self._s, rest[n:], float(self._low.numbers[k]), first, last, self._stream(k, sweep, _TO_START))

    def begin(self, sweep: int, turn: int = 0, *, leg: bool = False) -> None:
        """Begin a sweep from the present state, or one of its legs; each turn at it has a chance of its own."""
        self._progress[:] = 0
        self._error_mV[:] = 0.0
        self._stretches = self._program.leg(sweep) if leg else self._program.sweep(sweep)
        chance = 2 * turn + leg
        for k, _, _ in self._low.counted:
            self._streams[k] = self._stream(k, sweep, _TO_MOVE + _PURPOSES * chance)
        self._recording.begin(self._seed, sweep, chance)

    def set_rig(self, rig: Rig, sample: int) -> None:
        """Go on with another rig from a sample on; gates and states that are new start settled."""
        command_mV = self._settle(sample)
        old, state, inside = self._low, self.state, self._inside
        before = dict(zip(self._keys(), state, strict=False))
        self._adopt(rig)
        low, amplifier = self._low, rig.amplifier
        if (old.rig.amplifier.ideal or amplifier.ideal) and not amplifier.clamps_current:
            before[_VOLTAGE] = command_mV + amplifier.unseen_mV
        v_mV = before[_VOLTAGE]
        circuit = [v_mV] if self._y.size == 1 else self._tables.clamp.steady(command_mV, 0.0).tolist()
        settled = (*circuit, *low.relaxation((v_mV,))[0][0], *low.occupancies((v_mV,))[0])
        keys = self._keys()
        whole = {name for name, _ in keys if all(key in before for key in keys if key[0] == name)} | {_VOLTAGE[0]}
        values = [before.get(key, settled[n]) if key[0] in whole else settled[n] for n, key in enumerate(keys)]
        self._inside.keep(inside)
        self.set_state((*map(float, values), *self._inside.state))
        shares = np.array(values[self._y.size + self._x.size :])
        for k, first, last in low.counted:
            if low.numbers[k] == old.numbers[k] and low.schemes[k][0].name in whole:
                continue  # the same channels, each in its state
            if not old.numbers[k]:
                self._streams[k] = self._stream(k, sample, _TO_JOIN)
            draw(self._s, shares, float(low.numbers[k]), first, last, self._streams[k])
        self._recording.adopt(rig)

    @property
    def repeats(self) -> bool:
        """Whether every sweep that begins at rest begins alike, so that `play_family` may play many."""
        amplifier = self._low.rig.amplifier
        return amplifier.ideal and not self._inside.follows and not self._low.counted

    def play_family(self, first: int, values: Array) -> None:
        """Write whole sweeps from number `first` on, each from rest; shape (n_sweeps, n_traces, n_samples)."""
        last = first + values.shape[0]
        self._play_clamped(self._tables.rest[1:], *self._program.family(first, last), values, 0, values.shape[2])
        if self._recording.on:
            for number, sweep in enumerate(values, start=first):
                self._recording.begin(self._seed, number)
                self._recording.record(sweep[2])

    def play(self, first: int, last: int, values: Array) -> None:
        """Write samples [first, last) of the sweep; calls must follow one another."""
        begin = first
        while first < last:  # as far as the inside stays as it is
            border = self._inside.border(first)
            stop = min(border, last)
            self._play(first, stop, border, values)
            self._inside.write(values, first, stop)
            if self._inside.advance(stop - first):
                self._refresh_currents()
            first = stop
        self._recording.record(values[2, begin:last])

    def wait(self, n_samples: int, level_mV: float) -> None:
        """Live through some samples at a level of the protocol without recording them."""
        low = self._low
        self._stretches = self._program.still(n_samples, level_mV)
        self._progress[:] = 0
        if low.rig.amplifier.ideal and not self._inside.follows:
            self._leap(n_samples, level_mV)
            return
        scratch = np.empty((len(self.names), _SCRATCH))
        for done in range(0, n_samples, _SCRATCH):
            count = min(_SCRATCH, n_samples - done)
            self._stretches = self._program.still(count, level_mV)
            self._progress[:] = 0
            stop = 0
            while stop < count:
                first, border = stop, self._inside.border(stop)
                stop = min(border, count)
                self._play(first, stop, border, scratch)
                if self._inside.advance(stop - first):
                    self._refresh_currents()

    def _play(self, first: int, last: int, border: int, values: Array) -> None:
        low, tables, amplifier = self._low, self._tables, self._low.rig.amplifier
        if amplifier.ideal:
            borders = np.array([0, self._stretches[0].size])
            self._play_clamped(_GO_ON, borders, self._stretches, values[None], first, last)
            self._y[0] = values[1, last - 1]
        else:
            play_membrane(
                self._all, self._streams, self._progress, self._stretches, tables.membrane, tables.circuit,
                low.gating, low.rows, low.path_opening, low.state_charge_fC, tables.bounds, tables.clamp.d,
                tables.clamp.d_constant, low.rig.cell.cm_pF, self._program.dt_ms, amplifier.clamps_current, WHOLE,
                tables.step_work, self._error_mV, values, last, border,
            )  # fmt: skip

    def _play_clamped(
        self, rest: Array, borders: Integers, stretches: Stretches, sweeps: Array, first: int, last: int
    ) -> None:
        low, tables = self._low, self._tables
        play_clamped(
            rest, self._x, self._s, self._streams, self._progress, borders, stretches, tables.exact,
            tables.line if self._program.has_lines else _NO_LINES, low.gating, low.rows, low.path_opening,
            self._inside.charge_fC, low.rig.amplifier.unseen_mV, low.rig.cell.cm_pF, self._program.dt_ms,
            tables.block_work, sweeps, first, last,
        )  # fmt: skip

    def _leap(self, n_samples: int, level_mV: float) -> None:
        """Wait at a level in one step."""
        low, hold_mV = self._low, level_mV + self._low.rig.amplifier.unseen_mV
        inf, rate = (row[0] for row in low.relaxation((hold_mV,)))
        wait_ms = n_samples * self._program.dt_ms
        self._y[0] = hold_mV
        self._x[:] = inf + (self._x - inf) * np.exp(-wait_ms * rate)
        move, square = low.moves((hold_mV,), wait_ms)[0, 0], 0
        for k, (first, last) in enumerate(low.parts):
            n = last - first
            if low.numbers[k]:
                scatter(self._s, move, square, first, last, self._streams[k], np.empty(n))
            else:
                self._s[first:last] = self._s[first:last] @ move[square : square + n * n].reshape(n, n)
            square += n * n

    def _settle(self, sample: int) -> float:
        """Bring the state to a sample up to which the sweep was played; returns the command in mV there."""
        begins, ends, levels, lines = self._stretches
        n = min(int(np.searchsorted(ends, sample, side="right")), ends.size - 1)
        tables = self._tables
        if self._low.rig.amplifier.ideal and levels[n] >= 0:
            inf, rate, _, powers, *_ = tables.exact
            row = levels[n]
            settle(
                self._x, self._s, inf[row], rate[row], powers[row], self._low.gating, sample - self._progress[0],
                self._program.dt_ms, tables.block_work[3][2],
            )  # fmt: skip
        if self._progress[0] > sample:  # the second of two samples that were solved at once
            self._all[:] = tables.step_work[0][1]
        self._progress[:] = (sample, 0)
        command_mV = float(lines[n, 0] + lines[n, 1] * (sample - begins[n]))
        if self._low.rig.amplifier.ideal:
            self._y[0] = command_mV + self._low.rig.amplifier.unseen_mV
        return command_mV

    def _adopt(self, rig: Rig) -> None:
        """Take a rig; tables are made when needed."""
        low, unseen_mV = lower(rig), rig.amplifier.unseen_mV
        levels_mV = tuple(level + unseen_mV for level in self._program.levels_mV)
        self._inside = Inside(low, self._program.dt_ms)
        self._tables = Tables(low, self._program.dt_ms, levels_mV, self._inside.solutions)
        n_circuit = 1 if rig.amplifier.ideal else len(self._tables.clamp.names)
        borders = np.cumsum([n_circuit, low.n_gates, low.scale.size])
        self._all = np.zeros(borders[-1] + self._inside.charge_fC.size)
        self._y, self._x, self._s, self._inside.charge_fC = np.split(self._all, borders)

    def _stream(self, scheme: int, sweep: int, purpose: int) -> Stream:
        """The random numbers of one scheme, whatever the order of sweeps and channels."""
        return stream_of(self._seed, sweep, crc32(self._low.schemes[scheme][0].name.encode()), purpose)

    def _keys(self) -> tuple[tuple[str, str], ...]:
        """Names of the state's values, but for the inside."""
        ideal = self._low.rig.amplifier.ideal
        circuit = (_VOLTAGE[1],) if ideal else self._tables.clamp.names
        return (*((_VOLTAGE[0], name) for name in circuit), *self._low.keys)

    def _refresh_currents(self) -> None:
        """Make the open currents anew for what the inside holds now."""
        if self._inside.follows:
            self._tables.refresh(self._inside.solutions)

    @property
    def _low(self) -> Lowered:
        return self._tables.low
