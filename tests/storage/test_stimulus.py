"""What Clampex played becomes a protocol that plays the same; a protocol's command becomes a file for Clampex."""

import json
import os
import struct
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from abf_files import (
    BIPHASIC,
    COSINE,
    PULSE,
    RAMP,
    RESISTANCE,
    SHARED,
    STEP,
    TRIANGLE,
    Column,
    ask_here,
    write_abf_1,
    write_abf_2,
)  # fmt: skip

from vclamp import paths
from vclamp.cli import main
from vclamp.errors import VClampError
from vclamp.model.files import load_protocol
from vclamp.model.ladder import Ladder
from vclamp.model.protocol import Protocol
from vclamp.model.segments import CurrentStep, Hold, Ramp, Step, Train, Waveform
from vclamp.model.series import Series
from vclamp.storage import aside
from vclamp.storage.atf import export_command
from vclamp.storage.stimulus import read_protocol

HERE = Path(__file__).parent
RECORDINGS = sorted(SHARED.glob("*.abf"))
TOLERANCE_mV = 1e-6
needs_recordings = pytest.mark.skipif(not RECORDINGS, reason="the shared folder of real recordings is not here")
both_versions = pytest.mark.parametrize("write", [write_abf_1, write_abf_2], ids=["ABF 1", "ABF 2"])


@pytest.fixture
def own_process() -> None:
    """For tests of the process that reads foreign files."""


