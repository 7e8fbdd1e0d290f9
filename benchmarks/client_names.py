"""How a client's source names the fields of a project's serializers.

    python -m benchmarks.client_names CLIENT_FOLDER SERIALIZERS.py…

The fields are those of ``Meta.fields`` where it is a literal. A bundle's folder will do too.
"""

import ast
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from djtune.payloads.source.scan import scan_folder
from djtune.payloads.source.spelling import naming


def fields(serializers: Path) -> Iterator[str]:
    """Yield the names in the ``fields`` of every ``class Meta`` of a file."""
    for node in ast.walk(ast.parse(serializers.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef) and node.name == "Meta":
            for statement in node.body:
                if (
                    isinstance(statement, ast.Assign)
                    and ast.unparse(statement.targets[0]) == "fields"
                ):
                    yield from _literals(statement.value)


def _literals(value: ast.expr) -> Iterator[str]:
    elements = value.elts if isinstance(value, (ast.List, ast.Tuple)) else []
    for element in elements:
        if isinstance(element, ast.Constant):
            yield str(element.value)


def main(folder: str, *serializers: str) -> None:
    """Print the fields by how they are named."""
    names = sorted({name for file in serializers for name in fields(Path(file))})
    begun = time.process_time()
    scan = scan_folder(Path(folder))
    seconds = time.process_time() - begun
    files = ", ".join(f"{n} {language}" for language, n in sorted(scan.files.items()))
    print(f"{files}: {scan.bytes / 1e6:.1f} MB in {seconds:.2f} s CPU")
    print(f"{len(scan.blind)} computed keys, {len(scan.unreadable)} files not read")
    ways = defaultdict(list)
    for name in names:
        ways[naming(scan, name) or "nowhere"].append(name)
    for way, named in sorted(ways.items(), key=lambda item: -len(item[1])):
        print(f"{way}: {len(named)} of {len(names)}: {' '.join(named)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
