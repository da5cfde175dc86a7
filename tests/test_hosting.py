"""How many clients there is room for, by what this process may open."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from probe.run.hosting import rules
print(rules(()).connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "files"),
    [(256, 256, 128, 256), (256, 1024, 512, 1024), (256, 4096, 1000, 4096), (256, 20_000, 1000, 8192)],
)
def test_half_of_what_may_be_opened_stays_free(soft: int, hard: int, connections: int, files: int) -> None:
    program = PROGRAM.format(soft=soft, hard=hard)
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.split() == [str(connections), str(files)]