@pytest.fixture(autouse=True)
def _read_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pyabf read without a process for each file, which takes half a second."""
    if "own_process" not in request.fixturenames:
        monkeypatch.setattr(aside, "ask", ask_here)


def played(path: Path, dac: int = 0) -> list[Any]:
    """What pyabf says was commanded, sweep by sweep; ABF 1 with the holding level of its header."""
    from pyabf import ABF

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = ABF(str(path))
    if file.abfVersion["major"] == 1:  # pyabf takes the first epochs' levels for it
        file.holdingCommand = list(struct.unpack_from("<4f", path.read_bytes(), 1394))
    sweeps = []
    for sweep in file.sweepList:
        file.setSweep(sweep, channel=dac)
        sweeps.append(np.array(file.sweepC))
    return sweeps


def commands(protocol: Protocol) -> list[Any]:
    courses = [protocol.course(sweep) for sweep in range(protocol.total_sweeps)]
    return [course.command_pA if protocol.commands_current else course.command_mV for course in courses]


def assert_plays(protocol: Protocol, expected: list[Any]) -> None:
    assert protocol.total_sweeps == len(expected)
    for own, other in zip(commands(protocol), expected, strict=True):
        assert own.shape == other.shape
        np.testing.assert_allclose(own, other, rtol=0.0, atol=TOLERANCE_mV)


def refusal(path: Path, dac: int | None = None) -> str:
    with pytest.raises(VClampError) as caught:
        read_protocol(path, dac)
    said = str(caught.value)
    assert said.startswith(f"{path.name}: ")
    assert "\n" not in said
    assert caught.value.remedy
    return said


# ---- real recordings ---------------------------------------------------------------------------------------------


@needs_recordings
@pytest.mark.parametrize("path", RECORDINGS, ids=[path.stem for path in RECORDINGS])
def test_a_real_recording_imports_as_what_pyabf_says_it_commanded(path: Path) -> None:
    from pyabf import ABF

    for dac in ABF(str(path), loadData=False).channelList:
        assert_plays(read_protocol(path, dac), played(path, dac))


@pytest.mark.usefixtures("own_process")
@needs_recordings
def test_the_holding_level_of_the_real_abf_1_file_is_the_one_pyabf_uses() -> None:
    from pyabf import ABF

    path = SHARED / "05210017_vc_abf1.abf"
    file = ABF(str(path))
    assert_plays(read_protocol(path), [np.array(file.sweepC)] * file.sweepCount)
    assert read_protocol(path).interval_ms == 60_000.0  # fEpisodeStartToStart of its header


@needs_recordings
def test_epochs_keep_their_names_and_real_trains_their_increments() -> None:
    protocol = read_protocol(SHARED / "18702001-pulseTrain.abf", 1)
    train = next(segment for segment in protocol.segments if isinstance(segment, Train))
    assert [segment.name for segment in protocol.segments] == ["", "A", "B", "C", ""]
    assert train.level_mV == Ladder(25.0, 10.0)
    assert (train.period_ms, train.width_ms, train.duration_ms) == (50.0, 10.0, 500.0)


@needs_recordings
def test_hundreds_of_damaged_recordings_are_imported_or_refused_in_a_sentence_and_none_hangs(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "abf_files.py"), str(tmp_path), "400", *map(str, RECORDINGS)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    fates = json.loads(done.stdout)
    assert len(fates) == 400
    refused = [said for said in fates if said != "protocol"]
    assert 100 < len(refused) < 380
    assert [said for said in refused if not said.startswith("damaged.abf: ") or "\n" in said or len(said) > 400] == []


# ---- files of our own --------------------------------------------------------------------------------------------


TABLES = {
    "steps": [Column(STEP, -80.1, 10.0, 1000), Column(STEP, 20.0, 0.0, 500, 250)],
    "ramps": [Column(RAMP, 30.0, 5.0, 777, 13), Column(RAMP, -70.0, 0.0, 2)],
    "pulses": [Column(STEP, -90.0, 0.0, 100), Column(PULSE, 20.0, 7.0, 1050, 60, 100, 30), Column(RAMP, 0.0, 0.0, 90)],
    "triangles": [Column(TRIANGLE, 20.0, 7.0, 1000, 200, 100, 30), Column(STEP, 0.0, 0.0, 10)],
    "cosines": [Column(COSINE, 20.0, 7.0, 1050, 60, 100, 30), Column(STEP, 0.0, 0.0, 10)],
    "biphasic": [Column(BIPHASIC, -20.0, -3.0, 1050, 60, 100, 31), Column(STEP, 0.0, 0.0, 10)],
    "shrinking": [Column(STEP, -20.0, 0.0, 1000, -400), Column(STEP, 0.0, 0.0, 300, 400)],
    "empty columns": [Column(STEP, -20.0, 1.0, 0), Column(RAMP, 20.0, 0.0, 400), Column(0, 9.0, 0.0, 50)],
    "from no samples on": [Column(STEP, -20.0, 0.0, 500), Column(STEP, -70.0, 0.0, 0, 300), Column(STEP, 0.0, 0.0, 99)],
    "a ramp of one sample": [Column(RAMP, -20.0, 5.0, 1), Column(STEP, 0.0, 0.0, 50)],
    "a train after a train": [Column(PULSE, 20.0, 7.0, 950, 0, 100, 30), Column(BIPHASIC, 40.0, 0.0, 950, 0, 100, 30)],
    "pulses that overlap": [Column(PULSE, -20.0, 5.0, 900, 0, 100, 150)],
    "trains without a period": [Column(PULSE, -20.0, 5.0, 900)],
    "nothing": [],
}


@pytest.mark.parametrize("stays", [False, True], ids=["back to holding", "stays at the last epoch"])
@pytest.mark.parametrize("columns", TABLES.values(), ids=TABLES.keys())
def test_every_kind_of_epoch_is_drawn_as_pyabf_draws_it(tmp_path: Path, columns: list[Column], stays: bool) -> None:
    path = write_abf_2(tmp_path / "a.abf", columns, n_samples=6400 + 37, stays=stays)
    protocol = read_protocol(path)
    assert_plays(protocol, played(path))
    assert protocol.series.level_between == ("last" if stays else "holding")


@pytest.mark.parametrize("name", ["steps", "ramps", "pulses", "triangles", "biphasic", "from no samples on"])
def test_abf_1_plays_what_abf_2_with_the_same_table_plays(tmp_path: Path, name: str) -> None:
    reference = played(write_abf_2(tmp_path / "b.abf", TABLES[name], hold=-65.5))
    assert_plays(read_protocol(write_abf_1(tmp_path / "a.abf", TABLES[name], hold=-65.5)), reference)


def test_a_step_family_reads_as_a_person_would_write_it(tmp_path: Path) -> None:
    path = write_abf_1(tmp_path / "a.abf", TABLES["steps"], hold=-70.0, interval_s=2.0)
    protocol = read_protocol(path)
    a, b = protocol.segments[1:3]
    assert (protocol.hold_mV, protocol.fs_kHz, protocol.n_sweeps, protocol.interval_ms) == (-70.0, 20.0, 3, 2000.0)
    assert protocol.segments[0] == Hold(5.0)  # a 64th of 6400 samples
    assert isinstance(a, Step)
    assert isinstance(a.level_mV, Ladder)
    assert a.level_mV.step == 10.0
    assert b == Step(20.0, Ladder(25.0, 12.5), "B")


def test_a_ramp_is_at_its_level_in_its_last_sample_and_starts_from_the_epoch_before(tmp_path: Path) -> None:
    path = write_abf_2(tmp_path / "a.abf", [Column(STEP, -100.0, 0.0, 200), Column(RAMP, 40.0, 0.0, 1000)])
    protocol = read_protocol(path)
    command = protocol.command_mV(0)
    assert protocol.segments[2] == Ramp(40.0, 49.95, -100.0, "B")
    np.testing.assert_allclose(command[300:1300], np.linspace(-100.0, 40.0, 1000), atol=TOLERANCE_mV)
    assert command[1300] == -70.0


def test_a_sweep_that_ends_at_its_last_epoch_begins_the_next_one_there(tmp_path: Path) -> None:
    protocol = read_protocol(write_abf_1(tmp_path / "a.abf", [Column(STEP, -50.0, 20.0, 500)], stays=True))
    assert [protocol.command_mV(sweep)[0] for sweep in range(3)] == [-70.0, -50.0, -30.0]
    assert [protocol.command_mV(sweep)[-1] for sweep in range(3)] == [-50.0, -30.0, -10.0]


@both_versions
@pytest.mark.parametrize(("unit", "factor"), [("pA", 1.0), ("nA", 1e3)])
def test_a_current_clamp_file_commands_currents(tmp_path: Path, write: Any, unit: str, factor: float) -> None:
    columns = [Column(STEP, -0.5, 0.25, 1000), Column(RAMP, 2.0, 0.0, 500), Column(PULSE, 1.0, 0.5, 900, 0, 90, 9)]
    reference = played(write_abf_2(tmp_path / "b.abf", columns, hold=0.125, unit=unit))
    protocol = read_protocol(write(tmp_path / "a.abf", columns, hold=0.125, unit=unit))
    assert protocol.commands_current
    assert_plays(protocol, [factor * sweep for sweep in reference])
    assert isinstance(protocol.segments[0], CurrentStep)  # the holding current is commanded too


def test_volts_become_millivolts(tmp_path: Path) -> None:
    path = write_abf_2(tmp_path / "a.abf", [Column(STEP, 0.125, 0.0, 100)], hold=-0.0625, unit="V")
    assert_plays(read_protocol(path), [1e3 * sweep for sweep in played(path)])


def test_what_else_was_played_is_named(tmp_path: Path) -> None:
    protocol = read_protocol(write_abf_2(tmp_path / "a.abf", TABLES["steps"], leak=1))
    assert protocol.note == "Imported from a.abf. Its P/N leak subtraction is left out."


@both_versions
def test_a_stimulus_file_beside_the_recording_is_played_as_pyabf_finds_it(tmp_path: Path, write: Any) -> None:
    wave = -70.0 + 100.0 * np.sin(np.arange(500) / 40.0) ** 2
    rows = "\r\n".join(f"{k * 5e-5:.6f}\t{v!r}" for k, v in enumerate(wave.tolist()))
    head = 'ATF\t1.0\r\n1\t2\r\n"Signals="\t"Cmd 0"\r\n"Time (s)"\t"Trace #1 (mV)"\r\n'
    (tmp_path / "AP.atf").write_text(head + rows, newline="")
    protocol = read_protocol(write(tmp_path / "a.abf", [], n_samples=640, source=2, file="ap.ATF"))
    for command in commands(protocol):
        np.testing.assert_allclose(command[:500], wave, rtol=0.0, atol=TOLERANCE_mV)
        assert (command[500:] == -70.0).all()
    whole = write_abf_2(tmp_path / "b.abf", [], n_samples=500, source=2, file="AP.atf")
    for own, other in zip(commands(read_protocol(whole)), played(whole), strict=True):
        np.testing.assert_array_equal(own.astype(np.float32), other)  # pyabf keeps 32 bits


def test_a_stimulus_file_elsewhere_is_asked_for_and_never_looked_for(tmp_path: Path) -> None:
    secret = tmp_path / "secret.atf"
    secret.write_text("ATF\t1.0\n0\t1\n1.0\n")
    folder = tmp_path / "data"
    folder.mkdir()
    said = refusal(write_abf_1(folder / "a.abf", [], source=2, file=str(secret)))
    assert "plays the waveform of 'secret.atf', which is not beside it" in said


# ---- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"columns": [Column(STEP, 1e30, 0.0, 100)]}, "too large"),
        ({"columns": [Column(STEP, float("nan"), 0.0, 100)]}, "not a finite number"),
        ({"columns": [Column(STEP, 100.0, 100.0, 100)]}, "250"),
        ({"columns": [Column(STEP, 0.0, 0.0, 7000)]}, "epoch A does not fit into every sweep"),
        ({"columns": [Column(STEP, 0.0, 0.0, 2**31 - 1)]}, "epoch A does not fit into every sweep"),
        ({"columns": [Column(STEP, 0.0, 0.0, 100, -60)]}, "epoch A does not fit into every sweep"),
        ({"columns": [Column(RESISTANCE, 0.0, 0.0, 100)]}, "epoch A is of type 6, which cannot be imported"),
        ({"columns": [Column(99, 0.0, 0.0, 100)]}, "epoch A is of type 99, which cannot be imported"),
        ({"hold": float("nan")}, "not a finite number"),
        ({"unit": "degC"}, "its command is in 'degC', neither voltage nor current"),
        ({"lengths": (6400, 6400, 3200)}, "has sweeps of different lengths"),
        ({"n_sweeps": 10_001, "n_samples": 64}, "has 10,001 sweeps"),
        (
            {"columns": TABLES["from no samples on"], "n_sweeps": 160, "n_samples": 64_000},
            "its epochs can only be kept as samples, of which there are more than 1,000,000",
        ),
    ],
)  # fmt: skip
def test_what_no_protocol_can_play_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = write_abf_2(tmp_path / "a.abf", **{"columns": [], **change})
    assert said in refusal(path)


@both_versions
def test_a_truncated_file_is_refused_wherever_it_was_cut(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path / "a.abf", TABLES["pulses"])
    whole = path.read_bytes()
    for end in (0, 3, 100, 700, 3000, len(whole) // 2, len(whole) - 3000):
        path.write_bytes(whole[:end])
        assert "damaged" in (said := refusal(path)) or "cut off" in said or "no ABF" in said, (end, said)


@pytest.mark.usefixtures("own_process")
@pytest.mark.parametrize(
    "content", [b"", b"ABF2", b"ABF ", bytes(7000), b"ATF\t1.0\n0\t1\n1\n", b"ABF2" + b"\xff" * 8000],
    ids=["empty", "ABF2", "ABF", "zeros", "text", "ones"],
)  # fmt: skip
def test_what_is_no_abf_file_is_told_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.abf"
    path.write_bytes(content)
    assert "ABF" in (said := refusal(path)) or "cut off" in said or "damaged" in said


@pytest.mark.usefixtures("own_process")
def test_a_reader_that_takes_too_long_or_too_much_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_abf_2(tmp_path / "a.abf", TABLES["steps"])
    monkeypatch.setattr(aside, "allowed_s", lambda path: 0.01)
    began = time.monotonic()
    assert "is damaged, cut off or no ABF file" in refusal(path)
    assert time.monotonic() - began < 5.0
    greedy = "from vclamp.storage import aside; aside.limit(60); print(len(bytearray(3 * 2**30)))"
    done = subprocess.run([sys.executable, "-c", greedy], capture_output=True, check=False, timeout=60)
    assert b"MemoryError" in done.stderr


@pytest.mark.usefixtures("own_process")
def test_a_dac_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    path = write_abf_1(tmp_path / "a.abf", TABLES["steps"])
    assert "has no DAC 2. It has 0 to 1" in refusal(path, 2)
    (tmp_path / "b.abf").mkdir()
    assert "there is no such file" in refusal(tmp_path / "b.abf")
    assert "there is no such file" in refusal(tmp_path / "c.abf")


@pytest.mark.usefixtures("own_process")
def test_no_code_beside_a_recording_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_abf_2(tmp_path / "a.abf", TABLES["steps"])
    (tmp_path / "numpy.py").write_text("raise SystemExit('run')")
    (tmp_path / "pyabf.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    assert read_protocol(path).n_sweeps == 3


# ---- waveform files and commands -----------------------------------------------------------------------------------


def test_columns_of_an_atf_file_become_sweeps(tmp_path: Path) -> None:
    path = tmp_path / "waves.atf"
    path.write_text('ATF\t1.0\n0\t3\n"Time (ms)"\t"A (nA)"\t"B (nA)"\n0\t0.5\t-1\n0.1\t0.25\t-2\n0.2\t0.125\t-4\n')
    protocol = read_protocol(path)
    assert (protocol.n_sweeps, protocol.fs_kHz) == (2, pytest.approx(10.0))
    np.testing.assert_allclose(commands(protocol), [[500.0, 250.0, 125.0], [-1000.0, -2000.0, -4000.0]])


def every_kind() -> Protocol:
    return Protocol(
        "all kinds",
        (
            Hold(2.0),
            Step(Ladder(-80.1, 33.3), Ladder(3.0, 1.0), "A"),
            Ramp(17.7, 5.0, from_mV=-33.3),
            *(Train(20.0, 4.0, 1.3, level_mV=-21.7, base_mV=-90.0, shape=shape)
              for shape in ("rectangle", "triangle", "cosine", "biphasic")),
            Waveform(0.07, values_mV=(-70.0, 11.1, -90.0)),
        ),
        4, -77.7, 33.3, series=Series(order="reverse", repeats=2),
    )  # fmt: skip


def test_an_exported_command_reads_back_in_pyabf_and_here(tmp_path: Path) -> None:
    from pyabf import ATF

    protocol, path = every_kind(), tmp_path / "c.atf"
    export_command(protocol, path)
    theirs, ours = ATF(str(path)), commands(read_protocol(path))
    assert (theirs.sweepCount, len(ours), theirs.channelCount) == (8, 8, 1)
    for sweep in range(8):
        theirs.setSweep(sweep)
        command = protocol.command_mV(sweep)
        n = command.size
        np.testing.assert_array_equal(theirs.sweepY[:n], command.astype(np.float32))  # pyabf keeps 32 bits
        np.testing.assert_allclose(ours[sweep][:n], command, rtol=0.0, atol=TOLERANCE_mV)
        assert (ours[sweep][n:] == -77.7).all()


@pytest.mark.parametrize("name", ["iv", "tail", "resurgent", "use-dependence", "strong-activation"])
def test_a_shipped_command_survives_export_and_import(tmp_path: Path, name: str) -> None:
    protocol = load_protocol(paths.PROTOCOLS / f"{name}.toml")
    export_command(protocol, tmp_path / "c.atf")
    again = commands(read_protocol(tmp_path / "c.atf"))
    for sweep, own in enumerate(commands(protocol)):
        np.testing.assert_allclose(again[sweep][: own.size], own, rtol=0.0, atol=TOLERANCE_mV)


def test_a_command_of_both_units_or_of_too_many_samples_is_refused(tmp_path: Path) -> None:
    both = Protocol("both", (Step(0.0, 5.0), CurrentStep(10.0, 5.0)), 1, -70.0)
    with pytest.raises(VClampError, match="commands both voltage and current"):
        export_command(both, tmp_path / "a.atf")
    long = Protocol("long", (Hold(1e6),), 1, -70.0)
    with pytest.raises(VClampError, match="its command has 50,000,000 samples"):
        export_command(long, tmp_path / "a.atf")
    with pytest.raises(VClampError, match=r"must end in \.atf"):
        export_command(both, tmp_path / "a.abf")
    assert list(tmp_path.iterdir()) == []


# ---- the command line ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("own_process")
def test_import_writes_a_protocol_that_plays_the_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_abf_1(tmp_path / "a.abf", TABLES["pulses"]), tmp_path / "my.toml"
    assert main(["import", str(path), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{path}: 3 sweeps -> {out}\n"
    assert load_protocol(out) == read_protocol(path)
    assert main(["import", str(path), "-o", str(out)]) == 2
    assert "my.toml: exists already" in capsys.readouterr().err


def test_an_import_says_what_was_left_out_whatever_the_file_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for leak, told in ((0, []), (1, ["Its P/N leak subtraction is left out."])):
        path, out = write_abf_2(tmp_path / "cell 3. day.abf", TABLES["steps"], leak=leak), tmp_path / f"{leak}.toml"
        assert main(["import", str(path), "-o", str(out)]) == 0
        assert capsys.readouterr().out.splitlines() == [f"{path}: 3 sweeps -> {out}", *told]


@pytest.mark.usefixtures("own_process")
def test_import_keeps_long_waveforms_in_a_file_beside_the_protocol(tmp_path: Path) -> None:
    path = write_abf_2(tmp_path / "a.abf", TABLES["from no samples on"])
    assert main(["import", str(path), "-o", str(tmp_path / "my.toml")]) == 0
    assert {item.name for item in tmp_path.iterdir()} == {"a.abf", "my.toml", "my.atf"}
    assert_plays(load_protocol(tmp_path / "my.toml"), played(path))
    assert (tmp_path / "my.toml").stat().st_size < 1000


def test_import_of_an_atf_file_refers_to_it_where_it_can(tmp_path: Path) -> None:
    wave, elsewhere = tmp_path / "wave.atf", tmp_path / "other"
    elsewhere.mkdir()
    assert main(["command", "strong-activation", "-o", str(wave)]) == 0
    for out in (tmp_path / "a.toml", elsewhere / "b.toml"):
        assert main(["import", str(wave), "-o", str(out)]) == 0
        own = load_protocol(paths.PROTOCOLS / "strong-activation.toml").command_mV(0)
        np.testing.assert_allclose(load_protocol(out).command_mV(0)[: own.size], own, rtol=0.0, atol=TOLERANCE_mV)
    assert {item.name for item in tmp_path.iterdir()} == {"wave.atf", "a.toml", "other"}
    assert {item.name for item in elsewhere.iterdir()} == {"b.toml", "b.atf"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.abf", "--channel", "x"], "--channel: 'x' is no DAC"),
        (["a.abf", "--channel", "7"], "a.abf: has no DAC 7. It has 0 to 0."),
        (["w.csv", "--channel", "0"], "w.csv: has no DACs to choose from"),
        (["w.csv"], "w.csv: has no times"),
        (["a.abf", "-o", "x.txt"], "x.txt: is no name of a protocol file. It must end in .toml."),
        (["gone.abf"], "gone.abf: there is no such file"),
        (["gone.atf"], "gone.atf: is no file"),
    ],
)
def test_wrong_imports_leave_a_sentence_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    write_abf_2(tmp_path / "a.abf", TABLES["steps"])
    (tmp_path / "w.csv").write_text("1\n2\n")
    monkeypatch.chdir(tmp_path)
    assert main(["import", *arguments]) == 2
    assert f"vclamp: {said}" in capsys.readouterr().err
    assert {item.name for item in tmp_path.iterdir()} == {"a.abf", "w.csv"}
