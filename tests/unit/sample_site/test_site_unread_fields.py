"""The web page is the API's client: it reads every field but those that are called unread.

The page names what it reads after its source (``programme.title``), so text is enough to tell.
"""

import ast
import re

import pytest

from sample_site import ROOT

PAGE = (ROOT / "web/static/web/guide.js").read_text()

READ_AS = {
    "ProfileSerializer": "profile",
    "SubscriptionSerializer": "plan",
    "DeviceSerializer": "device",
    "ChannelSerializer": "channel",
    "GuideChannelSerializer": "row",
    "ProgrammeSerializer": "programme",
    "ShowSerializer": "show",
    "AiringSerializer": "airing",
    "StreamSerializer": "stream",
    "RecommendationSerializer": "pick",
}


def serializers() -> dict[str, tuple[set[str], set[str]]]:
    """Serializer → its fields, and those that it calls unread."""
    found = {}
    for app in ("accounts", "epg", "playback"):
        for node in ast.parse((ROOT / app / "serializers.py").read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name in READ_AS:
                found[node.name] = fields_of(node)
    return found


def fields_of(node: ast.ClassDef) -> tuple[set[str], set[str]]:
    fields, unread = set(), set()
    for statement in node.body:
        if isinstance(statement, ast.ClassDef):
            fields |= set(*(assigned(each) for each in statement.body if target(each) == "fields"))
        elif isinstance(statement, ast.Assign) and target(statement) == "unread":
            unread |= set(assigned(statement))
        elif isinstance(statement, ast.Assign):
            fields.add(target(statement))
    return fields, unread


def target(statement: ast.stmt) -> str:
    assert isinstance(statement, ast.Assign)
    return ast.unparse(statement.targets[0])


def assigned(statement: ast.stmt) -> list[str]:
    assert isinstance(statement, ast.Assign)
    return ast.literal_eval(statement.value)


@pytest.mark.parametrize("name", READ_AS)
def test_the_page_reads_all_fields_but_the_unread(name):
    fields, unread = serializers()[name]
    read = set(re.findall(rf"\b{READ_AS[name]}\.(\w+)", PAGE))
    assert fields - read == unread
