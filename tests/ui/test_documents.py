"""Recordings opened, saved and replayed from the window."""

import csv
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu
from recordings import made_up_recording, squid_axon
from rig_window import (
    TTX,
    Key,
    click_run,
    drag,
    family,
    points,
    press,
    quick,
    session_file,
    settle,
    ttx_slider,
    wait_for,
)

from vclamp import paths
from vclamp.model.edit import with_value
from vclamp.model.record import Recording
from vclamp.publish.exporters import export
from vclamp.run.runner import record
from vclamp.storage.compare import differences, sweep_differences
from vclamp.storage.recordings import load
from vclamp.ui.window import Window

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(scope="module")
def blocked_run() -> Recording:
    """A run with half the sodium channels blocked."""
    return record(with_value(squid_axon(), TTX, 5e-6, ""), quick(sweeps=5))


@pytest.mark.parametrize("suffix", [".vclamp", ".nwb"])
def test_opening_a_recording_restores_cell_protocol_and_traces(
    rig_window: Window, blocked_run: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    file = tmp_path / f"run{suffix}"
    export([blocked_run], file)
    for by_menu in (False, True):
        rig_window.load_cell("k-membrane")
        rig_window.load_protocol("ramp")
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(file), ""))
        if by_menu:
            press(rig_window, Key.Key_O, CTRL)
        else:
            rig_window.documents.open(file)
        settle(rig_window)
        assert rig_window.bench.rig == blocked_run.header.rig
        assert rig_window.bench.protocol == blocked_run.header.protocol
        assert sweep_differences(rig_window.display.recording.sweeps, load(file)[0].sweeps) == []
        assert points(rig_window) == 5
        assert ttx_slider(rig_window).value() > 0
        assert rig_window.bar.cell.currentData() == "squid-axon"
        assert rig_window.bar.progress.text() == "sweep 5 / 5"
    drag(ttx_slider(rig_window), 0.0)
    settle(rig_window)
    assert [p.ghost for p in rig_window.display.iv._shown] == [True, True, False, False]


def test_opening_a_recording_of_the_same_cell_shows_the_recording_not_a_preview(
    rig_window: Window, tmp_path: Path
) -> None:
    made_up = made_up_recording(n_sweeps=3)
    export([made_up], tmp_path / "made up.vclamp")
    rig_window.bench.load_protocol("iv")
    family(rig_window)
    rig_window.edit(TTX, 1e-6)
    rig_window.documents.open(tmp_path / "made up.vclamp")
    settle(rig_window)
    assert sweep_differences(tuple(rig_window.display._sweeps), made_up.sweeps) == []
    assert [p.ghost for p in rig_window.display.iv._shown] == [False, False]


def test_opening_during_a_run_ends_it(rig_window: Window, blocked_run: Recording, tmp_path: Path) -> None:
    export([blocked_run], tmp_path / "run.nwb")
    rig_window.bench.set_scene(rig_window.bench.rig, quick(sweeps=1000), "long")
    press(rig_window, Key.Key_Space)
    rig_window.documents.open(tmp_path / "run.nwb")
    settle(rig_window)
    assert not rig_window.bridge.running
    assert rig_window.display.recording.header.rig == blocked_run.header.rig
    assert points(rig_window) == 5


def test_a_run_without_a_finished_sweep_can_be_shown_and_edited(rig_window: Window) -> None:
    rig_window.load_protocol("inactivation")
    family(rig_window)
    rig_window.set_speed(0.01)
    press(rig_window, Key.Key_Space)
    wait_for(lambda: points(rig_window) == 0)
    press(rig_window, Key.Key_Escape)
    settle(rig_window)
    click_run(rig_window, 2)
    assert rig_window.display.recording.sweeps == ()
    drag(ttx_slider(rig_window), 0.5)
    settle(rig_window)
    assert points(rig_window) == rig_window.bench.protocol.n_sweeps


def test_a_click_in_the_list_of_runs_shows_that_run(rig_window: Window, blocked_run: Recording, tmp_path: Path) -> None:
    family(rig_window)
    press(rig_window, Key.Key_1)
    family(rig_window)
    runs = rig_window.documents.runs
    assert runs.count() == 2
    first, second = load(session_file(rig_window))
    click_run(rig_window, 1)
    assert differences(rig_window.display.recording, first) == []
    assert rig_window.bench.rig == first.header.rig
    click_run(rig_window, 2)
    assert differences(rig_window.display.recording, second) == []
    export([blocked_run], tmp_path / "other.vclamp")
    rig_window.documents.open(tmp_path / "other.vclamp")
    settle(rig_window)
    assert runs.count() == 1
    export([blocked_run], tmp_path / "other.nwb")
    rig_window.documents.open(tmp_path / "other.nwb")
    settle(rig_window)
    assert runs.count() == 1
    assert rig_window.documents.path == tmp_path / "other.nwb"


