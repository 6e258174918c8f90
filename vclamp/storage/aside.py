"""Files of other programs are read in a process of its own, with limited time and memory.

A damaged file can make a reader ask for any amount of either. The process answers in one line of JSON, what was asked
for or a sentence why there is none, and then the numbers of its arrays; whatever else becomes of it once it has begun,
the file is told to be damaged.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vclamp.errors import VClampError

Array = NDArray[np.float64]

MEMORY_BYTES = 2**31
LEAST_S, MOST_S = 20, 120
BYTES_PER_S = 5e6  # that even a slow disk and parser get through
MAX_NUMBERS = 30_000_000
AGAIN = "Copy it again from where it was recorded."
_reading: set[subprocess.Popen[bytes]] = set()
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a reader says of a file: plain data, and arrays of shape (n,) that are read-only."""

    said: Any
    arrays: tuple[Array, ...] = ()


def ask(module: str, path: Path, *question: str) -> Answer:
    """Let another process call `answer(path, *question)` of a module in this folder.

    Parameters
    ----------
    module : str
        Its name, such as "abf".
    path : Path
        The file.
    *question : str
        What is asked of it.

    Raises
    ------
    VClampError
        With the module's sentence, or one that the file cannot be read, or is damaged.
    """
    path = Path(path)
    if not os.path.isfile(path):  # a pipe would never end
        raise VClampError("there is no such file", where=path.name, remedy="Give the path of a recording.")
    python_path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    try:
        timeout_s = allowed_s(path)
        path.open("rb").close()
        reader = subprocess.Popen(
            [*_program(), module, str(path.resolve()), *question],
            env={**os.environ, "PYTHONPATH": python_path, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
    except OSError as error:
        remedy = "Check whether you may read it, close other programs, and try again."
        raise VClampError(f"cannot be read ({error.strerror or error})", where=path.name, remedy=remedy) from None
    try:
        return _understood(_output(reader, timeout_s), path.name)
    except (subprocess.SubprocessError, OSError, ValueError, KeyError, TypeError):
        raise damaged(path) from None


def give_up() -> None:
    """Nobody waits for the answers any more: end the processes that read."""
    for reader in list(_reading):
        reader.kill()


def _output(reader: subprocess.Popen[bytes], timeout_s: float) -> bytes:
    """What a process writes until it ends; it is ended if it takes too long."""
    with reader:
        _reading.add(reader)
        try:
            output, _ = reader.communicate(timeout=timeout_s)
        except BaseException:
            reader.kill()
            raise
        finally:
            _reading.discard(reader)
    if reader.returncode:
        raise subprocess.CalledProcessError(reader.returncode, reader.args)
    return output


def damaged(path: Path) -> VClampError:
    """What is said of a file that no reader gets to the end of."""
    kind = path.suffix.lstrip(".").upper()[:8]
    what = f"is damaged, cut off or no {kind} file"
    return VClampError(what, where=path.name, remedy=AGAIN)


def allowed_s(path: Path) -> int:
    """How long reading a file may take."""
    return min(MOST_S, ceil(LEAST_S + path.stat().st_size / BYTES_PER_S))


def check_room(numbers: int, what: str = "samples") -> None:
    """Refuse more numbers than can be taken in, before anybody makes room for them.

    Raises
    ------
    VClampError
        With the limit.
    """
    if not 0 <= numbers <= MAX_NUMBERS:
        remedy = f"At most {MAX_NUMBERS:,} can be opened: save a part of it from the program that recorded it."
        raise VClampError(f"holds {numbers:,} {what}", remedy=remedy)


def _program() -> list[str]:
    safe = [] if getattr(sys, "frozen", False) else ["-P"]  # a bundled program looks nowhere else for modules
    return [sys.executable, *safe, "-m", "vclamp.storage.aside"]


def _understood(raw: bytes, where: str) -> Answer:
    """An answer as it came."""
    head, _, body = raw.partition(b"\n")
    told = json.loads(head)
    if "wrong" in told:
        what = "".join(sign if sign.isprintable() else "?" for sign in told["wrong"])  # it may cite the file
        raise VClampError(what, where=where, remedy=told["remedy"])
    ends = np.cumsum(np.array(told["sizes"], np.int64))
    numbers = np.frombuffer(body)
    if (ends[-1] if ends.size else 0) != numbers.size:
        raise ValueError("an answer cut off")
    return Answer(told["answer"], tuple(np.split(numbers, ends[:-1])) if ends.size else ())


# ---- in the other process --------------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """Answer a question about a file on standard output; any other end says that the file is damaged."""
    module, file, *question = arguments
    with os.fdopen(os.dup(1), "wb") as out, open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # what libraries print is no answer
        limit(allowed_s(Path(file)))
        for part in told(module, Path(file), *question):
            out.write(part)
    return 0


def told(module: str, path: Path, *question: str) -> Iterator[bytes]:
    """The parts of an answer; anything may be raised on the way."""
    if not module.isidentifier():
        raise ValueError(module)
    arrays: tuple[Array, ...] = ()
    try:
        answer: Answer = import_module(f"vclamp.storage.{module}").answer(path, *question)
        arrays = answer.arrays
        check_room(sum(array.size for array in arrays), "numbers")
        said = {"answer": answer.said, "sizes": [array.size for array in arrays]}
    except VClampError as error:
        said, arrays = {"wrong": error.what, "remedy": error.remedy}, ()
    yield json.dumps(said, ensure_ascii=False).encode("utf-8", "replace") + b"\n"  # names may be no text at all
    for array in arrays:
        yield np.ascontiguousarray(array, np.float64).tobytes()


def limit(seconds: int) -> None:
    """Take no more time and memory than this, where the system keeps to it."""
    if sys.platform != "win32":
        import resource

        for which, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, seconds)):
            hard = resource.getrlimit(which)[1]
            resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
