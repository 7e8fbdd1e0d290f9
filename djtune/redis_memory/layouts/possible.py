"""Which layouts the entries can have."""

from collections.abc import Sequence

from djtune.redis_memory.layouts.codecs import (
    JSON,
    MSGPACK,
    PICKLE,
    TEXT,
    msgpack_array,
    schema,
    with_zlib,
    with_zstd,
)
from djtune.redis_memory.layouts.entries import Entries, Entry, texts
from djtune.redis_memory.layouts.forms import (
    BUCKET,
    BlobForm,
    BucketForm,
    Form,
    HashForm,
    KeysForm,
    StoredBlobForm,
)
from djtune.redis_memory.layouts.limits import MOST_ENTRIES, MOST_VALUE
from djtune.redis_memory.layouts.settings import limit

CODECS = {"JSON": JSON, "msgpack": MSGPACK, "JSON + zlib": with_zlib(JSON)}
"""How what is stored is decoded, where that runs no code."""
SPARSE = 2.0
"""A schema with this many times the fields that an entry has is none."""


def forms(entries: Entries, settings: dict[str, str]) -> tuple[list[Form], dict[str, str]]:
    """The layouts that these entries can have, the present one first; and why others cannot.

    ``settings`` are the server's listpack limits, as ``CONFIG GET`` names them.
    """
    rows = entries.entries
    present = _present(entries)
    if not all(entry.fields for entry in rows):
        others = _of_texts() if all(_is_text(entry) for entry in rows) else _blobs(rows)
        why = {"hash": "the entries are not objects with fields"}
        return [present, *others], why
    found: list[Form] = [present]
    left_out: dict[str, str] = {}
    if present.name == "present" or not isinstance(present, HashForm):
        found.append(HashForm("hash", "hash", 2, "nested values as JSON text"))
    raised, why_not = _raised(rows, settings)
    if raised is not None:
        found.append(raised)
    elif why_not:
        left_out["hash, limits raised"] = why_not
    found += _blobs(rows, left_out)
    arrays = schema(rows)
    if len(arrays) * len(rows) <= SPARSE * sum(len(entry.fields) for entry in rows):
        codec = msgpack_array(arrays)
        note = "the field names are in the app's code"
        found.append(BlobForm("msgpack_array", "msgpack array", 3, codec, note))
    else:
        left_out["msgpack array"] = "the entries have too few fields in common"
    if any(entry.expires for entry in rows):
        left_out[f"buckets of {BUCKET}"] = "entries expire, and a bucket's cannot one by one"
    else:
        found.append(_buckets(rows))
    keys = KeysForm("key_per_field", "key per field", 4)
    keys.keys_each = sum(len(entry.fields) for entry in rows) / len(rows)
    return [form for form in [*found, keys] if not _same(form, present, rows)], left_out


def _present(entries: Entries) -> Form:
    first = entries.entries[0]
    if isinstance(first.stored, dict):
        return HashForm("present", "hash, as it is", 0)
    if first.stored is None:
        return BlobForm("present", "pickle, as Django's cache would", 0, PICKLE)
    codec = CODECS.get(entries.stored_as, TEXT)
    note = "" if codec is not TEXT else "its times leave decoding out"
    return StoredBlobForm("present", f"{entries.stored_as}, as it is", 0, codec, note)


def _same(form: Form, present: Form, rows: Sequence[Entry]) -> bool:
    """Whether a form is the present one again."""
    if form is present:
        return False
    if isinstance(present, HashForm):
        return form.name == "hash"
    if not isinstance(form, BlobForm) or not isinstance(present, BlobForm):
        return False
    return all(form.encoded(entry) == present.encoded(entry) for entry in rows)


def _is_text(entry: Entry) -> bool:
    return isinstance(entry.value, str | bytes)


def _of_texts() -> list[Form]:
    found: list[Form] = [BlobForm("text_zlib", "zlib", 2, with_zlib(TEXT))]
    if (zstd := with_zstd(TEXT)) is not None:
        found.append(BlobForm("text_zstd", "zstd", 2, zstd))
    return found


def _blobs(rows: Sequence[Entry], left_out: dict[str, str] | None = None) -> list[Form]:
    """The layouts of one string."""
    found: list[Form] = []
    try:
        for entry in rows:
            JSON.encode(entry.value)
    except (TypeError, ValueError):
        if left_out is not None:
            left_out["JSON"] = "some values are not text"
    else:
        found.append(BlobForm("json", "JSON, compact", 2, JSON))
        found.append(BlobForm("json_zlib", "JSON + zlib", 3, with_zlib(JSON)))
        if (zstd := with_zstd(JSON)) is not None:
            found.append(BlobForm("json_zstd", "JSON + zstd", 3, zstd))
        elif left_out is not None:
            left_out["JSON + zstd"] = "zstandard is not installed: pip install zstandard"
    found.append(BlobForm("msgpack", "msgpack map", 2, MSGPACK))
    found.append(BlobForm("pickle", "pickle", 2, PICKLE))
    return found


def _raised(rows: Sequence[Entry], settings: dict[str, str]) -> tuple[HashForm | None, str]:
    """The hash with limits that hold every entry; ``None`` where they do already, or cannot."""
    most = max(len(entry.fields) for entry in rows)
    longest = max(max(len(n.encode()), len(raw)) for e in rows for n, raw in texts(e).items())
    entries_limit = limit(settings, "hash-max-listpack-entries", 512)
    value_limit = limit(settings, "hash-max-listpack-value", 64)
    if most <= entries_limit and longest <= value_limit:
        return None, ""
    if most > MOST_ENTRIES or longest > MOST_VALUE:
        return (
            None,
            f"up to {most:,} fields, and up to {longest:,} B in one: too much for a listpack",
        )
    form = HashForm("hash_raised", "hash, limits raised", 1)
    if most > entries_limit:
        form.settings["hash-max-listpack-entries"] = str(_power(most))
    if longest > value_limit:
        form.settings["hash-max-listpack-value"] = str(_power(longest))
    return form, ""


def _power(n: int) -> int:
    return 1 << (n - 1).bit_length()


def _buckets(rows: Sequence[Entry]) -> BucketForm:
    """Buckets, with limits that let each be a listpack where that is bearable."""
    form = BucketForm("buckets", f"buckets of {BUCKET}, msgpack", 4, "no TTL for one entry")
    longest = max(len(MSGPACK.encode(entry.value)) for entry in rows)
    if longest <= MOST_VALUE:
        form.settings["hash-max-listpack-value"] = str(max(64, _power(longest)))
    return form
