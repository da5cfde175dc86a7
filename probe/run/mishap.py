"""What kept a target from being looked at, and lies with us: that is no fact about the target, and no reason to leave
the others alone."""

from probe.errors import ProbeError


class Mishap(ProbeError):
    """`error` is what was raised. `bug`: nobody expected it, and its traceback says more."""

    def __init__(self, target: str, error: Exception) -> None:
        inner = _first(error)
        self.error, self.bug = error, not isinstance(inner, ProbeError)
        if isinstance(inner, ProbeError):
            super().__init__(f"{target} was not looked at: {inner}", inner.hint)
        else:
            super().__init__(
                f"{target} was not looked at: a fault of our own: {type(inner).__name__}",
                "please report it, with the traceback that was printed or logged",
            )


def _first(error: BaseException) -> BaseException:
    """trio hands on what it was carrying in groups."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