DAMAGED = {
    "head.nwb": b"\x89HDF\r\n\x1a\n" + bytes(500),
    "empty.nwb": b"",
    "head.vclamp": b"SQLite format 3\0" + bytes(4000),
    "text.vclamp": b"not a database",
    "text.txt": b"hello",
    "absent.vclamp": None,
}


def test_a_damaged_file_is_explained_and_changes_nothing(rig_window: Window, tmp_path: Path) -> None:
    family(rig_window)
    shows = attrgetter("display.recording", "bench.rig", "bench.protocol")
    before = *shows(rig_window), points(rig_window)
    for name, content in DAMAGED.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        rig_window.documents.open(tmp_path / name)
        settle(rig_window)
        assert name in rig_window.banner.message
        assert "internal error" not in rig_window.banner.message
        assert (*shows(rig_window), points(rig_window)) == before, name
        rig_window.edit(TTX, 1e-6)
        assert rig_window.banner.message == "", name
        rig_window.bench.undo()
        settle(rig_window)
    rig_window.edit(TTX, 1e-6)
    family(rig_window)
    click_run(rig_window, 1)
    assert rig_window.display.recording.header.rig == before[1], "the runs of the session can still be shown"


def test_a_session_with_one_flipped_bit_is_refused_whole(rig_window: Window, tmp_path: Path) -> None:
    family(rig_window)
    file = tmp_path / "flipped.vclamp"
    export([rig_window.display.recording], file)
    data = bytearray(file.read_bytes())
    data[data.index(rig_window.display.recording.sweeps[2]["i_pA"][400:410].tobytes())] ^= 1
    file.write_bytes(data)
    before = rig_window.display.recording
    rig_window.documents.open(file)
    settle(rig_window)
    assert "flipped.vclamp" in rig_window.banner.message
    assert rig_window.display.recording is before


@pytest.mark.parametrize("name", ["run.vclamp", "run", "run.nwb", "run.csv"])
def test_a_saved_run_reads_back(rig_window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    family(rig_window)
    asked: list[str] = []

    def answer(parent: object, title: str, proposed: str, filters: str) -> tuple[str, str]:
        asked.append(proposed)
        return str(tmp_path / name), filters.split(";;", maxsplit=1)[0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    press(rig_window, Key.Key_S, CTRL | SHIFT)
    settle(rig_window)
    assert rig_window.banner.message == ""
    assert asked[0].endswith("quick.vclamp")
    file = tmp_path / name if "." in name else tmp_path / "run.vclamp"
    assert rig_window.status.news.message == f"saved and checked: {file.name}"
    assert rig_window.status.news.toolTip() == str(file)
    kept = rig_window.display.recording
    if file.suffix == ".csv":
        rows = list(csv.reader(line for line in file.read_text().splitlines() if not line.startswith("#")))
        assert len(rows) == 1 + sum(sweep.values.shape[1] for sweep in kept.sweeps)
    else:
        (read,) = load(file)
        assert (read.header.rig, read.header.protocol, read.finished) == (
            kept.header.rig, kept.header.protocol, kept.finished
        )  # fmt: skip
        for mine, other in zip(kept.sweeps, read.sweeps, strict=True):
            np.testing.assert_allclose(mine.values, other.values, rtol=1e-14, atol=1e-300)


def test_a_file_that_the_dialog_did_not_ask_about_is_not_replaced(
    rig_window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family(rig_window)
    (tmp_path / "run.nwb").write_text("precious")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "run"), "NWB (*.nwb)"))
    press(rig_window, Key.Key_S, CTRL | SHIFT)
    settle(rig_window)
    assert "run.nwb: exists already" in rig_window.banner.message
    assert (tmp_path / "run.nwb").read_text() == "precious"


def test_saving_into_nowhere_is_explained(rig_window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "no such folder" / "run.nwb"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(target), ""))
    press(rig_window, Key.Key_S, CTRL | SHIFT)
    assert "no finished run" in rig_window.banner.message
    family(rig_window)
    press(rig_window, Key.Key_S, CTRL | SHIFT)
    settle(rig_window)
    assert "no such folder" in rig_window.banner.message
    assert rig_window.status.news.message == ""


