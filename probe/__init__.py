"""Look at the TLS of mail servers, and say what it means.

    target --> observe --> Evidence --> judge --> Report --> report --> stdout
                 |                        ^
            DNS, TCP, SMTP, TLS      expectations, trust anchors, a date

`observe` writes down what the world said and decides nothing. `judge` decides and cannot touch the world: no clock, no
network, no files. Evidence is plain data, so a saved observation can be judged again on any later day.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "__version__":  # read lazily: importlib.metadata costs more than everything else here
        from importlib.metadata import version

        return version("starttls-probe")
    raise AttributeError(name)
