"""Documents in files."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from cam.errors import InvalidDocumentError

M = TypeVar("M")


def write_document(path: str | os.PathLike[str], text: str) -> None:
    """Write a document as a whole, or not at all."""
    temporary = f"{os.fspath(path)}.part"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as problem:
        # The caller knows nothing of the file beside.
        raise type(problem)(problem.errno, problem.strerror, os.fspath(path)) from None


def read_document(path: str | os.PathLike[str], read: Callable[[str], M]) -> M:
    """Read the document in a file, which errors name."""
    name = os.fspath(path)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except UnicodeDecodeError:
        raise InvalidDocumentError(f"{name!r} holds no model of cam") from None
    if not text.lstrip().startswith("{"):
        raise InvalidDocumentError(f"{name!r} holds no model of cam")
    try:
        return read(text)
    except InvalidDocumentError as problem:
        raise InvalidDocumentError(f"{name!r}: {problem}", field=problem.field) from None
