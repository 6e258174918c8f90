"""What is saved in a session file is what is read from it, or an error in a sentence."""

import errno
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from recordings import changed_sweep, header, largest_file, made_up_recording, made_up_sweep, small_protocol

from vclamp import __version__
from vclamp.errors import VClampError
from vclamp.model.files import to_full_data
from vclamp.model.record import About, Finished, Recording
from vclamp.storage import session as session_module
from vclamp.storage.compare import differences
from vclamp.storage.database import crc32, side_files
from vclamp.storage.session import INTERRUPTED, Session, new_session_path


def save(session: Session, recording: Recording, *, finish: bool = True) -> int:
    run = session.add_run(recording.header)
    for sweep in recording.sweeps:
        session.add_sweep(run, sweep)
    if finish:
        session.finish_run(run, recording.finished)
    return run


@pytest.fixture(scope="module")
def closed_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of 4 sweeps, then an unfinished one."""
    path = tmp_path_factory.mktemp("closed") / "two.vclamp"
    with Session.create(path) as session:
        save(session, made_up_recording(4, 200))
        save(session, made_up_recording(4, 200), finish=False)
    return path


def test_a_run_reads_back_to_every_bit(tmp_path: Path) -> None:
    recording = made_up_recording(3)
    with Session.create(tmp_path / "a.vclamp") as session:
        save(session, recording)
    with Session.open(tmp_path / "a.vclamp") as session:
        found = session.recording(1)
        one = session.sweep(1, 1)
    assert differences(recording, found) == []
    assert found.header == recording.header
    assert found.sweeps[1].changes == changed_sweep(1).changes
    assert one.start == changed_sweep(1).start
    assert np.array_equal(one.values, changed_sweep(1).values)
    assert not one.values.flags.writeable


def test_a_change_says_its_defaults_too_so_that_programs_with_others_read_the_same(tmp_path: Path) -> None:
    with Session.create(tmp_path / "a.vclamp") as session:
        save(session, made_up_recording(2, 200))
    with closing(sqlite3.connect(tmp_path / "a.vclamp")) as database:
        (text,) = database.execute("SELECT changes FROM sweeps WHERE number = 1").fetchone()
    assert [change["rig"] for change in json.loads(text)] == [
        to_full_data(each.rig) for each in changed_sweep(1).changes
    ]


def test_runs_are_listed_without_their_traces(tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    with Session.create(path) as session:
        save(session, made_up_recording(3, 200))
        session.add_run(header())
        session.rename_run(1, "with TTX ±\udc80")
        session.hide_run(1)
    harmed(path, "DELETE FROM traces")
    harmed(path, "UPDATE setups SET rig = 'no rig at all', protocol = ''")
    with Session.open(path) as session:
        first, second = session.runs()
        with pytest.raises(VClampError, match="run 1: is damaged"):
            session.header(1)
    assert (first.name, first.hidden, first.n_sweeps) == ("with TTX ±?", True, 3)
    assert (first.cell_title, first.protocol_title) == (header().rig.cell.title, small_protocol(3, 200).title)
    assert first.finished == Finished("stopped", "by hand: ±1 µA")
    assert datetime.fromisoformat(first.started_utc).utcoffset() == UTC.utcoffset(None)
    assert (first.finished_utc or "") >= first.started_utc
    assert (second.finished, second.finished_utc, second.hidden) == (INTERRUPTED, None, False)


def test_the_newest_of_what_is_said_of_a_run_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    begun = About("2026-01-02T03:04:05.678+00:00", "first", "of the day", ("a", "b"), ((1, "seal lost"),), "cell 7.abf")
    with Session.create(path) as session:
        run = session.add_run(header(), begun)
        for index in range(2):
            session.add_sweep(run, made_up_sweep(index, n_samples=200))
        assert session.recording(run).about == begun
        session.note_run(run, "in the\nafternoon ±")
        session.tag_run(run, ["tail", "Mg²⁺"])
        session.note_sweep(run, 0, "noisy")
        session.note_sweep(run, 1, "")
        session.finish_run(run, Finished("completed"))
        with pytest.raises(VClampError, match=r"there is no run 1, sweep 2\."):
            session.note_sweep(run, 2, "?")
    with Session.open(path) as session:
        (info,) = session.runs()
        kept = session.recording(run)
    assert (info.name, info.note, info.tags, info.source) == (
        "first", "in the\nafternoon ±", ("tail", "Mg²⁺"), "cell 7.abf"
    )  # fmt: skip
    assert kept.about == About(info.started_utc, info.name, info.note, info.tags, ((0, "noisy"),), info.source)
    assert info.started_utc == begun.started_utc


def test_some_sweeps_of_a_run_are_read_without_the_others(closed_file: Path, tmp_path: Path) -> None:
    path = shutil.copy(closed_file, tmp_path / "a.vclamp")
    harmed(path, "DELETE FROM traces WHERE run = 1 AND sweep IN (0, 3)")
    with Session.open(path) as session:
        some = session.recording(1, sweeps={1, 2, 17})
        assert [sweep.index for sweep in some.sweeps] == [1, 2]
        assert differences(made_up_recording(4, 200).only([1, 2]), some) == []
        with pytest.raises(VClampError, match="run 1, sweep 0, trace command_mV: is damaged"):
            session.recording(1)


@pytest.mark.parametrize(
    "about", [About(note="x"), About(tags=("x",)), About(sweep_notes=((0, "x"),)), About(source="x.abf")]
)
def test_what_is_said_of_a_run_is_compared_too(about: About, tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    said = replace(made_up_recording(2, 200), about=about)
    session_module.write([said], path)
    session_module.check([said], path)
    for other in (replace(said, about=About()), replace(said, about=replace(about, started_utc="2026"))):
        with pytest.raises(VClampError, match="is not what was written: what is said of it differs"):
            session_module.check([other], path)


def test_names_that_are_no_text_are_kept_as_far_as_they_are(tmp_path: Path) -> None:
    """What a file name in another encoding becomes in Python."""
    path = tmp_path / "a.vclamp"
    said = replace(made_up_recording(1, 200), about=About(source="caf\udce9.abf", tags=("\udce9",)))
    session_module.write([said], path)
    session_module.check([said], path)
    with Session.open(path) as session:
        assert session.runs()[0].source == "caf?.abf"


def test_a_file_says_which_program_made_it_and_when(closed_file: Path) -> None:
    with Session.open(closed_file) as session:
        assert (session.head.format, session.head.program) == (2, __version__)
        assert abs((datetime.now(UTC) - datetime.fromisoformat(session.head.created_utc)).total_seconds()) < 600


@pytest.mark.parametrize("table", ["head", "runs", "setups", "sweeps", "traces", "remarks"])
@pytest.mark.parametrize("harm", ["DELETE FROM {}", "UPDATE {} SET crc32 = 0"])
def test_the_file_itself_refuses_to_be_changed(table: str, harm: str, closed_file: Path, tmp_path: Path) -> None:
    path = shutil.copy(closed_file, tmp_path / "a.vclamp")
    with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(harm.format(table))
    with Session.open(path, writable=True) as session:
        with pytest.raises(VClampError, match="is never changed, only added to"), session._change() as database:
            database.execute(harm.format(table))
        assert len(session.recording(1).sweeps) == 4


def test_whatever_is_said_later_no_earlier_row_changes(closed_file: Path, tmp_path: Path) -> None:
    path = shutil.copy(closed_file, tmp_path / "a.vclamp")

    def rows() -> dict[str, set[tuple[object, ...]]]:
        tables = ["head", "runs", "setups", "sweeps", "traces", "remarks"]
        with closing(sqlite3.connect(path)) as database:
            return {table: set(database.execute(f"SELECT * FROM {table}")) for table in tables}

    before = rows()
    with Session.open(path, writable=True) as session:
        for call in (
            lambda: session.add_sweep(2, made_up_sweep(4, n_samples=200)),
            lambda: session.finish_run(2, Finished("completed")),
            lambda: session.rename_run(1, "x"),
            lambda: session.note_run(1, "x"),
            lambda: session.tag_run(1, ["x"]),
            lambda: session.note_sweep(1, 0, "x"),
            lambda: session.hide_run(1),
            lambda: session.hide_run(1, hidden=False),
            lambda: session.add_run(header()),
        ):
            call()
            now = rows()
            assert all(before[table] <= now[table] for table in now)
            assert now != before
            before = now


def test_a_hidden_run_keeps_its_data(tmp_path: Path) -> None:
    recording = made_up_recording(2, 200)
    with Session.create(tmp_path / "a.vclamp") as session:
        session.hide_run(save(session, recording))
        assert differences(recording, session.recording(1)) == []
        session.hide_run(1, hidden=False)
        assert not session.runs()[0].hidden


def test_another_thread_may_write(tmp_path: Path) -> None:
    session = Session.create(tmp_path / "a.vclamp")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(save, session, made_up_recording(2, 200)).result()
        thread.submit(session.close).result()
    with Session.open(tmp_path / "a.vclamp") as session:
        assert session.runs()[0].n_sweeps == 2


def test_a_sweep_can_be_read_elsewhere_as_soon_as_it_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    with Session.create(path) as writer, Session.open(path) as reader:
        run = writer.add_run(header())
        for index in range(3):
            writer.add_sweep(run, made_up_sweep(index, n_samples=200))
            assert reader.runs()[0].n_sweeps == index + 1


def test_a_second_reader_leaves_the_writers_locks_alone(tmp_path: Path) -> None:
    """Closing any descriptor of a file drops a process's locks on it: POSIX."""
    path = tmp_path / "a.vclamp"
    attempt = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1], timeout=0).execute("
    attempt += "'PRAGMA journal_mode = DELETE').fetchone())"
    with Session.create(path) as writer:
        writer.add_run(header())
        Session.open(path).close()
        other = subprocess.run([sys.executable, "-c", attempt, str(path)], capture_output=True, check=False)
    assert b"database is locked" in other.stderr


def test_closing_and_reading_leave_one_file(closed_file: Path) -> None:
    assert os.listdir(closed_file.parent) == [closed_file.name]
    with Session.open(closed_file) as session:
        session.runs()
    assert os.listdir(closed_file.parent) == [closed_file.name]


def test_a_session_goes_on_after_it_was_closed(closed_file: Path, tmp_path: Path) -> None:
    path = shutil.copy(closed_file, tmp_path / "a.vclamp")
    with Session.open(path, writable=True) as session:
        session.add_sweep(2, made_up_sweep(4, n_samples=200))
        assert session.recording(2).sweeps[4].index == 4


def test_what_does_not_fit_is_refused_in_a_sentence(closed_file: Path) -> None:
    with Session.open(closed_file) as session:
        with pytest.raises(VClampError, match=r"there is no run 1, sweep 9\."):
            session.sweep(1, 9)
        with pytest.raises(VClampError, match=r"there is no run 9\."):
            session.recording(9)
        with pytest.raises(VClampError, match=r"cannot be written to\."):
            session.rename_run(1, "x")


def test_a_finished_run_and_a_saved_sweep_are_never_changed(tmp_path: Path) -> None:
    with Session.create(tmp_path / "a.vclamp") as session:
        run = session.add_run(header())
        session.add_sweep(run, made_up_sweep(0))
        with pytest.raises(VClampError, match="holds that sweep already"):
            session.add_sweep(run, changed_sweep(0))
        session.finish_run(run, Finished("completed"))
        with pytest.raises(VClampError, match="run 1 is finished"):
            session.add_sweep(run, made_up_sweep(1))
        assert np.array_equal(session.sweep(run, 0).values, made_up_sweep(0).values)


def test_two_sessions_of_one_second_get_two_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2026, 11, 22, 14, 30, 5, tzinfo=UTC)

    monkeypatch.setattr(session_module, "datetime", Stopped)
    paths = [new_session_path(tmp_path / "new") for _ in range(3)]
    assert [path.name for path in paths] == [
        "2026-11-22_143005.vclamp",
        "2026-11-22_143005_2.vclamp",
        "2026-11-22_143005_3.vclamp",
    ]
    Session.create(paths[0], exclusive=False).close()


