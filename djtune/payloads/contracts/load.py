"""Reads files of contracts, whichever kind they are of."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from djtune.errors import DjtuneError
from djtune.payloads.clients import Contract

from . import log, openapi, pact

_YAML = {".yaml", ".yml"}
_DOCUMENTS = {*_YAML, ".json"}


def load_contracts(paths: Iterable[Path]) -> list[Contract]:
    """Read Pact files, OpenAPI documents and access logs.

    Raises:
        DjtuneError: a file cannot be read, or is none of these.

    """
    return [contract for path in paths for contract in _load(path)]


def _load(path: Path) -> list[Contract]:
    if path.suffix.lower() not in _DOCUMENTS:
        return log.contracts(path)
    document = _document(path)
    if isinstance(document, dict) and "interactions" in document:
        return _understood(path, pact.contracts, document)
    if isinstance(document, dict) and {"openapi", "swagger"} & document.keys():
        return _understood(path, openapi.contracts, document)
    if document is None:
        return log.contracts(path)
    raise DjtuneError(
        f"{path} is no contract",
        hint="known are Pact files, OpenAPI documents (JSON, YAML) and access logs",
    )


def _document(path: Path) -> Any:
    """The content of a file; ``None`` where it is JSON a line, as logs are."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DjtuneError(f"{path} cannot be read: {error.strerror}") from error
    if path.suffix.lower() in _YAML:
        return _yaml(path, content)
    try:
        return msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if _is_object(content.partition(b"\n")[0]):
            return None
        raise DjtuneError(f"{path} is no JSON: {error}") from None


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _yaml(path: Path, content: bytes) -> Any:
    try:
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be decoded"
        raise DjtuneError(f"{path} is no YAML{where}: {problem}") from None


def _understood(path: Path, read: Any, document: dict[str, Any]) -> list[Contract]:
    """Read a document; one that is not made as its kind is has no deeper names than these."""
    try:
        contracts: list[Contract] = read(path.name, document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DjtuneError(
            f"{path} is not made as its kind is: {type(error).__name__}: {error}"
        ) from error
    if not contracts:
        raise DjtuneError(f"{path} names no response in JSON")
    return contracts
