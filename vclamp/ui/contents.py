"""What fills the window: the scopes first, and when they are seen all that is around them."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from vclamp.publish.scopes import SCOPES
from vclamp.ui.banner import Banner
from vclamp.ui.display import Display
from vclamp.ui.scopes.kinds import FIRST_SHOWN

if TYPE_CHECKING:
    from vclamp.ui.window import Window


def add_scopes(window: "Window") -> None:
    """What follows the sweeps on show."""
    display = window.display = Display(window.looks.theme, window.bridge.beside, window)
    wanted = window.settings.text("scopes", " ".join(FIRST_SHOWN))
    display.stack.wanted = set(wanted.split()) & set(SCOPES)
    window.banner = Banner()
    window.middle.addWidget(window.banner)
    window.middle.addWidget(display.stack, 1)
    window.docks.put({"membrane": display.circuit, "curves": display.iv, "ledger": display.ledger})
    window.docks.follow()
    display.clear(window.bench.rig, window.bench.protocol)
    display.stack.show()  # else only when the window next comes to rest


def add_the_rest(window: "Window") -> None:
    """What acts on the rig, on the sweeps on show, and on files."""
    from vclamp.ui.actions import fill_menus
    from vclamp.ui.analyst import Analyst
    from vclamp.ui.bar import Bar
    from vclamp.ui.catalogue import cells_by_topic, protocols
    from vclamp.ui.course import Course
    from vclamp.ui.documents import Documents
    from vclamp.ui.panels.channels import RigPanel
    from vclamp.ui.status import StatusLine
    from vclamp.ui.tools import Tools

    window.panel = RigPanel()
    window.status = StatusLine(window.display.stack)
    window.documents = Documents(window)
    window.bar = Bar(cells_by_topic(), protocols())
    window.course = Course(window)
    window.analyst = Analyst(window)
    window.setStatusBar(window.status)
    _put_bar(window)
    window.tools = Tools(window)
    _put_panels(window)
    fill_menus(window, window.menus)
    window.looks.show()
    window.docks.follow()


def _put_bar(window: "Window") -> None:
    """In place of the empty one."""
    empty = window.findChild(QWidget, "bar")
    window.insertToolBar(empty, window.bar)
    window.removeToolBar(empty)
    empty.deleteLater()


def _put_panels(window: "Window") -> None:
    display, analyst, tools = window.display, window.analyst, window.tools
    window.docks.put({"rig": window.panel, "runs": window.documents.runs, "protocol": tools.page})
    window.docks.put_tabs(
        {
            "Cursors": display.cursors,
            "Measure": analyst.measure,
            "Analysis": analyst.panel,
            "Inspector": display.inspector,
            "Test": tools.seal,
        }
    )
