"""What a protocol amounts to is known before it runs, and is what then comes out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vclamp import paths
from vclamp.cli import main
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.protocol import Conditioning, Hold, Ladder, Leak, Protocol, Ramp, Segment, Series, Step, Train
from vclamp.model.summary import summary
from vclamp.run.runner import record

SQUID = load_rig(paths.CELLS / "squid-axon.toml")
Captured = pytest.CaptureFixture[str]


def protocol(*segments: Segment, **changes: Any) -> Protocol:
    return Protocol(
        **{"name": "test", "segments": segments, "n_sweeps": 3, "hold_mV": -80.0, "fs_kHz": 10.0, **changes}
    )


FAMILY = protocol(Hold(5.0), Step(Ladder(-60.0, 30.0), (10.0, 20.0, 40.0), "test"), Hold(5.0))


def test_sweeps_samples_and_memory_are_those_of_the_recording() -> None:
    for made in (FAMILY, replace(FAMILY, series=Series("random", 3, repeats=2)), replace(FAMILY, leak=Leak(2))):
        found = summary(made, SQUID)
        sweeps = record(SQUID, made).sweeps
        assert found.n_sweeps == len(sweeps)
        assert found.n_samples == sum(sweep.values.shape[1] for sweep in sweeps)
        assert found.n_bytes == sum(sweep.values.nbytes for sweep in sweeps)
        assert found.recorded_ms == pytest.approx(found.n_samples / 10.0)
    assert summary(FAMILY).n_bytes is None


def test_times_are_counted_from_start_to_start_and_end_with_the_last_sweep() -> None:
    steps = protocol(Step(0.0, 10.0), interval_ms=100.0)
    assert (summary(steps).simulated_ms, summary(steps).real_ms) == (30, 210)  # rest is not lived through
    lived = summary(replace(steps, between="interval"))
    assert (lived.simulated_ms, lived.real_ms) == (210, 210)
    back_to_back = summary(replace(steps, interval_ms=0.0))
    assert (back_to_back.simulated_ms, back_to_back.real_ms) == (30, 30)
    repeated = summary(replace(steps, series=Series(repeats=2, first_delay_ms=50.0)))
    assert (repeated.simulated_ms, repeated.real_ms) == (110, 560)


def test_what_is_played_beside_the_sweeps_takes_its_time() -> None:
    busy = protocol(
        Step(0.0, 10.0), n_sweeps=2, series=Series(averages=2), leak=Leak(4, settle_ms=20.0, gap_ms=2.0),
        conditioning=Conditioning(2, 0.0, 5.0, -90.0),
    )  # fmt: skip
    assert summary(busy).real_ms == 2 * (2 * (10 + 10) + 4 * 10 + 3 * 2 + 2 * 20)
    assert summary(busy).recorded_ms == 20


def test_the_table_has_a_row_for_each_sweep_and_a_column_for_all_that_varies() -> None:
    found = summary(FAMILY)
    assert found.columns == ("test level_mV", "test duration_ms")
    assert found.rows == ((-60, 10), (-30, 20), (0, 40))


def test_the_table_is_in_the_order_of_recording() -> None:
    found = summary(replace(FAMILY, series=Series("reverse", repeats=2)))
    assert found.rows == ((0, 40), (-30, 20), (-60, 10))
    assert found.text.endswith("and so 2 times")


def test_the_table_gives_actual_values() -> None:
    made = protocol(
        Ramp(Ladder(0.0, 10.0), 5.0, from_mV=(1.0, 2.0, 3.0), relative=True),
        Train(5.0, 2.0, Ladder(0.5, 0.5), level_mV=Ladder(5.0, factor=2.0), base_mV=-70.0, name="train"),
        hold_mV=-90.0,
    )
    found = summary(made)
    assert found.columns == ("segments[0] to_mV", "segments[0] from_mV", "train width_ms", "train level_mV")
    assert found.rows == ((-90, -89, 0.5, 5), (-80, -88, 1.0, 10), (-70, -87, 1.5, 20))
    for sweep, row in enumerate(found.rows):
        course = made.course(sweep)
        assert (course.end_mV[0], course.start_mV[0], course.start_mV[1]) == (row[0], row[1], row[3])


def test_a_protocol_without_ladders_has_no_table() -> None:
    found = summary(protocol(Hold(5.0)))
    assert (found.columns, found.rows) == ((), ((), (), ()))
    assert found.text == "150 samples\n15 ms simulated, 15 ms at the speed of a real rig"


def test_its_text_is_a_table_that_people_can_read() -> None:
    assert summary(replace(FAMILY, interval_ms=1000.0), SQUID).text.splitlines() == [
        "1,000 samples, 85.9 kB of traces",
        "100 ms simulated, 2.05 s at the speed of a real rig",
        "sweep  test level_mV  test duration_ms",
        "    1            -60                10",
        "    2            -30                20",
        "    3              0                40",
    ]


# ---- the command line


def test_check_sums_a_protocol_up_and_warns(capsys: Captured) -> None:
    path = str(paths.PROTOCOLS / "strong-activation.toml")
    assert main(["check", path, "--cell", "squid-axon"]) == 0
    said, complaints = capsys.readouterr()
    first, *others = said.splitlines()
    assert first == f"{path}: protocol, 13 sweeps, 390 ms"
    assert "sweep  test level_mV" in others
    assert "   13            240" in others
    assert others[-1].startswith("warning: segments[1] (test): it goes to 240 mV, where na, k, leak can no longer")
    assert complaints == ""


def test_check_takes_the_cell_that_the_protocol_is_made_for(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "far.toml"
    text = (paths.PROTOCOLS / "iv.toml").read_text(encoding="utf-8").split("[opens]")[0]
    file.write_text(text.replace("start = -80.0", "start = -20.0") + '\n[opens]\ncell = "squid-axon"\n')
    assert main(["check", str(file)]) == 0
    said, _ = capsys.readouterr()
    assert "where na, k can no longer be trusted (only to 100 mV)" in said
    assert load_protocol(file).opens.cell == "squid-axon"


def test_check_says_of_many_files_a_line_each(capsys: Captured) -> None:
    files = [str(paths.PROTOCOLS / name) for name in ("iv.toml", "tail.toml")]
    assert main(["check", *files]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["check", *files, "--cell", "squid-axon"]) == 0  # but all there is to say if a cell is given
    assert capsys.readouterr().out.count("sweep  t") == 2


def test_check_refuses_a_cell_that_is_none(capsys: Captured) -> None:
    assert main(["check", str(paths.PROTOCOLS / "iv.toml"), "--cell", "squid-axn"]) == 2
    said, complaints = capsys.readouterr()
    assert said == ""
    assert complaints == "vclamp: squid-axn: no cell or file of that name. Did you mean 'squid-axon'?\n"
