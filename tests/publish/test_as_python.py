"""What "copy as Python" gives is a program that records the same."""

from dataclasses import replace

import numpy as np
import pytest
from recordings import iv, squid_axon

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.edit import with_value
from vclamp.model.files import load_rig
from vclamp.model.protocol import Protocol
from vclamp.model.record import Header, Recording
from vclamp.model.rig import Rig
from vclamp.publish.as_python import python_text
from vclamp.publish.repeat import command_line
from vclamp.run.runner import record


def recorded_by(text: str, capsys: pytest.CaptureFixture[str]) -> Recording:
    """What the program has recorded; it prints a line for each sweep."""
    names: dict[str, object] = {}
    exec(compile(text, "copied", "exec"), names)
    recording = names["recording"]
    assert isinstance(recording, Recording)
    assert len(capsys.readouterr().out.splitlines()) == len(recording.sweeps)
    return recording


def in_ttx() -> tuple[Rig, Protocol]:
    rig = with_value(squid_axon(), "solutions.drugs.TTX.out_mM", 30e-6, "")
    return with_value(rig, "cell.channels.na.g_nS", 90.0, ""), replace(iv(), hold_mV=-70.0)


def of_ones_own() -> tuple[Rig, Protocol]:
    rig = squid_axon()
    own = replace(rig, cell=replace(rig.cell, name="mine", label='it\'s "mine"'))
    return own, replace(iv(), segments=iv().segments[:2], marks=(), name="short")


@pytest.mark.parametrize("made", [in_ttx, of_ones_own])
def test_the_program_records_the_same(made: object, capsys: pytest.CaptureFixture[str]) -> None:
    rig, protocol = made()  # type: ignore[operator]
    wanted = record(rig, protocol, seed=7)
    found = recorded_by(python_text(Header(rig, protocol, 7, "0")), capsys)
    assert found.header.seed == 7
    for one, other in zip(found.sweeps, wanted.sweeps, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


def test_of_shipped_files_only_what_differs_is_written() -> None:
    text = python_text(Header(*in_ttx(), 0, "0"))
    assert 'load_rig(paths.CELLS / "squid-axon.toml")' in text
    assert text.count("with_value(") == 3
    assert "from_json" not in text


def test_the_cell_of_an_exam_is_not_written_down() -> None:
    rig = load_rig(paths.CELLS / "unknown-cell.toml")
    assert "g_nS" not in python_text(Header(rig, iv(), 0, "0"))
    with pytest.raises(VClampError, match="exam"):
        python_text(Header(replace(rig, cell=replace(rig.cell, name="mine")), iv(), 0, "0"))


@pytest.mark.parametrize("path", ["cell.channels.na.g_nS", "cell.cm_pF", "amplifier.rs_MOhm", "amplifier.offset_mV"])
def test_of_an_exam_with_the_name_of_a_shipped_one_no_value_that_is_to_be_found_is_told(path: str) -> None:
    shipped = load_rig(paths.CELLS / "unknown-cell.toml")
    own = with_value(shipped, path, 7.25, "")
    with pytest.raises(VClampError, match="exam"):
        python_text(Header(own, iv(), 0, "0"))
    assert command_line(Recording(Header(own, iv(), 0, "0"), ())) == ""
    given = with_value(shipped, "solutions.drugs.TTX.out_mM", 7.25, "")
    assert "7.25" in python_text(Header(given, iv(), 0, "0"))
    assert "TTX.out_mM=7.25" in command_line(Recording(Header(given, iv(), 0, "0"), ()))
