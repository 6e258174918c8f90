"""What the engine could not simulate never reaches it: a file, --set and the editor refuse it in one sentence."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from test_bad_files import CELL, IV, refusal

from vclamp import paths
from vclamp.cli import main, runs
from vclamp.errors import VClampError
from vclamp.model.edit import with_value
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Hold, Protocol
from vclamp.model.record import trace_names
from vclamp.run import runner

# path, value as TOML, what is said: where, what, the limit and the remedy
WRONG = [
    ("cell.cm_pF", "0.0", "cm_pF: 0.0 is too small. It must be at least 0.01."),
    ("cell.cm_pF", "-10.0", "cm_pF: -10.0 is too small. It must be at least 0.01."),
    ("cell.cm_pF", "1e9", "cm_pF: 1000000000.0 is too large. It must be at most 100000."),
    ("cell.volume_pL", "0.0", "volume_pL: 0.0 is too small. It must be at least 1e-06."),
    ("cell.tick_ms", "0.0", "tick_ms: 0.0 is too small. It must be at least 0.1."),
    ("cell.stochastic", "1", "stochastic: 1 should be a valid boolean. Correct it."),
    ("cell.channels.na.n_channels", "1000000000", "n_channels: 1000000000 is too large. It must be at most 1e+07."),
    ("cell.channels.na.n_channels", "-1", "n_channels: -1 is too small. It must be at least 0."),
    ("cell.channels.na.n_channels", "0.5", "n_channels: 0.5 should be a valid integer"),
    ("cell.channels.na.g_nS", "inf", "g_nS: is not a finite number. Give a plain number."),
    ("amplifier.mode", '"dynamic-clamp"', "mode: \"dynamic-clamp\" should be 'voltage-clamp' or 'current-clamp'"),
    ("amplifier.circuit", '"ful"', "circuit: \"ful\" should be 'series-resistance', 'simplified' or 'full'"),
    ("amplifier.circuit", '"full"', "the full circuit has no series resistance. Give rs_MOhm at least 0.01, or use"),
    ("amplifier.circuit", '"simplified"', "the simplified circuit has no series resistance. Give rs_MOhm at least"),
    ("amplifier.rs_MOhm", "-1.0", "rs_MOhm: -1.0 is too small. It must be at least 0."),
    ("amplifier.rs_MOhm", "nan", "rs_MOhm: is not a finite number"),
    (
        "amplifier.rs_MOhm",
        "1e-9",
        "1e-09 is too small to simulate. Use 0 for an ideal clamp, or at least 0.01.",
    ),
    ("amplifier.rs_MOhm", "1e6", "rs_MOhm: 1000000.0 is too large. It must be at most 1000."),
    ("amplifier.rs_est_MOhm", "-1.0", "rs_est_MOhm: -1.0 is too small. It must be at least 0."),
    ("amplifier.cm_est_pF", "-1.0", "cm_est_pF: -1.0 is too small. It must be at least 0."),
    ("amplifier.cp_pF", "-1.0", "cp_pF: -1.0 is too small. It must be at least 0."),
    ("amplifier.correction_percent", "150.0", "correction_percent: 150.0 is too large. It must be at most 100."),
    ("amplifier.correction_percent", "-1.0", "correction_percent: -1.0 is too small. It must be at least 0."),
    ("amplifier.prediction_percent", "100.0", "prediction_percent: 100.0 is too large. It must be at most 99."),
    ("amplifier.tau_sum_ms", "0.0", "tau_sum_ms: 0.0 is too small. It must be at least 0.0001."),
    ("amplifier.feedback_GOhm", "0.0", "feedback_GOhm: 0.0 is too small. It must be at least 0.001."),
    ("amplifier.bias_pA", "1e9", "bias_pA: 1000000000.0 is too large. It must be at most 1e+06."),
    ("amplifier.offset_mV", "300.0", "offset_mV: 300.0 is too large. It must be at most 250."),
    ("amplifier.recorder.filter_kHz", "-5.0", "recorder.filter_kHz: -5.0 is too small. It must be at least 0."),
    ("amplifier.recorder.filter_kHz", "nan", "recorder.filter_kHz: is not a finite number"),
    ("amplifier.recorder.seal_GOhm", "0.0", "recorder.seal_GOhm: 0.0 is too small. It must be at least 0.001."),
    ("amplifier.recorder.bits", "40", "recorder.bits: 40 is too large. It must be at most 24."),
    ("amplifier.recorder.bits", "-1", "recorder.bits: -1 is too small. It must be at least 0."),
    ("amplifier.recorder.bits", "12.5", "recorder.bits: 12.5 should be a valid integer"),
    ("amplifier.recorder.range_V", "0.0", "recorder.range_V: 0.0 is too small. It must be at least 0.01."),
    ("amplifier.recorder.gain_mV_per_pA", "0.0", "gain_mV_per_pA: 0.0 is too small. It must be at least 0.0001."),
    ("amplifier.recorder.on", "1", "recorder.on: 1 should be a valid boolean"),
]
CURRENT_STEP = """
name = "x"
n_sweeps = 3
hold_mV = -80.0
fs_kHz = {fs}
[[segments]]
type = "current-step"
level_pA = {level}
duration_ms = {duration}
"""


def with_line(path: str, value: str) -> str:
    """The cell's file with one value more."""
    *way, key = path.split(".")
    line = f"{key} = {value}\n"
    if way[-1] == "na":
        return CELL.replace('use  = "squid-na"\n', f'use  = "squid-na"\n{line}', 1)
    table = f"[{'.'.join(way)}]\n"
    return CELL.replace(table, table + line, 1) if table in CELL else f"{CELL}\n{table}{line}"


