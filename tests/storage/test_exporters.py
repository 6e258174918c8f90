"""An export is whole or absent, reads back to the recording, and others can read it."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recordings import largest_file, made_up_recording, made_up_sweep

from vclamp.errors import VClampError
from vclamp.model.record import Recording
from vclamp.publish.exporters import EXPORTERS, export
from vclamp.storage import nwb, tables
from vclamp.storage.compare import differences
from vclamp.storage.recordings import load
from vclamp.storage.safely import unheard, write_safely
from vclamp.storage.session import Session

RECORDING = made_up_recording(3, 400)


@pytest.fixture(scope="module")
def nwb_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nwb") / "run.nwb"
    export([made_up_recording(15)], path)
    return path


# ---- every format


@pytest.mark.parametrize("key", EXPORTERS)
def test_every_format_is_written_without_a_word_and_leaves_one_file(
    key: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"a b ±{EXPORTERS[key].suffix.upper()}"
    export([RECORDING], path)
    assert os.listdir(tmp_path) == [path.name]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("key", EXPORTERS)
def test_every_check_sees_one_changed_bit(key: str, tmp_path: Path) -> None:
    exporter, path = EXPORTERS[key], tmp_path / f"a{EXPORTERS[key].suffix}"
    exporter.write([RECORDING], path, unheard)
    exporter.check([RECORDING], path, unheard)
    values = RECORDING.sweeps[2].values.copy()
    values[4, -1] = np.nextafter(values[4, -1], np.inf)
    other = (*RECORDING.sweeps[:2], replace(RECORDING.sweeps[2], values=values))
    for changed in (replace(RECORDING, sweeps=other), replace(RECORDING, sweeps=other[:2])):
        with pytest.raises(VClampError, match=f"^a.{key}: "):
            exporter.check([changed], path, unheard)


@pytest.mark.parametrize("key", EXPORTERS)
def test_no_format_overwrites_unasked(key: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{EXPORTERS[key].suffix}"
    path.write_text("precious")
    sentence = f"^a.{key}: exists already. Use --overwrite or another name.$"
    with pytest.raises(VClampError, match=sentence):
        export([RECORDING], path)
    assert path.read_text() == "precious"
    export([RECORDING], path, overwrite=True)
    EXPORTERS[key].check([RECORDING], path, unheard)


@pytest.mark.parametrize("key", EXPORTERS)
def test_a_full_disk_leaves_nothing_and_the_export_can_be_tried_again(key: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{EXPORTERS[key].suffix}"
    with largest_file(20_000), pytest.raises(VClampError, match=r"a.*\.") as caught:
        export([RECORDING], path)
    assert caught.value.remedy
    assert os.listdir(tmp_path) == []
    export([RECORDING], path)


def test_what_cannot_be_exported_is_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(recording: Recording, name: str) -> str:
        with pytest.raises(VClampError) as caught:
            export([recording], tmp_path / name)
        return str(caught.value)

    assert refused(RECORDING, "a.xls") == (
        "a.xls: files ending in '.xls' cannot be written. Use one of: .nwb, .csv, .vclamp."
    )
    assert "holds no finished sweep" in refused(replace(RECORDING, sweeps=()), "a.csv")
    assert "no such folder" in refused(RECORDING, "nowhere/a.csv")
    (tmp_path / "live.vclamp-wal").touch()
    assert "is a session in use" in refused(RECORDING, "live.vclamp")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert "needs about 0 MB, but only 0 MB are free" in refused(RECORDING, "a.csv")


# ---- write_safely


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("existing", [None, b"before"])
def test_whatever_fails_the_folder_is_as_it_was(
    call: str, existing: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.txt"
    if existing is not None:
        path.write_bytes(existing)
    before = os.listdir(tmp_path)
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(VClampError, match=r"^a.txt: cannot be written \(No space left"):
        write_safely(path, lambda p: p.write_bytes(b"new") and None, bool, overwrite=True)
    assert os.listdir(tmp_path) == before
    assert existing is None or path.read_bytes() == existing


def test_a_failing_check_leaves_nothing_behind(tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        assert path.read_text() == "new"
        raise VClampError("is not what was written")

    with pytest.raises(VClampError, match="is not what was written"):
        write_safely(tmp_path / "a.txt", lambda p: p.write_text("new") and None, refuse)
    assert os.listdir(tmp_path) == []


def test_a_name_that_is_taken_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(VClampError, match="exists already"):
        write_safely(tmp_path / "a.txt", lambda p: pytest.fail("written"), bool)


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(VClampError, match="exists already"):
        write_safely(
            path,
            lambda p: p.write_text("new") and None,
            lambda p: path.write_text("theirs") and None,
        )
    assert (os.listdir(tmp_path), path.read_text()) == (["a.txt"], "theirs")


# ---- sessions


def test_load_gives_every_run_that_is_not_hidden(tmp_path: Path) -> None:
    path = tmp_path / "a.vclamp"
    export([RECORDING], path)
    with Session.open(path, writable=True) as session:
        session.add_run(RECORDING.header)
        session.hide_run(session.add_run(RECORDING.header))
    whole, begun = load(path)
    assert differences(RECORDING, whole) == []
    assert begun.sweeps == ()
    with pytest.raises(VClampError, match=r"cannot be read. Use one of: .vclamp, .nwb\."):
        load(tmp_path / "a.csv")


# ---- CSV


def test_csv_columns_bear_the_names_of_the_traces(tmp_path: Path) -> None:
    export([RECORDING], tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_bytes().split(b"\n")
    first = b"sweep,time_ms,command_mV,v_mV,i_pA,i_na_pA,i_k_pA,i_leak_pA,p_open_na,p_open_k,"
    assert lines[0].startswith(first)
    assert lines[2].startswith(b"0,0.02,5e-324,")
    assert (len(lines), lines[-1]) == (1 + 3 * 400 + 1, b"")


def test_csv_leaves_the_cells_of_a_missing_trace_empty_and_disarms_formulas(
    tmp_path: Path,
) -> None:
    names = ("=cmd()", *RECORDING.sweeps[0].names[1:])
    odd = replace(RECORDING, sweeps=(RECORDING.sweeps[0], replace(made_up_sweep(1), names=names)))
    export([odd], tmp_path / "a.csv")
    head, first, *_, last = (tmp_path / "a.csv").read_text().splitlines()
    assert head.endswith(",'=cmd()")
    assert first.endswith(",")
    assert last.startswith("1,59.98,,")
    with pytest.raises(VClampError):
        tables.check([RECORDING], tmp_path / "a.csv")


# ---- NWB


def test_nwb_holds_everything_a_replay_needs(nwb_file: Path) -> None:
    recording = made_up_recording(15)
    (found,) = load(nwb_file)
    assert nwb.same_as(recording, nwb_file) == []
    assert (found.header, found.finished) == (recording.header, recording.finished)
    for mine, theirs in zip(recording.sweeps, found.sweeps, strict=True):
        assert (mine.start, mine.rig, mine.changes) == (theirs.start, theirs.rig, theirs.changes)
        np.testing.assert_allclose(theirs.values, mine.values, rtol=3e-16, atol=1e-310)


def test_nwb_tells_a_rerun_that_differs_by_one_bit(nwb_file: Path) -> None:
    recording = made_up_recording(15)
    values = recording.sweeps[9].values.copy()
    values[2, 77] *= 1 + 1e-15
    other = replace(recording.sweeps[9], values=values)
    sweeps = (*recording.sweeps[:9], other, *recording.sweeps[10:])
    found = nwb.same_as(replace(recording, sweeps=sweeps), nwb_file)
    assert found == ["sweep 9: i_pA differs from sample 77 on"]


def test_nwb_is_in_si_units_at_the_protocols_rate_and_times(nwb_file: Path) -> None:
    import pynwb

    sweep = made_up_sweep(3)
    with pynwb.NWBHDF5IO(nwb_file, "r") as io:
        file = io.read()
        response, stimulus = file.acquisition["i_003"], file.stimulus["command_003"]
        truth = file.processing["icephys"]
        assert isinstance(response, pynwb.icephys.VoltageClampSeries)
        assert isinstance(stimulus, pynwb.icephys.VoltageClampStimulusSeries)
        for series in (response, stimulus, truth["v_003"], truth["p_open_na_003"]):
            assert (series.rate, series.starting_time, series.conversion) == (50e3, 0.78, 1.0)
        for series, name, unit, factor in (
            (response, "i_pA", "amperes", 1e-12),
            (stimulus, "command_mV", "volts", 1e-3),
            (truth["i_na_003"], "i_na_pA", "amperes", 1e-12),
            (truth["v_003"], "v_mV", "volts", 1e-3),
            (truth["p_open_k_003"], "p_open_k", "1", 1.0),
        ):
            assert series.unit == unit
            assert np.array_equal(series.data[:], sweep[name] * factor)
        assert len(file.intracellular_recordings) == len(file.icephys_simultaneous_recordings) == 15
        assert len(file.icephys_experimental_conditions) == 1
        assert file.session_start_time.utcoffset() is not None
        assert "440 out" in file.notes
        assert json.loads(file.scratch["vclamp_run"].data)["run"]["seed"] == 2**100 + 1


@pytest.mark.filterwarnings("ignore")  # theirs
def test_nwb_is_valid_and_the_inspector_has_no_more_than_suggestions(nwb_file: Path) -> None:
    import pynwb

    inspector = pytest.importorskip("nwbinspector")
    assert pynwb.validate(path=nwb_file) == []
    found = {message.importance.name for message in inspector.inspect_nwbfile(nwbfile_path=nwb_file)}
    assert found <= {"BEST_PRACTICE_SUGGESTION"}


@pytest.mark.filterwarnings("ignore")  # theirs
def test_neo_reads_every_sweep_as_a_segment(nwb_file: Path) -> None:
    neo = pytest.importorskip("neo")
    (block,) = neo.io.NWBIO(str(nwb_file), "r").read_all_blocks()
    current = block.segments[14].analogsignals[0]
    assert (block.name, len(block.segments)) == ("iv", 15)
    assert np.array_equal(current.rescale("A").magnitude[:, 0], made_up_sweep(14)["i_pA"] * 1e-12)


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def not_ours(data: bytes) -> bytes:
    return data.replace(b"vclamp_run", b"other_run_")


def other_seed(data: bytes) -> bytes:
    return data.replace(b'"seed": 12676', b'"seed": 22676')


@pytest.mark.parametrize("harm", [cut, not_ours, other_seed, lambda data: b"no HDF5 at all", lambda data: b""])
def test_a_foreign_or_damaged_nwb_file_is_refused_in_a_sentence(
    harm: Callable[[bytes], bytes], nwb_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.nwb"
    path.write_bytes(harm(nwb_file.read_bytes()))
    with pytest.raises(VClampError, match=r"^a.nwb: is (no NWB file or is damaged|an NWB file, but)"):
        load(path)
