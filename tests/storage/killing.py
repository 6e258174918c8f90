"""Work that is killed in the middle: a nursery process forks a child for each, so that none has to start anew."""

import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from recordings import header, made_up_recording, made_up_sweep

from vclamp.model.record import Recording
from vclamp.publish.exporters import EXPORTERS, export
from vclamp.storage.recovery import recover
from vclamp.storage.safely import unheard
from vclamp.storage.session import Session

ROOT = Path(__file__).resolve().parents[2]
N_SAMPLES = 1800  # of 11 traces: 160 kB a sweep


def say_saved() -> None:
    os.write(1, b"saved\n")


def record(path: Path) -> None:
    """Save sweep after sweep, and say so each time."""
    session = Session.create(path)
    run = session.add_run(header())
    for index in range(100_000):
        session.add_sweep(run, made_up_sweep(index, n_samples=N_SAMPLES))
        say_saved()


def record_saying_so_early(path: Path) -> None:
    """What a program does that confirms before it has committed."""
    session = Session.create(path)
    run = session.add_run(header())
    for index in range(100_000):
        sweep = made_up_sweep(index, n_samples=N_SAMPLES)
        say_saved()
        session.add_sweep(run, sweep)


def two_recordings() -> tuple[Recording, Recording]:
    """What is exported in turn."""
    return made_up_recording(2, 400), made_up_recording(3, 400)


def export_for_ever(path: Path) -> None:
    """Replace a file by one of two, again and again."""
    both = two_recordings()
    export([both[0]], path, overwrite=True)  # what it needs is imported now
    say_saved()
    while True:
        for recording in both:
            export([recording], path, overwrite=True)


def export_unsafely(path: Path) -> None:
    """The same without the way round by a temporary file."""
    both = two_recordings()
    say_saved()
    while True:
        for recording in both:
            path.unlink(missing_ok=True)
            EXPORTERS[path.suffix[1:]].write([recording], path, unheard)


def recover_it(path: Path) -> None:
    """Put in order what was left of a recording."""
    say_saved()
    recover(path)


WORK: dict[str, Callable[[Path], None]] = {
    work.__name__: work for work in (record, record_saying_so_early, export_for_ever, export_unsafely, recover_it)
}


@dataclass
class Child:
    """How often a child has said "saved", once it is dead."""

    confirmed: int = 0


class Nursery:
    """Begins work and kills it."""

    def __init__(self) -> None:
        environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    @contextmanager
    def at_work(self, work: Callable[[Path], None], path: Path) -> Iterator[Child]:
        """Begin work, wait for its first "saved", and kill it -9 at the end of the block."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{work.__name__} {path}\n".encode())
        self._process.stdin.flush()
        number = int(self._process.stdout.readline())
        said, child = self._process.stdout.readline(), Child()
        try:
            yield child
        finally:
            os.kill(number, signal.SIGKILL)  # not yet waited for: the number is still its own
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()
            while said != b"end\n":
                assert said == b"saved\n"
                child.confirmed += 1
                said = self._process.stdout.readline()

    def killed(self, work: Callable[[Path], None], path: Path, after_s: float) -> int:
        """Begin work, kill it a while after it first said "saved", and count how often it said so."""
        with self.at_work(work, path) as child:
            time.sleep(after_s)
        return child.confirmed


def nurse() -> None:
    """Fork a child for each line, which says its number; and say when it is dead."""
    for line in sys.stdin:
        work, path = line.rstrip("\n").split(" ", 1)
        if path.endswith(".nwb"):
            import pynwb  # noqa: F401  (seconds, which no child should need)
        child = os.fork()
        if not child:
            os.write(1, f"{os.getpid()}\n".encode())
            try:
                WORK[work](Path(path))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        sys.stdin.readline()
        os.waitpid(child, 0)
        os.write(1, b"end\n")


if __name__ == "__main__":
    nurse()
