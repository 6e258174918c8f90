"""Results as text for others to read: CSV tables and JSON, with the units in the names of the columns."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from io import StringIO
from math import isfinite
from typing import Any

import numpy as np

from vclamp.analysis.results import Array, Estimate, Fitted, Question, Result

Columns = dict[str, Array]
ESTIMATE_COLUMNS = tuple(field.name for field in fields(Estimate))


def points_csv(result: Result) -> str:
    """The points of all curves under the names of their axes, the fitted line and the truth beside them.

    Curves over the same x stand side by side; others one below another, told apart by a first column "curve".
    What is not known is empty.
    """
    tables = [columns(fitted) for fitted in result.curves]
    if not tables:
        return ""
    if len(tables) > 1 and _side_by_side(result.curves):
        tables = [{name: column for table in tables for name, column in table.items()}]
    names = list(dict.fromkeys(name for table in tables for name in table))
    several = len(tables) > 1
    rows = [(["curve"] if several else []) + names]
    for table, fitted in zip(tables, result.curves, strict=False):
        for k in range(next(iter(table.values())).size):
            cells = [_number(table[name][k]) if name in table else "" for name in names]
            rows.append(([fitted.curve.name] if several else []) + cells)
    return _lines(rows)


def estimates_csv(result: Result) -> str:
    """The numbers of a result: name (which ends in its unit), value, standard error, 95 % interval, truth.

    A column that is empty throughout, as the truth in an exam, is left out.
    """
    if not result.estimates:
        return ""
    kept = [
        name
        for name in ESTIMATE_COLUMNS
        if name in ("name", "value") or any(isfinite(getattr(each, name)) for each in result.estimates)
    ]
    rows = [kept]
    rows += [[each.name, *(_number(getattr(each, name)) for name in kept[1:])] for each in result.estimates]
    return _lines(rows)


def as_text(result: Result) -> str:
    """Points, numbers and notes, one below another, as a terminal shows them."""
    notes = "".join(f"# {note}\n" for note in result.notes)
    return "\n".join(part for part in (points_csv(result), estimates_csv(result), notes) if part)


def as_json(result: Result, question: Question) -> str:
    """Everything: the question, columns of every curve, how its fit was, numbers, notes. NaN becomes null."""
    curves = [
        {
            "name": fitted.curve.name,
            "columns": {name: _plain(column) for name, column in columns(fitted).items()},
            "fit": None if fitted.fit is None else {"warning": fitted.fit.warning},
        }
        for fitted in result.curves
    ]
    whole = {
        "analysis": result.analysis,
        "question": asdict(question),
        "curves": curves,
        "estimates": [{name: _null(value) for name, value in asdict(each).items()} for each in result.estimates],
        "notes": list(result.notes),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def columns(fitted: Fitted) -> Columns:
    """Columns of one curve: x, y, and where there is one the fitted y and the true y."""
    curve = fitted.curve
    found = {curve.x_name: curve.x, curve.y_name: curve.y}
    if fitted.fit is not None:
        line = fitted.fit(curve.x)
        if line.shape == curve.x.shape and np.isfinite(line).any():
            found[f"fit_{curve.y_name}"] = line
    if fitted.truth is not None:
        found[f"true_{curve.y_name}"] = fitted.truth
    return found


def _side_by_side(curves: Sequence[Fitted]) -> bool:
    """Whether curves share their x, and nothing else."""
    first, names = curves[0].curve, [each.curve.y_name for each in curves]
    same = all(c.curve.x_name == first.x_name and np.array_equal(c.curve.x, first.x) for c in curves)
    return same and len(set(names)) == len(names)


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _number(value: float) -> str:
    return f"{value:.10g}" if isfinite(value) else ""


def _plain(column: Array) -> list[float | None]:
    return [value if isfinite(value) else None for value in column.tolist()]


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value
