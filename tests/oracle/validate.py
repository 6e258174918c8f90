"""Compares the engine with NEURON, Myokit and SciPy: `python tests/oracle/validate.py` writes .github/VALIDATION.md.

Wants the extra `bench`. The file has no date in it: it changes when a difference, a limit or a version does.
"""

import os
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from oracle import in_myokit  # noqa: E402
from oracle.experiments import EXPERIMENTS, Compared, Difference, Experiment, Limit  # noqa: E402

import vclamp  # noqa: E402

TABLE = ROOT / ".github" / "VALIDATION.md"
HEAD = """# The engine beside independent programs

Whole experiments, played by VClamp and by programs that share nothing with it: NEURON with its own axon, its channel
builder and its solvers (CVODE; IDA where the equations of an amplifier stand behind the cell), Myokit with models
written from the papers (CVODES), and SciPy (matrix exponentials; LSODA) with the equations written once more. Where
neither NEURON nor Myokit knows a thing, SciPy is the judge, and the table says so. No limit was chosen by what was
measured: each follows from the tolerances of the solvers, as told below.

`python tests/oracle/validate.py` (with the extra `bench`) writes this file; `python -m pytest tests/oracle` tests a
quarter of the sweeps every day, and `-m campaign` all of them.
"""
COLUMNS = (
    "| experiment | against | compared | limit | largest difference | of the peak | of the limit |",
    "|---|---|---|---|---|---|---|",
)


def main() -> int:
    """Compare everything, write the table; 1 if a limit is exceeded or a program is missing."""
    try:
        versions = {name: version(name.lower()) for name in ("NEURON", "Myokit", "SciPy", "NumPy")}
    except PackageNotFoundError as error:
        print(f"{error.name} is not installed: nothing was written. Use: pip install -e '.[bench]'", file=sys.stderr)
        return 1
    rows, exceeded = [], 0
    with Aside() as aside:
        versions["Sundials"] = aside.sundials()
        for number, experiment in enumerate(EXPERIMENTS):
            print(experiment, flush=True)
            for line, found in zip(experiment.compared, aside.differences(number), strict=True):
                rows.append(row(experiment, line, found))
                exceeded += not found.is_allowed
    names = [f"VClamp {vclamp.__version__}", f"Python {platform.python_version()}"]
    names += [f"{name} {number}" for name, number in versions.items()]
    text = "\n".join([HEAD, f"Of {', '.join(names)}:\n", *COLUMNS, *rows, "", legend()])
    TABLE.write_text(text, encoding="utf-8")
    print(f"wrote {TABLE.relative_to(ROOT)}: {len(rows)} lines, {exceeded} over their limit")
    return int(exceeded > 0)


class Aside:
    """A process for each program, for NEURON and Myokit crash in one; and silent, for NEURON's solver talks.

    To be used in a `with` statement.
    """

    def __init__(self) -> None:
        self._processes: dict[str, ProcessPoolExecutor] = {}

    def sundials(self) -> str:
        """The version of Sundials that Myokit uses."""
        return self._process("Myokit").submit(in_myokit.sundials).result()

    def differences(self, number: int) -> list[Difference]:
        """All differences of an experiment, by its place among all."""
        return self._process(EXPERIMENTS[number].program).submit(measured, number).result()

    def _process(self, program: str) -> ProcessPoolExecutor:
        if program not in self._processes:
            context = get_context("spawn")
            self._processes[program] = ProcessPoolExecutor(1, mp_context=context, initializer=be_silent)
        return self._processes[program]

    def __enter__(self) -> "Aside":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.shutdown()


def measured(number: int) -> list[Difference]:
    """In a process aside: all differences of an experiment."""
    return EXPERIMENTS[number].differences()


def be_silent() -> None:
    """In a process aside: say nothing, not even from a library."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def row(experiment: Experiment, line: Compared, found: Difference) -> str:
    """A line of the table, rounded so that the last bits of a sum are not news."""
    part = f"{one_digit(100 * found.used)} %"
    numbers = (f"{one_digit(found.absolute)} {found.unit}".strip(), one_digit(found.relative))
    return " | ".join([heading(experiment, line), *numbers, part if found.is_allowed else f"**{part}**"]) + " |"


def one_digit(number: float) -> str:
    """A number to its first digit."""
    return f"{float(f'{number:.0e}'):g}".replace("e-0", "e-")


def heading(experiment: Experiment, line: Compared) -> str:
    """What a line of the table says before it comes to numbers."""
    limit = f"{line.limit} ({letter(line.limit)})"
    return f"| {experiment.title} | {experiment.program} | {line.label} | {limit}"


def limits() -> list[Limit]:
    """Every limit once, as they first appear."""
    return list(dict.fromkeys(line.limit for experiment in EXPERIMENTS for line in experiment.compared))


def letter(limit: Limit) -> str:
    return "abcdefghij"[limits().index(limit)]


def legend() -> str:
    """Where each limit comes from."""
    said = [f"- ({letter(limit)}) {limit}: {limit.because}." for limit in limits()]
    return "\n".join(["Where the limits come from:", "", *said, ""])


if __name__ == "__main__":
    raise SystemExit(main())
