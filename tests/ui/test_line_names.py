"""Names of lines cover neither each other nor, where there is room, a line."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from rig_window import family, live, settle

from vclamp.ui.scopes.labels import COLUMN_PX, Array, free_places
from vclamp.ui.scopes.names import REST_MS
from vclamp.ui.window import Window

SIZE = (40.0, 12.0)


def flat(height: float, n: int = 100) -> tuple[Array, Array]:
    return np.full(n, height), np.full(n, height)


def rects(lines: list[tuple[Array, Array]], height_px: float = 100.0) -> list[QRectF | None]:
    places = free_places(lines, [SIZE] * len(lines), height_px)
    return [place and QRectF(place.left_px, place.bottom_px, *SIZE) for place in places]


@given(
    st.lists(st.lists(st.floats(-20.0, 120.0), min_size=60, max_size=60), min_size=1, max_size=7),
    st.floats(15.0, 150.0),
)
def test_no_name_covers_another_or_leaves_the_plot(values: list[list[float]], height_px: float) -> None:
    lines = [(np.array(each) - 1.0, np.array(each) + 1.0) for each in values]
    there = [rect for rect in rects(lines, height_px) if rect is not None]
    whole = QRectF(0.0, 0.0, 60 * COLUMN_PX, height_px)
    assert all(whole.contains(rect) for rect in there)
    assert not any(one.intersects(other) for one, other in combinations(there, 2))


def test_a_name_stands_on_its_own_line_and_off_all_others() -> None:
    heights = (20.0, 45.0, 80.0)
    for rect, own in zip(rects([flat(height) for height in heights]), heights, strict=True):
        assert rect is not None
        assert min(abs(rect.top() - own), abs(rect.bottom() - own)) <= 2.0  # QRectF's top is the lower edge here
        assert not any(rect.top() < height < rect.bottom() for height in heights)


def test_a_name_stands_where_its_line_is_far_from_where_it_began() -> None:
    peak = 10.0 + 60.0 * np.exp(-(((np.arange(100) - 60) / 12.0) ** 2))
    (rect,) = rects([(peak - 0.5, peak + 0.5)])
    assert rect is not None
    assert 50 * COLUMN_PX < rect.center().x() < 70 * COLUMN_PX
    assert rect.top() >= 69.0


def test_what_has_no_room_is_left_out_and_it_is_the_smallest() -> None:
    step = np.repeat([2.0, 26.0], 50)
    found = rects([flat(14.0, 100), (step, step), flat(14.0, 100), flat(14.0, 100)], 30.0)
    assert found[1] is not None
    assert rects([flat(14.0, 12)] * 3, 30.0).count(None) >= 1
    assert rects([flat(5.0, 8)]) == [None]  # narrower than the name


def test_a_line_that_is_nowhere_has_no_name() -> None:
    nowhere = np.full(100, np.nan)
    found = rects([(nowhere, nowhere), flat(50.0)])
    assert found[0] is None
    assert found[1] is not None


@pytest.mark.parametrize("theme", ["dark", "projector"])
def test_the_names_of_small_currents_do_not_cover_each_other(rig_window: Window, theme: str) -> None:
    rig_window.load_cell("realistic-rig")
    rig_window.looks.choose(theme)
    settle(rig_window)
    family(rig_window)
    live(3e-3 * REST_MS)
    scope = rig_window.display.stack.scopes["ionic"]
    shown = [text for text in scope.texts if text.isVisible()]
    assert len(shown) >= 3
    places = [text.mapRectToScene(text.boundingRect()) for text in shown]
    assert not any(one.intersects(other) for one, other in combinations(places, 2))
    assert all(scope.plot.getViewBox().sceneBoundingRect().adjusted(-1, -1, 1, 1).contains(place) for place in places)


def test_after_zooming_into_time_the_names_are_in_view_again(rig_window: Window) -> None:
    family(rig_window)
    scope = rig_window.display.stack.scopes["ionic"]
    scope.plot.setXRange(6.0, 7.0, padding=0)
    live(3e-3 * REST_MS)
    shown = [text for text in scope.texts if text.isVisible()]
    assert shown
    assert all(6.0 <= text.pos().x() <= 7.0 for text in shown)
