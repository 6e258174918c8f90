"""What an override of Qt's raises is heard and ends nothing; on Python 3.11 PySide needs help with it."""

import subprocess
import sys
from pathlib import Path

import pytest

from vclamp.ui import overrides

ROOT = Path(__file__).parents[2]
PAINTS = """
import sys
from PySide6.QtWidgets import QApplication, QWidget
from vclamp.ui import overrides
overrides.guard()

class Raises(QWidget):
    def paintEvent(self, event):
        {raises}

sys.excepthook = lambda kind, value, where: print(kind.__name__)
app = QApplication([])
widget = Raises()
widget.show()
widget.repaint()
app.processEvents()
"""
IMPORTS = """
from vclamp.ui import overrides
overrides.guard()
import pyqtgraph
from vclamp.ui.window import Window
from vclamp.ui.scopes.grid import Grid
print([hasattr(each, "__wrapped__") for each in (Window.closeEvent, Grid.paint, pyqtgraph.AxisItem.paint)])
"""
STARTS = """
import sys
from vclamp.ui import app, overrides

def guard():
    sys.exit("too late" if "vclamp.ui.window" in sys.modules else "in time")

overrides.guard = guard
app.start(cell=None, protocol=None, file=None)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("raises", "kind"),
    [
        ("1.0 / 0.0", "ZeroDivisionError"),
        ("[][3]", "IndexError"),
        ("float('x')", "ValueError"),
        ("{}['a']", "KeyError"),
    ],
)
def test_what_c_code_raises_in_an_override_does_not_end_the_process(raises: str, kind: str) -> None:
    ended = run(PAINTS.format(raises=raises))
    assert ended.returncode >= 0, "ended by a signal"
    assert ended.stdout.split() == [kind]


@pytest.mark.skipif(sys.version_info >= overrides.MENDED, reason="this Python raises nothing by halves")
def test_classes_of_ours_and_of_pyqtgraph_are_guarded() -> None:
    assert run(IMPORTS).stdout.strip() == "[True, True, True]"


def test_a_start_guards_before_there_are_classes() -> None:
    assert run(STARTS).stderr.strip() == "in time"
