"""Simulated time passes at the speed that is set, within 5 %, and how long a run takes is said before it."""

from time import monotonic

import pytest
from rig_window import Key, family, press, quick, settle

from vclamp.ui.window import Window


@pytest.mark.parametrize("speed", [10.0, 100.0])
def test_a_run_with_its_intervals_takes_as_long_as_it_should(rig_window: Window, speed: float) -> None:
    """Three intervals of a second each at that speed; saved, drawn and listed meanwhile."""
    protocol = quick(sweeps=4, ms=20.0, interval_ms=1000.0 * speed)
    rig_window.bench.set_scene(rig_window.bench.rig, protocol, "slow")
    settle(rig_window)
    moments = []
    for signal in (rig_window.bridge.started, rig_window.bridge.ended):
        signal.connect(lambda _: moments.append(monotonic()))
    family(rig_window, speed)
    began, ended = moments
    assert ended - began == pytest.approx(3.0 + 0.02 / speed, rel=0.05)


def test_how_long_a_run_takes_is_said_before_it(rig_window: Window) -> None:
    """From the start of the first sweep to the end of the last: 3 intervals of 2 s and a sweep of 20 ms."""
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=4, ms=20.0, interval_ms=2000.0), "slow")
    said = rig_window.bar.progress
    assert said.text() == "4 sweeps, 6.02 s"
    press(rig_window, Key.Key_Equal)
    assert said.text() == "4 sweeps, 3.01 s"
    rig_window.set_speed(float("inf"))
    assert said.text() == "4 sweeps"
    family(rig_window)
    assert said.text() == "sweep 4 / 4"
    press(rig_window, Key.Key_Slash)
    assert said.text() == "sweep 4 / 4"
