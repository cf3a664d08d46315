// SPDX-License-Identifier: LGPL-2.1-or-later
// An empty program, with which the start time of programs is compared.
int main() {
    return 0;
}
