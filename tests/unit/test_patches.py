"""A call is added where the line plainly shows the queryset; otherwise there is no patch."""

import subprocess
from pathlib import Path

import pytest

from djtune.model.patches import with_call

CALL = 'select_related("author")'
CHAPTERS = '"chapters__notes__pictures"'
CLEAR = [
    ("books = Book.objects.all()", f"books = Book.objects.{CALL}.all()"),
    ("books = Book.objects.filter(a=1).order_by('b')", f"Book.objects.{CALL}.filter(a=1)"),
    ("queryset = Book.objects.order_by('pk')[:30]", f"Book.objects.{CALL}.order_by('pk')[:30]"),
    ("x = author.books.filter(a=1)", f"author.books.{CALL}.filter(a=1)"),
    ("x = get_object_or_404(Book, pk=1)", ""),
    ("x = Book.objects.filter(a__in=Author.objects.all())", ""),
    ("x = load(books)", ""),
    ("d = options.get('a')", f"options.{CALL}.get('a')"),
]


@pytest.mark.parametrize(("line", "changed"), CLEAR)
def test_the_call_comes_right_after_the_manager(line: str, changed: str) -> None:
    patch = with_call(f"import x\n\n{line}\n", 3, CALL, "shop/views.py")
    added = [text for text in patch.splitlines() if text.startswith("+") and "+++" not in text]
    assert bool(added) == bool(changed)
    assert all(changed in text for text in added)


def test_the_patch_applies(tmp_path: Path) -> None:
    source = (
        "from m import Book\n\n\ndef view():\n    return Book.objects.filter(\n        a=1\n    )\n"
    )
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "views.py").write_text(source)
    patch = with_call(source, 5, CALL, "shop/views.py")
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True)
    assert f"Book.objects.{CALL}.filter(\n" in (tmp_path / "shop" / "views.py").read_text()


def test_a_long_call_is_written_one_argument_a_line(tmp_path: Path) -> None:
    call = f'select_related("author").prefetch_related({", ".join([CHAPTERS] * 4)})'
    source = "def view():\n    return Book.objects.all()\n"
    (tmp_path / "a.py").write_text(source)
    patch = with_call(source, 2, call, "a.py")
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True)
    lines = (tmp_path / "a.py").read_text().splitlines()
    assert lines[1:4] == [
        "    return Book.objects.select_related(",
        '        "author",',
        "    ).prefetch_related(",
    ]
    assert lines[-2:] == [f"        {CHAPTERS},", "    ).all()"]


@pytest.mark.parametrize("source", ["Book.objects.all()", "x = 1\n\x0c\nBook.objects.all()\n"])
def test_line_ends_are_those_that_python_and_patch_know(source: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(source)
    patch = with_call(source, source.count("\n") or 1, CALL, "a.py")
    subprocess.run(["patch", "-p1"], cwd=tmp_path, input=patch.encode(), check=True)
    assert (tmp_path / "a.py").read_text() == source.replace("objects", f"objects.{CALL}")


@pytest.mark.parametrize("line", [0, 3, 99])
def test_a_line_that_is_not_there_has_no_patch(line: int) -> None:
    assert with_call("x = 1\ny = 2\n", line, CALL, "a.py") == ""
