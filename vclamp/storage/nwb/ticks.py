"""How far writing or reading a file is."""

from vclamp.storage.safely import Progress

PIECE = 16_384  # samples that are written or read in one go, and a chunk of the file: a few milliseconds


class Ticks:
    """Counts what is done of about so many things, and tells the fraction."""

    def __init__(self, progress: Progress, total: float) -> None:
        self._progress, self._total, self._done = progress, max(total, 1.0), 0.0

    def __call__(self, part: float = 1.0) -> None:
        """One more thing is done, or a part of it."""
        self._done += part
        self._progress(min(self._done / self._total, 1.0))
