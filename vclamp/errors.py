"""The one kind of error a user sees."""


class VClampError(Exception):
    """A mistake that a user can mend, told in one sentence: where, what, and what to do.

    Parameters
    ----------
    what : str
        What is wrong.
    where : str
        The file, key or option it is wrong in; empty if there is no such place.
    remedy : str
        What to do about it; empty if `what` says it.
    """

    exit_code = 2  # of a command that ends with it

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        head = f"{where}: {what}" if where else what
        tail = f" {remedy}" if remedy else ""
        stop = "" if head.endswith((".", "?", "!")) else "."
        super().__init__(f"{head}{stop}{tail}")


class SystemLacksError(VClampError):
    """This machine lacks something that a window needs."""

    exit_code = 3


class CancelledError(Exception):
    """The user wants no more of what is under way; nothing of it is to stay."""
