"""A lab report says what was done and what it comes to, in the numbers of the analyses, and keeps an exam's secrets."""

import re
import zlib
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from recordings import made_up_recording

from vclamp import paths
from vclamp.analysis.analyses import analyse
from vclamp.analysis.results import Question
from vclamp.errors import CancelledError, VClampError
from vclamp.model.edit import with_value
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.record import About, Change, Finished, Recording
from vclamp.model.rig import Cell, Rig
from vclamp.model.summary import summary
from vclamp.publish import report
from vclamp.publish.answers import questions, telling_trace
from vclamp.publish.repeat import command_line
from vclamp.publish.symbols import symbol, with_error
from vclamp.run.runner import record

ABOUT = About("2026-11-20T14:03:11.123Z", "", "Seal <b>good</b> & $stable$ 日本\x07", ("course",), ((2, "a spike"),))


@cache
def recorded(protocol: str, cell: str, *settings: tuple[str, object]) -> Recording:
    """A shipped protocol on a shipped cell with some values changed."""
    rig = load_rig(paths.CELLS / f"{cell}.toml")
    for path, value in settings:
        rig = with_value(rig, path, value, "")
    return replace(record(rig, load_protocol(paths.PROTOCOLS / f"{protocol}.toml")), about=ABOUT)


def activation() -> Recording:
    return recorded("activation", "squid-axon-k")


def exam() -> Recording:
    return recorded("iv", "unknown-cell")


def foreign() -> Recording:
    """What is known of another program's recording: the command and a current."""
    run, rig = exam(), Rig(Cell("elsewhere", cm_pF=20.0))
    keep = ("command_mV", "i_pA")
    sweeps = tuple(
        replace(sweep, names=keep, values=np.array([sweep[name] for name in keep]), rig=rig, start=())
        for sweep in run.sweeps
    )
    return Recording(replace(run.header, rig=rig, version=""), sweeps, about=About(name="cell 3", source="cell3.abf"))


