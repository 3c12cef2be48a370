#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image of 1 GiB on a board that is based high: read and mapped at its far end; below 4 GiB there is no room for it.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
mkdir rom mnt
truncate -s 1000M rom/a
truncate -s 23M rom/b
printf last >>rom/b
printf 'AAAA' | dd of=rom/a bs=1M seek=999 conv=notrunc status=none
genromfs -f image -d rom -A '4096,/*'
[ "$(stat -c %s image)" -gt 1072700000 ] || t_fail "the image has $(stat -c %s image) bytes"
t_mount -o ram=4M,base=0x300000000000 image
rm -r rom/a image
t_eq "$(tail -c 4 "$MNT/rom/b")" last "the end of the last file"
t_transcript <<EOF
open a r $MNT/rom/a: ok
map a a 1p r shared 999M: ok
get a 5: AAAA.
map w a 1p rw private 999M: ok
put w B: ok
get a 4: AAAA
open b r $MNT/rom/b: ok
map b b 1p r private 23M: ok
get b 4: last
EOF
