"""What a domain says of MTA-STS: its TXT record, and the policy behind it (RFC 8461 §3).

The policy is fetched as anything else is observed: nothing is verified on the way, and the whole exchange is kept,
chain and all, for the judge to believe it or not.
"""

from functools import partial

from probe.dialogue import http
from probe.model import Answer, Endpoint, MtaSts, Observation, Question, Remembered
from probe.observe.asking import Asking, side_by_side
from probe.observe.endpoint import observe
from probe.observe.names import address_questions
from probe.observe.world import Budget, Limits, Slots, World

MINUTE = 60.0  # RFC 8461 §3.3 suggests it for the fetch, whatever the policy host does with it
PORT = 443
ENOUGH = 3  # addresses that spoke TLS and no HTTP: each costs us a handshake, and what it sends instead


async def look(
    domain: str,
    world: World,
    limits: Limits,
    slots: Slots,
    budget: Budget,
    *,
    families: frozenset[int],
    remembered: Remembered | None = None,
) -> MtaSts:
    """The record of a domain and, where it points to a policy, the fetch. Never raises for what it meets.

    `families` is a subset of {4, 6}. The addresses of the policy host take at most half of the fetch's time to find.
    They are tried one after another, until one gives a response or `ENOUGH` have none to give.
    """
    ask = Asking(world, slots, budget)
    with budget.scope:
        await ask(Question(name=f"_mta-sts.{domain}", rtype="TXT"))
    (txt,) = ask.answers
    if not _announces(txt):
        return MtaSts(txt=txt, remembered=remembered)

    host, answers, fetches = f"mta-sts.{domain}", tuple[Answer, ...](), list[Observation]()
    fetch = Budget(min(MINUTE, budget.left))
    # A minute is a minute, however long the target has; and what is inside TLS is the fetch itself.
    stages = Limits(after=MINUTE, certificates=limits.certificates)
    with fetch.scope:
        names, questions = Budget(fetch.left / 2), address_questions(host, families)
        ask = Asking(world, slots, fetch, names)
        with names.scope:
            await side_by_side([partial(ask, question) for question in questions])
        answers = tuple(map(ask.answer, questions))
        addresses = dict.fromkeys(address for answer in answers for address in answer.records)
        for address in list(addresses)[: limits.addresses]:
            endpoint = Endpoint(host=host, address=address, port=PORT, server_name=host, dialogue="policy")
            async with slots.at(address):
                with fetch.working():
                    await observe(endpoint, world, stages, ehlo=host, record=fetches.append)
            if http.hear(fetches[-1].transcript) or sum(bool(seen.session) for seen in fetches) == ENOUGH:
                break
    return MtaSts(txt=txt, addresses=answers, fetches=tuple(fetches), remembered=remembered)


def _announces(txt: Answer) -> bool:
    """Whether a policy is worth asking for: something speaks of STS, well-formed or not, in one string or over two."""
    return any("STSv1" in record.replace('" "', "") for record in txt.records)