class Page(HTMLParser):
    """A web page as a reader sees it: text, tables by their caption, pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.captions: list[str] = []
        self.said = ""
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag
        if tag == "table":
            self.tables.append([])
            self.captions.append("")
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag in ("h1", "h2", "h3"):
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        self.said += data if self._in != "style" else ""
        if self._in in ("td", "th"):
            self.tables[-1][-1][-1] += data
        elif self._in == "caption":
            self.captions[-1] += data
        elif self._in in ("h1", "h2", "h3"):
            self.headings[-1] += data

    def table(self, caption: str) -> list[list[str]]:
        return self.tables[self.captions.index(caption)]

    def facts(self) -> dict[str, str]:
        return {row[0]: row[1] for table in self.tables for row in table if len(row) == 2}


@cache
def html_of(*makers: object) -> str:
    folder = Path(paths.user_folder())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
    report.write([make() for make in makers], path)  # type: ignore[operator]
    report.check([make() for make in makers], path)  # type: ignore[operator]
    return path.read_text()


def page_of(*makers: object) -> Page:
    return Page(html_of(*makers))


# ---- what it says


def test_it_says_what_was_recorded_when_and_by_what() -> None:
    page = page_of(activation)
    facts = page.facts()
    assert page.headings[:2] == ["Lab report", "K⁺ activation by tails on Squid giant axon, K⁺ current alone"]
    assert facts["recorded"] == "2026-11-20, 14:03 UTC"
    assert (facts["seed"], facts["by"], facts["sweeps"]) == ("0", "VClamp 0.1.0", "17 of 65 ms")
    assert facts["note"] == facts["note"].replace("\x07", "")
    assert (facts["tags"], facts["note on sweep 3"]) == ("course", "a spike")
    assert page.table("Channels")[1:] == [
        ["Na⁺", "Na", "120 nS", "50.0", "off"],
        ["K⁺", "K", "36 nS", "−77.0", ""],
        ["leak", "", "0.3 nS", "−54.4", "off"],
    ]
    assert page.table("Solutions at 6.3 °C")[2] == ["Na⁺", "440", "50", "52.4"]


def test_sweeps_of_different_lengths_are_said_to_last_from_the_shortest_to_the_longest() -> None:
    page = page_of(lambda: recorded("recovery", "squid-axon"))
    assert page.facts()["sweeps"] == "12 of 40.5 to 100 ms"


def test_the_table_of_what_varies_is_the_protocols_summary() -> None:
    found = summary(activation().header.protocol)
    head, *rows = page_of(activation).table("What varies")
    cells = [row[k : k + 2] for k in range(0, len(head), 2) for row in rows]
    levels = [float(value.replace("−", "-")) for _, value in cells if value]
    assert head[:2] == ["sweep", "test level (mV)"]
    assert [(level,) for level in levels] == list(found.rows)
    assert [number for number, _ in cells if number] == [str(k) for k in range(1, 18)]


def test_its_numbers_are_those_of_the_analyses_with_the_truth_beside_them() -> None:
    page = page_of(activation)
    asked = questions(activation())
    assert [name for name, _ in asked] == list(activation().header.protocol.opens.analyses)
    tables = [table for table, caption in zip(page.tables, page.captions, strict=True) if caption == "Results"]
    assert len(tables) == len(asked)
    for (name, _), table in zip(asked, tables, strict=True):
        result = analyse(name, [activation()], Question())
        finite = [each for each in result.estimates if np.isfinite(each.value)]
        assert table[0] == ["", "value ± s.e.", "95 % interval", "true"]
        assert [row[:2] for row in table[1:]] == [[symbol(e.name), with_error(e.value, e.se)] for e in finite]
    (half,) = [row for row in tables[0] if row[0] == "V½ (mV)"]
    low, high = (float(end.replace("−", "-")) for end in half[2].split("…"))
    assert low < float(half[1].split(" ±")[0].replace("−", "-")) < high
    assert float(half[3].replace("−", "-")) == pytest.approx(
        analyse(asked[0][0], [activation()])["v_half_mV"].truth, abs=0.1
    )


def test_pictures_show_the_command_the_traces_and_each_curve_with_its_fit() -> None:
    text = html_of(activation)
    svgs = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    command, traces, tail_gv, tau = svgs
    assert command.count('id="p1-trace-0-command_mV-') == 17
    assert traces.count('id="p2-trace-1-i_pA-') == 17
    assert 'id="p3-fit-' in tail_gv
    assert 'id="p4-truth-' in tau
    assert "V (mV)</text>" in tau


def test_a_command_that_never_changes_is_drawn_once() -> None:
    text = html_of(lambda: recorded("single-channel", "single-k-channel").only(range(6)))
    assert text.count("-trace-0-command_mV-") == 1
    assert "The command, the same in all sweeps." in text
    assert "5 of 6 sweeps" in text


def test_a_run_that_was_stopped_and_changed_says_so() -> None:
    run = replace(made_up_recording(3, 400), finished=Finished("stopped", "by <hand>"))
    page = page_of(lambda: run)
    assert page.facts()["ended"] == "stopped: by <hand>"
    assert "changed 2 times while it ran" in page.said
    assert "vclamp run" not in page.said
    assert "vclamp replay" in page.said


@pytest.mark.parametrize(("kept", "often"), [({0, 1, 2}, " once"), ({1}, " once"), ({2}, "")])
def test_a_rig_that_was_changed_is_told_of_every_part_of_the_run(kept: set[int], often: str) -> None:
    run = recorded("iv", "squid-axon").only(range(3))
    warmer = with_value(run.header.rig, "solutions.temperature_K", 290.0, "")
    sweeps = (
        run.sweeps[0],
        replace(run.sweeps[1], changes=(Change(1, 5, warmer),)),
        replace(run.sweeps[2], rig=warmer),
    )
    changed = replace(run, sweeps=sweeps).only(kept)
    assert f"The rig was changed{often} while it ran; these are its first values." in page_of(lambda: changed).said
    assert "was changed" not in page_of(lambda: run).said


# ---- how to repeat it


def test_the_command_line_makes_the_recording_again(tmp_path: Path) -> None:
    from vclamp import cli
    from vclamp.storage.recordings import load

    changed = recorded("iv", "squid-axon", ("cell.channels.na.g_nS", 60.5), ("solutions.drugs.TEA.out_mM", 1.0),
                       ("amplifier.rs_MOhm", 2.0), ("cell.channels.leak.on", False))  # fmt: skip
    line = command_line(changed)
    assert line in page_of(lambda: changed).said
    import shlex

    program, *arguments, _ = shlex.split(line)
    assert program == "vclamp"
    path = tmp_path / "again.vclamp"
    assert cli.main([*arguments, str(path)]) == 0
    (again,) = load(path)
    assert again.header == changed.header
    for mine, theirs in zip(changed.sweeps, again.sweeps, strict=True):
        assert mine.values.tobytes() == theirs.values.tobytes()


def test_what_no_line_can_make_has_none() -> None:
    run = recorded("iv", "squid-axon")
    own = replace(run.header.rig, cell=replace(run.header.rig.cell, name="my-cell"))
    without = replace(run.header.rig.cell, channels=run.header.rig.cell.channels[:2])
    for rig in (own, replace(run.header.rig, cell=without)):
        sweeps = tuple(replace(sweep, rig=rig) for sweep in run.sweeps)
        assert command_line(replace(run, header=replace(run.header, rig=rig), sweeps=sweeps)) == ""
    assert command_line(replace(run, header=replace(run.header, seed=2**64))) == ""
    assert command_line(foreign()) == ""


# ---- secrets, and what others recorded


@pytest.mark.parametrize("maker", [exam, foreign])
def test_no_truth_is_told_of_an_exam_or_known_of_a_foreign_recording(maker) -> None:  # type: ignore[no-untyped-def]
    page, text = page_of(maker), html_of(maker)
    assert "Results" in page.captions
    assert all(row[-1] != "true" for table in page.tables for row in table)
    assert "truth" not in text
    for secret in ("150 nS", "12 pF", "Resting conductance", "Traub", "Rs, true", "i_na_pA", "p_open", "v_mV"):
        assert secret not in text
    assert ("exam" in page.said) == (maker is exam)


def test_of_an_exam_only_the_recorded_current_is_measured() -> None:
    told = recorded("iv", "squid-axon")
    assert (telling_trace("gv", told), telling_trace("gv", exam())) == ("i_na_pA", "i_pA")
    assert not any(question.truth for _, question in questions(foreign()))


def test_a_foreign_recording_says_which_file_it_came_from() -> None:
    page = page_of(foreign)
    assert page.facts()["from the file"] == "cell3.abf"
    assert "seed" not in page.facts()
    assert "vclamp run" not in page.said


@pytest.mark.parametrize(
    ("protocol", "cell"),
    [("current-steps", "neuron"), ("run-down", "neuron-pump"), ("leak-subtraction", "squid-axon"),
     ("membrane-test", "model-cell-mc9"), ("gating-charge", "gating-current")],
)  # fmt: skip
def test_every_kind_of_run_becomes_a_report(protocol: str, cell: str) -> None:
    run = recorded(protocol, cell).only(range(3))
    assert page_of(lambda: run).headings[-1] == "How to repeat this"


# ---- several runs


def test_several_runs_stand_one_below_another_and_are_compared_once() -> None:
    doses = [recorded("dose-response", "hek-kv-open-block", ("solutions.drugs.quinidine.in_mM", c)).only([1, 3])
             for c in (0.0, 0.003, 0.03)]  # fmt: skip
    makers = [lambda run=run: run for run in doses]
    page = page_of(*makers)
    assert page.headings[0] == "Lab report: 3 runs"
    assert [len(row) for row in page.table("Runs")] == [4] * 4
    assert sum(heading.startswith(("1. ", "2. ", "3. ")) for heading in page.headings) == 3
    assert page.headings.count("Dose-response over several runs") == 1
    assert "IC₅₀" in page.said


# ---- the files


def test_a_page_needs_nothing_else_and_runs_nothing() -> None:
    text = html_of(activation)
    tags = page_of(activation).tags
    assert "script" not in {tag for tag, _ in tags}
    for tag, attributes in tags:
        assert not any(name.startswith("on") for name in attributes), tag
        for name in ("src", "href", "xlink:href", "data", "action"):
            assert (attributes.get(name) or "#").startswith("#"), tag
    assert "@import" not in text
    assert "&lt;b&gt;good&lt;/b&gt; &amp; $stable$ 日本<" in text
    names = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(names) == len(set(names)) > 50
    used = set(re.findall(r"url\(#([^)]+)\)", text))
    assert used
    assert used <= set(names)


def texts_in(pdf: bytes) -> int:
    """How many times a PDF shows text."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    pages = [zlib.decompress(each) for each in streams if each[:1] == b"x"]
    return sum(len(re.findall(rb"T[jJ]\b", each)) for each in pages)


