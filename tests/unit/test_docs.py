"""Everything that can be typed has its place in ``docs/`` and in ``--help``, and is true there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from helpers import djtune

from djtune.cli import COMMANDS, cli, load_command
from djtune.errors import ExitCode
from djtune.options import CommonOption

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def commands() -> Iterator[tuple[str, ...]]:
    """Yield every command and subcommand, as the words that are typed."""
    for name in COMMANDS:
        yield (name,)
        command = load_command(name)
        if isinstance(command, click.Group):
            yield from ((name, sub) for sub in command.commands)


def find(words: tuple[str, ...]) -> click.Command:
    command: click.Command = load_command(words[0])
    for word in words[1:]:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    return command


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


every_command = pytest.mark.parametrize("words", list(commands()), ids=" ".join)


@every_command
def test_has_a_page_that_names_it(words):
    assert f"djtune {' '.join(words)}" in page(words[0])


@every_command
def test_its_options_are_explained(words):
    for option in find(words).params:
        if isinstance(option, click.Option):
            where = "options" if isinstance(option, CommonOption) else words[0]
            for name in option.opts:
                pattern = rf"`[^`\n]*{re.escape(name)}(?![\w-])"
                assert re.search(pattern, page(where)), f"{name} is not in docs/{where}.md"


@every_command
def test_its_help_has_examples(words):
    shown = djtune(*words, "--help").stdout
    examples = shown.partition("Examples:\n")[2]
    assert re.search(rf"djtune {' '.join(words)}\b", examples)


def test_pages_that_are_about_no_command_are_meant():
    about_no_command = {"README", "options", "field", "recorder", "cache-recorder", "pytest"}
    assert {file.stem for file in DOCS.glob("*.md")} <= set(COMMANDS) | about_no_command


def test_every_page_can_be_reached_from_the_index():
    index = page("README")
    for file in DOCS.rglob("*.md"):
        if file.name != "README.md":
            assert f"({file.relative_to(DOCS)})" in index


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_relative_links_lead_somewhere(file):
    links = re.findall(r"\]\((?!\w+:)([^)#\s]+)", file.read_text(encoding="utf-8"))
    assert [link for link in links if not (file.parent / link).exists()] == []


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_explained(code):
    assert f"| {int(code)} |" in page("options")


def typed_lines() -> Iterator[tuple[str, str]]:
    """Yield the calls of djtune in code blocks of the documentation and in ``--help``."""
    for file in PAGES:
        if file.exists():
            text = file.read_text(encoding="utf-8")
            for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
                yield from ((file.name, line) for line in _calls(block))
    for words in commands():
        examples = djtune(*words, "--help").stdout.partition("Examples:\n")[2]
        yield from ((f"djtune {' '.join(words)} --help", line) for line in _calls(examples))


def _calls(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        match = re.match(r"\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:python manage\.py )?(djtune .*)", line)
        if match:
            yield match[1]


@pytest.mark.parametrize(("where", "line"), sorted(set(typed_lines())))
def test_what_is_shown_can_be_typed(where, line):
    # What follows a pipe, a redirection or "&&" is the shell's.
    words = shlex.split(line, comments=True)[1:]
    stop = next((n for n, word in enumerate(words) if word in ("|", ">", ">>", "&&", "2>")), None)
    _parse(cli, words[:stop])


def _parse(command: click.Command, words: list[str]) -> None:
    """Let click read the words as it would, but run nothing."""
    try:
        context = command.make_context(command.name, list(words))
    except click.exceptions.Exit:  # --help, --version
        return
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, child, rest = command.resolve_command(context, rest)
        assert child is not None, name
        _parse(child, rest)
