# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where Debian packages come from: the machine's own apt sources, never a name written here."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache

from .failures import LabError, require_program

ENVIRONMENT = "VIRT_HOST_COMPAT_LAB_MIRROR"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_DEBIAN_SUITES = re.compile(
    r"^(bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable|experimental)(-updates|-backports)?$"
)
# Settings of the machine that reach the network or judge dates; the rest of its configuration stays out.
_KEEP = re.compile(r"^Acquire::(http|https|ftp|Retries|ForceIPv|Proxy|Check-Date|Max-ValidTime)", re.I)


def trust() -> str:
    """The option of a line of sources.list that says whose signature the archive needs."""
    return f"signed-by={_KEYRING}"


@cache
def archive() -> str:
    """The URI of the Debian archive as this machine's apt has it."""
    chosen = os.environ.get(ENVIRONMENT)
    if chosen:
        # From a file: archive apt would use packages in their place, and the lab unpacks copies.
        return re.sub(r"^file:", "copy:", chosen.rstrip("/"))
    apt = require_program("apt-get", "apt")
    listed = subprocess.run(
        [apt, "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(ORIGIN)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in listed.stdout.splitlines():
        uri, suite, origin = (line.split(" ", 2) + ["", ""])[:3]
        if _DEBIAN_SUITES.match(suite) and origin in ("Debian", "", "$(ORIGIN)"):
            return re.sub(r"^file:", "copy:", uri.rstrip("/"))
    raise LabError(
        "This machine's apt sources name no Debian archive; give the URI of one in the environment "
        f"variable {ENVIRONMENT}, for example the one your Debian machines use."
    )


@cache
def network_settings() -> list[str]:
    """The machine's apt settings for proxies, retries and dates, as lines of an apt.conf."""
    dumped = subprocess.run(
        [require_program("apt-config", "apt"), "dump", "Acquire"], capture_output=True, text=True, check=False
    )
    # A mirror may be late, and a dated copy of the archive is past its date by design. Its signatures are still
    # checked, and nothing of it is installed on the machine.
    return [line for line in dumped.stdout.splitlines() if _KEEP.match(line)] + ['Acquire::Check-Valid-Until "false";']
