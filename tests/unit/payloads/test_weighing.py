"""Sizes of responses with and without some fields, and their intervals."""

import json

import pytest

from djtune.payloads.endpoints import Responses, Sample
from djtune.payloads.weighing import metric, sizes, typical, weigh, whitespace_gzip

ROWS = [{"id": n, "title": f"Film {n}", "credits": f"{n:08}" * 20} for n in range(30)]


def responses(*bodies):
    found = Responses()
    for number, body in enumerate(bodies):
        found.add(Sample(step=0, user=0, asked=number, type="", wire=0, size=1, body=body))
    return found


def written(rows, **options):
    return json.dumps(rows, **options).encode()


def test_fields_go_together_and_are_compressed_again():
    compact = {"separators": (",", ":")}
    found = weigh(responses(written(ROWS, **compact)).bodies, [("[]", "credits"), ("[]", "title")])
    light = written([{"id": row["id"]} for row in ROWS], **compact)
    assert found.after.raw.value == len(light)
    assert found.saving.raw.value == found.before.raw.value - len(light)
    assert found.saving.gzip.value == found.before.gzip.value - found.after.gzip.value


def test_white_space_is_no_saving_of_the_fields():
    found = weigh(responses(written(ROWS, indent=4)).bodies, [("[]", "title")])
    light = written([{k: v for k, v in row.items() if k != "title"} for row in ROWS], indent=4)
    assert found.after.raw.value == len(light)


def test_what_gzip_makes_of_white_space_is_little():
    found = responses(written(ROWS, indent=4))
    assert 0 < whitespace_gzip(found.bodies) < found.whitespace / 4
    assert whitespace_gzip(responses(written(ROWS, separators=(",", ":"))).bodies) == 0


def test_sizes_are_those_on_the_wire():
    found = responses(written(ROWS), written(ROWS[:10]))
    raw = sizes(found.bodies, found.sizes).raw
    assert raw.value == pytest.approx((len(written(ROWS)) + len(written(ROWS[:10]))) / 2)
    assert raw.low < raw.value < raw.high


def test_one_response_has_no_interval():
    assert (metric([7]).value, metric([7]).low) == (7.0, None)
    assert metric([]).reason == "no response"


def test_an_outlier_does_not_move_what_is_typical():
    found = typical([1.0, 1.1, 1.2, 1.1, 1.0, 1.05, 90.0])
    assert found.value == 1.1
    assert found.low <= 1.0 <= found.value <= found.high
    assert "6 responses needed" in typical([1.0, 2.0]).reason
