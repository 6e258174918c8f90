"""Descriptions damaged at random: each is read, or refused in one sentence with file and place; never anything else."""

import gc
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import psutil
import pytest

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model import files
from vclamp.model.channel import Channel
from vclamp.model.files import from_json, kind_of, load_channel, load_protocol, load_rig, title_of, to_json
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig

Load = Callable[[Path], object]
LOADERS: dict[str, Load] = {"protocols": load_protocol, "cells": load_rig, "channels": load_channel}
KINDS: dict[str, type] = {"protocols": Protocol, "cells": Rig, "channels": Channel}
FOLDERS = {"protocols": paths.PROTOCOLS, "cells": paths.CELLS, "channels": paths.CHANNELS}
LONGEST_S = 1.0
VALUES = [
    *("true", "false", "nan", "inf", "-inf", "1e999", "-1", "0", "-0.0", "5e-324", "1e300", "1e-300", "1" + "0" * 400),
    *(
        '""',
        '"x"',
        '"../../etc/passwd"',
        '"\\u0000"',
        '"\u202e"',
        "[]",
        "{}",
        "[[]]",
        "[1, 2]",
        '["a", 1]',
        "{ a = 1 }",
    ),
    *(
        "2020-01-01",
        "12:30:00",
        "0x10",
        "1_000",
        "'''",
        '"""',
        "[",
        "{",
        "]",
        "}",
        "=",
        "#",
        "\\",
        "",
        "0.1",
        "3",
        "1e9",
    ),
    *("{ start = 0.0, step = nan }", "{ start = 1.0, factor = 0.0 }", "[1.0, [2.0]]", '"v/0"', '"exp(exp(v))"'),
]
NOISE = [
    *"\"'[]{}=.,#\n\t -+_eE0123456789\\",
    "\x00",
    "\ud7ff",
    "\u202e",
    "\xa0",
    "é",
    "inf",
    "nan",
    "[[",
    "]]",
    '"""',
    "e_mV",
]


@cache
def shipped(kind: str) -> tuple[str, ...]:
    """The text of every shipped file of a kind."""
    return tuple(path.read_text(encoding="utf-8") for path in paths.shipped(FOLDERS[kind]).values())


@cache
def described(kind: str) -> tuple[str, ...]:
    """The same as the sessions keep them."""
    return tuple(to_json(LOADERS[kind](path)) for path in paths.shipped(FOLDERS[kind]).values())


# ---- damage


def other_value(rng: random.Random, lines: list[str], kind: str) -> list[str]:
    """A value becomes another that is nasty, or that of another line."""
    at = rng.randrange(len(lines))
    key, equals, _ = lines[at].partition("=")
    value = rng.choice([*VALUES, rng.choice(lines).partition("=")[2]])
    return [*lines[:at], f"{key}{equals} {value}" if equals else lines[at], *lines[at + 1 :]]


def other_number(rng: random.Random, lines: list[str], kind: str) -> list[str]:
    """A number somewhere in a line becomes another."""
    at = rng.randrange(len(lines))
    found = [*re.finditer(r"-?\d+\.?\d*", lines[at])]
    if not found:
        return lines
    number = rng.choice(found)
    new = rng.choice(["0", "-0.0", "-1", "1e300", "1e-300", "nan", "3", "1e6", "true", f"-{number.group()}"])
    return [*lines[:at], lines[at][: number.start()] + new + lines[at][number.end() :], *lines[at + 1 :]]


def other_line(rng: random.Random, lines: list[str], kind: str) -> list[str]:
    """Lines are lost, doubled, exchanged, or come from another file."""
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    foreign = rng.choice(shipped(rng.choice([*FOLDERS]))).splitlines()
    changed = [*lines]
    how = rng.randrange(4)
    if how == 0:
        changed[a : a + rng.randrange(1, 4)] = []
    elif how == 1:
        changed[a:a] = lines[b : b + 6]
    elif how == 2:
        changed[a], changed[b] = changed[b], changed[a]
    else:
        changed[a:a] = foreign[: rng.randrange(1, 6)] if rng.random() < 0.3 else [rng.choice(foreign)]
    return changed


def other_characters(rng: random.Random, lines: list[str], kind: str) -> list[str]:
    """Characters are lost, added or exchanged."""
    text = "\n".join(lines)
    for _ in range(rng.choice([1, 1, 1, 4])):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(["", "", *NOISE]) + text[at + rng.choice([0, 1, 1, 9]) :]
    return text.split("\n")


