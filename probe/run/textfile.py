"""The file that the node exporter's textfile collector reads (`--textfile`): always a whole one, never half of it.

https://github.com/prometheus/node_exporter#textfile-collector: files whose names end in `.prom`, put in place in one
step. It is readable for all, as the node exporter runs under a name of its own.
"""

import os
import secrets
from pathlib import Path

from probe.errors import ConfigError

_READABLE = 0o644


def write(path: Path, data: bytes) -> None:
    """Put `data` in place of what is there. Raises `ConfigError`; the file is then as it was."""
    path = path.resolve()  # through a symbolic link: the file that it names is replaced, not the link
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")  # no `.prom` at its end: nobody reads it
    try:
        try:
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.chmod(_READABLE)  # whatever the umask is
            beside.replace(path)
        except BaseException:  # interrupted, too
            beside.unlink(missing_ok=True)
            raise
        _settle(path.parent)
    except OSError as error:
        hint = "the directory must exist and be yours to write in; is the disk full?"
        raise ConfigError(f"cannot write metrics to {path}: {error.strerror}", hint) from None


def _settle(directory: Path) -> None:
    """Have the disk know the file's new name, where a directory can be opened to say so: Windows has no way."""
    if os.name == "posix":
        opened = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
