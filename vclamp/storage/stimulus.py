"""The stimulus of another program's file as a protocol: epochs of ABF, waveforms of ATF, CSV and TXT.

An ABF sweep begins with holding for a 64th of its samples; then come the epochs, each as Clampex draws it (a ramp
is at its level in the last sample); then holding again or, where it says so, the last level until the next epoch.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vclamp.errors import VClampError
from vclamp.model.files import from_data
from vclamp.model.protocol import Protocol
from vclamp.model.waveforms import SIGNALS, read_table
from vclamp.storage.abf import Epoch, Stimulus, read_command, read_first_sweep, read_stimulus
from vclamp.storage.database import storable

ENDINGS = (".abf", ".atf", ".csv", ".txt")
REST_mV = -70.0  # held before a current clamp, of which the files say nothing
_PRE_RUN = 64
_SHAPES = {"Pulse": "rectangle", "Tri": "triangle", "Cos": "cosine", "BiPhsc": "biphasic"}

Segments = Iterator[dict[str, Any]]


class _OnlySamplesError(Exception):
    """Something that no segments can express."""


def read_protocol(path: Path, dac: int | None = None) -> Protocol:
    """The protocol in an ABF, ATF, CSV or TXT file.

    Parameters
    ----------
    path : Path
        The file.
    dac : int, optional
        Which output of an ABF file; the first that is on unless told.

    Raises
    ------
    VClampError
        If the file is damaged, or plays what no protocol can.
    """
    if path.suffix.lower() != ".abf":
        return _from_table(path)
    stimulus = read_stimulus(path, dac)
    if stimulus.unit not in SIGNALS:
        what = f"its command is in '{stimulus.unit[:20]}', neither voltage nor current"
        raise VClampError(what, where=path.name, remedy="Choose another DAC by --channel.")
    drawn = _Drawn(stimulus, *SIGNALS[stimulus.unit])
    try:
        segments = list(drawn.segments() if not stimulus.file else drawn.played(_file_values(path, stimulus.file)))
    except _OnlySamplesError:
        segments = [drawn.samples([value for sweep in read_command(path, dac) for value in sweep], stimulus.n_sweeps)]
    except VClampError as error:
        raise VClampError(error.what, where=error.where or path.name, remedy=error.remedy) from None
    lasts_ms = stimulus.n_samples / stimulus.fs_kHz
    left_out = "".join(f" Its {what} is left out." for what in stimulus.left_out)
    return from_data(
        Protocol,
        {
            "name": storable(path.stem)[:80],
            "note": f"Imported from {storable(path.name)}.{left_out}",
            "n_sweeps": stimulus.n_sweeps,
            "hold_mV": drawn.hold if drawn.unit == "mV" else REST_mV,
            "fs_kHz": stimulus.fs_kHz,
            "interval_ms": stimulus.interval_ms if stimulus.interval_ms > lasts_ms else 0.0,
            "between": "interval",
            "series": {"level_between": "last"} if stimulus.stays else {},
            "segments": segments,
        },
        path.name,
    )


def _from_table(path: Path) -> Protocol:
    """A protocol that plays the columns of a table, one a sweep."""
    table = read_table(path)
    if table.every_ms is None:
        remedy = "Add a column of times, or name the file in a waveform segment with every_ms."
        raise VClampError("has no times", where=path.name, remedy=remedy)
    waveform = {
        "type": "waveform",
        "every_ms": table.every_ms,
        f"values_{table.unit}": table.values.ravel().tolist(),
        "columns": len(table.values),
    }
    data = {
        "name": storable(path.stem)[:80],
        "note": f"Imported from {storable(path.name)}.",
        "n_sweeps": len(table.values),
        "hold_mV": float(table.values[0, 0]) if table.unit == "mV" else REST_mV,
        "fs_kHz": 1.0 / table.every_ms,
        "between": "interval",
        "segments": [waveform],
    }
    return from_data(Protocol, data, path.name)


def _file_values(path: Path, name: str) -> list[float]:
    """The first sweep of the file that a DAC played, which lies beside the recording."""
    beside = next((item for item in path.parent.iterdir() if item.name.lower() == name.lower()), None)
    if beside is None:
        what = f"plays the waveform of '{name[:80]}', which is not beside it"
        raise VClampError(what, where=path.name, remedy="Put that file into the same folder.")
    return read_first_sweep(beside) if beside.suffix.lower() == ".abf" else read_table(beside).values[0].tolist()


class _Drawn:
    """The segments of one stimulus, in mV or pA."""

    def __init__(self, stimulus: Stimulus, unit: str, factor: float) -> None:
        self.stimulus, self.unit, self.factor = stimulus, unit, factor
        self.hold = stimulus.hold * factor
        self.n = stimulus.n_sweeps

    def segments(self) -> Segments:
        """The pre-run, every epoch and what comes after, each with its levels and samples by sweep."""
        stimulus, n = self.stimulus, self.n
        held = [self.hold] * n
        last = stimulus.epochs[-1] if stimulus.epochs and stimulus.stays else None
        ends = held if last is None else self._levels(last)
        before = [self.hold, *ends[:-1]]
        left = [stimulus.n_samples - stimulus.n_samples // _PRE_RUN] * n
        yield from self._flat("", before, [stimulus.n_samples // _PRE_RUN] * n)
        for epoch in stimulus.epochs:
            levels = self._levels(epoch)
            samples = [epoch.samples + k * epoch.samples_step for k in range(n)]
            left = [rest - own for rest, own in zip(left, samples, strict=True)]
            if min(samples) < 0 or min(left) < 0:
                raise VClampError(
                    f"epoch {epoch.name} does not fit into every sweep", remedy="Its header is damaged: copy it again."
                )
            yield from self._epoch(epoch, before, levels, samples)
            before = levels
        yield from self._flat("", ends, left)

    def _levels(self, epoch: Epoch) -> list[float]:
        return [(epoch.level + k * epoch.level_step) * self.factor for k in range(self.n)]

    def _epoch(self, epoch: Epoch, before: list[float], levels: list[float], samples: list[int]) -> Segments:
        """An epoch that starts from levels `before`; in one segment, a ramp in two."""
        if epoch.type == "Step":
            yield from self._flat(epoch.name, levels, samples)
        elif epoch.type == "Ramp":
            if any(samples):
                if min(samples) < 2:
                    raise _OnlySamplesError
                yield {
                    "type": "ramp" if self.unit == "mV" else "current-ramp",
                    "name": epoch.name,
                    f"from_{self.unit}": as_varied(before),
                    f"to_{self.unit}": as_varied(levels),
                    "duration_ms": self._ms([number - 1 for number in samples]),
                }
                yield from self._flat("", levels, [1] * self.n)  # there in the last sample
        elif epoch.type in _SHAPES:
            width = epoch.period if epoch.type == "Cos" else epoch.width
            if epoch.period <= 0 or (width <= 0 and epoch.type != "Tri"):
                yield from self._flat(epoch.name, before, samples)
            elif any(samples):
                if not 0 < width <= epoch.period or not all(samples):
                    raise _OnlySamplesError
                yield {
                    "type": "train",
                    "name": epoch.name,
                    "shape": _SHAPES[epoch.type],
                    f"base_{self.unit}": as_varied(before),
                    f"level_{self.unit}": as_varied(levels),
                    "duration_ms": self._ms(samples),
                    "period_ms": self._ms([epoch.period]),
                    "width_ms": self._ms([width]),
                }
        else:
            raise VClampError(
                f"epoch {epoch.name} is of {epoch.type}, which cannot be imported", remedy="Leave it out in Clampex."
            )

    def _flat(self, name: str, levels: list[float], samples: list[int]) -> Segments:
        """A level in each sweep; nothing if it has no samples."""
        if not any(samples):
            return
        if not all(samples):
            raise _OnlySamplesError
        said: dict[str, Any] = {"name": name} if name else {}
        if self.unit == "mV" and not name and levels == [self.hold] * self.n:
            said["type"] = "hold"
        else:
            said |= {"type": "step" if self.unit == "mV" else "current-step", f"level_{self.unit}": as_varied(levels)}
        yield said | {"duration_ms": self._ms(samples)}

    def played(self, values: list[float]) -> Segments:
        """The numbers of a file, sample for sample, then holding."""
        stimulus = self.stimulus
        kept = values[: stimulus.n_samples]
        waveform = self.samples([(v * stimulus.scale + stimulus.offset) * self.factor for v in kept], 1)
        yield {**waveform, "name": Path(stimulus.file).stem[:80]}
        yield from self._flat("", [self.hold] * self.n, [stimulus.n_samples - len(kept)] * self.n)

    def samples(self, values: list[float], columns: int) -> dict[str, Any]:
        """A waveform of values at every sample."""
        return {
            "type": "waveform",
            "every_ms": 1.0 / self.stimulus.fs_kHz,
            f"values_{self.unit}": values,
            "columns": columns,
        }

    def _ms(self, samples: list[int]) -> Any:
        return as_varied([number / self.stimulus.fs_kHz for number in samples])


def as_varied(values: list[float]) -> Any:
    """One value a sweep as a number or a ladder where it is one, without the dust of the arithmetic."""
    first, step = _neat(values[0]), _neat(values[1] - values[0]) if len(values) > 1 else 0.0
    if any(abs(first + k * step - value) > 1e-9 * max(1.0, abs(value)) for k, value in enumerate(values)):
        return [_neat(value) for value in values]
    return {"start": first, "step": step} if step else first


def _neat(value: float) -> float:
    return float(f"{value:.12g}")
