# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of the lab itself; no QEMU, and no network but the loopback interface."""
