#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# How much of everything there is: inodes, names, targets, entries of a directory; and that all of it comes back.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp

# Whatever takes an inode is counted; images have room of their own.
mkdir rom && touch rom/1 rom/2 rom/3
t_mount -o ram=4M,files=6 rom
t_calls <<'EOF'
statfs . files: 9
statfs . ffree: 5
mkdir d: ok
open f w,creat d/f: ok
symlink x s: ok
mknod p fifo: ok
statfs . ffree: 1
link d/f hard: ok
statfs . ffree: 0
link d/f harder: ENOSPC
unlink hard: ok
statfs . ffree: 1
link d/f hard: ok
rename hard d/f: ok
unlink hard: ok
statfs . ffree: 1
mknod q sock: ok
statfs . ffree: 0
open g w,creat g: ENOSPC
mkdir e: ENOSPC
symlink x t: ENOSPC
tmpfile f d: ENOSPC
rename p q: ok
EOF
# The host forgets what was at q when it comes to it.
free_is() {
	for ((i = 0; i < 100 && $(stat -f -c %d "$MNT") != $1; i++)); do
		sleep 0.05
	done
	t_eq "$(stat -f -c %d "$MNT")" "$1" "free inodes $2"
}
free_is 1 "after a rename over another file"
t_calls <<'EOF'
open g w,creat g: ok
unlink g: ok
statfs . ffree: 0
close g: ok
EOF
free_is 1 "when the last file is closed"
t_umount

# Names of 255 bytes, targets of 4095, paths as long as they are when one walks along them.
t_mount -o ram=4M
name=$(printf '%0255d' 0)
target=$(printf '%04095d' 0)
t_calls <<EOF
open f w,creat $name: ok
open f w,creat ${name}0: ENAMETOOLONG
mkdir ${name}0: ENAMETOOLONG
rename $name ${name}0: ENAMETOOLONG
link $name ${name}0: ENAMETOOLONG
unlink ${name}0: ENAMETOOLONG
stat ${name}0 size: ENAMETOOLONG
list .: $name,dev,proc
unlink $name: ok
symlink $target s: ok
stat s size: 4095
readlink s: $target
symlink ${target}0 t: ENAMETOOLONG
EOF
cd "$MNT"
for ((i = 0; i < 40; i++)); do
	mkdir "$name"
	# Past PATH_MAX bash's own cd would look for the whole path.
	cd -P "$name" 2>/dev/null || break
done
[ "$i" -gt 14 ] || t_fail "$i directories deep"
cd "$T"
rm -r "${MNT:?}/$name"
t_umount

# A hundred thousand entries: each is listed once, found, and gone afterwards.
t_mount -o ram=4M
mkdir "$MNT/d"
seq -f 'entry-%06.0f' 1 100000 >names
(cd "$MNT/d" && xargs -n 5000 "$H/fsmany" make <"$T/names")
t_eq "$(find "$MNT/d" -type f -printf '%f\n' | sort | cmp - names && echo same)" same "the names"
t_eq "$(stat -c %s "$MNT/d/entry-099999")" 0 "one of them"
t_errno ENOENT stat "$MNT/d/entry-100001"
t_eq "$(stat -f -c %c "$MNT")-$(stat -f -c %d "$MNT")" "262144-162142" "inodes"
(cd "$MNT/d" && xargs -n 5000 "$H/fsmany" remove <"$T/names")
t_eq "$(ls -A "$MNT/d")" "" "what is left"
rmdir "$MNT/d"
for ((i = 0; i < 100 && $(stat -f -c %d "$MNT") != 262143; i++)); do
	sleep 0.05
done
t_eq "$(stat -f -c %d "$MNT")" 262143 "free inodes in the end"
