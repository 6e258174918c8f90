"""Rate formulas: text of the voltage, read by a small parser of its own.

A formula can reach nothing but numbers, v (mV), u (FV/RT at the rig's temperature),
+ - * / ^ ( ) and the functions below.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vclamp.errors import VClampError
from vclamp.physics.flux import linoid
from vclamp.physics.thermo import thermal_voltage_mV
from vclamp.units import kelvin

Array = NDArray[np.float64]
Variables = dict[str, Array]
Node = Callable[[Variables], Array]

MAX_LENGTH = 1000
MAX_DEPTH = 50
MAX_EXPONENT = 12.0
_TOKEN = re.compile(
    r"\s*(?:((?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?)"
    r"|([A-Za-z]\w{0,30})|(.))"
)


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "abs": np.abs,
    "linoid": linoid,
}


@dataclass(frozen=True)
class Formula:
    """A formula of the voltage v (mV) or u = FV/RT, checked when it is made.

    Raises
    ------
    VClampError
        If the text is not a formula; the message names the column.
    """

    text: str

    def __post_init__(self) -> None:
        _parse(self.text)

    def __call__(self, v_mV: ArrayLike, temperature_K: float = kelvin(22.0)) -> Array:
        """Values at the voltages, an array of the same shape; not finite where undefined."""
        v = np.asarray(v_mV, float)
        with np.errstate(all="ignore"):
            return np.array(_parse(self.text)({"v": v, "u": v / thermal_voltage_mV(temperature_K)}))


@lru_cache(maxsize=512)
def _parse(text: str) -> Node:
    if len(text) > MAX_LENGTH:
        raise VClampError(
            f"a formula of {len(text)} characters is too long",
            remedy=f"At most {MAX_LENGTH} are allowed.",
        )
    return _Parser(text).whole()


class _Parser:
    """Recursive descent: sum > product > sign > power > atom."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_TOKEN.finditer(text.rstrip()))
        self.at = 0
        self.depth = 0

    def whole(self) -> Node:
        node = self._sum()
        if self.at < len(self.tokens):
            raise self._error(f"'{self._peek()}' is not expected here")
        return node

    def _peek(self) -> str:
        return self.tokens[self.at].group().strip() if self.at < len(self.tokens) else ""

    def _take(self, token: str) -> bool:
        found = self._peek() == token
        self.at += found
        return found

    def _error(self, what: str) -> VClampError:
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        here = token.start(token.lastindex or 0) + 1 if token else len(self.text)
        remedy = f"Allowed are numbers, v, u, + - * / ^ ( ) and {', '.join(FUNCTIONS)}."
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return VClampError(f"formula '{shown}', column {here}: {what}", remedy=remedy)

    def _sum(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH} levels")
        node = self._product()
        while (operator := self._peek()) in ("+", "-"):
            self.at += 1
            node = _binary(operator, node, self._product())
        self.depth -= 1
        return node

    def _product(self) -> Node:
        node = self._sign()
        while (operator := self._peek()) in ("*", "/"):
            self.at += 1
            node = _binary(operator, node, self._sign())
        return node

    def _sign(self) -> Node:
        negative = False
        while self._peek() in ("+", "-"):
            negative ^= self._peek() == "-"
            self.at += 1
        node = self._power()
        return (lambda x: -node(x)) if negative else node

    def _power(self) -> Node:
        base = self._atom()
        if not self._take("^"):
            return base
        negative = self._take("-")
        exponent = self._number()
        if exponent > MAX_EXPONENT:
            self.at -= 1  # the exponent is where the mistake is
            raise self._error(f"an exponent above {MAX_EXPONENT:g}")
        exponent = -exponent if negative else exponent
        return lambda x: base(x) ** exponent

    def _number(self) -> float:
        match = self.tokens[self.at] if self.at < len(self.tokens) else None
        if match is None or match.group(1) is None:
            raise self._error("a number is expected here")
        value = float(match.group(1))
        if not np.isfinite(value):
            raise self._error("a number too large")
        self.at += 1
        return value

    def _atom(self) -> Node:
        match = self.tokens[self.at] if self.at < len(self.tokens) else None
        if match is None:
            raise self._error("the formula ends too early")
        if match.group(1) is not None:
            number = self._number()
            return lambda x: np.full(x["v"].shape, number)
        word = match.group(2)
        if word is not None:
            return self._name(word)
        if self._take("("):
            return self._closed()
        raise self._error(f"'{self._peek()}' is not expected here")

    def _name(self, word: str) -> Node:
        if word in ("v", "V", "u"):
            self.at += 1
            return lambda x: x[word.lower()]
        if word not in FUNCTIONS:
            raise self._error(f"'{word}' is unknown")
        self.at += 1
        if not self._take("("):
            raise self._error(f"'(' must follow {word}")
        function, inner = FUNCTIONS[word], self._closed()
        return lambda x: function(inner(x))

    def _closed(self) -> Node:
        node = self._sum()
        if not self._take(")"):
            raise self._error("')' is missing")
        return node


def _binary(operator: str, left: Node, right: Node) -> Node:
    function = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[operator]
    return lambda x: function(left(x), right(x))
