"""What a command says: lines for people or one JSON object for programs, and how far it is."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vclamp.errors import VClampError

if TYPE_CHECKING:
    from vclamp.storage.safely import Progress

_PATIENCE_S, _EVERY_S = 0.3, 0.1  # until progress is shown, and between two pictures of it


class Told:
    """Collects what a command has to say, and says it in the form that was asked for."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json = as_json
        self._facts: dict[str, Any] = {}

    def line(self, text: str) -> None:
        """Say a line to people."""
        if not self._as_json:
            print(text, flush=True)

    def fact(self, **facts: Any) -> None:
        """Tell programs."""
        self._facts.update(facts)

    def fail(self, error: VClampError) -> None:
        """Tell programs why there is nothing more; people have been told."""
        if self._as_json:
            self.fact(error={"where": error.where, "what": error.what, "remedy": error.remedy})
            self.end(error.exit_code)

    def end(self, code: int) -> None:
        """Everything is said."""
        if self._as_json:
            print(json.dumps({**self._facts, "exit_code": code}, ensure_ascii=False))
        sys.stdout.flush()

    @contextmanager
    def progress(self, doing: str) -> Iterator[Progress]:
        """Show on a terminal how far something is that takes its time, and wipe that out when it is done."""
        if self._as_json or not sys.stderr.isatty():
            yield lambda done: None
            return
        shown_s = time.monotonic() + _PATIENCE_S - _EVERY_S

        def show(done: float) -> None:
            nonlocal shown_s
            if time.monotonic() - shown_s >= _EVERY_S:
                shown_s = time.monotonic()
                print(f"\r{doing} {done:4.0%}", end="", file=sys.stderr, flush=True)

        try:
            yield show
        finally:
            print(f"\r{'':{len(doing) + 6}}\r", end="", file=sys.stderr, flush=True)
