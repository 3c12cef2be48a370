#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bytes of files in board RAM: written, read, cut, grown; holes; what does not fit; statfs tells the truth.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp

data() {
	t_calls <<-'EOF'
		statfs . bsize: 4096
		statfs . blocks: 4096
		statfs . bfree: 4096
		statfs . namemax: 255
		open f rw,creat f: ok
		pread f 0 10: 
		pwrite f 0 hello: ok
		pwrite f 3 p!: ok
		pread f 0 100: help!
		pread f 4 100: !
		pread f 5 100: 
		stat f size: 5
		stat f blocks: 8
		open a w,append f: ok
		write a more: ok
		pwrite a 0 last: ok
		pread f 0 100: help!morelast
		ftruncate f 4: ok
		pread f 0 100: help
		ftruncate f 8: ok
		pread f 0 100: help....
		truncate f 0: ok
		stat f blocks: 0
		fill f 0 1M 7: ok
		check f 0 1M 7: ok
		stat f blocks: 2048
		statfs . bfree: 3840
		pwrite f 1048575 xy: ok
		pread f 1048574 10: ?xy
		ftruncate f 100: ok
		stat f blocks: 8
		ftruncate f 1M: ok
		check f 100 1048476 0: ok
		check f 0 100 7: ok
		open g rw,creat g: ok
		pwrite g 1M end: ok
		stat g size: 1048579
		check g 0 1M 0: ok
		pread g 1048570 100: ......end
		truncate g 0: ok
		ftruncate g 100p: ok
		stat g blocks: 800
		check g 0 100p 0: ok
		truncate g 0: ok
		ftruncate g 4097K: EFBIG
		stat g size: 0
		ftruncate g 4M: ok
		stat g blocks: 8192
		ftruncate g 5M: ok
		stat g size: 5242880
		stat g blocks: 8192
		ftruncate g -1: EINVAL
		fallocate g 0 4096: EOPNOTSUPP
		fsync g: ok
		seek g 0 end: 5242880
		open h r,trunc g: ok
		stat g size: 0
		stat g blocks: 0
		unlink f: ok
		unlink g: ok
	EOF
	# The open files are closed by now.
	t_free_becomes 16384
}

full() {
	t_calls <<-'EOF'
		open a rw,creat a: ok
		fill a 0 10M 1: ok
		open b rw,creat b: ok
		fill b 0 10M 2: short 6291456
		statfs . bfree: 0
		pwrite b 6M x: ENOSPC
		fill b 6M 8K 3: ENOSPC
		open c rw,creat c: ok
		ftruncate c 1: ENOMEM
		stat c size: 0
		pwrite c 0 x: ENOSPC
		stat c size: 0
		check a 0 10M 1: ok
		check b 0 6M 2: ok
		unlink a: ok
		unlink b: ok
		unlink c: ok
	EOF
	t_free_becomes 16384
}

for profile in bdi linux6; do
	t_mount -o "ram=16M,profile=$profile"
	data
	full
	t_umount
done

# Programs copy, append and run what is there.
t_mount -o ram=16M
cp "$H/fscall" "$MNT/program"
cp "$MNT/program" "$MNT/copy"
cmp "$H/fscall" "$MNT/copy" || t_fail "a copy of a copy differs"
cat "$MNT/program" "$MNT/copy" >>"$MNT/both"
cmp "$MNT/both" <(cat "$H/fscall" "$H/fscall") || t_fail "two copies behind each other differ"
t_eq "$("$MNT/copy" 'stat / type')" "stat / type: directory" "a program in board RAM"
printf '#!/bin/sh\necho script $1\n' >"$MNT/copy"
t_eq "$("$MNT/copy" one)" "script one" "the same file, overwritten"
t_umount

# A hole that is read gets its page in linux6, as the kernel does it; in bdi it stays a hole.
t_mount -o ram=4M,profile=linux6
t_calls <<'EOF'
open f rw,creat f: ok
pwrite f 0 x: ok
ftruncate f 4p: ok
stat f blocks: 8
check f 1p 1p 0: ok
stat f blocks: 16
EOF
t_umount
t_mount -o ram=4M,profile=bdi
t_calls <<'EOF'
open f rw,creat f: ok
pwrite f 0 x: ok
ftruncate f 4p: ok
check f 1p 3p 0: ok
stat f blocks: 8
EOF
