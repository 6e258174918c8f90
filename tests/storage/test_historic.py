"""Files of every format there ever was are read for ever and run again to themselves; and so do today's."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recordings import apart, squid_axon

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.edit import items, with_value
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.record import About, Change, Finished, Recording
from vclamp.model.rig import Rig
from vclamp.model.series import Series
from vclamp.publish.exporters import export
from vclamp.run.runner import Script, record, replay
from vclamp.storage.compare import differences
from vclamp.storage.layout import VERSION
from vclamp.storage.recordings import load, unlike
from vclamp.storage.session import LAYOUTS, Session

HISTORIC = Path(__file__).parents[1] / "historic"
FILES = sorted(HISTORIC.iterdir())
SESSIONS = [path for path in FILES if path.suffix == ".vclamp"]
LAST_DIGITS = 1e-9
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
every_session = pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.name)


def test_there_is_a_file_of_every_format() -> None:
    assert [path.name for path in SESSIONS] == [f"format-{version}.vclamp" for version in sorted(LAYOUTS)]
    assert max(LAYOUTS) == VERSION


# ---- files of earlier versions


@every_file
def test_every_historic_file_runs_again_to_itself(path: Path) -> None:
    """To the last digits: it was made on another processor, whose exponentials are rounded otherwise."""
    (recording,) = load(path)
    assert [len(sweep.changes) for sweep in recording.sweeps] == [0, 1, 0]
    again = replay(recording)
    assert apart(again, recording) < LAST_DIGITS
    assert unlike(replay(again), again, path) == []


@every_session
def test_what_a_historic_session_holds_is_known(path: Path) -> None:
    with Session.open(path) as session:
        run, *_ = session.runs()
        assert session.head.format == int(path.stem.removeprefix("format-"))
        kept = session.recording(1)
    assert (run.n_sweeps, run.finished, run.hidden) == (3, Finished("completed"), False)
    assert run.started_utc == kept.about.started_utc == "2026-11-23T07:56:58.436+00:00"
    assert (run.cell_title, run.protocol_title) == (kept.header.rig.cell.title, kept.header.protocol.title)
    assert (kept.header.seed, kept.header.rig.cell.name, kept.header.protocol.name) == (12345, "realistic-rig", "iv")
    assert [sweep.values.shape for sweep in kept.sweeps] == [(13, 170)] * 3
    assert differences(kept, load(SESSIONS[0])[0]) == []


@every_session
def test_reading_a_historic_session_changes_nothing(path: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(path, tmp_path))
    load(copy)
    assert copy.read_bytes() == path.read_bytes()
    assert os.listdir(tmp_path) == [copy.name]


def test_the_file_of_format_2_keeps_what_was_said_of_its_runs() -> None:
    with Session.open(HISTORIC / "format-2.vclamp") as session:
        first, second = session.runs()
        about = session.recording(1).about
    assert (first.name, first.tags) == (about.name, about.tags) == ("before TTX", ("historic", "I–V"))
    assert about.note.startswith("The first file of format 2")
    assert about.sweep_notes == ((1, "the rig was changed in it"),)
    assert (second.hidden, second.n_sweeps) == (True, 0)
    assert second.finished == Finished("stopped", "before its first sweep was over")


def test_an_older_session_is_exported_instead_of_written_to(tmp_path: Path) -> None:
    old = Path(shutil.copy(HISTORIC / "format-1.vclamp", tmp_path))
    with pytest.raises(VClampError) as caught:
        Session.open(old, writable=True)
    assert str(caught.value) == (
        "format-1.vclamp: is of an older format, which is only read. "
        "Export it to a new session (.vclamp), and go on in that."
    )
    assert old.read_bytes() == (HISTORIC / "format-1.vclamp").read_bytes()
    with Session.open(old) as session, pytest.raises(VClampError, match="cannot be written to"):
        session.rename_run(1, "x")
    new = tmp_path / "new.vclamp"
    export(load(old), new)
    with Session.open(new, writable=True) as session:
        assert session.head.format == VERSION
        session.rename_run(1, "x")
    assert differences(*load(old), *load(new)) == []


# ---- F15: what is saved today runs again to itself


def changed_while_running() -> Recording:
    """A run that went on warmer from sample 150 of its second sweep."""
    rig = squid_axon()
    warmer = replace(rig, solutions=replace(rig.solutions, temperature_K=290.0))
    protocol = replace(load_protocol(paths.PROTOCOLS / "iv.toml"), n_sweeps=3)
    return record(rig, protocol, inbox=Script((Change(1, 150, warmer),)))


def survives(recording: Recording, path: Path) -> Iterator[str]:
    """What is not as it was after a recording was saved, loaded and run again."""
    about = About("2026-01-02T03:04:05.678+00:00", "name ±", "a\nb", ("x", "y"), ((0, "first"),))
    export([replace(recording, about=about)], path)
    (kept,) = load(path)
    yield from differences(recording, kept)
    if kept.about != about:
        yield "what is said of it"
    yield from unlike(replay(kept), kept, path)


@pytest.mark.parametrize(
    "protocol",
    [
        pytest.param(name, marks=() if name in ("iv", "tail", "ramp") else pytest.mark.campaign)
        for name in sorted(path.stem for path in paths.PROTOCOLS.glob("*.toml"))
    ],
)
def test_a_shipped_protocol_runs_again_to_itself_from_its_session(protocol: str, tmp_path: Path) -> None:
    described = load_protocol(paths.PROTOCOLS / f"{protocol}.toml")
    rig = squid_axon()
    if described.opens.cell is not None:
        rig = load_rig(paths.CELLS / f"{described.opens.cell}.toml")
    assert list(survives(record(rig, described, seed=7), tmp_path / "a.vclamp")) == []


def somehow(rng: np.random.Generator) -> tuple[Rig, Protocol]:
    """A shipped cell of which many a number is another, and at most two sweeps of a shipped protocol."""
    rig = load_rig(paths.CELLS / f"{rng.choice(list(paths.shipped(paths.CELLS)))}.toml")
    for key, value in list(items(rig)):
        if isinstance(value, float) and rng.random() < 0.2:
            with suppress(VClampError):  # refused: the value stays
                rig = with_value(rig, key, value * rng.lognormal(0.0, 0.3), "")
    protocol = load_protocol(paths.PROTOCOLS / f"{rng.choice(list(paths.shipped(paths.PROTOCOLS)))}.toml")
    return rig, replace(protocol, n_sweeps=min(protocol.n_sweeps, 2), series=Series())


@pytest.mark.parametrize("n_rigs", [5, pytest.param(1000, marks=[pytest.mark.campaign, pytest.mark.timeout(7200)])])
def test_any_rig_runs_again_to_itself_from_its_session(n_rigs: int, tmp_path: Path) -> None:
    ran = 0
    for seed in range(n_rigs):
        try:
            recording = record(*somehow(np.random.default_rng(seed)), seed=seed)
        except VClampError:
            continue  # this cell cannot be clamped so
        ran += 1
        assert list(survives(recording, tmp_path / f"{seed}.vclamp")) == [], seed
        (tmp_path / f"{seed}.vclamp").unlink()
    print(f"{ran} of {n_rigs} random rigs ran, and again to themselves")
    assert ran > n_rigs / 2


def test_a_run_that_was_changed_while_it_ran_runs_again_to_itself(tmp_path: Path) -> None:
    recording = changed_while_running()
    assert [len(sweep.changes) for sweep in recording.sweeps] == [0, 1, 0]
    assert list(survives(recording, tmp_path / "a.vclamp")) == []


def test_the_tests_above_see_one_changed_bit(tmp_path: Path) -> None:
    recording = record(squid_axon(), replace(load_protocol(paths.PROTOCOLS / "iv.toml"), n_sweeps=2))
    values = recording.sweeps[1].values.copy()
    values[2, 100] = np.nextafter(values[2, 100], np.inf)
    changed = replace(recording, sweeps=(recording.sweeps[0], replace(recording.sweeps[1], values=values)))
    assert list(survives(changed, tmp_path / "a.vclamp")) == ["sweep 1: i_pA differs from sample 100 on"]