@pytest.mark.parametrize("exclusive", [True, False])
def test_an_existing_session_is_never_begun_again(closed_file: Path, exclusive: bool) -> None:
    before = closed_file.read_bytes()
    with pytest.raises(VClampError, match=r"exists already. Use another name\."):
        Session.create(closed_file, exclusive=exclusive)
    assert closed_file.read_bytes() == before


# ---- files that are no sessions, or no longer


def foreign_files(folder: Path) -> Iterator[tuple[Path, str]]:
    (folder / "notes.vclamp").write_text("[cell]\nname = 'no database at all'\n" * 100)
    yield folder / "notes.vclamp", "is no VClamp session"
    (folder / "empty.vclamp").touch()
    yield folder / "empty.vclamp", "is no VClamp session"
    with closing(sqlite3.connect(folder / "other.vclamp")) as database:
        database.execute("CREATE TABLE runs (id)")
    yield folder / "other.vclamp", "is no VClamp session"
    Session.create(folder / "newer.vclamp").close()
    with closing(sqlite3.connect(folder / "newer.vclamp")) as database:
        database.execute("PRAGMA user_version = 3")
    yield folder / "newer.vclamp", "was made by a newer VClamp"
    Session.create(folder / "trap.vclamp").close()
    with closing(sqlite3.connect(folder / "trap.vclamp")) as database:
        database.execute("CREATE TRIGGER t AFTER INSERT ON sweeps BEGIN DELETE FROM runs; END")
    yield folder / "trap.vclamp", "is damaged"
    yield folder / "missing.vclamp", "there is no such file"
    yield folder, "there is no such file"


