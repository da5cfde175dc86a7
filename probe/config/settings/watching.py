"""An entry of the configuration, and the defaults, become a target that is watched."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from probe.config.duty import Watched
from probe.config.settings.document import Document, quoted
from probe.config.settings.files import Files
from probe.config.settings.places import Path as Place
from probe.judge.certificate import host_address
from probe.judge.standard import AuthLevel, Standard, Want
from probe.model import Target

if TYPE_CHECKING:
    from probe.model import Organisation

_STANDARD = ("thumbprints", "auth_level", "warn_days", "dane", "mta_sts", "tlsrpt", "min_tls", "next_certificate")
_OWN = ("schedule", "tags", "retries", "pause", "timeout", "remind")


class Entry:
    """One `[[target]]`: what it says itself, `own`, and what it says with the defaults, both as meant."""

    def __init__(
        self, document: Document, place: Place, own: Mapping[str, Any], defaults: Mapping[str, Any], files: Files
    ) -> None:
        self._document, self._place, self._own, self._files = document, place, own, files
        self._said = {**defaults, **own}
        self._target: Target = own["target"]

    def watched(self, name: str) -> Watched:
        """The target as it is watched. What contradicts itself is noted in the document."""
        standard, organisation = self._by_connector(self._promising(self._standard()))
        nameless = standard.auth_level is AuthLevel.DOMAIN_VALIDATION and not standard.name
        if nameless and host_address(self._target.name):
            self._refuse("auth_level", "DomainValidation has no name to compare at an address", "add expect_name")
        return Watched(
            name=name,
            target=self._target,
            standard=standard,
            organisation=organisation,
            **{key: self._said[key] for key in _OWN if key in self._said},
        )

    def _standard(self) -> Standard:
        given = {key: self._said[key] for key in _STANDARD if key in self._said}
        return Standard(
            name=self._said.get("expect_name"),
            identity=self._said.get("expect_certificate"),
            min_tls_demanded="min_tls" in self._said,
            **given,
        )

    def _promising(self, standard: Standard) -> Standard:
        """What is demanded of a target that cannot promise it is a mistake in its own entry; in the defaults it is
        meant for the others."""
        host, address = self._target.port is not None, host_address(self._target.name)
        wants: dict[str, Any] = {key: getattr(standard, key) for key in ("dane", "mta_sts", "tlsrpt")}
        for key, cannot, why in (
            ("mta_sts", host, "only a mail domain promises that, as example.org"),
            ("tlsrpt", host, "only a mail domain promises that, as example.org"),
            ("dane", address, "DANE is of names: name the host"),
        ):
            if cannot and wants[key] is Want.REQUIRE:
                if key in self._own:
                    what = f"{key} is {quoted('require')} of {quoted(self._target.given)}, which cannot promise it"
                    self._refuse(key, what, why)
                wants[key] = Want.AUTO
        if standard.next_certificate and standard.dane is Want.OFF:
            if "next_certificate" in self._own:
                self._refuse("next_certificate", "next_certificate without DANE has nothing to say", "leave one away")
            standard = replace(standard, next_certificate=())
        return replace(standard, **wants)

    def _by_connector(self, standard: Standard) -> "tuple[Standard, Organisation | None]":
        """The standard by the named connector, and the exports with no other connector to Exchange on premises."""
        organisation, connector = self._said.get("connectors"), self._said.get("connector")
        if connector is None:
            return standard, organisation
        if organisation is None:
            if "connectors" not in self._failed():
                self._refuse("connector", "connector names one, and there are no exports", "add connectors = FILE")
            return standard, None
        from probe.judge.hybrid.way import Way

        try:
            alone = self._files.alone(organisation, connector)
        except LookupError:
            names = [found.name for found in organisation.outbound]
            near = get_close_matches(connector, names, n=1, cutoff=0.3) or names[:3]
            hint = f"there is {', '.join(map(quoted, near))}" if near else "the exports hold no outbound connector"
            self._refuse("connector", f"connector is {quoted(connector)}, which is not in the exports", hint)
            return standard, organisation
        way = Way(connector=alone.outbound[0])
        return way.promising(way.demanded(standard)), alone

    def _failed(self) -> set[str]:
        """Keys that are written, and could not be read: they have been told of."""
        written = [self._document.tables.get("defaults"), self._entry()]
        return {key for table in written if isinstance(table, dict) for key in table} - self._said.keys()

    def _entry(self) -> object:
        kind, number = self._place
        entries = self._document.tables[str(kind)]
        return entries[int(number)] if isinstance(entries, list) else None

    def _refuse(self, key: str, what: str, hint: str) -> None:
        place = self._place if key in self._own or key not in self._said else ("defaults",)
        self._document.refuse((*place, key), what, hint)
