"""An export is whole or absent, reads back to the recording, and others can read it."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recordings import largest_file, made_up_recording, made_up_sweep

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.record import Recording
from vclamp.publish.exporters import EXPORTERS, export
from vclamp.run.runner import record
from vclamp.storage import tables
from vclamp.storage.compare import differences
from vclamp.storage.recordings import load
from vclamp.storage.safely import unheard, write_safely
from vclamp.storage.session import Session

RECORDING = made_up_recording(3, 400)


# ---- every format


@pytest.mark.parametrize("key", EXPORTERS)
def test_every_format_is_written_without_a_word_and_leaves_one_file(
    key: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"a b ±{EXPORTERS[key].suffix.upper()}"
    export([RECORDING], path)
    assert os.listdir(tmp_path) == [path.name]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("key", [key for key in EXPORTERS if key != "abf"])  # whose numbers have 16 bits
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
    with largest_file(20_000), pytest.raises(VClampError, match=rf"^a\.{key}: .*\.") as caught:
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
        "a.xls: files ending in '.xls' cannot be written. "
        "Use one of: .nwb, .abf, .atf, .csv, .parquet, .png, .svg, .html, .pdf, .vclamp."
    )
    assert "holds no finished sweep" in refused(replace(RECORDING, sweeps=()), "a.csv")
    assert "no such folder" in refused(RECORDING, "nowhere/a.csv")
    (tmp_path / "live.vclamp-wal").touch()
    assert "is a session in use" in refused(RECORDING, "live.vclamp")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert "needs about 0 MB, but only 0 MB are free" in refused(RECORDING, "a.csv")


# ---- an exam


def names_in(path: Path) -> set[str]:
    """The names of the signals in a file, as the programs that it is made for see them."""
    if path.suffix == ".abf":
        import pyabf

        return set(pyabf.ABF(str(path)).adcNames)
    if path.suffix == ".parquet":
        from pyarrow import parquet

        return set(parquet.read_schema(path).names)
    rows = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".csv":
        return set(rows[0].split(","))
    signals = next(row for row in rows if row.startswith('"Signals='))
    return set(signals.replace('"', "").split("\t")[1:])


@pytest.mark.parametrize("key", ["abf", "atf", "csv", "parquet"])
def test_other_programs_get_only_what_an_amplifier_recorded_of_an_exams_cell(key: str, tmp_path: Path) -> None:
    rig, path = load_rig(paths.CELLS / "unknown-cell.toml"), tmp_path / f"a.{key}"
    protocol = load_protocol(paths.PROTOCOLS / "iv.toml")
    cell = replace(rig.cell, exam=False)
    export([record(replace(rig, cell=cell), protocol)], path)
    known = names_in(path)
    assert any(name.startswith("i_na") for name in known)  # it is the exam that hides it
    export([record(rig, protocol)], path, overwrite=True)
    assert {name.removesuffix("_pA").removesuffix("_mV") for name in names_in(path)} <= {
        "run", "sweep", "time_ms", "command", "i",
    }  # fmt: skip


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
        raise VClampError("is not what was written", where=f"{path.name}: run 1")

    with pytest.raises(VClampError, match=r"^a\.txt: run 1: is not what was written\.$"):
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
    with pytest.raises(VClampError, match=r"cannot be read. Use one of: .vclamp, .abf, .nwb"):
        load(tmp_path / "a.xls")


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
