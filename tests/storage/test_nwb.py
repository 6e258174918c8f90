"""NWB files: what pynwb, neo and the NWB inspector find in them, and what we read back."""

import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import apart, header, iv, made_up_recording, made_up_sweep, small_protocol, squid_axon

from vclamp import paths
from vclamp.errors import CancelledError, VClampError
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.edit import with_value
from vclamp.model.files import load_protocol
from vclamp.model.protocol import CurrentStep, Hold
from vclamp.model.record import About, Change, Recording, Sweep, trace_names
from vclamp.model.rig import Cell, Rig
from vclamp.publish.exporters import export
from vclamp.run.runner import Script, record, replay
from vclamp.storage import nwb
from vclamp.storage.recordings import load, unlike

HISTORIC = Path(__file__).parents[1] / "historic"
DIALS = Amplifier(
    rs_MOhm=12.0, circuit="full", cp_pF=5.0, offset_mV=1.0, junction_mV=3.0, rs_est_MOhm=11.0, cm_est_pF=18.0,
    cp_est_pF=4.5, correction_percent=60.0, prediction_percent=70.0, tau_sum_ms=0.02,
    recorder=Recorder(on=True, filter_kHz=3.0, seal_GOhm=2.0, gain_mV_per_pA=2.0),
)  # fmt: skip
N = 5  # sweeps of the one run


def under(amplifier: Amplifier, *, protocol: Any = None, n: int = 2, about: About | None = None) -> Recording:
    """A made-up run under another amplifier."""
    rig = replace(squid_axon(), amplifier=amplifier)
    head = replace(header(protocol or small_protocol(n, 400)), rig=rig)
    sweeps = tuple(made_up_sweep(index, n_samples=400, rig=rig) for index in range(n))
    return Recording(head, sweeps, about=about or About())


CURRENT = Amplifier(mode="current-clamp", bias_pA=-20.0)
IDLE = Amplifier(mode="current-clamp")
STEPS = replace(
    small_protocol(2, 400), segments=(Hold(4.0), CurrentStep((50.0, 100.0), 4.0, name="pulse")), name="steps"
)


def foreign() -> Recording:
    """As it comes from another program: a bare cell, two traces, no seed."""
    rig = Rig(Cell("2024_03_14 cell/1", 20.0))
    values = made_up_sweep(0, n_samples=400).values[:3]
    sweeps = tuple(Sweep(k, ("command_mV", "i_pA", "v:2/ü_mV"), values, (), rig) for k in range(2))
    about = About("2024-03-14T10:00:00", "old cell", "from the basement", source="14_0003.abf")
    return Recording(replace(header(small_protocol(2, 400)), rig=rig, seed=0, version=""), sweeps, about=about)


@cache
def many() -> tuple[Recording, ...]:
    """Runs of every kind for one file."""
    drugged = with_value(squid_axon(), "solutions.temperature_K", 290.0, "test")
    warm = replace(made_up_recording(3, 400), header=replace(made_up_recording(3, 400).header, rig=drugged))
    notes = About("2026-03-01T10:00:00.500+00:00", "µ-run \ud800", "it\0works", ("a", "b c"), ((1, "bad seal"),))
    later = About(started_utc="2026-03-01T10:05:00.500+00:00")
    return (
        replace(made_up_recording(3, 400), about=notes),
        under(DIALS, about=later),
        under(CURRENT, protocol=STEPS),
        under(IDLE),
        replace(warm, about=replace(later, started_utc="2026-03-01T10:05:00.6+00:00")),
        made_up_recording(3, 400),
        foreign(),
    )


@pytest.fixture(scope="module")
def iv_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nwb") / "run.nwb"
    export([made_up_recording(N)], path)
    return path


@pytest.fixture(scope="module")
def many_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nwb") / "many.nwb"
    export(many(), path)
    return path


@pytest.fixture(scope="module")
def many_read(many_file: Path) -> Iterator[Any]:
    import pynwb

    with pynwb.NWBHDF5IO(many_file, "r") as io:
        yield io.read()


# ---- what we read back


def test_a_file_holds_everything_a_replay_needs(iv_file: Path) -> None:
    recording = made_up_recording(N)
    (found,) = load(iv_file)
    assert (found.header, found.finished) == (recording.header, recording.finished)
    for mine, theirs in zip(recording.sweeps, found.sweeps, strict=True):
        assert (mine.start, mine.rig, mine.changes) == (theirs.start, theirs.rig, theirs.changes)
        np.testing.assert_allclose(theirs.values, mine.values, rtol=3e-16, atol=1e-310)


