#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A romfs image at /rom: its files byte for byte, links, device nodes as empty files; read-only; untouched by what
# happens to the image file later.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir -p rom/bin rom/deep/er/still rom/empty
echo greeting >rom/hello
ln rom/hello rom/hard
ln -s ../hello rom/deep/link
cp "$H/fscall" rom/bin/
head -c 100000 /dev/urandom >rom/deep/er/random
: >rom/deep/none
mkfifo rom/fifo
if [ "$(id -u)" = 0 ]; then
	mknod rom/null c 1 3
	mknod rom/disk b 8 1
fi
genromfs -f image -d rom
t_mount -o ram=4M image

for file in hello hard bin/fscall deep/er/random deep/none; do
	cmp "rom/$file" "$MNT/rom/$file" || t_fail "$file differs"
done
# Read anew past the host's cache, in pieces of all sizes.
cmp rom/deep/er/random <(dd if="$MNT/rom/deep/er/random" bs=777 iflag=direct status=none) || t_fail "read directly"
t_calls <<'EOF'
list rom/deep: er,link,none
list rom/empty: 
stat rom nlink: 5
stat rom/hello size: 9
stat rom/hello nlink: 2
stat rom/hello mode: 0644
stat rom/bin/fscall mode: 0755
stat rom/hello uid: 0
readlink rom/deep/link: ../hello
stat rom/fifo type: fifo
open f r rom/hello: ok
pread f 0 100: greeting?
open g w rom/hello: EROFS
open g rw rom/hello: EROFS
open g r,trunc rom/hello: EROFS
open g w,creat rom/new: EROFS
mkdir rom/new: EROFS
mknod rom/new regular: EROFS
symlink x rom/new: EROFS
unlink rom/hello: EROFS
rmdir rom/empty: EROFS
unlink rom/none: ENOENT
chmod rom/hello 0600: EROFS
utimens rom/hello 1 1: EROFS
truncate rom/hello 0: EROFS
rmdir rom: EBUSY
chmod rom 0700: EROFS
EOF
t_eq "$(stat -c %i "$MNT/rom/hello")" "$(stat -c %i "$MNT/rom/hard")" "inode numbers of hard links"
if [ "$(id -u)" = 0 ]; then
	t_calls <<-'EOF'
		stat rom/null type: regular
		stat rom/null size: 0
		stat rom/disk type: regular
		chown rom/hello 1 1: EROFS
		get rom/null user.bdi.kind: char
		get rom/disk user.bdi.kind: block
		get rom/null user.bdi.mmap: none
	EOF
fi
# It runs from there.
t_eq "$("$MNT/rom/bin/fscall" "stat $MNT/rom type")" "stat $MNT/rom type: directory" "a program from the image"

# The image was loaded; the file may be overwritten, cut and removed.
cp image kept
dd if=/dev/zero of=image bs=1k conv=notrunc count=100 status=none
cmp rom/deep/er/random <(dd if="$MNT/rom/deep/er/random" bs=4k iflag=direct status=none) || t_fail "overwritten"
: >image
rm image
cmp rom/deep/er/random <(dd if="$MNT/rom/deep/er/random" bs=4k iflag=direct status=none) || t_fail "cut"
t_umount

# Bytes behind the file system are allowed; all of it lies in the window that follows RAM.
head -c 5000 /dev/zero >>kept
t_mount -o ram=4M,base=0x70000000 kept
cmp rom/deep/er/random "$MNT/rom/deep/er/random"
address=$("$H/fscall" "get $MNT/rom/deep/er/random user.bdi.address")
address=${address#*: }
offset=$(grep -obUaF greeting kept | head -n 1 | cut -d: -f1)
t_eq "$("$H/fscall" "get $MNT/rom/hello user.bdi.address")" \
	"get $MNT/rom/hello user.bdi.address: $(printf '%#x' $((0x70400000 + offset)))" "where hello lies"
[ $((address)) -gt $((0x70400000)) ] && [ $((address)) -lt $((0x70400000 + $(stat -c %s kept))) ] ||
	t_fail "random lies at $address"
