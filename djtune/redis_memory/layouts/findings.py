"""Listpack limits as findings."""

from djtune.model.findings import FindingData, Saving
from djtune.redis_memory.layouts.result import Cliff
from djtune.reports import format as fmt


def cliff_finding(cliff: Cliff) -> FindingData:
    """What raising a limit frees, and the lines to paste."""
    beyond = cliff.beyond
    share = fmt.with_interval(beyond.value, beyond.low, beyond.high, fmt.share)
    evidence = [
        f"{share} of {cliff.sampled:,} sampled {cliff.type} keys exceed {lines(cliff.now)}",
        f"{cliff.tried:,} of them were loaded with both limits into a throw-away {cliff.server}",
    ]
    if cliff.slower is not None:
        evidence.append(f"reading one field then takes {fmt.ratio(cliff.slower)} the server's time")
    return FindingData(
        kind="listpack-limit",
        title=f"{' and '.join(cliff.settings)} turns small {cliff.type} keys into tables",
        where=cliff.pattern,
        evidence=evidence,
        saving=Saving(cliff.frees.value, "B", cliff.frees.low, cliff.frees.high),
        remedy="raise the limit; keys change as they are written again",
        patch="\n".join(f"CONFIG SET {name} {value}" for name, value in cliff.settings.items()),
        confidence="modelled" if cliff.modelled else "measured on a sample of your own values",
    )


def lines(settings: dict[str, str]) -> str:
    """Settings as they are written in ``redis.conf``."""
    return ", ".join(f"{name} {value}" for name, value in settings.items())
