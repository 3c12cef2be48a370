#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A process's mappings go when it ends, is killed, or runs another program; and programs that other programs
# start are on the board too.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
t_mount
before=$(t_free)
mkfifo in out

# It holds 64 pages, then a shell takes its place, which holds none.
t_run "$H/shim-children" exec <in >out &
exec 4>in 5<out
read -r line <&5
t_eq "$line" ready "the shell"
t_returns "$before"
echo go >&4
exec 4>&- 5<&-
wait

hold() {
	t_run "$H/shim-children" hold >out &
	exec 5<out
	read -r line <&5
	t_eq "$line" ready "the holder"
	t_eq "$(t_free)" $((before - 256)) "free memory while 64 pages are held"
}
# By the board's own list: nommu-run may be another process.
for signal in KILL TERM HUP; do
	hold
	pid=$(cd "$MNT/proc" && ls -d [0-9]*)
	kill -$signal "$pid"
	exec 5<&-
	wait || :
	t_returns "$before"
	t_eq "$(cd "$MNT/proc" && ls | grep -c '^[0-9]' || :)" 0 "processes on the board after SIG$signal"
done

# A shell's children.
out=$(t_run sh -c "'$H/mapcall' 'map a anon 1p rw private' 'address a'
	exec '$H/mapcall' 'map b anon 2p rw private' 'address b'")
t_eq "$out" "$(printf '%s\n' 'map a anon 1p rw private: ok' 'address a: 0x60000000' 'map b anon 2p rw private: ok' \
	'address b: 0x60000000')" "programs started by a shell"
t_returns "$before"

# A host descriptor that was closed, and its number used again.
t_transcript <<-EOF
	open f rw,creat $MNT/file: ok
	truncate f 1p: ok
	map a f 1p rw shared: ok
	close f: ok
	open g r /proc/version: ok
	map b g 1p r private: ok
	get b 5: Linux
	map c g 1p rw shared: EACCES
EOF
