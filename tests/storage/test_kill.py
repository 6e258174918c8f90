"""A sweep that was confirmed survives kill -9 of the program."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from recordings import header, made_up_sweep

from vclamp.storage.session import Session

ROOT = Path(__file__).resolve().parents[2]
N_SAMPLES = 1800  # of 11 traces: 160 kB a sweep
N_KILLS = 20


def record(path: Path, *, confirm_early: bool) -> None:
    """Save sweep after sweep until killed, and say so each time."""
    session = Session.create(path)
    run = session.add_run(header())
    for index in range(100_000):
        sweep = made_up_sweep(index, n_samples=N_SAMPLES)
        if confirm_early:
            os.write(1, b"saved\n")
        session.add_sweep(run, sweep)
        if not confirm_early:
            os.write(1, b"saved\n")


def confirmed_before_kill(path: Path, seed: int, *, confirm_early: bool) -> int:
    """How many sweeps a child said were saved before it was killed at a random moment."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    command = [sys.executable, __file__, str(path), "early" if confirm_early else "late"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        said = child.stdout.readline()
        time.sleep(np.random.default_rng(seed).uniform(0, 0.25))
        child.kill()
        said += child.stdout.read()
    return said.count(b"saved\n")


def surviving(path: Path) -> int:
    """How many sweeps the file holds, each of them bit for bit; it can be gone on with."""
    with Session.open(path) as session:
        found = session.recording(1).sweeps
    for index, sweep in enumerate(found):
        assert sweep.index == index
        assert sweep.values.tobytes() == made_up_sweep(index, n_samples=N_SAMPLES).values.tobytes()
    with Session.open(path, writable=True) as session:
        session.add_sweep(1, made_up_sweep(len(found), n_samples=N_SAMPLES))
        assert session.runs()[0].n_sweeps == len(found) + 1
    assert not path.with_name(f"{path.name}-wal").exists()
    return len(found)


def killed(folder: Path, seed: int, *, confirm_early: bool) -> tuple[int, int]:
    """Confirmed and surviving sweeps of one kill."""
    path = folder / f"{seed}.vclamp"
    confirmed = confirmed_before_kill(path, seed, confirm_early=confirm_early)
    survived = surviving(path)
    path.unlink()
    return confirmed, survived


def test_no_confirmed_sweep_is_lost(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda seed: killed(tmp_path, seed, confirm_early=False), range(N_KILLS)))
    assert all(survived >= confirmed >= 1 for confirmed, survived in outcomes), outcomes
    assert sum(confirmed for confirmed, _ in outcomes) > 10 * N_KILLS


def test_the_test_above_sees_sweeps_that_are_confirmed_too_early(tmp_path: Path) -> None:
    outcomes = (killed(tmp_path, seed, confirm_early=True) for seed in range(100))
    assert any(survived < confirmed for confirmed, survived in outcomes)  # at the first kill between the two


if __name__ == "__main__":
    record(Path(sys.argv[1]), confirm_early=sys.argv[2] == "early")
