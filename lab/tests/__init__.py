# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of the lab itself. They need no QEMU, and no network except the loopback interface."""
