#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Several images, each at its own path and in its own window; their tops are as mount points; what is in the way is said.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir a b c mnt && echo a >a/file && echo b >b/file && echo c >c/file && mkdir c/deep
head -c 10000 /dev/urandom >c/deep/random
genromfs -f a.img -d a
mkfs.cramfs b b.img >/dev/null 2>&1
cat >board.ini <<'EOF'
[board]
ram = 4M
[image /rom]
file = a.img
[image /opt/b/files]
file = b.img
[image /opt/c]
file = c
align = 64K
EOF
t_mount board.ini
address() {
	"$H/fscall" "get $MNT/$1 user.bdi.address" | sed 's/.*: //'
}
t_eq "$(cat "$MNT/rom/file" "$MNT/opt/b/files/file" "$MNT/opt/c/file" | tr '\n' ' ')" "a b c " "the images"
cmp c/deep/random "$MNT/opt/c/deep/random"
# Windows follow RAM at multiples of 64 KiB; the directory's files lie at multiples of its alignment.
t_eq "$(($(address rom/file) / 65536))" "$((0x60400000 / 65536))" "the first window"
first=$(address opt/c/deep/random) second=$(address opt/c/file)
t_eq "$first $second" "0x60420000 0x60430000" "the files of the directory"
t_calls <<'EOF'
get opt/b/files/file user.bdi.address: ENODATA
rmdir opt/c: EBUSY
rename opt/c opt/d: EBUSY
rename opt/c/file opt/x: EXDEV
link opt/c/file opt/x: EXDEV
link rom/file opt/c/x: EROFS
rename rom/file opt/c/x: EROFS
rmdir opt/b: ENOTEMPTY
stat opt mode: 0755
stat opt nlink: 4
open f w,creat opt/new: ok
open f w,creat opt/b/new: ok
open f w,creat opt/b/files/new: EROFS
rename opt elsewhere: ok
pread f 0 1: EBADF
unlink elsewhere/new: ok
rename elsewhere opt: ok
list opt: b,c
EOF
t_eq "$(cat "$MNT/opt/c/file")" c "after its directory was renamed"
t_umount

# The same path, one inside of another, something in the way, too many, too large.
refuse() {
	local status=0
	"$B/nommufs" board.ini mnt >out 2>err || status=$?
	t_eq "$status" 1 "exit status of: $1"
	t_has "$(cat err)" "$1"
	! t_mounted "$T/mnt" || t_fail "$1: something is mounted"
	t_eq "$(t_daemon mnt)" "" "$1: processes left"
}
printf '[image /x]\nfile = a\n[image /x]\nfile = b\n' >board.ini
refuse "board.ini:3: [image /x]: "
printf '[image /x]\nfile = a\n[image /x/deep]\nfile = b\n' >board.ini
refuse "board.ini:3: [image /x/deep]: "
printf '[image /proc]\nfile = a\n' >board.ini
refuse "board.ini:1: [image /proc]: "
for i in $(seq 16); do printf '[image /%s]\nfile = a\n' "$i"; done >board.ini
refuse "board.ini:31: [image /16]: "
truncate -s 600M c/large
printf '[image /c]\nfile = c\n' >board.ini
refuse "would reach beyond 0x7fff7000; such a board needs a base above 4 GiB"
