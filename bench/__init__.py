"""What `probe` costs, as ratios of figures taken in one run: `make bench`, or `python -m bench --help`.

    throughput  CPU a probe, beside a reference in C that does the same (reference.c)
    memory      what a probe holds while a thousand are in flight, and how many TLS contexts are made
    lookups     CPU for the names of a domain, put to NSD (`python -m bench dns` shows this table alone)
    logs        megabytes of protocol log a second, and what is held (`python -m bench logs`)
    listening   what a delivery to `probe listen` costs it, and idle clients (`python -m bench listen`)
    oneoff      the wall time of one `probe HOST:PORT`, beside a bare script (bare.py) and the tools people use
    duty        `probe watch` for a thousand targets: a week of recorded evidence in minutes (week, replay), and minutes
                of real servers (watching); memory, room on the disk, `probe status` (`python -m bench duty`)
    profiling   where the time goes (`--profile`)

Trust the ratios, not the absolute figures. Clients take turns, round by round, so that a machine that slows down slows
all of them; servers run on one core, clients on another; the median counts. Nothing here fails because of a number: the
goal stands beside the figure.

The product is measured as it is installed: in an environment of its own below `bench/build`, without the development
tools, which start-up might otherwise find and import.
"""
