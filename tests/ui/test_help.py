"""The help: a page about whatever has the focus or is clicked, made of what the program says anyway."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from recordings import iv, squid_axon
from rig_desk import Desk
from rig_window import Key, click, family, nothing_goes_wrong, open_window, press, wait_for

from vclamp import paths
from vclamp.model.blockers import Blocker, KineticBlocker, WoodhullBlocker
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.gating import Gate, Markov, Mwc, Transition, TwoState
from vclamp.model.pores import PORES, Permeability, PermeantEnergy, PoreIon
from vclamp.model.pump import Pump
from vclamp.model.record import trace_names
from vclamp.publish.scopes import SCOPES
from vclamp.ui.help.pages import FOLDER, INDEX, page_at, plain
from vclamp.ui.help.places import chapter_of_path
from vclamp.ui.help.window import OPENS, HelpWindow
from vclamp.ui.panels.equations import equation_of
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.words import WORDS
from vclamp.ui.scopes.reading import what
from vclamp.ui.window import Window

pytestmark = pytest.mark.usefixtures("qapp")
SHIFT = Qt.KeyboardModifier.ShiftModifier
YEAR = re.compile(r"\b(1[89]|20)\d\d\b")  # of a source
EQUATION = re.compile(r"[=→×/·]")
LINK = re.compile(r"\]\(([^)]+)\)")
CHAPTERS = sorted(path.stem for path in FOLDER.glob("*.md"))
DESCRIBED = (
    Gate, TwoState, Mwc, Markov, Transition, *PORES.values(), Permeability, PermeantEnergy, PoreIon, Blocker,
    WoodhullBlocker, KineticBlocker, Pump,
)  # fmt: skip


@pytest.fixture(scope="module")
def one_window(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    with open_window(tmp_path_factory.mktemp("help")) as window:
        yield window


@pytest.fixture
def help_window(one_window: Window) -> Iterator[Window]:
    """The window, whose help is closed again."""
    with nothing_goes_wrong():
        one_window.activateWindow()
        QTest.qWaitForWindowActive(one_window)
        yield one_window
        one_window.help.leave()
        if one_window.help.shown is not None:
            one_window.help.shown.close()
        QApplication.processEvents()


def shown(window: Window) -> HelpWindow:
    assert window.help.shown is not None
    return window.help.shown


# ---- pages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_link_of_a_chapter_leads_to_a_page_of_its_own(name: str) -> None:
    rig, protocol = squid_axon(), iv()
    index = page_at(INDEX, rig, protocol)
    links = LINK.findall(page_at(name, rig, protocol).text)
    assert links or name != INDEX
    for link in links:
        if link.startswith(OPENS):
            assert link.removeprefix(OPENS) in paths.shipped(paths.PROTOCOLS)
            continue
        assert link == INDEX or page_at(link, rig, protocol) != index, link


def test_every_chapter_is_found_from_the_index() -> None:
    text = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert set(CHAPTERS) - {INDEX} <= set(LINK.findall(text))


@pytest.mark.parametrize("path", sorted(paths.CELLS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_trace_and_scope_of_every_cell_has_a_page(path: object) -> None:
    rig, protocol = load_rig(path), iv()
    for name in trace_names(rig, protocol):
        page = page_at(f"trace:{name}", rig, protocol)
        if rig.cell.exam:
            assert not any(channel.source and channel.source in page.text for channel in rig.cell.channels)
        else:
            assert f"`{name}`" in page.text
            assert plain(what(name, rig)) in page.text
            assert what(name, rig), name
    for name in SCOPES:
        assert SCOPES[name].menu in page_at(f"scope:{name}", rig, protocol).text


def test_the_page_of_a_channels_current_tells_its_source() -> None:
    page = page_at("trace:i_na_pA", squid_axon(), iv())
    assert "Source: Hodgkin" in page.text
    assert "](scope:ionic)" in page.text


def test_what_a_file_says_is_no_mark_and_loads_nothing(help_window: Window) -> None:
    evil = "![x](file:///etc/passwd) <img src='http://x'> [y](open:iv) `z` # h"
    window = HelpWindow(help_window)
    window.text.document().setMarkdown(plain(evil))
    assert window.text.document().toPlainText() == evil
    assert window.text.loadResource(2, "file:///etc/passwd") is None
    window.deleteLater()


def test_every_value_of_a_rig_belongs_to_a_chapter() -> None:
    expected = {
        "cell.channels.na.g_nS": "channels", "cell.channels.na.gates.m.power": "gating",
        "cell.channels.na.pore.e_mV": "permeation", "cell.channels.na.blockers.0.ic50_mM": "block",
        "cell.pump.i_max_pA": "pump", "amplifier.rs_MOhm": "amplifier", "amplifier.recorder.bits": "recorder",
        "solutions.drugs.TTX.out_mM": "block", "solutions.ions.K.out_mM": "nernst", "cell.cm_pF": "membrane",
    }  # fmt: skip
    assert {path: chapter_of_path(path) for path in expected} == expected
    assert set(expected.values()) <= set(CHAPTERS)


# ---- tooltips ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DESCRIBED, ids=lambda kind: kind.__name__)
def test_every_parameter_that_a_form_shows_has_an_equation(kind: type) -> None:
    assert is_dataclass(kind)
    described = object.__new__(kind)
    keys = [field.name for field in fields(kind) if field.name in WORDS and field.name != "i_max_pA"]
    assert {key for key in keys if not equation_of(described, key)} == set()


@pytest.mark.parametrize("path", sorted(paths.CELLS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_knob_of_every_cell_tells_its_range_unit_and_source(one_desk: Desk, path: object) -> None:
    rig = load_rig(path)
    with nothing_goes_wrong():
        one_desk.put(rig)
        for card in one_desk.panel.cards.values():
            if hasattr(card, "arrow"):
                card.arrow.setChecked(True)
        for bound in one_desk.panel._all_bound():
            tip = bound.widget.toolTip()
            assert len(tip) > 10, bound.path
            if isinstance(bound.widget, QuantityField):
                ends = next((line for line in tip.splitlines() if "…" in line), "")
                assert ends.endswith(bound.widget.suffix().strip()), bound.path
                assert ends, bound.path
                assert EQUATION.search(tip), (bound.path, tip)
                assert YEAR.search(tip), (bound.path, tip)
            if bound.path.startswith("cell.channels.") and not bound.path.endswith((".on", ".n_channels")):
                channel = next(c for c in rig.cell.channels if c.name == bound.path.split(".")[2])
                assert channel.source in tip, bound.path
            if bound.path.startswith("solutions.drugs.") and not rig.cell.exam:
                assert "1/(1 + " in tip or "exp(" in tip or "[ATP]" in tip or "outside" in tip or "inside" in tip


# ---- F1, Shift+F1, right click -------------------------------------------------------------


def test_f1_opens_the_page_of_the_field_that_has_the_focus(help_window: Window) -> None:
    field = help_window.panel.cards["na"].conductance
    field.setFocus()
    press(help_window, Key.Key_F1)
    page = shown(help_window).page
    assert page.title == "Na⁺, g"
    assert "I \\= g" in page.text or "I = g·P open·(V − E)" in shown(help_window).text.toPlainText()
    assert "Hodgkin" in page.text
    assert "Channels and conductance" in page.text


def test_f1_on_the_scopes_is_about_the_largest_of_them(help_window: Window) -> None:
    help_window.display.stack.setFocus()
    press(help_window, Key.Key_F1)
    assert shown(help_window).page.title == "Total current"


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        (lambda w: w.tools.protocol, "The protocol editor"),
        (lambda w: w.tools.seal, "The membrane test"),
        (lambda w: w.documents.runs, "Runs and files"),
        (lambda w: w.display.inspector, "The inspector"),
        (lambda w: w.analyst.panel, "Analyses"),
        (lambda w: w.display.iv, "The I–V panel"),
        (lambda w: w.display.ledger, "The sodium pump, volume and ledger"),
        (lambda w: w.bar, "The protocol editor"),
    ],
)
def test_every_part_of_the_window_has_its_chapter(help_window: Window, find: object, expected: str) -> None:
    from vclamp.ui.help.places import about

    part: QWidget = find(help_window)
    page = about(help_window, part)
    assert expected in (page.title, *re.findall(r"^## (.*)$", page.text, re.MULTILINE))


def test_links_lead_on_and_back_again(help_window: Window) -> None:
    help_window.help.open_index()
    window = shown(help_window)
    window.follow("gating")
    window.follow("block")
    assert window.page.title == "Block"
    window.back.click()
    window.back.click()
    assert window.page.title == "Help"
    window.forth.click()
    assert window.page.title == "Gating"
    wait_for(lambda: QApplication.activeWindow() is window)
    press(window, Key.Key_Escape)
    assert not window.isVisible()


def test_a_lesson_of_the_course_is_opened_from_its_page(help_window: Window) -> None:
    help_window.help.open_index()
    shown(help_window).follow("open:ramp")
    assert help_window.bench.protocol == load_protocol(paths.PROTOCOLS / "ramp.toml")
    assert shown(help_window).page.title == help_window.bench.protocol.title
    assert help_window.bench.rig.cell.name == help_window.bench.protocol.opens.cell
    help_window.load_protocol("iv")
    help_window.load_cell("squid-axon")


def test_what_is_this_takes_one_click_and_does_nothing_else(help_window: Window) -> None:
    switch = help_window.panel.cards["na"].switch
    press(help_window, Key.Key_F1, SHIFT)
    assert help_window.help.asking
    click(switch, QPoint(8, 8))
    assert not help_window.help.asking
    assert help_window.bench.rig.cell.channels[0].on
    assert "Na⁺" in shown(help_window).page.title
    shown(help_window).close()
    click(switch, QPoint(8, 8))
    assert not help_window.bench.rig.cell.channels[0].on
    click(switch, QPoint(8, 8))


def test_esc_ends_what_is_this(help_window: Window) -> None:
    press(help_window, Key.Key_F1, SHIFT)
    press(help_window, Key.Key_Escape)
    assert not help_window.help.asking
    assert QApplication.overrideCursor() is None


def test_a_trace_and_its_name_have_a_page(help_window: Window) -> None:
    window = help_window
    family(window)
    stack = window.display.stack
    scope = stack.scopes["ionic"]
    text = next(text for text in scope.texts if text.isVisible() and "Na" in text.toPlainText())
    place = stack.mapFromScene(text.mapRectToScene(text.boundingRect()).center())
    window.help.open_spot(stack.spot_at(stack.mapToGlobal(place)))
    assert shown(window).page.title == "I Na⁺ (pA)"
    inside = scope.plot.getViewBox().mapViewToScene(scope.plot.getViewBox().viewRect().center())
    assert stack.name_at(stack.spot_at(stack.mapToGlobal(stack.mapFromScene(inside)))) in (
        "",
        "I Na⁺",
        "I K⁺",
        "I leak",
    )
