"""What we raise. What we observe is never raised past `observe`: it is data, see `model.Failure`."""


class ProbeError(Exception):
    """A fault on our side of the wire: wrong usage, an unreadable file. Never raised itself, only its children.

    The command line prints `error: <message>` and `hint: <hint>` and exits with 3.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(ProbeError):
    """The command line asks for something that cannot be: an unknown word, a port out of range."""


class ConfigError(ProbeError):
    """A file that the user named cannot serve: unreadable, empty, not what it should be."""


class EvidenceError(ProbeError):
    """A file of saved evidence cannot be read as evidence."""


class ExportError(ProbeError):
    """What Exchange wrote, an export or a log, cannot be read: the message names the file, and where they are known the
    line and the property."""


class BusyError(ProbeError):
    """Another run works with the same store."""


class StateError(ProbeError):
    """What is remembered from run to run cannot be read or written: the message names the store."""


class ShortageError(ProbeError):
    """This machine ran out of something, such as open files: what is seen from then on tells nothing about a peer."""


class PeerError(Exception):
    """The peer broke its protocol or left. Raised in `dialogue` only; becomes a `Failure` in `observe`."""


class PeerClosed(PeerError):
    """The peer closed the connection in the middle of the dialogue."""


class PeerRefusal(PeerError):
    """The peer answered, and the answer is no. The message is the reply: code, blank, text."""
