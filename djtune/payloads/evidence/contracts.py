"""What contracts and logs say of an endpoint's fields."""

from collections.abc import Iterator, Sequence

from djtune.payloads.clients import Contract
from djtune.payloads.paths import Path, is_below, text_of
from djtune.payloads.result import Evidence, Stance


def evidence(path: Path, contracts: Sequence[Contract]) -> Iterator[Evidence]:
    """What the contracts about one endpoint say of ``path``, one piece for each kind of them."""
    pacts = [each for each in contracts if each.kind == "pact"]
    documents = [each for each in contracts if each.kind == "openapi"]
    logs = [each for each in contracts if each.kind == "log"]
    if pacts:
        naming = [pact.who for pact in pacts if _names(pact, path)]
        yield _said(naming, "used", f"pacts: {len(pacts)}")
    if documents:
        naming = [document.who for document in documents if _names(document, path)]
        stance: Stance = "declared" if naming else "says nothing"
        text = "declared in" if naming else "not declared in"
        where = naming or [document.who for document in documents]
        yield Evidence("contract", stance, f"{text} {', '.join(where)}")
    if any(log.fields for log in logs):
        yield _logged(path, logs)


def _names(contract: Contract, path: Path) -> bool:
    return any(field == path or is_below(field, path) for field in contract.fields)


def _said(naming: Sequence[str], stance: Stance, coverage: str) -> Evidence:
    if naming:
        who = ", ".join(dict.fromkeys(naming))
        return Evidence("contract", stance, f"expected by {who}", coverage)
    return Evidence("contract", "unused", "expected by no pact", coverage)


def _logged(path: Path, logs: Sequence[Contract]) -> Evidence:
    """Requests that say which fields they want; those that do not want them all."""
    total = sum(log.requests for log in logs)
    asked = sum(log.requests for log in logs if not log.fields or _wants(log, path))
    coverage = f"{total:,} requests of the log"
    name = text_of(path[-1:])
    if not asked:
        return Evidence("log", "unused", f"?fields= never asks for {name!r}", coverage)
    return Evidence("log", "used", f"asked for by {asked:,} requests", coverage)


def _wants(log: Contract, path: Path) -> bool:
    """Whether a selection of fields brings ``path``: it names it, or something around it."""
    wanted = tuple(segment for segment in path if segment != "[]")
    for field in log.fields:
        chosen = tuple(segment for segment in field if segment != "[]")
        most = min(len(chosen), len(wanted))
        if any(wanted[at : at + most] == chosen[:most] for at in range(len(wanted))):
            return True
    return False
