"""Small runs through every kernel, for a process in which numba checks each index or compiles nothing at all."""

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vclamp import paths
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.files import load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.model.segments import CurrentRamp, CurrentStep, Hold, Ramp, Step, Waveform

Array = NDArray[np.float64]

DIALS = {"rs_est_MOhm": 4.5, "cm_est_pF": 18.0, "correction_percent": 70.0, "prediction_percent": 60.0}
AMPLIFIERS = {
    "ideal": Amplifier(offset_mV=2.0),
    "series-resistance": Amplifier(rs_MOhm=5.0),
    "simplified": Amplifier(circuit="simplified", rs_MOhm=5.0, **DIALS),  # type: ignore[arg-type]
    "full": Amplifier(circuit="full", rs_MOhm=5.0, **DIALS, recorder=Recorder(on=True)),  # type: ignore[arg-type]
    "current-clamp": Amplifier(mode="current-clamp", rs_MOhm=5.0, bias_pA=5.0),
}
FEW_CELLS = ("squid-axon-20pf", "hek-nav-markov", "hek-kv-trapped-block", "neuron-pump")


def protocol(scale_ms: float) -> Protocol:
    """Every kind of segment, at no round numbers."""
    wave_mV = tuple(map(float, -60.0 + 40.0 * np.sin(np.arange(13.0))))
    segments = (
        Hold(0.31 * scale_ms), Step(13.7, 0.77 * scale_ms), Ramp(-61.0, 0.5 * scale_ms),
        CurrentStep(40.0, 0.3 * scale_ms), CurrentRamp(-10.0, 0.3 * scale_ms),
        Waveform(0.05 * scale_ms, wave_mV), Step(-93.0, 0.41 * scale_ms),
    )  # fmt: skip
    return Protocol("every segment", segments, n_sweeps=2, hold_mV=-75.0, fs_kHz=20.0)


def variants(name: str) -> Iterator[tuple[str, Rig]]:
    """A shipped cell behind every amplifier, its channels a mean or counted one by one."""
    rig = load_rig(paths.CELLS / f"{name}.toml")
    channels = tuple(c if c.n_channels or c.g_nS is None else replace(c, n_channels=200) for c in rig.cell.channels)
    counted = replace(rig, cell=replace(rig.cell, channels=channels, stochastic=True))
    for kind, amplifier in AMPLIFIERS.items():
        yield f"{name}, {kind}", replace(rig, amplifier=amplifier)
        if kind in ("ideal", "series-resistance"):
            yield f"{name}, {kind}, counted", replace(counted, amplifier=amplifier)


def results(cells: tuple[str, ...], scale_ms: float) -> dict[str, Array]:
    """What every one of them records, and the state that it ends in."""
    from vclamp.run.runner import record

    found = {}
    for name in cells:
        for case, rig in variants(name):
            sweeps = record(rig, protocol(scale_ms), seed=7).sweeps
            found[case] = np.stack([sweep.values for sweep in sweeps])
    return found


def beyond_the_end() -> float:
    """A kernel that is asked for more numbers than there are."""
    from vclamp.engine.kernels.tables import weighted

    return float(weighted(np.ones(4), np.ones(4)[:2], 0, 4))


if __name__ == "__main__":
    if sys.argv[1] == "beyond":
        beyond_the_end()
    else:
        np.savez(sys.argv[1], **results(tuple(sys.argv[3:]), float(sys.argv[2])))  # type: ignore[arg-type]
