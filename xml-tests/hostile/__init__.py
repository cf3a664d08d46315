# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents that are made to cost a reader time or memory, for hostile_test.py."""
