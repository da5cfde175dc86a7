"""The only room with windows: names, connections, TLS. Writes down, decides nothing.

Loading it loads trio and OpenSSL, so whoever only judges or explains keeps away from it.
"""

from probe.observe.gather import NO_SNI, Manner, gather
from probe.observe.greeting import own_name
from probe.observe.outside import outside
from probe.observe.tls import ClientCertificate
from probe.observe.world import Limits, Slots, World, server_text

__all__ = [
    "NO_SNI",
    "ClientCertificate",
    "Limits",
    "Manner",
    "Slots",
    "World",
    "gather",
    "outside",
    "own_name",
    "server_text",
]
