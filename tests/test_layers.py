"""Imports point down only; Qt stays in the window and numba in the engine."""

import ast
import re
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


# ---- widgets


WIDGET = re.compile(
    r"Q(Widget|Dialog|Frame|Label|MainWindow|DockWidget|SplashScreen|(Plain)?TextEdit|LineEdit|CheckBox|ComboBox|"
    r"\w*(Button|Slider|SpinBox|Bar|View|Area)|(Tab|Tree|List|Table)Widget|Splitter|Menu|Scroll\w+|StackedWidget)|"
    r"(GraphicsLayoutWidget|PlotWidget|PlotItem|ViewBox|AxisItem|GraphicsObject)"
)
MODULES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((VCLAMP / "ui").rglob("*.py"))}
THREADS = {"threading", "concurrent", "multiprocessing", "subprocess", "asyncio"}
FILES = {"os", "io", "shutil", "tempfile", "glob", "zipfile", "sqlite3"}
QT_THREADS_AND_FILES = {
    "QThread", "QThreadPool", "QRunnable", "QtConcurrent", "QFile", "QDir", "QSaveFile", "QTemporaryFile", "QProcess",
    "QSettings",
}  # fmt: skip
PHYSICS = {"vclamp.physics", "vclamp.engine", "vclamp.storage", "vclamp.run", "scipy"}
TOUCHES = {
    "read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "unlink", "exists",
    "is_file", "is_dir", "iterdir", "rglob", "stat", "touch", "rmdir", "rmtree",
}  # fmt: skip

READERS = {"open", "load_rig", "load_protocol", "load_channel", "titles"}


def bases(node: ast.ClassDef) -> set[str]:
    """Names of what a class is made from, without their modules."""
    return {ast.unparse(base).rpartition(".")[2] for base in node.bases}


def widget_names() -> set[str]:
    """All classes of the window that are widgets or drawn in one, also by way of another one of ours."""
    classes = {n.name: bases(n) for tree in MODULES.values() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}
    found = {name for name, above in classes.items() if any(map(WIDGET.fullmatch, above))}
    while more := {name for name, above in classes.items() if above & found} - found:
        found |= more
    return found


def widgets() -> dict[str, ast.ClassDef]:
    """Every widget by its place."""
    names = widget_names()
    return {
        f"{path.relative_to(VCLAMP).as_posix()}: {node.name}": node
        for path, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in names
    }


def of_widgets() -> list[Path]:
    """The files that have widgets in them, or are in the folders of widgets."""
    folders = [VCLAMP / "ui" / name for name in ("panels", "scopes", "protocols")]
    names = widget_names()
    return [
        path
        for path, tree in MODULES.items()
        if path.parent in folders or any(isinstance(n, ast.ClassDef) and n.name in names for n in ast.walk(tree))
    ]


def begun(tree: ast.Module) -> set[str]:
    """What a file imports as it is loaded, for all that is in it."""
    alone = ast.Module([n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], [])
    found = {alias.name for n in alone.body if isinstance(n, ast.Import) for alias in n.names}
    for node in alone.body:
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found - {"vclamp.storage.safely.safe_name"}  # of a text


def said(found: dict[str, set[str]]) -> dict[str, set[str]]:
    return {place: names for place, names in found.items() if names}


def test_the_widgets_are_found() -> None:
    assert {"Window", "RunsPanel", "InspectorPanel", "ScopeStack", "ProtocolEditor", "QuantityField"} <= widget_names()
    assert {"Bench", "Bridge", "Worker", "Keeper", "Documents"} & widget_names() == set()
    assert len(of_widgets()) > 50


def test_no_file_of_widgets_has_a_thread_or_reads_files_by_itself() -> None:
    found = {}
    for path in of_widgets():
        modules = {name.partition(".")[0] for name in imported(path)} & (THREADS | FILES)
        found[path.name] = modules | {name.rpartition(".")[2] for name in imported(path)} & QT_THREADS_AND_FILES
    assert said(found) == {}


def test_no_file_of_widgets_knows_physics_engine_or_storage() -> None:
    """What is imported within a function is for a task beside the window; the raster has its own compiled code."""
    found = {
        path.name: {name for name in begun(MODULES[path]) if name.startswith(tuple(PHYSICS))}
        for path in of_widgets()
        if path.name != "raster.py"
    }
    assert said(found) == {}


def test_no_widget_opens_reads_writes_or_looks_for_a_file() -> None:
    found = {}
    for place, node in widgets().items():
        called = {n.func for n in ast.walk(node) if isinstance(n, ast.Call)}
        found[place] = {f.id for f in called if isinstance(f, ast.Name) and f.id in READERS}
        found[place] |= {f.attr for f in called if isinstance(f, ast.Attribute) and f.attr in TOUCHES}
    assert said(found) == {}
