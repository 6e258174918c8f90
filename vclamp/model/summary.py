"""What a protocol amounts to, without running it: sweeps, samples, times, memory, and every varied value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vclamp.model.ladder import value_in
from vclamp.model.limits import varied
from vclamp.model.record import trace_names

if TYPE_CHECKING:
    from vclamp.model.protocol import Protocol
    from vclamp.model.rig import Rig

BYTES_PER_VALUE = 8
_FROM_HOLDING = ("level_mV", "to_mV", "from_mV", "base_mV")  # keys that `relative` counts from there


@dataclass(frozen=True)
class Summary:
    """A protocol in numbers.

    Attributes
    ----------
    n_sweeps, n_samples : int
        Of the whole recording, repeats of the series included.
    recorded_ms : float
        Length of all that is recorded.
    simulated_ms : float
        What the cell lives through: legs, conditioning, averages, the first delay, and intervals unless it is rested.
    real_ms : float
        How long it takes when paced at the speed of a real rig, from the first sweep's start to the last one's end.
    n_bytes : int or None
        Memory for the traces; None without a rig.
    columns : tuple of str
        What varies, as "test level_mV".
    rows : tuple of tuple of float
        Its values, one row a sweep of one series, in the order of recording.
    """

    n_sweeps: int
    n_samples: int
    recorded_ms: float
    simulated_ms: float
    real_ms: float
    n_bytes: int | None
    columns: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]

    @property
    def line(self) -> str:
        """The protocol in a few words."""
        return f"protocol, {self.n_sweeps} sweeps, {self.recorded_ms:g} ms"

    @property
    def brief(self) -> str:
        """What to know before it is started: sweeps, how long they take at the speed of a real rig, memory."""
        memory = f", {_amount(self.n_bytes)}" if self.n_bytes is not None else ""
        return f"{self.n_sweeps} sweep{'s' * (self.n_sweeps != 1)}, {time_text(self.real_ms)}{memory}"

    @property
    def text(self) -> str:
        """What else there is to say, in lines: the numbers, then the table."""
        memory = f", {_amount(self.n_bytes)} of traces" if self.n_bytes is not None else ""
        lines = [
            f"{self.n_samples:,} samples{memory}",
            f"{time_text(self.simulated_ms)} simulated, {time_text(self.real_ms)} at the speed of a real rig",
        ]
        if self.columns:
            table = [("sweep", *self.columns), *((str(k), *map(_number, row)) for k, row in enumerate(self.rows, 1))]
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            lines += ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in table]
        if self.n_sweeps > len(self.rows):
            lines.append(f"and so {self.n_sweeps // len(self.rows)} times")
        return "\n".join(lines)


def summary(protocol: Protocol, rig: Rig | None = None) -> Summary:
    """Sum a protocol up; with a rig, also the memory its traces need."""
    n, repeats = protocol.n_sweeps, protocol.series.repeats
    real_ms = paced_ms(protocol)
    rested_ms = repeats * sum(map(protocol.period_ms, range(n))) + protocol.series.first_delay_ms
    table = {
        f"{segment.name or f'segments[{number}]'} {key}": [_value(protocol, number, key, sweep) for sweep in range(n)]
        for number, segment in enumerate(protocol.segments)
        for key in varied(segment)
    }
    n_samples = repeats * sum(map(protocol.n_samples, range(n)))
    return Summary(
        n_sweeps=protocol.total_sweeps,
        n_samples=n_samples,
        recorded_ms=n_samples / protocol.fs_kHz,
        simulated_ms=rested_ms if protocol.between == "rested" else real_ms,
        real_ms=real_ms,
        n_bytes=None if rig is None else trace_bytes(protocol, rig),
        columns=tuple(table),
        rows=tuple(zip(*table.values(), strict=True)) if table else ((),) * n,
    )


def lengths_text(protocol: Protocol, per_ms: float = 1.0) -> str:
    """How long the sweeps are, in a unit of which `per_ms` are 1 ms: one number, or the shortest to the longest."""
    lengths = [protocol.duration_ms(sweep) * per_ms for sweep in range(protocol.n_sweeps)]
    return " to ".join(dict.fromkeys(f"{length:.6g}" for length in (min(lengths), max(lengths))))


def paced_ms(protocol: Protocol) -> float:
    """How long a protocol takes at the speed of a real rig, from the first sweep's start to the last one's end."""
    periods = [protocol.period_ms(sweep) for sweep in range(protocol.n_sweeps)]
    starts = [max(protocol.interval_ms, period) for period in periods]  # from start to start
    return protocol.series.repeats * sum(starts) - starts[-1] + periods[-1] + protocol.series.first_delay_ms


def trace_bytes(protocol: Protocol, rig: Rig) -> int:
    """Memory that the traces of a recording take."""
    n_samples = sum(map(protocol.n_samples, range(protocol.n_sweeps))) * protocol.series.repeats
    return n_samples * len(trace_names(rig, protocol)) * BYTES_PER_VALUE


def _value(protocol: Protocol, number: int, key: str, sweep: int) -> float:
    segment = protocol.segments[number]
    value = value_in(getattr(segment, key), protocol.rung(sweep), protocol.n_sweeps)
    return value + protocol.hold_mV * (key in _FROM_HOLDING and getattr(segment, "relative", False))


def _number(value: float) -> str:
    return f"{round(value, 6):g}"


def _amount(n_bytes: int) -> str:
    for unit, size in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} bytes"


def time_text(time_ms: float) -> str:
    """A duration in the unit that suits it."""
    if time_ms < 1000.0:
        return f"{time_ms:.4g} ms"
    return f"{time_ms / 1000.0:.4g} s" if time_ms < 120_000.0 else f"{time_ms / 60_000.0:.4g} min"
