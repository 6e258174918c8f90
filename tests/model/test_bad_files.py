"""What is wrong with a description is told at once: where, what, and what to do."""

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.files import MAX_BYTES, from_json, kind_of, load_channel, load_protocol, load_rig, title_of, topic_of
from vclamp.model.protocol import Protocol

Loader = Callable[[Path], Any]

IV, CELL, NA = (
    path.read_text(encoding="utf-8")
    for path in (paths.PROTOCOLS / "iv.toml", paths.CELLS / "squid-axon.toml", paths.CHANNELS / "squid-na.toml")
)
HEAD = 'name = "x"\nn_sweeps = 1\nhold_mV = -80.0\n'
SEGMENT = '[[segments]]\ntype = "hold"\nduration_ms = 1.0\n'
LIMIT = "It must be finite and not negative"


def refusal(folder: Path, content: str | bytes, load: Loader) -> str:
    """What is said about a file; it must be one short line, at once, with file name and remedy."""
    path = folder / "bad.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    gc.freeze()  # what other tests have left is not looked through again and again
    began = time.process_time()  # other programs may be busy
    with pytest.raises(VClampError) as caught:
        load(path)
    assert time.process_time() - began < 1.0
    gc.unfreeze()
    said = str(caught.value)
    assert said.startswith("bad.toml")
    assert "\n" not in said
    assert len(said) < 400
    assert caught.value.remedy
    return said


UNEQUAL = '\n[[segments]]\ntype = "waveform"\nevery_ms = 1.0\ncolumns = 3\nvalues_mV = [1.0, 2.0, 3.0, 4.0]\n'


