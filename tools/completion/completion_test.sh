#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What bash offers at some command lines. Usage: completion_test.sh PROGRAM
set -euo pipefail
program=$1
. "$(dirname "$0")/virt-host-compat"
cases=0
failed=0

# offers "WORDS OF THE LINE" EXPECTED...: the last word is completed; an ending space begins a new one.
offers() {
    local line=$1
    shift
    read -ra COMP_WORDS <<<"$program $line"
    [[ $line != *' ' && -n $line ]] || COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _virt_host_compat
    cases=$((cases + 1))
    if [[ "${COMPREPLY[*]}" == "$*" ]]; then
        echo "ok $cases - '$line'"
    else
        echo "not ok $cases - '$line'"
        echo "# expected: $*"
        echo "# offered:  ${COMPREPLY[*]}"
        failed=1
    fi
}

offers 'sh' show
offers 'c' capabilities check compare
offers '--v' --version
offers 'daemon ' enable disable status
offers 'daemon en' enable
offers 'daemon enable --' --help --root --module
offers 'validate --format ' text json junit sarif gitlab github
offers 'validate --format=x --j' --json --jobs
offers 'validate --format json --st' --strict
offers 'validate --schema-dir '
offers 'validate x'
offers 'nonsense'
echo "1..$cases"
exit $failed
