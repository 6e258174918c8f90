"""A waveform's values may stand in a file beside the protocol; nothing else is read, and they are kept."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from vclamp.errors import VClampError
from vclamp.model.files import from_json, load_protocol, to_json, to_toml
from vclamp.model.ladder import Ladder
from vclamp.model.protocol import Protocol
from vclamp.model.segments import (
    CurrentRamp,
    CurrentStep,
    Hold,
    MembraneTest,
    Noise,
    Ramp,
    Segment,
    Sine,
    Step,
    Train,
    Waveform,
)
from vclamp.model.series import Conditioning, Leak, Opens, Series
from vclamp.model.waveforms import MAX_BYTES, read_table

HEAD = 'name = "ap clamp"\nhold_mV = -70.0\nfs_kHz = 10.0\n'
ATF = 'ATF\t1.0\n1\t2\n"Signals="\t"x"\n"Time (s)"\t"Trace #1 (mV)"\n0\t-70\n1e-4\t-50\n2e-4\t30\n3e-4\t-75'
AP = (-70.0, -50.0, 30.0, -75.0)


def write_protocol(folder: Path, file: str, *keys: str, head: str = HEAD) -> Path:
    """A protocol of one waveform that names a file, in line 6 unless it has more keys at its head."""
    path = folder / "ap.toml"
    quoted = file.replace("\\", "\\\\").replace("\0", "\\u0000")
    lines = ["[[segments]]", 'type = "waveform"', f'file = "{quoted}"', *keys]
    path.write_text(head + "\n".join(lines) + "\n")
    return path


def refusal(path: Path) -> str:
    """What is said: one short line, at once, with a remedy."""
    began = time.process_time()
    with pytest.raises(VClampError) as caught:
        load_protocol(path)
    assert time.process_time() - began < 2.0
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 400
    assert caught.value.remedy
    return said


def only(protocol: Protocol) -> Waveform:
    segment = protocol.segments[0]
    assert isinstance(segment, Waveform)
    return segment


# ---- what is read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "keys"),
    [
        ("ap.csv", "-70\n-50\n30\n-75\n", ["every_ms = 0.1"]),
        ("ap.csv", "\ufeffv_mV\r\n-70\r\n-50\r\n30\r\n-75", ["every_ms = 0.1"]),
        ("ap.csv", "0,-70\n0.1,-50\n0.2,30\n0.3,-75\n", []),
        ("ap.txt", "# cell 7\n\n0 -70\n0.1   -50\n0.2 3e1\n0.3 -75\n", []),
        ("ap.TXT", "time (s)\tV (V)\n1\t-0.07\n1.0001\t-0.05\n1.0002\t0.03\n1.0003\t-0.075\n", []),
        ("ap.csv", "time_ms;v_mV\n0;-70\n0.1;-50\n0.2;30\n0.3;-75\n", ["every_ms = 0.1"]),
        ("ap.atf", ATF, []),
    ],
    ids=["values", "heading", "times", "blanks", "seconds and volts", "semicolons", "ATF"],
)  # fmt: skip
def test_values_and_times_are_read_in_every_usual_form(
    tmp_path: Path, name: str, content: str, keys: list[str]
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8", newline="")
    protocol = load_protocol(write_protocol(tmp_path, name, *keys))
    waveform = only(protocol)
    assert waveform.values_mV == pytest.approx(AP)
    assert waveform.every_ms == pytest.approx(0.1)
    assert waveform.file == name
    np.testing.assert_allclose(protocol.command_mV(0), AP)


def test_a_heading_in_picoamperes_makes_it_a_current(tmp_path: Path) -> None:
    (tmp_path / "syn.csv").write_text("time_ms,i_nA\n0,0\n0.1,-0.25\n")
    waveform = only(load_protocol(write_protocol(tmp_path, "syn.csv")))
    assert (waveform.values_mV, waveform.values_pA) == (None, (0.0, -250.0))


def test_each_column_is_a_sweep_and_says_how_many_there_are(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("0,-70,-60\n0.1,-50,-40\n0.2,0,10\n")
    protocol = load_protocol(write_protocol(tmp_path, "w.csv"))
    assert (protocol.n_sweeps, protocol.duration_ms(0)) == (2, pytest.approx(0.3))
    np.testing.assert_array_equal(protocol.command_mV(0), [-70.0, -50.0, 0.0])
    np.testing.assert_array_equal(protocol.command_mV(1), [-60.0, -40.0, 10.0])
    said = refusal(write_protocol(tmp_path, "w.csv", head="n_sweeps = 5\n" + HEAD))
    assert "] has 2 columns for 5 sweeps. It needs one for each." in said


def test_a_file_in_a_folder_below_and_a_link_within_are_read(tmp_path: Path) -> None:
    (tmp_path / "waves").mkdir()
    (tmp_path / "waves" / "ap.csv").write_text("1\n2\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "waves" / "ap.csv")
    for name in ("waves/ap.csv", "link.csv"):
        assert only(load_protocol(write_protocol(tmp_path, name, "every_ms = 1.0"))).values_mV == (1.0, 2.0)


def test_the_values_are_kept_so_that_a_recording_replays_without_the_file(tmp_path: Path) -> None:
    (tmp_path / "ap.csv").write_text("0,-70\n0.1,-50\n")
    protocol = load_protocol(write_protocol(tmp_path, "ap.csv"))
    (tmp_path / "ap.csv").unlink()
    assert from_json(Protocol, to_json(protocol), "x") == protocol
    (tmp_path / "again.toml").write_text(to_toml(protocol))
    assert load_protocol(tmp_path / "again.toml") == protocol  # a file that is named beside values is not read


def test_a_fifth_of_a_million_values_are_read_at_once(tmp_path: Path) -> None:
    rows = "".join(f"{k / 100:.2f},{k % 100}\n" for k in range(200_000))
    (tmp_path / "long.csv").write_text(rows)
    began = time.process_time()
    assert read_table(tmp_path / "long.csv").values.shape == (1, 200_000)
    assert time.process_time() - began < 3.0


# ---- where nothing is read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    [
        "/etc/passwd.csv", "../ap.csv", "waves/../../ap.csv", "..\\ap.csv", "C:\\ap.csv", "C:ap.csv",
        "\\\\host\\ap.csv", "~/ap.csv", "out.csv", "deep/out.csv",
    ],
)  # fmt: skip
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, file: str) -> None:
    outside, folder = tmp_path / "ap.csv", tmp_path / "mine"
    outside.write_text("1\n2\n")
    (folder / "deep").mkdir(parents=True)
    (folder / "out.csv").symlink_to(outside)
    (folder / "deep" / "out.csv").symlink_to(outside)
    said = refusal(write_protocol(folder, file, "every_ms = 1.0"))
    assert said.startswith("ap.toml:6: segments[0].file: '")
    assert said.endswith("' is not in the protocol's folder. Put the file beside the protocol.")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("gone.csv", "there is no file 'gone.csv'. Put the file beside the protocol, or correct its name."),
        ("folder.csv", "'folder.csv' is no file"),
        ("pipe.csv", "'pipe.csv' is no file"),
        ("circle.csv", "'circle.csv' cannot be reached"),
        ("a" * 5000 + ".csv", "cannot be reached"),
        ("a\0b.csv", "cannot be reached"),
        ("ap.toml", "'ap.toml' is no table of values. Its name must end in one of: .csv, .txt, .atf."),
        ("ap", "'ap' is no table of values"),
        (".", "'.' is no table of values"),
    ],
)
def test_what_is_no_file_of_numbers_is_told(tmp_path: Path, file: str, said: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "circle.csv").symlink_to(tmp_path / "circle.csv")
    told = refusal(write_protocol(tmp_path, file, "every_ms = 1.0"))
    assert told.startswith("ap.toml:6: segments[0].file: ")
    assert said in told


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "w.csv: is empty"),
        (" \n\n", "w.csv: is empty"),
        ("# nothing\n", "w.csv: holds no numbers"),
        ("time_ms,v_mV\n", "w.csv: holds no numbers"),
        ("1\nnan\n3\n", "w.csv:2: 'nan' is not a finite number"),
        ("nan\n1\n", "w.csv:1: 'nan' is not a finite number"),
        ("1\n2\n-inf\n", "w.csv:3: '-inf' is not a finite number"),
        ("1\n1e999\n", "w.csv:2: 'inf' is not a finite number"),
        ("v\n1\nx = 3\n", "w.csv:3: 'x' is not a finite number"),
        ("1\n1_000\n", "w.csv:2: '1_000' is not a finite number"),
        ("1\n\u0661\n", "w.csv:2: '\u0661' is not a finite number"),
        ("0,1\n1,\n", "w.csv:2: '' is not a finite number"),
        ("0;1,5\n1;2,5\n", "w.csv:1: '1,5' is not a finite number. Write plain numbers with a decimal point."),
        ("0,1\n1,2,3\n", "w.csv:2: has 3 columns, not 2"),
        ("a,b,c\n0,1\n1,2\n", "w.csv: has 3 headings over 2 columns"),
        ("0,1\n1,2\n3,3\n", "w.csv: the times in the first column are not evenly spaced"),
        ("0,1\n0,2\n", "w.csv: the times in the first column are not evenly spaced"),
        ("2,1\n1,2\n", "w.csv: the times in the first column are not evenly spaced"),
        ("0,1\n", "w.csv: the times in the first column are not evenly spaced"),
        ("x (mV),y\n0,1\n1,2\n", "w.csv: 'x (mV)' over the first column is no time in s, ms or µs"),
        ("t,f (Hz)\n0,1\n1,2\n", "w.csv: has a column in Hz"),
        ("t,v_mV,i_pA\n0,1,1\n1,2,2\n", "w.csv: has columns in mV and pA"),
        ("0,300\n1,2\n", "ap.toml: "),
        ("\x00\x01\x02", "w.csv: is not a text file"),
        ("ATF\t1.0\n99\t2\n", "w.csv: is damaged or no ATF file"),
        ("ATF\t1.0\nx\n1\n", "w.csv: is damaged or no ATF file"),
        ("ATF 1.0\n1 3\n\"Signals=\"\t\"A\"\t\"B\"\nt\ta\tb\n0\t1\t2\n1\t2\t3\n", "w.csv: holds 2 signals"),
    ],
)  # fmt: skip
def test_a_table_that_is_none_is_told_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "w.csv").write_text(content, encoding="utf-8")
    assert refusal(write_protocol(tmp_path, "w.csv")).startswith(said)


def test_a_huge_file_and_too_many_values_are_refused_at_once(tmp_path: Path) -> None:
    with (tmp_path / "w.csv").open("wb") as file:
        file.truncate(10 * MAX_BYTES)
    assert "w.csv: is larger than 16 MB" in refusal(write_protocol(tmp_path, "w.csv", "every_ms = 1.0"))
    (tmp_path / "w.csv").write_text("0\n" * 1_000_001)
    assert "w.csv: has more than 1,000,000 lines" in refusal(write_protocol(tmp_path, "w.csv", "every_ms = 1.0"))


def test_many_segments_cannot_multiply_one_large_file(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("0\n" * 60_000)
    path = write_protocol(tmp_path, "w.csv", "every_ms = 0.1")
    path.write_text(HEAD + path.read_text()[len(HEAD) :] * 20)
    assert "the files of this protocol hold more than 1,000,000 values" in refusal(path)


@pytest.mark.parametrize(
    ("content", "keys", "said"),
    [
        ("1\n2\n", [], "'w.csv' has no times and the waveform no every_ms. Add every_ms"),
        ("0,1\n1,2\n", ["every_ms = 0.5"], "every_ms = 0.5, but the times of 'w.csv' are 1 ms apart"),
    ],
)
def test_the_time_between_values_is_said_once(tmp_path: Path, content: str, keys: list[str], said: str) -> None:
    (tmp_path / "w.csv").write_text(content)
    assert f"ap.toml:6: segments[0].file: {said}" in refusal(write_protocol(tmp_path, "w.csv", *keys))


@pytest.mark.parametrize("file", ["3", "[1]", "true", "{ a = 1 }"])
def test_a_file_that_is_no_text_is_a_wrong_type(tmp_path: Path, file: str) -> None:
    path = write_protocol(tmp_path, "x.csv", "every_ms = 1.0")
    path.write_text(path.read_text().replace('"x.csv"', file))
    assert refusal(path).startswith("ap.toml:")


def test_values_that_do_not_divide_into_columns_are_refused() -> None:
    with pytest.raises(VClampError, match="3 values do not make 2 columns of equal length"):
        Waveform(0.1, values_mV=(1.0, 2.0, 3.0), columns=2)


# ---- text files lose nothing -------------------------------------------------------------------------------------


STAIRS, TIMES = Ladder(-80.0, 10.0), Ladder(2.0, 1.5)
EVERY: dict[str, Segment] = {
    "hold": Hold(TIMES, "h", "trigger"),
    "step": Step((-10.0, 0.1, 20.0), 5.0, "a", relative=True),
    "ramp": Ramp(STAIRS, 10.0, from_mV=Ladder(-90.0, stop=-70.0)),
    "current step": CurrentStep(Ladder(10.0, factor=2.0), 5.0),
    "current ramp": CurrentRamp(100.0, 5.0, from_pA=STAIRS),
    "rectangle": Train(20.0, 5.0, Ladder(1.0, 0.5), level_mV=STAIRS, base_mV=-90.0),
    "triangle": Train(20.0, 5.0, 1.0, level_pA=STAIRS, base_pA=-9.0, shape="triangle"),
    "biphasic": Train(20.0, 5.0, 1.0, level_mV=10.0, shape="biphasic", relative=True),
    "cosine": Train(20.0, 5.0, 1.0, level_mV=10.0, shape="cosine"),
    "chirp": Sine(20.0, 50.0, amplitude_mV=STAIRS, level_mV=-50.0, to_Hz=500.0, glide="log", phase_deg=90.0),
    "sine of current": Sine(20.0, 50.0, amplitude_pA=5.0, level_pA=2.0),
    "noise": Noise(5.0, sd_mV=2.0, level_mV=-60.0, every_ms=0.2, seed=9, frozen=True),
    "noise of current": Noise(5.0, sd_pA=2.0),
    "waveform": Waveform(0.1, values_mV=(0.1, 0.2, 1e-9), scale=2.0, offset_mV=-70.0, file="ap.csv", name="ap"),
    "columns": Waveform(0.3, values_pA=(0.1, 0.2, 1e-9), offset_pA=3.0, columns=3, duration_ms=1.0),
    "membrane test": MembraneTest(5.0, 20.0),
}  # fmt: skip


@pytest.mark.parametrize("segment", EVERY.values(), ids=EVERY.keys())
def test_every_kind_of_segment_reads_back_from_its_text_to_the_same_samples(tmp_path: Path, segment: Segment) -> None:
    protocol = Protocol("p", (segment, Hold(3.0)), 3, -70.0, interval_ms=500.0, between="interval")
    (tmp_path / "p.toml").write_text(to_toml(protocol), encoding="utf-8")
    again = load_protocol(tmp_path / "p.toml")
    assert again == protocol
    for sweep in range(3):
        np.testing.assert_array_equal(again.command_mV(sweep), protocol.command_mV(sweep))
        np.testing.assert_array_equal(again.course(sweep).command_pA, protocol.course(sweep).command_pA)


def test_what_is_played_beside_the_sweeps_reads_back_too(tmp_path: Path) -> None:
    protocol = Protocol(
        "p", (Step(STAIRS, 5.0),), 3, -70.0, label="Ü", note="a\nb",
        series=Series("random", 7, 2, 3, 100.0, "last"), leak=Leak(8, 10.0, "same", -90.0, "after", 50.0, 5.0),
        conditioning=Conditioning(3, 20.0, 2.0, -80.0, 1.0, -90.0, 4.0), opens=Opens("c", ("iv",), ("ledger",)),
    )  # fmt: skip
    (tmp_path / "p.toml").write_text(to_toml(protocol), encoding="utf-8")
    assert load_protocol(tmp_path / "p.toml") == protocol
