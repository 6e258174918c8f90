"""Wherever the program is started, it starts, or leaves with code 3 and one sentence."""

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from surroundings import CASES, MOUNTS, PROGRAM, SLOW, WINDOW, Ended, Place, fresh

from vclamp import cli, paths

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what may be wrong with a Linux system")
long = (pytest.mark.campaign, pytest.mark.timeout(1200))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = fresh(tmp_path / "place")
    yield place
    place.leave()


def check(ended: Ended, what: str) -> None:
    """It did what it should, or said in one sentence why it cannot."""
    if ended.code == 0:
        assert ended.errors == "", what
    else:
        assert ended.code == 3, f"{what}: {ended}"
        assert ended.errors.startswith("vclamp: "), what
        assert "\n" not in ended.errors, what


def put_into(place: Place, name: str) -> None:
    try:
        {**CASES, **SLOW}[name](place)
    except Exception as error:
        if name not in MOUNTS:
            raise
        pytest.skip(f"mounting is not allowed here: {error}")


def test_a_protocol_runs_where_there_is_neither_home_nor_user(place: Place) -> None:
    put_into(place, "no home and no user")
    assert place.run(*PROGRAM, "run", "iv", "-o", "out.csv") == Ended(0, "")


@pytest.mark.parametrize("name", [pytest.param(name, marks=long) for name in (*CASES, *SLOW)])
def test_the_program_starts_or_says_why_not(name: str, place: Place) -> None:
    put_into(place, name)
    check(place.run(*PROGRAM, "--version"), "version")
    check(place.run(*PROGRAM, "list", "channels"), "list")
    check(place.run(*PROGRAM, "run", "iv", "-o", "out.csv"), "run")
    assert (place.here / "out.csv").stat().st_size > 10_000
    if name != "home is relative":  # which the driver of the window refuses, not the program
        check(place.run(*WINDOW), "window")


@pytest.mark.campaign
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kernels", ["compiled", "not compiled"])
def test_two_may_start_at_once(kernels: str, place: Place) -> None:
    if kernels == "not compiled":
        put_into(place, "no cache")
    with ThreadPoolExecutor(2) as pool:
        for ended in [pool.submit(place.run, *WINDOW, timeout_s=300.0) for _ in range(2)]:
            check(ended.result(), kernels)


def test_where_there_is_neither_home_nor_user_a_place_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("VCLAMP_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(paths.Path, "home", none)
    assert paths.user_folder().is_relative_to(tmp_path)
    assert paths.folder_of_yours("protocols").is_dir()


@pytest.mark.parametrize(("name", "folder"), [("VCLAMP_HOME", "user_folder"), ("VCLAMP_CACHE", "cache_folder")])
def test_a_place_that_is_set_to_nothing_is_not_the_folder_one_stands_in(
    name: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "")
    assert getattr(paths, folder)().is_absolute()


def test_a_terminal_that_lacks_a_letter_is_told_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "channels"]) == 0
    assert sys.stdout.errors == "replace"
    assert "K⁺" in capsys.readouterr().out