@pytest.mark.parametrize("writable", [False, True])
def test_a_foreign_file_is_refused_in_a_sentence(tmp_path: Path, writable: bool) -> None:
    for path, sentence in foreign_files(tmp_path):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(VClampError, match=f"^{path.name}: {sentence}"):
            Session.open(path, writable=writable)
        assert before == (path.read_bytes() if path.is_file() else b"")


def test_a_flipped_byte_is_reported_with_run_sweep_and_trace(closed_file: Path, tmp_path: Path) -> None:
    path, data = tmp_path / "a.vclamp", bytearray(closed_file.read_bytes())
    at = data.index(made_up_sweep(2, n_samples=200)["i_na_pA"].tobytes()[800:840])
    data[at + 13] ^= 1
    path.write_bytes(data)
    with Session.open(path) as session:
        with pytest.raises(VClampError, match="run 1, sweep 2, trace i_na_pA: is damaged"):
            session.recording(1)
        assert len(session.recording(2).sweeps) == 4


def harmed(path: Path, harm: str) -> None:
    """Do to a file what its triggers forbid, and leave them as they were."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        forbidding = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid")
        triggers = forbidding.fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        database.execute(harm)
        for _, sql in triggers:
            database.execute(sql)


HARMS = (
    "DELETE FROM sweeps WHERE run = 1 AND number = 3",
    "UPDATE sweeps SET number = 9 WHERE run = 1 AND number = 3",
    "UPDATE sweeps SET start = zeroblob(24) WHERE run = 1",
    "UPDATE runs SET seed = '3' WHERE id = 1",
    "UPDATE runs SET started_utc = '' WHERE id = 1",
    "UPDATE setups SET rig = replace(rig, '-54.387', '-54.388') WHERE run = 1",
    "UPDATE remarks SET value = CAST(x'ff' AS TEXT) WHERE run = 1",
    "UPDATE traces SET name = 'i_x_pA' WHERE run = 1 AND name = 'i_pA'",
    "UPDATE traces SET data = zeroblob(1600) WHERE run = 1 AND sweep = 2 AND name = 'i_pA'",
)


def reads(path: Path) -> str:
    """What reading the first run of a file says; empty if all is well."""
    try:
        with Session.open(path) as session:
            session.recording(1)
    except VClampError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("harm", HARMS)
def test_every_fact_of_a_run_is_guarded(harm: str, closed_file: Path, tmp_path: Path) -> None:
    path = shutil.copy(closed_file, tmp_path / "a.vclamp")
    harmed(path, harm)
    assert re.match(r"a\.vclamp: run 1.*: is damaged", reads(path))


@pytest.mark.parametrize("number", [1, 2])
def test_a_sweep_that_vanished_from_the_middle_of_a_run_is_missed(
    number: int, closed_file: Path, tmp_path: Path
) -> None:
    path = shutil.copy(closed_file, tmp_path / "a.vclamp")
    harmed(path, f"DELETE FROM sweeps WHERE run = 2 AND number = {number}")
    with Session.open(path) as session, pytest.raises(VClampError, match="run 2: is damaged"):
        session.recording(2)


@pytest.mark.parametrize("table", ["runs", "remarks"])
def test_a_row_that_vanished_from_the_middle_of_a_list_is_missed(table: str, tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    with Session.create(path) as session:
        for _ in range(3):
            session.hide_run(session.add_run(header()))
    harmed(path, f"DELETE FROM {table} WHERE id = 2")
    with Session.open(path) as session, pytest.raises(VClampError, match="is damaged"):
        session.runs()


def test_a_change_that_was_cut_off_halfway_is_undone(closed_file: Path, tmp_path: Path) -> None:
    """What kill -9 leaves while a session is being closed: SQLite's rollback journal."""
    work, path = shutil.copy(closed_file, tmp_path / "work.vclamp"), tmp_path / "a.vclamp"
    with closing(sqlite3.connect(work, isolation_level=None)) as database:
        database.execute("PRAGMA cache_size = 5")
        database.execute("BEGIN")
        database.execute("DROP TRIGGER no_update_traces")
        database.execute("UPDATE traces SET data = zeroblob(1600)")
        shutil.copy(work, path)
        shutil.copy(f"{work}-journal", f"{path}-journal")
    assert path.read_bytes() != closed_file.read_bytes()
    with Session.open(path) as session, pytest.raises(VClampError, match="cannot be written to"):
        session.rename_run(1, "only asked to read")
    assert complete_sweeps(path) == 8


