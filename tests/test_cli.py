"""The command line does what it says, or says in one line what to do instead."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vclamp import __version__, paths
from vclamp.cli import main
from vclamp.publish.exporters import export
from vclamp.storage import session
from vclamp.storage.recordings import load

ROOT = Path(__file__).parents[1]
QUICK = ["--set", "protocol.n_sweeps=2"]
Captured = pytest.CaptureFixture[str]


def run_to(out: Path, *extra: str, protocol: str = "iv", cell: str = "squid-axon") -> Path:
    assert main(["run", protocol, "--cell", cell, "-o", str(out), *QUICK, *extra]) == 0
    return out


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with run.vclamp and run.nwb."""
    folder = tmp_path_factory.mktemp("recorded")
    run_to(folder / "run.vclamp")
    run_to(folder / "run.nwb", "--seed", "7", cell="squid-axon-20pf")
    return folder


# ---- what it does


def test_a_run_on_an_exam_tells_no_reversal_potential(tmp_path: Path, capsys: Captured) -> None:
    for cell, told in (("unknown-cell", False), ("squid-axon", True)):
        run_to(tmp_path / f"{cell}.csv", cell=cell)
        assert ("E_" in capsys.readouterr().out) == told


def test_version_names_everything_that_matters(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"vclamp {__version__}, Python {sys.version.split()[0]}\n")
    for package in ("numpy", "scipy", "numba", "pynwb", "PySide6-Essentials", "pyqtgraph", "Qt"):
        assert re.search(rf"^{package} \d", said, re.MULTILINE)


