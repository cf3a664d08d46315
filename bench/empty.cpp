// SPDX-License-Identifier: LGPL-2.1-or-later
// An empty program, whose start time is compared with that of other programs.
int main() {
    return 0;
}
