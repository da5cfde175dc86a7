"""Giving up root once the port is bound: whoever finds a hole in what hears strangers then finds nobody's rights."""

import os
import sys
from importlib import import_module
from pkgutil import walk_packages

import probe
from probe.errors import ConfigError

NOBODY = "nobody"
_LATE = ("rich.console", "rich.text", "idna.uts46data", "encodings.idna", "encodings.unicode_escape")  # by libraries
_KEEP = "--user root keeps root's rights"


def is_root() -> bool:
    """Whether we may do everything on this machine. Windows knows no such thing."""
    return sys.platform != "win32" and os.geteuid() == 0


def drop(user: str) -> None:
    """Become that user (a name or a number), for good and without any further groups; root stays root. What is loaded
    late is loaded before. Raises `ConfigError` where there is no such user, or we cannot become it, or could come
    back."""
    if sys.platform == "win32":
        raise ConfigError("there is no other user to become on Windows", "run it as the user it should be")
    uid, gid = _numbers(user)
    if uid == os.geteuid():
        return
    if not is_root():
        raise ConfigError(f"only root can become `{user}`", "leave --user away, or start it as root")
    _load()
    try:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as error:  # a container may have taken that right from root
        raise ConfigError(f"cannot become `{user}`: {error.strerror}", _KEEP) from None
    if _comes_back():
        raise ConfigError(f"as `{user}` we could become root again", f"what this system does is not safe; {_KEEP}")


def _numbers(user: str) -> tuple[int, int]:
    import pwd

    try:
        found = pwd.getpwuid(int(user)) if user.isascii() and user.isdecimal() else pwd.getpwnam(user)
    except (KeyError, OverflowError, ValueError):  # not there; too large a number; a name with a NUL
        raise ConfigError(f"there is no user `{user}`", f"name one with --user; {_KEEP}") from None
    return found.pw_uid, found.pw_gid


def _load() -> None:
    """Load all of this program: whom we are about to become may not be able to read where it is installed."""
    for found in walk_packages(probe.__path__, "probe."):
        if found.name != "probe.__main__":  # which runs it
            import_module(found.name)
    for name in _LATE:
        import_module(name)


def _comes_back() -> bool:
    try:
        os.setuid(0)
    except PermissionError:
        return False
    return True
