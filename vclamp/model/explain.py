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
    key = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in loc).lstrip(".")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return VClampError(f"{key}: {what}{more}" if key else what + more, where=place, remedy=remedy)


def _sentence(error: Any, known: Sequence[str]) -> tuple[str, str]:
    ctx, got = error.get("ctx", {}), error.get("input")
    shown = json.dumps(got, ensure_ascii=False, default=str)[:60]
    match error["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            near = get_close_matches(str(error["loc"][-1]), known, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else "Remove it."
            return f"unknown key '{str(error['loc'][-1])[:60]}'", hint
        case "missing" | "missing_argument":
            return "is missing", "Add it."
        case "union_tag_invalid":
            return f"type '{str(ctx['tag'])[:40]}' is unknown", f"Use {ctx['expected_tags']}."
        case "union_tag_not_found":
            return "has no type", "Add type = ... to say what it is."
        case "greater_than" | "greater_than_equal":
            bound = ctx.get("gt", ctx.get("ge"))
            word = "above" if "gt" in ctx else "at least"
            return f"{shown} is too small", f"It must be {word} {bound:g}."
        case "less_than" | "less_than_equal":
            return f"{shown} is too large", f"It must be at most {ctx.get('le', ctx.get('lt')):g}."
        case "finite_number":
            return "is not a finite number", "Give a plain number."
    message = error["msg"].removeprefix("Input ")
    return f"{shown} {message}", "Correct it."


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