def test_all_runs_come_back_with_what_users_said_of_them(many_file: Path) -> None:
    found = load(many_file)
    assert [recording.about for recording in found] == [recording.about for recording in many()]
    assert [recording.header for recording in found] == [recording.header for recording in many()]
    for mine, theirs in zip(many(), found, strict=True):
        assert nwb.same_as(mine, theirs) == []
        assert all(not sweep.values.flags.writeable for sweep in theirs.sweeps)


def test_what_was_read_is_written_again_with_the_same_bits(many_file: Path, tmp_path: Path) -> None:
    export(load(many_file), tmp_path / "again.nwb")
    nwb.check(many(), tmp_path / "again.nwb")


def test_a_rerun_that_differs_by_one_bit_is_told(iv_file: Path) -> None:
    recording = made_up_recording(N)
    values = recording.sweeps[3].values.copy()
    values[2, 77] *= 1 + 1e-15
    other = replace(recording.sweeps[3], values=values)
    sweeps = (*recording.sweeps[:3], other, *recording.sweeps[4:])
    found = unlike(replace(recording, sweeps=sweeps), load(iv_file)[0], iv_file)
    assert found == ["sweep 3: i_pA differs from sample 77 on"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda runs: runs[:-1], "holds 7 runs instead of 6"),
        (lambda runs: (replace(runs[0], about=About()), *runs[1:]), "what is said about it differs"),
        (lambda runs: (*runs[:-1], runs[-1].only({0})), "sweeps against"),
    ],
)
def test_the_check_sees_other_runs(change: Callable[[Any], Any], says: str, many_file: Path) -> None:
    with pytest.raises(VClampError, match=says):
        nwb.check(change(many()), many_file)


def test_a_run_with_live_changes_replays_from_its_file_bit_for_bit(tmp_path: Path) -> None:
    rig = squid_axon()
    colder = with_value(rig, "solutions.temperature_K", 275.0, "test")
    script = Script((Change(1, 700, colder),))
    export([record(rig, replace(iv(), n_sweeps=3), seed=5, inbox=script)], tmp_path / "live.nwb")
    (found,) = load(tmp_path / "live.nwb")
    assert found.sweeps[1].changes == (Change(1, 700, colder),)
    assert found.sweeps[2].rig == colder
    assert unlike(replay(found), found, tmp_path / "live.nwb") == []


@pytest.mark.parametrize("number", [1, 2])
def test_files_of_every_format_stay_readable_and_replay(number: int) -> None:
    path = HISTORIC / f"format-{number}.nwb"
    (found,) = load(path)
    assert apart(replay(found), found) < 1e-9  # made on another processor: bits are compared where runs are made
    (first,) = load(HISTORIC / "format-1.nwb")
    assert nwb.same_as(found, first) == []
    assert found.header == first.header


def test_a_file_of_format_2_keeps_its_notes() -> None:
    (found,) = load(HISTORIC / "format-2.nwb")
    assert asdict(found.about) == {
        "started_utc": "2026-11-20T09:30:00.250+00:00", "name": "first cell", "note": "kept for ever ±",
        "tags": ("historic", "iv"), "sweep_notes": ((1, "a note on a sweep"),), "source": "",
    }  # fmt: skip


# ---- what pynwb reads


def test_series_are_in_si_units_at_the_protocols_rate_and_times(iv_file: Path) -> None:
    import pynwb

    sweep = made_up_sweep(3)
    with pynwb.NWBHDF5IO(iv_file, "r") as io:
        file = io.read()
        response, stimulus = file.acquisition["i_003"], file.stimulus["command_003"]
        truth = file.processing["icephys"]
        assert type(response) is pynwb.icephys.VoltageClampSeries
        assert type(stimulus) is pynwb.icephys.VoltageClampStimulusSeries
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
            assert series.data.dtype == np.float64
            assert np.array_equal(series.data[:], sweep[name] * factor)
        assert (response.sweep_number, stimulus.sweep_number) == (3, 3)
        assert len(file.acquisition) == len(file.stimulus) == N
        assert len(truth.data_interfaces) == N * (len(sweep.names) - 2)
        assert "440 out" in file.notes
        assert json.loads(file.scratch["vclamp_run"].data)["runs"][0]["seed"] == 2**100 + 1


def test_every_object_has_an_id_of_its_own(iv_file: Path) -> None:
    import pynwb

    with pynwb.NWBHDF5IO(iv_file, "r") as io:
        file = io.read()
        assert len({item.object_id for item in file.all_children()}) == len(list(file.all_children()))