def test_renaming_a_damaged_run_does_not_make_it_look_whole(closed_file: Path, tmp_path: Path) -> None:
    path = shutil.copy(closed_file, tmp_path / "a.vclamp")
    harmed(path, "UPDATE runs SET seed = '3'")
    with Session.open(path, writable=True) as session:
        for call in (lambda: session.rename_run(1, "x"), lambda: session.recording(1)):
            with pytest.raises(VClampError, match="run 1: is damaged"):
                call()


def complete_sweeps(path: Path) -> int | None:
    """How many sweeps a file still holds; None if it is refused. Wrong data fail."""
    saved = made_up_recording(4, 200)
    count = 0
    try:
        with Session.open(path) as session:
            for run in session.runs():
                found = session.recording(run.id)
                count += len(found.sweeps)
                held = Recording(saved.header, saved.sweeps[: len(found.sweeps)], found.finished)
                assert differences(held, found) == []
    except VClampError:
        return None
    return count


def test_a_log_cut_anywhere_holds_the_sweeps_before_the_cut(tmp_path: Path) -> None:
    """What a crash of the machine leaves: the file, and a part of the log beside it."""
    live, path = tmp_path / "live.vclamp", tmp_path / "cut.vclamp"
    with Session.create(live) as session:
        save(session, made_up_recording(4, 200), finish=False)
        data, log = live.read_bytes(), side_files(live)[0].read_bytes()
    counts = []
    for size in np.linspace(0, len(log), 60, dtype=int):
        path.write_bytes(data)
        for side in side_files(path):
            side.unlink(missing_ok=True)
        side_files(path)[0].write_bytes(log[:size])
        counts.append(complete_sweeps(path))
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3, 4}


