"""Imports point down only; Qt stays in the window and numba in the engine."""

import ast
from pathlib import Path

import pytest

VCLAMP = Path(__file__).parents[1] / "vclamp"
LAYERS = ["errors", "paths units", "physics", "model", "engine analysis storage", "run publish", "ui", "cli"]


def imported(path: Path) -> set[str]:
    """Every module a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_the_contracts_of_import_linter_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cli = pytest.importorskip("importlinter.cli", reason="import-linter is not installed here")
    monkeypatch.chdir(VCLAMP.parent)
    try:
        code = cli.lint_imports(cache_dir=str(tmp_path), is_debug_mode=False)
    except SystemExit as left:
        code = left.code
    assert code == 0, "run `lint-imports` to see which import points up"


def test_every_import_between_layers_points_down() -> None:
    rank = {name: number for number, names in enumerate(LAYERS) for name in names.split()}
    for path in VCLAMP.rglob("*.py"):
        own = path.relative_to(VCLAMP).with_suffix("").parts[0]
        if own == "__init__":
            continue
        for module in imported(path):
            package, _, rest = module.partition(".")
            other = rest.partition(".")[0]
            if package == "vclamp" and other in rank and other != own:
                assert rank[other] < rank[own], f"{path}: imports {module}"


@pytest.mark.parametrize(
    ("libraries", "allowed"),
    [
        ({"PySide6", "shiboken6", "pyqtgraph"}, ("ui/",)),
        ({"numba", "llvmlite"}, ("engine/kernels/", "ui/scopes/raster.py")),
        ({"pydantic", "defusedxml"}, ("model/",)),
        ({"h5py", "pynwb", "sqlite3"}, ("storage/",)),
    ],
)
def test_a_library_is_imported_only_where_it_belongs(libraries: set[str], allowed: tuple[str, ...]) -> None:
    users = {
        path.relative_to(VCLAMP).as_posix()
        for path in VCLAMP.rglob("*.py")
        if libraries & {module.partition(".")[0] for module in imported(path)}
    }
    assert users
    assert [user for user in users if not user.startswith(allowed)] == []
