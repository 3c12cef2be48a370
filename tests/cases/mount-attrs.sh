#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Extended attributes of whatever name: user., trusted. and security.; who sees and sets them; limits; what a change of
# the file takes away. No POSIX ACLs.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
if [ "$(id -u)" = 0 ]; then
	t_mount -o ram=4M,allow_other
else
	t_mount -o ram=4M
fi
t_calls <<'EOF'
umask 0: ok
open f rw,creat f 0666: ok
mkdir d: ok
symlink f s: ok
mknod p fifo: ok
set f user.note text: ok
get f user.note: text
get f user.note 0: 4
get f user.note 3: ERANGE
mark c f ctime: ok
set f user.note other: ok
moved c f ctime: yes
get f user.note: other
set f user.note x create: EEXIST
set f user.note x replace: ok
set f user.none x replace: ENODATA
set f user.more 1: ok
get f user.more: 1
drop f user.note: ok
drop f user.note: ENODATA
get f user.note: ENODATA
set d user.note on-a-directory: ok
names d: user.note
set s user.note x: EPERM
set p user.note x: EPERM
get f system.posix_acl_access: EOPNOTSUPP
set f other.name x: EOPNOTSUPP
set proc/maps user.note x: EPERM
link f hard: ok
get hard user.more: 1
rename f g: ok
get g user.more: 1
EOF
t_has "$("$H/fscall" "names $MNT/g")" ": user.more" "names"

# Limits: a name of 255 bytes, a value of 64 KiB; and of an inode all together.
long=$(printf '%0250d' 0)
t_calls <<EOF
set g user.$long x: ok
get g user.$long: x
set g user.${long}0 x: ERANGE
drop g user.$long: ok
EOF
head -c 65536 /dev/zero | tr '\0' v >value
setfattr -n user.big -v "$(head -c 60000 value)" "$MNT/g"
t_eq "$(getfattr --only-values -n user.big "$MNT/g" | cksum)" "$(head -c 60000 value | cksum)" "a large value"
setfattr -n user.big2 -v "$(head -c 60000 value)" "$MNT/g"
t_errno ENOSPC setfattr -n user.big3 -v "$(head -c 60000 value)" "$MNT/g"
setfattr -x user.big "$MNT/g"
setfattr -n user.big3 -v "$(head -c 60000 value)" "$MNT/g"

# Copies keep what was set, and set nothing else.
mkdir src && echo text >src/a && echo text >src/b && setfattr -n user.note -v kept src/a 2>/dev/null || :
cp -a "$MNT/g" "$MNT/copy" || t_fail "cp -a within"
t_has "$("$H/fscall" "names $MNT/copy")" ": user.more,user.big2,user.big3" "what cp -a copied"
setfattr -n user.bdi.mmap -v EACCES "$MNT/copy"
cp --preserve=xattr "$MNT/copy" "$MNT/again"
t_eq "$("$H/fscall" "get $MNT/again user.bdi.mmap")" "get $MNT/again user.bdi.mmap: EACCES" "a setting that was copied"
cp -a src "$MNT/src" && cp -a "$MNT/src" back || t_fail "cp -a in and out"
diff -r src back
(cd "$MNT" && tar --xattrs -cf - src) | (mkdir "$MNT/untarred" && cd "$MNT/untarred" && tar --xattrs -xf - 2>err; cat err) >said
t_eq "$(cat said)" "" "what tar says"

[ "$(id -u)" = 0 ] || exit 0
# trusted. is root's alone, also to be seen.
t_calls <<'EOF'
open h rw,creat h 0666: ok
chown h 1000 1000: ok
set h trusted.secret word: ok
get h trusted.secret: word
as 1000 1000: ok
get h trusted.secret: ENODATA
set h trusted.secret mine: EPERM
drop h trusted.secret: EPERM
as 0 0: ok
get h trusted.secret: word
set h security.label other: ok
get h security.label: other
drop h security.label: ok
EOF
t_has "$("$H/fscall" "names $MNT/h")" "trusted.secret" "root's list"
t_lacks "$("$H/fscall" "as 1000 1000" "names $MNT/h")" "trusted.secret" "another's list"

# File capabilities go when the file is written, cut or given away.
capability() {
	setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 "$MNT/$1"
	t_eq "$(getfattr --only-values -n security.capability "$MNT/$1" | wc -c)" 20 "$1's capability"
}
for change in 'write f x' 'ftruncate f 0' 'chown h 1000 1001'; do
	capability h
	t_calls <<-EOF
		open f rw h: ok
		$change: ok
		get h security.capability: ENODATA
	EOF
done
capability h
t_calls <<'EOF'
chmod h 0600: ok
utimens h now now: ok
get h security.capability 0: 20
EOF
