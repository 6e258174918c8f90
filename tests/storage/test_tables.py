"""Tables of all samples: tidy, named with their units, and read by pandas and pyarrow bit for bit."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recordings import made_up_recording, made_up_sweep

from vclamp.errors import CancelledError, VClampError
from vclamp.model.files import from_data
from vclamp.model.protocol import Protocol
from vclamp.model.record import About, Recording
from vclamp.model.rig import Rig
from vclamp.storage import parquet, tables

FIRST = replace(made_up_recording(3, 400), about=About("2026-11-20T14:03:11Z", "patch 3 ±", "a note", ("good",)))
SECOND = made_up_recording(2, 300)
FORMATS = pytest.mark.parametrize("table", [tables, parquet], ids=["csv", "parquet"])


def odd_recording() -> Recording:
    """A run with a sweep whose traces have other names and awkward numbers."""
    names = ("=cmd()", *FIRST.sweeps[0].names[1:])
    sweep = replace(made_up_sweep(1, n_samples=50), names=names)
    values = sweep.values.copy()
    values[1, :5] = (np.nan, np.inf, -np.inf, -0.0, 5e-324)
    return replace(FIRST, sweeps=(FIRST.sweeps[0], replace(sweep, values=values)))


def bits(values: object) -> bytes:
    return np.asarray(values, float).tobytes()


# ---- both


@FORMATS
@pytest.mark.parametrize("recordings", [[FIRST], [FIRST, SECOND], [odd_recording()]], ids=["one", "two", "odd"])
def test_what_is_written_checks_and_any_changed_bit_does_not(
    table, recordings: list[Recording], tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a.table"
    table.write(recordings, path)
    table.check(recordings, path)
    sweep = recordings[-1].sweeps[-1]
    values = sweep.values.copy()
    values[-1, -1] = np.nextafter(values[-1, -1], np.inf)
    changed = replace(recordings[-1], sweeps=(*recordings[-1].sweeps[:-1], replace(sweep, values=values)))
    fewer = replace(recordings[-1], sweeps=recordings[-1].sweeps[:-1])
    for other in (changed, fewer):
        with pytest.raises(VClampError, match=r"^a.table: "):
            table.check([*recordings[:-1], other], path)


@FORMATS
def test_the_rows_of_one_sweep_are_the_same_in_pieces_of_any_size(
    table,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]
) -> None:
    import pandas

    read: Callable[[Path], pandas.DataFrame] = pandas.read_csv if table is tables else pandas.read_parquet
    found = []
    for most in (7, 1000):
        monkeypatch.setattr(table, "BLOCK" if table is tables else "ROWS", most)
        table.write([FIRST, SECOND], tmp_path / "a")
        table.check([FIRST, SECOND], tmp_path / "a")
        found.append(read(tmp_path / "a"))
    pandas.testing.assert_frame_equal(*found, check_exact=True)
    assert len(found[0]) == 3 * 400 + 2 * 300


@FORMATS
def test_progress_rises_to_1_in_writing_and_in_checking_and_may_cancel(table, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    def refuse(done: float) -> None:
        raise CancelledError

    for work in (table.write, table.check):
        told: list[float] = []
        work([FIRST, SECOND], tmp_path / "a", told.append)
        assert told == sorted(told)
        assert (len(told), told[-1]) == (5, 1.0)
        with pytest.raises(CancelledError):
            work([FIRST, SECOND], tmp_path / ("a" if work is table.check else "b"), refuse)


# ---- CSV


def test_csv_of_one_run_has_no_column_for_it_and_of_two_has(tmp_path: Path) -> None:
    for recordings, first in (([FIRST], ["sweep", "time_ms"]), ([FIRST, SECOND], ["run", "sweep", "time_ms"])):
        tables.write(recordings, tmp_path / "a.csv")
        rows = list(csv.reader((tmp_path / "a.csv").read_text().splitlines()))
        assert rows[0] == [*first, *FIRST.sweeps[0].names]
    assert rows[1][:3] == ["1", "0", "0.0"]
    assert rows[-1][:3] == ["2", "1", "5.98"]


def test_pyarrow_reads_the_numbers_of_a_csv_to_the_same_bits(tmp_path: Path) -> None:
    import pyarrow.csv

    tables.write([FIRST], tmp_path / "a.csv")
    table = pyarrow.csv.read_csv(tmp_path / "a.csv")
    for name in FIRST.sweeps[0].names:
        assert bits(table[name]) == b"".join(bits(sweep[name]) for sweep in FIRST.sweeps)


# ---- Parquet


def test_pandas_reads_every_trace_of_every_run_bit_for_bit(tmp_path: Path) -> None:
    import pandas

    parquet.write([FIRST, SECOND], tmp_path / "a.parquet")
    frame = pandas.read_parquet(tmp_path / "a.parquet")
    assert list(frame.columns) == ["run", "sweep", "time_ms", *FIRST.sweeps[0].names]
    assert set(map(str, frame.dtypes[2:])) == {"float64"}
    for number, recording in enumerate([FIRST, SECOND], 1):
        for sweep in recording.sweeps:
            rows = frame[(frame["run"] == number) & (frame["sweep"] == sweep.index)]
            assert bits(rows["time_ms"]) == bits(np.arange(sweep.values.shape[1]) / 50.0)
            for name in sweep.names:
                assert bits(rows[name]) == bits(sweep[name])


def test_a_trace_that_a_sweep_lacks_is_null_and_not_a_number_stays_one(tmp_path: Path) -> None:
    import pyarrow.parquet

    parquet.write([odd_recording()], tmp_path / "a.parquet")
    whole = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert whole["=cmd()"].null_count == 400
    assert whole["command_mV"].null_count == 50
    assert whole["v_mV"].null_count == 0
    assert np.isnan(whole["v_mV"].to_numpy()[400])


def test_columns_say_their_units_and_the_metadata_hold_all_a_replay_needs(tmp_path: Path) -> None:
    import pyarrow.parquet

    parquet.write([FIRST, SECOND], tmp_path / "a.parquet")
    schema = pyarrow.parquet.read_schema(tmp_path / "a.parquet")
    units = {name: (schema.field(name).metadata or {}).get(b"unit") for name in schema.names}
    assert (units["i_na_pA"], units["v_mV"], units["time_ms"], units["p_open_na"]) == (b"pA", b"mV", b"ms", b"1")
    one, two = json.loads(schema.metadata[b"vclamp"])["runs"]
    assert (one["run"], two["run"], one["seed"]) == (1, 2, 2**100 + 1)
    assert (one["about"]["name"], one["about"]["tags"], one["cell"]) == ("patch 3 ±", ["good"], "Squid giant axon")
    assert from_data(Rig, one["rig_data"], "rig") == FIRST.header.rig
    assert from_data(Protocol, one["protocol_data"], "protocol") == FIRST.header.protocol


def test_another_rig_seed_or_note_is_another_file(tmp_path: Path) -> None:
    parquet.write([FIRST], tmp_path / "a.parquet")
    for other in (
        replace(FIRST, header=replace(FIRST.header, seed=1)),
        replace(FIRST, about=replace(FIRST.about, note="another")),
    ):
        with pytest.raises(VClampError, match="does not read back"):
            parquet.check([other], tmp_path / "a.parquet")


@pytest.mark.parametrize("keep", [0, 100, 20_000, -1])
def test_a_cut_file_is_refused_in_a_sentence(keep: int, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write([FIRST], path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(VClampError, match=r"^a.parquet: cannot be read again \(.*\)\.$"):
        parquet.check([FIRST], path)


def test_every_sweep_is_a_row_group_so_that_one_can_be_read_alone(tmp_path: Path) -> None:
    import pyarrow.parquet

    parquet.write([FIRST, SECOND], tmp_path / "a.parquet")
    with pyarrow.parquet.ParquetFile(tmp_path / "a.parquet") as file:
        assert file.num_row_groups == 5
        (column,) = file.read_row_group(3, columns=["i_pA"]).columns
    assert bits(column) == bits(SECOND.sweeps[0]["i_pA"])