def in_protocol(old: str, new: str) -> str:
    assert old in IV, old
    return IV.replace(old, new, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (in_protocol("duration_ms", "duraton_ms"), ":11: segments[0].duraton_ms: unknown key 'duraton_ms'"),
        (in_protocol("duration_ms", "duraton_ms"), "Did you mean 'duration_ms'?"),
        (in_protocol("hold_mV", "hold_V"), "hold_V: unknown key 'hold_V' (and 1 more). Did you mean 'hold_mV'?"),
        (in_protocol("duration_ms", "duration_s"), "Did you mean 'duration_ms'?"),
        (in_protocol("fs_kHz ", "fs_Hz "), "Did you mean 'fs_kHz'?"),
        (in_protocol("step = 10.0", "stp = 10.0"), "segments[1].level_mV.stp: unknown key 'stp'"),
        (in_protocol("n_sweeps = 15", ""), "the number of sweeps is missing. Add n_sweeps, or give"),
        (in_protocol("n_sweeps = 15", 'n_sweeps = "15"'), ':4: n_sweeps: "15" should be a valid integer'),
        (in_protocol("n_sweeps = 15", "n_sweeps = 15.5"), "n_sweeps: 15.5 should be a valid integer"),
        (in_protocol("n_sweeps = 15", "n_sweeps = true"), "n_sweeps: true should be a valid integer"),
        (in_protocol("n_sweeps = 15", "n_sweeps = 0"), "n_sweeps: 0 is too small. It must be at least 1."),
        (in_protocol("n_sweeps = 15", "n_sweeps = 1000000000"), "1000000000 is too large. It must be at most 10000."),
        (in_protocol("n_sweeps = 15", "n_sweeps = 1" + "0" * 400), "n_sweeps: 1000"),
        (in_protocol("n_sweeps = 15", "n_sweeps = 1" + "0" * 5000), "not valid TOML"),
        (in_protocol("-80.0", "true"), "hold_mV: true should be a valid number"),
        (in_protocol("-80.0", '"-80"'), 'hold_mV: "-80" should be a valid number'),
        (in_protocol("-80.0", "nan"), ":5: hold_mV: is not a finite number"),
        (in_protocol("-80.0", "inf"), "hold_mV: is not a finite number"),
        (in_protocol("-80.0", "-inf"), "hold_mV: is not a finite number"),
        (in_protocol("-80.0", "1e999"), "hold_mV: is not a finite number"),
        (in_protocol("-80.0", "-251.0"), "hold_mV: -251.0 is too small. It must be at least -250."),
        (in_protocol("start = -80.0", "start = nan"), "segments[1].level_mV.start: is not a finite number"),
        (IV + UNEQUAL, ": segments[3]: 4 values do not make 3 columns of equal length. Change columns or the values."),
        (in_protocol("step = 10.0", "step = 100.0"), "segments[1] in sweep 15 goes beyond ±250 mV"),
        (in_protocol("duration_ms = 5.0", "duration_ms = -5.0"), "segments[0].duration_ms: -5.0 is too small"),
        (in_protocol("duration_ms = 5.0", "duration_ms = 0.0"), "It must be above 0."),
        (in_protocol("duration_ms = 5.0", "duration_ms = 1e300"), "segments[0].duration_ms: 1e+300 is too large"),
        (in_protocol("duration_ms = 5.0", "duration_ms = 0.001"), "segments[0] in sweep 1 is shorter than one sample"),
        (in_protocol("duration_ms = 5.0", "duration_ms = 2020-01-01"), "segments[0].duration_ms"),
        (in_protocol('"iv"', "2020-01-01T00:00:00Z"), "name: "),
        (in_protocol('"iv"', '""'), "name: "),
        (in_protocol("fs_kHz   = 50.0", "fs_kHz = 1e9"), "fs_kHz: 1000000000.0 is too large. It must be at most 1000."),
        (in_protocol("interval_ms = 260.0", "interval_ms = 2.0"), "interval_ms = 2 is shorter than sweep 1 (60 ms)"),
        (in_protocol('type = "step"', 'type = "stp"'), "type 'stp' is unknown. Use 'hold', 'step', 'ramp', 'current-"),
        (in_protocol('type = "step"', ""), "segments[1]: has no type. Add type ="),
        (in_protocol('type = "step"', "type = 3"), "segments[1]"),
        (in_protocol("{ start = -80.0, step = 10.0 }", "[1.0, 2.0]"), "level_mV lists 2 values for 15 sweeps"),
        (in_protocol('segment = "test"', 'segment = "tst"'), "mark 'peak' is in segment 'tst', which does not exist"),
        (in_protocol("end_ms = 10.0", "end_ms = 0.05"), "mark 'peak' ends before it starts"),
        (HEAD + "segments = []", "the protocol has 0 segments. It needs 1 to 100."),
        (HEAD + "segments = 3", "segments: 3 should be a valid array"),
        (HEAD + SEGMENT * 101, "the protocol has 101 segments"),
        (HEAD + SEGMENT * 5000, "the protocol has 5000 segments"),
        (HEAD + "fs_kHz = 1000.0\n" + SEGMENT.replace("1.0", "3.6e6") * 10, "sweep 1 has 36,000,000,000 samples"),
        ("", "name: is missing"),
        (in_protocol('"iv"', '"iv'), "not valid TOML"),
        (in_protocol('name    = "iv"', 'name = "a"\nname = "b"'), "not valid TOML"),
        (IV.encode("utf-16"), "not a text file in UTF-8"),
        (IV.encode() + b"\xff", "not a text file in UTF-8"),
        (b"\0" * 100, "not valid TOML"),
        (IV + "#" + "x" * MAX_BYTES, "is larger than 256 kB"),
    ],
)  # fmt: skip
def test_a_bad_protocol_is_told_in_a_sentence(content: str | bytes, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, content, load_protocol)


