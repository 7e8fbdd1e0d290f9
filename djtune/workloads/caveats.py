"""What bends the figures of any measurement of an app, as the first look found it."""

from collections.abc import Iterator

from djtune.workloads.choosing import steps_of
from djtune.workloads.survey import Survey


def caveats(survey: Survey) -> Iterator[str]:
    """One sentence each, for the top of a report."""
    if survey.facts["debug"]:
        yield (
            "DEBUG is on: queries are logged and templates compiled anew; these figures are not "
            "production's"
        )
    if survey.facts["distorting"]:
        names = ", ".join(survey.facts["distorting"])
        yield f"active in the app, and in every figure below: {names}"
    if survey.forced:
        steps = steps_of(survey.workload)
        past = ", ".join(sorted({"/" + steps[step][1].lstrip("/") for step in survey.forced}))
        yield f"signed in past the app's authentication, whose time is missing: {past}"
