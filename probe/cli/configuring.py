"""`probe config`: check it, begin one, and its schema."""

import typer

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def configuration() -> None:
    """The configuration, `probe.toml`: check it, begin one, print its schema."""