@pytest.mark.parametrize(("path", "value", "said"), WRONG)
def test_a_file_that_describes_an_impossible_rig_is_refused(path: str, value: str, said: str, tmp_path: Path) -> None:
    content = with_line(path, value)
    assert content != CELL
    if path == "cell.cm_pF":
        content = CELL.replace("cm_pF", f"cm_pF = {value} #", 1)
    assert said in refusal(tmp_path, content, load_rig)


@pytest.mark.parametrize(("path", "value", "said"), WRONG[::4])
def test_the_command_line_refuses_an_impossible_rig(
    path: str, value: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    assert main(["run", "iv", "--cell", "squid-axon", "--set", f"{path}={value}", "-o", str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("vclamp: --set: ")
    assert said in line
    assert len(line) < 400
    assert not out.exists()


@pytest.mark.parametrize(("path", "value", "said"), WRONG)
def test_the_editor_refuses_an_impossible_rig(path: str, value: str, said: str) -> None:
    rig = load_rig(paths.CELLS / "squid-axon.toml")
    with pytest.raises(VClampError) as caught:
        with_value(rig, path, runs._value(value), "here")
    assert said in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (IV.replace("fs_kHz   = 50.0", "fs_kHz = 0.0"), "fs_kHz: 0.0 is too small. It must be at least 0.001."),
        (IV.replace("fs_kHz   = 50.0", "fs_kHz = 1001.0"), "fs_kHz: 1001.0 is too large. It must be at most 1000."),
        (CURRENT_STEP.format(fs=1000.0, level=0.0, duration=36e6), "sweep 1 has 36,000,000,000 samples. At most"),
        (CURRENT_STEP.format(fs=20.0, level=1e7, duration=1.0), "level_pA: 10000000.0 is too large. It must be"),
        (CURRENT_STEP.format(fs=20.0, level="nan", duration=1.0), "level_pA: is not a finite number"),
        (CURRENT_STEP.format(fs=20.0, level="{ start = 0.0, step = 6e5 }", duration=1.0), "beyond ±1e+06 pA. Change"),
        (CURRENT_STEP.format(fs=20.0, level="[1.0, 2.0]", duration=1.0), "level_pA lists 2 values for 3 sweeps. Give"),
        (CURRENT_STEP.format(fs=20.0, level=0.0, duration=1e-3), "is shorter than one sample. Lengthen duration_ms or"),
    ],
)  # fmt: skip
def test_a_protocol_that_cannot_be_played_is_refused(content: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, content, load_protocol)


MB = 1024**2


def has_free(monkeypatch: pytest.MonkeyPatch, megabytes: float) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=round(megabytes * MB)))


