"""The code blocks of the READMEs and of docs/."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "cam-py" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCE = re.compile(r"^(?P<ticks>```+|~~~+)(?P<info>.*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, the line it begins on, its language (`{code-cell}` is Python) and its text."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    found = []
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        opening = FENCE.match(line)
        if opening is None:
            continue
        body = []
        for _, inner in lines:
            if inner.rstrip() == opening["ticks"]:
                break
            body.append(inner)
        info = opening["info"].strip()
        language = "code-cell" if info.startswith("{code-cell}") else info.split(" ")[0]
        if language == "code-cell":
            body = [text for text in body if not text.startswith(":")]
        found.append(Block(page, number, language, "\n".join(body) + "\n"))
    return found


BLOCKS = [block for page in PAGES for block in blocks(page)]
