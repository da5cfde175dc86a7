"""The commands that tell what is remembered. None of them touches the network, or writes anything."""

from typing import Annotated

import typer

from probe.cli import duty_options as d
from probe.cli import options as o
from probe.cli.recalled import Form, FormOption

RUNS = 40  # shown of the runs


def status(
    tag: d.Tags = [],  # noqa: B006 - typer copies it
    config: d.Config = None,
    store: d.StoreOption = None,
    format: FormOption = Form.TEXT,  # noqa: A002
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Say what each fault says, and list the last runs.")
    ] = False,
    no_color: o.NoColor = False,
) -> int:
    """Say how all targets stand: what is wrong first, then what expires next.

    Behind the name: when the first certificate of what is presented expires, for how long the verdict has been so, how
    long ago it was looked at, and how long ago all was well where it is not. Targets of the configuration that were
    never looked at are UNKNOWN; --store alone asks no configuration.

    Exit code: the gravest verdict of the targets that are not muted; at least WARN where an alert is stuck, and
    at least UNKNOWN where no target was looked at for three times as long as is usual.
    """
    from probe.cli import recalled
    from probe.report.status import Overview

    with recalled.memory(config, store) as memory:
        at = recalled.now()
        standings = memory.standings()
        named = recalled.targets(config, tag) if config or not store else []
        tags = {each for standing in standings for each in standing.tags}
        for word in tag if not named else ():
            recalled.known(word, tags, "the tag")
        seen = {standing.name for standing in standings}
        chosen = [each for each in standings if not tag or not set(tag).isdisjoint(each.tags)]
        others = seen.difference(each.name for each in chosen)
        overview = Overview(
            at=at,
            standings=chosen,
            pending=memory.pending(),
            mutes=[mute for mute in memory.mutes(at) if mute.target not in others],
            runs=memory.runs(10),
            never=[name for name in dict.fromkeys(named) if name not in seen],
        )
    if format is Form.JSON:
        from probe.report.status_json import render as to_json

        recalled.print_json(to_json(overview))
    else:
        from probe.cli.terminal import write
        from probe.report.status import render

        write(render(overview, verbosity=int(verbose), width=recalled.width()), colour=not no_color)
    return overview.verdict.exit_code


def history(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[TARGET]", help="Its name in the configuration. Without one: the runs.", show_default=False
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="From then on: 2026-12-24, or how long ago: 30d. [default: all]"),
    ] = None,
    config: d.Config = None,
    store: d.StoreOption = None,
    format: FormOption = Form.TEXT,  # noqa: A002
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Name every place, and all names of a certificate.")
    ] = False,
    no_color: o.NoColor = False,
) -> int:
    """Say what changed at a target, and when; which certificates and MTA-STS policies it had, and how long.

    Exit code: 0.
    """
    from probe.cli import recalled
    from probe.cli.terminal import write
    from probe.report import history as told

    at = recalled.now()
    begin = None if since is None else recalled.when(since, at, "--since")
    with recalled.memory(config, store) as memory:
        if target is None:
            runs = [run for run in memory.runs(RUNS) if begin is None or run.began >= begin]
            if format is Form.JSON:
                from probe.report.history_json import render_runs

                recalled.print_json(render_runs(runs))
            else:
                write(told.render_runs(runs, at), colour=not no_color)
            return 0
        if not (looks := memory.looks(target)):  # one that left the configuration has a past as well
            recalled.known(target, {each.name for each in memory.standings()}, "the target")
        past = told.Past(
            at=at,
            name=target,
            since=begin,
            standing=memory.standing(target)[0],
            changes=memory.history(target, begin),
            sightings=memory.sightings(target),
            policies=memory.policies(target),
            looks=looks,
        )
    if format is Form.JSON:
        from probe.report.history_json import render as to_json

        recalled.print_json(to_json(past))
    else:
        write(told.render(past, verbosity=int(verbose), width=recalled.width()), colour=not no_color)
    return 0


def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A run's number, as `probe history` lists them; a moment, as in 2026-12-24T18:00:00Z; how long ago, "
            "as in 7d; a file of evidence.",
            show_default=False,
        ),
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The same, later.", show_default=False)],
    target: d.Names = [],  # noqa: B006
    config: d.Config = None,
    store: d.StoreOption = None,
    roots: o.Roots = [],  # noqa: B006
    format: FormOption = Form.TEXT,  # noqa: A002
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Name every place, and every target that is the same.")
    ] = False,
    no_color: o.NoColor = False,
) -> int:
    """Say what differs between two runs, two moments, or two files of evidence.

    Both sides are judged by the same expectations, those of the configuration where it has the target, each as of its
    own moment: evidence as of when it was gathered.

    Exit code: the gravest verdict among the faults that are new or worse in B; 0 where nothing is worse, however much
    differs.
    """
    from probe.cli import recalled
    from probe.cli.sides import diff as differing

    told = differing(before, after, config, store, target, roots)
    if format is Form.JSON:
        from probe.report.diff_json import render as to_json

        recalled.print_json(to_json(told))
    else:
        from probe.cli.terminal import write
        from probe.report.diff import render

        write(render(told, verbosity=int(verbose), width=recalled.width()), colour=not no_color)
    return told.verdict.exit_code