@pytest.fixture
def rig() -> Any:
    return load_rig(paths.CELLS / "squid-axon.toml")


def still(megabytes: float, n_traces: int, n_sweeps: int = 10) -> Protocol:
    """A protocol whose traces are as large as this."""
    samples = round(megabytes * MB / 8 / n_traces / n_sweeps)
    return Protocol("still", (Hold(duration_ms=samples / 100.0),), n_sweeps=n_sweeps, hold_mV=-80.0, fs_kHz=100.0)


def test_a_run_that_needs_more_memory_than_is_free_says_how_much(monkeypatch: pytest.MonkeyPatch, rig: Any) -> None:
    """1000 MB of traces in ten sweeps, half as much again to draw them, and three copies of a sweep: 1800 MB."""
    protocol = still(1000.0, len(trace_names(rig)))
    has_free(monkeypatch, 1801.0)
    runner.check_size(rig, protocol)
    has_free(monkeypatch, 1799.0)
    with pytest.raises(VClampError) as caught:
        runner.check_size(rig, protocol)
    said = str(caught.value)
    assert said.startswith("still: ")
    assert "need 1,800 MB of memory, and 1,799 MB are free." in said
    assert "use fewer sweeps, shorter segments, or a lower fs_kHz." in said
    assert "\n" not in said


def test_every_trace_counts(monkeypatch: pytest.MonkeyPatch, rig: Any) -> None:
    protocol = still(500.0, len(trace_names(rig)))
    has_free(monkeypatch, 1000.0)
    runner.check_size(rig, protocol)
    recording = with_value(rig, "amplifier.recorder.on", True, "")
    n_more = len(trace_names(recording)) / len(trace_names(rig))
    assert n_more > 1.0
    has_free(monkeypatch, 900.0 * (1.0 + n_more) / 2.0)  # enough for the one, too little for the other
    runner.check_size(rig, protocol)
    with pytest.raises(VClampError, match="MB are free"):
        runner.check_size(recording, protocol)


def test_a_refused_run_allocates_nothing_and_says_why(monkeypatch: pytest.MonkeyPatch, rig: Any) -> None:
    has_free(monkeypatch, 10.0)
    monkeypatch.setattr(runner, "Simulation", None)
    events = list(runner.run(rig, still(100.0, len(trace_names(rig)))))
    assert [type(event).__name__ for event in events] == ["Header", "Finished"]
    assert "10 MB are free" in events[-1].message


def test_a_small_run_does_not_ask_for_the_memory(monkeypatch: pytest.MonkeyPatch, rig: Any) -> None:
    """A preview comes with every movement of a slider."""
    asked: Callable[[], None] = lambda: pytest.fail("it asked")  # noqa: E731
    monkeypatch.setattr(psutil, "virtual_memory", asked)
    runner.check_size(rig, load_protocol(paths.PROTOCOLS / "iv.toml"))


def test_no_free_memory_allows_more_than_2_gb_of_traces(monkeypatch: pytest.MonkeyPatch, rig: Any) -> None:
    has_free(monkeypatch, 1e6)
    runner.check_size(rig, still(2000.0, len(trace_names(rig))))
    with pytest.raises(VClampError, match="At most 2 GB are allowed: use fewer sweeps"):
        runner.check_size(rig, still(2100.0, len(trace_names(rig))))
