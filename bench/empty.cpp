// SPDX-License-Identifier: LGPL-2.1-or-later
// The least that a process can do: what a program's start is measured against.
int main() {
    return 0;
}
