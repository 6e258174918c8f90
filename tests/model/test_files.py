"""Descriptions on disk: what is written reads back equal, what is wrong is told in a sentence."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.blockers import Blocker
from vclamp.model.channel import Channel
from vclamp.model.edit import _keys, items, with_value
from vclamp.model.files import (
    from_data,
    from_json,
    kind_of,
    load_channel,
    load_protocol,
    load_rig,
    title_of,
    to_data,
    to_full_data,
    to_json,
    to_toml,
)
from vclamp.model.gating import Gate
from vclamp.model.ions import Drug, Ion, Solutions
from vclamp.model.pores import OhmicPore
from vclamp.model.protocol import Hold, Ladder, Mark, Protocol, Ramp, Step
from vclamp.model.rig import Amplifier, Cell, Rig

Loader = Callable[[Path], Any]
LOADERS: dict[Path, Loader] = {
    **dict.fromkeys(paths.shipped(paths.PROTOCOLS).values(), load_protocol),
    **dict.fromkeys(paths.shipped(paths.CELLS).values(), load_rig),
    **dict.fromkeys(paths.shipped(paths.CHANNELS).values(), load_channel),
}
every_shipped_file = pytest.mark.parametrize(("path", "load"), LOADERS.items(), ids=[p.stem for p in LOADERS])

EVERYTHING = Rig(
    Cell(
        "all",
        cm_pF=12.5,
        channels=(
            Channel(
                "odd",
                7.25,
                ion="K",
                pore=OhmicPore(e_mV=-3.5),
                gates=(Gate("a", 2, inf="1/(1+exp(-v/9))", tau_ms="2+v^2/1e5"), Gate("B_2", 1, "1", "exp(-v/50)")),
                blockers=(Blocker("4-AP", 0.25, "in", 1.5), Blocker("TEA", 1e-3)),
                on=False,
                q10=2.3,
                temperature_K=293.15,
                label='K⁺ "odd" \\ µ',
                source="someone,\nsomewhere",
                note="# no comment = [1]",
            ),
        ),
    ),
    Solutions((Ion("K", 1, 4.0, 140.0),), (Drug("4-AP", 0.0, 1.0), Drug("TEA", 1e-9)), 303.15),
    Amplifier(rs_MOhm=0.1 + 0.2),
)
WINDING = Protocol(
    "winding",
    (
        Hold(Ladder(1.0, 0.5), name="first"),
        Step((0.0, 10.0, 1 / 3), (1.0, 2.0, 3.0)),
        Ramp(Ladder(-20.0, 5.0), 4.0, from_mV=-60.0),
        Ramp(20.0, 4.0),
    ),
    n_sweeps=3,
    hold_mV=-77.7,
    fs_kHz=33.3,
    interval_ms=123.0,
    between="interval",
    marks=(Mark("peak", "first"), Mark("late", "first", 0.25, 0.75)),
    label="ρ",
)


# ---- round trips


@every_shipped_file
def test_every_shipped_file_survives_toml_and_json(path: Path, load: Loader, tmp_path: Path) -> None:
    value = load(path)
    again = tmp_path / path.name
    again.write_text(to_toml(value), encoding="utf-8")
    assert load(again) == value
    assert from_json(type(value), to_json(value), "here") == value
    assert kind_of(again) == kind_of(path)
    assert title_of(again) == title_of(path) == getattr(value, "cell", value).title


@pytest.mark.parametrize(("value", "load"), [(EVERYTHING, load_rig), (WINDING, load_protocol)])
def test_every_field_survives_toml_and_json(value: Any, load: Loader, tmp_path: Path) -> None:
    path = tmp_path / "all.toml"
    path.write_text(to_toml(value), encoding="utf-8")
    assert load(path) == value
    assert from_json(type(value), to_json(value), "here") == value
    assert "\n" not in to_json(value)


def test_defaults_are_not_written() -> None:
    assert to_data(Protocol("p", (Hold(1.0),), 1, -80.0)) == {
        "name": "p", "segments": [{"duration_ms": 1.0, "type": "hold"}], "n_sweeps": 1, "hold_mV": -80.0,
    }  # fmt: skip


@pytest.mark.parametrize(("value", "load"), [(EVERYTHING, load_rig), (WINDING, load_protocol)])
def test_whatever_can_be_set_can_be_set_to_what_it_is(value: Any, load: Loader) -> None:
    for path, item in items(value):
        assert with_value(value, path, item, "here") == value, path


@pytest.mark.parametrize("new", [0.0, -1.0, 1e9, 3, True, None, "x", [1.0, 2.0], {"a": 1}], ids=repr)
@pytest.mark.parametrize("value", [EVERYTHING, WINDING], ids=["rig", "protocol"])
def test_a_value_is_taken_or_refused_as_where_all_is_read_anew(value: Any, new: object) -> None:
    def tried(change: Callable[[], object]) -> object:
        try:
            return change()
        except VClampError as error:
            return str(error)

    for path, _ in items(value):
        data = node = to_full_data(value)
        *way, last = _keys(value, path, "here")
        for key in way:
            node = node[key]
        node[last] = new
        anew = tried(partial(from_data, type(value), data, "here"))
        assert tried(partial(with_value, value, path, new, "here")) == anew, path


def test_what_is_not_on_the_way_to_a_value_stays_the_same_object() -> None:
    rig = load_rig(paths.CELLS / "squid-axon.toml")
    changed = with_value(rig, "solutions.drugs.TTX.out_mM", 1e-6, "here")
    assert changed.solutions.drug_mM("TTX", "out") == 1e-6
    assert changed.cell is rig.cell
    assert changed.amplifier is rig.amplifier
    assert changed.solutions.ions is rig.solutions.ions


def test_windows_text_files_are_read(tmp_path: Path) -> None:
    shipped = paths.PROTOCOLS / "iv.toml"
    path = tmp_path / "iv.toml"
    path.write_bytes(b"\xef\xbb\xbf" + shipped.read_bytes().replace(b"\n", b"\r\n"))
    assert load_protocol(path) == load_protocol(shipped)


def test_a_whole_number_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "whole.toml"
    path.write_text((paths.PROTOCOLS / "iv.toml").read_text(encoding="utf-8").replace("-80.0", "-80"), encoding="utf-8")
    assert load_protocol(path) == load_protocol(paths.PROTOCOLS / "iv.toml")


def test_a_long_list_over_several_lines_is_read(tmp_path: Path) -> None:
    levels = [-80.0 + k / 2 for k in range(200)]
    path = tmp_path / "list.toml"
    text = to_toml(Protocol("list", (Step(0.0, 1.0),), n_sweeps=200, hold_mV=-80.0))
    path.write_text(text.replace("level_mV = 0.0", f"level_mV = [\n  {', '.join(map(str, levels))},\n]"))
    assert load_protocol(path).segments[0] == Step(tuple(levels), 1.0)


def test_a_note_may_hold_any_text(tmp_path: Path) -> None:
    path = tmp_path / "note.toml"
    note = "a.b." * 100 + "[{" * 50 + ' # = \' "" \\\\\n' + "x" * 1000
    path.write_text(
        (paths.PROTOCOLS / "ramp.toml").read_text() + f'\n[[marks]]\nname = """{note[:70]}"""\nsegment="ramp"\n'
    )
    assert load_protocol(path).marks[1].name == note[:70]
    path.write_text(
        f"note = '''{note}'''\n"
        + "".join(
            line
            for line in (paths.PROTOCOLS / "ramp.toml").read_text().splitlines(keepends=True)
            if not line.startswith("note")
        )
    )
    assert load_protocol(path).note == note


def test_a_channel_beside_the_cell_is_used_before_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "leak.toml").write_text('name = "leak"\ng_nS = 1.25\npore = { e_mV = -1.0 }\n')
    cell = tmp_path / "cell.toml"
    cell.write_text('[cell]\nname = "c"\ncm_pF = 1.0\n[[cell.channels]]\nuse = "leak"\npore = { e_mV = -2.0 }\n')
    (channel,) = load_rig(cell).cell.channels
    assert (channel.g_nS, channel.pore.e_mV) == (1.25, -2.0)


# ---- values by their dotted paths


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("cell.channels.na.g_nS", -1.0, "here: cell.channels[0].g_nS: -1.0 is too small"),
        ("cell.channels.na.g_ns", 1.0, "here: there is nothing called 'cell.channels.na.g_ns' to set. Did you mean"),
        ("cell.channels.xx.g_nS", 1.0, "Did you mean 'cell.channels.k.g_nS'?"),
        ("cell.channels.7.g_nS", 1.0, "there is nothing called"),
        ("cell.channels.-1.g_nS", 1.0, "there is nothing called"),
        ("cell.channels.².g_nS", 1.0, "there is nothing called"),
        ("cell.channels." + "9" * 5000 + ".g_nS", 1.0, "there is nothing called"),
        ("", 1.0, "there is nothing called '' to set"),
        (".", 1.0, "there is nothing called '.' to set"),
        ("__class__", 1.0, "there is nothing called '__class__' to set"),
        ("cell.__init__", 1.0, "there is nothing called"),
        ("cell.title", "x", "there is nothing called"),
        ("cell.name.upper", "x", "there is nothing called"),
        ("cell.cm_pF.real", 1.0, "there is nothing called"),
        ("cell", 1.0, "here: cell: 1.0 should be an object"),
        ("amplifier.rs_MOhm", "ten", 'here: amplifier.rs_MOhm: "ten" should be a valid number'),
        ("amplifier.rs_MOhm", float("nan"), "here: amplifier.rs_MOhm: is not a finite number"),
        ("solutions.temperature_K", True, "here: solutions.temperature_K: true should be a valid number"),
    ],
)
def test_a_value_that_cannot_be_set_is_told_in_a_sentence(path: str, value: object, said: str) -> None:
    with pytest.raises(VClampError) as caught:
        with_value(load_rig(paths.CELLS / "squid-axon.toml"), path, value, "here")
    assert said in str(caught.value)
    assert caught.value.remedy
    assert len(str(caught.value)) < 400


# ---- mutations

BYTES = [(path.read_bytes(), load) for path, load in LOADERS.items()]
BITS = b"""= [ ] { } " ' # . - e9 nan inf true type name [[gates]] 1e308 2020-01-01 [1,2] 999999999999"""
bits = st.sampled_from([b"", b"\0", b"\n", b"\xff", "µ".encode(), b'use = "leak"', *BITS.split()])
edits = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 12), bits | st.binary(max_size=4)),
    min_size=1,
    max_size=6,
)


