#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file that is removed while it is open lives on until it is closed; then its RAM comes back, at once for whoever
# needs it.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
t_mount -o ram=16M

t_calls <<'EOF'
open f rw,creat f: ok
fill f 0 8M 5: ok
unlink f: ok
fstat f nlink: 0
check f 0 8M 5: ok
pwrite f 0 still: ok
pread f 0 5: still
ftruncate f 4M: ok
fill f 4M 1M 6: ok
fstat f size: 5242880
open g rw,creat g: ok
open h w,creat h: ok
fill h 0 2M 1: ok
rename g h: ok
fstat h nlink: 0
fill h 0 2M 2: ok
stat h size: 0
EOF
rm "$MNT/h"
t_free_becomes 16384

# Nearly all of RAM, removed and written anew, again and again, by several at once: never out of space.
for i in 1 2; do
	for round in {1..40}; do
		dd if=/dev/zero of="$MNT/file$i" bs=1M count=7 status=none ||
			t_fail "round $round of $i: $(cat "$MNT/proc/meminfo")"
		rm "$MNT/file$i"
	done &
	pids[i]=$!
done
for i in 1 2; do
	wait "${pids[i]}" || t_fail "writer $i ran out of space"
done
t_free_becomes 16384

# While it is held open by somebody else there is no room, and that is said without delay.
exec 5>"$MNT/held"
head -c 10M /dev/zero >&5
rm "$MNT/held"
t_errno ENOSPC sh -c "head -c 10M /dev/zero >$MNT/big"
rm "$MNT/big"
exec 5>&-
t_free_becomes 16384
head -c 15M /dev/zero >"$MNT/big"
