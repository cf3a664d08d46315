# SPDX-License-Identifier: LGPL-2.1-or-later
"""Formats the report's sections as Markdown: text, tables and targets."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Aim:
    """A measured value that should be above (or below) a bound."""

    what: str
    value: float
    bound: float
    below: bool = False

    @property
    def reached(self) -> bool:
        return self.value < self.bound if self.below else self.value > self.bound

    def row(self) -> list[str]:
        relation = "under" if self.below else "over"
        return [self.what, f"{relation} {self.bound:g}", f"{self.value:.3g}", "yes" if self.reached else "**no**"]


@dataclass
class Section:
    title: str
    parts: list[str] = field(default_factory=list)
    aims: list[Aim] = field(default_factory=list)

    def text(self, part: str) -> None:
        self.parts.append(part)

    def aim(self, aim: Aim) -> None:
        self.aims.append(aim)

    def markdown(self) -> str:
        parts = [f"## {self.title}", *self.parts]
        if self.aims:
            parts.append(table(["aim", "", "measured", "reached"], [aim.row() for aim in self.aims]))
        return "\n\n".join(parts)


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
