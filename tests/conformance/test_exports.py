"""Every shipped protocol in every format: other people's libraries read the data, units, rate and command we meant."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.exam import as_told
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.record import Finished, Header, Recording, Sweep
from vclamp.publish.exporters import EXPORTERS, export
from vclamp.run.runner import Inbox, run
from vclamp.storage.recordings import load

FEW = 2  # sweeps of each protocol are enough to see them in the right places
SHIPPED = sorted(paths.shipped(paths.PROTOCOLS))


@cache
def recorded(name: str) -> Recording:
    """The first sweeps of a shipped protocol on the cell that it is made for."""
    protocol = load_protocol(paths.PROTOCOLS / f"{name}.toml")
    rig = load_rig(paths.find(protocol.opens.cell or "squid-axon", paths.CELLS, "cell"))
    inbox, header, sweeps = Inbox(), None, []
    for event in run(rig, protocol, seed=1, inbox=inbox):
        if isinstance(event, Header):
            header = event
        elif isinstance(event, Sweep):
            sweeps.append(event)
            if len(sweeps) == FEW:
                break
    assert header is not None
    return Recording(header, tuple(sweeps), Finished("stopped", "enough"))


def in_pandas(recording: Recording, table: object) -> None:
    """A tidy table holds every sample of every trace to the last bit, at its time."""
    import pandas

    assert isinstance(table, pandas.DataFrame)
    fs_kHz = recording.header.protocol.fs_kHz
    for sweep in recording.sweeps:
        rows = table[table["sweep"] == sweep.index]
        assert np.array_equal(rows["time_ms"], np.arange(sweep.values.shape[1]) / fs_kHz)
        for name in sweep.names:
            np.testing.assert_array_equal(rows[name].to_numpy(float), sweep[name])


def csv(recording: Recording, path: Path) -> None:
    import pandas

    in_pandas(recording, pandas.read_csv(path, float_precision="round_trip"))


def parquet(recording: Recording, path: Path) -> None:
    import pandas

    in_pandas(recording, pandas.read_parquet(path))


def nwb(recording: Recording, path: Path) -> None:
    """The icephys tables lead to each response and its stimulus, in SI units."""
    from pynwb import NWBHDF5IO

    clamps_current = recording.header.rig.amplifier.clamps_current
    response, stimulus = ("v_mV", "i_pA") if clamps_current else ("i_pA", "command_mV")
    factors = {"v_mV": 1e-3, "i_pA": 1e-12, "command_mV": 1e-3}
    with NWBHDF5IO(path, "r") as io:
        file = io.read()
        rows = file.get_intracellular_recordings()
        assert len(rows) == len(recording.sweeps)
        for number, sweep in enumerate(recording.sweeps):
            for column, name in (("responses", response), ("stimuli", stimulus)):
                series = _series(rows, column, number)
                if series is None:
                    assert clamps_current, name
                    continue
                assert series.rate == recording.header.protocol.fs_kHz * 1e3
                assert series.unit == ("volts" if name.endswith("mV") else "amperes")
                if name in sweep.names and not (clamps_current and name == "i_pA"):
                    np.testing.assert_array_equal(series.data[:], sweep[name] * factors[name])


def _series(rows: object, column: str, number: int) -> object:
    """The time series that a row of the table of intracellular recordings points to; None where it has none."""
    name = {"responses": "response", "stimuli": "stimulus"}[column]
    reference = rows.category_tables[column][name][number]  # type: ignore[attr-defined]
    return reference.timeseries if reference.count and reference.count > 0 else None


def vclamp(recording: Recording, path: Path) -> None:
    (found,) = load(path)
    assert found.header == recording.header
    for mine, theirs in zip(recording.sweeps, found.sweeps, strict=True):
        assert mine.values.tobytes() == theirs.values.tobytes()


READERS: dict[str, Callable[[Recording, Path], None]] = {"csv": csv, "parquet": parquet, "nwb": nwb, "vclamp": vclamp}


@pytest.mark.filterwarnings("ignore")  # of the libraries that read
@pytest.mark.parametrize("key", READERS)
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_is_read_back_by_others(name: str, key: str, tmp_path: Path) -> None:
    recording, path = recorded(name), tmp_path / f"run{EXPORTERS[key].suffix}"
    assert export([recording], path) == (path,)
    READERS[key](as_told(recording) if EXPORTERS[key].hides else recording, path)


@pytest.mark.parametrize("key", ["png", "svg", "pdf", "html"])
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_has_a_picture_and_a_report(name: str, key: str, tmp_path: Path) -> None:
    path = tmp_path / f"run{EXPORTERS[key].suffix}"
    assert export([recorded(name)], path) == (path,)
    assert path.stat().st_size > 5_000


REFUSED = {  # by ABF, as ten epochs and sweeps of one length cannot say it; by ATF for the lengths alone
    "abf": {"ap-clamp", "envelope", "recovery"},
    "atf": {"envelope", "recovery"},
}


@pytest.mark.parametrize("key", ["abf", "atf"])
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_goes_to_axon_formats_or_is_refused_in_a_sentence(
    name: str, key: str, tmp_path: Path
) -> None:
    path = tmp_path / f"run{EXPORTERS[key].suffix}"
    if name in REFUSED[key]:
        with pytest.raises(VClampError) as caught:
            export([recorded(name)], path)
        assert caught.value.remedy
        assert not path.exists()
    else:
        export([recorded(name)], path)  # which reads it back: tests/storage ask foreign readers
        assert path.stat().st_size > 1000


def test_every_format_is_tried_here() -> None:
    assert set(EXPORTERS) == {*READERS, "png", "svg", "pdf", "html", "abf", "atf"}
