#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names in the RAM tree: made, linked and removed, with the errnos of POSIX; link counts; names of up to 255 bytes.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
t_mount -o ram=4M
long=$(printf 'n%.0s' {1..255})

t_calls <<EOF
stat . type: directory
stat . ino: 1
open f w,creat,excl file 0640: ok
open g w,creat,excl file: EEXIST
open g r none: ENOENT
open g r file/x: ENOTDIR
open g w,creat none/file: ENOENT
open g r,dir file: ENOTDIR
open g w .: EISDIR
stat file mode: 0640
stat file nlink: 1
mkdir dir 0750: ok
mkdir dir: EEXIST
mkdir file/sub: ENOTDIR
stat dir mode: 0750
stat dir nlink: 2
mkdir dir/sub: ok
stat dir nlink: 3
unlink dir: EISDIR
rmdir file: ENOTDIR
rmdir dir: ENOTEMPTY
rmdir none: ENOENT
unlink none: ENOENT
link file dir/again: ok
link file dir/again: EEXIST
link none x: ENOENT
link dir x: EPERM
stat file nlink: 2
unlink file: ok
stat dir/again nlink: 1
symlink ../some/where dir/sym: ok
symlink x dir/sym: EEXIST
stat dir/sym type: symlink
stat dir/sym size: 13
readlink dir/sym: ../some/where
readlink dir: EINVAL
open g r dir/sym: ENOENT
open g r,nofollow dir/sym: ELOOP
symlink loop loop: ok
open g r loop: ELOOP
mknod fifo fifo 0600: ok
stat fifo type: fifo
stat fifo mode: 0600
mknod socket sock: ok
stat socket type: socket
mknod regular reg 0604: ok
stat regular type: regular
stat regular mode: 0604
list dir: again,sub,sym
unlink dir/sym: ok
unlink dir/again: ok
rmdir dir/sub: ok
stat dir nlink: 2
rmdir dir: ok
stat dir type: ENOENT
mkdir $long: ok
open g w,creat $long/$long: ok
list $long: $long
mkdir ${long}n: ENAMETOOLONG
stat ${long}n type: ENAMETOOLONG
link fifo ${long}n: ENAMETOOLONG
rename fifo ${long}n: ENAMETOOLONG
symlink x ${long}n: ENAMETOOLONG
open g w,creat ${long}n: ENAMETOOLONG
rename fifo $long/fifo: ok
list $long: fifo,$long
EOF

# Devices are the board's; the host's mount has none.
if [ "$(id -u)" = 0 ]; then
	t_calls <<-EOF
		mknod c char: EPERM
		mknod b block: EPERM
	EOF
fi

# A removed directory that somebody is in still exists, but nothing can be made in it.
mkdir "$MNT/gone"
(
	cd "$MNT/gone"
	rmdir "$MNT/gone"
	t_eq "$("$H/fscall" 'stat . nlink' 'list .' 'open f w,creat x' 'mkdir y' 'rename ../regular z')" \
		"stat . nlink: 0
list .: 
open f w,creat x: ENOENT
mkdir y: ENOENT
rename ../regular z: ENOENT" "a removed directory"
)
