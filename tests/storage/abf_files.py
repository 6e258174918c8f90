"""ABF files for the tests, made byte by byte after the formats' public descriptions; their data are zeros.

Run as a script, it imports damaged copies of files in a process of its own and says what became of each.
"""

import json
import signal
import struct
import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SHARED = Path(__file__).parents[3] / "shared" / "abf"
STEP, RAMP, PULSE, TRIANGLE, COSINE, RESISTANCE, BIPHASIC = 1, 2, 3, 4, 5, 6, 7


class Column(NamedTuple):
    """A column of the waveform table."""

    type: int
    level: float
    level_step: float
    samples: int
    samples_step: int = 0
    period: int = 0
    width: int = 0


def write_abf_1(
    path: Path,
    columns: list[Column],
    *,
    n_sweeps: int = 3,
    n_samples: int = 6400,
    hold: float = -70.0,
    stays: bool = False,
    unit: str = "mV",
    source: int = 1,
    file: str = "",
    interval_s: float = 0.0,
) -> Path:
    """A file of version 1.83 with one channel at 20 kHz."""
    head = bytearray(6144)
    size = n_sweeps * n_samples

    def put(form: str, place: int, *values: Any) -> None:
        struct.pack_into("<" + form, head, place, *values)

    for form, place, value in (
        ("4s", 0, b"ABF "), ("f", 4, 1.83), ("h", 8, 5), ("i", 10, size), ("i", 16, n_sweeps), ("i", 20, 20240229),
        ("f", 32, 1.83), ("h", 36, 1), ("i", 40, 12), ("h", 120, 1), ("f", 122, 50.0), ("i", 138, n_samples),
        ("i", 146, n_sweeps), ("f", 178, interval_s), ("f", 244, 10.0), ("f", 248, 10.0), ("i", 252, 32768),
        ("i", 256, 32768), ("8s", 602, b"pA      "), ("8s", 1346, unit.encode().ljust(8)), ("f", 1394, hold),
        ("h", 2296, 1), ("h", 2300, source), ("h", 2304, stays), ("f", 2708, 1.0), ("256s", 2736, file.encode()),
    ):  # fmt: skip
        put(form, place, value)
    for place in (730, 922, 1050):
        put("16f", place, *[1.0] * 16)
    for number, column in enumerate(columns):
        places = (2308 + 2 * number, *(base + 4 * number for base in (2348, 2428, 2508, 2588, 2136, 2216)))
        for form, place, value in zip("hffiiii", places, column, strict=True):
            put(form, place, value)
    path.write_bytes(bytes(head) + bytes(2 * size))
    return path


