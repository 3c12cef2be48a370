# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# transcript - for cases that are lists of calls and their answers. Sourced instead of lib.sh, which it sources.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# t_transcript [COMMAND ARG…] <TRANSCRIPT: each line is a command of mapcall and, behind ": ", what it has to print.
# They are run in one process, on the board unless another COMMAND to run it by is named.
t_transcript() {
	local line expected actual status=0 commands=()
	expected=$(cat)
	while IFS= read -r line; do
		commands+=("${line%: *}")
	done <<<"$expected"
	[ $# -gt 0 ] || set -- t_run
	actual=$("$@" "$H/mapcall" "${commands[@]}") || status=$?
	if [ "$status" -ne 0 ] || [ "$actual" != "$expected" ]; then
		diff <(printf '%s\n' "$expected") <(printf '%s\n' "$actual") >&2 || :
		t_fail "${FUNCNAME[1]}, profile ${profile:-bdi}: < is expected, > came; exit status $status"
	fi
}

# Free memory of the board, in KiB.
t_free() {
	awk '$1 == "MemFree:" { print $2 }' "$MNT/proc/meminfo"
}

# t_returns KIB: all memory is back; it may take the daemon a moment to see that a process is gone
t_returns() {
	local i
	for ((i = 0; i < 200; i++)); do
		[ "$(t_free)" != "$1" ] || return 0
		sleep 0.05
	done
	t_fail "MemFree is $(t_free) KiB, expected $1: $(cat "$MNT/proc/maps")"
}

# t_profiles FUNCTION: run it on a fresh board of each profile, $profile
t_profiles() {
	for profile in bdi linux6; do
		t_mount -o "profile=$profile"
		"$1"
		t_umount
	done
}

# t_by BDI LINUX6: the one for this profile
t_by() {
	if [ "$profile" = bdi ]; then echo "$1"; else echo "$2"; fi
}