# ---- disks that refuse


def test_a_failed_write_loses_nothing_and_can_be_tried_again(tmp_path: Path) -> None:
    sweeps = [made_up_sweep(index) for index in range(3)]
    with Session.create(tmp_path / "a.vclamp") as session:
        run = session.add_run(header())
        session.add_sweep(run, sweeps[0])
        with (
            largest_file(300_000),
            pytest.raises(VClampError, match=r"^a.vclamp: the disk reports an error\. Check"),
        ):
            session.add_sweep(run, sweeps[1])
        assert session.runs()[0].n_sweeps == 1
        session.add_sweep(run, sweeps[1])
        limit = session._database.execute("PRAGMA page_count").fetchone()[0] + 2
        session._database.execute(f"PRAGMA max_page_count = {limit}")
        with pytest.raises(VClampError, match=r"^a.vclamp: cannot be written: the disk is full\."):
            session.add_sweep(run, sweeps[2])
        session._database.execute("PRAGMA max_page_count = 1000000")
        session.add_sweep(run, sweeps[2])
    with Session.open(tmp_path / "a.vclamp") as session:
        whole = Recording(header(), tuple(sweeps), INTERRUPTED)
        assert differences(whole, session.recording(1)) == []


def test_an_error_in_the_middle_of_a_sweep_keeps_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(5))

    def full(*parts: object) -> int:
        if next(calls, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return crc32(*parts)

    with Session.create(tmp_path / "a.vclamp") as session:
        run = session.add_run(header())
        with monkeypatch.context() as patch:
            patch.setattr("vclamp.storage.database.crc32", full)
            with pytest.raises(VClampError, match=r"a.vclamp: cannot be used \(No space left"):
                session.add_sweep(run, made_up_sweep(0))
        session.add_sweep(run, made_up_sweep(0))
        assert np.array_equal(session.sweep(run, 0).values, made_up_sweep(0).values)


def test_a_session_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    with largest_file(100), pytest.raises(VClampError, match=r"^a\.vclamp: "):
        Session.create(tmp_path / "a.vclamp")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(VClampError, match=r"^a\.vclamp: cannot be used \(No such file"):
        Session.create(tmp_path / "nowhere" / "a.vclamp")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write to a folder, not even this process if it runs as root."""
    folder.chmod(0o555)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


def test_sessions_on_a_read_only_medium_can_be_read() -> None:
    with tempfile.TemporaryDirectory() as name:  # not tmp_path, which others may not enter
        folder = Path(name)
        with Session.create(folder / "live.vclamp") as live:
            save(live, made_up_recording(2, 200))
            shutil.copy(folder / "live.vclamp", folder / "alone.vclamp")
            shutil.copy(folder / "live.vclamp", folder / "killed.vclamp")
            shutil.copy(folder / "live.vclamp-wal", folder / "killed.vclamp-wal")
        with read_only(folder):
            with Session.open(folder / "live.vclamp") as closed:
                assert closed.runs()[0].n_sweeps == 2
            with Session.open(folder / "alone.vclamp") as alone:  # in WAL mode, without its log
                assert alone.runs() == ()
            with pytest.raises(VClampError, match=r"killed\.vclamp: cannot be opened where"):
                Session.open(folder / "killed.vclamp")
            with pytest.raises(VClampError, match=r"new.vclamp: cannot be used \(Permission"):
                Session.create(folder / "new.vclamp")
        with Session.open(folder / "killed.vclamp") as killed:
            assert killed.runs()[0].n_sweeps == 2
