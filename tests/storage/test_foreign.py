"""Recordings of other programs hold here what pyabf, neo and pynwb say of them; damaged ones give one sentence."""

import errno
import json
import os
import struct
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from abf_files import SHARED, STEP, Column, ask_here, damaged, write_abf_1, write_abf_2
from foreign_damage import fate
from recordings import small_protocol, squid_axon

from vclamp.errors import VClampError
from vclamp.model.ladder import Ladder
from vclamp.model.protocol import Protocol
from vclamp.model.record import Recording
from vclamp.model.segments import CurrentStep, Hold, Step, Waveform
from vclamp.publish.exporters import export
from vclamp.run.runner import record
from vclamp.storage import aside, foreign
from vclamp.storage.commanded import held
from vclamp.storage.recordings import load
from vclamp.storage.stimulus import read_protocol

HERE = Path(__file__).parent
RECORDINGS = sorted(SHARED.glob("*.abf"))
needs_recordings = pytest.mark.skipif(not RECORDINGS, reason="the shared folder of real recordings is not here")
STEPS = [Column(STEP, -80.0, 20.0, 2000), Column(STEP, -70.0, 0.0, 1000)]


@pytest.fixture
def own_process() -> None:
    """For tests of the process that reads foreign files."""


@pytest.fixture(autouse=True)
def _read_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read without a process for each file, which takes half a second."""
    if "own_process" not in request.fixturenames:
        monkeypatch.setattr(aside, "ask", ask_here)


def only(path: Path) -> Recording:
    (recording,) = load(path)
    return recording


def refusal(path: Path) -> str:
    with pytest.raises(VClampError) as caught:
        load(path)
    said = str(caught.value)
    assert said.startswith(f"{path.name}: ")
    assert "\n" not in said
    assert caught.value.remedy
    return said


def write_text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def played(recording: Recording) -> list[Any]:
    """What the protocol commands, sweep by sweep."""
    protocol = recording.header.protocol
    courses = [protocol.course(sweep) for sweep in range(protocol.total_sweeps)]
    return [course.command_pA if protocol.commands_current else course.command_mV for course in courses]


# ---- ABF ---------------------------------------------------------------------------------------------------------


@needs_recordings
@pytest.mark.parametrize("path", RECORDINGS, ids=[path.stem for path in RECORDINGS])
def test_a_real_abf_file_holds_what_pyabf_and_neo_read(path: Path) -> None:
    from neo.io import AxonIO
    from pyabf import ABF

    recording = only(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, segments = ABF(str(path)), AxonIO(str(path)).read_block().segments
    assert len(recording.sweeps) == theirs.sweepCount == len(segments)
    assert recording.header.protocol.fs_kHz * 1e3 == pytest.approx(theirs.dataRate)
    protocol = recording.header.protocol
    for sweep, segment in zip(recording.sweeps, segments, strict=True):
        theirs.setSweep(sweep.index)
        np.testing.assert_array_equal(sweep["i_pA"], theirs.sweepY.astype(float))
        neo_pA = np.concatenate([np.asarray(s.rescale("pA").magnitude) for s in segment.analogsignals], axis=1)[:, 0]
        np.testing.assert_allclose(sweep["i_pA"], neo_pA, rtol=1e-5, atol=1e-3)
        np.testing.assert_array_equal(sweep["command_mV"], protocol.command_mV(sweep.index))
        assert sweep.values.shape[1] == protocol.n_samples(sweep.index) == theirs.sweepPointCount


@needs_recordings
def test_a_real_abf_file_tells_when_and_what_and_nothing_of_a_rig() -> None:
    recording = only(SHARED / "171116sh_0013.abf")
    assert recording.foreign
    assert recording.about.source == "171116sh_0013.abf"
    assert recording.about.started_utc == "2017-11-16T14:05:47.248+00:00"
    rig = recording.header.rig
    assert (rig.cell.name, rig.cell.channels, rig.amplifier.mode) == ("171116sh_0013", (), "voltage-clamp")
    assert recording.sweeps[0].names == ("command_mV", "i_pA")


@needs_recordings
def test_a_channel_of_another_amplifier_keeps_its_name() -> None:
    sweep = only(SHARED / "18702001-step.abf").sweeps[1]
    assert sweep.names == ("command_mV", "i_pA", "IN_1_pA")


@pytest.mark.usefixtures("own_process")
@pytest.mark.parametrize("write", [write_abf_1, write_abf_2])
def test_a_made_abf_file_opens_through_its_own_process(tmp_path: Path, write: Callable[..., Path]) -> None:
    recording = only(write(tmp_path / "a.abf", STEPS, hold=-70.0))
    assert [sweep.values.shape for sweep in recording.sweeps] == [(2, 6400)] * 3
    assert recording.sweeps[0]["command_mV"][3000] == -70.0
    np.testing.assert_array_equal([sweep["command_mV"][1000] for sweep in recording.sweeps], [-80.0, -60.0, -40.0])
    assert {mark.name for mark in recording.header.protocol.marks} == {"peak", "steady", "tail"}


def test_a_current_that_was_commanded_makes_a_current_clamp(tmp_path: Path) -> None:
    path = write_abf_2(tmp_path / "a.abf", [Column(STEP, 100.0, 50.0, 2000)], hold=0.0, unit="pA")
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"IN 0\0pA", b"IN 0\0mV"))
    recording = only(path)
    assert recording.header.rig.amplifier.mode == "current-clamp"
    assert recording.sweeps[1].names == ("command_mV", "v_mV", "i_pA")
    assert recording.sweeps[1]["i_pA"][1000] == 150.0
    assert recording.header.protocol.commands_current


def test_the_output_that_is_on_tells_what_was_clamped_where_both_were_recorded(tmp_path: Path) -> None:
    path = write_abf_1(tmp_path / "a.abf", [])
    raw = bytearray(path.read_bytes())
    blank = b"".ljust(8)
    for form, place, values in (
        ("h", 120, (2,)), ("2h", 410, (0, 1)), ("8s8s", 602, (b"pA" + blank, b"mV" + blank)),  # two inputs
        ("8s", 1354, (b"pA" + blank,)), ("2h", 2296, (0, 1)), ("2h", 2300, (0, 1)),  # the second output is on
        ("h", 2328, (STEP,)), ("f", 2388, (100.0,)), ("i", 2548, (500,)),
    ):  # fmt: skip
        struct.pack_into(f"<{form}", raw, place, *values)
    path.write_bytes(raw)
    recording = only(path)
    assert recording.header.rig.amplifier.mode == "current-clamp"
    assert [sweep.names for sweep in recording.sweeps] == [("command_mV", "v_mV", "i_pA")] * 3
    assert played(recording)[0][100] == 100.0


def test_a_stimulus_that_cannot_be_played_leaves_the_traces_and_a_note(tmp_path: Path) -> None:
    recording = only(write_abf_2(tmp_path / "a.abf", [], source=2, file="gone.atf"))
    assert isinstance(recording.header.protocol.segments[0], Hold)
    assert len(recording.header.protocol.segments) == 1
    assert "plays the waveform of 'gone.atf', which is not beside it" in recording.about.note
    assert not recording.sweeps[0]["command_mV"].any()
    assert recording.header.protocol.n_samples(0) == 6400


# ---- NWB ---------------------------------------------------------------------------------------------------------


def nwb_file(path: Path, *, numbered: bool = False, table: bool = False, commands: bool = True) -> Path:
    """Two electrodes with three sweeps each as pynwb writes them: int16 with conversion and offset, in SI units."""
    path.write_bytes(_nwb_bytes(numbered, table, commands))
    return path


@cache
def _nwb_bytes(numbered: bool, table: bool, commands: bool) -> bytes:
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.icephys import VoltageClampSeries, VoltageClampStimulusSeries

    file = NWBFile("two cells", "id", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC))
    device = file.create_device("amplifier")
    electrodes = [file.create_icephys_electrode(name=f"e{k}", device=device, description="") for k in range(2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sweep numbers are of the past
        for k in range(6):
            command = np.full(200 + 10 * (k == 5), -0.07)
            command[50:100] = -0.08 + 0.01 * k
            facts = {"electrode": electrodes[k % 2], "gain": 1.0, "rate": 20e3, "starting_time": 2.0 * k,
                     "stimulus_description": "steps"}  # fmt: skip
            if numbered:
                facts["sweep_number"] = np.uint32(k)
            data = np.random.default_rng(k).integers(-3000, 3000, command.size).astype(np.int16)
            response = VoltageClampSeries(name=f"r{12 - k if numbered or table else k}", data=data, conversion=5e-13,
                                          offset=2e-12, **facts)  # fmt: skip
            stimulus = VoltageClampStimulusSeries(name=f"s{k}", data=command, **facts)
            if table:
                file.add_intracellular_recording(electrode=electrodes[k % 2], stimulus=stimulus, response=response)
            else:
                file.add_acquisition(response)
                if commands:
                    file.add_stimulus(stimulus)
        with TemporaryDirectory() as folder:
            with NWBHDF5IO(f"{folder}/a.nwb", "w") as io:
                io.write(file)
            return Path(folder, "a.nwb").read_bytes()


@pytest.mark.parametrize("how", [{"numbered": True}, {"table": True}, {}], ids=["numbers", "table", "names"])
def test_an_nwb_file_gives_a_run_for_each_electrode_with_its_stimulus(tmp_path: Path, how: dict[str, bool]) -> None:
    first, second = load(nwb_file(tmp_path / "a.nwb", **how))
    for recording, own in ((first, (0, 2, 4)), (second, (1, 3, 5))):
        for sweep, k in zip(recording.sweeps, own, strict=True):
            counts = np.random.default_rng(k).integers(-3000, 3000, 200 + 10 * (k == 5))
            np.testing.assert_allclose(sweep["i_pA"], 0.5 * counts + 2.0, rtol=1e-12)
            assert sweep["command_mV"][75] == pytest.approx(-80.0 + 10.0 * k)
            np.testing.assert_allclose(recording.header.protocol.command_mV(sweep.index), sweep["command_mV"])
    assert first.header.protocol.interval_ms == pytest.approx(4000.0)
    assert [sweep.values.shape[1] for sweep in second.sweeps] == [200, 200, 210]
    assert (first.about.started_utc, first.about.name) == ("2020-01-02T03:04:05.000+00:00", "steps")
    assert first.about.note == "two cells Electrode e0."
    steps = first.header.protocol.segments
    assert isinstance(steps[1], Step)
    assert steps[1].level_mV == Ladder(-80.0, 20.0)


@pytest.mark.parametrize(
    ("starts_ms", "interval_ms"),
    [
        ((0.0, 300.0300030003001, 600.0600060006002), 10_000 / 33.33),  # end to end, and no round number
        ((0.0, 300.2, 600.3), 300.15),
        ((0.0, 300.1, 600.05), None),  # they overlap
        ((0.0, 310.0, 700.0), None),
    ],
)
def test_an_interval_is_never_shorter_than_the_sweeps_that_fit_into_it(
    starts_ms: tuple[float, ...], interval_ms: float | None
) -> None:
    run = {"fs_kHz": 33.33, "starts_ms": starts_ms}
    found = foreign._interval(run, [10_000] * 3)
    assert found.get("interval_ms") == interval_ms
    held({"name": "p", "fs_kHz": 33.33, **found}, [10_000] * 3)  # is not refused


def test_an_nwb_file_without_stimuli_says_so(tmp_path: Path) -> None:
    for recording in load(nwb_file(tmp_path / "a.nwb", commands=False)):
        assert recording.about.note.endswith("What was commanded is not known. The protocol only holds at 0.")
        assert not recording.sweeps[0]["command_mV"].any()


def test_current_clamps_of_nwb_files_hold_voltages(tmp_path: Path) -> None:
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.icephys import CurrentClampSeries, CurrentClampStimulusSeries, IZeroClampSeries

    file = NWBFile("cc", "id", datetime(2020, 1, 2, tzinfo=UTC))
    electrode = file.create_icephys_electrode(name="e", device=file.create_device("a"), description="")
    noise = np.random.default_rng(0).standard_normal(3000)
    common = {"electrode": electrode, "gain": 1.0, "rate": 10e3}
    file.add_acquisition(CurrentClampSeries(name="v", data=-0.06 + 1e-3 * noise, starting_time=0.0, **common))
    file.add_stimulus(CurrentClampStimulusSeries(name="i", data=1e-10 * noise, starting_time=0.0, **common))
    file.add_acquisition(IZeroClampSeries(name="rest", data=-0.07 + 1e-3 * noise, electrode=electrode, gain=1.0,
                                          timestamps=np.arange(3000) / 10e3 + 5.0))  # fmt: skip
    with NWBHDF5IO(str(tmp_path / "a.nwb"), "w") as io:
        io.write(file)
    clamped, resting = load(tmp_path / "a.nwb")
    np.testing.assert_allclose(clamped.sweeps[0]["v_mV"], -60.0 + noise, rtol=1e-12)
    np.testing.assert_allclose(clamped.sweeps[0]["i_pA"], 100.0 * noise, rtol=1e-12)
    assert isinstance(clamped.header.protocol.segments[0], Waveform)
    np.testing.assert_allclose(played(clamped)[0], 100.0 * noise, rtol=1e-9, atol=1e-9)
    assert resting.header.rig.amplifier.mode == "current-clamp"
    assert not resting.sweeps[0]["i_pA"].any()
    assert resting.header.protocol.fs_kHz == 10.0


def test_claimed_shapes_and_other_files_are_refused_before_they_are_read(tmp_path: Path) -> None:
    import h5py

    path = nwb_file(tmp_path / "a.nwb")
    with h5py.File(path, "r+") as file:
        group = file["acquisition/r0"]
        attributes = dict(group["data"].attrs)
        del group["data"]
        bomb = group.create_dataset("data", shape=(10**12,), dtype="f8", chunks=(10**6,), compression="gzip")
        bomb.attrs.update(attributes)
    assert "holds 1,000,000,002,220 samples. At most 30,000,000 can be opened" in refusal(path).replace(
        "1,000,000,002,260", "1,000,000,001,050"
    ).replace("1,000,000,001,010", "1,000,000,001,050")
    with h5py.File(path, "r+") as file:
        del file["acquisition/r0/data"]
        file["acquisition/r0/data"] = h5py.ExternalLink("/etc/passwd", "/")
    assert "keeps its data in other files" in refusal(path)


def test_an_nwb_file_without_a_clamp_is_refused(tmp_path: Path) -> None:
    from pynwb import NWBHDF5IO, NWBFile

    with NWBHDF5IO(str(tmp_path / "a.nwb"), "w") as io:
        io.write(NWBFile("empty", "id", datetime(2020, 1, 2, tzinfo=UTC)))
    assert "holds no recordings of a voltage or current clamp" in refusal(tmp_path / "a.nwb")


def test_an_nwb_file_of_ours_is_not_foreign(tmp_path: Path) -> None:
    recording = record(squid_axon(), small_protocol(2, 100))
    export([recording], tmp_path / "a.nwb")
    again = only(tmp_path / "a.nwb")
    assert not again.foreign
    assert again.header == recording.header


# ---- ATF and CSV -------------------------------------------------------------------------------------------------


def test_signals_of_an_atf_file_become_the_traces_of_its_sweeps(tmp_path: Path) -> None:
    path = write_text(
        tmp_path / "a.atf",
        'ATF\t1.0\n2\t5\n"AcquisitionMode=Episodic Stimulation"\n"Signals="\t"IN 0"\t"Cmd 0"\t"IN 0"\t"Cmd 0"\n'
        '"Time (s)"\t"Trace #1 (nA)"\t"Trace #1 (mV)"\t"Trace #2 (nA)"\t"Trace #2 (mV)"\n'
        "0\t0.5\t-70\t0.25\t-70\n0.0001\t-1.5\t-60\t1e-3\t-50\n0.0002\t2\t-60\t0\t-50\n",
    )
    recording = only(path)
    assert recording.header.protocol.fs_kHz == pytest.approx(10.0)
    assert [sweep["i_pA"].tolist() for sweep in recording.sweeps] == [[500.0, -1500.0, 2000.0], [250.0, 1.0, 0.0]]
    assert [list(values) for values in played(recording)] == [[-70.0, -60.0, -60.0], [-70.0, -50.0, -50.0]]


def test_pyabf_reads_the_same_from_an_atf_file(tmp_path: Path) -> None:
    from pyabf import ATF

    signals = '"Signals="\t"IN 0"\t"IN 0"'
    rows = "\n".join(f"{k / 1e4}\t{k % 7}\t{k % 5}" for k in range(50))
    path = write_text(
        tmp_path / "a.atf", f'ATF\t1.0\n1\t3\n{signals}\n"Time (s)"\t"Trace #1 (pA)"\t"Trace #2 (pA)"\n{rows}\n'
    )
    theirs, recording = ATF(str(path)), only(path)
    for sweep in recording.sweeps:
        theirs.setSweep(sweep.index)
        np.testing.assert_array_equal(sweep["i_pA"], theirs.sweepY)
    assert recording.header.protocol.fs_kHz * 1e3 == theirs.dataRate


@pytest.mark.parametrize(
    ("text", "mode", "traces"),
    [
        ("time_s,i_A,V_m [V]\n0,1e-9,-0.07\n0.001,2e-9,-0.0611\n0.002,1e-9,-0.0522\n", "voltage-clamp",
         {"i_pA": [1000.0, 2000.0, 1000.0], "v_mV": [-70.0, -61.1, -52.2]}),
        ("t (ms);I (pA);command (mV)\n0;1;-70\n1;2;-60\n2;3;-50\n", "voltage-clamp",
         {"i_pA": [1.0, 2.0, 3.0], "command_mV": [-70.0, -60.0, -50.0]}),
        ("time (us)\tVm (mV)\tI inject (nA)\n0\t-70\t0\n50\t-60\t0.1\n100\t-50\t0.1\n", "current-clamp",
         {"v_mV": [-70.0, -60.0, -50.0], "i_pA": [0.0, 100.0, 100.0]}),
        ("ms,i_pA\n0,1\n1,2\n2,\n", "voltage-clamp", {"i_pA": [1.0, 2.0, np.nan], "command_mV": [0.0, 0.0, 0.0]}),
        ("ms,V (mV)\n0,-1\n1,-2\n2,-3\n", "current-clamp", {"v_mV": [-1.0, -2.0, -3.0]}),
    ],
)  # fmt: skip
def test_units_in_the_headings_of_a_table_say_what_was_recorded(
    tmp_path: Path, text: str, mode: str, traces: dict[str, list[float]]
) -> None:
    recording = only(write_text(tmp_path / "a.csv", text))
    assert recording.header.rig.amplifier.mode == mode
    for name, values in traces.items():
        np.testing.assert_allclose(recording.sweeps[0][name], values, rtol=1e-15)


def test_columns_of_one_signal_are_sweeps_and_what_has_no_unit_is_left_out_with_a_note(tmp_path: Path) -> None:
    text = "time_ms,sweep 1 (pA),sweep 2 (pA),temperature\n0,1,2,20\n1,3,4,20\n"
    recording = only(write_text(tmp_path / "a.csv", text))
    assert [sweep["i_pA"].tolist() for sweep in recording.sweeps] == [[1.0, 3.0], [2.0, 4.0]]
    assert "Left out, in no unit of voltage or current: temperature." in recording.about.note


@pytest.mark.parametrize("mode", ["voltage-clamp", "current-clamp"])
def test_a_table_of_ours_opens_again_with_its_command(tmp_path: Path, mode: str) -> None:
    from vclamp.model.edit import with_value

    rig = with_value(squid_axon(), "amplifier.mode", mode, "")
    step = Step(Ladder(-40.0, 20.0), 2.0) if mode == "voltage-clamp" else CurrentStep(Ladder(5.0, 5.0), 2.0)
    recording = record(rig, Protocol("p", (Hold(1.0), step, Hold(1.0)), 3, -65.0))
    export([recording], tmp_path / "a.csv")
    again = only(tmp_path / "a.csv")
    assert again.header.rig.amplifier.mode == mode
    for one, other in zip(recording.sweeps, again.sweeps, strict=True):
        for name in ("command_mV", "v_mV", "i_pA", "i_na_pA"):
            np.testing.assert_array_equal(one[name], other[name])
    for one, other in zip(played(recording), played(again), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_table_of_several_runs_of_ours_opens_again_as_so_many(tmp_path: Path) -> None:
    runs = [record(squid_axon(), small_protocol(2, n_samples)) for n_samples in (100, 60)]
    export(runs, tmp_path / "a.csv")
    again = load(tmp_path / "a.csv")
    assert [recording.about.name for recording in again] == ["run 1", "run 2"]
    for one, other in zip(runs, again, strict=True):
        assert [sweep.index for sweep in other.sweeps] == [0, 1]
        for mine, read in zip(one.sweeps, other.sweeps, strict=True):
            np.testing.assert_array_equal(mine["i_na_pA"], read["i_na_pA"])
            np.testing.assert_array_equal(mine["command_mV"], read["command_mV"])


def test_sweeps_of_another_program_one_under_another_are_told_by_their_units(tmp_path: Path) -> None:
    rows = [f"{k // 3},{k % 3},{-70 + 10 * (k % 3 > 0)},{k / 8},{k},20" for k in range(6)]
    text = "\n".join(["Sweep,time (ms),V cmd (mV),Im (nA),aux_pA,temperature", *rows])
    recording = only(write_text(tmp_path / "a.csv", text))
    assert recording.header.rig.amplifier.mode == "voltage-clamp"
    assert [sweep.names for sweep in recording.sweeps] == [("command_mV", "i_pA", "aux_pA")] * 2
    assert [sweep["i_pA"].tolist() for sweep in recording.sweeps] == [[0.0, 125.0, 250.0], [375.0, 500.0, 625.0]]
    assert [list(values) for values in played(recording)] == [[-70.0, -60.0, -60.0]] * 2
    assert "Left out, in no unit of voltage or current: temperature." in recording.about.note


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be understood: its columns have no headings"),
        ("1,2\n3,4\n", "cannot be understood: its columns have no headings"),
        ("time,a,b\n0,1,2\n1,2,3\n", "cannot be understood: no column is a voltage or a current"),
        ("time_ms,i_pA\n0,1\n5,1\n6,1\n", "the times in the first column are not evenly spaced"),
        ("time_ms,i_pA\n0,1\n", "has too few times to tell its sampling rate"),
        ("time_ms,i_pA\n0,1\n1\n", "has 1 columns, not 2, in row 2 below its headings"),
        ("time_ms,i_pA\n0,1\n1,many\n", "'many' is no number"),
        ("weight,i_pA\n0,1\n1,2\n", ""),
        ("time_ms,a (pA),a (pA),b (mV),b (mV),b (mV)\n0,1,1,1,1,1\n1,1,1,1,1,1\n", "it has 3 sweeps, but 2 of 'a'"),
        ("time_ms,Cmd (mV)\n0,1\n1,2\n", "holds a stimulus but no recording"),
        ("sweep,time_ms,i_pA\n,0,1\n0,1,2\n", "its column 'sweep' holds no numbers of sweeps"),
        ("run,sweep,time_ms,i_pA\nnan,0,0,1\n1,0,1,2\n", "its column 'run' holds no numbers of runs"),
        ("PK\3\4\0\0", "is not a text file"),
    ],
)
def test_a_table_that_cannot_be_understood_says_why(tmp_path: Path, text: str, said: str) -> None:
    path = write_text(tmp_path / "a.csv", text)
    if said:
        assert said in refusal(path)
    else:  # a column without a name of time counts in ms
        assert only(path).header.protocol.fs_kHz == 1.0


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are always text there")
def test_a_file_whose_name_is_no_text_opens_and_is_exported(tmp_path: Path) -> None:
    steps = write_abf_2(tmp_path / "caf\udce9.abf", STEPS)
    table = tmp_path / "caf\udce9.csv"
    table.write_text("time_ms,i_pA\n0,1\n1,2\n")
    for path in (steps, table):
        recording = only(path)
        assert (recording.header.rig.cell.name, recording.about.source) == ("caf?", f"caf?{path.suffix}")
        for ending in ("html", "parquet", "vclamp"):
            export([recording], tmp_path / f"a.{ending}", overwrite=True)
    assert only(steps).header.protocol.n_sweeps == 3
    assert read_protocol(steps).note == "Imported from caf?.abf."


# ---- the process of its own --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", sorted(foreign.READERS))
@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n" + bytes(600), b"ABF2" + b"\xff" * 700, bytes(100)])
def test_nonsense_of_any_ending_is_one_sentence(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(content)
    assert len(refusal(path)) < 200


@pytest.mark.usefixtures("own_process")
@pytest.mark.parametrize(
    "deed",
    ["os.abort()", "time.sleep(60)", "sys.stdout.write('{}'); os._exit(0)", "bytearray(3 * 2**30)"],
)
def test_whatever_becomes_of_the_reader_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    path = write_abf_2(tmp_path / "a.abf", STEPS)
    code = (
        "import os, sys, time\nfrom vclamp.storage import aside, abf\n"
        f"def answer(path, *question):\n    {deed}\n    raise SystemExit(3)\nabf.answer = answer\n"
        "sys.exit(aside.main(sys.argv[1:]))"
    )
    monkeypatch.setattr(aside, "_program", lambda: [sys.executable, "-c", code])
    monkeypatch.setattr(aside, "allowed_s", lambda path: 2.5)
    began = time.monotonic()
    assert refusal(path) == f"a.abf: is damaged, cut off or no ABF file. {aside.AGAIN}"
    assert time.monotonic() - began < 10.0


@pytest.mark.usefixtures("own_process")
def test_a_file_that_only_cannot_be_read_now_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_abf_2(tmp_path / "a.abf", STEPS)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", refuse)
        assert refusal(path).startswith("a.abf: cannot be read (Cannot allocate memory). Check")
    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(path).startswith("a.abf: cannot be read (Cannot allocate memory). Check")


@pytest.mark.usefixtures("own_process")
def test_a_frozen_program_starts_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert aside._program() == [sys.executable, "-m", "vclamp.storage.aside"]


@pytest.mark.usefixtures("own_process")
def test_no_library_of_the_readers_is_loaded_into_the_window(tmp_path: Path) -> None:
    path = write_abf_2(tmp_path / "a.abf", STEPS)
    code = (
        "import sys; from pathlib import Path; from vclamp.storage.recordings import load; load(Path(sys.argv[1]));"
        "assert not {'pyabf', 'h5py', 'pynwb'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60, cwd=HERE.parents[1])


# ---- damage ------------------------------------------------------------------------------------------------------


def samples_of(folder: Path) -> dict[str, list[Path]]:
    """Small whole files of every kind."""
    table = "\n".join(["sweep,time_ms,command_mV,i_pA", *(f"{k // 20},{k % 20},-70,{k}" for k in range(40))])
    rows = (f"{k / 1e4}\t{k}\t{-k}" for k in range(40))
    atf = "\n".join(["ATF\t1.0", "0\t3", '"Time (s)"\t"Trace #1 (pA)"\t"Trace #2 (pA)"', *rows])
    return {
        "abf": [
            write_abf_1(folder / "1.abf", STEPS, n_samples=640, n_sweeps=2),
            write_abf_2(folder / "2.abf", STEPS, n_samples=640, n_sweeps=2),
        ],
        "nwb": [nwb_file(folder / "a.nwb", table=True), nwb_file(folder / "b.nwb", numbered=True)],
        "texts": [write_text(folder / "a.csv", table), write_text(folder / "b.atf", atf)],
    }


def fates(folder: Path, kind: str, count: int) -> list[str]:
    """What becomes of damaged copies, all in one process with the reader's limits."""
    files = [str(path) for path in samples_of(folder)[kind]]
    (folder / "copies").mkdir()
    command = [sys.executable, str(HERE / "foreign_damage.py"), str(folder / "copies"), str(count), *files]
    paths = os.pathsep.join([str(HERE.parents[1]), str(HERE.parent)])
    done = subprocess.run(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}, timeout=7200, check=False
    )
    assert done.returncode == 0, f"the reader's process ended with {done.returncode}"
    found: list[str] = json.loads(done.stdout)
    return found


