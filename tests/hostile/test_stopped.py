"""A program that stood still, as a laptop that was shut, goes on from where it was."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from vclamp.ui.pacer import MAX_LAG_S

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no signal stops a program here")
SLACK_S = 0.1
TICKING = Path(__file__).with_name("ticking.py")


def burst_s(stopped_s: float, max_lag_s: float) -> float:
    """How much simulated time passed in the half second after a stop beyond what the clock gave."""
    ticks: list[tuple[float, float]] = []
    command = [sys.executable, str(TICKING), str(max_lag_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as child:

        def listen() -> None:
            assert child.stdout is not None
            for line in child.stdout:
                moment, simulated_ms = map(float, line.split())
                ticks.append((moment, 1e-3 * simulated_ms))

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            until = time.monotonic() + 60.0
            while len(ticks) < 50 and time.monotonic() < until:
                time.sleep(0.05)
            assert len(ticks) >= 50, "it has begun"
            child.send_signal(signal.SIGSTOP)
            time.sleep(0.1)  # what it had said before is heard
            before_s, stopped_at_s = ticks[-1][1], time.monotonic()
            time.sleep(stopped_s)
            child.send_signal(signal.SIGCONT)
            resumed_s = time.monotonic()
            time.sleep(0.6)
        finally:
            child.kill()
            listener.join()
    assert resumed_s - stopped_at_s >= stopped_s
    after = [(moment - resumed_s, simulated_s - before_s) for moment, simulated_s in ticks if moment > resumed_s]
    assert len(after) > 10, "it goes on"
    return max(passed_s - elapsed_s for elapsed_s, passed_s in after if elapsed_s < 0.5)


long = [pytest.param(s, marks=[pytest.mark.campaign, pytest.mark.timeout(300)]) for s in (4.0, 60.0)]


@pytest.mark.parametrize("stopped_s", [0.8, *long])
def test_lost_time_is_not_caught_up_but_for_a_quarter_of_a_second(stopped_s: float) -> None:
    caught_up_s = burst_s(stopped_s, MAX_LAG_S)
    print(f"stopped for {stopped_s} s, caught up {caught_up_s:.3f} s")
    assert caught_up_s < MAX_LAG_S + SLACK_S


@pytest.mark.campaign
def test_without_its_limit_all_lost_time_would_be_caught_up() -> None:
    assert burst_s(2.0, 1e9) > 1.5
