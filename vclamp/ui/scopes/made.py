"""Scopes by their names, each made when it is first asked for."""

from collections.abc import Callable

from vclamp.ui.scopes.difference import kinds
from vclamp.ui.scopes.kinds import Scope


class Scopes(dict[str, Scope]):
    """Those made so far, from the top: a scope takes 20 ms to make, and most are never looked at."""

    def __init__(self, make: Callable[[str], Scope]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> Scope:
        self[name] = scope = self._make(name)
        order = list(kinds())
        for each in sorted(self, key=order.index):
            super().__setitem__(each, super().pop(each))  # to the end
        return scope
