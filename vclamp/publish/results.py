"""The answer of an analysis as files: its points and its numbers as CSV, or everything as JSON."""

from pathlib import Path
from typing import Literal

from vclamp.analysis.report import as_json, estimates_csv, points_csv
from vclamp.analysis.results import Question, Result
from vclamp.storage.safely import refuse_existing, write_text


def write_results(
    target: Path, result: Result, question: Question, kind: Literal["csv", "json"], *, overwrite: bool = False
) -> tuple[Path, ...]:
    """Write the files and name them: with "csv" the points to `target`, the numbers to one named after it.

    Raises
    ------
    VClampError
        If one exists already and may not be replaced, before the first is written; or if the disk refuses it.
    """
    refuse_existing(target, overwrite)
    texts = {target: as_json(result, question)}
    if kind == "csv":
        texts = {target: points_csv(result), target.with_stem(f"{target.stem}-results"): estimates_csv(result)}
    files = {path: text for path, text in texts.items() if text}
    for path in files:
        refuse_existing(path, overwrite)
    for path, text in files.items():
        write_text(path, text, overwrite=overwrite)
    return tuple(files)