def assert_told(found: list[str], count: int) -> None:
    assert len(found) == count
    wrong = [
        said
        for said in found
        if said != "data" and (not said.startswith("damaged.") or "\n" in said or len(said) > 500)
    ]
    assert wrong == []
    assert "data" in found
    assert set(found) != {"data"}


@pytest.mark.parametrize(("kind", "count"), [("abf", 150), ("nwb", 40), ("texts", 150)])
def test_damaged_files_are_data_or_one_sentence(tmp_path: Path, kind: str, count: int) -> None:
    assert_told(fates(tmp_path, kind, count), count)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("kind", "count"), [("abf", 20_000), ("nwb", 400), ("texts", 3_000)])
def test_very_many_damaged_files_are_data_or_one_sentence(tmp_path: Path, kind: str, count: int) -> None:
    assert_told(fates(tmp_path, kind, count), count)


@pytest.mark.usefixtures("own_process")
def test_some_damaged_files_are_so_through_their_own_process(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for _, path in samples_of(tmp_path).values():
        copy = tmp_path / f"damaged{path.suffix}"
        copy.write_bytes(damaged(path.read_bytes(), rng))
        told = fate(copy)
        assert told == "data" or told.startswith(f"{copy.name}: ")


def test_sizes_that_an_abf_header_only_claims_are_refused(tmp_path: Path) -> None:
    path = write_abf_1(tmp_path / "a.abf", STEPS)
    raw = bytearray(path.read_bytes())
    struct.pack_into("<i", raw, 10, 2**31 - 1)
    path.write_bytes(raw)
    assert "its header tells of more than it holds" in refusal(path)
