"""Reads protocol logs, and nothing else: `python logs_only.py FILE…`. Prints the seconds of processor time that it
took, the MiB that it had resident at most, and what was read."""

import resource
import sys
import time

from probe.config.protocol_logs import logs
from probe.exchange.logs import digest

started = time.process_time()
told = digest(logs(sys.argv[1:]))
taken = time.process_time() - started
print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, told.rows, told.sessions, len(told.groups))
