"""What a killed program left is found at the next start, and what a living one uses is left alone."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from recordings import header, made_up_recording, made_up_sweep

from vclamp.errors import VClampError
from vclamp.model.record import Finished
from vclamp.storage import database, safely
from vclamp.storage.database import side_files
from vclamp.storage.recovery import Recovered, recover, recover_all, unclosed
from vclamp.storage.safely import TEMPORARY, tidy, write_safely
from vclamp.storage.session import INTERRUPTED, Session

HISTORIC = Path(__file__).parents[1] / "historic"


def left_behind(path: Path, *, runs: int = 2) -> Path:
    """What a kill in the second sweep of the last run leaves: the file and its log."""
    live = path.with_name("live.vclamp")
    with Session.create(live) as session:
        for number in range(runs):
            run = session.add_run(header())
            for index in range(3 if number < runs - 1 else 1):
                session.add_sweep(run, made_up_sweep(index, n_samples=100))
            if number < runs - 1:
                session.finish_run(run, Finished("completed"))
        for old, new in zip((live, *side_files(live)), (path, *side_files(path)), strict=True):
            if old.exists():
                shutil.copy(old, new)
    live.unlink()
    return path


def test_a_killed_session_is_found_closed_and_counted(tmp_path: Path) -> None:
    path = left_behind(tmp_path / "a.vclamp")
    assert side_files(path)[0].stat().st_size > 0
    assert unclosed(tmp_path) == (path,)
    assert recover(path) == Recovered(path, n_runs=2, n_sweeps=4)
    assert os.listdir(tmp_path) == ["a.vclamp"]
    with Session.open(path) as session:
        first, second = session.runs()
        assert (first.finished, second.finished) == (Finished("completed"), INTERRUPTED)
        assert second.finished_utc is not None
    assert unclosed(tmp_path) == ()


def test_the_offer_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    said = "The last sitting was not closed: 3 runs, 57 sweeps are safe in a.vclamp."
    assert str(Recovered(path, 3, 57)) == said
    assert str(Recovered(path, 1, 1)) == "The last sitting was not closed: 1 run, 1 sweep is safe in a.vclamp."


def test_a_run_without_a_last_word_is_given_one_though_the_file_was_closed(tmp_path: Path) -> None:
    with Session.create(tmp_path / "a.vclamp") as session:
        session.add_run(header())
    assert os.listdir(tmp_path) == ["a.vclamp"]
    assert [found.n_runs for found in recover_all(tmp_path)] == [1]
    assert recover_all(tmp_path) == ()


def test_a_session_whose_closing_was_refused_halfway_is_closed(tmp_path: Path) -> None:
    """Its log is gone already, and the file still says that there is one."""
    path, live = tmp_path / "a.vclamp", tmp_path / "live.vclamp"
    with Session.create(live) as session:
        session.finish_run(session.add_run(header()), Finished("completed"))
        session._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(live, path)
    assert [found.n_runs for found in recover_all(tmp_path)] == [1]
    with Session.open(path) as session:
        assert session.was_closed
    assert sorted(os.listdir(tmp_path)) == ["a.vclamp", "live.vclamp"]


def test_what_is_left_beside_a_closed_session_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    with Session.create(path) as session:
        session.finish_run(session.add_run(header()), Finished("completed"))
    side_files(path)[1].write_bytes(bytes(32768))
    recover_all(tmp_path)
    assert os.listdir(tmp_path) == ["a.vclamp"]


def test_what_was_closed_well_is_not_offered_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    with Session.create(path) as session:
        session.finish_run(session.add_run(header()), Finished("completed"))
    shutil.copy(HISTORIC / "format-1.vclamp", tmp_path)
    (tmp_path / "b.vclamp").write_text("no session")
    (tmp_path / "c.vclamp").touch()
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.iterdir()}
    assert recover_all(tmp_path) == ()
    assert {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.iterdir()} == before
    assert recover_all(tmp_path / "gone") == ()


def test_the_newest_of_several_is_offered_first_and_an_empty_one_is_closed_in_silence(tmp_path: Path) -> None:
    paths = [left_behind(tmp_path / f"2026-01-0{day}.vclamp") for day in (1, 3, 2)]
    left_behind(tmp_path / "2026-01-04.vclamp", runs=0)
    assert [found.path for found in recover_all(tmp_path)] == [paths[1], paths[2], paths[0]]
    assert len(os.listdir(tmp_path)) == 4


def test_hidden_runs_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    with Session.create(path) as session:
        for _ in range(2):
            session.add_run(header())
        session.hide_run(2)
    assert recover(path) == Recovered(path, 1, 0)


def test_a_killed_session_of_format_1_is_closed_and_nothing_is_added_to_it(tmp_path: Path) -> None:
    path, live = tmp_path / "a.vclamp", tmp_path / "live.vclamp"
    shutil.copy(HISTORIC / "format-1.vclamp", live)
    writer = sqlite3.connect(live, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("UPDATE facts SET value = value")
    for old, new in zip((live, *side_files(live)), (path, *side_files(path)), strict=True):
        if old.exists():
            shutil.copy(old, new)
    writer.close()
    live.unlink()
    assert [found.n_runs for found in recover_all(tmp_path)] == [1]
    assert os.listdir(tmp_path) == ["a.vclamp"]
    with Session.open(path) as session:
        assert len(session.recording(1).sweeps) == 3


# ---- two at once


def test_a_session_in_use_is_left_alone_and_goes_on(tmp_path: Path) -> None:
    path, recording = tmp_path / "a.vclamp", made_up_recording(2, 100)
    with Session.create(path) as session:
        run = session.add_run(recording.header)
        session.add_sweep(run, recording.sweeps[0])
        assert unclosed(tmp_path) == ()
        assert recover(path) is None
        assert recover_all(tmp_path) == ()
        session.add_sweep(run, recording.sweeps[1])
        assert session.runs()[0].finished_utc is None


def test_the_test_above_sees_a_recovery_that_does_not_care(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.vclamp"
    monkeypatch.setattr(database, "connect_alone", database.connect_writer)
    with Session.create(path) as session:
        session.add_run(header())
        assert unclosed(tmp_path) == (path,)
        recover(path)
        assert session.runs()[0].finished_utc is not None


def test_a_session_that_another_program_only_reads_is_left_alone(tmp_path: Path) -> None:
    path = left_behind(tmp_path / "a.vclamp")
    with Session.open(path) as reader:
        assert len(reader.runs()) == 2
        assert recover(path) is None
        assert unclosed(tmp_path) == ()
    assert recover(path) is not None


def test_nobody_else_gets_in_while_a_session_is_put_in_order(tmp_path: Path) -> None:
    path = left_behind(tmp_path / "a.vclamp")
    attempt = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1], timeout=0).execute("
    attempt += "'SELECT count(*) FROM runs').fetchone())"
    alone = Session.open_alone(path)
    assert alone is not None
    with alone:
        other = subprocess.run([sys.executable, "-c", attempt, str(path)], capture_output=True, check=False)
    assert b"database is locked" in other.stderr
    assert os.listdir(tmp_path) == ["a.vclamp"]


# ---- parts of exports


def dead_process() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    return child.pid


def host() -> str:
    return "".join(letter for letter in socket.gethostname() if letter.isascii() and letter.isalnum())[:20] or "host"


def test_what_a_dead_export_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    mine, theirs = f"{TEMPORARY}{host()}-", f"{TEMPORARY}elsewhere-"
    dead = dead_process()
    gone = [f"{mine}{dead}-abc.{end}" for end in ("nwb", "vclamp", "vclamp-wal", "vclamp-shm", "vclamp-journal")]
    kept = [
        f"{mine}{os.getpid()}-abc.nwb",
        f"{theirs}{dead}-abc.nwb",
        f"{TEMPORARY}abc.nwb",
        "a.vclamp-wal",
        f"{mine}{dead}".removeprefix("."),
    ]
    for name in (*gone, *kept):
        (tmp_path / name).touch()
    tidy(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(kept)


def test_what_is_older_than_the_process_of_its_number_is_removed(tmp_path: Path) -> None:
    """In a container every start has the same number."""
    stray = tmp_path / f"{TEMPORARY}{host()}-{os.getpid()}-abc.csv"
    stray.touch()
    tidy(tmp_path)
    assert stray.exists()
    os.utime(stray, (time.time() - 1e6,) * 2)
    tidy(tmp_path)
    assert not stray.exists()


def test_an_export_tidies_its_folder_and_leaves_one_under_way_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{TEMPORARY}{host()}-{dead_process()}-abc.txt").touch()

    def write(place: Path) -> None:
        place.write_text("outer")
        write_safely(tmp_path / "inner.txt", lambda p: p.write_text("inner") and None, bool, overwrite=True)

    write_safely(tmp_path / "outer.txt", write, lambda p: p.read_text() and None)
    assert sorted(os.listdir(tmp_path)) == ["inner.txt", "outer.txt"]
    assert (tmp_path / "outer.txt").read_text() == "outer"
    monkeypatch.setattr(safely, "_may_be_written", lambda file, pid: False)
    with pytest.raises(VClampError, match=r"other.txt: cannot be written \(No such file"):
        write_safely(tmp_path / "other.txt", write, bool)


@pytest.mark.skipif(os.name == "nt", reason="a folder can be read-only to its owner")
def test_a_folder_that_cannot_be_tidied_is_no_trouble(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.write_text("no folder")
    tidy(folder)
    assert recover_all(folder) == ()
