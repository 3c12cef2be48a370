#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Modes, owners, umask, set-id bits, times.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
if [ "$(id -u)" = 0 ]; then
	t_mount -o ram=4M,allow_other
else
	t_mount -o ram=4M
fi

t_calls <<'EOF'
umask 027: ok
open f rw,creat f 0777: ok
stat f mode: 0750
mkdir d 0777: ok
stat d mode: 0750
chmod f 4711: ok
stat f mode: 4711
chmod none 0600: ENOENT
utimens f 1000 2000: ok
stat f atime: 1000
stat f mtime: 2000
mark ctime f ctime: ok
utimens f omit 3000: ok
stat f atime: 1000
stat f mtime: 3000
moved ctime f ctime: yes
mark mtime f mtime: ok
utimens f omit now: ok
moved mtime f mtime: yes
stat f atime: 1000
EOF

# What changes which time.
t_calls <<'EOF'
open f rw,creat g: ok
mkdir e: ok
mark m g mtime: ok
mark c g ctime: ok
chmod g 0600: ok
moved m g mtime: no
moved c g ctime: yes
write f text: ok
moved m g mtime: yes
moved c g ctime: yes
ftruncate f 2: ok
moved m g mtime: yes
mark dm . mtime: ok
mark em e mtime: ok
link g h: ok
moved c g ctime: yes
moved m g mtime: no
moved dm . mtime: yes
rename h e/h: ok
moved c g ctime: yes
moved dm . mtime: yes
moved em e mtime: yes
unlink e/h: ok
moved c g ctime: yes
moved em e mtime: yes
moved dm . mtime: no
utimens g 1 2: ok
mark a g atime: ok
pread f 0 1: t
moved a g atime: yes
pread f 0 1: t
moved a g atime: no
set g user.bdi.mmap none: ok
moved c g ctime: yes
EOF

[ "$(id -u)" = 0 ] || exit 0
t_calls <<'EOF'
umask 0: ok
chown f 1000 1001: ok
stat f uid: 1000
stat f gid: 1001
stat f mode: 0711
chown f -1 0: ok
stat f uid: 1000
stat f gid: 0
mkdir open 1777: ok
mkdir closed 0700: ok
mkdir group: ok
chown group 1000 2000: ok
chmod group 2777: ok
open s rw,creat suid: ok
chmod suid 6777: ok
write s root: ok
stat suid mode: 6777
as 1000 1000: ok
open x r closed/x: EACCES
mkdir new: EACCES
open x w,creat open/mine 0600: ok
stat open/mine uid: 1000
stat open/mine gid: 1000
open y w,creat group/theirs: ok
stat group/theirs gid: 2000
mkdir group/dir 0755: ok
stat group/dir gid: 2000
stat group/dir mode: 2755
chown open/mine 1001 -1: EPERM
chmod suid 0777: EPERM
utimens suid 1 1: EPERM
open w rw suid: ok
write w user: ok
stat suid mode: 0777
as 1001 1001: ok
unlink open/mine: EPERM
rename open/mine open/yours: EPERM
open x r open/mine: EACCES
as 0 0: ok
chmod suid 6777: ok
as 1001 1001: ok
truncate suid 0: ok
stat suid mode: 0777
EOF

# Set-group-ID without group execute is dropped by who writes and is not of the group; truncate to the same size is no
# change.
if [ "$(id -u)" = 0 ]; then
	t_calls <<-'EOF'
		umask 0: ok
		open f rw,creat m 0666: ok
		write f text: ok
		chown m 1000 1000: ok
		chmod m 2666: ok
		as 1001 1000: ok
		open f rw m: ok
		write f x: ok
		stat m mode: 2666
		as 1001 1001: ok
		open f rw m: ok
		write f x: ok
		stat m mode: 0666
		as 0 0: ok
		chmod m 2666: ok
		write f x: ok
		stat m mode: 2666
		as 1001 1001: ok
		truncate m 2: ok
		stat m mode: 0666
		as 0 0: ok
		mark m m mtime: ok
		mark c m ctime: ok
		truncate m 2: ok
		moved m m mtime: no
		moved c m ctime: no
		truncate m 3: ok
		moved m m mtime: yes
	EOF
fi
