#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files with holes: where data and holes are, fallocate is refused, copy_file_range copies board memory to board memory.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
t_mount -o ram=8M

t_calls <<'EOF'
open f rw,creat f: ok
seek f 0 data: ENXIO
seek f 0 hole: ENXIO
seek f 0 end: 0
fill f 0 100 7: ok
ftruncate f 100p: ok
stat f blocks: 8
seek f 0 data: 0
seek f 0 hole: 4096
seek f 99 hole: 4096
seek f 4096 data: ENXIO
seek f 4096 hole: 4096
pwrite f 50p middle: ok
stat f blocks: 16
seek f 5000 data: 204800
seek f 204801 data: 204801
seek f 204801 hole: 208896
seek f 208896 data: ENXIO
seek f 409599 hole: 409599
seek f 409600 hole: ENXIO
seek f 409600 data: ENXIO
seek f -1 data: ENXIO
fallocate f 0 4096: EOPNOTSUPP
stat f size: 409600
pwrite f 409600 tail: ok
seek f 409600 hole: 409604
seek f 300000 data: 409600
EOF

# Copied within the board, holes as zeroes; what a write put there is there at once.
t_calls <<'EOF'
open f r f: ok
open g rw,creat g: ok
copy f 0 g 0 409604: 409604
stat g size: 409604
pread g 50p 10: middle....
check g 0 100 7: ok
check g 4096 4096 0: ok
pread g 409600 100: tail
copy f 50p g 3 6: 6
pread g 0 12: ???middle???
copy f 50p g 500000 6: 6
stat g size: 500006
check g 409604 1000 0: ok
copy f 409604 g 0 10: 0
copy f 1M g 0 10: 0
copy g 0 g 1p 4096: 4096
pread g 1p 9: ???middle
copy g 0 g 1 4096: EINVAL
open w w g: ok
copy w 0 g 600000 1: EBADF
copy f 0 f 1M 1: EBADF
unlink g: ok
EOF
t_free_becomes $(((2048 - 3) * 4))
# More than fits: what did fit is there, and then there is no space.
t_calls <<'EOF'
open b rw,creat big: ok
fill b 0 3M 1: ok
open c rw,creat copy: ok
copy b 0 c 0 3M: 3145728
open d rw,creat rest: ok
copy b 0 d 0 1M: 1048576
copy b 0 d 1M 2M: 1036288
copy b 0 d 4M 1: ENOSPC
statfs . bfree: 0
check d 1M 1036288 1: ok
unlink rest: ok
close d: ok
unlink copy: ok
EOF
t_free_becomes $(((2048 - 3 - 768) * 4))
cp --sparse=always "$MNT/f" "$MNT/sparse"
cmp "$MNT/f" "$MNT/sparse"
[ "$(stat -c %b "$MNT/sparse")" -le 24 ] || t_fail "cp --sparse made $(stat -c %b "$MNT/sparse") blocks"
