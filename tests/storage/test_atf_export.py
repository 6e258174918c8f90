"""ATF files of ours give other programs, and back to us, every number to the bit."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from abf_files import ask_here
from recordings import made_up_recording

from vclamp import paths
from vclamp.errors import CancelledError, VClampError
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.record import Recording
from vclamp.run.runner import record
from vclamp.storage import aside, atf, axon_text
from vclamp.storage.axon_text import check, write
from vclamp.storage.foreign import read
from vclamp.storage.safely import unheard, write_safely

SHIPPED = sorted(path.stem for path in paths.PROTOCOLS.glob("*.toml"))
MOST = 6000  # samples of a sweep
UNEQUAL = {"envelope": "its sweeps last 31 to 60 ms", "recovery": "its sweeps last 40.5 to 100 ms"}


@cache
def recorded(name: str) -> Recording:
    """How two sweeps of a shipped protocol begin on the cell that it is made for; all, where they differ in length."""
    protocol = load_protocol(paths.PROTOCOLS / f"{name}.toml")
    run = record(load_rig(paths.CELLS / f"{protocol.opens.cell or 'squid-axon'}.toml"), protocol)
    run = run if name in UNEQUAL else run.only((0, 1))
    return replace(run, sweeps=tuple(replace(s, values=s.values[:, :MOST]) for s in run.sweeps))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sweeps of the squid's I-V."""
    path = tmp_path_factory.mktemp("atf") / "iv.atf"
    write([recorded("iv")], path, unheard)
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_protocol_is_written_and_read_back_by_numpy_or_refused(name: str, tmp_path: Path) -> None:
    path, recording = tmp_path / "a.atf", recorded(name)
    if name in UNEQUAL:
        with pytest.raises(VClampError) as caught:
            write([recording], path, unheard)
        said = f"{name}: {UNEQUAL[name]}, but columns of an ATF file are equally long. Export it as NWB or CSV instead."
        assert str(caught.value) == said
        assert not path.exists()
        return
    write([recording], path, unheard)
    check([recording], path, unheard)
    lines = path.read_text().split("\n", 8)
    signals = [text.strip('"') for text in lines[6].strip().split("\t")[1:]]
    first = ["v", "i"] if recording.sweeps[0].rig.amplifier.clamps_current else ["i", "v"]
    assert signals[:2] == first
    table = np.loadtxt(path, skiprows=8, delimiter="\t", ndmin=2).T
    fs_kHz, n = recording.header.protocol.fs_kHz, table.shape[1]
    assert np.array_equal(table[0], np.arange(n) / (1e3 * fs_kHz))
    assert len(table) == 1 + len(signals)
    units = {f"{s}_{unit}": (s, unit) for s in signals for unit in ("pA", "mV", "mM")} | {s: (s, "1") for s in signals}
    names = [text.strip('"') for text in lines[7].strip().split("\t")[1:]]
    for k, sweep in enumerate(recording.sweeps):
        for trace in sweep.names:
            if trace == "command_mV" and first == ["v", "i"]:
                continue  # the voltage itself
            signal, unit = units[trace]
            column = names.index(f"Trace #{k + 1} {signal} ({unit})")
            assert np.array_equal(table[1 + column], sweep[trace])


def test_pyabf_reads_sweeps_signals_and_starts(file: Path) -> None:
    from pyabf import ATF

    recording, table = recorded("iv"), ATF(file)
    assert (table.sweepCount, table.channelCount, table.dataRate, table.sweepPointCount) == (2, 11, 50_000, 3000)
    assert table.header["AcquisitionMode"] == "Episodic Stimulation"
    assert table.header["SweepStartTimesMS"] == [0.0, 260.0]
    assert table.header["Comment"] == "4 - I-V of the squid axon; Squid giant axon; seed 0; VClamp 0.1.0"
    for k, sweep in enumerate(recording.sweeps):
        for channel, trace in enumerate(("i_pA", "v_mV", "command_mV", "i_na_pA")):
            table.setSweep(k, channel)
            assert table.sweepLabelY == f"Trace #{k + 1} {trace.rpartition('_')[0]} ({trace.rpartition('_')[2]})"
            assert np.array_equal(table.sweepY, sweep[trace].astype(np.float32))  # it keeps 32 bits


@pytest.mark.parametrize("rate_kHz", [5.0, 10.0, 20.0, 25.0, 100.0, 200.0])  # of 1 kHz it makes 999 Hz
def test_pyabf_reads_the_rate(rate_kHz: float, tmp_path: Path) -> None:
    from pyabf import ATF

    recording = made_up_recording(1, 400)
    protocol = replace(recording.header.protocol, fs_kHz=rate_kHz)
    write([replace(recording, header=replace(recording.header, protocol=protocol))], tmp_path / "a.atf", unheard)
    assert ATF(tmp_path / "a.atf").dataRate == 1e3 * rate_kHz


