"""Recordings of other programs in the window: shown, analysed, and laid over what the cell on the bench does."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recordings import squid_axon
from rig_window import drag, family, quick, settle, ttx_slider

from vclamp.errors import VClampError
from vclamp.model.edit import with_value
from vclamp.model.record import Recording
from vclamp.publish.exporters import export
from vclamp.publish.scopes import SCOPES
from vclamp.run.runner import record
from vclamp.storage.recordings import load
from vclamp.ui.behind import rig_for
from vclamp.ui.panels.offered import OFFERED
from vclamp.ui.window import Window

SHARED = Path(__file__).parents[3] / "shared" / "abf"
REAL = SHARED / "171116sh_0013.abf"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the quick family on a cell with less sodium, as a table that tells nothing of the cell."""
    rig = with_value(squid_axon(), "cell.channels.na.g_nS", 40.0, "")
    path = tmp_path_factory.mktemp("foreign") / "patch 7.csv"
    run = record(rig, quick())
    kept = ("command_mV", "i_pA")
    bare = tuple(replace(s, names=kept, values=np.array([s[name] for name in kept])) for s in run.sweeps)
    export([replace(run, sweeps=bare)], path)
    return path


def opened(window: Window, path: Path) -> Recording:
    """What is on show after a file was opened."""
    window.documents.open(path)
    settle(window)
    assert window.banner.message == ""
    assert window.display.recording is not None
    return window.display.recording


def ghost(window: Window) -> Recording | None:
    """What is drawn behind the sweeps."""
    return window.display.stack.family._ghost.recording


def front(window: Window) -> np.ndarray:
    """The current in front."""
    (shown,) = window.display.stack.scopes["total"].item._live
    return shown.trace.values


def test_a_foreign_recording_is_shown_while_the_cell_stays_on_the_bench(rig_window: Window, table: Path) -> None:
    before = rig_window.bench.rig
    recording = opened(rig_window, table)
    assert recording.foreign
    assert rig_window.bench.rig == before
    assert rig_window.bench.protocol == recording.header.protocol
    assert [name for name in SCOPES if rig_window.display.stack.scopes[name].shown] == ["voltage", "total"]
    voltage, total = (rig_window.display.stack.scopes[name].item for name in ("voltage", "total"))
    assert len(voltage.traces()) == len(total.traces()) == 4
    np.testing.assert_array_equal(front(rig_window), recording.sweeps[-1]["i_pA"].astype(np.float32))
    assert [rig_window.display.cursors.verticalHeaderItem(k).text() for k in range(3)] == [
        "t (ms)", "Command (mV)", "I (pA)"
    ]  # fmt: skip
    assert {p.curve.name for p in rig_window.display.iv._shown} == {"peak-iv", "steady-iv"}


def test_space_simulates_its_protocol_with_the_foreign_sweeps_behind(rig_window: Window, table: Path) -> None:
    foreign = opened(rig_window, table)
    for _ in range(2):
        family(rig_window)
        simulated = rig_window.display.recording
        assert not simulated.foreign
        assert simulated.header.rig == rig_window.bench.rig
        assert [s.values.shape[1] for s in simulated.sweeps] == [s.values.shape[1] for s in foreign.sweeps]
        assert ghost(rig_window) is foreign
    faint = [p for p in rig_window.display.iv._shown if p.ghost]
    assert {p.curve.name for p in faint} == {"peak-iv", "steady-iv"}
    np.testing.assert_allclose(
        next(p.curve.y for p in faint if p.curve.name == "steady-iv"),
        [s["i_pA"][slice(*foreign.header.protocol.window("steady", s.index))].mean() for s in foreign.sweeps],
    )


def test_a_slider_previews_the_simulation_over_a_foreign_recording(rig_window: Window, table: Path) -> None:
    foreign = opened(rig_window, table)
    drag(ttx_slider(rig_window), 0.5)
    settle(rig_window)
    assert rig_window.display.recording is foreign
    assert ghost(rig_window) is foreign
    assert rig_window.display.shown.header.rig == rig_window.bench.rig
    family(rig_window)
    drag(ttx_slider(rig_window), 0.0)
    settle(rig_window)
    assert ghost(rig_window) is foreign


