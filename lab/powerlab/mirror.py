# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds out from which Debian archive packages come: from the machine's apt sources, not from a built-in name."""

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
# The machine's settings for network access and for checking dates. The rest of its configuration is not used.
_KEEP = re.compile(r"^Acquire::(http|https|ftp|Retries|ForceIPv|Proxy|Check-Date|Max-ValidTime)", re.I)


def trust() -> str:
    """The option of a line in sources.list that tells which key signs the archive."""
    return f"signed-by={_KEYRING}"


@cache
def archive() -> str:
    """The URI of the Debian archive that this machine's apt uses."""
    chosen = os.environ.get(ENVIRONMENT)
    if chosen:
        # With file: apt would use packages directly from that folder, but the lab unpacks copies.
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
    # A mirror may be out of date, and the lists of an archive snapshot have expired. The signatures are still checked,
    # and nothing is installed on the machine.
    return [line for line in dumped.stdout.splitlines() if _KEEP.match(line)] + ['Acquire::Check-Valid-Until "false";']
