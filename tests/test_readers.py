"""What is written for readers is true of the tree: commands, pictures, files."""

import re
import tomllib
from argparse import _SubParsersAction
from pathlib import Path

import pytest

from vclamp.cli import main
from vclamp.cli.parser import parser
from vclamp.model.files import load_channel, load_protocol

ROOT = Path(__file__).parents[1]
TEXTS = [ROOT / "README.md", ROOT / ".github/CONTRIBUTING.md", ROOT / "resources/packaging/README.md"]
CONTRIBUTING = TEXTS[1].read_text(encoding="utf-8")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.parent.name)
def test_every_link_and_picture_is_there(path: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_file_that_the_map_names_is_there() -> None:
    named = set(re.findall(r"`([\w/.-]+(?:\.py|/))`", CONTRIBUTING))
    there = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("[a-z]*/**/*.py")}
    there |= {f"{path.rpartition('/')[0]}/" for path in there}
    to_come = {"vclamp/analysis/total_charge.py", "vclamp/storage/plain_json.py"}  # of the recipes
    lost = [name for name in named - to_come
            if not (ROOT / name).exists() and not any(path.endswith(f"/{name}") for path in there)]  # fmt: skip
    assert len(named) > 80
    assert lost == []


def test_the_map_names_every_package() -> None:
    """By its folder, or by a file of it."""
    packages = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "vclamp").rglob("__init__.py")}
    assert [package for package in packages if not re.search(rf"`{package}/[\w/]*(?:\.py)?`", CONTRIBUTING)] == []


def test_every_file_says_in_its_first_line_what_it_is() -> None:
    """As the map says of itself."""
    silent = [path for path in (ROOT / "vclamp").rglob("*.py")
              if not path.read_text(encoding="utf-8").startswith('"""') and path.stat().st_size]  # fmt: skip
    assert silent == []


def readme_commands() -> list[list[str]]:
    """The words of each command that the README shows for the command line."""
    block = TEXTS[0].read_text(encoding="utf-8").partition("## Without the window")[2].split("```")[1]
    return [line.partition("#")[0].split()[1:] for line in block.splitlines() if line.startswith("vclamp ")]


def test_every_command_of_the_readme_is_understood() -> None:
    commands = [words for words in readme_commands() if words != ["--version"]]
    assert len(commands) > 10
    for words in commands:
        parser().parse_args(words)


def test_every_command_explains_itself_and_each_word_that_it_takes() -> None:
    (commands,) = (action for action in parser()._actions if isinstance(action, _SubParsersAction))
    assert [name for name, command in commands.choices.items() if not command.description] == []
    assert [
        (name, action.dest)
        for name, command in commands.choices.items()
        for action in command._actions
        if not action.help
    ] == []


def test_the_commands_of_the_readme_work_one_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that read only what an earlier one has written."""
    monkeypatch.chdir(tmp_path)
    ran = []
    for words in readme_commands():
        of_the_reader = words[0] in ("check", "export", "import") or words[0].startswith("-")
        if not of_the_reader and words[0] != "bench":
            assert main(words) == 0, words
            ran.append(words[0])
    assert ran == ["run", "run", "replay", "analyse", "analyse", "list", "command"]
    assert {path.name for path in tmp_path.iterdir()} >= {"iv.nwb", "ttx.csv", "peaks.json", "iv.atf"}


def test_the_text_files_of_the_recipes_are_right(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", CONTRIBUTING, re.DOTALL)
    assert len(blocks) == 2
    for text, load in zip(blocks, (load_channel, load_protocol), strict=True):
        path = tmp_path / f"{tomllib.loads(text)['name']}.toml"
        path.write_text(text, encoding="utf-8")
        load(path)
