"""Fields and relations are taken out where the source plainly shows them; else there is a note."""

import ast
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.payloads.edits import Edit, drop_fields, drop_relations

NAMES = ["id", "title", "slug", "cast", "tagline", "größe", "country"]
MODEL = "class S(serializers.ModelSerializer):\n    class Meta:\n        model = M\n        "


def applied(source: str, edit: Edit) -> str:
    """The source after ``patch -p1``."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "shop", "serializers.py")
        file.parent.mkdir()
        file.write_text(source)
        command = ["patch", "-p1", "--fuzz=0", "--silent"]
        subprocess.run(command, cwd=folder, input=edit.patch.encode(), check=True)
        return file.read_text()


def dropped(source: str, names: list[str], every: list[str] | None = None) -> str:
    edit = drop_fields(source, "S", names, "shop/serializers.py", every or ())
    after = applied(source, edit)
    assert after == edit.source
    return after


def refused(source: str, names: list[str], every: list[str] | None = None) -> Edit:
    edit = drop_fields(source, "S", names, "shop/serializers.py", every or ())
    assert (edit.patch, edit.source) == ("", source)
    return edit


def meta_of(source: str) -> dict[str, object]:
    """What ``Meta`` of the class ``S`` says."""
    [owner] = [n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == "S"]
    [meta] = [n for n in owner.body if isinstance(n, ast.ClassDef)]
    return {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in meta.body
        if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Name)
    }


def in_one_line(names: list[str], opening: str, closing: str) -> str:
    lone = "," if len(names) == 1 else ""
    return opening + ", ".join(map(repr, names)) + lone + closing


def one_a_line(names: list[str], opening: str, closing: str) -> str:
    lines = "".join(f"            {name!r},  # {number}\n" for number, name in enumerate(names))
    return f"{opening}\n{lines}        {closing}"


def packed(names: list[str], opening: str, closing: str) -> str:
    return opening + ",\n    ".join(map(repr, names)) + f",{closing}"


@given(
    names=st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    picks=st.lists(st.booleans(), min_size=len(NAMES), max_size=len(NAMES)),
    methods=st.lists(st.booleans(), min_size=len(NAMES), max_size=len(NAMES)),
    layout=st.sampled_from([in_one_line, one_a_line, packed]),
    brackets=st.sampled_from(["[]", "()"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_its_layout_the_serializer_keeps_just_the_other_fields(
    names: list[str], picks: list[bool], methods: list[bool], layout, brackets: str, ending: str
) -> None:
    gone = [name for name, pick in zip(names, picks, strict=False) if pick] or names[:1]
    made = [name for name, method in zip(names, methods, strict=False) if method]
    source = "import x\n\n\nclass S(serializers.ModelSerializer):\n"
    source += "".join(f"    {name} = serializers.SerializerMethodField()\n" for name in made)
    source += f"\n    class Meta:\n        model = M\n        fields = {layout(names, *brackets)}\n"
    source += "".join(f"\n    def get_{name}(self, row):\n        return 1\n" for name in made)
    source = (source + "\n\nclass Other:\n    title = 1\n").replace("\n", ending)
    edit = drop_fields(source, "shop.S", gone, "shop/serializers.py")
    after = edit.source
    kept = [name for name in names if name not in gone]
    assert meta_of(after) == {"fields": kept if brackets == "[]" else tuple(kept)}
    for name in names:
        assert (f"get_{name}" in after) == (name in made and name not in gone)
        assert (f"{name} = serializers" in after) == (name in made and name not in gone)
    assert after.endswith(f"class Other:{ending}    title = 1{ending}")
    assert "\n\n\n\n" not in after.replace(ending, "\n")
    if ending == "\n":
        assert applied(source, edit) == after


def test_a_plain_serializer_loses_its_declarations() -> None:
    source = (
        'class S(serializers.Serializer):\n    """Doc."""\n\n    a: F = F(\n    )\n    b = F()\n'
    )
    assert dropped(source, ["a"]) == source.replace("    a: F = F(\n    )\n", "")


def test_a_serializer_without_any_field_left_is_still_python() -> None:
    after = dropped(
        "class S(Serializer):\n    a = F(\n        x=1\n    )\n    b = F()\n", ["a", "b"]
    )
    assert after == "class S(Serializer):\n    pass\n"


def test_a_method_that_something_else_calls_stays() -> None:
    source = (
        "class S(Serializer):\n    a = SerializerMethodField(method_name='length')\n    b = F()\n\n"
        "    def length(self, row):\n        return 1\n\n"
        "    def twice(self, row):\n        return 2 * self.length(row)\n"
    )
    assert "def length" in dropped(source, ["a"])
    assert "def length" not in dropped(source.replace("self.length(row)", "3"), ["a"])


def test_all_fields_become_those_left_out_as_some_may_be_input_alone() -> None:
    source = MODEL + 'fields = "__all__"\n'
    assert meta_of(dropped(source, ["b"], ["a", "b", "c"])) == {"exclude": ["b"]}


def test_a_method_of_a_serializer_with_all_fields_goes_by_itself() -> None:
    method = MODEL.replace("class Meta", "b = SerializerMethodField()\n\n    class Meta", 1)
    after = dropped(method + 'fields = "__all__"\n', ["b"])
    assert "SerializerMethodField" not in after
    assert meta_of(after) == {"fields": "__all__"}


def test_a_declared_field_may_be_of_the_model_too_where_all_are_taken() -> None:
    declared = MODEL.replace("class Meta", "b = F()\n\n    class Meta", 1)
    edit = refused(declared + 'fields = "__all__"\n', ["b"], ["a", "b"])
    assert edit.paste == 'fields = ["a"]'
    assert "b may be of the model too" in edit.note


def test_a_list_of_what_is_left_out_grows() -> None:
    assert meta_of(dropped(MODEL + 'exclude = ("a",)\n', ["b"])) == {"exclude": ("a", "b")}


def test_read_only_fields_follow() -> None:
    source = MODEL + 'fields = ["a", "b"]\n        read_only_fields = ["b"]\n'
    assert meta_of(dropped(source, ["b"])) == {"fields": ["a"], "read_only_fields": []}


HEIR = "\n\nclass Heir(S):\n    class Meta{}:\n        fields = {}\n"
APART = [
    (MODEL + 'fields = ["a", "b"]\n', HEIR.format("", '["a", "c"]')),
    (
        MODEL.replace("class Meta", "a = F()\n\n    class Meta", 1) + 'fields = ["a", "b"]\n',
        HEIR.format("", '["b"]'),
    ),
]


@pytest.mark.parametrize(("source", "heir"), APART)
def test_an_heir_with_a_list_of_its_own_is_left_as_it_is(source: str, heir: str) -> None:
    after = dropped(source + heir, ["a"])
    assert meta_of(after) == {"fields": ["b"]}
    assert after.endswith(heir)


def test_a_plain_serializer_may_have_bases_of_its_own_in_the_file() -> None:
    base = "class Base(serializers.Serializer[dict]):\n    b = F()\n\n\n"
    source = f"{base}class S(Mixin, Base):\n    a = F()\n    c = F()\n"
    assert dropped(source, ["a"]) == source.replace("    a = F()\n", "")


PLAIN = "class Base(Serializer):\n    a = F()\n\n\nclass S(Base):\n    a = F()\n"
UNCLEAR = {
    "Base declares a too": PLAIN,
    "Heir inherits": MODEL + 'fields = ["a"]\n' + HEIR.format("(S.Meta)", '["b"]'),
    "Heir inherits from": "class S(Serializer):\n    a = F()\n" + HEIR.format("", '["a"]'),
    "S inherits the list of": "class Base(Mixin, Serializer):\n    class Meta:\n"
    '        fields = ["a"]\n\n\nclass S(Base):\n    a = F()\n',
    "S inherits the list": MODEL.replace("S(", "Base(") + 'fields = ["a"]\n\n\n'
    "class S(Base):\n    a = F()\n",
    "by an expression": MODEL + 'fields = BASE + ["a"]\n',
    "inherits the list": "class S(Base):\n    a = F()\n",
    "Heir inherits from S": MODEL + 'fields = ["a"]\n\n\nclass Heir(S):\n    pass\n',
    "comment": MODEL + 'fields = ["a", "b",  # why\n        "c"]\n',
    "no classes S": "class Other:\n    pass\n",
    "more than one statement": "class S(Serializer):\n    a = F(); b = F()\n",
    "itself does not name a": MODEL + 'fields = ["b"]\n',
    "never closed": "class S(",
}


@pytest.mark.parametrize("why", UNCLEAR)
def test_where_it_is_not_plain_there_is_a_note_and_the_line_to_paste(why: str) -> None:
    edit = refused(UNCLEAR[why], ["a"], ["a", "b", "c"])
    assert why in edit.note
    assert edit.paste == 'fields = ["b", "c"]'


def test_what_else_names_a_dropped_field_is_pointed_out() -> None:
    source = "class S(Serializer):\n    a = F()\n    b = F()\n\n    def validate_a(self, v): ...\n"
    assert "Look at line 5," in drop_fields(source, "S", ["a"], "s.py").note


def test_edits_of_one_file_follow_each_other() -> None:
    source = (
        "class A(Serializer):\n    x = F()\n    y = F()\n\n\nclass S(Serializer):\n    x = F()\n"
    )
    first = drop_fields(source, "A", ["x"], "s.py")
    assert drop_fields(first.source, "S", ["x"], "s.py").source == (
        "class A(Serializer):\n    y = F()\n\n\nclass S(Serializer):\n    pass\n"
    )


LOADING = [
    ('select_related("a", "b")', ["a"], 'select_related("b")'),
    ('select_related("a")', ["a"], ""),
    ('select_related("a__b", "c")', ["a__b"], 'select_related("a", "c")'),
    ('select_related("a__b", "a__c")', ["a__b"], 'select_related("a__c")'),
    ('select_related("a__b__c")', ["a"], ""),
    ('prefetch_related(Prefetch("a", queryset=A.objects.all()), "ab")', ["a"], "ab"),
    ('select_related("a").prefetch_related("b")', ["a", "b"], ""),
]


@pytest.mark.parametrize(("calls", "names", "left"), LOADING)
def test_a_relation_is_no_longer_loaded(calls: str, names: list[str], left: str) -> None:
    source = f"def view():\n    rows = M.objects.{calls}.filter(x=1)\n    return rows\n"
    edit = drop_relations(source, 2, names, "shop/serializers.py")
    after = applied(source, edit)
    left = 'prefetch_related("ab")' if left == "ab" else left
    assert after == source.replace(f".{calls}", f".{left}" if left else "")


def test_the_call_may_be_elsewhere_in_the_function() -> None:
    source = "def view():\n    rows = M.objects.all()\n    return rows.select_related('a', 'b')\n"
    after = drop_relations(source, 2, ["a"], "v.py").source
    assert after == source.replace("'a', 'b'", "'b'")


def test_two_querysets_that_load_the_same_are_left_alone() -> None:
    source = "x = f(M.objects.select_related('a'), N.objects.select_related('a'))\n"
    edit = drop_relations(source, 1, ["a"], "v.py")
    assert not edit.patch
    assert "several querysets" in edit.note


def test_a_relation_that_no_call_names_has_no_patch() -> None:
    assert "no call around line 1" in drop_relations("x = M.objects.all()\n", 1, ["a"], "v").note


def test_changes_within_each_other_are_left_alone() -> None:
    inner = 'Prefetch("a", queryset=B.objects.select_related("c"))'
    edit = drop_relations(f"x = M.objects.prefetch_related({inner})\n", 1, ["a", "c"], "v.py")
    assert not edit.patch
    assert "two changes meet" in edit.note
