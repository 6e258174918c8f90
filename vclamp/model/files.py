"""Text files and JSON <-> values: the border where everything is checked."""

import json
import os
import re
import tomllib
from contextlib import suppress
from dataclasses import MISSING, Field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from vclamp import paths
from vclamp.errors import VClampError
from vclamp.model.amplifier import Amplifier, Recorder
from vclamp.model.blockers import BLOCKERS
from vclamp.model.channel import Channel
from vclamp.model.explain import explain
from vclamp.model.gating import GATINGS, Gate, Transition
from vclamp.model.ions import Drug, Ion, Solutions
from vclamp.model.ladder import Ladder
from vclamp.model.pores import PORES, Permeability, PermeantEnergy, PoreIon
from vclamp.model.protocol import Mark, Protocol
from vclamp.model.pump import Pump
from vclamp.model.rig import Branch, Cell, Rig
from vclamp.model.segments import SEGMENTS
from vclamp.model.series import Conditioning, Leak, Opens, Series
from vclamp.model.waveforms import with_files

T = TypeVar("T")
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it reads what each installed package says of itself

MAX_BYTES = 256 * 1024
MAX_NESTING = 32
MAX_TABLES = 20_000
# strings and comments of TOML; one that is not closed reaches to the end of its line or file
_QUOTED = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)|"(?:\\.|[^"\\\n])*+"?|#[^\n]*+'
    r"|'''.*?(?:'{3,5}|\Z)|'[^'\n]*+'?",
    re.DOTALL,
)
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_NESTING}}}")
_CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)
_FORMS: tuple[dict[str, Any], ...] = (SEGMENTS, PORES, BLOCKERS, GATINGS)
_DESCRIBED: tuple[Any, ...] = (
    *(Channel, Gate, Transition, Permeability, PermeantEnergy, PoreIon, Drug, Ion, Solutions),
    *(Ladder, Mark, Series, Leak, Conditioning, Opens, Protocol, Amplifier, Recorder, Branch, Cell, Pump, Rig),
    *(described for forms in _FORMS for described in forms.values()),
)
for _cls in _DESCRIBED:
    setattr(_cls, "__pydantic_config__", _CONFIG)  # noqa: B010  (pydantic looks for this name)
_TAGS = {"number", "ladder", "list", *(tag for forms in _FORMS for tag in forms)}
KEYS = sorted({name for cls in _DESCRIBED for name in cls.__dataclass_fields__})


_adapters: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    """The validator of a kind, made once."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def to_data(value: object) -> dict[str, Any]:
    """A described value as plain dicts, lists, numbers and text; defaults left out."""
    data = _adapter(type(value)).dump_python(value, mode="json", exclude_none=True)
    return dict(_without_defaults(value, data))


def _without_defaults(value: Any, data: Any) -> Any:
    """Leave out what equals its default, except the tags that tell segments apart."""
    if isinstance(data, dict):
        fields = type(value).__dataclass_fields__
        return {
            key: _without_defaults(getattr(value, key), item)
            for key, item in data.items()
            if key == "type" or getattr(value, key) != _default(fields[key])
        }
    if isinstance(data, list):
        return [_without_defaults(v, d) for v, d in zip(value, data, strict=True)]
    return data


def _default(described: Field[Any]) -> object:
    made = described.default_factory
    return described.default if made is MISSING else made()


def to_full_data(value: object) -> dict[str, Any]:
    """As `to_data`, with every default spelled out."""
    data: dict[str, Any] = _adapter(type(value)).dump_python(value, mode="json")
    return data


def to_json(value: object) -> str:
    """A described value as one line of JSON that `from_json` reads back to an equal value.

    Every default is spelled out: a later program with other defaults reads the same value.
    """
    return json.dumps(to_full_data(value), ensure_ascii=False)


def to_toml(value: object) -> str:
    """A described value as the text of a TOML file."""
    import tomlkit

    return tomlkit.dumps(to_data(value))


def from_json(kind: type[T], text: str, where: str) -> T:
    """Read what `to_json` wrote.

    Raises
    ------
    VClampError
        If it is not a whole and valid description.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise VClampError(f"not readable as JSON ({error})", where=where) from None
    return from_data(kind, data, where)


def from_data(kind: type[T], data: object, where: str, text: str = "") -> T:
    """A value from plain data; `text` is the file it came from, to find line numbers in.

    Raises
    ------
    VClampError
        One sentence about the first mistake and how many more there are.
    """
    try:
        value: T = _adapter(kind).validate_json(_strict_json(data), strict=True)
        return value
    except ValidationError as problem:
        raise explain(problem, where, text, KEYS, _TAGS) from None
    except VClampError as problem:
        raise VClampError(problem.what, where=where, remedy=problem.remedy) from None


def _strict_json(data: object) -> str:
    """JSON of plain data; a date, which TOML knows, becomes what is nowhere allowed."""
    return json.dumps(data, default=lambda date: [str(date)])


def load_protocol(path: Path) -> Protocol:
    """The protocol in a TOML file; a waveform's `file` is read from the same folder and kept as values."""
    text, data = _read(path)
    if data.get("n_sweeps") == 0:  # only where nobody gives a number do the ladders
        raise VClampError("n_sweeps: 0 is too small", where=path.name, remedy="It must be at least 1.")
    return from_data(Protocol, {"n_sweeps": 0, **with_files(data, path, text)}, path.name, text)


