"""ABF files of ours tell other people's programs what was recorded and commanded; or are refused in a sentence."""

import struct
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from abf_files import SHARED, ask_here
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import made_up_recording, squid_axon

from vclamp import paths
from vclamp.errors import CancelledError, VClampError
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.ladder import Ladder
from vclamp.model.protocol import Protocol
from vclamp.model.record import About, Change, Header, Recording, Sweep
from vclamp.model.segments import CurrentRamp, CurrentStep, Hold, MembraneTest, Ramp, Sine, Step, Train, Waveform
from vclamp.model.series import Conditioning, Leak, Series
from vclamp.run.runner import record
from vclamp.storage import aside, axon_binary
from vclamp.storage.axon_binary import FIELDS, check, write
from vclamp.storage.axon_traces import signals
from vclamp.storage.epochs import epochs, epochs_of
from vclamp.storage.safely import unheard, write_safely
from vclamp.storage.stimulus import read_protocol

REAL = SHARED / "05210017_vc_abf1.abf"
STARTED = "2026-11-23T09:05:15.250+01:00"
LEVEL_32_mV = 1e-5  # to which a level of 32 bits is kept
SHIPPED = sorted(path.stem for path in paths.PROTOCOLS.glob("*.toml"))
REFUSED = {
    "ap-clamp": "needs 1,352 epochs, 1,351 of them for segment 'spike' (waveform), but an ABF file has 10.",
    "envelope": "lasts 31 to 60 ms with segment 'open', but sweeps of an ABF file are equally long.",
    "recovery": "lasts 40.5 to 100 ms with segment 'gap', but sweeps of an ABF file are equally long.",
}  # what no table of ten epochs can play
WRITTEN = [name for name in SHIPPED if name not in REFUSED]


