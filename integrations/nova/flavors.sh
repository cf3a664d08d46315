#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Creates Nova flavors that are only scheduled on hosts whose guests can have a mode: flavors.sh [NUMBER]..., by default
# 9 10 11. An existing flavor keeps its sizes. See README.md.
set -e
[ $# -gt 0 ] || set -- 9 10 11
for number; do
    flavor=power$number
    trait=CUSTOM_POWER_COMPAT_POWER$number
    # If Placement does not know a flavor's trait, scheduling fails without naming the reason.
    openstack --os-placement-api-version 1.6 trait create "$trait"
    openstack flavor show "$flavor" >/dev/null 2>&1 ||
        openstack flavor create --vcpus 2 --ram 4096 --disk 20 "$flavor"
    # Since API version 2.86 Nova checks the property.
    openstack --os-compute-api-version 2.86 flavor set --property "trait:$trait=required" "$flavor"
done
