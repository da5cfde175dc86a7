"""`probe.toml`: found, read into types, and checked, without asking anything of the network."""

from probe.config.settings.checking import check
from probe.config.settings.finding import find
from probe.config.settings.loading import examine, load

__all__ = ["check", "examine", "find", "load"]
