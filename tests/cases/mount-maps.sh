#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# /proc/maps and /proc/PID/maps of attached processes: columns, flags, paths as the mount has them; files that were
# renamed, removed, linked; and that all of it goes when the process does.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir -p rom/dir
head -c 10000 /dev/urandom >rom/dir/prog
genromfs -f image -d rom
t_mount -o ram=4M image
device=$(awk -v mnt="$MNT" '$5 == mnt { print $3 }' /proc/self/mountinfo)
device=$(printf '%02x:%02x' "${device%:*}" "${device#*:}")
mkdir "$MNT/dir"

# start COMMAND…: mapcall on the board, that waits behind its commands until `go` is called. What `address NAME` prints
# becomes ${address[NAME]}.
declare -A address
start() {
	mkfifo in out
	t_run "$H/mapcall" "$@" 'wait' <in >out &
	exec 4>in 5<out
	while read -r line <&5; do
		case $line in
		*waiting) return ;;
		address*) line=${line#address } && address[${line%%:*}]=${line#*: 0x} ;;
		*": ok") ;;
		*) t_fail "mapcall: $line" ;;
		esac
	done
	t_fail "mapcall ended early"
}
go() {
	exec 4>&- 5<&-
	wait
	rm in out
}
line() {
	printf '%-73s%s\n' "$1" "$2"
}

start "open f rw,creat $MNT/dir/file" 'truncate f 2p' 'map a f 2p rw shared' 'map b f 1p rx private 1p' \
	'map c f 1p rw private' 'map d anon 3p rw private' "open r r $MNT/rom/dir/prog" 'map e r 2p rx private' \
	'map f anon 1p none shared' 'address c' 'address d' 'address f'
ino=$(stat -c %i "$MNT/dir/file")
rom=$(stat -c %i "$MNT/rom/dir/prog")
at=$("$H/fscall" "get $MNT/rom/dir/prog user.bdi.address")
at=${at#*: 0x}
# range START PAGES
range() {
	printf '%s-%x' "$1" $((0x$1 + $2 * 4096))
}
expected=$(
	line "60000000-60002000 rw-S 00000000 $device $ino " /dir/file
	line "60001000-60002000 r-xs 00001000 $device $ino " /dir/file
	line "$(range "${address[c]}" 1) rw-p 00000000 $device $ino " /dir/file
	echo "$(range "${address[d]}" 3) rw-p 00000000 00:00 0 "
	echo "$(range "${address[f]}" 1) ---p 00000000 00:00 0 "
	line "$(range "$at" 2) r-xs 00000000 $device $rom " /rom/dir/prog
)
expected=$(sort <<<"$expected")
pid=$(ls "$MNT/proc" | grep '^[0-9]') || t_fail "no process in /proc"
t_eq "$(cat "$MNT/proc/$pid/maps")" "$expected" "/proc/PID/maps"
t_eq "$(ls "$MNT/proc/$pid")" maps "a process's directory"
t_eq "$(tr '\0' '\n' <"/proc/$pid/cmdline" | sed -n 1p)" "$H/mapcall" "whose it is"
t_eq "$("$H/fscall" "get $MNT/dir/file user.bdi.mappings")" "get $MNT/dir/file user.bdi.mappings: 3" "mappings"

# Every region, once: the second is a part of the first's pages, but a region of its own in this profile.
t_eq "$(cat "$MNT/proc/maps")" "$expected" "/proc/maps"
t_eq "$(stat -c %i "$MNT/proc/$pid" "$MNT/proc/$pid" | uniq | wc -l)" 1 "inode numbers of /proc/$pid"

mv "$MNT/dir/file" "$MNT/moved"
t_has "$(cat "$MNT/proc/maps")" "                 /moved
"
ln "$MNT/moved" "$MNT/dir/link"
rm "$MNT/moved"
t_has "$(cat "$MNT/proc/maps")" " /dir/link
"
rm "$MNT/dir/link"
t_eq "$(grep -c ' /dir/link (deleted)$' "$MNT/proc/maps")" 3 "deleted files in maps"
exec 6<"$MNT/proc/$pid/maps"
go
# The text was made when it was opened.
t_eq "$(wc -l <&6)" 6 "lines of maps that were opened before the end"
exec 6<&-
t_free_becomes 4096
t_eq "$(cat "$MNT/proc/maps")" "" "maps when nobody is there"
t_errno ENOENT ls "$MNT/proc/$pid"
t_eq "$(ls "$MNT/proc" | grep -c '^[0-9]')" 0 "processes"

# Killed, it leaves nothing either. The file that it maps is neither named nor open any more; its path is still known.
start 'map a anon 100p rw private' "open f rw,creat $MNT/dir/f" 'truncate f 10p' 'map b f 10p r shared' 'close f'
rm "$MNT/dir/f"
rmdir "$MNT/dir"
t_has "$(cat "$MNT/proc/maps")" " /dir/f (deleted)"
t_eq "$(t_free)" $((4096 - 440)) "MemFree while it lives"
kill -KILL "$(ls "$MNT/proc" | grep '^[0-9]')"
t_free_becomes 4096
go
