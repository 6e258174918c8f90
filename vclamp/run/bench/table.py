"""The table of `vclamp bench`: the engine beside other programs and the machine's own limit, in one run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from math import isnan

import numpy as np

from vclamp.analysis.curves import peak_iv, steady_iv
from vclamp.analysis.models import fit_iv
from vclamp.analysis.results import Question
from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.run.bench.aside import Aside, greatest_error
from vclamp.run.bench.measure import inside_kernels, medians, straight, whole, writing
from vclamp.run.bench.peers import PROGRAMS
from vclamp.run.bench.squid import answer
from vclamp.run.bench.workloads import WORKLOADS, Workload, copies, edited, family
from vclamp.run.runner import record

WIDTH = 42
SLIDER_TARGET_ms = 16.0
OURS, KERNELS, LIMIT = "VClamp, call to arrays", "compiled kernels alone", "writing that many numbers"

_EDITS = count(1)


def bench(only: str = "", programs: str = "", repeats: int = 7) -> Iterator[str]:
    """Measure, and say the table line by line.

    Parameters
    ----------
    only : str
        Parts by name with commas between them, as "W1,slider"; all if empty.
    programs : str
        Other programs by name with commas between them, or "none"; all if empty.
    repeats : int
        How many runs the medians are of, after one that is not counted.

    Raises
    ------
    VClampError
        If there is no such part or program, or nothing to repeat.
    """
    parts = _chosen(only, (*WORKLOADS, *_EXTRAS), "workload")
    others = () if programs == "none" else _chosen(programs, PROGRAMS, "program")
    if repeats < 1:
        raise VClampError(f"{repeats} repeats measure nothing", where="--repeats", remedy="Give 5 or more.")
    return _lines(parts, others, repeats)


def _chosen(text: str, known: Sequence[str], what: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise VClampError(f"there is no {what} '{name[:40]}' to bench", remedy=f"There are: {', '.join(known)}.")
    return names or tuple(known)


def _lines(parts: Sequence[str], others: Sequence[str], repeats: int) -> Iterator[str]:
    yield f"medians of {repeats}, taken in turn; 50 kHz, double precision, every trace kept"
    yield f"{'':{WIDTH}}{'ms':>10}{'× ours':>9}{'× real time':>13}  greatest error"
    for part in parts:
        yield ""
        try:
            if part in _EXTRAS:
                yield from _EXTRAS[part](repeats)
            else:
                yield from _compared(WORKLOADS[part](), others, repeats)
        except VClampError as error:
            yield f"{part}: not available: {error}"


def _compared(workload: Workload, others: Sequence[str], repeats: int) -> Iterator[str]:
    """The lines of one workload."""
    rig, protocol = workload.rig, workload.protocol

    def run() -> object:
        number = next(_EDITS)
        return record(edited(rig, number), protocol, seed=number)

    recording = record(rig, protocol)
    _check_chance(workload)
    names = recording.sweeps[0].names
    yield f"{workload.name} {workload.title}: {workload.samples:,} samples of {len(names)} traces"
    mine = {name: np.stack([sweep[name] for sweep in recording.sweeps]) for name in workload.compared}
    right = answer(workload)
    clocks = {OURS: whole(run), KERNELS: inside_kernels(run), LIMIT: writing(len(names), workload.samples)}
    errors = {OURS: greatest_error(mine, right, workload)}
    with ExitStack() as stack:
        asides = [stack.enter_context(Aside(program, workload.name)) for program in others]
        ways = [(aside, name, found) for aside in asides for name, found in aside.ways.items()]
        for aside, name, found in ways:
            if isinstance(found, float):
                errors[name], clocks[name] = found, aside.clock(name)
        yield from _rows(medians(clocks, repeats), errors, workload)
    yield from (f"  {name}: {found}" for _, name, found in ways if isinstance(found, str))


def _rows(seconds: dict[str, float], errors: dict[str, float], workload: Workload) -> Iterator[str]:
    unit = "mV" if workload.compared == ("v_mV",) else "of P_open"
    for name, value in seconds.items():
        rate = "" if name in (KERNELS, LIMIT) else f"{workload.simulated_ms / value / 1e3:,.4g}"
        error = errors.get(name, float("nan"))
        shown = "" if isnan(error) else f"  {error:.1e} {unit}"
        yield f"  {name:{WIDTH - 2}}{value * 1e3:10.3f}{value / seconds[OURS]:9.3g}{rate:>13}{shown}".rstrip()
        if name == LIMIT and not isnan(seconds[KERNELS]):
            ratio = f"kernels / limit {seconds[KERNELS] / value:.2f}, call / limit {seconds[OURS] / value:.2f}"
            yield f"  {ratio}, {seconds[OURS] / workload.samples * 1e9:.1f} ns a sample"


def _check_chance(workload: Workload) -> None:
    """Refuse an engine that takes no chances where it should."""
    if workload.rig.cell.stochastic:
        one, other = (record(workload.rig, workload.protocol, seed=seed).sweeps[0].values for seed in (1, 2))
        if np.array_equal(one, other):
            raise VClampError("this engine does not open channels at random")


def _linear(repeats: int) -> Iterator[str]:
    """How the time grows with samples, sweeps and kinds of channel in an ideal clamp."""
    axon = WORKLOADS["W1"]().rig
    longer = [(20 * (20.0 + ms) * 50.0, axon, family(20, ms)) for ms in (80.0, 180.0, 380.0, 780.0)]
    more = [(float(n), axon, family(n, 180.0)) for n in (5, 10, 20, 40)]
    kinds = [(float(n), copies(n), family(20, 180.0)) for n in (1, 2, 4, 8, 16)]
    samples = 20 * 200.0 * 50.0
    yield "linear cost"
    for name, cases, scale, unit in (
        ("samples", longer, 1.0, "a sample"),
        ("sweeps", more, 200.0 * 50.0, "a sample"),
        ("kinds of channel", kinds, samples, "a sample and kind"),
    ):
        clocks = {str(n): whole(_recording(rig, protocol)) for n, (_, rig, protocol) in enumerate(cases)}
        seconds = list(medians(clocks, repeats).values())
        slope, r2 = straight([x for x, *_ in cases], seconds)
        span = f"{cases[0][0]:,.0f} to {cases[-1][0]:,.0f} {name}"
        yield f"  {span:{WIDTH - 2}}{slope / scale * 1e9:10.2f} ns {unit}, R² {r2:.4f}"


def _recording(rig: Rig, protocol: Protocol) -> Callable[[], object]:
    return lambda: record(edited(rig, next(_EDITS)), protocol)


def _slider(repeats: int) -> Iterator[str]:
    """From an edited value to all traces, the peak and steady I-V, and the fit of the steady one."""
    workload = WORKLOADS["W1"]()
    solutions = workload.rig.solutions

    def drawn(rig: Rig) -> object:
        recording = record(rig, workload.protocol)
        curve = steady_iv(recording, Question("i_k_pA")).curve
        return peak_iv(recording, Question()), fit_iv(curve.x, curve.y, solutions.temperature_K)

    def warmer() -> Rig:
        warm = replace(solutions, temperature_K=solutions.temperature_K + 1e-6 * next(_EDITS))
        return replace(workload.rig, solutions=warm)

    curve = steady_iv(record(workload.rig, workload.protocol), Question("i_k_pA")).curve
    totals = {
        "after a conductance": whole(lambda: drawn(edited(workload.rig, next(_EDITS)))),
        "after the temperature": whole(lambda: drawn(warmer())),
    }
    of_it = {
        "of it the traces": whole(_recording(workload.rig, workload.protocol)),
        "of it the fit": whole(lambda: fit_iv(curve.x, curve.y, solutions.temperature_K)),
    }
    yield f"slider: edit, W1, I-V and its fit; target {SLIDER_TARGET_ms:g} ms"
    for name, seconds in medians(totals | of_it, repeats).items():
        verdict = "" if name in of_it else ", kept" if seconds * 1e3 <= SLIDER_TARGET_ms else ", missed"
        yield f"  {name:{WIDTH - 2}}{seconds * 1e3:10.2f} ms{verdict}"


_EXTRAS: dict[str, Callable[[int], Iterator[str]]] = {"linear": _linear, "slider": _slider}