def test_a_file_without_times_starts_now(iv_file: Path) -> None:
    import pynwb

    with pynwb.NWBHDF5IO(iv_file, "r") as io:
        file = io.read()
        assert abs(file.session_start_time.timestamp() - os.stat(iv_file).st_mtime) < 60.0


def test_runs_start_when_they_began_but_never_before_the_last_one_ended(tmp_path: Path) -> None:
    import pynwb

    times = ("2026-03-01T10:00:00.5+00:00", "2026-03-01T10:05:00.5+00:00", "2026-03-01T10:05:00.6+00:00", "")
    runs = [replace(made_up_recording(3, 400), about=About(time)) for time in times]
    export(runs, tmp_path / "a.nwb")
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "r") as io:
        file = io.read()
        assert file.session_start_time.isoformat() == "2026-03-01T10:00:00.500000+00:00"
        starts = [file.acquisition[f"run{n}_i_00{k}"].starting_time for n in (1, 2, 3, 4) for k in (0, 2)]
    # sweeps of 8 ms
    np.testing.assert_allclose(starts, [0, 0.016, 300, 300.016, 300.1, 300.116, 300.124, 300.14], rtol=1e-12)


def test_the_amplifiers_dials_have_nwbs_own_names(many_read: Any) -> None:
    series = many_read.acquisition["run2_i_001"]
    assert series.whole_cell_series_resistance_comp == pytest.approx(11e6)
    assert series.whole_cell_capacitance_comp == pytest.approx(18e-12)
    assert series.capacitance_fast == pytest.approx(4.5e-12)
    assert series.capacitance_slow is None
    assert series.resistance_comp_correction == 60.0
    assert series.resistance_comp_prediction == 70.0
    assert series.resistance_comp_bandwidth == pytest.approx(1 / (2 * np.pi * 20e-6))
    assert series.gain == pytest.approx(2e9)
    electrode = series.electrode
    assert (electrode.initial_access_resistance, electrode.seal) == ("1.2e+07 ohms", "2e+09 ohms")
    assert electrode.filtering == "4-pole Bessel, -3 dB at 3000 Hz"
    assert electrode.cell_id == "squid-axon"


def test_dials_that_a_rig_does_not_have_are_left_out(many_read: Any) -> None:
    series = many_read.acquisition["run1_i_000"]
    assert series.whole_cell_capacitance_comp is series.resistance_comp_correction is series.gain is None
    assert (series.electrode.filtering, series.electrode.seal) == ("none", None)


def test_in_current_clamp_the_voltage_is_recorded_and_the_current_commanded(many_read: Any) -> None:
    import pynwb

    response, stimulus = many_read.acquisition["run3_v_001"], many_read.stimulus["run3_i_001"]
    sweep = many()[2].sweeps[1]
    assert type(response) is pynwb.icephys.CurrentClampSeries
    assert type(stimulus) is pynwb.icephys.CurrentClampStimulusSeries
    assert (response.unit, stimulus.unit) == ("volts", "amperes")
    assert np.array_equal(response.data[:], sweep["v_mV"] * 1e-3)
    assert np.array_equal(stimulus.data[:], sweep["i_pA"] * 1e-12)
    assert response.bias_current == pytest.approx(-20e-12)
    assert response.bridge_balance is None


def test_without_any_current_it_is_an_izeroclampseries_without_a_stimulus(many_read: Any) -> None:
    import pynwb

    series = many_read.acquisition["run4_v_000"]
    assert type(series) is pynwb.icephys.IZeroClampSeries
    assert (series.bias_current, series.stimulus_description) == (0.0, "N/A")
    assert not any(name.startswith("run4_") for name in many_read.stimulus)
    assert "run4_i_000" in many_read.processing["icephys"].data_interfaces


def test_a_bias_that_comes_in_mid_sweep_is_no_longer_i_equal_0(tmp_path: Path) -> None:
    import pynwb

    idle = under(IDLE, n=1)
    biased = replace(idle.header.rig, amplifier=CURRENT)
    sweep = replace(idle.sweeps[0], changes=(Change(0, 5, biased),))
    export([replace(idle, sweeps=(sweep,))], tmp_path / "a.nwb")
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "r") as io:
        assert type(io.read().acquisition["v_000"]) is pynwb.icephys.CurrentClampSeries


