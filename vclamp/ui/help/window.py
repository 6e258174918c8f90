"""The help: a window beside the rig with its pages, F1, and "What is this?" for the next click."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QUrl
from PySide6.QtGui import (
    QAction,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QShortcut,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMenu, QTextBrowser, QToolButton, QVBoxLayout, QWidget

from vclamp.ui.help.pages import INDEX, Page, page_at
from vclamp.ui.help.places import about, focused, of_spot
from vclamp.ui.panels.marks import Knob
from vclamp.ui.scopes.handling import Spot

if TYPE_CHECKING:
    from vclamp.ui.window import Window

WIDTH_EM, HEIGHT_EM = 42, 48
OPENS = "open:"  # a link that takes a protocol with its cell
_MARKDOWN = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML


class Browser(QTextBrowser):
    """Shows a page; nothing that a text asks for is loaded from a disk or a network."""

    def loadResource(self, kind: int, name: QUrl) -> object:
        """Nothing."""
        return None


class HelpWindow(QWidget):
    """One page at a time, with the way back; it stays open beside the rig."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window, Qt.WindowType.Window)
        self._window = window
        self._pages: list[Page] = []
        self._at = -1
        self.text = Browser(openLinks=False)
        self.text.setAccessibleName("help")
        self.text.anchorClicked.connect(lambda url: self.follow(url.toString()))
        self.back = self._button("◂", "Back", "Alt+Left", lambda: self._go(-1))
        self.forth = self._button("▸", "Forward", "Alt+Right", lambda: self._go(+1))
        self.index = self._button("Index", "All pages", "Alt+Home", lambda: self.follow(INDEX))
        row = QHBoxLayout()
        for button in (self.back, self.forth, self.index):
            row.addWidget(button)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addLayout(row)
        column.addWidget(self.text)
        QShortcut(QKeySequence("Esc"), self, self.close)
        em = window.looks.theme.font_px
        self.resize(WIDTH_EM * em, min(HEIGHT_EM * em, self.screen().availableSize().height() - 80))

    def _button(self, text: str, tip: str, key: str, act: Callable[[], None]) -> QToolButton:
        button = Knob(text=text)
        button.setToolTip(f"{tip} ({key})")
        button.setAccessibleName(tip)
        button.setShortcut(QKeySequence(key))
        button.clicked.connect(lambda _=False: act())
        return button

    @property
    def page(self) -> Page:
        """What is shown."""
        return self._pages[self._at]

    def open(self, page: Page) -> None:
        """Show a page, and the window in front."""
        if not self._pages or page != self.page:
            self._pages = [*self._pages[: self._at + 1], page]
            self._at = len(self._pages) - 1
        self._show_page()
        self.show()
        self.raise_()
        self.activateWindow()

    def follow(self, address: str) -> None:
        """Go where a link leads: to a page, or to a protocol that is taken with the cell it is made for."""
        window = self._window
        if address.startswith(OPENS):
            window.load_protocol(address.removeprefix(OPENS))
            window.course.use_its_cell()
            address = "protocol:"
        self.open(page_at(address, window.bench.rig, window.bench.protocol))

    def _go(self, by: int) -> None:
        self._at = min(max(self._at + by, 0), len(self._pages) - 1)
        self._show_page()

    def _show_page(self) -> None:
        self.text.document().setMarkdown(self.page.text, _MARKDOWN)
        _set_apart(self.text.document(), self._window.looks.theme.font_px)
        self.text.moveCursor(QTextCursor.MoveOperation.Start)
        self.setWindowTitle(f"{self.page.title} – VClamp help")
        self.back.setEnabled(self._at > 0)
        self.forth.setEnabled(self._at < len(self._pages) - 1)


def _set_apart(document: QTextDocument, em: int) -> None:
    """Leave room between paragraphs, and let headings be no larger than they must; Markdown says nothing of either."""
    document.setDocumentMargin(0.9 * em)
    block = document.begin()
    while block.isValid():
        cursor, look = QTextCursor(block), block.blockFormat()
        if cursor.currentTable() is None and not look.hasProperty(look.Property.BlockCodeFence):
            look.setBottomMargin((0.2 if block.textList() is not None else 0.7) * em)
            cursor.setBlockFormat(look)
        if look.headingLevel():
            larger = QTextCharFormat()
            larger.setProperty(larger.Property.FontSizeAdjustment, 2 - look.headingLevel())
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            cursor.mergeCharFormat(larger)
        block = block.next()


class Help(QObject):
    """Opens the page about what has the focus, or about what is clicked next."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        self.shown: HelpWindow | None = None  # made when it is first wanted
        self.asking = False

    def open(self, page: Page) -> None:
        """Show a page."""
        self.shown = self.shown or HelpWindow(self._window)
        self.shown.open(page)

    def open_here(self) -> None:
        """About what has the focus; in the help itself, the index."""
        focus = focused()
        if self.shown is not None and focus is not None and focus.window() is self.shown:
            self.shown.follow(INDEX)
        else:
            self.open(about(self._window, focus))

    def open_spot(self, spot: Spot) -> None:
        """About the trace that is at a place of a scope."""
        self.open(of_spot(self._window, spot))

    def open_index(self) -> None:
        """Everything there is."""
        self.open(page_at(INDEX, self._window.bench.rig, self._window.bench.protocol))

    # ---- what is this? ---------------------------------------------------------------------

    def ask(self) -> None:
        """Let the next click choose what is explained; Esc ends it."""
        if not self.asking:
            self.asking = True
            QApplication.setOverrideCursor(Qt.CursorShape.WhatsThisCursor)
            QApplication.instance().installEventFilter(self)
            self._window.status.announce("Click what you want explained; Esc ends it")

    def leave(self) -> None:
        """Clicks are clicks again."""
        if self.asking:
            self.asking = False
            QApplication.instance().removeEventFilter(self)
            QApplication.restoreOverrideCursor()

    def eventFilter(self, heard: QObject, event: QEvent) -> bool:
        """The click that was asked for, which then does nothing else."""
        kind = event.type()
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()  # before it is looked up among the shortcuts
            if kind == QEvent.Type.KeyPress:
                self.leave()
            return True
        if not isinstance(event, QMouseEvent) or not isinstance(heard, QWidget):
            return False
        if kind == QEvent.Type.MouseButtonRelease:
            self.leave()
            at = event.globalPosition().toPoint()
            self.open(about(self._window, heard, at))
        return kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonDblClick)


def add_help(window: "Window", menu: QMenu) -> Help:
    """The entries of the menu, and their keys in every window of the program."""
    helper = Help(window)
    first = menu.actions()[0] if menu.actions() else None
    for text, key, act in (
        ("Help on this", "F1", helper.open_here),
        ("What is this?", "Shift+F1", helper.ask),
        ("Index of the help", "", helper.open_index),
    ):
        action = QAction(text, window)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
        action.triggered.connect(lambda _=False, act=act: act())
        menu.insertAction(first, action)
    if first is not None:
        menu.insertSeparator(first)
    return helper
