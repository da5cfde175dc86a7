"""The commands that tell what is remembered."""


def status() -> int:
    """Say how all targets stand."""
    return 3


def history() -> int:
    """Say what changed at a target, and when."""
    return 3


def diff() -> int:
    """Say what differs between two runs, or two files of evidence."""
    return 3
