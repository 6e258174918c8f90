"""A cell or protocol whose file is edited elsewhere is offered anew, and never taken silently."""

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from rig_window import Key, click, live, press, settle, wait_for

from vclamp import paths
from vclamp.ui.window import Window


def opened(window: Window, file: Path) -> Path:
    """A file that is on the bench."""
    window.documents.open(file)
    settle(window)
    return file


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    return Path(shutil.copy(paths.PROTOCOLS / "iv.toml", tmp_path / "my-steps.toml"))


def edit(file: Path, before: str, after: str) -> None:
    """As careful editors do: another file takes its place."""
    text = file.read_text(encoding="utf-8")
    assert before in text
    beside = file.with_suffix(".new")
    beside.write_text(text.replace(before, after), encoding="utf-8")
    beside.replace(file)


def test_an_edited_protocol_is_taken_once_its_user_says_so(rig_window: Window, steps: Path) -> None:
    opened(rig_window, steps)
    for interval in ("261.0", "262.0"):
        kept = rig_window.bench.protocol
        edit(steps, f"interval_ms = {kept.interval_ms}", f"interval_ms = {interval}")
        wait_for(lambda: "my-steps.toml was edited" in rig_window.banner.message, 5.0)
        assert rig_window.bench.protocol == kept
        (reload,) = [button for button in rig_window.banner.buttons if button.text() == "Reload"]
        click(reload)
        assert rig_window.bench.protocol.interval_ms == float(interval)
        assert rig_window.banner.message == ""
    rig_window.bench.undo()
    assert rig_window.bench.protocol.interval_ms == 261.0


def test_an_edited_cell_too(rig_window: Window, tmp_path: Path) -> None:
    cell = opened(rig_window, Path(shutil.copy(paths.CELLS / "squid-axon.toml", tmp_path / "my-cell.toml")))
    edit(cell, "squid-axon", "squid-axon")
    live(0.4)
    assert rig_window.banner.message == "", "the same again is no change"
    before = rig_window.bench.rig.cell.cm_pF
    assert before == 1.0
    edit(cell, "cm_pF  = 1.0 ", "cm_pF  = 2.0 ")
    wait_for(lambda: "my-cell.toml was edited" in rig_window.banner.message, 5.0)
    click(rig_window.banner.buttons[0])
    assert rig_window.bench.rig.cell.cm_pF == 2.0


def test_one_that_cannot_be_read_is_told_and_the_bench_stays(rig_window: Window, steps: Path) -> None:
    opened(rig_window, steps)
    kept = rig_window.bench.protocol
    edit(steps, "interval_ms", "intervall_ms")
    wait_for(lambda: "interval_ms" in rig_window.banner.message, 5.0)
    assert rig_window.bench.protocol == kept
    edit(steps, "intervall_ms", "interval_ms")
    live(0.4)
    steps.unlink()
    live(0.4)
    assert rig_window.bench.protocol == kept


def test_a_file_that_is_on_the_bench_no_longer_is_let_alone(
    rig_window: Window, steps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(steps), ""))
    press(rig_window, Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    settle(rig_window)
    assert rig_window.bench.protocol.interval_ms == 260.0
    rig_window.load_protocol("tail")
    edit(steps, "interval_ms = 260.0", "interval_ms = 300.0")
    live(0.5)
    assert rig_window.banner.message == ""
