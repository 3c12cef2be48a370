#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A program that was to run on a board and cannot: one line that says why, exit status 125, and it never begins.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
touch file
shim=${t_asan:+$t_asan:}$B/libnommu-preload.so

# refused BOARD PART…: the line holds each PART
refused() {
	local out status=0 part board=$1
	shift
	out=$(NOMMU_BOARD=$board LD_PRELOAD=$shim "$H/mapcall" 'say hello' 2>&1) || status=$?
	t_eq "$status" 125 "exit status with NOMMU_BOARD=$board: $out"
	t_eq "$(wc -l <<<"$out")" 1 "lines with NOMMU_BOARD=$board: $out"
	t_lacks "$out" hello
	for part; do
		t_has "$out" "$part"
	done
}
refused /nonexistent "nommu: mapcall: cannot attach to the board: /nonexistent: no such directory"
refused "$T" "nommu: mapcall: cannot attach to the board: $T: not the mount point of a board"
refused file "$T/file: not the mount point of a board"
refused "$(printf 'x%.0s' {1..5000})" "NOMMU_BOARD: a path of at most 4095 bytes was expected"

# Something else lies where the board's memory belongs.
t_mount
out=$(NOMMU_BOARD=$MNT LD_PRELOAD=$shim "$H/mapcall" 'map a anon 1p rw private')
t_eq "$out" 'map a anon 1p rw private: ok' "with a board"

# Its daemon is gone: what is attached goes on, nobody new comes.
mkfifo in out
t_run "$H/mapcall" 'map a anon 1p rw private' 'wait' 'map b anon 1p rw private' 'unmap a 1p' 'unmap b 1p' <in >out &
exec 4>in 5<out
read -r line <&5
read -r line <&5
kill -KILL "$(t_daemon "$MNT")"
refused "$MNT" "$MNT: its nommufs is gone"
echo >&4
exec 4>&-
t_eq "$(cat <&5)" "$(printf '%s\n' 'map b anon 1p rw private: ok' 'unmap a 1p: ok' 'unmap b 1p: ok')" \
	"what was attached before"
wait
fusermount3 -uz "$MNT"

# Without a board named it is an ordinary program.
out=$(env -u NOMMU_BOARD LD_PRELOAD="$shim" "$H/mapcall" 'map a anon 1p rw private,fixed 0 0x10000000' 'address a')
t_eq "$out" "$(printf '%s\n' 'map a anon 1p rw private,fixed 0 0x10000000: ok' 'address a: 0x10000000')" \
	"without a board"
out=$(NOMMU_BOARD='' LD_PRELOAD=$shim "$H/mapcall" 'map a anon 1p rw private,fixed 0 0x10000000')
t_has "$out" ": ok" "with an empty name"
