#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# chattr +a and +i, as on a tmpfs: what they forbid, and whom; what the engine is told of them.
. "$(dirname "$0")/helpers/transcript.sh"
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
[ "$(id -u)" = 0 ] || t_skip "only root may set them"
mkdir rom && echo x >rom/f && genromfs -f image -d rom
t_mount -o ram=4M,allow_other image

t_calls <<'EOF'
umask 0: ok
open f rw,creat f 0666: ok
write f text: ok
flags f: -
setflags f a: ok
flags f: a
open g w f: EPERM
open g rw f: EPERM
open g r f: ok
open g w,trunc f: EPERM
open g w,append,trunc f: EPERM
open g w,append f: ok
write g more: ok
pread f 0 10: textmore
pwrite f 0 X: EPERM
pwrite f 8 ok: ok
ftruncate f 2: EPERM
truncate f 2: EPERM
unlink f: EPERM
rename f g: EPERM
link f g: EPERM
chmod f 0600: EPERM
chown f 1 1: EPERM
utimens f 5 5: EPERM
utimens f now now: ok
utimens f now omit: ok
set f user.note x: EPERM
set f user.bdi.mmap ok: EPERM
open h w,creat other: ok
rename other f: EPERM
rename other f exchange: EPERM
setflags f -: ok
flags f: -
unlink other: ok
pwrite f 0 X: ok
setflags f i: ok
flags f: i
open g w f: EPERM
open g w,append f: EPERM
open g r f: ok
unlink f: EPERM
link f g: EPERM
rename f g: EPERM
chmod f 0600: EPERM
utimens f now now: EPERM
set f user.note x: EPERM
drop f user.note: EPERM
setflags f ai: ok
flags f: ai
setflags f Ad: ok
flags f: Ad
setflags f c: EOPNOTSUPP
flags f: Ad
unlink f: ok
EOF

# Directories: names can be added to an append-only one, none be taken away.
t_calls <<'EOF'
mkdir d 0777: ok
open f w,creat d/f: ok
setflags d a: ok
open f w,creat d/g: ok
mkdir d/sub: ok
unlink d/g: EPERM
rmdir d/sub: EPERM
rename d/g d/h: EPERM
rename d/g moved: EPERM
rename d e: EPERM
open h w,creat h: ok
rename h d/h: ok
open h w,creat h: ok
rename h d/g: EPERM
setflags d i: ok
open f w,creat d/i: EPERM
tmpfile f d: EPERM
mkdir d/j: EPERM
link h d/k: EPERM
symlink x d/l: EPERM
unlink d/g: EPERM
rename h d/m: EPERM
open f w d/f: ok
setflags d dA: ok
open f w,creat d/n: ok
flags d/n: Ad
mkdir d/under: ok
flags d/under: Ad
rmdir d/under: ok
EOF

# It is a change, and shows at once.
t_calls <<'EOF'
mark c h ctime: ok
setflags h d: ok
moved c h ctime: yes
setflags h -: ok
moved c h ctime: yes
EOF

# Only who may, may; the owner alone can set the harmless ones.
t_calls <<'EOF'
chown d 1000 1000: ok
open f w,creat mine: ok
chown mine 1000 1000: ok
as 1000 1000: ok
setflags mine a: EPERM
setflags mine i: EPERM
setflags mine A: ok
setflags h A: EPERM
as 0 0: ok
setflags rom/f A: ENOTTY
flags rom/f: ENOTTY
flags proc/maps: ENOTTY
EOF
# The words of chattr itself.
chattr +a "$MNT/h"
t_has "$(lsattr "$MNT/h")" a- "lsattr"
chattr -a "$MNT/h"
t_umount

# What a mapping is told: shared, by a descriptor that could write, it is refused.
appended() {
	"$H/fscall" "open f rw,creat $MNT/f" "ftruncate f 1p" "setflags $MNT/f a" >/dev/null
	t_transcript <<-EOF
		open f rw,append $MNT/f: ok
		map m f 1p r shared: EACCES
		map m f 1p r private: ok
		open r r $MNT/f: ok
		map m r 1p r shared: ok
	EOF
	"$H/fscall" "setflags $MNT/f -" >/dev/null
	t_transcript <<-EOF
		open f rw,append $MNT/f: ok
		map m f 1p r shared: ok
	EOF
}
for profile in bdi linux6; do
	t_mount -o "ram=4M,profile=$profile"
	appended
	t_umount
done
