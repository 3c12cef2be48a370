#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Without root rights: mounted by fusermount3, used, a program run on it, taken down. Where /dev/fuse is root's alone this
# happens in a mount namespace with one for all.
if [ "$(id -u)" = 0 ] && [ -z "${NOMMU_CASE_APART:-}" ]; then
	NOMMU_CASE_APART=yes exec unshare --mount --propagation private bash "$0"
fi
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
user=()
if [ "$(id -u)" = 0 ]; then
	mkdir dev && mount -t tmpfs none dev && mknod dev/fuse c 10 229 && chmod 0666 dev/fuse
	mount --bind dev/fuse /dev/fuse
	user=(setpriv --reuid=65534 --regid=65534 --clear-groups env "HOME=$T")
	chmod 0755 "$T"
	chown 65534:65534 "$T"
	# The build tree may lie where only root gets.
	cp "$B/nommufs" "$B/nommu-run" "$B/libnommu-preload.so" "$H/fscall" "$H/mapcall" .
else
	cp "$B/nommufs" "$B/nommu-run" "$B/libnommu-preload.so" "$H/fscall" "$H/mapcall" .
fi
"${user[@]}" mkdir mnt tree
"${user[@]}" sh -c 'echo mine >tree/file; chmod 0640 tree/file'
[ "$(id -u)" != 0 ] || mknod -m 0600 tree/disk b 8 17
t_mounts+=("$T/mnt")
id=$("${user[@]}" id -u)

"${user[@]}" ./nommufs -o ram=4M tree mnt || t_fail "exit status $?"
t_mounted "$T/mnt" || t_fail "not mounted"
t_eq "$("${user[@]}" stat -c '%u %a' mnt mnt/rom/file)" "$id 755
$id 640" "whose it is"
t_eq "$("${user[@]}" cat mnt/rom/file)" mine "the file"
t_eq "$("${user[@]}" ./fscall "open f rw,creat mnt/f" "ftruncate f 2p" "set mnt/f user.note x" \
	"set mnt/rom/file user.bdi.mmap EACCES" "setflags mnt/f a" "setflags mnt/f A" "mknod mnt/p fifo" | sed 's/.*: //')" "ok
ok
ok
ok
EPERM
ok
ok" "calls"
run=("${user[@]}" ./nommu-run --board "$T/mnt" --)
[ -z "$t_asan" ] || run=("${user[@]}" env "LD_PRELOAD=$t_asan" ASAN_OPTIONS=detect_leaks=0 ./nommu-run --board "$T/mnt" --)
t_has "$("${run[@]}" ./mapcall "open f rw $T/mnt/f" "map m f 2p rw shared" "put m text" "pread f 0 4")" "pread f 0 4: text" \
	"a program on the board"
# What device a node is stands in no need of permission to read it; opening one does.
if [ "$id" != 0 ] && [ "$(id -u)" = 0 ]; then
	t_eq "$("${run[@]}" stat -c '%F %t:%T' mnt/rom/disk)" "block special file 8:11" "a node that cannot be read"
	t_errno EACCES "${run[@]}" cat mnt/rom/disk
fi
# Nobody else gets in, root neither: the mount is its user's.
if [ "$id" != 0 ] && [ "$(id -u)" = 0 ]; then
	t_errno EACCES ls mnt
fi
"${user[@]}" fusermount3 -u mnt || t_fail "it cannot be unmounted"
t_umount "$T/mnt"

# SIGTERM, and the daemon killed: the next one takes down what it left.
"${user[@]}" ./nommufs -o ram=4M none mnt
pid=$(t_daemon mnt)
[ -n "$pid" ] || pid=$(pgrep -f "nommufs -o ram=4M none mnt")
kill -KILL "$pid"
for ((i = 0; i < 100; i++)); do
	[ -e "/proc/$pid" ] || break
	sleep 0.05
done
"${user[@]}" ./nommufs -o ram=4M none mnt || t_fail "over a dead mount: exit status $?"
t_eq "$("${user[@]}" ls mnt)" $'dev\nproc' "the new mount"
pid=$(pgrep -f "nommufs -o ram=4M none mnt")
kill "$pid"
for ((i = 0; i < 100; i++)); do
	t_mounted "$T/mnt" || break
	sleep 0.05
done
! t_mounted "$T/mnt" || t_fail "mounted after SIGTERM"
[ "$(id -u)" != 0 ] || umount dev
