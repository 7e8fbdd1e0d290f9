"""Which files of a folder are a client's own source."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

LANGUAGES = {
    ".cjs": "javascript",
    ".cts": "typescript",
    ".htm": "html",
    ".html": "html",
    ".js": "javascript",
    ".jsx": "javascript",
    ".kt": "kotlin",
    ".kts": "kotlin",
    ".mjs": "javascript",
    ".mts": "typescript",
    ".py": "python",
    ".swift": "swift",
    ".ts": "typescript",
    ".tsx": "tsx",
    ".vue": "html",
}
"""By the end of a file's name."""
UNREAD = {".astro", ".cs", ".dart", ".go", ".java", ".m", ".php", ".rb", ".rs", ".svelte"}
"""Source that may name fields as well, in languages that are not read here."""
_SKIPPED = {".git", ".hg", ".svn", ".venv", "__pycache__", "bower_components", "node_modules"}
_BUILT = {".angular", ".next", ".nuxt", ".output", "DerivedData", "build", "dist", "out"}
_TEST_FOLDERS = {
    "__fixtures__", "__mocks__", "__tests__", "androidTest", "cypress", "e2e", "test", "tests",
}  # fmt: skip
_TEST_FILE = re.compile(
    r".*\.(?:cy|e2e|spec|stories|test)\.\w+|test_.*\.py|.*_test\.py|conftest\.py"
    r"|.*Tests?\.(?:kt|swift)"
)

_GENERATED = re.compile(
    r"generated\b[^\n]{0,80}\b(?:openapi|swagger|orval|hey-api|kubb|nswag|autorest)"
    r"|(?:openapi|swagger)[^\n]{0,20}(?:generat|codegen)",
    re.IGNORECASE,
)
_HEAD = 2000


def is_generated(text: str) -> bool:
    """Whether a file says that it was made from an API's description: it reads every field."""
    return _GENERATED.search(text, 0, _HEAD) is not None


def source_files(folder: Path) -> list[Path]:
    """The files below a folder that may hold source, in order.

    Tests are left out, as what they read no user sees; so are what others wrote (``node_modules``),
    a Django project's own Python, and what was built, unless there is nothing else.
    """
    found = sorted(_walk(folder))
    servers = [file.parent for file in found if file.name == "manage.py"]
    found = [
        file
        for file in found
        if file.suffix != ".py" or not any(server in file.parents for server in servers)
    ]
    own = [file for file in found if not _BUILT & set(file.relative_to(folder).parts[:-1])]
    return own if any(file.suffix in LANGUAGES for file in own) else found


def _walk(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = set(folders) - _SKIPPED - _TEST_FOLDERS
        yield from (Path(where, name) for name in names if _is_source(name))


def _is_source(name: str) -> bool:
    known = PurePath(name).suffix in LANGUAGES.keys() | UNREAD
    return known and not _TEST_FILE.fullmatch(name)