def write_abf_2(
    path: Path,
    columns: list[Column],
    *,
    n_sweeps: int = 3,
    n_samples: int = 6400,
    hold: float = -70.0,
    stays: bool = False,
    unit: str = "mV",
    source: int = 1,
    file: str = "",
    interval_s: float = 0.0,
    lengths: tuple[int, ...] = (),
    leak: int = 0,
) -> Path:
    """A file of version 2.6 with one channel at 20 kHz."""
    size = n_sweeps * n_samples
    lengths = lengths or (n_samples,) * n_sweeps
    strings = b"SSCH" + bytes(2) + b"\0".join([b"clampex", b"a.pro", b"Cmd 0", unit.encode(), b"IN 0", b"pA",
                                               f"C:\\Axon\\{file}".encode()])  # fmt: skip
    protocol, adc, dac = bytearray(512), bytearray(128), bytearray(256)
    struct.pack_into("<hf", protocol, 0, 5, 50.0)
    struct.pack_into("<f", protocol, 62, interval_s)
    struct.pack_into("<ff", protocol, 110, 10.0, 10.0)
    struct.pack_into("<ii", protocol, 118, 32768, 32768)
    struct.pack_into("<3f", adc, 28, 1.0, 1.0, 0.0)
    struct.pack_into("<4f", adc, 40, 1.0, 0.0, 1.0, 0.0)
    struct.pack_into("<ii", adc, 74, 5, 6)
    struct.pack_into("<hhff", dac, 0, 0, 0, 0.0, 1.0)
    struct.pack_into("<fffii", dac, 12, hold, 1.0, 0.0, 3, 4)
    struct.pack_into("<hhhff", dac, 40, 1, source, stays, 1.0, 0.0)
    struct.pack_into("<h", dac, 92, leak)
    struct.pack_into("<i", dac, 118, 7)
    epochs = b"".join(
        struct.pack("<hhhffiiii", number, 0, *column).ljust(48, b"\0") for number, column in enumerate(columns)
    )
    synch = b"".join(struct.pack("<ii", n_samples * k, length) for k, length in enumerate(lengths))
    outputs = b"".join(struct.pack("<hh", number, 0).ljust(32, b"\0") for number in range(len(columns)))
    sections = {
        76: (512, protocol), 92: (128, adc), 108: (256, dac), 124: (32, outputs), 156: (48, epochs),
        220: (len(strings), strings), 236: (2, bytes(2 * size)), 316: (8, synch),
    }  # fmt: skip
    head, body = bytearray(512), bytearray()
    struct.pack_into("<4s4B", head, 0, b"ABF2", 0, 0, 6, 2)
    struct.pack_into("<IIII", head, 8, 512, n_sweeps, 20240229, 0)
    struct.pack_into("<III", head, 60, 1, 0, 0)
    struct.pack_into("<I", head, 72, 2)
    for place, (each, content) in sections.items():
        struct.pack_into("<IIq", head, place, 1 + len(body) // 512, each, len(content) // each)
        body += content + bytes(-len(content) % 512)
    path.write_bytes(head + body)
    return path


def damaged(raw: bytes, rng: np.random.Generator) -> bytes:
    """A file cut off somewhere, or with a few bytes changed, mostly in its header."""
    if rng.random() < 0.3:
        return raw[: int(rng.integers(len(raw)))]
    changed = bytearray(raw)
    reach = min(len(raw), int(rng.choice([400, 400, 3000, 6144, len(raw)])))
    for place in rng.integers(reach, size=int(rng.integers(1, 6))):
        changed[place] = int(rng.choice([0, 1, 127, 128, 255, int(rng.integers(256))]))
    return bytes(changed)


def fate(path: Path) -> str:
    """What becomes of a file: "protocol", the sentence it is refused with, or "LATE" after a second."""
    from vclamp.errors import VClampError
    from vclamp.storage.stimulus import read_protocol

    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        protocol = read_protocol(path)
        return "protocol" if np.isfinite(protocol.command_mV(protocol.total_sweeps - 1)).all() else "NOT FINITE"
    except VClampError as error:
        return str(error)
    except TimeoutError:
        return "LATE"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def ask_here(module: str, path: Path, *question: str) -> Any:
    """What `aside.ask` does, without a process for each file."""
    from vclamp.errors import VClampError
    from vclamp.storage import aside

    try:
        if not path.is_file():
            raise VClampError("there is no such file", where=path.name, remedy="Give the path of a recording.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return aside._understood(b"".join(aside.told(module, path, *question)), path.name)
    except (TimeoutError, VClampError):
        raise
    except Exception:
        raise aside.damaged(path) from None


def import_damaged(folder: Path, count: int, files: list[Path]) -> list[str]:
    """The fates of damaged copies."""
    from vclamp.storage import aside

    def late(*_: object) -> None:
        raise TimeoutError

    aside.ask = ask_here
    aside.limit(300)  # for all copies
    signal.signal(signal.SIGALRM, late)
    rng = np.random.default_rng(6)
    copy = folder / "damaged.abf"
    fates = []
    for number in range(count):
        copy.write_bytes(damaged(files[number % len(files)].read_bytes(), rng))
        fates.append(fate(copy))
    return fates


if __name__ == "__main__":
    folder, count, *names = sys.argv[1:]
    print(json.dumps(import_damaged(Path(folder), int(count), [Path(name) for name in names])))
