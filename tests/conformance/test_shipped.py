"""Whatever ships keeps the rules: every cell, channel, protocol and file format, today's and tomorrow's."""

import csv
import json
import re
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from recordings import made_up_recording, squid_axon

from vclamp import paths
from vclamp.analysis.analyses import ANALYSES, analyse, suitable
from vclamp.analysis.report import as_json, estimates_csv, points_csv
from vclamp.analysis.results import Question
from vclamp.cli import main
from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.files import load_channel, load_protocol, load_rig
from vclamp.model.pores import OhmicPore
from vclamp.model.protocol import Hold, Protocol, Ramp, Step
from vclamp.model.record import Recording, Sweep, trace_names
from vclamp.model.rig import Cell, Rig
from vclamp.publish.exporters import EXPORTERS, export
from vclamp.run.runner import record
from vclamp.storage.recordings import load, unlike
from vclamp.storage.safely import unheard
from vclamp.units import kelvin

CELLS, CHANNELS, PROTOCOLS = (paths.shipped(folder) for folder in (paths.CELLS, paths.CHANNELS, paths.PROTOCOLS))
every_cell = pytest.mark.parametrize("cell", CELLS)
every_channel = pytest.mark.parametrize("channel", CHANNELS)
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
every_analysis = pytest.mark.parametrize("analysis", ANALYSES)
every_format = pytest.mark.parametrize("key", EXPORTERS)
WITH_CHANGES = made_up_recording(3, 400)


def assert_sound(sweep: Sweep) -> None:
    """No number is missing, no probability impossible, and every channel in one of its states."""
    assert np.isfinite(sweep.values).all()
    for name, row in zip(sweep.names, sweep.values, strict=True):
        if name.startswith(("p_open_", "gate_", "state_")):
            assert row.min() >= 0.0, name
            assert row.max() <= 1.0, name
    for channel in sweep.rig.cell.channels:
        if sweep.rig.cell.record_states and channel.scheme is not None:
            occupied = sum(sweep[f"state_{channel.name}_{state}"] for state in channel.scheme.states)
            assert np.abs(occupied - 1.0).max() < 1e-9, channel.name
    assert np.abs(sweep["v_mV"]).max() <= 250.0


def telling(rig: Rig) -> Rig:
    """A rig that records the states of its channels too."""
    return replace(rig, cell=replace(rig.cell, record_states=True))


def clamped(rig: Rig) -> Rig:
    """The rig in voltage clamp."""
    return replace(rig, amplifier=replace(rig.amplifier, mode="voltage-clamp"))


@every_cell
@pytest.mark.parametrize("celsius", [6.3, 22.0, 37.0])
def test_every_cell_runs_a_step_and_a_ramp_at_every_temperature(cell: str, celsius: float) -> None:
    shipped = telling(load_rig(CELLS[cell]))
    shipped = replace(shipped, solutions=replace(shipped.solutions, temperature_K=kelvin(celsius)))
    segments = (Hold(2.0), Step(0.0, 10.0), Ramp(-120.0, 10.0), Ramp(60.0, 40.0), Hold(2.0))
    for rig in dict.fromkeys((shipped, clamped(shipped))):
        (sweep,) = record(rig, Protocol("test", segments, n_sweeps=1, hold_mV=-80.0)).sweeps
        assert sweep.names == trace_names(rig)
        assert_sound(sweep)
        assert rig.amplifier.clamps_current or np.ptp(sweep["i_pA"]) > 0.0


@cache
def home(channel: str) -> Rig:
    """The first shipped cell that uses a channel's file, and for its own ion."""
    for path in CELLS.values():
        items = tomllib.loads(path.read_text("utf-8"))["cell"]["channels"]
        if any(item.get("use") == channel and "ion" not in item for item in items):
            return load_rig(path)
    raise AssertionError(f"no cell uses {channel}")


@every_channel
def test_every_channel_is_used_by_a_cell(channel: str) -> None:
    assert home(channel).cell.channels


@every_channel
def test_every_channel_is_sound_from_minus_250_to_250_mV(channel: str) -> None:
    alone = Cell("alone", cm_pF=1.0, channels=(load_channel(CHANNELS[channel]),))
    rig = telling(Rig(alone, home(channel).solutions))
    segments = (Step(-250.0, 5.0), Ramp(250.0, 50.0), Step(250.0, 5.0), Step(-250.0, 5.0))
    (sweep,) = record(rig, Protocol("wide", segments, n_sweeps=1, hold_mV=-80.0)).sweeps
    assert_sound(sweep)


@cache
def run_of(protocol: str) -> Recording:
    """What a shipped protocol records of the squid axon."""
    return record(squid_axon(), load_protocol(PROTOCOLS[protocol]))


@every_protocol
def test_every_protocol_runs_on_the_squid_axon(protocol: str) -> None:
    recording = run_of(protocol)
    assert len(recording.sweeps) == recording.header.protocol.n_sweeps
    for sweep in recording.sweeps:
        assert_sound(sweep)


