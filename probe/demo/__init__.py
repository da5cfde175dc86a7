"""A broken hybrid estate on loopback, to see every finding that matters without owning an Exchange server.

`pki` makes the authorities and certificates, `peer` is a scripted SMTP server, `estate` puts both together into the
table of cases; `sender` is a server that delivers, `deliveries` the table of what it shows then. Everything is in this
process, on 127.0.0.1 and free ports, and is gone when its nursery is cancelled. The peers also serve the tests:
whatever a server can do to a prober before, during and after STARTTLS is a `Script`.
"""
