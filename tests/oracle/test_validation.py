"""The engine and independent programs agree on whole experiments, as .github/VALIDATION.md tells of all sweeps."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec

import pytest
from oracle import experiments
from oracle.comparison import played
from oracle.experiments import EXPERIMENTS, NEURON, SCIPY, Difference, Experiment
from oracle.validate import TABLE, Aside, heading, legend

from vclamp.model.rig import Rig


def needs(experiment: Experiment) -> None:
    """Skip where the other program is not installed."""
    if not find_spec(experiment.program.split()[0].lower()):
        pytest.skip(f"{experiment.program} is not installed: pip install -e '.[bench]'")


def check(experiment: Experiment, differences: Sequence[Difference]) -> None:
    for line, found in zip(experiment.compared, differences, strict=True):
        assert found.is_allowed, f"{line.label}: {found.absolute:.1e} {found.unit} apart; allowed is {line.limit}"


@pytest.mark.parametrize("experiment", [*NEURON, *SCIPY], ids=str)
def test_the_engine_agrees_in_every_fourth_sweep_with(experiment: Experiment) -> None:
    needs(experiment)
    check(experiment, experiment.differences(every=4))


@pytest.fixture(scope="module")
def aside() -> Iterator[Aside]:
    with Aside() as processes:
        yield processes


@pytest.mark.campaign
@pytest.mark.parametrize("number", range(len(EXPERIMENTS)), ids=lambda number: str(EXPERIMENTS[number]))
def test_the_engine_agrees_in_every_sweep_with(number: int, aside: Aside) -> None:
    needs(EXPERIMENTS[number])
    check(EXPERIMENTS[number], aside.differences(number))


def wrong(rig: Rig) -> Rig:
    """With a first channel that is a thousandth larger, and 0.05 °C warmer."""
    first, *others = rig.cell.channels
    larger = replace(first, **{first.pore.AMOUNT: first.amount * 1.001})
    solutions = replace(rig.solutions, temperature_K=rig.solutions.temperature_K + 0.05)
    return replace(rig, cell=replace(rig.cell, channels=(larger, *others)), solutions=solutions)


@pytest.mark.parametrize("experiment", [*NEURON, *SCIPY], ids=str)
def test_a_slightly_different_cell_is_found_out_by(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    needs(experiment)
    monkeypatch.setattr(experiments, "played", lambda rig, *sweep: played(wrong(rig), *sweep))
    assert not any(found.is_allowed for found in experiment.differences(every=99))


def test_the_published_table_is_of_these_experiments() -> None:
    text = TABLE.read_text(encoding="utf-8")
    for experiment in EXPERIMENTS:
        for line in experiment.compared:
            assert heading(experiment, line) in text
    assert legend() in text
    assert text.count("\n| ") == 1 + sum(len(e.compared) for e in EXPERIMENTS)
