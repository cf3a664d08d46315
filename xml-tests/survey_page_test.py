#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the page of a survey: its content, that no text of a document becomes markup, and the files after a failure."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import tap  # noqa: E402

HOSTILE = "a\"><script>alert(1)</script><img src=x onerror=alert(1)>'\u202e&"


class Page(HTMLParser):
    """Collects the tags and the text of each cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def survey(program: str, page: Path, *arguments: str, stdin: str = "", limit: int | None = None) -> subprocess.CompletedProcess[str]:
    def small_files() -> None:
        if limit is not None:
            # Make writing fail with an error, as on a full disk.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run([program, "survey", "--html", str(page), *arguments], input=stdin, capture_output=True, text=True, check=False, cwd=HERE, preexec_fn=small_files)


HOSTS = ("--hosts", "records/power10.json", "--hosts", "records/power10-as-power9.json")


def it_says_what_check_says(program: str, folder: Path) -> list[str]:
    done = survey(program, folder / "p.html", *HOSTS, "--domains", "domains/power10.xml", "--domains", "domains/power9.xml")
    if done.returncode != 0 or done.stdout:
        return [f"status {done.returncode}: {done.stdout}{done.stderr}"]
    rows = {row[0]: row for row in Page((folder / "p.html").read_text(encoding="utf-8")).rows if row}
    problems = []
    for name, words in (("power10", ("start: compatible", "start: incompatible")), ("power9", ("start: compatible", "start: compatible"))):
        row = next((row for key, row in rows.items() if key == name), None)
        if row is None or not all(word in cell for word, cell in zip(words, row[2:4])):
            problems.append(f"{name}: {row}")
    if "pin power9" not in rows["power10"][-1]:
        problems.append(f"no change for power10: {rows['power10']}")
    return problems


def nothing_of_a_document_becomes_markup(program: str, folder: Path) -> list[str]:
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;")
    domain = f"<domain type='kvm'><name>{escaped}</name><os><type arch='ppc64le'>hvm</type></os><cpu mode='host-model'><model>{escaped}</model></cpu></domain>"
    done = survey(program, folder / "h.html", *HOSTS, "--domains", "-", stdin=domain)
    if done.returncode != 0:
        return [done.stderr]
    text = (folder / "h.html").read_text(encoding="utf-8")
    page = Page(text)
    problems = [f"a tag <{tag}>" for tag, _ in page.tags if tag in ("img", "iframe", "object", "link", "base")]
    problems += [f"an attribute {name}" for _, attributes in page.tags for name in attributes if name.startswith("on") or name in ("src", "href")]
    if sum(tag == "script" for tag, _ in page.tags) != 1:
        problems.append("there is not just the page's own script")
    if "\u202e" in text:
        problems.append("it turns the direction of writing")
    if not any("<script>alert(1)" in cell for row in page.rows for cell in row):
        problems.append("the name is not shown")
    return problems


def a_failure_leaves_the_old_file_whole(program: str, folder: Path) -> list[str]:
    page = folder / "old.html"
    page.write_text("old", encoding="utf-8")
    done = survey(program, page, *HOSTS, "--domains", "domains", limit=1000)
    problems = [] if done.returncode != 0 else ["it succeeded on a full disk"]
    if page.read_text(encoding="utf-8") != "old":
        problems.append("the old file is gone")
    left = [name for name in os.listdir(folder) if name.startswith(".")]
    return problems + [f"{name} was left" for name in left]


def what_cannot_be_read_is_told_and_the_rest_is_there(program: str, folder: Path) -> list[str]:
    done = survey(program, folder / "b.html", *HOSTS, "--domains", "valid/modes-power9.xml", "--domains", "domains/power9.xml")
    rows = [row[0] for row in Page((folder / "b.html").read_text(encoding="utf-8")).rows if row]
    return [] if done.returncode == 3 and "power9" in rows and "<capabilities>" in done.stderr else [f"status {done.returncode}, rows {rows}: {done.stderr}"]


def main(program: str) -> int:
    program = str(Path(program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        checks = (it_says_what_check_says, nothing_of_a_document_becomes_markup, a_failure_leaves_the_old_file_whole, what_cannot_be_read_is_told_and_the_rest_is_there)
        return tap.run({check.__name__.replace("_", " "): partial(check, program, Path(folder)) for check in checks})


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
