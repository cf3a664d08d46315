# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents that try to make a program use much time or memory, for hostile_test.py."""
