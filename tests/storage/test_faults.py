"""Whatever the disk refuses, and whenever: one sentence, nothing half done, and the same call can be made again."""

import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from faults import Fault, python_fault, sqlite_fault
from recordings import header, made_up_recording, made_up_sweep

from vclamp.errors import CancelledError, VClampError
from vclamp.model.record import About, Finished, Recording
from vclamp.publish.exporters import export
from vclamp.storage import database as db
from vclamp.storage.compare import differences
from vclamp.storage.recovery import recover_all
from vclamp.storage.safely import TEMPORARY, safe_name, write_safely, write_text
from vclamp.storage.session import Session, new_session_path

ERRORS = [errno.ENOSPC, errno.EIO, errno.EACCES]
SMALL = made_up_recording(3, 60)
CAUSES = (
    "disk is full", "disk reports an error", "cannot be opened where it is", "cannot be written to",
    "No space left", "Input/output error", "Permission denied",
)  # fmt: skip


def answered(call: Callable[[], object], fault: Fault, name: str, then: Callable[[], object] = lambda: None) -> object:
    """What a call gives at last: it may fail in a sentence, and is made again without the fault."""
    met, said = fault.met, None
    try:
        return call()
    except VClampError as error:
        said = error
    assert fault.met > met, said
    assert str(said).startswith(name), said
    assert said.remedy, said
    assert any(cause in said.what for cause in CAUSES), said
    fault.lift()
    then()
    return call()


# ---- F3: what Python asks


def fails_at(
    n: int, error: int, persists: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[[Fault], None]
) -> int:
    """Do some work with a fault at operation n; how many there were if it was not reached, 0 if it was."""
    fault = Fault(n, error, persists)
    with python_fault(monkeypatch, fault, str(folder)):
        work(fault)
    return 0 if fault.met else fault.count


