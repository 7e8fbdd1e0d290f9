"""Names of fields that look like something about a person or a key."""

import re
from itertools import pairwise

from djtune.payloads.paths import EACH, Path

_WORDS = {
    "a secret": "password passwd secret token apikey accesskey privatekey sessionid otp "
    "pin cvv cvc credential credentials authorization",
    "contact data": "email mail phone mobile msisdn address street postcode zip zipcode",
    "who somebody is": "username ssn passport birthday birthdate dob gender nationality taxid "
    "firstname lastname surname fullname",
    "money": "iban bic cardnumber salary income balance",
    "where somebody is": "latitude longitude lat lon lng ip ipaddress geolocation",
    "a device": "deviceid imei imsi mac macaddress serial useragent",
}
_REASONS = {word: reason for reason, words in _WORDS.items() for word in words.split()}
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def sensitive(path: Path) -> str:
    """What a field looks like by its name, if it is something to keep: ``contact data``; or empty.

    Names are split at underscores, hyphens and capitals; a word and every two of them in a row
    are looked up, so that ``apiKey`` and ``api_key`` are the same and ``recipient`` is no ``ip``.
    """
    key = next((segment for segment in reversed(path) if segment != EACH), "")
    parts = [part.lower() for part in _PART.findall(key)]
    pairs = ["".join(pair) for pair in pairwise(parts)]
    return next((_REASONS[word] for word in [*pairs, *parts] if word in _REASONS), "")
