"""From pieces of evidence to a verdict."""

from collections.abc import Sequence

from djtune.payloads.result import Evidence, Verdict


def verdict(evidence: Sequence[Evidence]) -> Verdict:
    """What all evidence about a field comes to.

    One observation of use outweighs everything. A name that may be read makes a field used as
    long as nothing speaks against it, and unknown where something does: the two cannot both be
    about this field, and nobody can tell which is.
    """
    stances = {each.stance for each in evidence}
    if "used" in stances:
        return "used"
    if "perhaps used" in stances:
        return "unknown" if stances & {"unused", "not observable"} else "used"
    if "not observable" in stances:
        return "not observable"
    if "unused" in stances:
        return "unused"
    if "declared" in stances:
        return "declared only"
    return "redundant" if "redundant" in stances else "unknown"