def test_a_pdf_has_pages_of_a4_with_its_fonts_inside(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    runs = [recorded("run-down", "neuron-pump"), exam()]
    report.write(runs, path)
    report.check(runs, path)
    data = path.read_bytes()
    pages = len(re.findall(rb"/Type /Page\b", data))
    assert 5 <= pages <= 9
    assert f"({pages} pages)".encode() in data
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^\]]*)\]", data)}
    assert [tuple(round(value * 25.4 / 72.0) for value in box) for box in boxes] == [(0, 0, 210, 297)]
    assert len(re.findall(rb"/FontFile2 ", data)) == len(re.findall(rb"/Type /FontDescriptor", data)) >= 3
    assert texts_in(data) > 200


@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_a_check_sees_a_cut_file_and_a_report_of_other_data(kind: str, tmp_path: Path) -> None:
    path, run = tmp_path / f"a.{kind}", recorded("iv", "squid-axon").only([0, 7])
    report.write([run], path)
    report.check([run], path)
    sentence = rf"^a.{kind}: is not the report that was written\.$"
    for other in ([run.only([7])], [run, run], [replace(run, header=replace(run.header, seed=5))]):
        with pytest.raises(VClampError, match=sentence):
            report.check(other, path)
    whole = path.read_bytes()
    for n in (0, 10, len(whole) // 2, len(whole) - 9):
        path.write_bytes(whole[:n])
        with pytest.raises(VClampError, match=sentence):
            report.check([run], path)


def test_it_tells_how_far_it_is_and_can_be_cancelled(tmp_path: Path) -> None:
    def refuse(done: float) -> None:
        if done > 0.5:
            raise CancelledError

    run = recorded("run-down", "neuron-pump")
    told: list[float] = []
    report.write([run, run], tmp_path / "a.html", told.append)
    assert told == sorted(told)
    assert (len(told), told[-1]) == (13, 1.0)
    for kind in ("html", "pdf"):
        with pytest.raises(CancelledError):
            report.write([run, run], tmp_path / f"b.{kind}", refuse)
        assert not (tmp_path / f"b.{kind}").exists()
