# SPDX-License-Identifier: LGPL-2.1-or-later
"""The POWER lab: real kernels of IBM POWER hosts under QEMU, using only Debian packages."""
