"""`vclamp bench` measures what it says, and goes on where another program is missing or fails."""

import re
import sys
from io import StringIO
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from vclamp.cli import main
from vclamp.engine import simulation  # noqa: F401  (its kernels are watched)
from vclamp.errors import VClampError
from vclamp.run.bench import aside, measure, table
from vclamp.run.bench.peers import Way, scipy
from vclamp.run.bench.squid import Traces, answer
from vclamp.run.bench.workloads import WORKLOADS, edited, family
from vclamp.run.runner import record

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("name", "title", "greatest_error"),
    [
        ("W1", "W1 ideal clamp, 20 steps: 60,000 samples of 11 traces", 1e-12),
        ("W2", "W2 ideal clamp, ramp of 1 s: 50,000 samples of 11 traces", 1e-6),
    ],
)
def test_the_table_of_one_workload_names_its_samples_times_and_error(
    name: str, title: str, greatest_error: float, capsys: Captured
) -> None:
    assert main(["bench", "--only", name, "--peers", "none", "--repeats", "1"]) == 0
    said, complaints = capsys.readouterr()
    assert complaints == ""
    assert f"{title}\n" in said
    for line in ("VClamp, call to arrays", "compiled kernels alone", "writing that many numbers"):
        assert re.search(rf"^  {line} +\d+\.\d{{3}} +[\d.]+", said, re.MULTILINE)
    error = re.search(r"VClamp, call to arrays.* (\S+) of P_open$", said, re.MULTILINE)
    assert error is not None
    assert float(error[1]) < greatest_error
    assert re.search(r"kernels / limit [\d.]+, call / limit [\d.]+, [\d.]+ ns a sample", said)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--only", "W1,W9"],
            "there is no workload 'W9' to bench. There are: W1, W2, W3, W4, W5, W6, linear, slider.",
        ),
        (
            ["--peers", "nest"],
            "there is no program 'nest' to bench. There are: neuron, myokit, jaxley, brian2, scipy.",
        ),
        (["--repeats", "0"], "--repeats: 0 repeats measure nothing. Give 5 or more."),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_sentence(
    options: list[str], sentence: str, capsys: Captured
) -> None:
    assert main(["bench", *options]) == 2
    said, complaints = capsys.readouterr()
    assert (said, complaints) == ("", f"vclamp: {sentence}\n")


def test_a_program_in_its_own_process_gives_times_and_errors(capsys: Captured) -> None:
    assert main(["bench", "--only", "W2", "--peers", "scipy", "--repeats", "1"]) == 0
    said = capsys.readouterr().out
    found = re.search(r"^  scipy LSODA 1e-6 +(\S+) +(\S+) +(\S+)  (\S+) of P_open$", said, re.MULTILINE)
    assert found is not None
    milliseconds, _, real_times, error = map(float, found.groups())
    assert real_times == pytest.approx(1000.0 / milliseconds, rel=1e-3)  # the ramp takes 1 s
    assert error < 1e-6


def test_neuron_solves_the_same_axon_all_at_once_and_sweep_after_sweep(capsys: Captured) -> None:
    pytest.importorskip("neuron")
    assert main(["bench", "--only", "W1", "--peers", "neuron", "--repeats", "1"]) == 0
    said = capsys.readouterr().out
    found = re.findall(r"^  NEURON, 20 (?:cells|runs) .* (\S+) of P_open$", said, re.MULTILINE)
    assert len(found) == 2
    assert all(0.0 < float(error) < 1e-3 for error in found), "its tables of rates are 1 mV apart"


def test_the_slider_is_timed_by_what_was_edited(capsys: Captured) -> None:
    assert main(["bench", "--only", "slider", "--repeats", "1"]) == 0
    said = capsys.readouterr().out
    times = dict(re.findall(r"^  (after .*?|of it .*?) +([\d.]+) ms", said, re.MULTILINE))
    assert list(times) == ["after a conductance", "after the temperature", "of it the traces", "of it the fit"]
    assert all(float(time) > 0.0 for time in times.values())
    assert len(re.findall(r"ms, (kept|missed)$", said, re.MULTILINE)) == 2


