"""A sweep that was confirmed survives kill -9 of the program; an export is whole or absent; recovery is offered."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from killing import (
    N_SAMPLES,
    Nursery,
    export_for_ever,
    export_unsafely,
    record,
    record_saying_so_early,
    recover_it,
    two_recordings,
)
from recordings import made_up_sweep

from vclamp.errors import VClampError
from vclamp.publish.exporters import EXPORTERS
from vclamp.storage.database import side_files
from vclamp.storage.recovery import recover, recover_all, unclosed
from vclamp.storage.safely import TEMPORARY, unheard
from vclamp.storage.session import INTERRUPTED, Session

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the nursery forks")
RECOVERY_S = 2.0


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


def campaign(few: int, many: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A few kills daily, many in a campaign."""
    long = pytest.param(many, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)])
    return pytest.mark.parametrize("n_kills", [few, long])


# ---- F1: while recording


def surviving(path: Path) -> int:
    """How many sweeps the file holds, each of them bit for bit, after it was recovered at the next start."""
    began_s = time.monotonic()
    (found,) = recover_all(path.parent)
    assert time.monotonic() - began_s < RECOVERY_S
    assert str(found).startswith("The last sitting was not closed: 1 run, ")
    assert os.listdir(path.parent) == [path.name]
    with Session.open(path, writable=True) as session:
        (info,) = session.runs()
        sweeps = session.recording(1).sweeps
        assert (info.finished, info.finished_utc is None) == (INTERRUPTED, False)
        session.add_sweep(session.add_run(session.header(1)), made_up_sweep(0))  # it can be gone on with
    for index, sweep in enumerate(sweeps):
        assert sweep.index == index
        assert sweep.values.tobytes() == made_up_sweep(index, n_samples=N_SAMPLES).values.tobytes()
    assert len(sweeps) == found.n_sweeps
    return len(sweeps)


def confirmed_and_surviving(nursery: Nursery, work: Callable[[Path], None], folder: Path, seed: int) -> tuple[int, int]:
    """Sweeps of one kill."""
    path = folder / f"{seed}.vclamp"
    confirmed = nursery.killed(work, path, np.random.default_rng(seed).uniform(0, 0.25))
    survived = surviving(path)
    path.unlink()
    return confirmed, survived


@campaign(20, 200)
def test_no_confirmed_sweep_is_lost(n_kills: int, nursery: Nursery, tmp_path: Path) -> None:
    outcomes = [confirmed_and_surviving(nursery, record, tmp_path, seed) for seed in range(n_kills)]
    assert all(survived >= confirmed >= 1 for confirmed, survived in outcomes), outcomes
    print(f"{n_kills} kills, {sum(confirmed for confirmed, _ in outcomes)} confirmed sweeps, none lost")
    assert sum(confirmed for confirmed, _ in outcomes) > 5 * n_kills


def test_the_test_above_sees_sweeps_that_are_confirmed_too_early(nursery: Nursery, tmp_path: Path) -> None:
    outcomes = (confirmed_and_surviving(nursery, record_saying_so_early, tmp_path, seed) for seed in range(100))
    assert any(survived < confirmed for confirmed, survived in outcomes)  # at the first kill between the two


@campaign(5, 50)
def test_a_recovery_that_is_killed_is_done_at_the_next_start(n_kills: int, nursery: Nursery, tmp_path: Path) -> None:
    left, path = tmp_path / "left", tmp_path / "again" / "a.vclamp"
    left.mkdir()
    path.parent.mkdir()
    confirmed = nursery.killed(record, left / "a.vclamp", 0.1)
    for seed in range(n_kills):
        for file in (left / "a.vclamp", *side_files(left / "a.vclamp")):
            if file.exists():
                shutil.copy(file, path.parent)
        nursery.killed(recover_it, path, np.random.default_rng(seed).uniform(0, 0.012))
        recover_all(path.parent)
        assert os.listdir(path.parent) == [path.name]
        with Session.open(path) as session:
            (info,) = session.runs()
            assert (info.finished, info.finished_utc is None) == (INTERRUPTED, False)
            assert len(session.recording(1).sweeps) >= confirmed
        path.unlink()


def test_a_session_that_a_living_program_uses_is_left_alone(nursery: Nursery, tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    with nursery.at_work(record, path) as child:
        looked = [unclosed(tmp_path), recover(path), recover_all(tmp_path)]
        time.sleep(0.1)
    assert looked == [(), None, ()]
    assert child.confirmed > 5, "it went on"
    assert surviving(path) >= child.confirmed


# ---- F2: during an export


def state(path: Path) -> str:
    """Which of the two recordings a file is; "broken" if neither."""
    for name, recording in zip(("old", "new"), two_recordings(), strict=True):
        try:
            EXPORTERS[path.suffix[1:]].check([recording], path, unheard)
        except VClampError:
            continue
        return name
    return "broken"


@pytest.mark.parametrize(("ending", "longest_s"), [("vclamp", 0.25), ("csv", 0.25)])
@campaign(6, 200)
def test_a_killed_export_leaves_the_old_file_or_the_new_one(
    n_kills: int, ending: str, longest_s: float, nursery: Nursery, tmp_path: Path
) -> None:
    path, states, strays = tmp_path / f"a.{ending}", [], 0
    for seed in range(n_kills):
        nursery.killed(export_for_ever, path, np.random.default_rng(seed).uniform(0, longest_s))
        strays += any(name.startswith(TEMPORARY) for name in os.listdir(tmp_path))
        states.append(state(path))
        assert recover_all(tmp_path) == ()
        assert os.listdir(tmp_path) == [path.name], "the next start tidies up"
    assert set(states) <= {"old", "new"}, states
    assert strays > 0, "some kill fell into an export"


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_a_killed_export_to_nwb_leaves_the_old_file_or_the_new_one(nursery: Nursery, tmp_path: Path) -> None:
    # made in memory for most of a second: a kill seldom falls into the writing
    test_a_killed_export_leaves_the_old_file_or_the_new_one(200, "nwb", 1.2, nursery, tmp_path)


@pytest.mark.parametrize("ending", ["vclamp", "csv"])
def test_the_test_above_sees_files_that_are_written_in_place(ending: str, nursery: Nursery, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    for seed in range(100):
        nursery.killed(export_unsafely, path, np.random.default_rng(seed).uniform(0, 0.25))
        if not path.exists() or state(path) == "broken":
            return
        path.unlink()
    pytest.fail("no kill fell into an export")