def in_cell(old: str, new: str) -> str:
    assert old in CELL, old
    return CELL.replace(old, new, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (in_cell("cm_pF", "cm_uF"), "cell.cm_uF: unknown key 'cm_uF' (and 1 more). Did you mean 'cm_pF'?"),
        (in_cell("cm_pF  = 1.0", "cm_pF = 0.0"), "cell.cm_pF: 0.0 is too small"),
        (in_cell('"squid-na"', '"squid-nb"'), "use = 'squid-nb' names no channel. Did you mean 'squid-na'?"),
        (in_cell('"squid-na"', "3"), "cell.channels: use must name a channel file"),
        (in_cell('"squid-na"', f'"{"a" * 300}"'), "cell.channels: use = 'aaa"),
        (in_cell('"squid-na"', '"\\u0000"'), "cell.channels: use = "),
        (in_cell('"squid-na"', '"/dev/zero"'), "cell.channels: use = '/dev/zero' names no channel"),
        (in_cell('"squid-na"', '""'), "cell.channels: use = '' names no channel"),
        (in_cell('"squid-k"', '"squid-na"'), "two channels of the cell are named 'na'. Rename one"),
        (in_cell('name = "K", ', 'name = "Na", '), "'Na' stands twice in the solutions"),
        (in_cell('"squid-na"\npore = { type = "ohmic", e_mV = 50.0 }', '"squid-na"\nion = "Xe"'),
         "the solutions hold no ion 'Xe' (they hold: K, Na, Cl). Add it under [[solutions.ions]]"),
        (in_cell("e_mV = 50.0", "e_V = 0.05"), "cell.channels[0].pore.e_V: unknown key"),
        (in_cell("z = 1, ", "z = 0, "), "ion 'K' has valence z = 0"),
        (in_cell("z = 1, ", "z = 1.5, "), "solutions.ions[0].z: 1.5 should be a valid integer"),
        (in_cell("out_mM = 20.0", "out_mM = -20.0"), "solutions.ions[0].out_mM: -20.0 is too small"),
        (in_cell("279.45", "6.3"), "solutions.temperature_K: 6.3 is too small. It must be at least 250."),
        (CELL + "[amplifier]\nrs_MOhm = -1.0\n", "amplifier.rs_MOhm: -1.0 is too small"),
        (CELL + "[amplifier]\nrs_MOhm = 0.001\n", "rs_MOhm = 0.001 is too small to simulate"),
        (CELL + "[amplifier]\nrs_GOhm = 1.0\n", "Did you mean 'rs_MOhm'?"),
        (CELL + "[amplifier]\nmode = 'current'\n", "amplifier.mode"),
        (CELL + "".join(f"[[cell.channels]]\nuse = 'leak'\nname = 'x{k}'\n" for k in range(40)), "43 kinds of channel"),
        ("cell = 3", "cell: 3 should be an object"),
        ("cell = [1]", "cell: [1] should be an object"),
        ("[cell]\nchannels = 3", "cell.channels: 3 should be a valid array"),
        ("[cell]\nchannels = [3]", "cell.channels[0]: 3 should be an object"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_told_in_a_sentence(content: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, content, load_rig)


def test_a_mistake_in_a_channel_that_a_cell_uses_is_told_with_the_cell(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "x"\ng_nS = ')
    said = refusal(tmp_path, in_cell('"squid-na"', '"mine"'), load_rig)
    assert said.startswith("bad.toml: cell.channels: mine.toml: not valid TOML: Invalid value (at end of document)")


def test_what_is_quoted_breaks_no_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, in_protocol('type = "step"', 'type = """a\nb\n\tc"""'), load_protocol)
    assert "type 'a b c' is unknown" in said


@pytest.mark.parametrize("content", ["cell = 3", 'cell = "x"', "cell = [1]"])
def test_a_file_that_describes_no_cell_is_listed_by_its_name(content: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(content)
    assert (title_of(path), topic_of(path)) == ("odd", "Other")


def in_channel(old: str, new: str) -> str:
    assert old in NA, old
    return NA.replace(old, new, 1)


M_ALPHA = '"linoid((v+40)/10)"'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (in_channel("beta_per_ms", "beta_per_s"), "gates[0].beta_per_s: unknown key"),
        (in_channel("g_nS ", "g_mS "), "Did you mean 'g_nS'?"),
        (in_channel("120.0", "-1.0"), "g_nS: -1.0 is too small"),
        (in_channel("power = 3", "power = 0"), "gates[0].power: 0 is too small"),
        (in_channel("power = 3", "power = 13"), "gates[0].power: 13 is too large"),
        (in_channel("power = 3", "power = 3.0"), "gates[0].power: 3.0 should be a valid integer"),
        (in_channel(M_ALPHA, '"((v+40)/10)/(1-exp(-(v+40)/10))"'), f"gate 'm' is not finite at -40 mV. {LIMIT}"),
        (in_channel(M_ALPHA, '"1/(v-13)"'), "alpha_per_ms of gate 'm' is negative at -250 mV"),
        (in_channel(M_ALPHA, '"abs(1/(v-13))"'), "alpha_per_ms of gate 'm' is not finite at 13 mV"),
        (in_channel(M_ALPHA, '"log(v)"'), "alpha_per_ms of gate 'm' is not finite at -250 mV"),
        (in_channel(M_ALPHA, '"v"'), f"alpha_per_ms of gate 'm' is negative at -250 mV. {LIMIT}"),
        (in_channel(M_ALPHA, '"exp(v)"'), "alpha_per_ms of gate 'm' reaches 3.75e+108/ms"),
        (in_channel(M_ALPHA, '"0"').replace("4*exp(-(v+65)/18)", "0"), "gate 'm' has no steady state in 0…1"),
        (in_channel(M_ALPHA, '"linoid((v+40)/10))"'), "gate 'm': formula 'linoid((v+40)/10))', column 18"),
        (in_channel(M_ALPHA, '"v.real"'), "alpha_per_ms of gate 'm': formula 'v.real', column 2"),
        (in_channel(M_ALPHA, f'"{"(" * 900}v"'), "nested deeper than 50 levels"),
        (in_channel(M_ALPHA, f'"{"v+" * 9000}v"'), "gate 'm': a formula of 18001 characters is too long"),
        (in_channel(M_ALPHA, "3.0"), "gates[0].alpha_per_ms: 3.0 should be a valid string"),
        (in_channel("beta_per_ms  = ", "tau_ms = "), "gate 'm' needs two formulas. Give alpha_per_ms and"),
        (in_channel('name  = "h"', 'name = "m"'), "channel 'na' has two gates of one name"),
        (in_channel('name  = "h"', 'name = "h-1"'), "gate name 'h-1' cannot name a trace"),
        (in_channel('"na"', '"Na+"'), "channel name 'Na+' cannot name a trace"),
        (in_channel('ion    = "Na"\n', ""), "channel 'na' has no reversal potential. Give it an ion, or pore.e_mV."),
        (in_channel('"out"', '"outside"'), "blockers[0].side: \"outside\" should be 'out' or 'in'"),
        (in_channel("5e-6", "0.0"), "blockers[0].ic50_mM: 0.0 is too small"),
    ],
)  # fmt: skip
def test_a_bad_channel_is_told_in_a_sentence(content: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path, content, load_channel)


DOTS = "a." * 100_000 + "b"
BOMBS = {
    "dotted key": f"{DOTS} = 1",
    "dotted key after a quoted one": f'"=".{DOTS} = 1',
    "dotted key after a tricky string": f'"\\"".{DOTS} = 1',
    "dotted key in a table": f"[{DOTS}]",
    "dotted key in a quoted table": f'["]".{DOTS}]',
    "dotted key in an inline table": f"x = {{{DOTS} = 1}}",
    "dotted key in an array": f"x = [\n1, {{{DOTS} = 1}}]",
    "quoted dotted key": '"a".' * 50_000 + "b = 1",
    "spaced dotted key": "a . " * 50_000 + "b = 1",
    "nested arrays": "x = " + "[" * 3000 + "]" * 3000,
    "nested arrays on lines": "x = " + "[\n" * 300 + "]" * 300,
    "deeply nested arrays on lines": "x = " + "[\n" * 100_000,
    "nested inline tables": "x = " + "{a=" * 3000 + "1" + "}" * 3000,
    "many tables": "[[a]]\n" * 40_000,
    "many dotted keys": "\n".join(f"{'a.' * 30}b{k} = 1" for k in range(2000)),
    "many dotted tables": "\n".join(f"[{'a.' * 30}b{k}]" for k in range(2000)),
    "a long array": "x = [" + "1," * 60_000 + "]",
    "a long string": f'x = """{"a" * 250_000}"""',
    "a long open string": 'x = """' + "\\\\" * 120_000,
    "many open strings": '"\\' * 120_000,
    "many quotes": '"' * 250_000 + "\\",
    "a long key": "a" * 120_000 + " = 1",
    "a long quoted key": f'"{"a" * 120_000}" = 1',
    "a long number": "x = " + "1" * 250_000,
    "a number of many parts": "x = " + "1_" * 120_000 + "1",
    "many lines": "\n" * 250_000,
    "many words": "a " * 125_000,
    "many backslashes": "\\" * 250_000,
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize("load", [load_protocol, load_rig])
def test_a_file_made_to_choke_the_parser_is_refused_at_once(content: str, load: Loader, tmp_path: Path) -> None:
    assert len(content.encode()) <= MAX_BYTES
    refusal(tmp_path, content, load)


@pytest.mark.parametrize("load", [load_protocol, load_rig, load_channel, kind_of, title_of])
def test_what_is_no_file_is_told_in_a_sentence(load: Loader, tmp_path: Path) -> None:
    for path, said in (
        (tmp_path, "cannot be read (Is a directory)"),
        (tmp_path / "none.toml", "none.toml: cannot be read (No such file or directory)"),
        (tmp_path / ("x" * 300), "cannot be read (File name too long)"),
    ):
        with pytest.raises(VClampError) as caught:
            load(path)
        assert said in str(caught.value)
        assert caught.value.remedy


DEEP = '{"a": ' + "[" * 300 + "]" * 300 + "}"


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"name": NaN}', DEEP, "[" * 100_000, '{"name": "\\ud800"}'])
def test_bad_json_is_told_in_a_sentence(text: str) -> None:
    with pytest.raises(VClampError, match=r"^run 3: ") as caught:
        from_json(Protocol, text, "run 3")
    assert len(str(caught.value)) < 400
