"""Whatever the numbers of a rig are, they are refused, or nothing that is computed leaves its range."""

import os
import re
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from checked_cases import AMPLIFIERS
from extremes import PROTOCOL, a_case

from vclamp import paths
from vclamp.engine.kernels.tables import LIMIT_mV
from vclamp.engine.simulation import Simulation
from vclamp.errors import VClampError
from vclamp.model.files import load_rig
from vclamp.model.protocol import Protocol, Step
from vclamp.model.record import Chunk, Finished, Sweep
from vclamp.model.rig import Amplifier, Rig
from vclamp.run import sweeps
from vclamp.run.runner import Inbox, record, run

ROUNDING = 1e-12
MOST_SAMPLES = 30_000  # of a run whose protocol has become another


def wrong(rig: Rig, sweep: Sweep) -> list[str]:
    """What must not be in a sweep."""
    found = [
        f"{name} is not finite" for name, row in zip(sweep.names, sweep.values, strict=True) if not all_finite(row)
    ]
    if found:
        return found
    if np.abs(sweep["v_mV"]).max() > max(LIMIT_mV, 2 * 250.0 + abs(rig.amplifier.unseen_mV)):
        found.append("v_mV leaves what a membrane can have")
    for name, row in zip(sweep.names, sweep.values, strict=True):
        most = 1.0 + ROUNDING * name.startswith("state_")
        if name.startswith(("p_open_", "gate_", "state_")) and not 0.0 <= row.min() <= row.max() <= most:
            found.append(f"{name} is {row.min()} to {row.max()}")
    for channel in rig.cell.channels:
        states = [row for name, row in zip(sweep.names, sweep.values, strict=True)
                  if name.startswith(f"state_{channel.name}_")]  # fmt: skip
        if states and not any(other.name.startswith(f"{channel.name}_") for other in rig.cell.channels):
            found += [
                f"{channel.name} is {off} off 1" for off in [np.abs(np.sum(states, axis=0) - 1.0).max()] if off > 1e-12
            ]
    return found


def all_finite(row: np.ndarray) -> bool:
    return bool(np.isfinite(row).all())


def outcome(seed: int) -> tuple[str, list[str]]:
    """What became of a case, and what was wrong with it."""
    try:
        rig, protocol = a_case(seed)
        if protocol.total_sweeps * protocol.n_samples(0) > MOST_SAMPLES:
            return "too long", []
        return "ran", wrong(rig, record(rig, protocol, seed=seed).sweeps[0])
    except VClampError as refusal:
        said = str(refusal)
        stopped = "is no number from" in said
        return "stopped" if stopped else "refused", [said] if stopped or "internal error" in said else []


def try_all(seeds: range, budget_s: float = float("inf")) -> Counter[str]:
    """Every case, as far as there is time."""
    figures, began_s = Counter[str](), time.monotonic()
    for seed in seeds:
        if time.monotonic() - began_s > budget_s:
            break
        what, faults = outcome(seed)
        assert faults == [], seed
        figures[what] += 1
    return figures


BUDGET_S = float(os.environ.get("CAMPAIGN_S", "1500"))  # what is not done by then is left out
long = pytest.param(50_000, BUDGET_S, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)])


@pytest.mark.parametrize(("n", "budget_s"), [(15, 60.0), long])
def test_extreme_numbers_are_refused_or_computed_with(n: int, budget_s: float) -> None:
    figures = try_all(range(n), budget_s)
    print(dict(figures))
    assert min(figures["ran"], figures["refused"]) > 0.1 * figures.total()


def test_a_clamp_that_grows_beyond_all_numbers_stays_at_its_rails() -> None:
    dials = {"rs_est_MOhm": 1000.0, "cm_est_pF": 18.0, "correction_percent": 70.0, "prediction_percent": 60.0}
    amplifier = Amplifier(rs_MOhm=5.0, circuit="full", tau_sum_ms=8.6e-4, **dials)  # type: ignore[arg-type]
    rig = replace(load_rig(paths.CELLS / "squid-axon.toml"), amplifier=amplifier)
    assert wrong(rig, record(rig, PROTOCOL).sweeps[0]) == []


# ---- what leaves the numbers all the same

KINDS = [Amplifier(), Amplifier(rs_MOhm=5.0), Amplifier(mode="current-clamp")]
behind_any_amplifier = pytest.mark.parametrize("amplifier", KINDS, ids=["ideal", "resistive", "current clamp"])


def unchecked(amplifier: Amplifier, g_nS: float = float("nan")) -> Rig:
    """A rig that no validator has seen."""
    rig = load_rig(paths.CELLS / "squid-axon.toml")
    channels = tuple(replace(channel, g_nS=g_nS) for channel in rig.cell.channels)
    return replace(rig, cell=replace(rig.cell, channels=channels), amplifier=amplifier)


@behind_any_amplifier
def test_a_model_that_leaves_the_numbers_stops_there_and_says_what_and_when(amplifier: Amplifier) -> None:
    whole = load_rig(paths.CELLS / "squid-axon.toml")
    inbox, events = Inbox(2.0), []
    for event in run(replace(whole, amplifier=amplifier), replace(PROTOCOL, n_sweeps=2), inbox=inbox):
        events.append(event)
        if isinstance(event, Chunk) and (event.sweep, event.first) == (1, 80):
            inbox.put(unchecked(amplifier))
    chunks = [event for event in events if isinstance(event, Chunk)]
    assert all(np.isfinite(chunk.values[:, chunk.first : chunk.last]).all() for chunk in chunks)
    assert [sum(isinstance(event, kind) for event in events) for kind in (Sweep, Finished)] == [1, 1]
    assert (chunks[-1].sweep, events[-1].reason) == (1, "failed")
    assert re.match(r"i_\w*pA is no number from sample 12[1-3] of sweep 2 on\. Some value", events[-1].message)
    assert chunks[-1].last == int(events[-1].message.split()[6]) - 1


def test_a_family_that_is_played_at_once_stops_at_its_first_bad_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(self: Simulation, first: int, values: np.ndarray) -> None:
        play_family(self, first, values)
        values[2, 2:4, 77] = np.inf

    play_family = Simulation.play_family
    monkeypatch.setattr(Simulation, "play_family", spoil)
    rig, steps = load_rig(paths.CELLS / "squid-axon.toml"), Protocol("steps", (Step(0.0, 5.0),), 4, hold_mV=-80.0)
    events = list(run(rig, steps))
    assert sum(isinstance(event, Sweep) for event in events) == 2
    assert events[-1].message.startswith("i_pA is no number from sample 78 of sweep 3 on.")


@behind_any_amplifier
def test_the_tests_above_see_what_is_kept_out(amplifier: Amplifier, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = unchecked(amplifier)
    with pytest.raises(VClampError, match="is no number from sample 1 "):
        record(rig, PROTOCOL)
    monkeypatch.setattr(sweeps, "_good_until", lambda names, values, first, last: last)
    assert wrong(rig, record(rig, PROTOCOL).sweeps[0]) != []


def test_probabilities_add_up_also_where_the_amplifier_oscillates() -> None:
    """Nothing is corrected more than all of R_s: the membrane is whipped between its ends, faster than any step."""
    rig = load_rig(paths.CELLS / "hek-kv-mwc-weak-linker.toml")
    wild = replace(AMPLIFIERS["full"], rs_est_MOhm=5.0, correction_percent=100.0)
    rig = replace(rig, amplifier=wild, cell=replace(rig.cell, record_states=True))
    sweep = record(rig, PROTOCOL).sweeps[0]
    assert np.ptp(sweep["v_mV"]) > 400.0
    assert wrong(rig, sweep) == []
