"""What consumers have said they use: Pact files, OpenAPI documents, ``?fields=`` in access logs."""

from .load import load_contracts

__all__ = ["load_contracts"]
