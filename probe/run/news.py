"""Whether a look brings something new, and how its target stands after it: worked out once."""

from probe.model import Verdict
from probe.model.duty import Became, Look, Standing
from probe.state.changes import changes
from probe.state.standing import stand

NEWS = (Became.APPEARED, Became.WORSENED, Became.CERTIFICATE)


class News:
    """Beside how the target stood `before`."""

    def __init__(self, before: Standing | None) -> None:
        self._before = before
        self._seen: Look | None = None
        self._after: Standing | None = None

    def after(self, found: Look) -> Standing:
        """How the target stands after this look."""
        if self._after is None or self._seen is not found:
            self._seen, self._after = found, stand(self._before, found)
        return self._after

    def __call__(self, found: Look) -> bool:
        """Whether there is a fault that was not there before, and which might be a blip."""
        return any(
            change.kind in NEWS and change.verdict is not Verdict.OK
            for change in changes(self._before, self.after(found), found.expected)
        )
