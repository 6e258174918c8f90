"""Take the pictures of the README from the real window: python tests/screenshots.py

In a real X server where Xvfb is present, else on Qt's offscreen platform.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(os.environ.get("VCLAMP_SHOTS", Path(__file__).parents[1] / "resources" / "screenshots"))
INF = float("inf")


def take_all() -> None:
    """Drive one window through everything worth a picture."""
    from vclamp.engine import cache

    cache.prepare()
    from PySide6.QtWidgets import QApplication
    from rig_window import TTX, family, live, open_window, settle

    from vclamp.model.protocol import Hold, Protocol
    from vclamp.ui.window import Window

    app = QApplication(sys.argv)

    def shoot(window: Window, name: str, width: int, height: int) -> None:
        window.resize(width, height)
        settle(window)
        live(0.4)
        window.grab().save(str(FOLDER / f"{name}.png"))
        print(FOLDER / f"{name}.png")

    def record(window: Window) -> None:
        window.activateWindow()
        live(0.1)
        family(window, INF)

    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, open_window(Path(home)) as window:
        window.resize(1366, 768)
        if "--start" in sys.argv:
            shoot(window, "start", 1366, 768)
        record(window)
        shoot(window, "iv-dark", 1366, 768)
        window.looks.choose("light")
        shoot(window, "iv-light", 1366, 768)
        window.looks.choose("projector")
        shoot(window, "iv-projector", 1920, 1080)
        window.looks.choose("dark")
        window.edit(TTX, 20e-6)
        shoot(window, "ttx-what-if", 1366, 768)
        window.load_cell("squid-axon-20pf")
        record(window)
        shoot(window, "series-resistance", 1366, 768)
        window.load_cell("neuron-pump")
        window.edit("solutions.drugs.ouabain.out_mM", 0.01)
        hour = Protocol("hour", (Hold(3_600_000.0),), 1, -70.0, fs_kHz=0.01, label="1 h under ouabain")
        window.bench.set_scene(window.bench.rig, hour, "an hour")
        window.docks.show("ledger")
        record(window)
        shoot(window, "pump-run-down", 1366, 768)
        window.load_protocol("iv")
        window.load_cell("hek-kv-mwc")
        window.tabs.setCurrentWidget(window.display.cursors)
        window.want_scope("states", True)
        window.panel.cards["kv_mwc"].arrow.click()
        record(window)
        shoot(window, "states", 1920, 1080)
        window.want_scope("states", False)
        window.load_cell("hek-kir2-1")
        window.looks.choose("light")
        window.panel.setCurrentIndex(1)
        window.edit("solutions.activity", "davies")
        record(window)
        shoot(window, "solutions", 1366, 768)
    app.quit()


def main() -> int:
    """In an X server of its own, if there is none."""
    if "--here" in sys.argv or not shutil.which("Xvfb"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        take_all()
        return 0
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "2000x1200x24"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as number:
        display = f":{number.readline().strip()}"
    manager = subprocess.Popen(["openbox"], env={**os.environ, "DISPLAY": display}) if shutil.which("openbox") else None
    settings = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "QT_FONT_DPI": "96"}
    try:
        return subprocess.run([sys.executable, __file__, "--here", *sys.argv[1:]], env=settings, check=False).returncode
    finally:
        for process in (manager, server):
            if process is not None:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    sys.exit(main())
