#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes flavors of Nova that only go to hosts whose guests can have a mode: flavors.sh [NUMBER]..., by default 9 10 11.
# A flavor that is there already keeps its sizes. See README.md.
set -e
[ $# -gt 0 ] || set -- 9 10 11
for number; do
    flavor=power$number
    trait=CUSTOM_POWER_COMPAT_POWER$number
    # A flavor whose trait Placement has never seen finds no host and no reason.
    openstack --os-placement-api-version 1.6 trait create "$trait"
    openstack flavor show "$flavor" >/dev/null 2>&1 ||
        openstack flavor create --vcpus 2 --ram 4096 --disk 20 "$flavor"
    # From 2.86 on Nova checks the property.
    openstack --os-compute-api-version 2.86 flavor set --property "trait:$trait=required" "$flavor"
done