@cache
def recorded(name: str) -> Recording:
    """A shipped protocol on the cell that it is made for."""
    protocol = load_protocol(paths.PROTOCOLS / f"{name}.toml")
    run = record(load_rig(paths.CELLS / f"{protocol.opens.cell or 'squid-axon'}.toml"), protocol)
    return replace(run, about=About(started_utc=STARTED))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The file of a shipped protocol, written and checked once."""
    folder = tmp_path_factory.mktemp("abf")

    def file(name: str) -> Path:
        path = folder / f"{name}.abf"
        if not path.exists():
            write([recorded(name)], path, unheard)
            check([recorded(name)], path, unheard)
        return path

    return file


def opened(path: Path) -> Any:
    from pyabf import ABF

    return ABF(str(path))


def commanded(recording: Recording, sweep: Sweep) -> Any:
    course, amplifier = recording.header.protocol.course(sweep.index), sweep.rig.amplifier
    return amplifier.bias_pA + course.command_pA if amplifier.clamps_current else course.command_mV


def header(path: Path, name: str) -> tuple[Any, ...]:
    place, form = FIELDS[name]
    return struct.unpack_from(f"<{form}", path.read_bytes(), place)


def played(protocol: Protocol, rig: Any = None, **about: Any) -> Recording:
    """What a run of a protocol looks like: its command, and a current and a voltage that are made up."""
    rig, sweeps = rig or squid_axon(), []
    for index in range(protocol.total_sweeps):
        command = protocol.command_mV(index)
        rows = np.array([command, 1.1 * command + 0.3, np.sin(np.arange(command.size)) * (index + 1)])
        sweeps.append(Sweep(index, ("command_mV", "v_mV", "i_pA"), rows, (), rig))
    return Recording(Header(rig, protocol, 0, "0.1.0"), tuple(sweeps), about=About(**about))


def protocol_of(*segments: Any, n_sweeps: int = 3, **more: Any) -> Protocol:
    return Protocol("made", segments, n_sweeps, hold_mV=-80.0, fs_kHz=10.0, **more)


def assert_draws(recording: Recording, path: Path) -> None:
    """Written, pyabf draws what was commanded in every sample of every sweep."""
    write([recording], path, unheard)
    check([recording], path, unheard)
    abf = opened(path)
    assert abf.sweepCount == len(recording.sweeps)
    for place, sweep in enumerate(recording.sweeps):
        abf.setSweep(place)
        np.testing.assert_allclose(abf.sweepC, commanded(recording, sweep), rtol=0.0, atol=LEVEL_32_mV)


# ---- every shipped protocol --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_pyabf_reads_data_and_command_of_every_shipped_protocol_or_it_is_refused(
    name: str, tmp_path: Path, files: Callable[[str], Path]
) -> None:
    recording = recorded(name)
    if name in REFUSED:
        with pytest.raises(VClampError) as caught:
            write([recording], tmp_path / "a.abf", unheard)
        assert str(caught.value).startswith(f"{name}: {REFUSED[name]}")
        assert "NWB" in caught.value.remedy
        assert not (tmp_path / "a.abf").exists()
        return
    abf, table = opened(files(name)), epochs_of(recording)
    protocol, chosen = recording.header.protocol, signals(recording, without=("command_", "i_leg_"))
    assert (abf.sweepCount, abf.dataRate) == (len(recording.sweeps), round(1e3 * protocol.fs_kHz))
    assert abf.adcUnits == [signal.unit for signal in chosen]
    assert abf.adcNames[:2] == (["v", "i"] if recording.sweeps[0].rig.amplifier.clamps_current else ["i", "v"])
    assert header(files(name), "fEpisodeStartToStart")[0] == pytest.approx(
        1e-3 * max(protocol.interval_ms, protocol.period_ms(0)), rel=1e-6
    )
    for place, sweep in enumerate(recording.sweeps):
        abf.setSweep(place)
        np.testing.assert_allclose(abf.sweepC, commanded(recording, sweep), rtol=0.0, atol=LEVEL_32_mV)
        np.testing.assert_allclose(abf.sweepC, table.command(place), rtol=0.0, atol=1e-9)
        for number, signal in enumerate(chosen):
            values = abf.data[number, place * abf.sweepPointCount : (place + 1) * abf.sweepPointCount]
            room = 0.51 * abf._dataGain[number] + 2e-7 * np.abs(sweep[signal.trace]).max()  # it keeps 32 bits
            assert np.abs(values - sweep[signal.trace]).max() <= room


@pytest.mark.parametrize("name", WRITTEN)
def test_neo_reads_every_sweep_as_a_segment_at_its_time(name: str, files: Callable[[str], Path]) -> None:
    rawio = pytest.importorskip("neo.rawio")
    recording, reader = recorded(name), rawio.AxonRawIO(str(files(name)))
    reader.parse_header()
    chosen = signals(recording, without=("command_", "i_leg_"))
    assert [str(unit) for unit in reader.header["signal_channels"]["units"]] == [signal.unit for signal in chosen]
    assert reader.segment_count(0) == len(recording.sweeps)
    each_s = 1e-3 * max(recording.header.protocol.interval_ms, recording.header.protocol.period_ms(0))
    for place, sweep in enumerate(recording.sweeps):
        assert reader.segment_t_start(0, place) == pytest.approx(place * each_s, abs=1e-5)
        raw = reader.get_analogsignal_chunk(0, place)
        values = reader.rescale_signal_raw_to_float(raw, dtype="float64")
        for number, signal in enumerate(chosen):
            room = 0.5001 * reader.header["signal_channels"]["gain"][number] + 1e-12
            assert np.abs(values[:, number] - sweep[signal.trace]).max() <= room


def test_neo_gathers_signals_by_unit_and_knows_when_it_began(files: Callable[[str], Path]) -> None:
    neo = pytest.importorskip("neo")
    block = neo.io.AxonIO(str(files("iv"))).read_block()
    units = [str(signal.units.dimensionality) for signal in block.segments[14].analogsignals]
    assert units == ["pA", "mV", "dimensionless"]
    assert block.rec_datetime.isoformat() == "2026-11-23T08:05:15.250000"  # UTC
    np.testing.assert_allclose(block.segments[14].analogsignals[1].magnitude[400:1700, 0], 60.0, atol=2e-3)


@pytest.mark.parametrize("name", ["iv", "ramp", "current-steps", "membrane-test", "hyperpolarisation"])
def test_our_own_import_plays_the_same(
    name: str, files: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "ask", ask_here)
    again, recording = read_protocol(files(name)), recorded(name)
    assert again.total_sweeps == len(recording.sweeps)
    assert again.fs_kHz == pytest.approx(recording.header.protocol.fs_kHz, rel=1e-6)
    assert again.interval_ms == pytest.approx(recording.header.protocol.interval_ms, rel=1e-6)
    for sweep in recording.sweeps:
        course = again.course(sweep.index)
        command = course.command_pA if again.commands_current else course.command_mV
        np.testing.assert_allclose(command, commanded(recording, sweep), rtol=0.0, atol=LEVEL_32_mV)


@pytest.mark.parametrize("name", ["activation", "current-steps", "iv", "use-dependence"])  # it draws no ramps
def test_myokit_reads_data_and_steps(name: str, files: Callable[[str], Path]) -> None:
    axon = pytest.importorskip("myokit.formats.axon")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = axon.AbfFile(str(files(name)))
    recording, n_channels = recorded(name), file.channel_count()
    n = epochs_of(recording).n_samples
    first = "v_mV" if recording.sweeps[0].rig.amplifier.clamps_current else "i_pA"
    room = 1.6e-5 * max(np.abs(sweep[first]).max() for sweep in recording.sweeps)  # half of one step in 32767
    early = n // 64 % n_channels  # it takes the sweep's samples for those of all channels, and so begins too early
    for place, sweep in enumerate(recording.sweeps):
        expected = commanded(recording, sweep)
        drawn = np.asarray(file[place][n_channels].values())
        np.testing.assert_allclose(drawn[: n - early], expected[early:], rtol=0.0, atol=LEVEL_32_mV)
        np.testing.assert_allclose(file[place][0].values(), sweep[first], rtol=0.0, atol=room)


def test_the_file_says_what_it_is(files: Callable[[str], Path]) -> None:
    abf = opened(files("leak-subtraction"))
    comment = (
        "Na+ and K+ currents, realistic amplifier; P/-4 legs before each sweep; seed 0; VClamp 0.1.0; without legs"
    )
    assert abf.abfFileComment == comment
    assert (abf.protocol, abf.creator, abf.abfVersionString) == ("leak-subtraction", "VClamp 0.1.0.0", "1.8.3.0")
    assert abf.abfDateTimeString == "2026-11-23T08:05:15.250"
    assert (abf.dacNames[0], abf.dacUnits[0], abf.nOperationMode) == ("Cmd 0", "mV", 5)
    clamped = opened(files("current-steps"))
    clamped.setSweep(0)
    assert (clamped.sweepUnitsY, clamped.sweepUnitsC) == ("mV", "pA")
    assert [header(files(name), "nExperimentType") for name in ("iv", "current-steps")] == [(0,), (1,)]


# ---- the table of epochs -----------------------------------------------------------------------------------------


TABLES = {
    "a train that fits": [Hold(10.0), Train(40.0, 10.0, 4.0, level_mV=Ladder(0.0, 10.0)), Hold(50.0)],
    "a biphasic train": [Hold(10.0), Train(20.0, 10.0, 4.0, level_mV=0.0, base_mV=-70.0, shape="biphasic"), Hold(50.0)],
    "a ramp to where it stays": [Hold(10.0), Ramp(40.0, 20.0), Step(40.0, 10.0), Hold(60.0)],
    "a ramp that jumps off": [Hold(10.0), Ramp(Ladder(40.0, 5.0), 20.0, from_mV=-120.0), Hold(60.0)],
    "ramps up and down": [Hold(10.0), Ramp(40.0, 20.0), Ramp(-80.0, 33.0), Hold(60.0)],
    "a ramp to the end": [Hold(10.0), Ramp(Ladder(40.0, 5.0), 20.0)],
    "a ramp of one sample": [Hold(10.0), Ramp(40.0, 0.1), Hold(9.0)],
    "delays that make up for each other": [
        Hold(Ladder(10.0, 5.0)), Step(0.0, 10.0), Step(-40.0, Ladder(30.0, -5.0)), Hold(9.0),
    ],
    "a late end": [Hold(10.0), Step(0.0, Ladder(10.0, 7.0)), Hold(Ladder(40.0, -7.0))],
    "levels that fall": [Hold(10.0), Step(Ladder(40.0, -12.5), 10.0), Step(Ladder(-100.0, 0.1), 20.0)],
    "nothing but holding": [Hold(30.0)],
    "a test of the membrane": [Hold(10.0), MembraneTest(10.0, 40.0), Hold(5.0)],
    "ten": [Hold(10.0), *[Step(10.0 * k, 2.0) for k in range(9)], Hold(5.0)],
    "holding for just a 64th": [Hold(1.0), Step(10.0, 63.0)],
    "a wave that is none": [Hold(10.0), Waveform(1.0, values_mV=(-80.0, -80.0)), Step(0.0, 5.0), Hold(30.0)],
}  # fmt: skip


@pytest.mark.parametrize("segments", TABLES.values(), ids=TABLES.keys())
def test_what_fits_into_ten_epochs_is_drawn_sample_for_sample(segments: list[Any], tmp_path: Path) -> None:
    assert_draws(played(protocol_of(*segments)), tmp_path / "a.abf")


def test_a_step_family_is_the_table_that_a_person_would_write() -> None:
    table = epochs(load_protocol(paths.PROTOCOLS / "iv.toml"))
    assert (table.unit, table.hold, table.stays) == ("mV", -80.0, False)
    facts = [(e.name, e.type, e.level, e.level_step, e.samples, e.samples_step) for e in table.epochs]
    assert facts == [("A", "Step", -80.0, 0.0, 250 - 3000 // 64, 0), ("B", "Step", -80.0, 10.0, 1500, 0)]


def test_a_ramp_to_a_level_that_stays_is_written_with_that_level() -> None:
    ramp = epochs(protocol_of(Hold(10.0), Ramp(40.0, 20.0), Step(40.0, 10.0), Hold(60.0))).epochs[1]
    assert (ramp.type, ramp.level, ramp.samples) == ("Ramp", 40.0, 201)  # there in the first sample of the step


@pytest.mark.parametrize("n_sweeps", [1, 2, 5])
def test_sweeps_that_end_where_the_next_begins_say_so(n_sweeps: int, tmp_path: Path) -> None:
    ends = [-80.0 + 10.0 * k for k in range(n_sweeps + 1)]
    segments = (Step(tuple(ends[:-1]), 20.0), Step(0.0, 30.0), Step(tuple(ends[1:]), 40.0))
    protocol = protocol_of(*segments, n_sweeps=n_sweeps, series=Series(level_between="last"))
    assert_draws(played(protocol), tmp_path / "a.abf")
    assert header(tmp_path / "a.abf", "nInterEpisodeLevel") == (int(n_sweeps > 1), 0)


@pytest.mark.parametrize(
    ("series", "indices"),
    [(Series(order="reverse"), range(4)), (Series(), (1, 3)), (Series(), (3, 2)), (Series(), (2,))],
)  # fmt: skip
def test_other_orders_and_selections_of_sweeps_are_drawn_too(series: Series, indices: Any, tmp_path: Path) -> None:
    whole = played(protocol_of(Hold(10.0), Step(Ladder(-60.0, 7.0), 20.0), Hold(9.0), n_sweeps=4, series=series))
    assert_draws(replace(whole, sweeps=tuple(whole.sweeps[index] for index in indices)), tmp_path / "a.abf")


def test_in_current_clamp_the_command_is_the_bias_with_the_steps_upon_it(tmp_path: Path) -> None:
    rig = squid_axon()
    rig = replace(rig, amplifier=replace(rig.amplifier, mode="current-clamp", bias_pA=12.5))
    segments = (Hold(10.0), CurrentStep(Ladder(-50.0, 25.0), 20.0), CurrentRamp(90.0, 30.0), Step(0.0, 40.0))
    recording = played(protocol_of(*segments), rig)
    assert_draws(recording, tmp_path / "a.abf")
    assert header(tmp_path / "a.abf", "fDACHoldingLevel") == (12.5, 0.0, 0.0, 0.0)
    assert opened(tmp_path / "a.abf").adcNames == ["v", "i"]


levels = st.integers(-400, 400).map(lambda level: level / 4.0)
lengths = st.integers(1, 300).map(lambda samples: samples / 10.0)


@settings(max_examples=50)
@given(data=st.data(), n_sweeps=st.integers(1, 4), count=st.integers(0, 4))
def test_any_steps_and_ramps_that_are_not_refused_are_drawn_as_commanded(data: Any, n_sweeps: int, count: int) -> None:
    def one() -> Any:
        level = data.draw(st.one_of(levels, st.builds(Ladder, levels, st.integers(-20, 20))))
        kinds = (Step(level, data.draw(lengths)), Ramp(level, data.draw(lengths)), Hold(data.draw(lengths)))
        return data.draw(st.sampled_from(kinds))

    protocol = protocol_of(Hold(20.0), *(one() for _ in range(count)), n_sweeps=n_sweeps)
    table = epochs(protocol)
    for sweep in range(n_sweeps):
        np.testing.assert_allclose(table.command(sweep), protocol.command_mV(sweep), rtol=0.0, atol=1e-4)


HELD = "of a sweep, 1.5 ms"
TOO_MUCH: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "a random order": (
        [Hold(10.0), Step(Ladder(0.0, 10.0), 20.0, name="test")], {"series": Series(order="random"), "n_sweeps": 9},
        "segment 'test' does not change its level by equal steps from sweep to sweep",
    ),
    "a series played twice": (
        [Hold(10.0), Step(Ladder(0.0, 10.0), 20.0)], {"series": Series(repeats=2)},
        "segments[1] does not change its level by equal steps",
    ),
    "a ladder with a factor": (
        [Hold(10.0), Step(0.0, Ladder(1.0, factor=2.0), name="test"), Hold((40.0, 39.0, 37.0))], {},
        "segment 'test' does not change its duration by equal steps",
    ),
    "a sine": ([Hold(10.0), Sine(20.0, 100.0, amplitude_mV=5.0)], {}, "200 of them for segments[1] (sine)"),
    "a long train": (
        [Hold(10.0), Train(90.0, 10.0, 4.0, level_mV=0.0, name="pulses")], {},
        "needs 18 epochs, 17 of them for segment 'pulses' (train), but an ABF file has 10",
    ),
    "trains of different length": (
        [Hold(10.0), Train(Ladder(20.0, 10.0), 10.0, 4.0, level_mV=0.0), Hold(Ladder(40.0, -10.0))], {},
        "segments[1] has more pulses in some sweeps than in others",
    ),
    "eleven": ([Hold(10.0), *[Step(10.0 * k, 2.0) for k in range(10)], Hold(5.0)], {}, "needs 11 epochs"),
    "no holding": ([Step(0.0, 96.0, name="up")], {}, "begins with segment 'up' away from where it is held before"),
    "too little": ([Hold(1.0), Step(0.0, 95.0)], {}, f"segments[1] begins 1 ms into the sweep, but Clampex {HELD}"),
    "where a ramp would have got to": (
        [Step((-80.0, -60.0), 10.0), Ramp((-60.0, -40.0), 20.0)],
        {"series": Series(level_between="last"), "n_sweeps": 2},
        "segments[0] away from where it is held before",
    ),
    "holding, but between sweeps not": (
        [Hold(10.0), Step(0.0, 10.0)], {"series": Series(level_between="last")},
        "segments[0] away from where it is held before",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("segments", "more", "said"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_what_ten_epochs_cannot_say_is_refused_in_one_sentence(
    segments: list[Any], more: dict[str, Any], said: str, tmp_path: Path
) -> None:
    said = said.replace(f"Clampex {HELD}", f"Clampex holds for the first 64th {HELD}")
    with pytest.raises(VClampError) as caught:
        write([played(protocol_of(*segments, **more))], tmp_path / "a.abf", unheard)
    assert str(caught.value).startswith("made: ")
    assert said in str(caught.value)
    assert "NWB" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_an_amplifier_that_was_switched_between_sweeps_is_refused(tmp_path: Path) -> None:
    recording = played(protocol_of(Hold(10.0), Step(0.0, 20.0)))
    rig = recording.header.rig
    free = replace(rig, amplifier=replace(rig.amplifier, mode="current-clamp", bias_pA=5.0))
    other = replace(free, amplifier=replace(free.amplifier, bias_pA=6.0))
    for rigs, said in (
        ((rig, free, free), "partly in current clamp"),
        ((free, free, other), "bias current was changed"),
    ):
        sweeps = tuple(replace(sweep, rig=rig) for sweep, rig in zip(recording.sweeps, rigs, strict=True))
        with pytest.raises(VClampError, match=said):
            write([replace(recording, sweeps=sweeps)], tmp_path / "a.abf", unheard)
    changed = replace(recording.sweeps[1], rig=free, changes=(Change(1, 7, other),))
    with pytest.raises(VClampError, match="bias current was changed"):
        write([replace(recording, sweeps=(changed,))], tmp_path / "a.abf", unheard)


# ---- the samples ---------------------------------------------------------------------------------------------------


def shaped(traces: dict[str, Any], n_sweeps: int = 1) -> Recording:
    """A recording with traces of these values in every sweep."""
    recording = played(protocol_of(Hold(10.0), Step(0.0, 20.0), n_sweeps=n_sweeps))
    n = recording.sweeps[0].values.shape[1]
    values = np.array([np.broadcast_to(np.asarray(trace, float), n) for trace in traces.values()])
    return replace(recording, sweeps=tuple(replace(s, names=tuple(traces), values=values) for s in recording.sweeps))


def test_no_trace_clips_and_each_has_steps_of_its_own_size(tmp_path: Path) -> None:
    wave = np.sin(np.arange(300))
    sizes = {"i_pA": 3e6, "v_mV": 1.0, "i_na_pA": 1e-9, "p_open_na": 5e-324, "i_k_pA": -1e25, "i_x_pA": 1.7e-28}
    recording = shaped({name: size * wave for name, size in sizes.items()})
    write([recording], tmp_path / "a.abf", unheard)
    check([recording], tmp_path / "a.abf", unheard)
    abf = opened(tmp_path / "a.abf")
    for number, signal in enumerate(signals(recording)):
        original = recording.sweeps[0][signal.trace]
        assert np.abs(abf.data[number] - original).max() <= 1.6e-5 * max(np.abs(original).max(), 1e-20)
    raw = np.frombuffer((tmp_path / "a.abf").read_bytes()[6144 : 6144 + 2 * 300 * 6], "<i2").reshape(300, 6)
    assert sorted(np.abs(raw.astype(int)).max(axis=0).tolist()) == [0, *[32767] * 5]


def test_a_trace_of_one_value_reads_back_and_a_small_drift_far_from_zero_is_resolved(tmp_path: Path) -> None:
    drift = 140.0 + 1e-3 * np.linspace(0.0, 1.0, 300)
    recording = shaped({"i_pA": 0.0, "v_mV": -73.25, "in_K_mM": drift, "in_Na_mM": 15.1})
    write([recording], tmp_path / "a.abf", unheard)
    check([recording], tmp_path / "a.abf", unheard)
    abf = opened(tmp_path / "a.abf")
    assert (abf.data[0] == 0.0).all()
    assert (abf.data[1] == -73.25).all()
    assert np.abs(abf.data[2] - drift).max() < 2e-5  # pyabf keeps 32 bits
    assert abf.data[3] == pytest.approx(15.1, abs=2e-6)


def test_zero_stays_zero_in_a_trace_that_comes_near_it(tmp_path: Path) -> None:
    recording = shaped({"i_pA": np.arange(-60, 240) / 7.0, "p_open_na": np.linspace(0.0, 0.9, 300)})
    write([recording], tmp_path / "a.abf", unheard)
    abf = opened(tmp_path / "a.abf")
    assert (abf.data[0][60], abf.data[1][0], abf._dataOffset) == (0.0, 0.0, [0.0, 0.0])


def test_what_is_not_known_everywhere_is_left_out_and_named(tmp_path: Path) -> None:
    gap = np.where(np.arange(300) < 5, np.nan, 1.0)
    recording = shaped({"i_pA": 1.0, "v_mV": 2.0, "i_subtracted_pA": gap, "i_leg_1_pA": 1.0, "command_mV": 0.0})
    write([recording], tmp_path / "a.abf", unheard)
    abf = opened(tmp_path / "a.abf")
    assert abf.adcNames == ["i", "v"]
    assert abf.abfFileComment.endswith("without i_subtracted_pA, legs")
    with pytest.raises(VClampError, match="have no trace in common"):
        write([shaped({"i_pA": np.nan})], tmp_path / "b.abf", unheard)


def test_sixteen_channels_are_the_most_and_long_names_stay_apart(tmp_path: Path) -> None:
    names = [f"i_a_long_name_{k}_pA" for k in range(9)] + [f"gate_µ_{k}" for k in range(9)]
    recording = shaped({"v_mV": 1.0, "i_pA": 2.0, **dict.fromkeys(names, 3.0)})
    write([recording], tmp_path / "a.abf", unheard)
    abf = opened(tmp_path / "a.abf")
    assert abf.channelCount == len({*abf.adcNames}) == 16
    assert abf.adcNames[:4] == ["i", "v", "i_a_long_n", "i_a_lon~1"]
    assert abf.adcNames[-1] == "gate_u_4"
    assert "without gate_µ_5".replace("µ", "u") in abf.abfFileComment


@pytest.mark.parametrize("fs_kHz", [0.1, 1.0, 5.0, 20.0, 25.0, 50.0, 100.0, 200.0])
def test_every_number_of_channels_gives_the_rate_back(fs_kHz: float, tmp_path: Path) -> None:
    for count in range(1, 17):
        recording = shaped({f"i_{k}_pA": 1.0 for k in range(count)})
        slow = replace(recording.header.protocol, fs_kHz=fs_kHz, segments=(Hold(300.0 / fs_kHz),))
        write([replace(recording, header=replace(recording.header, protocol=slow))], tmp_path / "a.abf", unheard)
        assert opened(tmp_path / "a.abf").dataRate == round(1e3 * fs_kHz)
        assert opened(tmp_path / "a.abf").sweepPointCount == 300


def test_a_recording_that_is_not_of_its_protocol_is_refused(tmp_path: Path) -> None:
    recording = shaped({"i_pA": 1.0})
    longer = replace(recording.header.protocol, segments=(Hold(70.0),))
    with pytest.raises(VClampError, match="sweep 1 has 300 samples, its command 700"):
        write([replace(recording, header=replace(recording.header, protocol=longer))], tmp_path / "a.abf", unheard)


def test_more_than_an_abf_file_holds_is_refused_before_it_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(axon_binary, "MAX_BYTES", 3 * 400 * 2 * 10 - 1)
    with pytest.raises(VClampError, match=r"^small: its samples need 0\.0 GB, but an ABF file holds 2"):
        write([made_up_recording(3, 400)], tmp_path / "a.abf", unheard)
    assert list(tmp_path.iterdir()) == []


# ---- what stands beside them ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("started", "read"),
    [
        ("", "1970-01-01T00:00:00.000"),
        ("last week", "1970-01-01T00:00:00.000"),
        ("2026-02-28T23:59:59.9996Z", "2026-02-28T23:59:59.999"),
        ("2026-03-01T00:30:00+02:00", "2026-02-28T22:30:00.000"),
        ("2026-03-01 12:00:00", "2026-03-01T12:00:00.000"),
    ],
)
def test_the_start_is_kept_in_utc(started: str, read: str, tmp_path: Path) -> None:
    recording = replace(made_up_recording(1, 400), about=About(started_utc=started))
    write([recording], tmp_path / "a.abf", unheard)
    assert opened(tmp_path / "a.abf").abfDateTimeString == read


def test_sweeps_picked_from_the_middle_keep_their_times(tmp_path: Path) -> None:
    run = recorded("single-channel").only((3, 5, 9))
    write([run], tmp_path / "a.abf", unheard)
    assert opened(tmp_path / "a.abf").abfDateTimeString == "2026-11-23T08:05:16.000"  # three intervals of 250 ms on
    rawio = pytest.importorskip("neo.rawio")
    reader = rawio.AxonRawIO(str(tmp_path / "a.abf"))
    reader.parse_header()
    assert [reader.segment_t_start(0, k) for k in range(3)] == pytest.approx([0.0, 0.5, 1.5])


def test_a_run_of_days_has_times_of_sweeps_that_fit(tmp_path: Path) -> None:
    protocol = protocol_of(Hold(10.0), Step(0.0, 20.0), n_sweeps=3, interval_ms=3.6e6 * 20)
    write([played(protocol)], tmp_path / "a.abf", unheard)
    rawio = pytest.importorskip("neo.rawio")
    reader = rawio.AxonRawIO(str(tmp_path / "a.abf"))
    reader.parse_header()
    assert reader.segment_t_start(0, 2) == pytest.approx(40 * 3600.0)


def test_what_was_played_beside_the_sweeps_and_dissolved_is_told(tmp_path: Path) -> None:
    rig = squid_axon()
    drug = replace(rig.solutions.drugs[0], out_mM=0.25) if rig.solutions.drugs else None
    protocol = protocol_of(
        Hold(10.0), Step(0.0, 20.0), leak=Leak(4), conditioning=Conditioning(2, 0.0, 5.0, -80.0, 5.0),
        series=Series(averages=3),
    )  # fmt: skip
    if drug is not None:
        rig = replace(rig, solutions=replace(rig.solutions, drugs=(drug,)))
    write([played(protocol, rig)], tmp_path / "a.abf", unheard)
    comment = opened(tmp_path / "a.abf").abfFileComment
    assert "P/-4 legs before each sweep; conditioning pulses before each sweep; means of 3; seed 0" in comment
    assert drug is None or f"{drug.name} 0.25 mM out" in comment


def test_pyabf_finds_every_field_where_we_put_it(files: Callable[[str], Path]) -> None:
    from pyabf.abf1.headerV1 import HeaderV1

    path, compared = files("hyperpolarisation"), 0
    with path.open("rb") as file:
        theirs = vars(HeaderV1(file))
    for name in FIELDS:
        if name in theirs and name != "lFileSignature":
            ours = [v.decode().strip() if isinstance(v, bytes) else v for v in header(path, name)]
            said = theirs[name]
            assert (said[: len(ours)] if isinstance(said, list) else [said]) == ours[
                : 1 if not isinstance(said, list) else None
            ], name
            compared += 1
    assert compared > 40


def test_fields_that_pyabf_does_not_read_lie_where_clampex_puts_them() -> None:
    places = {
        "lRunsPerTrial": 150, "lNumberOfTrials": 154, "fEpisodeStartToStart": 178, "fADCDisplayAmplification": 794,
        "fSignalLowpassFilter": 1178, "fDACScaleFactor": 1378, "fDACHoldingLevel": 1394,
    }  # fmt: skip
    assert {name: FIELDS[name][0] for name in places} == places


@pytest.mark.skipif(not REAL.exists(), reason="the shared folder of real recordings is not here")
def test_the_fields_lie_where_clampex_puts_them() -> None:
    facts = {
        "lFileSignature": (b"ABF ",), "nOperationMode": (5,), "lActualAcqLength": (720_000,), "lActualEpisodes": (6,),
        "lFileStartDate": (20050210,), "lFileStartTime": (57175,), "nFileType": (1,), "nADCNumChannels": (2,),
        "fADCSampleInterval": (25.0,), "fSynchTimeUnit": (12.5,), "lNumSamplesPerEpisode": (120_000,),
        "lEpisodesPerRun": (6,), "lRunsPerTrial": (1,), "lNumberOfTrials": (1,), "fEpisodeStartToStart": (60.0,),
        "fADCRange": (10.0,), "lDACResolution": (32768,), "fDACHoldingLevel": (-70.0, 0.0, 0.0, 0.0),
        "nWaveformEnable": (1, 0), "nInterEpisodeLevel": (0, 0), "nFileStartMillisecs": (328,),
    }  # fmt: skip
    assert {name: header(REAL, name) for name in facts} == facts
    assert header(REAL, "sDACChannelName")[0] == b"Cmd 0     "
    assert header(REAL, "sADCUnits")[:2] == (b"pA      ", b"pA      ")
    assert header(REAL, "sProtocolPath")[0].strip().endswith(b".pro")
    assert header(REAL, "fDACScaleFactor") == pytest.approx((20.0,) * 4)
    assert header(REAL, "fADCDisplayAmplification")[1:] == (1.0,) * 15
    assert header(REAL, "fSignalLowpassFilter")[:3] == (50e3, 5e3, 5e3)
    assert header(REAL, "lEpochInitDuration")[:6] == (100, 1000, 20, 10000, 100, 30000)
    assert header(REAL, "nCreatorMajorVersion") == (9, 2, 0, 10)
    raw, (block,) = REAL.read_bytes(), header(REAL, "lSynchArrayPtr")
    starts = np.frombuffer(raw, "<i4", 12, 512 * block).reshape(6, 2)
    assert (np.diff(starts[:, 0]) * 12.5e-6 == 60.0).all()  # in units of time; lengths in numbers of all channels
    assert (starts[:, 1] == 120_000).all()


# ---- damage, cancelling ------------------------------------------------------------------------------------------


def test_check_sees_a_changed_byte_wherever_it_is(tmp_path: Path) -> None:
    recording, path = made_up_recording(3, 400), tmp_path / "a.abf"
    write([recording], path, unheard)
    check([recording], path, unheard)
    whole = path.read_bytes()
    (synch,) = header(path, "lSynchArrayPtr")
    for place in (0, 930, 2510, 5999, 6144 + 1, 6144 + 1 + 2 * 400 * 3, synch * 512 - 300, synch * 512 + 9):
        changed = bytearray(whole)
        changed[place] ^= 0x40
        path.write_bytes(changed)
        with pytest.raises(VClampError, match=r"^a\.abf: "):
            check([recording], path, unheard)
    path.write_bytes(whole[: 6144 + 500])
    with pytest.raises(VClampError, match="does not read back"):
        check([recording], path, unheard)


def test_check_sees_another_recording(tmp_path: Path) -> None:
    recording = made_up_recording(3, 400)
    write([recording], tmp_path / "a.abf", unheard)
    values = recording.sweeps[2].values.copy()
    values[4, -1] += 0.2
    other = replace(recording, sweeps=(*recording.sweeps[:2], replace(recording.sweeps[2], values=values)))
    with pytest.raises(VClampError, match="sweep 3 does not read back: i_k differs"):
        check([other], tmp_path / "a.abf", unheard)
    with pytest.raises(VClampError, match="its header is not what was written"):
        check([recording.only((0, 1))], tmp_path / "a.abf", unheard)


def test_it_tells_how_far_it_is_and_can_be_cancelled(tmp_path: Path) -> None:
    recording, told = made_up_recording(4, 400), []
    write([recording], tmp_path / "a.abf", told.append)
    assert told == [0.0, 0.25, 0.5, 0.75]
    check([recording], tmp_path / "a.abf", told.append)
    assert told[4:] == told[:4]

    def cancel(done: float) -> None:
        if done >= 0.5:
            raise CancelledError

    (tmp_path / "a.abf").unlink()
    with pytest.raises(CancelledError):
        write_safely(tmp_path / "a.abf", lambda path: write([recording], path, cancel), lambda path: None)
    assert list(tmp_path.iterdir()) == []


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.abf", "b.abf"):
        axon_binary.write([made_up_recording(2, 400)], tmp_path / name)
    assert (tmp_path / "a.abf").read_bytes() == (tmp_path / "b.abf").read_bytes()
