"""What can be done when the disk refuses sweeps, and about a sitting that was not closed."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from vclamp import paths
from vclamp.ui.keeper import Keeper, Unsaved
from vclamp.ui.panels.run_rows import counted

if TYPE_CHECKING:
    from vclamp.ui.window import Window


class Rescue(QObject):
    """Says once what is wrong with the disk, and offers what helps."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        self._why = ""  # the last refusal
        self._told = False
        self._given_up = False
        self._looked = False
        window.bridge.unsaved.connect(self._hear)
        window.bridge.started.connect(self._forget)
        window.bridge.ready.connect(self._look_back)

    # ---- the disk refuses ------------------------------------------------------------------

    def _hear(self, unsaved: Unsaved) -> None:
        window = self._window
        self._why = unsaved.why
        window.status.unsaved(unsaved)
        if not unsaved.why:
            window.banner.withdraw()
            self._told = False
        elif not self._told:
            self._told = True
            self._offer()

    def _offer(self) -> None:
        self._window.banner.offer(
            f"not saved: {self._why} Sweeps wait in memory, the run goes on.",
            {"Save elsewhere…": self.save_elsewhere, "Try again": self._try_again},
        )

    def _forget(self) -> None:
        """Say it again in a new run."""
        self._told = False

    def _try_again(self) -> None:
        self._told = False
        self._window.bridge.ask_keeper(Keeper.save, lambda _: None)

    def save_elsewhere(self) -> None:
        """Let the user choose another folder; the sitting goes on in a new file there."""
        chosen = QFileDialog.getExistingDirectory(self._window, "Save elsewhere", str(paths.home()))
        self._told = False
        if chosen:
            self._window.bridge.ask_keeper(lambda keeper: keeper.go_elsewhere(Path(chosen)), self._went)
        elif self._why:
            self._offer()

    def _went(self, _: object) -> None:
        if self._window.bridge.n_unsaved == 0:
            self._window.documents.logbook.list_runs()

    # ---- closing ---------------------------------------------------------------------------

    def may_close(self) -> bool:
        """Whether nothing would be lost; if something would, it is tried once more, and then asked about."""
        if self._given_up or not self._window.bridge.n_unsaved:
            return True
        self._window.stop()
        self._window.bridge.ask_keeper(Keeper.save, lambda _: self._close_or_ask())
        return False

    def hurry(self) -> None:
        """A signal wants the program to end: try once more to save, and go without a question."""
        self._given_up = True
        if self._window.bridge.n_unsaved:
            self._window.stop()
            self._window.bridge.ask_keeper(Keeper.save, lambda _: self._window.close())
        else:
            self._window.close()

    def _close_or_ask(self) -> None:
        number = self._window.bridge.n_unsaved
        if not number:
            self._window.close()
            return
        box = QMessageBox(QMessageBox.Icon.Warning, "VClamp", "", parent=self._window)
        box.setText(f"{counted(number, 'sweep')} could not be saved: {self._why}")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        role = QMessageBox.ButtonRole
        elsewhere = box.addButton("Save elsewhere…", role.AcceptRole)
        lose = box.addButton("Close and lose them", role.DestructiveRole)
        box.setDefaultButton(elsewhere)
        box.addButton("Stay", role.RejectRole)
        elsewhere.clicked.connect(self.save_elsewhere)
        lose.clicked.connect(self._give_up)
        box.open()

    def _give_up(self) -> None:
        self._given_up = True
        self._window.close()

    # ---- the sitting before ----------------------------------------------------------------

    def _look_back(self) -> None:
        """Put in order what a killed program left, and offer it."""
        if self._looked:
            return
        self._looked = True
        folder, exports = self._window.bridge.folder, self._window.settings.text("export_folder", "")

        def look() -> object:
            from vclamp.storage.recovery import recover_all
            from vclamp.storage.safely import tidy

            if exports:
                tidy(Path(exports))
            return recover_all(folder)

        self._window.bridge.beside(look, self._offer_last)

    def _offer_last(self, found: object) -> None:
        if isinstance(found, tuple) and found:
            last = found[0]
            self._window.banner.offer(
                str(last), {"Open": lambda: self._window.documents.open(last.path), "Later": lambda: None}
            )
