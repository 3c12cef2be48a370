#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# As mount(8) mounts it: by its type, with options passed on, from a line of fstab; and taken down by umount.
# mount(8) forgets PATH and looks for nommufs where programs are installed: so this happens in a mount namespace of its
# own, where it is.
if [ "$(id -u)" = 0 ] && [ -z "${NOMMU_CASE_APART:-}" ]; then
	NOMMU_CASE_APART=yes exec unshare --mount --propagation private bash "$0"
fi
. "$(dirname "$0")/lib.sh"
t_tmp
[ "$(id -u)" = 0 ] || t_skip "mount(8) is root's"
mount --bind "$B" /usr/local/bin
mkdir rom mnt && echo rom >rom/file && genromfs -f rom.img -d rom
t_mounts+=("$T/mnt")
options() {
	awk -v at="$T/mnt" '$5 == at { print $6 "," $NF " " $(NF - 1) " " $(NF - 2) }' /proc/self/mountinfo
}

mount -t fuse.nommufs "$T/rom.img" mnt -o ram=4M,profile=linux6,caps=copy+read,allow_other,noexec,noatime
t_eq "$(cat mnt/rom/file)" rom "the image"
t_eq "$(awk '$1 == "MemTotal:" { print $2 }' mnt/proc/meminfo)" 4096 "MemTotal"
for word in noexec nosuid nodev noatime allow_other default_permissions; do
	t_has ",$(options)" ",$word" "options of the mount"
done
t_has "$(options)" "$T/rom.img fuse.nommufs" "source and type"
t_eq "$("$B/tests/cases/fscall" "get $T/mnt/rom/file user.bdi.capabilities")" \
	"get $T/mnt/rom/file user.bdi.capabilities: copy,read" "caps"
umount mnt
t_umount "$T/mnt"

mount -t fuse.nommufs none mnt -o ram=4M,ro,fsname=board
t_has "$(options)" "board fuse.nommufs" "source and type"
t_errno EROFS touch mnt/file
umount mnt
t_umount "$T/mnt"

# A mistake is told by mount too, and nothing is mounted.
! mount -t fuse.nommufs none mnt -o rum=4M 2>err || t_fail "mounted with an unknown option"
t_has "$(cat err)" "nommufs: unknown option 'rum=4M'; did you mean 'ram='?"
! t_mounted "$T/mnt" || t_fail "something is mounted"

# From fstab, by the mount point alone.
printf '[board]\nram = 8M\n[image /rom]\nfile = rom.img\n' >board.ini
echo "$T/board.ini $T/mnt fuse.nommufs rw,noauto,user,x-systemd.automount,nofail,trim=3 0 0" >fstab
mount --fstab fstab "$T/mnt"
t_eq "$(cat mnt/proc/sys/vm/nr_trim_pages) $(cat mnt/rom/file)" "3 rom" "the board"
umount mnt
t_umount "$T/mnt"

# -d shows requests, -s and -f are known, SIGTERM ends it though it is busy.
"$B/nommufs" -d -s -o ram=4M none mnt >out 2>err &
pid=$!
for ((i = 0; i < 200; i++)); do
	! t_mounted "$T/mnt" || [ ! -e mnt/proc ] || break
	sleep 0.05
done
exec 7>mnt/held
kill "$pid"
status=0
wait "$pid" || status=$?
exec 7>&-
t_eq "$status" 0 "exit status after SIGTERM"
t_has "$(cat err)" "LOOKUP" "requests"
! t_mounted "$T/mnt" || t_fail "it is mounted still"
