#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a command in an environment where "ssh NAME COMMAND" connects to temporary copies of this machine:
#   targets.sh FOLDER VISIBLE NAME... -- COMMAND...
# FOLDER/NAME is copied over each host's files first, and the folder VISIBLE is visible on each host. It must be started
# in a mount namespace (unshare --mount), with which everything ends. Files that a host writes stay in memory.
set -eu
folder=$1
visible=$2
shift 2
hosts=$folder/hosts
mkdir "$hosts"
mount -t tmpfs tmpfs "$hosts"
while [ "$1" != -- ]; do
    root=$hosts/$1
    mkdir "$root" "$hosts/.$1-upper" "$hosts/.$1-work"
    mount -t overlay -o "lowerdir=/,upperdir=$hosts/.$1-upper,workdir=$hosts/.$1-work" overlay "$root"
    mkdir -p "$root$visible"
    mount --bind "$visible" "$root$visible"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    tar -C "$folder/$1" -c . | tar -C "$root" -x --no-same-owner --keep-directory-symlink
    shift
done
shift
# The last two arguments of ssh are the host and the command.
cat >"$folder/ssh" <<END
#!/bin/sh
while [ \$# -gt 2 ]; do shift; done
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$hosts/\$1" /bin/sh -c "\$2"
END
chmod +x "$folder/ssh"
export ANSIBLE_SSH_EXECUTABLE="$folder/ssh"
exec "$@"