def test_a_changed_amplifier_changes_the_settings_of_later_sweeps_only(tmp_path: Path) -> None:
    import pynwb

    run = under(DIALS, n=3)
    dials = replace(DIALS, correction_percent=80.0, rs_MOhm=20.0)
    changed = replace(run.header.rig, amplifier=dials)
    sweeps = (run.sweeps[0], replace(run.sweeps[1], changes=(Change(1, 9, changed),)))
    export([replace(run, sweeps=(*sweeps, replace(run.sweeps[2], rig=changed)))], tmp_path / "a.nwb")
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "r") as io:
        series = [io.read().acquisition[f"i_00{k}"] for k in range(3)]
        assert [one.resistance_comp_correction for one in series] == [60.0, 60.0, 80.0]
        assert [one.electrode.initial_access_resistance for one in series] == ["1.2e+07 ohms"] * 2 + ["2e+07 ohms"]


def test_a_foreign_recording_says_that_nothing_is_known_of_it(many_read: Any) -> None:
    series = many_read.acquisition["run7_i_001"]
    assert series.electrode.device.name == "unknown"
    assert series.electrode.initial_access_resistance is None
    assert "read from 14_0003.abf" in many_read.session_description
    assert "run7_v_2_ü_001" in many_read.processing["icephys"].data_interfaces


def test_the_lengths_of_sweeps_are_told(many_read: Any, tmp_path: Path) -> None:
    import pynwb

    assert "2 sweeps of 8 ms at 50 kHz" in many_read.protocol
    recovery = load_protocol(paths.PROTOCOLS / "recovery.toml")
    export([record(squid_axon(), recovery)], tmp_path / "a.nwb")
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "r") as io:
        assert "12 sweeps of 40.5 to 100 ms at 50 kHz" in io.read().protocol


def test_notes_are_in_the_files_own_texts(many_read: Any) -> None:
    assert "µ-run ?" in many_read.session_description
    assert "it works; tags: a, b c; sweep 1: bad seal" in many_read.notes


@pytest.mark.filterwarnings("ignore")  # theirs
def test_the_tables_reach_up_to_experimental_conditions(many_read: Any) -> None:
    from hdmf.common.hierarchicaltable import to_hierarchical_dataframe

    table = to_hierarchical_dataframe(many_read.icephys_experimental_conditions).reset_index()
    assert len(table) == sum(len(recording.sweeps) for recording in many())
    table.columns = [column[-1] if isinstance(column[-1], str) else column[-1][-1] for column in table.columns]
    refs = list(zip(table["stimulus"], table["response"], table["sweep"], strict=True))
    for stimulus, response, sweep in refs:
        assert response.timeseries.sweep_number == sweep
        assert (response.idx_start, response.count) == (0, response.timeseries.data.shape[0])
        if stimulus.timeseries is None:
            assert response.timeseries.name == f"run4_v_00{sweep}"  # I = 0
        else:
            assert (stimulus.idx_start, stimulus.count) == (0, stimulus.timeseries.data.shape[0])
            assert stimulus.timeseries.name[:5] == response.timeseries.name[:5]
            assert stimulus.timeseries.sweep_number == sweep
    pulses = table[table["stimulus_type"] == "steps"]
    assert list(pulses["pulse_level_pA"]) == [50.0, 100.0]
    conditions = list(many_read.icephys_experimental_conditions["condition"])
    assert len(conditions) == 6  # of seven runs two have the same rig
    assert conditions[4].startswith("control; ")
    assert "solutions.temperature_K = 290" in conditions[4]
    assert conditions[5] == "unknown"
    repeated = [list(row.index) for row in many_read.icephys_repetitions["sequential_recordings"][:]]
    assert [0, 5] in repeated
    assert table["note"].tolist().count("bad seal") == 1


def test_the_level_of_each_step_stands_beside_its_sweep(iv_file: Path) -> None:
    import pynwb

    with pynwb.NWBHDF5IO(iv_file, "r") as io:
        table = io.read().intracellular_recordings
        assert list(table["test_level_mV"][:]) == [-80.0 + 10.0 * k for k in range(N)]


def test_traces_that_differ_by_their_unit_alone_keep_it(tmp_path: Path) -> None:
    import pynwb

    run = foreign()
    names = ("x_mV", "x_pA", "a/b_mV", "a:b_mV")
    values = np.arange(40.0).reshape(4, 10)
    sweep = Sweep(0, names, values, (), run.header.rig)
    export([replace(run, sweeps=(sweep,))], tmp_path / "a.nwb")
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "r") as io:
        module = io.read().processing["icephys"]
        assert set(module.data_interfaces) == {"x_mV_000", "x_pA_000", "a_b_2_000", "a_b_3_000"}
        assert np.array_equal(module["x_pA_000"].data[:], values[1] * 1e-12)
    assert nwb.same_as(nwb.read(tmp_path / "a.nwb")[0], replace(run, sweeps=(sweep,))) == []


