"""FAULTS.md says where each known fault is; this keeps it true."""

import re
from typing import NamedTuple

import pytest

from sample_site import ROOT

KINDS = {
    "N+1, serializer field",
    "N+1, template line",
    "duplicate query",
    "missing index",
    "unused columns",
    "unread fields",
    "repeated along the journey",
    "lazy foreign keys",
    "waits in a row",
}


class Fault(NamedTuple):
    id: str
    kind: str
    where: str
    line: str
    what: str
    how: str
    remedy: str


def faults() -> list[Fault]:
    rows = re.findall(r"^\| (F\d+ \|.*) \|$", (ROOT / "FAULTS.md").read_text(), re.MULTILINE)
    return [Fault(*row.split(" | ")) for row in rows]


def test_every_kind_of_fault_is_there():
    assert {fault.kind for fault in faults()} == KINDS


def test_ids_are_unique():
    ids = [fault.id for fault in faults()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.id)
def test_the_line_says_what_the_list_says(fault):
    file, number = fault.where.strip("`").split(":")
    line = (ROOT / file).read_text().splitlines()[int(number) - 1]
    assert fault.line.strip("`") in line


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.id)
def test_every_fault_has_a_remedy(fault):
    assert fault.what
    assert fault.how
    assert fault.remedy
