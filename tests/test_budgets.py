"""The code stays small, typed, clean and safe to run."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "vclamp").rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
KERNELS = ("engine/kernels/", "raster.py")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def nodes(kind: type, *, skip: tuple[str, ...] = ()) -> Iterator[tuple[str, ast.AST]]:
    """All nodes of a kind with the place they stand at, but for files whose path ends so or has such a part."""
    for path, tree in TREES.items():
        name = path.relative_to(ROOT).as_posix()
        if not any(part in name for part in skip):
            for node in ast.walk(tree):
                if isinstance(node, kind):
                    yield f"{name}:{getattr(node, 'lineno', 0)} {getattr(node, 'name', '')}", node


def length(node: ast.AST) -> int:
    """Lines of a function or class without decorators, signature and docstring."""
    assert isinstance(node, Function | ast.ClassDef)
    body = node.body[1:] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1


def attributes(node: ast.ClassDef) -> tuple[int, int]:
    """How many attributes a class sets on itself in __init__, and how many a dataclass declares."""
    fields = sum(isinstance(item, ast.AnnAssign) for item in node.body) if is_dataclass(node) else 0
    own: set[str] = set()
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name in ("__init__", "__post_init__"):
            own |= {
                target.attr
                for target in ast.walk(item)
                if isinstance(target, ast.Attribute)
                and isinstance(target.ctx, ast.Store)
                and isinstance(target.value, ast.Name)
                and target.value.id == "self"
            }
    return len(own), fields


def is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)


def test_there_is_something_to_measure() -> None:
    assert len(FILES) > 30
    assert {path.name for path in FILES} >= {"membrane.py", "raster.py", "protocol.py", "told.py", "window.py"}


@pytest.mark.parametrize("path", FILES, ids=[path.relative_to(ROOT).as_posix() for path in FILES])
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_no_function_body_is_longer_than_60_lines_and_no_kernel_than_90() -> None:
    long = {}
    for place, node in nodes(Function):
        if length(node) > (90 if any(name in place for name in KERNELS) else 60):
            long[place] = length(node)
    assert long == {}


def test_no_class_is_longer_than_250_lines() -> None:
    assert {place: length(node) for place, node in nodes(ast.ClassDef) if length(node) > 250} == {}


def test_no_class_owns_more_than_12_attributes_and_no_description_more_than_16() -> None:
    many = {}
    for place, node in nodes(ast.ClassDef):
        assert isinstance(node, ast.ClassDef)
        own, fields = attributes(node)
        if own > 12 or fields > (16 if "vclamp/model/" in place else 12):
            many[place] = (own, fields)
    assert many == {}


def test_every_signature_below_the_window_is_typed() -> None:
    untyped = []
    for place, node in nodes(Function, skip=("vclamp/ui/", "engine/kernels/")):
        assert isinstance(node, Function)
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        names = [a for a in given if a is not None and a.arg not in ("self", "cls")]
        if node.returns is None or any(a.annotation is None for a in names):
            untyped.append(place)
    assert untyped == []


def test_every_module_public_class_and_public_function_says_what_it_is() -> None:
    silent = []
    for path, tree in TREES.items():
        name = path.relative_to(ROOT).as_posix()
        if tree.body and ast.get_docstring(tree) is None:
            silent.append(name)
        for node in tree.body if "vclamp/ui/" not in name else []:
            public = isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_")
            if public and ast.get_docstring(node) is None:
                silent.append(f"{name}:{node.lineno} {node.name}")
    assert silent == []


def test_only_the_command_line_prints() -> None:
    prints = [
        place
        for place, node in nodes(ast.Call, skip=("vclamp/cli/",))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert prints == []


FORBIDDEN = {
    r"(?<![\w.])eval\(": "text is never run",
    r"(?<![\w.])exec\(": "text is never run",
    r"(?<![\w.])__import__\(": "imports are written as imports",
    r"\b(import|from) (pickle|marshal|shelve|dill|yaml|subprocess32)\b": "a file must not be able to run code",
    r"allow_pickle=True": "a file must not be able to run code",
    r"fastmath=True": "results must be the same on every machine",
    r"parallel=True": "results must not depend on the number of threads",
    r"\btime\.time\(": "a clock that may be set back measures nothing",
    r"shell=True": "no shell",
    r"np\.random\.(seed|rand|randn|normal|random)\(": "randomness comes from a passed rng",
    r"\bTODO\b|\bFIXME\b|\bXXX\b": "do it, or leave it",
}


@pytest.mark.parametrize(("pattern", "reason"), FORBIDDEN.items(), ids=FORBIDDEN.keys())
def test_some_words_do_not_occur(pattern: str, reason: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == [], reason


def test_no_file_has_a_global_that_changes() -> None:
    assert [place for place, _ in nodes(ast.Global)] == []


@pytest.mark.parametrize(
    "command",
    [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)],
    ids=["ruff check", "ruff format --check", "mypy"],
)
def test_the_linters_have_nothing_to_say(command: tuple[str, ...]) -> None:
    tool = shutil.which(command[0], path=str(Path(sys.executable).parent)) or shutil.which(command[0])
    if tool is None:
        pytest.skip(f"{command[0]} is not installed here")
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