@every_protocol
def test_every_protocol_offers_the_analyses_it_was_made_for_and_they_answer(protocol: str) -> None:
    recording = run_of(protocol)
    offered = [name for name in suitable(recording) if not ANALYSES[name].any_mode]
    assert offered or not recording.header.protocol.marks
    for name in offered:
        found = analyse(name, [recording])
        assert found.analysis == name
        assert found.curves or found.notes
        for fitted in found.curves:
            assert fitted.curve.x.size == fitted.curve.y.size > 0


@every_analysis
@every_protocol
def test_every_analysis_answers_every_recording_or_says_what_it_lacks(analysis: str, protocol: str) -> None:
    recording = run_of(protocol)
    try:
        found = analyse(analysis, [recording])
    except VClampError:  # the protocol has no step, or no window, for it
        return
    assert found.curves or found.estimates or found.notes
    assert all(note.endswith(".") for note in found.notes)
    assert len({fitted.curve.name for fitted in found.curves}) == len(found.curves)
    names = [estimate.name for estimate in found.estimates]
    assert len(set(names)) == len(names)
    json.loads(as_json(found, Question()))
    for table in filter(None, (points_csv(found), estimates_csv(found))):
        heading, *rows = csv.reader(table.splitlines())
        assert {len(row) for row in rows} <= {len(heading)}


# ---- text


def described_channel(name: str) -> Channel:
    return load_channel(CHANNELS[name])


@every_channel
def test_every_channel_names_its_source_and_explains_itself(channel: str) -> None:
    described = described_channel(channel)
    assert len(described.source) > 10
    assert len(described.note) > 10
    assert described.label


@every_channel
def test_every_gated_channel_says_at_which_temperature_it_was_measured(channel: str) -> None:
    described = described_channel(channel)
    assert not described.is_gated or "temperature_K" in CHANNELS[channel].read_text(encoding="utf-8")
    assert not described.is_gated or 1.0 < described.q10 < 6.0


@every_channel
def test_every_channel_says_at_which_temperature_its_constants_hold(channel: str) -> None:
    """But a plain conductance, which has none."""
    described = described_channel(channel)
    plain = not described.is_gated and not described.blockers and isinstance(described.pore, OhmicPore)
    line = re.search(r"^temperature_K *= ([0-9.]+) *# ([0-9.]+) °C", CHANNELS[channel].read_text("utf-8"), re.MULTILINE)
    assert plain or (line and float(line[1]) == pytest.approx(kelvin(float(line[2]))) == described.temperature_K)


@every_channel
def test_every_channel_says_over_which_voltages_it_may_be_trusted(channel: str) -> None:
    found = re.search(r"Valid from (-?[0-9]+) to (-?[0-9]+) mV\.$", described_channel(channel).note)
    assert found
    assert -250 <= int(found[1]) < int(found[2]) <= 250


@every_cell
def test_every_cell_has_a_label_a_source_and_a_note(cell: str) -> None:
    described = load_rig(CELLS[cell]).cell
    assert described.name == cell
    assert described.label
    assert min(len(described.source), len(described.note)) > 10


@every_protocol
def test_every_protocol_has_a_label_and_a_note_and_starts_at_holding(protocol: str) -> None:
    described = load_protocol(PROTOCOLS[protocol])
    assert described.name == protocol
    assert described.label
    assert len(described.note) > 10
    assert described.command_mV(0)[0] == described.hold_mV


@pytest.mark.parametrize("folder", ["cells", "channels", "protocols"])
def test_list_prints_the_names_of_the_files(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"cells": CELLS, "channels": CHANNELS, "protocols": PROTOCOLS}[folder]
    assert main(["list", folder]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = [line.split()[0] for line in lines]
    assert sorted(listed) == list(files)
    numbers = [int(number) for line in lines if (number := line.split()[1]).isdecimal()]
    assert numbers == (list(range(1, 23)) if folder == "protocols" else []), "the course comes first, in its order"
    assert len(listed) >= 3
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in listed)


def test_only_descriptions_lie_in_the_shipped_folders() -> None:
    for folder in (paths.CELLS, paths.CHANNELS, paths.PROTOCOLS):
        assert [path.suffix for path in folder.iterdir() if not path.name.startswith(".")] == [".toml"] * len(
            paths.shipped(folder)
        )


# ---- formats


@every_format
def test_every_format_reads_back_what_was_written(key: str, tmp_path: Path) -> None:
    path = tmp_path / f"run{EXPORTERS[key].suffix}"
    export([WITH_CHANGES], path)
    EXPORTERS[key].check([WITH_CHANGES], path, unheard)
    if key in ("vclamp", "nwb"):  # the others are to be read by others
        (again,) = load(path)
        assert again.header == WITH_CHANGES.header
        assert again.finished == WITH_CHANGES.finished
        assert unlike(again, WITH_CHANGES, path) == []


@every_format
def test_every_format_has_a_title_and_its_own_ending(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert EXPORTERS[key].suffix == f".{key}"
    assert main(["list", "formats"]) == 0
    assert re.search(rf"^{key} +{re.escape(EXPORTERS[key].title)}$", capsys.readouterr().out, re.MULTILINE)
