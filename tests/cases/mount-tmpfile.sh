#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files without a name: O_TMPFILE, and a name for one afterwards; files that were unlinked while open. Their memory comes
# back with the last close.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
t_mount -o ram=4M
free=$(t_free)

t_calls <<'EOF'
mkdir d: ok
mark before d mtime: ok
tmpfile f d: ok
fstat f nlink: 0
fstat f type: regular
fstat f mode: 0644
list d: 
moved before d mtime: no
fill f 0 100p 5: ok
statfs . bfree: 924
check f 0 100p 5: ok
linkfd f d/named: ok
moved before d mtime: yes
fstat f nlink: 1
list d: named
linkfd f d/named: EEXIST
linkfd f d/again: ok
stat d/again nlink: 2
get d/named user.bdi.capabilities: copy,direct,read,write,exec
tmpfile g d excl: ok
linkfd g d/never: ENOENT
fill g 0 10p 1: ok
tmpfile h none: ENOENT
tmpfile h d/named: ENOTDIR
close g: ok
unlink d/named: ok
unlink d/again: ok
fstat f nlink: 0
check f 0 100p 5: ok
linkfd f d/back: ENOENT
rmdir d: ok
tmpfile h d: ENOENT
EOF
t_free_becomes "$free"

# Unlinked while it is open: still a file, of which the mount knows nothing by name.
t_calls <<'EOF'
open f rw,creat f: ok
fill f 0 10p 3: ok
unlink f: ok
fstat f nlink: 0
fstat f size: 40960
check f 0 10p 3: ok
ftruncate f 20p: ok
open f rw,creat g: ok
unlink g: ok
EOF
t_free_becomes "$free"
t_umount

# Settings of the directory pass to it as to any file; with the name come those of the board file.
printf '[caps /named*]\ncaps = copy\n' >board.ini
t_mount -o ram=4M board.ini
t_calls <<'EOF'
set . user.bdi.mmap EACCES: ok
tmpfile f .: ok
linkfd f named: ok
get named user.bdi.mmap: EACCES
get named user.bdi.capabilities: copy
EOF
