"""What the validator found, as one sentence a person can act on."""

import json
import re
from collections.abc import Container, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from vclamp.errors import VClampError


def explain(problem: ValidationError, where: str, text: str, known: Sequence[str], tags: Container[str]) -> VClampError:
    """The first mistake as one sentence: file, line, key, what, remedy.

    Parameters
    ----------
    problem : ValidationError
        What the validator found.
    where, text : str
        The file's name and its text, to find the line in.
    known : sequence of str
        Every key there is, to guess which one was meant.
    tags : container of str
        Parts of a location that name a form of a value rather than a key.
    """
    errors = problem.errors(include_url=False)
    # a wrong key often causes "missing" too: the wrong key is the better message
    errors.sort(key=lambda error: error["type"] == "missing")
    error = errors[0]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, VClampError):
        what, remedy = cause.what, cause.remedy
    else:
        what, remedy = _sentence(error, known)
    loc = [part for part in error["loc"] if part not in tags]
    line = _line_of(text, loc)
    place = f"{where}:{line}" if line else where
    key = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in loc).lstrip(".")[:120]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    sentence = f"{key}: {what}{more}" if key else what + more
    return VClampError(" ".join(sentence.split()), where=place, remedy=remedy)  # on one line, whatever is quoted


def _sentence(error: Any, known: Sequence[str]) -> tuple[str, str]:
    """What is wrong, and the remedy."""
    ctx = error.get("ctx", {})
    key = "".join(map(str, error["loc"][-1:]))[:60]
    shown = json.dumps(error.get("input"), ensure_ascii=False, default=str)[:60]
    near = get_close_matches(key, known, n=1)
    bound = next((f"{ctx[name]:g}" for name in ("gt", "ge", "lt", "le") if isinstance(ctx.get(name), int | float)), "")
    unknown = (f"unknown key '{key}'", f"Did you mean '{near[0]}'?" if near else "Remove it.")
    sentences = {
        "unexpected_keyword_argument": unknown,
        "extra_forbidden": unknown,
        "missing": ("is missing", "Add it."),
        "missing_argument": ("is missing", "Add it."),
        "union_tag_invalid": (f"type '{str(ctx.get('tag'))[:40]}' is unknown", f"Use {ctx.get('expected_tags')}."),
        "union_tag_not_found": ("has no type", "Add type = ... to say what it is."),
        "greater_than": (f"{shown} is too small", f"It must be above {bound}."),
        "greater_than_equal": (f"{shown} is too small", f"It must be at least {bound}."),
        "less_than": (f"{shown} is too large", f"It must be below {bound}."),
        "less_than_equal": (f"{shown} is too large", f"It must be at most {bound}."),
        "finite_number": ("is not a finite number", "Give a plain number."),
    }
    default = (f"{shown} {error['msg'].removeprefix('Input ')}", "Correct it.")
    return sentences.get(error["type"], default)


def _line_of(text: str, loc: list[Any]) -> int | None:
    """Line of a key in a TOML text, found by counting its [[tables]]."""
    keys = [part for part in loc if isinstance(part, str)]
    if not text or not keys:
        return None
    lines = text.splitlines()
    start = 0
    path = ""
    for part in loc:
        if isinstance(part, str):
            path = f"{path}.{part}" if path else part
            continue
        heads = [i for i, line in enumerate(lines) if line.strip() == f"[[{path}]]"]
        if part < len(heads):
            start = heads[part]
    pattern = re.compile(rf'\s*"?{re.escape(keys[-1])}"?\s*=')
    for number, line in enumerate(lines[start:], start + 1):
        if pattern.match(line) or line.strip() in (f"[{path}]", f"[[{path}]]"):
            return number
    return start + 1 if start else None
