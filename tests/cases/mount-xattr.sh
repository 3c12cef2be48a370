#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# user.bdi.*: what a file's backing device permits, set and told; inherited from directories; where the bytes lie.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir rom && echo x >rom/file
genromfs -f image -d rom
t_mount -o ram=4M image

t_calls <<EOF
open f rw,creat f: ok
get f user.bdi.capabilities: copy,direct,read,write,exec
get f user.bdi.kind: regular
get f user.bdi.get_unmapped_area: ok
get f user.bdi.mmap: ok
get f user.bdi.read: yes
get f user.bdi.mappings: 0
get f user.bdi.address: ENODATA
get f user.bdi.contiguous: 0
names f: 
ftruncate f 3p: ok
get f user.bdi.address: 0x60000000
get f user.bdi.contiguous: 12288
get f user.bdi.all: capabilities=copy,direct,read,write,exec?kind=regular?get_unmapped_area=ok?mmap=ok?read=yes?\
address=0x60000000?contiguous=12288?mappings=0?
ftruncate f 5p: ok
get f user.bdi.address: ENODATA
get f user.bdi.contiguous: 12288
ftruncate f 5000: ok
get f user.bdi.address: 0x60000000
get f user.bdi.contiguous: 5000
set f user.bdi.capabilities direct,copy: ok
get f user.bdi.capabilities: copy,direct
set f user.bdi.capabilities 0x7c: ok
get f user.bdi.capabilities: copy,direct,read,write,exec
set f user.bdi.capabilities copy create: EEXIST
set f user.bdi.capabilities copy replace: ok
get f user.bdi.capabilities: copy
set f user.bdi.mmap ENOSYS replace: ENODATA
set f user.bdi.mmap ENOSYS create: ok
get f user.bdi.mmap: ENOSYS
drop f user.bdi.mmap: ok
drop f user.bdi.mmap: ENODATA
get f user.bdi.mmap: ok
drop f user.bdi.capabilities: ok
get f user.bdi.capabilities: copy,direct,read,write,exec
set f user.bdi.kind char: ok
get f user.bdi.kind: char
get f user.bdi.capabilities: direct,read,write
set f user.bdi.kind block: ok
get f user.bdi.capabilities: copy
drop f user.bdi.kind: ok
get f user.bdi.capabilities: copy,direct,read,write,exec
set f user.bdi.get_unmapped_area none: ok
get f user.bdi.get_unmapped_area: none
set f user.bdi.read no: ok
get f user.bdi.read: no
set f user.bdi.capabilities copy,fly: EINVAL
set f user.bdi.capabilities 0x3: EINVAL
set f user.bdi.kind socket: EINVAL
set f user.bdi.mmap E: EINVAL
set f user.bdi.read perhaps: EINVAL
get f user.bdi.capabilities: copy,direct,read,write,exec
set f user.bdi.address 0x1000: EPERM
set f user.bdi.mappings 1: EPERM
drop f user.bdi.contiguous: EPERM
set f user.bdi.other 1: EINVAL
drop f user.bdi.other: EINVAL
get f user.bdi.other: ENODATA
get f user.comment: ENODATA
drop f user.comment: ENODATA
get f user.bdi.kind 0: 7
get f user.bdi.kind 6: ERANGE
get f user.bdi.kind 7: regular
names f: user.bdi.get_unmapped_area,user.bdi.read
names f 5: ERANGE
names f 0: $((27 + 14))
set f user.bdi.all x: EPERM
drop f user.bdi.all: EPERM
EOF

# Directories have what is set on them, and hand it on; not back.
t_calls <<'EOF'
mkdir d: ok
names d: 
get d user.bdi.capabilities: ENODATA
get d user.bdi.all: ENODATA
get d user.bdi.address: ENODATA
open before w,creat d/before: ok
set d user.bdi.capabilities copy,read: ok
set d user.bdi.mmap EACCES: ok
names d: user.bdi.capabilities,user.bdi.mmap
get d user.bdi.all: capabilities=copy,read?mmap=EACCES?
get d user.bdi.mmap: EACCES
open after w,creat d/after: ok
mknod d/node regular: ok
mkdir d/sub: ok
open deeper w,creat d/sub/deeper: ok
get d/before user.bdi.mmap: ok
get d/after user.bdi.mmap: EACCES
get d/node user.bdi.capabilities: copy,read
get d/sub/deeper user.bdi.capabilities: copy,read
drop d/after user.bdi.mmap: ok
get d/after user.bdi.mmap: ok
drop d user.bdi.mmap: ok
open last w,creat d/last: ok
get d/last user.bdi.mmap: ok
get d/last user.bdi.capabilities: copy,read
set d user.bdi.capabilities what: EINVAL
symlink f s: ok
set s user.bdi.mmap ok: EPERM
set . user.bdi.read no: ok
open r w,creat r: ok
get r user.bdi.read: no
EOF

# On files of the image they can be set too.
t_calls <<'EOF'
get rom/file user.bdi.capabilities: copy,direct,read,exec
get rom/file user.bdi.contiguous: 2
set rom/file user.bdi.capabilities copy: ok
get rom/file user.bdi.capabilities: copy
drop rom/file user.bdi.capabilities: ok
get rom/file user.bdi.capabilities: copy,direct,read,exec
set rom/file user.bdi.address 1: EPERM
set rom user.bdi.capabilities copy: EROFS
set proc/maps user.bdi.capabilities copy: EPERM
EOF
[[ $("$H/fscall" "get $MNT user.nommufs.socket") == *": /"*/attach ]] || t_fail "the socket's path"
t_calls <<'EOF'
set . user.nommufs.socket /x: EPERM
get d user.nommufs.socket: ENODATA
names .: user.bdi.read
EOF
t_umount

# With none the profiles differ: in the patch it means unset.
t_mount -o ram=4M,profile=linux6
t_calls <<'EOF'
open f w,creat f: ok
set f user.bdi.capabilities none: ok
get f user.bdi.capabilities: none
EOF
t_umount

# In front, a value that is not known is explained.
mkdir front
"$B/nommufs" -f --ready-fd=7 -o ram=4M none "$T/front" 7> >(cat >ready) 2>said &
pid=$!
t_mounts+=("$T/front")
for ((i = 0; i < 100; i++)); do
	[ ! -s ready ] || break
	sleep 0.05
done
"$H/fscall" "open f w,creat $T/front/f" "set $T/front/f user.bdi.kind socket" >/dev/null
t_has "$(cat said)" "nommufs: /f: user.bdi.kind: 'socket' is not known; it takes regular, block, char or shm"
kill "$pid"
wait "$pid" || t_fail "exit status $?"
