"""What a process asks of Python's garbage collector."""

from msgspec import Struct

Thresholds = tuple[int, int, int]


class GcPolicy(Struct, frozen=True):
    """One way to run the collector; by default as the app itself leaves it."""

    thresholds: Thresholds | None = None
    """For ``gc.set_threshold``; ``None`` keeps what the app or Python has set."""
    freeze: bool = False
    """Collect once the app is loaded, then ``gc.freeze()`` what is left."""
    enabled: bool = True
    """``False``: no automatic collections at all."""

    @property
    def collects(self) -> bool:
        """Whether collections start by themselves, as far as the policy says."""
        return self.enabled and (self.thresholds is None or self.thresholds[0] > 0)

    def __str__(self) -> str:
        """As the command line names it: ``default``, ``freeze+10000,10,10``, ``disable``."""
        words = ["freeze"] if self.freeze else []
        if not self.enabled:
            words.append("disable")
        elif self.thresholds is not None:
            words.append(",".join(map(str, self.thresholds)))
        return "+".join(words) or "default"


def parse(text: str) -> GcPolicy:
    """Read a policy as :meth:`GcPolicy.__str__` writes it.

    Raises ``ValueError``, saying what is allowed, for anything else.
    """
    policy = GcPolicy()
    for word in text.replace(" ", "").lower().split("+"):
        if word == "default":
            continue
        if word == "freeze":
            policy = GcPolicy(policy.thresholds, freeze=True, enabled=policy.enabled)
        elif word == "disable":
            policy = GcPolicy(policy.thresholds, freeze=policy.freeze, enabled=False)
        else:
            policy = GcPolicy(_thresholds(word), freeze=policy.freeze, enabled=policy.enabled)
    return policy


def _thresholds(word: str) -> Thresholds:
    parts = word.split(",")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError("a setting is three numbers such as 10000,100,100, freeze or disable")
    first, second, third = map(int, parts)
    if max(first, second, third) >= 2**31:
        raise ValueError("a threshold is below 2147483648")
    return first, second, third