def dropped(window: Window, file: Path) -> None:
    """Drag a file over the middle of the window and let it go there."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    at, nothing = window.display.stack.rect().center(), Qt.KeyboardModifier.NoModifier
    for kind in (QDragEnterEvent, QDropEvent):
        place = QPointF(at) if kind is QDropEvent else at
        event = kind(place, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, nothing)
        QApplication.sendEvent(window, event)
        assert event.isAccepted()
    settle(window)


def test_what_is_dropped_onto_the_window_is_opened_as_what_it_is(
    rig_window: Window, blocked_run: Recording, tmp_path: Path
) -> None:
    export([blocked_run], tmp_path / "run.vclamp")
    dropped(rig_window, paths.PROTOCOLS / "ramp.toml")
    assert rig_window.bench.protocol.name == "ramp"
    dropped(rig_window, paths.CELLS / "k-membrane.toml")
    assert rig_window.bench.rig.cell.name == "k-membrane"
    dropped(rig_window, tmp_path / "run.vclamp")
    assert rig_window.bench.rig == blocked_run.header.rig
    assert points(rig_window) == 5
    dropped(rig_window, next(iter(paths.CHANNELS.glob("*.toml"))))
    assert "describes a channel" in rig_window.banner.message


def test_files_opened_lately_are_in_the_menu_and_open_again(
    rig_window: Window, blocked_run: Recording, tmp_path: Path
) -> None:
    for n in range(10):
        export([blocked_run], tmp_path / f"{n}.vclamp")
        rig_window.documents.open(tmp_path / f"{n}.vclamp")
        settle(rig_window)
    menu = next(menu for menu in rig_window.findChildren(QMenu) if menu.title() == "Recent files")
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == [f"{n}.vclamp" for n in range(9, 1, -1)]
    menu.actions()[-1].trigger()
    settle(rig_window)
    assert rig_window.documents.path == tmp_path / "2.vclamp"
    assert rig_window.documents.recent[0] == tmp_path / "2.vclamp"


def menu_entry(window: Window, text: str) -> QAction:
    return next(action for action in window.findChildren(QAction) if action.text() == text)


def test_a_replay_finds_every_bit_the_same_and_a_changed_sample_not(rig_window: Window, tmp_path: Path) -> None:
    menu_entry(rig_window, "Replay and compare").trigger()
    assert "nothing to replay" in rig_window.banner.message
    family(rig_window)
    press(rig_window, Key.Key_1)
    family(rig_window)
    menu_entry(rig_window, "Replay and compare").trigger()
    settle(rig_window)
    assert rig_window.status.news.message == "4 sweeps identical, bit for bit"
    menu_entry(rig_window, "Replay the whole session").trigger()
    settle(rig_window)
    assert rig_window.status.news.message == "8 sweeps of 2 runs identical, bit for bit"
    run = rig_window.display.recording
    values = run.sweeps[2].values.copy()
    values[run.sweeps[2].names.index("i_pA"), 700] += 1e-9
    sweeps = (*run.sweeps[:2], replace(run.sweeps[2], values=values), *run.sweeps[3:])
    export([replace(run, sweeps=sweeps)], tmp_path / "forged.vclamp")
    rig_window.documents.open(tmp_path / "forged.vclamp")
    settle(rig_window)
    menu_entry(rig_window, "Replay and compare").trigger()
    settle(rig_window)
    assert "sweep 2: i_pA differs from sample 700 on" in rig_window.banner.message
    assert "forged.vclamp" in rig_window.banner.message


def test_what_another_program_recorded_keeps_the_rig_and_is_not_replayed(rig_window: Window, tmp_path: Path) -> None:
    rows = ["time_ms,v_mV,i_pA", *(f"{n / 10},{-80 + 20 * (n > 50)},{n % 7}" for n in range(200))]
    (tmp_path / "scope.csv").write_text("\n".join(rows))
    rig = rig_window.bench.rig
    rig_window.documents.open(tmp_path / "scope.csv")
    settle(rig_window)
    assert rig_window.banner.message == ""
    shown = rig_window.display.recording
    assert shown.foreign
    assert shown.sweeps[0]["i_pA"][:8].tolist() == [0, 1, 2, 3, 4, 5, 6, 0]
    assert rig_window.bench.rig == rig
    assert rig_window.bench.protocol == shown.header.protocol
    menu_entry(rig_window, "Replay and compare").trigger()
    settle(rig_window)
    assert "recorded by another program" in rig_window.banner.message