def test_myokit_reads_every_column_under_a_name_of_its_own(file: Path) -> None:
    axon = pytest.importorskip("myokit.formats.axon")
    table = axon.AtfFile(str(file))
    assert len(table) == 1 + 2 * 11
    assert np.array_equal(table["Trace #2 i_na (pA)"], recorded("iv").sweeps[1]["i_na_pA"])
    assert np.array_equal(table["Time (s)"], np.arange(3000) / 50e3)


def test_our_own_reader_gives_the_traces_back_to_the_bit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "ask", ask_here)
    ((again,), recording) = read(file), recorded("iv")
    assert again.header.protocol.fs_kHz == 50.0
    for own, other in zip(recording.sweeps, again.sweeps, strict=True):
        for trace in ("i_pA", "v_mV", "command_mV"):
            assert np.array_equal(own[trace], other[trace])


def test_names_that_readers_would_take_for_something_else_are_disarmed(tmp_path: Path) -> None:
    from pyabf import ATF

    recording = made_up_recording(1, 400)
    names = ("command_mV", "v_mV", "i_pA", 'i_Kv1.1="a"\tb\r\n_pA', *recording.sweeps[0].names[4:])
    protocol = replace(recording.header.protocol, name='a, "b" = 1.5\r\nc')
    odd = replace(
        recording,
        header=replace(recording.header, protocol=protocol),
        sweeps=(replace(recording.sweeps[0], names=names),),
    )
    write([odd], tmp_path / "a.atf", unheard)
    check([odd], tmp_path / "a.atf", unheard)
    table = ATF(tmp_path / "a.atf")
    assert table.header["Comment"].startswith("a; ?b? ? 1.5??c; Squid giant axon; seed ")
    assert table.columnLabelsY[3] == "Trace #1 i_Kv1.1??a??b?? (pA)"


def test_a_trace_with_gaps_is_left_out(tmp_path: Path) -> None:
    recording = made_up_recording(1, 400)
    values = recording.sweeps[0].values.copy()
    values[3, 7] = np.nan
    write([replace(recording, sweeps=(replace(recording.sweeps[0], values=values),))], tmp_path / "a.atf", unheard)
    header = (tmp_path / "a.atf").read_text().split("\n")[5]
    assert header.strip() == '"SignalsExported=i,v,command,i_k,i_leak,p_open_na,p_open_k,gate_na_m,gate_na_h,gate_k_n"'


def test_what_is_too_long_for_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(axon_text, "MAX_NUMBERS", 3 * 400 * 11 - 1)
    with pytest.raises(VClampError, match=r"small: its sweeps have 13,200 samples\. At most 13,199 are written"):
        write([made_up_recording(3, 400)], tmp_path / "a.atf", unheard)


def test_check_sees_one_changed_bit_and_every_other_change(tmp_path: Path) -> None:
    recording, path = made_up_recording(3, 400), tmp_path / "a.atf"
    write([recording], path, unheard)
    values = recording.sweeps[2].values.copy()
    values[4, -1] = np.nextafter(values[4, -1], np.inf)
    other = replace(recording, sweeps=(*recording.sweeps[:2], replace(recording.sweeps[2], values=values)))
    for changed in (other, recording.only((0, 1))):
        with pytest.raises(VClampError, match=r"^a\.atf: does not read back as it was written"):
            check([changed], path, unheard)
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:-2000], whole + b"1\r\n", whole.replace(b"5e-324", b"0"),
                    whole[:5000] + b"x" + whole[5001:],
                    whole.replace(b"Comment=", b"comment="), b"", whole.replace(b"-0.0\t", b"0.0\t", 1)):  # fmt: skip
        path.write_bytes(damaged)
        with pytest.raises(VClampError, match="does not read back"):
            check([recording], path, unheard)


@pytest.mark.parametrize("step", ["write", "check"])
def test_both_tell_how_far_they_are_and_can_be_cancelled(step: str, tmp_path: Path) -> None:
    recording, told = made_up_recording(1, 3000), []
    steps: dict[str, Callable[..., None]] = {"write": write, "check": check}
    write([recording], tmp_path / "a.atf", unheard)
    steps[step]([recording], tmp_path / "a.atf", told.append)
    assert told == [0.0, 1 / 3, 2 / 3]

    def cancel(done: float) -> None:
        if done > 0.5:
            raise CancelledError

    def cancelled(path: Path) -> None:
        write([recording], path, cancel if step == "write" else unheard)
        check([recording], path, cancel)

    with pytest.raises(CancelledError):
        write_safely(tmp_path / "b.atf", cancelled, lambda path: None)
    assert [path.name for path in tmp_path.iterdir()] == ["a.atf"]


def test_commands_and_recordings_are_written_by_the_same_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(atf.TextTable, "header", property(lambda table: seen.append(table) or "x"))
    atf.export_command(load_protocol(paths.PROTOCOLS / "iv.toml"), tmp_path / "a.atf")
    write([made_up_recording(1, 400)], tmp_path / "b.atf", unheard)
    assert {table.signals for table in seen} == {("Cmd 0",), seen[-1].signals}
