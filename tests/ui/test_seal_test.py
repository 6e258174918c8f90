"""T begins a membrane test that follows the rig: R_a, R_m and C_m as they are, again and again, until it is left."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from rig_window import press, settle, wait_for

from vclamp.ui import tone
from vclamp.ui.panels.seal_test import SealTest
from vclamp.ui.tone import pitch_Hz
from vclamp.ui.window import Window

Key = Qt.Key


def number(seal: SealTest, name: str) -> float:
    text = seal.numbers[name].text().replace("−", "-")
    return float("nan") if text == "—" else float(text)


def test_t_measures_the_model_cell_and_follows_its_dials(rig_window: Window) -> None:
    rig_window.load_cell("whole-cell")
    settle(rig_window)
    for channel in rig_window.bench.rig.cell.channels:
        if channel.name != "leak" and channel.is_gated:
            rig_window.edit(f"cell.channels.{channel.name}.on", False)
    seal = rig_window.tools.seal
    press(rig_window, Key.Key_T)
    assert seal.on
    assert rig_window.tabs.currentWidget() is seal
    for rs_MOhm, cm_pF in ((5.0, 20.0), (12.0, 20.0), (12.0, 40.0)):
        rig_window.edit("amplifier.rs_MOhm", rs_MOhm)
        rig_window.edit("cell.cm_pF", cm_pF)
        wait_for(lambda r=rs_MOhm: number(seal, "rs_MOhm") == pytest.approx(r, rel=0.02), 10.0)
        wait_for(lambda c=cm_pF: number(seal, "cm_pF") == pytest.approx(c, rel=0.02), 10.0)
    total = number(seal, "total_MOhm")
    assert total == pytest.approx(number(seal, "rs_MOhm") + number(seal, "rm_MOhm"), rel=1e-3)
    press(rig_window, Key.Key_T)
    assert not seal.on


def test_it_rests_when_nobody_looks_and_at_the_end(rig_window: Window) -> None:
    seal = rig_window.tools.seal
    press(rig_window, Key.Key_T)
    rig_window.tabs.setCurrentIndex(0)
    wait_for(lambda: not seal.on, 3.0)
    settle(rig_window)


def test_an_ideal_clamp_shows_no_access_and_current_clamp_is_refused(rig_window: Window) -> None:
    seal = rig_window.tools.seal
    press(rig_window, Key.Key_T)
    wait_for(lambda: seal.numbers["total_MOhm"].text() != "—", 10.0)
    assert seal.numbers["rs_MOhm"].text() == "—"
    assert "ideal" in seal.note.text()
    press(rig_window, Key.Key_T)
    press(rig_window, Key.Key_I)
    press(rig_window, Key.Key_T)
    wait_for(lambda: not seal.on, 5.0)
    assert "voltage clamp" in seal.note.text()
    QTest.qWait(10)


def test_a_player_is_fed_a_wave_without_a_break(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = tmp_path / "heard"
    monkeypatch.setattr(tone, "_PLAYERS", (("no-such-player",), ("tee", str(heard))))
    player = tone.Tone()
    assert player.can_sound
    for r_MOhm in (5.0, 5.0, 500.0):
        player.sound(r_MOhm, 0.05)
    qtbot.waitUntil(lambda: heard.exists() and heard.stat().st_size == 2 * 3 * 1102, timeout=5000)
    player.stop()
    wave = np.fromfile(heard, "<i2").astype(float)
    steepest = 2.0 * np.pi * pitch_Hz(5.0) / tone.RATE_Hz * tone.LOUD
    assert 0.9 * steepest < np.abs(np.diff(wave)).max() <= steepest + 1.0
    assert wave.max() == pytest.approx(tone.LOUD, rel=0.01)


def test_without_a_player_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tone, "_PLAYERS", (("no-such-player",),))
    player = tone.Tone()
    assert not player.can_sound
    player.sound(5.0, 0.05)
    player.stop()


def test_the_tone_falls_as_the_resistance_rises() -> None:
    pitches = [pitch_Hz(r) for r in (0.1, 1.0, 5.0, 50.0, 500.0, 5000.0, 1e5)]
    assert pitches == sorted(pitches, reverse=True)
    assert (pitches[0], pitches[-1]) == (pytest.approx(1760.0), pytest.approx(110.0))
    assert pitch_Hz(1.0) / pitch_Hz(10.0) == pytest.approx(2.0)  # an octave for each factor of ten
