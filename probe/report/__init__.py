r"""Says what the judge found: `text` for people, `json` for programs, `nagios` for monitoring, `tlsrpt` for whoever
reads the reports that senders send.

Each has one `render`, from a `Report` to what is printed; none of them decides anything. Text that came from a peer
passes `escape.visible` before a person's terminal sees it. In JSON it stays as it came; there what acts on a terminal
or ends a line is written as `\uXXXX`, by JSON and by `codec.escaped`, and reads back as the same text.
"""
