"""Whatever the clock of the computer says, times are kept in UTC and read back as they were."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from recordings import made_up_recording

from vclamp.model.record import About
from vclamp.publish.exporters import export
from vclamp.storage import database, session
from vclamp.storage.recordings import load
from vclamp.storage.session import Session, new_session_path
from vclamp.ui.shelf import local_time

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone cannot be set here")
MOMENTS = {
    "the first second": datetime(1970, 1, 1, 0, 0, 0, 1000, UTC),
    "the last of 31 bits": datetime(2038, 1, 19, 3, 14, 7, 999000, UTC),
    "the next": datetime(2038, 1, 19, 3, 14, 8, 0, UTC),
    "a year without a 29th of February": datetime(2100, 2, 28, 23, 59, 59, 0, UTC),
    "an hour that Berlin has twice": datetime(2026, 10, 25, 0, 30, 0, 0, UTC),
    "the same an hour later": datetime(2026, 10, 25, 1, 30, 0, 0, UTC),
    "an hour that Berlin has not": datetime(2026, 3, 29, 1, 0, 0, 0, UTC),
}
any_moment = pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The computer changes its clocks in spring and autumn."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def set_clocks(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Let the program believe that it is this time."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return moment.astimezone(tz)  # type: ignore[arg-type]

    for module in (database, session):
        monkeypatch.setattr(module, "datetime", Clock)


@any_moment
def test_a_session_keeps_its_times_in_utc(moment: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_clocks(monkeypatch, moment)
    recording = made_up_recording(1, 100)
    path = new_session_path(tmp_path)
    with Session.create(path, exclusive=False) as sitting:
        run = sitting.add_run(recording.header)
        sitting.add_sweep(run, recording.sweeps[0])
        sitting.finish_run(run, recording.finished)
    assert path.stem == moment.strftime("%Y-%m-%d_%H%M%S")
    assert new_session_path(tmp_path).stem == f"{path.stem}_2", "in the same second there is another name"
    with Session.open(path) as sitting:
        (info,) = sitting.runs()
    for kept in (info.started_utc, info.finished_utc):
        assert kept is not None
        assert kept.endswith("+00:00")
        assert abs(datetime.fromisoformat(kept) - moment) < timedelta(milliseconds=1)


@pytest.mark.parametrize("ending", ["abf", "vclamp"])
def test_an_export_tells_the_same_time(ending: str, tmp_path: Path) -> None:
    moment = MOMENTS["an hour that Berlin has twice"]
    recording = made_up_recording(1, 100)
    about = About(started_utc=moment.isoformat(timespec="milliseconds"))
    export([type(recording)(recording.header, recording.sweeps, recording.finished, about)], tmp_path / f"a.{ending}")
    (back,) = load(tmp_path / f"a.{ending}")
    assert abs(datetime.fromisoformat(back.about.started_utc) - moment) < timedelta(milliseconds=2)


@any_moment
def test_the_list_of_runs_shows_the_time_of_this_place(moment: datetime) -> None:
    shown = local_time(moment.isoformat(timespec="milliseconds"))
    assert shown == moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize("utc", ["", "now", "2026-13-01", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
def test_a_time_that_no_clock_shows_breaks_nothing(utc: str) -> None:
    assert local_time(utc) == "" or utc[:4] in ("0001", "9999")
