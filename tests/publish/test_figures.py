"""Figures hold every trace as it was recorded, in the window's colours, beside bars of round lengths."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import colormaps
from recordings import made_up_recording

from vclamp import paths
from vclamp.errors import CancelledError, VClampError
from vclamp.model.files import load_protocol, load_rig
from vclamp.model.record import About, Recording
from vclamp.model.rig import Cell, Rig
from vclamp.publish import figure
from vclamp.publish.colours import sweep_colours
from vclamp.publish.scale_bars import bar
from vclamp.publish.specs import FigureSpec, ScopeSpec, TraceSpec, scope_spec, usual_scopes
from vclamp.publish.traces import thinned
from vclamp.run.runner import record

SVG = "{http://www.w3.org/2000/svg}"
BARS = FigureSpec(scale_bars=True)


@cache
def recorded(protocol: str, cell: str) -> Recording:
    """A shipped protocol on a shipped cell."""
    return record(load_rig(paths.CELLS / f"{cell}.toml"), load_protocol(paths.PROTOCOLS / f"{protocol}.toml"))


def iv() -> Recording:
    return recorded("iv", "squid-axon")


def foreign() -> Recording:
    """What is known of another program's recording: the command and a current."""
    rig = Rig(Cell("elsewhere", cm_pF=20.0))
    keep = ("command_mV", "i_pA")
    sweeps = tuple(
        replace(sweep, names=keep, values=np.array([sweep[name] for name in keep]), rig=rig, start=())
        for sweep in iv().sweeps
    )
    header = replace(iv().header, rig=rig, version="")
    return Recording(header, sweeps, about=About(name="cell 3", source="cell3.abf"))


class Drawing:
    """An SVG file as a reader sees it: named lines with their points in pt, and texts."""

    def __init__(self, data: bytes) -> None:
        root = ElementTree.fromstring(data)
        self.width_pt = float(root.attrib["width"].removesuffix("pt"))
        self.lines: dict[str, np.ndarray] = {}
        self.colours: dict[str, str] = {}
        for group in root.iter(f"{SVG}g"):
            path = group.find(f"{SVG}path")
            if path is not None:
                numbers = re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", path.attrib["d"])
                self.lines[group.attrib.get("id", "")] = np.array(numbers, float).reshape(-1, 2)
                stroke = re.search(r"stroke: (#\w+)", path.attrib.get("style", ""))
                self.colours[group.attrib.get("id", "")] = stroke[1] if stroke else ""
        self.texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
        self.labels = {
            group.attrib["id"]: "".join(group.itertext()).strip()
            for group in root.iter(f"{SVG}g")
            if group.attrib.get("id", "").startswith(figure.LABEL_ID)
        }

    def traces(self) -> list[str]:
        return [name for name in self.lines if name.startswith(figure.TRACE_ID)]


@cache
def drawn(recording_of: str, spec: FigureSpec | None = None) -> Drawing:
    return Drawing(figure.figure([globals()[recording_of]()], "svg", spec=spec))


# ---- what is in it


@pytest.mark.parametrize("spec", [None, BARS], ids=["axes", "bars"])
def test_there_is_one_line_for_every_sweep_and_trace(spec: FigureSpec | None) -> None:
    names = [trace.trace for scope in usual_scopes(iv()) for trace in scope.traces]
    assert names == ["v_mV", "i_pA", "i_na_pA", "i_k_pA", "i_leak_pA", "p_open_na", "p_open_k"]
    assert len(drawn("iv", spec).traces()) == 15 * len(names) == 105


def test_a_line_goes_through_the_samples() -> None:
    """Two points of the trace fix the scale of the paper; every other point then lies on the trace."""
    wanted = iv().sweeps[7]["i_pA"]
    points = drawn("iv").lines[figure.trace_id(1, "i_pA", 7)]
    x_pt, y_pt = points.T
    first, last = float(x_pt.min()), float(x_pt.max())
    times = (x_pt - first) / (last - first) * (wanted.size - 1)
    flat = np.polyfit([y_pt.min(), y_pt.max()], [wanted.max(), wanted.min()], 1)
    seen = np.interp(np.arange(wanted.size), times, np.polyval(flat, y_pt))
    steps = np.abs(np.gradient(wanted)) < 1.0
    dot_pA = abs(flat[0]) * 72.0 / 600.0
    assert np.abs(seen - wanted)[steps].max() < dot_pA


