"""The two READMEs, taken apart: headings, code, tables, links, and the commands they tell people to type."""

import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_COMMENTED = {"toml", "python", "sh", "ini", "nginx"}


@dataclass(frozen=True)
class Block:
    """One fenced block of code."""

    language: str
    text: str

    @property
    def bare(self) -> str:
        """The block without comments, which are in the document's own language."""
        if self.language not in _COMMENTED:
            return self.text
        lines = (re.sub(r"(^|\s)\s*#.*$", "", line).rstrip() for line in self.text.splitlines())
        return "\n".join(line for line in lines if line)


class Document:
    """One README."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = (ROOT / name).read_text(encoding="utf-8")

    def __repr__(self) -> str:
        return self.name

    @cached_property
    def blocks(self) -> list[Block]:
        """Its code, in order."""
        return [Block(match[1], match[2]) for match in _FENCE.finditer(self.text)]

    def code(self, language: str) -> list[str]:
        """The blocks of one language."""
        return [block.text for block in self.blocks if block.language == language]

    @cached_property
    def prose(self) -> str:
        """Everything but the blocks of code."""
        return _FENCE.sub("", self.text)

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        """Level and words of each heading."""
        found = re.findall(r"^(#+) (.+)$", self.prose, re.MULTILINE)
        return [(len(marks), words) for marks, words in found]

    @cached_property
    def links(self) -> list[str]:
        """Where its links lead."""
        return _LINK.findall(self.prose)

    @cached_property
    def tables(self) -> list[list[list[str]]]:
        """Its tables: rows of cells, the heading row first."""
        tables = re.findall(r"(?:^\|.*\|\n)+", self.prose, re.MULTILINE)
        return [[_cells(line) for line in table.splitlines() if "---" not in line] for table in tables]

    def table_of(self, first_cell: str) -> dict[str, list[str]]:
        """The rows of the table that has a row with this first cell, by their first cells."""
        for table in self.tables:
            rows = {row[0]: row[1:] for row in table[1:]}
            if first_cell in rows:
                return rows
        raise AssertionError(f"{self.name} has no table with {first_cell}")

    @cached_property
    def commands(self) -> list[list[str]]:
        """The arguments of every `koogate ...` in code of the shell, in units of systemd and in the prose."""
        lines = [
            line.removesuffix("&")
            for block in self.blocks
            if block.language in {"sh", "ini"}
            for line in block.bare.replace("\\\n", " ").splitlines()
        ]
        found = [match[1] for line in lines if (match := re.search(r"(?:^|/)koogate (.+)$", line))]
        found += re.findall(r"`koogate ([a-z][^`]*)`", self.prose)
        return [shlex.split(command) for command in found]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def anchor(heading: str) -> str:
    """The anchor that a heading gets where repositories are looked at."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


ENGLISH = Document("README.md")
CHINESE = Document("README.zh-CN.md")
BOTH = [ENGLISH, CHINESE]