def test_it_stays_behind_another_cell_and_goes_with_a_protocol_of_another_length(
    rig_window: Window, table: Path
) -> None:
    foreign = opened(rig_window, table)
    rig_window.load_cell("neuron")
    settle(rig_window)
    assert ghost(rig_window) is foreign
    family(rig_window)
    assert ghost(rig_window) is foreign
    rig_window.load_protocol("tail")
    settle(rig_window)
    assert ghost(rig_window) is None
    family(rig_window)
    assert ghost(rig_window) is None


def test_a_recording_is_laid_over_what_is_on_show_and_taken_away_again(rig_window: Window, table: Path) -> None:
    family(rig_window)
    (foreign,) = load(table)
    rig_window.display.lay_over(foreign)
    settle(rig_window)
    assert ghost(rig_window) is foreign
    assert not rig_window.display.recording.foreign
    assert len(rig_window.display.stack.scopes["total"].item.traces()) == 8
    rig_window.display.lay_over(None)
    settle(rig_window)
    assert ghost(rig_window) is None


def test_a_recording_of_another_length_is_not_laid_over(rig_window: Window, tmp_path: Path) -> None:
    family(rig_window)
    export([record(squid_axon(), quick(ms=40.0))], tmp_path / "long.csv")
    (foreign,) = load(tmp_path / "long.csv")
    with pytest.raises(VClampError, match=r"long\.csv: its sweeps last 40 ms, those on show 20 ms"):
        rig_window.display.lay_over(foreign)
    assert ghost(rig_window) is None


def test_another_rate_and_other_sweeps_are_laid_over_at_their_own_times(rig_window: Window) -> None:
    family(rig_window)
    other = record(squid_axon(), replace(quick(sweeps=2), fs_kHz=10.0))
    rig_window.display.lay_over(other)
    (faint, _) = rig_window.display.stack.scopes["total"].item._ground.shown
    assert faint.trace.dt_ms * faint.trace.length == pytest.approx(20.0)


def test_a_current_clamp_brings_the_bench_into_its_mode() -> None:
    clamped = with_value(squid_axon(), "amplifier.mode", "current-clamp", "")
    own = record(clamped, quick(sweeps=1))
    foreign = replace(own, about=replace(own.about, source="cc.abf"))
    assert rig_for(foreign, squid_axon()) == clamped
    assert rig_for(foreign, clamped) is clamped
    assert rig_for(own, squid_axon()) is own.header.rig


def test_no_analysis_of_a_foreign_recording_goes_wrong(rig_window: Window, table: Path) -> None:
    opened(rig_window, table)
    for name in OFFERED:  # those that can find nothing are grey
        rig_window.analyst.choose(name)
        settle(rig_window)
        result = rig_window.analyst.panel.result
        assert result is not None
        assert result.analysis == name or name in rig_window.analyst._reasons[1]
        assert all(np.isnan(estimate.truth) for estimate in result.estimates)
        assert result.curves or result.notes, name


def test_a_damaged_foreign_file_is_one_sentence_and_changes_nothing(rig_window: Window, tmp_path: Path) -> None:
    family(rig_window)
    before = rig_window.display.recording
    file = tmp_path / "cut.abf"
    file.write_bytes(b"ABF2" + bytes(range(200)) * 4)
    rig_window.documents.open(file)
    settle(rig_window)
    assert rig_window.banner.message.startswith("cut.abf: ")
    assert rig_window.display.recording is before


@pytest.mark.skipif(not REAL.exists(), reason="the shared folder of real recordings is not here")
def test_a_real_recording_lies_behind_a_simulated_run_of_its_protocol(rig_window: Window) -> None:
    from pyabf import ABF

    foreign = opened(rig_window, REAL)
    family(rig_window)
    behind = rig_window.display.stack.scopes["total"].item._ground.shown
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = ABF(str(REAL))
    for sweep, shown in zip(foreign.sweeps, behind, strict=True):
        theirs.setSweep(sweep.index)
        np.testing.assert_array_equal(shown.trace.values, theirs.sweepY.astype(np.float32))
    texts = [text.toPlainText() for text in rig_window.display.stack.scopes["total"].texts]
    assert texts == ["171116sh_0013.abf"]
