"""Where the configuration is."""

from collections.abc import Iterator
from pathlib import Path

from probe.errors import ConfigError

NAME = "probe.toml"


def find(given: Path | None) -> Path:
    """The configuration's file: the one that is given, or `probe.toml` here, or in the platform's directories for
    configurations, the user's before the system's. Raises `ConfigError`."""
    if given is not None:
        return given  # whether it is there, its reader says
    tried = list(_places())
    if found := next((path for path in tried if path.is_file()), None):
        return found
    elsewhere = ", ".join(str(path.parent) for path in tried[1:])
    raise ConfigError(
        f"there is no {NAME}: neither here nor in {elsewhere}",
        "`probe config init` writes one; --config FILE names another",
    )


def _places() -> Iterator[Path]:
    from platformdirs import site_config_path, user_config_path

    yield Path(NAME)
    yield user_config_path("probe", appauthor=False) / NAME
    yield site_config_path("probe", appauthor=False) / NAME