@pytest.mark.parametrize("what", ["cells", "channels", "protocols", "analyses", "formats"])
def test_list_prints_one_a_line_with_the_name_first(what: str, capsys: Captured) -> None:
    assert main(["list", what]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    for line in lines:
        name, title = line.split(None, 1)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert title.strip()
    assert len({re.match(r"\S+ +", line).end() for line in lines}) == 1  # titles stand under one another  # type: ignore[union-attr]


def test_check_finds_every_shipped_file_whole(capsys: Captured) -> None:
    files = [
        path for folder in (paths.PROTOCOLS, paths.CELLS, paths.CHANNELS) for path in paths.shipped(folder).values()
    ]
    assert len(files) >= 12
    assert main(["check", *map(str, files)]) == 0
    said, complaints = capsys.readouterr()
    assert complaints == ""
    assert [line.partition(": ")[0] for line in said.splitlines()] == [str(path) for path in files]
    assert f"{paths.PROTOCOLS / 'iv.toml'}: protocol, 15 sweeps, 900 ms" in said
    assert f"{paths.CELLS / 'squid-axon.toml'}: cell, 3 channels" in said
    assert f"{paths.CHANNELS / 'squid-na.toml'}: channel, ohmic pore, 2 gates" in said


def test_check_goes_on_after_a_bad_file(tmp_path: Path, recorded: Path, capsys: Captured) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("x = 1")
    good = str(paths.CELLS / "squid-axon.toml")
    assert main(["check", str(bad), good, str(recorded / "run.nwb"), str(tmp_path / "none.toml")]) == 2
    said, complaints = capsys.readouterr()
    assert said.splitlines() == [f"{good}: cell, 3 channels", f"{recorded / 'run.nwb'}: recording, 1 runs"]
    assert [line.split(":")[1].strip() for line in complaints.splitlines()] == ["bad.toml", "none.toml"]


def test_run_says_what_it_ran(tmp_path: Path, capsys: Captured) -> None:
    out = run_to(tmp_path / "a.csv", "--set", "solutions.temperature_K=285")
    said, complaints = capsys.readouterr()
    first, second = said.splitlines()
    assert first == "iv on squid-axon (E_na +50.000 mV, E_k -77.000 mV, E_leak -54.387 mV)"
    assert re.fullmatch(rf"2 sweeps, 120 ms simulated in [\d.]+ ms -> {re.escape(str(out))}", second)
    assert complaints == ""


def test_run_takes_files_of_ones_own(tmp_path: Path) -> None:
    for name, folder in (("tail.toml", paths.PROTOCOLS), ("squid-axon.toml", paths.CELLS)):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    own = run_to(tmp_path / "a.csv", protocol=str(tmp_path / "tail.toml"), cell=str(tmp_path / "squid-axon.toml"))
    shipped = run_to(tmp_path / "b.csv", protocol="tail")
    assert own.read_bytes() == shipped.read_bytes()


def test_settings_are_applied_in_turn_and_recorded(tmp_path: Path) -> None:
    settings = [
        "cell.channels.na.g_nS=60", "rig.amplifier.rs_MOhm=2.5", "cell.channels.k.on=false", "protocol.hold_mV=-90",
        "protocol.hold_mV = -95.5", "protocol.segments.test.duration_ms=3.0", "solutions.drugs.TEA.out_mM=1e-3",
        "protocol.segments.test.level_mV.start=-20.0", "cell.label=my axon", "protocol.between=interval",
    ]  # fmt: skip
    run_to(tmp_path / "a.vclamp", *[text for setting in settings for text in ("--set", setting)], "--seed", "11")
    (recording,) = load(tmp_path / "a.vclamp")
    rig, protocol = recording.header.rig, recording.header.protocol
    assert [(c.g_nS, c.on) for c in rig.cell.channels] == [(60.0, True), (36.0, False), (0.3, True)]
    assert (rig.amplifier.rs_MOhm, rig.solutions.drug_mM("TEA", "out"), rig.cell.label) == (2.5, 1e-3, "my axon")
    assert (protocol.hold_mV, protocol.duration_ms(0), protocol.between) == (-95.5, 33.0, "interval")
    assert protocol.stretches(0)[1].start_mV == -20.0
    assert recording.header.seed == 11
    assert recording.sweeps[0].start[0] == pytest.approx(-95.5, abs=0.1)


@pytest.mark.parametrize("ending", [".vclamp", ".nwb"])
def test_a_recording_replays_identically(ending: str, recorded: Path, capsys: Captured) -> None:
    assert main(["replay", str(recorded / f"run{ending}")]) == 0
    assert capsys.readouterr().out == "run 1 (iv): 2 sweeps identical\n"


@pytest.mark.parametrize("ending", [".vclamp", ".nwb"])
def test_replay_finds_one_changed_number(ending: str, recorded: Path, tmp_path: Path, capsys: Captured) -> None:
    (recording,) = load(recorded / "run.vclamp")
    values = recording.sweeps[1].values.copy()
    row = recording.sweeps[1].names.index("i_na_pA")
    values[row, 1234] *= 1 + 1e-9
    values.setflags(write=False)
    tampered = replace(recording, sweeps=(recording.sweeps[0], replace(recording.sweeps[1], values=values)))
    export([tampered], tmp_path / f"bad{ending}")
    assert main(["replay", str(tmp_path / f"bad{ending}")]) == 1
    assert "sweep 1: i_na_pA differs from sample 1234 on" in capsys.readouterr().out


def test_analyse_prints_points_numbers_and_notes(recorded: Path, capsys: Captured) -> None:
    assert main(["analyse", str(recorded / "run.vclamp"), "peak-iv", "--trace", "i_na_pA"]) == 0
    points, numbers, notes = capsys.readouterr().out.split("\n\n")
    heading, *rows = points.splitlines()
    assert heading == "level_mV,i_na_pA"
    assert [float(row.split(",")[0]) for row in rows] == [-80.0, -70.0]
    assert numbers.splitlines()[0].startswith("name,value")
    assert notes.startswith("# I-V fit: 2 points are too few for this fit")


def test_analyse_measures_between_two_times(recorded: Path, capsys: Captured) -> None:
    command = ["analyse", str(recorded / "run.vclamp"), "measure", "--trace", "i_k_pA", "--window", "10", "20"]
    assert main([*command, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    columns = {name: column for curve in found["curves"] for name, column in curve["columns"].items()}
    (recording,) = load(recorded / "run.vclamp")
    assert columns["sweep"] == [1.0, 2.0]
    means = [sweep["i_k_pA"][500:1000].mean() for sweep in recording.sweeps]
    assert columns["mean_pA"] == pytest.approx(means, rel=1e-12)
    assert found["question"]["window_ms"] == [10.0, 20.0]


def test_analyse_writes_points_and_results_into_files_that_it_does_not_replace(
    recorded: Path, tmp_path: Path, capsys: Captured
) -> None:
    command = ["analyse", str(recorded / "run.vclamp"), "chord", "-o", str(tmp_path / "chord.csv")]
    assert main(command) == 0
    assert capsys.readouterr().out.count(" -> ") == 2
    assert (tmp_path / "chord.csv").read_text().startswith("curve,v_mV,i_na_pA,i_k_pA,i_leak_pA\nna,")
    assert "v_rest_mV," in (tmp_path / "chord-results.csv").read_text()
    assert main(command) == 2
    assert "chord.csv: exists already" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0


def test_analyse_writes_neither_file_where_one_may_not_be_replaced(
    recorded: Path, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "chord-results.csv").write_text("precious")
    said = complaint(["analyse", str(recorded / "run.vclamp"), "chord", "-o", str(tmp_path / "chord.csv")], capsys)
    assert said == "vclamp: chord-results.csv: exists already. Use --overwrite or another name.\n"
    assert os.listdir(tmp_path) == ["chord-results.csv"]


def test_analyse_without_truth_tells_none(recorded: Path, capsys: Captured) -> None:
    assert main(["analyse", str(recorded / "run.vclamp"), "chord"]) == 0
    assert "name,value,truth\n" in capsys.readouterr().out
    assert main(["analyse", str(recorded / "run.vclamp"), "chord", "--no-truth"]) == 0
    assert "name,value\n" in capsys.readouterr().out


def test_export_writes_another_format(recorded: Path, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "run.csv"
    assert main(["export", str(recorded / "run.vclamp"), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{recorded / 'run.vclamp'} -> {out}\n"
    rows = np.loadtxt(out, delimiter=",", skiprows=1)
    (recording,) = load(recorded / "run.vclamp")
    assert np.array_equal(rows[rows[:, 0] == 1, 2:].T, recording.sweeps[1].values)


@pytest.mark.parametrize(
    "command", [[], ["run"], ["analyse"], ["export"], ["replay"], ["check"], ["list"], ["import"], ["gui"]]
)
def test_help_is_on_stdout_and_exits_with_0(command: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert caught.value.code == 0
    said, complaints = capsys.readouterr()
    assert said.startswith(f"usage: {' '.join(['vclamp', *command])}")
    assert complaints == ""


def test_a_run_on_a_cell_where_an_ion_reverses_nowhere_ends_well(tmp_path: Path, capsys: Captured) -> None:
    """A GHK pore needs no K⁺ outside, and has no reversal potential without."""
    out = tmp_path / "x.nwb"
    without = ["--set", "solutions.ions.K.out_mM=0", "--json"]
    assert main(["run", "iv", "--cell", "donnan-cell", "-o", str(out), *QUICK, *without]) == 0
    assert out.exists()
    assert set(json.loads(capsys.readouterr().out)["reversals_mV"]) == {"na_leak", "cl_leak"}


# ---- bad input


def complaint(arguments: list[str], capsys: Captured) -> str:
    """The one line on stderr of a command that exits with 2."""
    capsys.readouterr()
    assert main(arguments) == 2
    said, complaints = capsys.readouterr()
    assert said == ""
    assert complaints.startswith("vclamp: ")
    assert complaints.endswith("\n")
    assert complaints.count("\n") == 1, complaints
    assert len(complaints) < 400
    return complaints


def protocol_file(folder: Path, *segments: str, head: str = "") -> str:
    path = folder / "own.toml"
    text = "".join(f"[[segments]]\n{segment}\n" for segment in segments)
    path.write_text(f'name = "own"\nn_sweeps = 1\nhold_mV = -80.0\n{head}\n{text}')
    return str(path)


def run_with(*extra: str) -> list[str]:
    return ["run", "iv", "--cell", "squid-axon", "-o", "OUT/a.csv", *extra]


def run_as(protocol: str, cell: str = "squid-axon", out: str = "OUT/a.csv") -> list[str]:
    return ["run", protocol, "--cell", cell, "-o", out, *QUICK]


def setting(text: str) -> list[str]:
    return run_with("--set", text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "required: protocol, -o/--output. See `vclamp run --help`."),
        (["analyse"], "required: file, analysis. See `vclamp analyse --help`."),
        (["export"], "required: file, -o/--output. See `vclamp export --help`."),
        (["replay"], "required: file. See `vclamp replay --help`."),
        (["check"], "required: FILE. See `vclamp check --help`."),
        (["list"], "required: what. See `vclamp list --help`."),
        (["list", "cats"], "invalid choice: 'cats'"),
        (["fly"], "invalid choice: 'fly'"),
        (["--fly"], "unrecognized arguments: --fly. See `vclamp --help`."),
        (run_with("--sed", "1"), "unrecognized arguments: --sed 1"),
        (run_as("ivv"), "ivv: no protocol or file of that name. Did you mean 'iv'?"),
        (run_as("xyz"), "'vclamp list protocols' names them all."),
        (run_as("iv", "squid"), "squid: no cell or file of that name. Did you mean 'squid-axon'?"),
        (run_as("iv", "k-leak"), "k-leak: no cell or file of that name."),
        (run_as("IN/none.toml"), "none.toml: no protocol or file of that name"),
        (run_as("x" * 5000), "no protocol or file of that name"),
        (run_as("/"), "/: no protocol or file of that name"),
        (run_as(""), "no protocol or file of that name"),
        (run_as("iv", out="OUT/a.xls"), "a.xls: files ending in '.xls' cannot be written. Use one of: .nwb"),
        (run_as("iv", out="OUT/a"), "a: files ending in '' cannot be written. Use one of:"),
        (run_as("iv", out=""), "cannot be written"),
        (run_as("iv", out="OUT/none/a.csv"), "there is no such folder"),
        (run_as("iv", out="IN/file/a.csv"), "there is no such folder"),
        (run_as("iv", out="/proc/a.csv"), "a.csv: "),
        (run_as("iv", out="IN/old.csv"), "old.csv: exists already. Use --overwrite or another name."),
        (run_with("--seed", "x"), "--seed: 'x' is no seed. Use a whole number from 0 to 2^63."),
        (run_with("--seed", "-1"), "--seed"),
        (run_with("--seed", "1.5"), "--seed: '1.5' is no seed"),
        (run_with("--seed", "٣"), "--seed: '٣' is no seed"),
        (run_with("--seed", "²"), "--seed: '²' is no seed"),
        (run_with("--seed", ""), "--seed: '' is no seed"),
        (run_with("--seed", str(2**63)), "is no seed"),
        (run_with("--seed", "9" * 10_000), "is no seed"),
        (run_with("--seed", "0" * 10_000), "is no seed"),
        (setting("protocol.hold_mV"), "--set: 'protocol.hold_mV' is not PATH=VALUE. As amplifier.rs_MOhm=10."),
        (setting("x" * 5000), "is not PATH=VALUE"),
        (setting("=1"), "--set: there is nothing called '' to set."),
        (setting("protocol.hold_V=1"), "there is nothing called 'hold_V' to set. Did you mean 'hold_mV'?"),
        (setting("cell.channels.ca.g_nS=1"), "there is nothing called 'cell.channels.ca.g_nS' to set. Did you mean"),
        (setting("cell.channels.².g_nS=1"), "there is nothing called"),
        (setting(f"cell.channels.{'9' * 5000}.g_nS=1"), "there is nothing called"),
        (setting("zzz=1"), "there is nothing called 'zzz' to set. For instance: cell.name."),
        (setting("protocol.hold_mV=nan"), "--set: hold_mV: is not a finite number. Give a plain number."),
        (setting("protocol.hold_mV=inf"), "--set: hold_mV: is not a finite number"),
        (setting("protocol.hold_mV=1e999"), "--set: hold_mV: is not a finite number"),
        (setting("protocol.hold_mV=-300"), "--set: hold_mV: -300 is too small. It must be at least -250."),
        (setting("protocol.hold_mV=deep"), '--set: hold_mV: "deep" should be a valid number'),
        (setting("protocol.hold_mV="), '--set: hold_mV: "" should be a valid number'),
        (setting("protocol.hold_mV=true"), "--set: hold_mV: true should be a valid number"),
        (setting("protocol.hold_mV=[1]"), "--set: hold_mV"),
        (setting("protocol.hold_mV={a=1}"), "--set: hold_mV"),
        (setting("protocol.hold_mV=2020-01-01"), "--set: hold_mV"),
        (setting("protocol.hold_mV=" + "[" * 900), "--set: hold_mV"),
        (setting("protocol.hold_mV=" + "9" * 5000), "--set: hold_mV"),
        (setting("protocol.fs_kHz=1e9"), "--set: fs_kHz: 1000000000.0 is too large. It must be at most 1000."),
        (setting("protocol.fs_kHz=0"), "--set: fs_kHz: 0 is too small. It must be at least 0.001."),
        (setting("protocol.fs_kHz=-50"), "--set: fs_kHz: -50 is too small"),
        (setting(f"protocol.n_sweeps={10**9}"), "--set: n_sweeps: 1000000000 is too large. It must be at most 10000."),
        (setting("protocol.n_sweeps=10000"), "--set: segments[1] in sweep 10000 goes beyond ±250 mV"),
        (setting("protocol.n_sweeps=-1"), "--set: n_sweeps: -1 is too small"),
        (setting("protocol.n_sweeps=1.5"), "--set: n_sweeps: 1.5 should be a valid integer"),
        (setting("protocol.segments.test.duration_ms=-1"), "segments[1].duration_ms: -1 is too small. It must be"),
        (setting("protocol.segments.test.duration_ms=36000001"), "segments[1].duration_ms: 36000001 is too large"),
        (setting("protocol.segments.test.duration_ms=1000"), "interval_ms = 260 is shorter than sweep 1 (1030 ms)"),
        (setting("amplifier.rs_MOhm=-1"), "--set: amplifier.rs_MOhm: -1 is too small. It must be at least 0."),
        (setting("amplifier.rs_MOhm=1e-9"), "rs_MOhm = 1e-09 is too small to simulate. Use 0 for an ideal clamp"),
        (setting("cell.channels.na.gates.m.alpha_per_ms=v"), "alpha_per_ms of gate 'm' is negative at -250 mV"),
        (setting("cell.channels.na.gates.m.alpha_per_ms=__import__('os')"), "column 1: '_' is not expected here"),
        (["analyse", "IN/run.vclamp", "peek-iv"], "there is no analysis 'peek-iv'. There are: measure, peak-iv"),
        (["analyse", "IN/run.vclamp", "peak-iv", "--trace", "i_ca_pA"], "no trace 'i_ca_pA'. There are: command_mV"),
        (["analyse", "IN/run.vclamp", "ramp-iv"], "protocol 'iv' has no mark 'ramp'"),
        (["analyse", "IN/run.vclamp", "recovery"], "Recovery needs an interval that changes"),
        (["analyse", "IN/run.vclamp", "gv", "--window", "9", "1"], "9 to 1 ms is no window. It begins at 0 or later"),
        (["analyse", "IN/run.vclamp", "gv", "--window", "a", "b"], "argument --window: invalid float value: 'a'"),
        (["analyse", "IN/run.vclamp", "gv", "--leak", "nan", "1"], "nan to 1 mV is no range of voltages"),
        (["analyse", "IN/run.vclamp", "gv", "--e-rev", "inf"], "inf mV is no reversal potential"),
        (["analyse", "IN/run.vclamp", "gv", "--mark", "x"], "protocol 'iv' has no mark 'x'. It has: peak, steady"),
        (["analyse", "IN/run.vclamp", "gv", "--against", "x"], "argument --against: invalid choice: 'x'"),
        (["analyse", "IN/run.vclamp", "gv", "--run", "2"], "run.vclamp: has no run 2. It has 1 to 1."),
        (["analyse", "IN/run.vclamp", "chord", "-o", "."], "is a folder. Give the name of a file in it."),
        (["analyse", "IN/run.vclamp", "chord", "-o", "/", "--format", "json", "--overwrite"], "/: is a folder. Give"),
        (["analyse", "IN/none.vclamp", "peak-iv"], "none.vclamp: "),
        (["analyse", "IN/old.csv", "peak-iv"], "old.csv: "),
        (["analyse", "IN/garbage.nwb", "peak-iv"], "garbage.nwb: "),
        (["analyse", "IN/garbage.vclamp", "peak-iv"], "garbage.vclamp: "),
        (["export", "IN/none.nwb", "-o", "OUT/a.csv"], "none.nwb: "),
        (["export", "IN/run.nwb", "-o", "OUT/a.xls"], "a.xls: files ending in '.xls' cannot be written."),
        (["export", "IN/run.nwb", "-o", "IN/old.csv"], "old.csv: exists already. Use --overwrite or another name."),
        (["export", "IN/run.vclamp", "--run", "2", "-o", "OUT/a.csv"], "run.vclamp: has no run 2. It has 1 to 1."),
        (["export", "IN/run.vclamp", "--run", "0", "-o", "OUT/a.csv"], "run.vclamp: has no run 0"),
        (["export", "IN/run.vclamp", "--run", "2-1", "-o", "OUT/a.csv"], "--run: '2-1' is no selection. As 2 or 1"),
        (["export", "IN/run.vclamp", "--run", "one", "-o", "OUT/a.csv"], "--run: 'one' is no selection. As 2 or 1"),
        (["replay", "IN/none.vclamp"], "none.vclamp: "),
        (["replay", "IN/garbage.nwb"], "garbage.nwb: "),
        (["replay", "IN/garbage.vclamp"], "garbage.vclamp: "),
        (["replay", "IN"], "cannot be read. Use one of: .vclamp, "),
        (["check", "IN/none.toml"], "none.toml: cannot be read (No such file or directory)"),
        (["check", "IN/none.nwb"], "none.nwb: "),
        (["check", "IN/garbage.toml"], "garbage.toml: not a text file in UTF-8"),
        (["check", "x" * 300 + ".csv"], ".csv: there is no such file. Give the path of a recording."),
        (["check", "x" * 250 + ".vclamp"], ".vclamp: cannot be used (File name too long)"),
        (["export", "IN/run.nwb", "-o", "y" * 300 + "/a.csv"], "there is no such folder"),
        (["export", "IN/run.nwb", "-o", "OUT/" + "x" * 250 + ".vclamp"], "cannot be written (File name too long)"),
        (["check", "IN"], "cannot be read"),
        (["check", ""], "cannot be read"),
    ],
)  # fmt: skip
def test_bad_input_exits_with_2_and_one_line(
    arguments: list[str], said: str, recorded: Path, tmp_path: Path, capsys: Captured
) -> None:
    for name in ("garbage.nwb", "garbage.vclamp", "garbage.toml"):
        (recorded / name).write_bytes(b"\x89garbage\xff" * 100)
    (recorded / "old.csv").write_text("precious")
    (recorded / "file").write_text("no folder")
    before = sorted(os.listdir(recorded))
    places = [text.replace("IN/", f"{recorded}/").replace("OUT/", f"{tmp_path}/") for text in arguments]
    assert said in complaint([str(recorded) if text == "IN" else text for text in places], capsys)
    assert os.listdir(tmp_path) == []
    assert sorted(os.listdir(recorded)) == before
    assert (recorded / "old.csv").read_text() == "precious"


def test_overwrite_replaces_a_file(tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    out.write_text("old")
    run_to(out, "--overwrite")
    assert out.read_text().startswith("sweep,time_ms,")


HUGE: list[tuple[Callable[[Path], str], str]] = [
    (
        lambda folder: protocol_file(folder, *['type = "hold"\nduration_ms = 3.6e6'] * 10, head="fs_kHz = 1000.0"),
        "own.toml: sweep 1 has 36,000,000,000 samples. At most 100,000,000 are allowed: shorten it or lower fs_kHz.",
    ),
    (
        lambda folder: protocol_file(folder, 'type = "hold"\nduration_ms = 9e4', head="fs_kHz = 1000.0"),
        "own: 90,000,000 samples would take 7.4 GB. At most 2 GB are allowed",
    ),
    (protocol_file, "own.toml: segments: is missing. Add it."),
    (lambda folder: protocol_file(folder, 'type = "hold"'), "own.toml:5: segments[0].duration_ms: is missing. Add it."),
    (lambda folder: protocol_file(folder, "x = ["), "own.toml: not valid TOML"),
]


@pytest.mark.parametrize(("make", "said"), HUGE)
def test_a_protocol_that_cannot_be_run_is_refused(
    make: Callable[[Path], str], said: str, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "a.csv"
    assert said in complaint(["run", make(tmp_path), "--cell", "squid-axon", "-o", str(out)], capsys)
    assert not out.exists()


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, capsys: Captured) -> None:
    tmp_path.chmod(0o500)
    assert "a.csv: cannot be written" in complaint(run_with("-o", str(tmp_path / "a.csv")), capsys)


# ---- as a program


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )


def test_the_program_runs_without_qt(tmp_path: Path) -> None:
    script = (
        "import sys; from vclamp.cli import main; code = main(sys.argv[1:]); "
        "print([name for name in sys.modules if name.split('.')[0] in ('PySide6', 'shiboken6', 'pyqtgraph')]); "
        "sys.exit(code)"
    )
    done = python("-c", script, "run", "iv", "--cell", "squid-axon", "-o", str(tmp_path / "a.csv"), *QUICK)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"


def test_main_py_complains_and_exits_like_the_command() -> None:
    done = python("main.py", "run", "iv", "--cell", "squid", "-o", "a.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "vclamp: squid: no cell or file of that name. Did you mean 'squid-axon'?\n"


def test_reading_and_analysing_load_neither_qt_nor_numba() -> None:
    script = (
        "import sys, vclamp.publish.exporters, vclamp.storage.session, vclamp.storage.nwb, vclamp.analysis.curves, "
        "vclamp.analysis.fits, vclamp.model.files, vclamp.cli; "
        "print([name for name in sys.modules if name.split('.')[0] in ('PySide6', 'pyqtgraph', 'numba', 'llvmlite')])"
    )
    done = python("-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_a_closed_pipe_is_no_mistake() -> None:
    listing = subprocess.Popen(
        [sys.executable, "main.py", "list", "protocols"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert listing.stdout is not None
    assert listing.stderr is not None
    listing.stdout.close()  # before anything is written
    complaints = listing.stderr.read()
    listing.stderr.close()
    assert (listing.wait(60), complaints) == (0, b"")


# ---- for programs and terminals


def said_as_json(arguments: list[str], capsys: Captured) -> dict[str, object]:
    capsys.readouterr()
    code = main([*arguments, "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["exit_code"] == code
    return dict(said)


def test_json_says_what_people_are_told(recorded: Path, tmp_path: Path, capsys: Captured) -> None:
    session, out = str(recorded / "run.vclamp"), tmp_path / "a.csv"
    assert said_as_json(["replay", session], capsys) == {
        "identical": True,
        "runs": [{"run": 1, "protocol": "iv", "sweeps": 2, "differences": []}],
        "exit_code": 0,
    }
    assert said_as_json(["export", session, "-o", str(out)], capsys)["files"] == [str(out)]
    ran = said_as_json(["run", "iv", "-o", str(tmp_path / "b.nwb"), "--seed", "5", *QUICK], capsys)
    assert (ran["cell"], ran["seed"], ran["sweeps"], ran["simulated_ms"]) == ("squid-axon", 5, 2, 120.0)
    assert ran["reversals_mV"] == {"na": 50.0, "k": -77.0, "leak": pytest.approx(-54.387)}
    formats = said_as_json(["list", "formats"], capsys)["formats"]
    assert isinstance(formats, dict)
    assert {"nwb", "csv", "vclamp"} <= set(formats)
    checked = said_as_json(["check", session, str(tmp_path / "none.toml")], capsys)
    assert checked["exit_code"] == 2
    assert [file["whole"] for file in checked["files"]] == [True, False]  # type: ignore[attr-defined, union-attr]


def test_a_mistake_is_told_in_json_too(tmp_path: Path, capsys: Captured) -> None:
    assert said_as_json(["replay", str(tmp_path / "none.vclamp")], capsys) == {
        "error": {"where": "none.vclamp", "what": "there is no such file", "remedy": ""},
        "exit_code": 2,
    }


@pytest.mark.parametrize(
    ("sweeps", "kept"), [("2-3", {1, 2}), ("1,5", {0, 4}), ("all", set(range(6))), ("6", {5}), ("last", {5})]
)
def test_sweeps_are_chosen_by_their_numbers_and_replay_alone(
    sweeps: str, kept: set[int], tmp_path: Path, capsys: Captured
) -> None:
    whole = tmp_path / "whole.vclamp"
    assert main(["run", "iv", "--set", "protocol.n_sweeps=6", "-o", str(whole)]) == 0
    assert main(["export", str(whole), "--sweeps", sweeps, "-o", str(tmp_path / "some.vclamp")]) == 0
    (recording,) = load(tmp_path / "some.vclamp")
    assert {sweep.index for sweep in recording.sweeps} == kept
    assert main(["replay", str(tmp_path / "some.vclamp")]) == 0


def test_sweeps_that_a_stopped_run_never_had_cannot_be_chosen(recorded: Path, tmp_path: Path, capsys: Captured) -> None:
    (recording,) = load(recorded / "run.vclamp")
    export([recording.only({0})], tmp_path / "stopped.vclamp")
    command = ["export", str(tmp_path / "stopped.vclamp"), "-o", str(tmp_path / "a.csv")]
    said = complaint([*command, "--sweeps", "2"], capsys)
    assert said == "vclamp: stopped.vclamp: has no sweep 2. It has 1 to 1.\n"


def test_all_runs_are_exported_without_those_that_never_finished_a_sweep(
    recorded: Path, tmp_path: Path, capsys: Captured
) -> None:
    (recording,) = load(recorded / "run.vclamp")
    runs = [recording.only(()), recording, recording.only({0})]
    session.write(runs, tmp_path / "day.vclamp")
    for sweeps, kept, what in (([], [2, 1], "no finished sweep"), (["--sweeps", "2"], [1], "none of these sweeps")):
        out = tmp_path / f"{len(kept)}.vclamp"
        assert main(["export", str(tmp_path / "day.vclamp"), "--run", "all", *sweeps, "-o", str(out)]) == 0
        assert [len(each.sweeps) for each in load(out)] == kept
        left_out, _ = capsys.readouterr().out.splitlines()
        assert left_out == f"left out, for there is {what} in it: {3 - len(kept)} of 3 runs"
    chosen = ["export", str(tmp_path / "day.vclamp"), "--run", "1,2", "-o", str(tmp_path / "a.vclamp")]
    assert "holds no finished sweep" in complaint(chosen, capsys)


def test_a_part_of_a_file_never_takes_its_place(recorded: Path, tmp_path: Path, capsys: Captured) -> None:
    (recording,) = load(recorded / "run.vclamp")
    session.write([recording, recording], tmp_path / "day.vclamp")
    (tmp_path / "link.vclamp").symlink_to("day.vclamp")
    before = (tmp_path / "day.vclamp").read_bytes()
    for name in ("day.vclamp", "link.vclamp"):
        said = complaint(["export", str(tmp_path / name), "-o", str(tmp_path / "day.vclamp"), "--overwrite"], capsys)
        assert said == "vclamp: day.vclamp: is the file that is read. Use another name.\n"
    assert (tmp_path / "day.vclamp").read_bytes() == before


def test_a_session_whose_run_never_finished_a_sweep_replays(recorded: Path, tmp_path: Path, capsys: Captured) -> None:
    (recording,) = load(recorded / "run.vclamp")
    session.write([recording.only(())], tmp_path / "stopped.vclamp")
    assert main(["replay", str(tmp_path / "stopped.vclamp")]) == 0
    assert capsys.readouterr().out == "run 1 (iv): 0 sweeps identical\n"


@pytest.mark.parametrize("selection", ["0", "7", "2-", "x", "1,,2", "3-2", "1-99999999999", "-1", "１"])
def test_a_selection_that_means_nothing_is_refused(selection: str, tmp_path: Path, capsys: Captured) -> None:
    whole = tmp_path / "whole.vclamp"
    assert main(["run", "iv", "--set", "protocol.n_sweeps=6", "-o", str(whole)]) == 0
    assert main(["export", str(whole), f"--sweeps={selection}", "-o", str(tmp_path / "some.csv")]) == 2
    assert not (tmp_path / "some.csv").exists()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal")
def test_a_terminal_is_shown_how_far_it_is_and_left_clean(tmp_path: Path) -> None:
    import pty

    master, terminal = pty.openpty()
    command = [
        sys.executable,
        "main.py",
        "run",
        "iv",
        "--set",
        "protocol.series.repeats=5",
        "-o",
        str(tmp_path / "a.csv"),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=terminal) as running:
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # what the end of a terminal is
            while read := os.read(master, 100_000):
                shown += read
    os.close(master)
    assert running.returncode == 0
    assert re.search(r"\rwriting a\.csv +\d+%", shown.decode())
    assert re.search(r"\r +\r$", shown.decode())


def test_a_bundled_program_runs_its_own_modules_as_python_m_does_and_no_others(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "argv", ["vclamp"])
    ran: list[tuple[object, ...]] = []
    monkeypatch.setattr("runpy.run_module", lambda name, **options: ran.append((name, options["run_name"])))
    assert main(["-m", "vclamp.storage.aside", "a file"]) == 0
    assert (ran, sys.argv) == ([("vclamp.storage.aside", "__main__")], ["vclamp", "a file"])
    assert main(["-m", "os", "a file"]) == 0
    assert len(ran) == 1
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_ends_with_130_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vclamp.storage import tables

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tables, "pieces", interrupted)
    assert main(["run", "iv", "-o", str(tmp_path / "a.csv"), *QUICK]) == 130
    assert os.listdir(tmp_path) == []
