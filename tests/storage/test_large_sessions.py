"""A session of many runs, or of gigabytes, is listed and shown at once."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from recordings import header, made_up_sweep, small_protocol

from vclamp.model import files
from vclamp.model.files import to_json
from vclamp.model.record import Finished
from vclamp.storage import database as db
from vclamp.storage.session import Session

AT_ONCE_S = 0.5


def took_s(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def filled(path: Path, patch: pytest.MonkeyPatch, *, runs: int, sweeps: int, n_samples: int) -> Path:
    """A session of runs whose rigs are all different, 20 kB of text each."""
    begun = header(small_protocol(sweeps, n_samples))
    sweep = made_up_sweep(0, n_samples=n_samples)

    @contextmanager
    def one_transaction(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        yield database

    with Session.create(path) as session, patch.context() as patched:
        database = session._database
        database.execute("PRAGMA synchronous = OFF")  # quicker, and no part of what is measured
        patched.setattr(db, "transaction", one_transaction)
        for number in range(runs):
            if number % 20 == 0:
                database.execute("BEGIN")
            cell = replace(begun.rig.cell, note=f"cell {number} ".ljust(9900, "."), source=7000 * ".")
            own = replace(begun.rig, cell=cell)
            run = session.add_run(replace(begun, rig=own))
            for index in range(sweeps):
                session.add_sweep(run, replace(sweep, index=index, rig=own))
            session.finish_run(run, Finished("completed"))
            if number % 20 == 19:
                database.execute("COMMIT")
    return path


def test_2000_runs_are_listed_at_once_and_no_rig_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(tmp_path / "a.vclamp", monkeypatch, runs=2000, sweeps=1, n_samples=20)
    with Session.open(path) as session:
        assert len(to_json(session.header(2000).rig)) > 19_000
    with monkeypatch.context() as patch:
        patch.setattr(files, "_adapter", lambda kind: pytest.fail("a rig was parsed"))
        with Session.open(path) as session:
            assert len(session.runs()) == 2000

    def listed() -> None:
        with Session.open(path) as session:
            session.runs()

    seconds = min(took_s(listed) for _ in range(3))
    print(f"2000 runs of {path.stat().st_size / 1e6:.0f} MB listed in {seconds:.3f} s")
    assert seconds < AT_ONCE_S


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_two_gigabytes_are_listed_and_plotted_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 11 traces of 22,800 samples: 2 MB a sweep
    path = filled(tmp_path / "a.vclamp", monkeypatch, runs=100, sweeps=10, n_samples=22_800)
    assert path.stat().st_size > 2e9

    def listed() -> None:
        with Session.open(path) as session:
            assert len(session.runs()) == 100

    def plotted() -> None:
        with Session.open(path) as session:
            last = session.runs()[-1]
            session.header(last.id)
            assert session.sweep(last.id, 0).values.shape[1] == 22_800

    first, again = took_s(listed), took_s(listed)
    plot = took_s(plotted)
    print(f"{path.stat().st_size / 1e9:.2f} GB: listed in {first:.3f} s, then {again:.3f} s; first sweep {plot:.3f} s")
    path.unlink()
    assert max(first, plot) < AT_ONCE_S