def test_titles_units_and_names_of_lines_are_text() -> None:
    texts = drawn("iv").texts
    for expected in ("V (mV)", "I total (pA)", "I ionic (pA)", "P open", "time (ms)", "I Na⁺", "I leak"):
        assert expected in texts


def test_only_the_sweeps_and_times_that_are_wanted_are_drawn() -> None:
    scope = ScopeSpec("I", "pA", (TraceSpec("i_pA"),))
    few = drawn("iv", FigureSpec((scope,), sweeps=(2, 9), t_range_ms=(5.0, 10.0)))
    assert few.traces() == [figure.trace_id(0, "i_pA", 2), figure.trace_id(0, "i_pA", 9)]
    nothing = Drawing(figure.figure([iv()], "svg", spec=FigureSpec((scope,), t_range_ms=(500.0, 600.0))))
    assert "time (ms)" in nothing.texts


@pytest.mark.parametrize(("dark", "first", "last"), [(False, 0.0, 0.74), (True, 0.22, 1.0)])
def test_sweeps_are_coloured_by_viridis_without_its_end_that_vanishes(dark: bool, first: float, last: float) -> None:
    mine = [[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in sweep_colours(200, dark=dark)]
    viridis = 255.0 * colormaps["viridis"](np.linspace(first, last, 200))[:, :3]
    assert np.abs(mine - viridis).max() < 4.0
    assert drawn("iv").colours[figure.trace_id(2, "i_na_pA", 14)] == "#e69f00"


def test_a_scope_by_its_name_can_be_drawn_alone() -> None:
    ionic = scope_spec("ionic", iv().header, dark=True)
    assert [(trace.trace, trace.label, trace.colour) for trace in ionic.traces] == [
        ("i_na_pA", "I Na⁺", "#e69f00"), ("i_k_pA", "I K⁺", "#56b4e9"), ("i_leak_pA", "I leak", "#9aa4ad"),
    ]  # fmt: skip
    assert len(drawn("iv", FigureSpec((ionic,), dark=True)).traces()) == 45


# ---- scale bars


@pytest.mark.parametrize(
    ("span", "unit", "label"),
    [
        (60.0, "ms", "10 ms"), (600.0, "ms", "100 ms"), (9000.0, "ms", "1 s"), (3.0, "ms", "0.5 ms"),
        (20.0, "s", "2 s"),
        (10.0, "min", "2 min"), (3.0, "min", "20 s"), (6800.0, "pA", "1 nA"), (150.0, "pA", "20 pA"),
        (12.0, "nA", "2 nA"), (2.0, "nA", "200 pA"), (1.08, "", "0.2"), (140.0, "mV", "20 mV"),
    ],
)  # fmt: skip
def test_bars_have_round_lengths(span: float, unit: str, label: str) -> None:
    assert bar(span, 0.2, unit).label == label


@given(span=st.floats(1e-3, 1e6), share=st.floats(0.05, 0.9), unit=st.sampled_from(["ms", "s", "pA", "nA", "mV", ""]))
def test_a_bar_is_the_longest_of_1_2_and_5_times_a_power_of_ten(span: float, share: float, unit: str) -> None:
    found = bar(span, share, unit)
    assert 0.39 * share * span < found.length <= share * span * (1.0 + 1e-6)
    assert f"{float(found.label.split(' ')[0]):.6e}"[0] in "125"


def test_every_bar_is_as_long_as_its_label_says_by_the_scale_of_its_traces() -> None:
    found = drawn("iv", BARS)
    scale = {}  # units per pt
    for number, trace, sweep in ((0, "v_mV", 14), (1, "i_pA", 14), (2, "i_k_pA", 14), (3, "p_open_k", 14)):
        values, (x, y) = iv().sweeps[sweep][trace], found.lines[figure.trace_id(number, trace, sweep)].T
        scale[str(number)] = np.ptp(values) / np.ptp(y)
        scale["time"] = (values.size - 1) / 50.0 / np.ptp(x)
    units = {"mV": 1.0, "pA": 1.0, "nA": 1000.0, "ms": 1.0, "": 1.0}
    assert found.labels.keys() == {f"{figure.LABEL_ID}-{name}" for name in scale}
    for name, per_pt in scale.items():
        line = found.lines[f"{figure.BAR_ID}-{name}"]
        length = float(np.ptp(line[:, 0 if name == "time" else 1])) * per_pt
        value, _, unit = found.labels[f"{figure.LABEL_ID}-{name}"].partition(" ")
        assert length == pytest.approx(float(value) * units[unit], rel=1e-3)
    assert found.labels[f"{figure.LABEL_ID}-1"] == "2 nA"
    assert "−80 mV" in found.texts
    assert "time (ms)" not in found.texts


def test_the_bar_of_time_joins_a_bar_of_the_largest_scope_to_an_l() -> None:
    lines = drawn("iv", BARS).lines
    corner = lines[f"{figure.BAR_ID}-time"][0]
    assert any(np.allclose(end, corner, atol=1e-3) for end in lines[f"{figure.BAR_ID}-1"])
    inside = [line[:, 0].max() for name, line in lines.items() if not name.startswith("patch")]
    assert max(inside) < drawn("iv", BARS).width_pt - 20.0


# ---- many samples


@given(st.integers(1, 3000), st.integers(4, 400), st.integers(0, 99))
def test_thinning_keeps_the_extremes_of_every_dot(n: int, most: int, seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal(n)
    kept = thinned(values, most)
    assert (np.diff(kept) > 0).all()
    assert {0, n - 1} <= set(kept.tolist())
    if n <= most:
        assert kept.size == n
        return
    width = -(-n // (most // 4))
    assert kept.size <= most + width
    for start in range(0, n, width):
        block = values[start : start + width]
        inside = values[kept[(kept >= start) & (kept < start + width)]]
        assert (inside.min(), inside.max()) == (block.min(), block.max())


def test_a_spike_of_one_sample_in_a_million_is_seen() -> None:
    values = np.zeros((1, 1_000_000))
    values[0, 777_777] = 1000.0
    sweep = replace(iv().sweeps[0], names=("i_pA",), values=values)
    data = figure.figure(
        [replace(iv(), sweeps=(sweep,))], "svg", spec=FigureSpec((ScopeSpec("I", "pA", (TraceSpec("i_pA"),)),))
    )
    line = Drawing(data).lines[figure.trace_id(0, "i_pA", 0)]
    assert np.ptp(line[:, 1]) > 50.0
    assert len(data) < 1_000_000


def test_very_many_lines_share_the_points_of_a_drawing_and_keep_their_extremes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(figure, "MOST_POINTS_IN_ALL", 16_000)
    noise = np.random.default_rng(0).normal(size=(4, 1, 40_000))
    noise[2, 0, 12_345] = 60.0
    sweeps = tuple(replace(iv().sweeps[k], names=("i_pA",), values=noise[k]) for k in range(4))
    spec = FigureSpec((ScopeSpec("I", "pA", (TraceSpec("i_pA"),)),))
    lines = Drawing(figure.figure([replace(iv(), sweeps=sweeps)], "svg", spec=spec)).lines
    found = [lines[figure.trace_id(0, "i_pA", k)] for k in range(4)]
    assert all(2_000 < len(line) <= 4_100 for line in found)
    assert np.ptp(found[2][:, 1]) > 5.0 * np.ptp(found[0][:, 1])


# ---- any recording


def test_capacitive_transients_do_not_set_the_range_of_the_current() -> None:
    clamped = recorded("iv", "unknown-cell")
    after = max(sweep["i_pA"][300:1700].max() for sweep in clamped.sweeps)
    assert max(sweep["i_pA"].max() for sweep in clamped.sweeps) > 1.5 * after
    scope = ScopeSpec("I total", "pA", (TraceSpec("i_pA"),), charging=True)
    calm, all_of_it = (
        Drawing(figure.figure([clamped], "svg", spec=FigureSpec((replace(scope, charging=blanked),))))
        for blanked in (True, False)
    )
    name = figure.trace_id(0, "i_pA", 14)
    heights = []
    for x, y in (each.lines[name].T for each in (calm, all_of_it)):
        held, steady = np.interp(x[0] + np.array([0.0, 34.0 / 60.0]) * (x[-1] - x[0]), x, y)
        heights.append(held - steady)
    rise_calm, rise_of_all = heights
    assert rise_calm > 1.3 * rise_of_all


def test_an_exam_shows_only_what_an_amplifier_gives_out() -> None:
    scopes = usual_scopes(recorded("iv", "unknown-cell"))
    assert [trace.trace for scope in scopes for trace in scope.traces] == ["command_mV", "i_pA"]


@pytest.mark.parametrize(
    "recording",
    [foreign, lambda: recorded("current-steps", "neuron"), lambda: recorded("run-down", "neuron-pump"),
     lambda: recorded("iv", "single-k-channel"), lambda: made_up_recording(1, 4), lambda: iv().only([3])],
    ids=["foreign", "current steps", "ten minutes", "counted", "four samples", "one sweep"],
)  # fmt: skip
def test_any_recording_becomes_a_figure_that_checks(recording, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    odd = FigureSpec(dpi=60, scale_bars=True, title="$5 % of\nИ 中", width_mm=85.0)
    for kind, spec in (("svg", FigureSpec()), ("svg", odd), ("png", odd)):
        figure.write([recording()], tmp_path / f"a.{kind}", spec=spec)
        figure.check([recording()], tmp_path / f"a.{kind}", spec=spec)


def test_numbers_that_are_none_leave_gaps() -> None:
    values = iv().sweeps[0].values.copy()
    values[:, 100:200] = np.nan
    values[2] = np.inf
    odd = replace(iv(), sweeps=(replace(iv().sweeps[0], values=values),))
    for spec in (None, BARS):
        assert Drawing(figure.figure([odd], "svg", spec=spec)).texts


# ---- files


def test_a_png_has_the_size_and_resolution_that_were_asked_for(tmp_path: Path) -> None:
    from PIL import Image

    figure.write([iv()], tmp_path / "a.png", spec=FigureSpec(width_mm=127.0, height_mm=76.2, dpi=200))
    with pytest.raises(VClampError):
        figure.check([iv()], tmp_path / "a.png", spec=FigureSpec(width_mm=127.0, height_mm=76.2, dpi=100))
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (1000, 600)
        assert image.info["dpi"] == pytest.approx((200, 200), rel=1e-3)
        assert image.info["Title"] == "4 · I-V of the squid axon on Squid giant axon"


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_check_sees_a_cut_file_and_a_figure_of_other_data(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    spec = FigureSpec(dpi=50)
    figure.write([iv().only(range(4))], path, spec=spec)
    values = iv().sweeps[3].values.copy()
    values[2, 5] = np.nextafter(values[2, 5], np.inf)
    sweeps = (*iv().sweeps[:3], replace(iv().sweeps[3], values=values))
    for other in (replace(iv(), sweeps=sweeps), iv().only(range(3))):
        with pytest.raises(VClampError, match=rf"^a.{kind}: is not the figure that was drawn\.$"):
            figure.check([other], path, spec=spec)
    whole = path.read_bytes()
    for n in (0, 10, len(whole) // 2, len(whole) - 9):
        path.write_bytes(whole[:n])
        with pytest.raises(VClampError, match=rf"^a.{kind}: "):
            figure.check([iv().only(range(4))], path, spec=spec)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_figure_twice_is_the_same_file(kind: str) -> None:
    one, two = (figure.figure([iv().only([0, 14])], kind, spec=FigureSpec(dpi=50)) for _ in range(2))
    assert one == two


def test_it_tells_how_far_it_is_and_can_be_cancelled(tmp_path: Path) -> None:
    def refuse(done: float) -> None:
        raise CancelledError

    told: list[float] = []
    figure.write([iv()], tmp_path / "a.svg", told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    with pytest.raises(CancelledError):
        figure.write([iv()], tmp_path / "b.svg", refuse)
    assert not (tmp_path / "b.svg").exists()


def test_the_users_own_settings_of_matplotlib_change_nothing() -> None:
    import matplotlib

    before = figure.figure([iv().only([0])], "svg")
    with matplotlib.rc_context(
        {"font.size": 30.0, "axes.facecolor": "red", "svg.fonttype": "path", "lines.marker": "o"}
    ):
        assert figure.figure([iv().only([0])], "svg") == before


def test_pyplot_and_qt_stay_out() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.path.insert(0, 'tests'); from recordings import made_up_recording as m;"
        "from vclamp.publish import figure; figure.figure([m(1, 50)], 'png');"
        "print([name for name in sys.modules if name.split('.')[0] in ('PySide6', 'tkinter') or 'pyplot' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=paths._PACKAGE.parent
    )
    assert done.stdout.strip() == "[]"
