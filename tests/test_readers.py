"""What is written for readers is true of the tree: commands, pictures, files."""

import re
import tomllib
from pathlib import Path

import pytest

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


def test_every_command_of_the_readme_is_understood() -> None:
    block = TEXTS[0].read_text(encoding="utf-8").partition("## Without the window")[2].split("```")[1]
    commands = [line.partition("#")[0].split()[1:] for line in block.splitlines() if line.startswith("vclamp ")]
    assert len(commands) > 10
    for words in commands:
        if "|" in " ".join(words):
            words = [words[0], words[1].partition("|")[0]]  # noqa: PLW2901
        if words != ["--version"]:
            parser().parse_args(words)


def test_the_text_files_of_the_recipes_are_right(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", CONTRIBUTING, re.DOTALL)
    assert len(blocks) == 2
    for text, load in zip(blocks, (load_channel, load_protocol), strict=True):
        path = tmp_path / f"{tomllib.loads(text)['name']}.toml"
        path.write_text(text, encoding="utf-8")
        load(path)
