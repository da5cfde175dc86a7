"""`probe store`: what keeps the memory in order."""

import typer

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def store() -> None:
    """The memory of `probe run` and `probe watch`: prune, back up, check."""