def value_or_refusal(path: Path, load: Loader) -> Any:
    try:
        return load(path)
    except VClampError as error:
        return error


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(BYTES), edits)
@example(BYTES[0], [(0.0, 0, b"\xef\xbb\xbf")])
def test_a_damaged_file_is_a_value_or_a_refusal_and_never_anything_else(
    tmp_path: Path, shipped: tuple[bytes, Loader], changes: list[tuple[float, int, bytes]]
) -> None:
    content, load = shipped
    for place, removed, inserted in changes:
        at = int(place * len(content))
        content = content[:at] + inserted + content[at + removed :]
    path = tmp_path / "mutant.toml"
    path.write_bytes(content)
    value = value_or_refusal(path, load)
    if isinstance(value, VClampError):
        assert str(value).startswith(("mutant.toml", *(p.name for p in LOADERS)))
        assert "\n" not in str(value)
    else:
        assert from_json(type(value), to_json(value), "again") == value


words = [line for content, _ in BYTES for line in content.decode().splitlines() if line.strip()]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(words), max_size=25), st.sampled_from([load_protocol, load_rig, load_channel]))
def test_shuffled_lines_are_a_value_or_a_refusal(tmp_path: Path, lines: list[str], load: Loader) -> None:
    path = tmp_path / "shuffled.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    value = value_or_refusal(path, load)
    assert not isinstance(value, VClampError) or value.remedy
