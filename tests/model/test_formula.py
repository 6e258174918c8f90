"""Rate formulas compute what they say, and can do nothing else."""

import time
from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vclamp.errors import VClampError
from vclamp.model.formula import Formula, linoid

Array = NDArray[np.float64]
V = np.array([-250.0, -100.0, -65.0, -55.0, -40.0, -1e-9, 0.0, 1e-3, 7.3, 40.0, 250.0])


def message(text: str) -> str:
    """What the refusal of a formula says; it must come at once."""
    began = time.perf_counter()
    with pytest.raises(VClampError) as caught:
        Formula(text)
    assert time.perf_counter() - began < 0.5
    assert "\n" not in str(caught.value).replace("\n", "", text.count("\n"))
    assert len(str(caught.value)) < 300
    return str(caught.value)


# ---- values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.07*exp(-(v+65)/20)", lambda v: 0.07 * np.exp(-(v + 65) / 20)),
        ("1/(1+exp(-(v+35)/10))", lambda v: 1 / (1 + np.exp(-(v + 35) / 10))),
        ("4*exp(-(V+65)/18)", lambda v: 4 * np.exp(-(v + 65) / 18)),
        ("2-3-4", lambda v: 0 * v - 5),
        ("2/4/8", lambda v: 0 * v + 0.0625),
        ("2-3*4^2/8+1", lambda v: 0 * v - 3),
        ("-v^2", lambda v: -(v**2)),
        ("(-v)^2", lambda v: v**2),
        ("--v", lambda v: v),
        ("-+-+v", lambda v: v),
        ("2*-v", lambda v: -2 * v),
        ("v^-2", lambda v: v**-2.0),
        ("v^0.5", lambda v: v**0.5),
        ("1.5e-3*v + .5 - 2.", lambda v: 1.5e-3 * v + 0.5 - 2),
        (" 1\t+\n v ", lambda v: 1 + v),
        ("sqrt(abs(v))", lambda v: np.sqrt(np.abs(v))),
        ("tanh(v/25)+log(v)", lambda v: np.tanh(v / 25) + np.log(v)),
    ],
)
def test_a_formula_is_what_numpy_makes_of_it(text: str, value: Callable[[Array], Array]) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(Formula(text)(V), value(V), rtol=1e-15, atol=0)


def test_a_formula_keeps_the_shape_of_its_voltages() -> None:
    assert Formula("3")(np.zeros((2, 5))).shape == (2, 5)
    assert Formula("v")(1.0).shape == ()
    values = Formula("v")(V)
    values[0] = 0.0  # the caller's own array
    assert V[0] == -250.0


def test_where_a_formula_is_undefined_it_is_not_finite_and_says_nothing() -> None:
    assert np.isnan(Formula("log(v)")(-1.0))
    assert np.isinf(Formula("1/v")(0.0))
    assert np.isnan(Formula("v/v")(0.0))
    assert np.isinf(Formula("exp(v^2)")(250.0))
    assert np.isinf(Formula("((10^12)^12)^12")(0.0))


def exact_linoid(x: float) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        z = Decimal(x)
        return z / (1 - (-z).exp()) if abs(x) > 1e-20 else Decimal(1)


@settings(max_examples=300)
@given(st.floats(-700.0, 700.0) | st.floats(-1e-4, 1e-4))
@example(0.0)
@example(-0.0)
@example(1e-6)
@example(-1e-6)
@example(5e-324)
def test_linoid_is_exact_to_rounding(x: float) -> None:
    assert float(linoid(x)) == pytest.approx(float(exact_linoid(x)), rel=4e-13 if abs(x) < 2e-6 else 1e-15)


def test_linoid_has_no_gap_and_no_overflow() -> None:
    assert linoid(0.0) == 1.0
    around = linoid(np.linspace(-1e-5, 1e-5, 20001))
    assert np.all(np.diff(around) > 0)
    assert linoid(np.array([-1e5, 1e5])).tolist() == [0.0, 1e5]


# ---- what is refused


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\n", "+", "-", "(", ")", "()", "(v", "v)", "exp", "exp v", "exp()", "exp(1,2)", "v,v", ","),
        *("v.real", "v.__class__", "v._x", "exp.__globals__", "(v).real", "1..real", "v__class__", "_", "__import__"),
        *("__import__('os')", "os", "open(1)", "eval(1)", "print(v)", "sin(v)", "max(v)", "v(1)", "2(3)", "(v)(v)"),
        *(
            "'a'",
            '"a"',
            "f'{v}'",
            "b'a'",
            "v[0]",
            "U",
            "u2",
            "uv",
            "[v]",
            "{v}",
            "v{0}",
            "lambda: 1",
            "lambda v: v",
            "v if v else 1",
        ),
        *("v=1", "v:=1", "v==1", "v<1", "v>1", "not v", "v and v", "v or v", "v;v", "v:v", "v#v", "v\\v", "`v`"),
        *("v**2", "v//2", "v%2", "v@v", "v&v", "v|v", "~v", "v!", "v<<2", "$v", "v?"),
        *("2^v", "v^v", "v^(2)", "2^3^4", "v^2^2", "v^--2", "v^+2", "v^", "v^13", "v^-13", "9^999", "v^1e3"),
        *("2v", "v2", "v v", "1 2", "1_000", "0x10", "0b1", "1j", "1e", "1e+", "inf", "nan", "True", "None", "pi", "e"),
        *("1e400", "1e999", "1e9999", "1" * 61, "1" * 900, "0." + "1" * 31, "1e" + "9" * 50),
        *("١", "٣*v", "１", "²", "v²", "½", "π", "ν", "v−1", "v×2", "μ", "ехр(v)", "\u202ev", "v\u00a0\u200bv"),
        *("v\x00", "\x00", "\ud800", "v\x1bv", "\U0001f600"),
    ],
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    said = message(text)
    assert said.startswith("formula '")
    assert "column" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "0.1*liniod((v+55)/10)",
            "column 5: 'liniod' is unknown. Allowed are numbers, v, u, + - * / ^ ( ) and exp, log",
        ),
        ("v + $", "column 5: '$' is not expected here."),
        ("(v+1", "column 4: ')' is missing."),
        ("2^3^4", "column 4: '^' is not expected here."),
        ("v^13", "column 3: an exponent above 12."),
        ("1e400", "column 1: a number too large."),
    ],
)
def test_a_refusal_names_the_column_and_what_is_allowed(text: str, said: str) -> None:
    assert said in message(text)


