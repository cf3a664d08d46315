# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes many host capabilities documents of about 14 KB from one of the tests' documents."""

from __future__ import annotations

import random
import re
import uuid
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[2] / "xml-tests" / "valid" / "powernv-eight-sockets.xml"
SIZE = 14_187
FOLDER = 1_000
MODES = ("power9", "power10", "power11")


def template() -> str:
    """The document with placeholders for the uuid and for <compat>, and as many CPUs as fit into SIZE."""
    text = TEMPLATE.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    while sum(map(len, lines)) > SIZE:
        last = max(index for index, line in enumerate(lines) if re.match(r"\s*<cpu id=", line))
        del lines[last]
    text = "".join(lines)
    text = re.sub(r"<uuid>.*?</uuid>", "<uuid>@UUID@</uuid>", text, count=1)
    return re.sub(r"<compat .*?</compat>", "@COMPAT@", text, count=1, flags=re.DOTALL)


def compat(modes: int, indent: str = " " * 6) -> str:
    """The <compat> of a host that supports the first `modes` modes."""
    rows = "".join(
        f"{indent}  <mode name='{name}' supported='{'yes' if index < modes else 'no'}'/>\n" for index, name in enumerate(MODES)
    )
    return f"<compat source='kvm'>\n{rows}{indent}</compat>"


def make(folder: Path, count: int) -> Path:
    """Writes the documents below a folder and returns the list of their paths. Their common mode is power10."""
    listing = folder / f"list-{count}"
    if listing.exists():
        return listing
    text = template()
    if "@COMPAT@" not in text or "@UUID@" not in text:
        raise SystemExit(f"{TEMPLATE} has no <compat> or no <uuid> any more")
    chosen = random.Random(9)
    paths = []
    for number in range(count):
        path = folder / f"{number // FOLDER:05}" / f"host-{number:07}.xml"
        if number % FOLDER == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        identity = uuid.UUID(int=chosen.getrandbits(128), version=4)
        if not path.exists():
            path.write_text(text.replace("@UUID@", str(identity)).replace("@COMPAT@", compat(chosen.choice((2, 3)))), encoding="utf-8")
        paths.append(f"{path}\n")
    listing.write_text("".join(paths), encoding="utf-8")
    return listing