def load_channel(path: Path) -> Channel:
    """The channel in a TOML file."""
    text, data = _read(path)
    return from_data(Channel, data, path.name, text)


def load_rig(path: Path) -> Rig:
    """The cell, its solutions and its amplifier in a TOML file.

    A channel may say `use = "NAME"`: it then starts from that channel's file, shipped or
    beside the cell's file, and its other keys override it.
    """
    text, data = _read(path)
    cell = data.get("cell")
    if isinstance(cell, dict) and isinstance(cell.get("channels"), list):
        cell["channels"] = [_resolve(item, path) for item in cell["channels"]]
    return from_data(Rig, data, path.name, text)


def _resolve(item: Any, cell_file: Path) -> Any:
    if not isinstance(item, dict) or "use" not in item:
        return item
    use, own = item["use"], {key: value for key, value in item.items() if key != "use"}
    where = f"{cell_file.name}: cell.channels"
    if not isinstance(use, str):
        raise VClampError("use must name a channel file", where=where, remedy='As use = "squid-na".')
    try:
        beside = cell_file.parent / f"{Path(use).name}.toml"
        path = paths.find(str(beside) if beside.is_file() else use, paths.CHANNELS, "channel")
    except OSError as error:  # a name the file system refuses
        raise VClampError(f"use = '{use[:80]}' ({error.strerror})", where=where, remedy="Shorten it.") from None
    except VClampError as error:
        what = f"use = '{use[:80]}' names no channel"
        raise VClampError(what, where=where, remedy=error.remedy) from None
    try:
        return {**_read(path)[1], **own}
    except VClampError as error:  # of the file that is used by the one that was asked for
        raise VClampError(error.what, where=f"{where}: {error.where}", remedy=error.remedy) from None


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """Text and tables of a TOML file that is small and shallow enough to parse safely."""
    text = _text(path)
    return text, parsed(text, path.name)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)  # whatever size the system says it has
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise VClampError("not a text file in UTF-8", where=path.name, remedy="Save it again as UTF-8.") from None
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise VClampError(what, where=path.name, remedy="Give the path of a text file.") from None
    if len(raw) > MAX_BYTES:
        raise VClampError(
            f"is larger than {MAX_BYTES // 1024} kB", where=path.name, remedy="No description may be: shorten it."
        )
    return text


def parsed(text: str, where: str) -> dict[str, Any]:
    """Tables of a TOML text; one that is too deep to parse safely is refused."""
    _scan(text, where)
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise VClampError(f"not valid TOML: {error}", where=where, remedy="Correct it there.") from None


def _scan(text: str, where: str) -> None:
    """Refuse what makes the TOML parser slow or deep before it sees it."""
    bare = _QUOTED.sub(lambda match: "q" + "\n" * match.group().count("\n"), text)
    depth, worst = 0, _LONG_KEY.search(bare)
    for bracket in re.finditer(r"[\[\]{}]", bare):
        depth += 1 if bracket.group() in "[{" else -1
        if depth > MAX_NESTING:
            worst = bracket
            break
    if worst:
        raise VClampError(
            f"nested deeper than {MAX_NESTING} levels",
            where=f"{where}:{bare.count(chr(10), 0, worst.start()) + 1}",
            remedy="Flatten it.",
        )
    if max(bare.count("["), bare.count("{")) > MAX_TABLES:
        raise VClampError("too many tables", where=where, remedy="Shorten the file.")


def kind_of(path: Path) -> str:
    """What a TOML file describes: "cell", "protocol" or "channel"."""
    data = _read(path)[1]
    return "cell" if "cell" in data else "protocol" if "segments" in data else "channel"


def title_of(path: Path) -> str:
    """The name to show to people of what a TOML file describes."""
    return _named(path, _written_ns(path))[0]


def titles(folder: Path) -> dict[str, str]:
    """Titles of the shipped files of a folder by their names: those that begin with a number first, in that order."""
    found = {name: title_of(path) for name, path in paths.shipped(folder).items()}

    def place(name: str) -> tuple[float, str]:
        number = found[name].split(" ")[0]
        return (float(number), "") if number.isdecimal() else (float("inf"), name)

    return {name: found[name] for name in sorted(found, key=place)}


def topic_of(path: Path) -> str:
    """What the cell in a TOML file is about; "Other" if it does not say."""
    return _named(path, _written_ns(path))[1]


@lru_cache(maxsize=512)
def _named(path: Path, written_ns: int) -> tuple[str, str]:
    """Title and topic of a file; lists of all that is shipped are made again and again."""
    text = _text(path)
    inner: dict[str, Any] = {}
    with suppress(VClampError):
        inner = _inner(text.partition("\n[[")[0], path)  # names stand above lists, which are most of a file
    if "label" not in inner:
        inner = _inner(text, path)
    return str(inner.get("label", inner.get("name", path.stem))), str(inner.get("topic", "Other"))


def _inner(text: str, path: Path) -> dict[str, Any]:
    """What stands beside the name in a file, or in its beginning."""
    data = parsed(text, path.name)
    inner = data.get("cell") or data
    return inner if isinstance(inner, dict) else {}  # opening it tells what is wrong


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0  # reading it says why