def test_long_and_deep_texts_are_refused_at_once() -> None:
    assert "too long" in message("v+" * 5_000_000 + "v")
    assert "too long" in message("(" * 10_000 + "v" + ")" * 10_000)
    assert "too long" in message("-" * 10_000 + "v")
    for opening in ("(", "exp(", "-(", "1+("):
        text = opening * 60 + "v" + ")" * 60
        assert "nested deeper than 50 levels" in message(text)
        Formula(text.replace(opening, "", 15).replace(")", "", 15))


@pytest.mark.parametrize("text", ["v" + "+v" * 499, "v" + "*-v" * 333, "-" * 999 + "v", "v^2" + "/v^2" * 249])
def test_the_longest_allowed_formulas_can_be_evaluated(text: str) -> None:
    assert len(text) <= 1000
    assert np.isfinite(Formula(text)(1.0))


# ---- random formulas, with the value they must have

Case = tuple[str, Callable[[Array], Array]]


def reference_linoid(x: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where(np.abs(x) < 1e-6, 1 + 0.5 * x, np.where(x == 0, 1.0, x) / -np.expm1(-np.where(x == 0, 1.0, x)))


UNARY = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh, "abs": np.abs, "linoid": reference_linoid}
OPERATORS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
space = st.sampled_from(["", "", "", " ", "  ", "\t"])


@st.composite
def number(draw: st.DrawFn) -> str:
    whole = draw(st.integers(0, 999))
    return draw(st.sampled_from([f"{whole}", f"{whole}.", f".{whole}", f"{whole}.25", f"{whole}e-3", f"{whole}.5E+2"]))


@st.composite
def atom(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    kind = draw(st.sampled_from(["number", "v", "V", "group", "function"]))
    if kind == "number":
        text = draw(number())
        return text, lambda v: np.full(v.shape, float(text))
    if kind in ("v", "V"):
        return kind, lambda v: v
    text, value = draw(inner)
    if kind == "group":
        return f"({text})", value
    name = draw(st.sampled_from(sorted(UNARY)))
    return f"{name}{draw(space)}({text}{draw(space)})", lambda v: UNARY[name](value(v))


@st.composite
def power(draw: st.DrawFn, inner: st.SearchStrategy[Case]) -> Case:
    text, value = draw(atom(inner))
    if draw(st.booleans()):
        exponent = draw(st.sampled_from(["2", "3", "12", "0.5", "-1", "- 2", "0"]))
        return f"{text}{draw(space)}^{exponent}", lambda v: value(v) ** float(exponent.replace(" ", ""))
    return text, value


@st.composite
def chain(draw: st.DrawFn, inner: st.SearchStrategy[Case], depth: int) -> Case:
    """Products of signed powers (depth 1) or sums of such products (depth 2), from the left."""

    def part() -> Case:
        if depth == 2:
            return draw(chain(inner, 1))
        signs = draw(st.sampled_from(["", "", "-", "+", "--", "- "]))
        text, value = draw(power(inner))
        return signs + text, (lambda v: -value(v)) if signs.count("-") % 2 else value

    text, value = part()
    for _ in range(draw(st.integers(0, 2))):
        sign = draw(st.sampled_from(["+", "-"] if depth == 2 else ["*", "/"]))
        right_text, right = part()
        text = f"{text}{draw(space)}{sign}{draw(space)}{right_text}"
        value = _combined(sign, value, right)
    return text, value


def _combined(sign: str, left: Callable[[Array], Array], right: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda v: OPERATORS[sign](left(v), right(v))


formulas = st.recursive(
    st.just(("v", lambda v: v)) | number().map(lambda t: (t, lambda v: np.full(v.shape, float(t)))),
    lambda inner: chain(inner, 2),
    max_leaves=12,
)


@settings(max_examples=150)
@given(formulas)
def test_a_random_formula_has_the_value_of_its_tree(case: Case) -> None:
    text, value = case
    try:
        found = Formula(text)(V)
    except VClampError:
        assert len(text) > 1000 or text.count("(") >= 50
        return
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found, value(V), rtol=1e-12, atol=0, err_msg=text)


pieces = st.sampled_from(
    [*"v+-*/^().,;:=_[]{}'\"\\ \n\t0123456789eE", "exp", "linoid(", "v", "1e", "__", "²", "٣", "\x00"]
)


@settings(max_examples=300)
@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")) | st.lists(pieces, max_size=60).map("".join))
@example("1\n")
@example("\x85v")
@example("v\x1c")
def test_noise_is_a_formula_or_a_refusal_and_never_anything_else(text: str) -> None:
    try:
        formula = Formula(text)
    except VClampError:
        return
    assert formula(V).shape == V.shape
