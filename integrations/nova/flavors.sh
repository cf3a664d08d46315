#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes flavors of Nova that only go to hosts whose guests can have a mode. 'virt-host-compat publish enable nova' on each
# compute host gives the traits. A trait exists in Placement from the first host that has it; a flavor that requires one
# that no host ever had is refused.
set -e
for mode in 9 10 11; do
    openstack --os-placement-api-version 1.6 trait create "CUSTOM_POWER_COMPAT_POWER$mode"
    openstack flavor create --vcpus 2 --ram 4096 --disk 20 "power$mode"
    openstack flavor set --property "trait:CUSTOM_POWER_COMPAT_POWER$mode=required" "power$mode"
done
