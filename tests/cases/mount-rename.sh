#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Renaming: within and between directories, over what exists, by exchange; what cannot be; and that /, /rom and /proc
# are file systems of their own.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir rom && echo x >rom/file && mkdir rom/dir
genromfs -f image -d rom
t_mount -o ram=4M image

t_calls <<'EOF'
mkdir a: ok
mkdir b: ok
open f w,creat a/f: ok
write f one: ok
open g w,creat b/g: ok
write g two!: ok
rename a/f a/h: ok
stat a/f type: ENOENT
rename a/h b/h: ok
list a: 
list b: g,h
rename b/h b/g noreplace: EEXIST
rename b/h b/g: ok
list b: g
stat b/g size: 3
fstat g nlink: 0
rename b/none b/x: ENOENT
rename b/g none/x: ENOENT
rename b/g b/g: ok
link b/g b/same: ok
rename b/g b/same: ok
list b: g,same
mkdir a/sub: ok
stat a nlink: 3
rename a/sub b/sub: ok
stat a nlink: 2
stat b nlink: 3
rename b b/sub/b: EINVAL
rename b/sub b/g: ENOTDIR
rename b/g b/sub: EISDIR
rename b a: ok
list .: a,dev,proc,rom
list a: g,same,sub
mkdir c: ok
mkdir c/full: ok
rename a c: ENOTEMPTY
rename a/sub c/full: ok
list c: full
rename a c exchange: ok
list a: full
list c: g,same
rename a/full c/g exchange: ok
stat a/full type: regular
stat c/g type: directory
stat a nlink: 2
stat c nlink: 3
rename a/full none exchange: ENOENT
rename c c/g exchange: EINVAL
rename c/g c exchange: EINVAL
rename a/full rom/full: EXDEV
rename rom/file file: EXDEV
rename rom/file rom/other: EROFS
rename rom/file rom/dir/file: EROFS
rename a/full proc/full: EXDEV
rename proc/maps maps: EXDEV
rename proc/maps proc/other: EPERM
rename rom r: EBUSY
rename proc p: EBUSY
rename a rom: EBUSY
link a/full rom/x: EXDEV
link rom/file x: EXDEV
link rom/file rom/x: EROFS
EOF
