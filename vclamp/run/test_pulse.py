"""The membrane test that an amplifier repeats without end: a small step, and what follows from its transient."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vclamp.analysis.analyses import analyse
from vclamp.analysis.results import Question
from vclamp.errors import VClampError
from vclamp.model.ladder import Ladder
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.model.segments import Hold, MembraneTest
from vclamp.run.runner import record

FS_KHZ, BEFORE_MS = 50.0, 2.0


@dataclass(frozen=True, eq=False)
class TestPulse:
    """One answer: the current, shape (n_samples,), and the numbers by their names (rs_MOhm …), NaN if not known."""

    __test__ = False  # is none of pytest's

    t_ms: NDArray[np.float64]
    i_pA: NDArray[np.float64]
    numbers: dict[str, float]
    note: str


def test_pulse(rig: Rig, hold_mV: float, step_mV: float, width_ms: float) -> TestPulse:
    """Play a step of a width on a cell that rests at holding, and fit what it shows.

    Raises
    ------
    VClampError
        In current clamp, or if the run fails.
    """
    if rig.amplifier.clamps_current:
        raise VClampError("a membrane test needs voltage clamp", remedy="Switch to it with V.")
    protocol = Protocol(
        name="membrane-test", n_sweeps=1, hold_mV=hold_mV, fs_kHz=FS_KHZ,
        segments=(
            Hold(duration_ms=BEFORE_MS),
            MembraneTest(step_mV=Ladder(start=step_mV), duration_ms=2.0 * width_ms, name="test"),
            Hold(duration_ms=BEFORE_MS),
        ),
    )  # fmt: skip
    recording = record(rig, protocol)
    result = analyse("membrane-test", [recording], Question())
    current = recording.sweeps[0]["i_pA"]
    return TestPulse(
        np.arange(current.size) / FS_KHZ,
        current,
        {estimate.name: estimate.value for estimate in result.estimates},
        result.notes[0] if result.notes else "",
    )


test_pulse.__test__ = False  # type: ignore[attr-defined]