def test_programs_that_are_missing_or_fail_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> Traces:
        raise RuntimeError("no such thing")

    def serve(program: str) -> str:
        replies = StringIO()
        aside.serve(program, WORKLOADS["W1"](), [], replies)
        return replies.getvalue()

    monkeypatch.setitem(sys.modules, "myokit", None)
    assert serve("myokit") == '{"myokit": "not installed"}\n'
    monkeypatch.setattr(scipy, "ways", lambda _: {"broken": Way(fails), "idle": "left out: too slow"})
    assert serve("scipy") == '{"broken": "failed: RuntimeError: no such thing", "idle": "left out: too slow"}\n'


def test_a_process_that_dies_costs_only_its_own_lines() -> None:
    with aside.Aside("neuron", "W1", (sys.executable, "-c", "")) as dead:
        assert dead.ways == {"neuron": "failed: its process ended"}
        assert np.isnan(dead.clock("any")())


def test_medians_leave_out_the_warm_up_take_turns_and_ask_the_quick_twice() -> None:
    order: list[str] = []
    ticks = {"a": count(100, -1), "b": count(0, 1e-3)}

    def clock(name: str) -> measure.Clock:
        return lambda: order.append(name) or float(next(ticks[name]))  # type: ignore[func-returns-value]

    assert measure.medians({"a": clock("a"), "b": clock("b")}, 3) == pytest.approx({"a": 98.0, "b": 4e-3})
    assert "".join(order) == "ab" + 3 * "abb"


def test_the_time_before_a_task_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = SimpleNamespace(s=0.0)
    monkeypatch.setattr(measure, "perf_counter", lambda: now.s)

    def passing(seconds: float) -> None:
        now.s += seconds

    assert measure.whole(lambda: passing(2.0), lambda: passing(5.0))() == 2.0


def test_kernels_take_part_of_the_call_and_are_put_back_after() -> None:
    workload = WORKLOADS["W1"]()
    protocol = family(2)

    def run() -> object:
        return record(workload.rig, protocol)

    run()
    kernels = [
        (module, name, kernel)
        for title, module in sys.modules.items()
        if title.startswith("vclamp.engine")
        for name, kernel in vars(module).items()
        if name.startswith(measure.KERNELS) and hasattr(kernel, "py_func")
    ]
    assert kernels
    read, inside = measure.inside_kernels(run), []
    seconds = measure.whole(lambda: inside.append(read()))()
    assert 0.0 < inside[0] < seconds
    assert all(getattr(module, name) is kernel for module, name, kernel in kernels)


def test_a_task_without_kernels_spends_no_number_of_seconds_in_them() -> None:
    assert np.isnan(measure.inside_kernels(lambda: None)())


def test_points_of_a_line_have_its_slope_and_an_r2_of_1() -> None:
    assert measure.straight([1.0, 2.0, 4.0], [5.0, 8.0, 14.0]) == pytest.approx((3.0, 1.0))
    # four points about a line: y = 2x + (1, -1, -1, 1), residual 4 of 5 * 4 + 4
    slope, r2 = measure.straight([0.0, 1.0, 2.0, 3.0], [1.0, 1.0, 3.0, 7.0])
    assert (slope, r2) == pytest.approx((2.0, 1.0 - 4.0 / 24.0))


@pytest.mark.parametrize(("name", "within"), [("W1", 1e-5), ("W3", 1e-5)])
def test_the_answers_agree_with_lsoda(name: str, within: float) -> None:
    workload = WORKLOADS[name]()
    right, way = answer(workload), scipy.ways(workload)["scipy LSODA 1e-6"]
    assert isinstance(way, Way)
    found = way.task()
    for trace in workload.compared:
        np.testing.assert_allclose(found[trace], right[trace], rtol=0.0, atol=within)


def test_every_workload_is_another_rig_after_an_edit() -> None:
    for name, make in WORKLOADS.items():
        rig = make().rig
        assert rig != edited(rig, 1) != edited(rig, 2), name


def test_a_workload_that_cannot_run_says_why(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise VClampError("no such circuit yet")

    monkeypatch.setattr(table, "record", refuses)
    assert main(["bench", "--only", "W6,slider", "--peers", "none", "--repeats", "1"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "W6: not available: no such circuit yet." in said
    assert said[-1] == "slider: not available: no such circuit yet."
