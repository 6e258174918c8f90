"""Analyses of a recording of which nothing is known but its command and its current."""

from dataclasses import replace
from functools import cache
from math import isnan

import numpy as np
import pytest

from vclamp import paths
from vclamp.analysis.analyses import ANALYSES, analyse, suitable
from vclamp.analysis.results import Question, Result
from vclamp.errors import VClampError
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.record import About, Recording, Sweep
from vclamp.model.rig import Cell, Rig
from vclamp.run.runner import record

PROTOCOLS = ("iv", "tail", "inactivation", "recovery", "ramp", "envelope", "gating-charge", "compensation")
CLEAR_ms = 0.6  # after a step, when nothing of a recording without a transient is hidden


@cache
def whole(name: str) -> Recording:
    protocol = load_protocol(paths.PROTOCOLS / f"{name}.toml")
    rig = load_rig(paths.find(protocol.opens.cell or "squid-axon", paths.CELLS, "cell"))
    return record(rig, protocol, seed=1)


@cache
def foreign(name: str) -> Recording:
    """The same run as the file of another program tells it."""
    run, rig = whole(name), Rig(Cell("foreign", 20.0))

    def bare(sweep: Sweep) -> Sweep:
        kept = ("command_mV", "i_pA")
        return replace(sweep, names=kept, values=np.array([sweep[n] for n in kept]), start=(), rig=rig, changes=())

    header = replace(run.header, rig=rig, seed=0, version="")
    return Recording(header, tuple(map(bare, run.sweeps)), about=About(source="a.abf"))


def answered(analysis: str, recording: Recording, question: Question) -> Result | str:
    try:
        return analyse(analysis, [recording], question)
    except VClampError as error:
        return str(error)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_analysis_answers_or_says_why_not_and_tells_no_truth(name: str) -> None:
    for analysis in ANALYSES:
        for question in (Question(), Question(against="membrane"), Question("v_mV")):
            told = answered(analysis, foreign(name), question)
            if isinstance(told, str):
                assert any(part in told for part in ("has no mark", "no trace 'v_mV'", "no step that"))
                continue
            assert told.estimates or told.curves or told.notes
            assert all(isnan(estimate.truth) for estimate in told.estimates), analysis
            assert not any(fitted.truth is not None and np.isfinite(fitted.truth).any() for fitted in told.curves)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_suits_the_run_suits_its_foreign_copy_unless_it_asks_for_the_channels(name: str) -> None:
    assert {*suitable(whole(name))} - {*suitable(foreign(name))} <= {"gating-charge"}


def window(name: str, mark: str) -> tuple[float, float]:
    """The window of a mark without its beginning."""
    protocol = whole(name).header.protocol
    first, last = (sample / protocol.fs_kHz for sample in protocol.window(mark, 0))
    return first + CLEAR_ms, last if last > first + 1.0 else first + 10.0


@pytest.mark.parametrize(
    ("name", "analysis", "mark", "question"),
    [
        ("iv", "peak-iv", "peak", Question()),
        ("iv", "steady-iv", "steady", Question()),
        ("iv", "gv", "steady", Question(e_rev_mV=-77.0)),
        ("iv", "exponentials", "peak", Question()),
        ("iv", "measure", "peak", Question()),
        ("tail", "deactivation-tau", "tail", Question()),
        ("inactivation", "availability", "peak", Question()),
        ("recovery", "recovery", "", Question()),
    ],
)
def test_a_foreign_copy_gives_the_numbers_of_the_run(name: str, analysis: str, mark: str, question: Question) -> None:
    asked = replace(question, window_ms=window(name, mark)) if mark else question
    own, other = (analyse(analysis, [recording], asked) for recording in (whole(name), foreign(name)))
    assert other.curves
    for one, two in zip(own.curves, other.curves, strict=True):
        np.testing.assert_array_equal(one.curve.y, two.curve.y)
    assert values(own) == pytest.approx(values(other), rel=1e-9, nan_ok=True)
    assert values(own) or analysis == "measure"


def values(result: Result) -> dict[str, float]:
    """Its numbers, but for a charge that needs the temperature."""
    return {e.name: e.value for e in result.estimates if not e.name.startswith("z_e")}


def test_the_tails_of_a_foreign_copy_reverse_where_those_of_the_run_do() -> None:
    told = analyse("tail-iv", [foreign("tail")], Question())
    assert told["e_rev_mV"].value == pytest.approx(-77.0, abs=0.6)


def test_a_charge_is_told_to_be_that_at_an_assumed_temperature() -> None:
    told = analyse("steady-iv", [foreign("iv")], Question())
    assert told["z_e"].value != pytest.approx(analyse("steady-iv", [whole("iv")], Question())["z_e"].value)
    assert "z_e is that at 22 °C: the file tells no temperature." in told.notes


def test_a_membrane_test_finds_the_cell_without_knowing_it() -> None:
    told = analyse("membrane-test", [foreign("membrane-test")], Question())
    truth = analyse("membrane-test", [whole("membrane-test")], Question())["total_MOhm"].truth
    assert told["total_MOhm"].value == pytest.approx(truth, rel=0.02)
    assert any(note.startswith("The amplifier's filter is not known") for note in told.notes)