DAMAGE = [other_value, other_value, other_number, other_line, other_characters]


def a_file(seed: int) -> tuple[str, bytes]:
    """What kind of file it is to be read as, and its bytes."""
    rng = random.Random(seed)
    kind = rng.choice([*FOLDERS])
    lines = rng.choice(shipped(kind)).splitlines()
    for _ in range(rng.choice([1, 1, 2, 4])):
        lines = rng.choice(DAMAGE)(rng, lines or [""], kind)
    raw = "\n".join(lines).encode("utf-8", "surrogatepass")
    if rng.random() < 0.1:
        at = rng.randrange(len(raw) + 1)
        raw = raw[:at] + rng.randbytes(rng.choice([1, 2, 30])) + raw[at + 1 :]
    return kind, raw[: rng.randrange(len(raw) + 1)] if rng.random() < 0.05 else raw


def a_json(seed: int) -> tuple[str, str]:
    """As a session's text would be after damage."""
    rng = random.Random(seed)
    kind = rng.choice([*FOLDERS])
    text = rng.choice(described(kind))
    for _ in range(rng.choice([1, 1, 2, 4])):
        found = [*re.finditer(r"(?<=: )[^,{}\[\]]+|\"[^\"]*\"", text)]
        if found and rng.random() < 0.7:
            place = rng.choice(found)
            value = rng.choice([*VALUES, "null", "NaN", "Infinity", rng.choice(found).group()])
            text = text[: place.start()] + value + text[place.end() :]
        else:
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(["", *NOISE]) + text[at + rng.choice([0, 1, 30]) :]
    return kind, text


# ---- what must be


def told(read: Callable[[], object], name: str) -> str:
    """What is said of it, "" if it is read; the sentence has a place, fits a window and comes in time."""
    gc.disable()
    began_s = time.thread_time()
    refusal = None
    try:
        read()
    except VClampError as error:
        refusal = error
    took_s = time.thread_time() - began_s
    gc.enable()
    assert took_s < LONGEST_S, f"{took_s} s"
    said = "" if refusal is None else str(refusal)
    if refusal is not None:
        assert refusal.remedy or name != "bad.toml", said
        assert re.match(rf"{re.escape(name)}(:\d+)?: ", said), said
        assert "\n" not in said, said
        assert len(said) < 600, said
    return said


def fuzz(folder: Path, seeds: range) -> Counter[str]:
    """Read them all twice; how many were whole, how many refused, and the memory they took."""
    path, figures = folder / "bad.toml", Counter[str]()
    process, before = psutil.Process(), 0
    for seed in seeds:
        if seed % 3 == 2:
            kind, text = a_json(seed)
            said = [told(lambda: from_json(KINDS[kind], text, "run 3"), "run 3") for _ in range(2)]  # noqa: B023
        else:
            kind, raw = a_file(seed)
            path.write_bytes(raw)
            loaders = [LOADERS[kind], LOADERS[kind], *([kind_of, title_of] if seed % 9 == 0 else [])]
            said = [told(lambda: load(path), "bad.toml") for load in loaders][:2]  # noqa: B023
        assert said[0] == said[1], seed
        figures["refused" if said[0] else "read"] += 1
        before = before or (process.memory_info().rss if seed > len(seeds) // 10 else 0)
    figures["grown_MB"] = (process.memory_info().rss - before) >> 20
    return figures


@pytest.mark.parametrize(
    "n", [200, pytest.param(100_000, marks=[pytest.mark.campaign, pytest.mark.timeout(7200)])]
)  # fmt: skip
def test_a_damaged_description_is_read_or_refused_in_one_sentence(n: int, tmp_path: Path) -> None:
    figures = fuzz(tmp_path, range(n))
    print(dict(figures))
    assert min(figures["read"], figures["refused"]) > 0.1 * n
    assert figures["grown_MB"] < 200


def test_without_the_look_at_its_depth_a_file_breaks_the_parser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(f"{'a.' * 5000}b = 1")
    assert "nested deeper" in told(lambda: load_protocol(path), "bad.toml")
    monkeypatch.setattr(files, "_scan", lambda text, where: None)
    with pytest.raises(RecursionError):
        told(lambda: load_protocol(path), "bad.toml")