def test_sweeps_of_different_length_are_whole(tmp_path: Path) -> None:
    import pynwb

    protocol = load_protocol(paths.PROTOCOLS / "recovery.toml")
    run = record(squid_axon(), protocol)
    lengths = [sweep.values.shape[1] for sweep in run.sweeps]
    assert len(set(lengths)) > 1
    export([run], tmp_path / "a.nwb")
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "r") as io:
        file = io.read()
        assert [file.acquisition[f"i_{k:03d}"].data.shape[0] for k in range(len(lengths))] == lengths


# ---- the judgement of others


@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize("which", ["iv_file", "many_file"])
def test_files_are_valid_and_the_inspector_has_no_more_than_suggestions(
    which: str, request: pytest.FixtureRequest
) -> None:
    import pynwb

    inspector = pytest.importorskip("nwbinspector")
    path = request.getfixturevalue(which)
    assert pynwb.validate(path=path) == []
    dandi = inspector.load_config("dandi")  # as the default, but some checks weigh more
    found = {message.importance.name for message in inspector.inspect_nwbfile(nwbfile_path=path, config=dandi)}
    assert found <= {"BEST_PRACTICE_SUGGESTION"}


@pytest.mark.filterwarnings("ignore")  # theirs
def test_neo_reads_every_sweep_as_a_segment_and_every_run_as_a_block(iv_file: Path, many_file: Path) -> None:
    neo = pytest.importorskip("neo")
    (block,) = neo.io.NWBIO(str(iv_file), "r").read_all_blocks()
    current = block.segments[4].analogsignals[0]
    assert (block.name, len(block.segments)) == ("iv", N)
    assert np.array_equal(current.rescale("A").magnitude[:, 0], made_up_sweep(4)["i_pA"] * 1e-12)
    assert current.sampling_rate.rescale("Hz") == 50_000.0
    blocks = {block.name: block for block in neo.io.NWBIO(str(many_file), "r").read_all_blocks()}
    assert len(blocks) == len(many())
    voltage = blocks["run 3: steps"].segments[0].analogsignals[0]
    assert np.array_equal(voltage.rescale("V").magnitude[:, 0], many()[2].sweeps[0]["v_mV"] * 1e-3)


# ---- progress, and what goes wrong


def test_progress_goes_from_near_nothing_to_everything_and_never_back(tmp_path: Path) -> None:
    heard: list[float] = []
    nwb.write([made_up_recording(N)], tmp_path / "a.nwb", heard.append)
    assert heard == sorted(heard)
    assert heard[0] < 0.05
    assert 0.9 < heard[-1] <= 1.0
    assert max(np.diff(heard)) < 0.1
    heard.clear()
    nwb.check([made_up_recording(N)], tmp_path / "a.nwb", heard.append)
    assert heard[-1] == pytest.approx(1.0)
    assert len(heard) == N * len(trace_names(squid_axon()))


@pytest.mark.parametrize("when", [0.0, 0.03, 0.1, 0.2, 0.3, 0.4, 0.49, 0.7])  # of writing and checking
def test_an_export_can_be_cancelled_at_any_time_and_leaves_nothing(when: float, tmp_path: Path) -> None:
    def cancel(done: float) -> None:
        if done >= when:
            raise CancelledError

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(CancelledError):
            export([made_up_recording(N)], tmp_path / "a.nwb", progress=cancel)
    assert os.listdir(tmp_path) == []


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def other_seed(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"seed": 12676', b'"seed": 22676'))


def one_bit_of_the_samples(path: Path) -> None:
    import h5py

    with h5py.File(path, "r") as file:
        chunk = file["acquisition/i_000/data"].id.get_chunk_info(0)
    harmed = bytearray(path.read_bytes())
    harmed[chunk.byte_offset + chunk.size // 2] ^= 1
    path.write_bytes(harmed)


@pytest.mark.parametrize("harm", [cut, other_seed, one_bit_of_the_samples])
def test_a_damaged_file_is_refused_in_a_sentence(harm: Callable[[Path], None], iv_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.nwb"
    shutil.copy(iv_file, path)
    harm(path)
    with pytest.raises(VClampError, match=r"^a.nwb: is (damaged|no NWB file)[^.]*\. [^.]*\.$"):
        load(path)


def test_a_file_of_a_newer_version_is_refused_in_a_sentence(iv_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.nwb"
    path.write_bytes(iv_file.read_bytes().replace(b'{"format": 2,', b'{"format": 3,'))
    with pytest.raises(VClampError, match=r"^a.nwb: was made by a newer version of VClamp\."):
        load(path)
