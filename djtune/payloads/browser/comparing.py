"""What the user sees in one play of a journey, beside what was seen in another."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from djtune.payloads.browser.jobs import Outcome, Seen
from djtune.payloads.clients import Difference


class Unstable(Struct):
    """What differs between two plays of the same: nothing can be told from it."""

    places: dict[int, set[str]] = field(default_factory=dict)
    """Number of the step → places in its pages."""
    errors: set[int] = field(default_factory=set)
    """Numbers of steps."""
    requests: set[int] = field(default_factory=set)


NOTHING = Unstable()


def unstable_between(first: Outcome, second: Outcome) -> Unstable:
    """What differs between two plays of which nothing was removed."""
    found = Unstable()
    for number, (before, after) in enumerate(zip(first.seen, second.seen, strict=False)):
        if places := _changed(before, after):
            found.places[number] = places
        if before.errors != after.errors:
            found.errors.add(number)
        if before.requests != after.requests:
            found.requests.add(number)
    return found


def differences(before: Outcome, after: Outcome, unstable: Unstable = NOTHING) -> list[Difference]:
    """What is seen otherwise in ``after``, step by step, less what is unstable anyhow."""
    found: list[Difference] = []
    for number, (was, now) in enumerate(zip(before.seen, after.seen, strict=False)):
        found += _page(was, now, unstable.places.get(number, set()))
        if number not in unstable.errors:
            found += _errors(was, now)
        if number not in unstable.requests:
            found += _requests(was, now)
    if after.failure and not before.failure:
        step = after.seen[-1].step if after.seen else ""
        found.append(Difference(step, "error", f"the journey breaks off: {after.failure}"))
    return found


def _changed(before: Seen, after: Seen) -> set[str]:
    was, now = before.places, after.places
    return {place for place in was.keys() | now.keys() if was.get(place) != now.get(place)}


def _page(before: Seen, after: Seen, masked: set[str]) -> list[Difference]:
    kinds: Counter[str] = Counter()
    for place in _changed(before, after) - masked:
        if place not in after.places:
            kinds["missing"] += 1
        elif place not in before.places:
            kinds["new"] += 1
        else:
            kinds["otherwise"] += 1
    parts = [f"{count} {kind}" for kind, count in sorted(kinds.items())]
    detail = f"places in the page: {', '.join(parts)}"
    return [Difference(before.step, "page", detail)] if parts else []


def _errors(before: Seen, after: Seen) -> list[Difference]:
    raised = _more(after.errors, before.errors)
    return [Difference(before.step, "error", f"{name} is raised") for name in sorted(raised)]


def _requests(before: Seen, after: Seen) -> list[Difference]:
    fewer = _more(before.requests, after.requests).total()
    more = _more(after.requests, before.requests).total()
    parts = [f"{fewer} not made"] * bool(fewer) + [f"{more} others made"] * bool(more)
    detail = f"requests: {', '.join(parts)}"
    return [Difference(before.step, "requests", detail)] if parts else []


def _more(these: Sequence[str], than: Iterable[str]) -> Counter[str]:
    return Counter(these) - Counter(than)