@pytest.mark.parametrize("persists", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("existing", [None, "before"], ids=["new", "existing"])
def test_a_text_is_whole_or_absent_whatever_python_is_refused(
    existing: str | None, error: int, persists: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"

    def work(fault: Fault) -> None:
        def write() -> None:
            write_text(path, "new ±", overwrite=True)

        path.unlink(missing_ok=True)
        if existing is not None:
            fault.at, at = 0, fault.at
            path.write_text(existing)
            fault.at, fault.count = at, 0

        def is_as_it_was() -> None:
            assert os.listdir(tmp_path) == ([] if existing is None else [path.name])
            assert existing is None or path.read_text() == existing

        answered(write, fault, "a.txt: cannot be written", is_as_it_was)
        fault.lift()
        assert path.read_bytes() == "new ±".encode()

    n = 1
    while not (total := fails_at(n, error, persists, tmp_path, monkeypatch, work)):
        n += 1
    assert total >= 6, "open, write, fsync, open to compare, replace, fsync of the folder"


@pytest.mark.parametrize("persists", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("ending", ["vclamp", "csv"])
def test_an_export_is_whole_or_absent_whatever_python_is_refused(
    ending: str, error: int, persists: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"a.{ending}"

    def work(fault: Fault) -> None:
        path.unlink(missing_ok=True)

        def nothing_is_left() -> None:
            assert os.listdir(tmp_path) == []

        answered(lambda: export([SMALL], path), fault, "", nothing_is_left)
        assert os.listdir(tmp_path) == [path.name]

    n = 1
    while not fails_at(n, error, persists, tmp_path, monkeypatch, work):
        n += 1
    assert n > 3


@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
def test_a_new_session_begins_or_leaves_nothing_whatever_python_is_refused(
    error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n, total = 0, 0
    while not total:
        folder, n = tmp_path / str(n) / "recordings", n + 1

        def work(fault: Fault, folder: Path = folder) -> None:
            path = answered(lambda: new_session_path(folder), fault, "recordings: ")
            assert isinstance(path, Path)
            session = answered(lambda: Session.create(path, exclusive=False), fault, path.name)
            assert isinstance(session, Session)
            session.close()
            assert os.listdir(folder) == [path.name]

        total = fails_at(n, error, False, tmp_path, monkeypatch, work)
    assert total >= 3


# ---- F3: what SQLite asks


def spoken(path: Path, fault: Fault) -> None:
    """A whole sitting, every call of which may fail and is then made again."""

    def call(make: Callable[[], object]) -> object:
        return answered(make, fault, path.name)

    session = call(lambda: Session.create(path))
    assert isinstance(session, Session)
    run = call(lambda: session.add_run(SMALL.header, About(name="a")))
    assert run == 1
    for sweep in SMALL.sweeps:
        call(lambda sweep=sweep: session.add_sweep(run, sweep))
    call(lambda: session.note_run(run, "b"))
    call(lambda: session.finish_run(run, SMALL.finished))
    assert len(call(session.runs)) == 1
    session.close()
    again = call(lambda: Session.open(path, writable=True))
    assert isinstance(again, Session)
    call(lambda: again.hide_run(1))
    again.close()


def held(path: Path) -> None:
    """Raise unless the file holds what was said in that sitting, once."""
    with Session.open(path) as session:
        (info,) = session.runs()
        assert (info.name, info.note, info.hidden) == ("a", "b", True)
        assert differences(SMALL, session.recording(1)) == []


def sitting(n: int, error: int, persists: bool, folder: Path) -> Fault:
    """A sitting with a fault at what SQLite asks as the n-th."""
    folder.mkdir()
    path, fault = folder / "a.vclamp", Fault(n, error, persists)
    with sqlite_fault(fault):
        spoken(path, fault)
        fault.lift()
    held(path)
    recover_all(folder)  # closing it may have been refused: the next start does that
    held(path)
    assert os.listdir(folder) == [path.name]
    shutil.rmtree(folder)
    return fault


@pytest.mark.parametrize("persists", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize(
    "every", [11, pytest.param(1, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)])], ids=["some", "all"]
)
def test_nothing_is_lost_or_doubled_whatever_sqlite_is_refused(
    every: int, error: int, persists: bool, tmp_path: Path
) -> None:
    n_asked = sitting(0, error, False, tmp_path / "0").count
    assert n_asked > 50
    print(f"{n_asked} operations")
    for n in range(1, n_asked + 1, every):
        fault = sitting(n, error, persists, tmp_path / str(n))
        assert fault.met or n > n_asked - 5  # what is asked differs a little from time to time


def test_the_test_above_sees_sweeps_that_are_not_saved_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def no_transaction(database: sqlite3.Connection, kind: str = "") -> Iterator[sqlite3.Connection]:
        yield database

    monkeypatch.setattr(db, "transaction", no_transaction)

    def seen(n: int) -> bool:
        try:
            sitting(n, errno.ENOSPC, False, tmp_path / str(n))
        except (VClampError, AssertionError):
            return True
        return False

    n_asked = sitting(0, 0, False, tmp_path / "0").count
    assert any(seen(n) for n in range(n_asked // 2, n_asked, 5))


# ---- a real disk that is full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "vclamp-test", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_loses_nothing_and_goes_on_once_there_is_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(400_000))
    sweeps, refused = [made_up_sweep(index, n_samples=400) for index in range(20)], []
    with Session.create(small_disk / "a.vclamp") as session:
        run = session.add_run(header())
        for sweep in sweeps:
            try:
                session.add_sweep(run, sweep)
            except VClampError as error:
                refused.append(str(error))
                ballast.unlink(missing_ok=True)
                if len(refused) > 1:
                    break
                session.add_sweep(run, sweep)
        kept = session.recording(run)
    told = "a.vclamp: cannot be written: the disk is full. Make room and try again."
    assert refused == [told, told], "once with the ballast, once without"
    assert len(kept.sweeps) > 5
    with Session.open(small_disk / "a.vclamp") as session:
        again = session.recording(run)
    assert differences(Recording(header(), tuple(sweeps[: len(kept.sweeps)]), again.finished), again) == []


# ---- F3b: damaged files


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run and an unfinished one, as small as they can be; and the same as a killed program leaves it."""
    path = tmp_path_factory.mktemp("closed") / "two.vclamp"
    with Session.create(path) as session:
        for finish in (True, False):
            run = session.add_run(SMALL.header, About("2026-01-02T03:04:05.000+00:00", "a"))
            for sweep in SMALL.sweeps:
                session.add_sweep(run, sweep)
            if finish:
                session.finish_run(run, SMALL.finished)
        for file in (path, db.side_files(path)[0]):
            shutil.copy(file, file.with_name(file.name.replace("two", "live")))
    return path


def complete_sweeps(path: Path) -> int | None:
    """How many sweeps a file still holds; None if it is refused. Wrong data fail."""
    count = 0
    try:
        with Session.open(path) as session:
            for run in session.runs():
                found = session.recording(run.id)
                count += len(found.sweeps)
                held = Recording(SMALL.header, SMALL.sweeps[: len(found.sweeps)], found.finished)
                assert differences(held, found) == []
                assert run.finished_utc is None or found.finished == SMALL.finished
                assert found.about.started_utc == "2026-01-02T03:04:05.000+00:00"
                assert found.about.name in ("a", "")
    except VClampError:
        return None
    return count


def places(size: int, some: int | None) -> Iterator[int]:
    """Some places in a file, or all."""
    return iter(range(size) if some is None else np.random.default_rng(3).integers(size, size=some).tolist())


SOME = pytest.mark.parametrize(
    "some",
    [80, pytest.param(None, marks=[pytest.mark.campaign, pytest.mark.timeout(7200)])],
    ids=["some", "all"],
)


@SOME
@pytest.mark.parametrize("name", ["two.vclamp", "live.vclamp-wal"])
@pytest.mark.parametrize("harm", ["cut", "flip"])
def test_damage_at_any_byte_gives_complete_sweeps_or_an_error(
    harm: str, name: str, some: int | None, two_runs: Path, tmp_path: Path
) -> None:
    data, path = (two_runs.parent / name).read_bytes(), tmp_path / "a.vclamp"
    rng, counts = np.random.default_rng(1), []
    for at in places(len(data), some):
        harmed = bytearray(data if harm == "flip" else data[:at])
        if harm == "flip":
            harmed[at] ^= 1 << int(rng.integers(8))
        for file in db.side_files(path):
            file.unlink(missing_ok=True)
        if name.endswith("-wal"):
            shutil.copy(two_runs.parent / "live.vclamp", path)
            db.side_files(path)[0].write_bytes(harmed)
        else:
            path.write_bytes(harmed)
        counts.append(complete_sweeps(path))
        assert counts[-1] in (None, *range(7)), at
    print(f"{name}: {harm} at {len(counts)} places, refused {counts.count(None)} times")
    assert (harm, name) == ("cut", "two.vclamp") or len(set(counts)) > 1


def test_the_test_above_sees_flipped_bytes_that_no_sum_guards(
    two_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "sound", lambda row, path, what: row[:-1])
    data, path = two_runs.read_bytes(), tmp_path / "a.vclamp"

    def wrong(at: int) -> bool:
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        try:
            complete_sweeps(path)
        except AssertionError:
            return True
        return False

    assert any(wrong(at) for at in places(len(data), 300))


# ---- files that are written whole


@pytest.mark.parametrize("stop", [CancelledError, KeyboardInterrupt, MemoryError, ValueError])
@pytest.mark.parametrize("when", ["write", "check"])
def test_whatever_ends_an_export_leaves_nothing(stop: type[BaseException], when: str, tmp_path: Path) -> None:
    def write(place: Path) -> None:
        for end in ("", "-wal", "-shm"):
            place.with_name(place.name + end).write_text("half")
        if when == "write":
            raise stop

    def check(place: Path) -> None:
        raise stop

    with pytest.raises(stop):
        write_safely(tmp_path / "a.vclamp", write, check)
    assert os.listdir(tmp_path) == []


def test_a_cancelled_export_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    def cancel_halfway(done: float) -> None:
        if done > 0.2:
            raise CancelledError

    path = tmp_path / "a.vclamp"
    export([SMALL], path)
    before = path.read_bytes()
    with pytest.raises(CancelledError):
        export([SMALL, SMALL], path, overwrite=True, progress=cancel_halfway)
    assert (os.listdir(tmp_path), path.read_bytes()) == ([path.name], before)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Müller's cell, 10 µM TTX", "Muller_s cell_ 10 uM TTX"),
        ("../../.bashrc", "_.._.bashrc"),
        ("C:\\Windows\\x", "C_Windows_x"),
        ("a\0b\nc", "a_b_c"),
        ("con", "_con"),
        ("CON.txt", "_CON.txt"),
        ("Lpt1.x.y", "_Lpt1.x.y"),
        ("console", "console"),
        ("trailing. . ", "trailing"),
        ("-rf", "rf"),
        ("", "untitled"),
        ("...", "untitled"),
        ("x" * 300, "x" * 80),
        ("cell \u202egpj.exe", "cell _gpj.exe"),
        ("ИВ", "_"),
        ("iv 2026-01-02_1", "iv 2026-01-02_1"),
    ],
)
def test_a_proposed_name_is_one_that_every_system_takes(text: str, name: str) -> None:
    assert safe_name(text) == name
    assert safe_name(name) == name


def test_a_vanished_folder_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(VClampError, match="there is no such folder"):
        write_text(tmp_path / "gone" / "a.txt", "x")
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))
    assert Finished("completed").message == ""
