# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# calls - for cases that are lists of file system calls and their answers. Sourced instead of lib.sh, which it sources.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# t_calls <TRANSCRIPT: each line is a command of fscall and, behind ": ", what it has to print. They are run in one
# process, in the root of the board $MNT.
t_calls() {
	local line expected actual status=0 commands=()
	expected=$(cat)
	while IFS= read -r line; do
		commands+=("${line%: *}")
	done <<<"$expected"
	actual=$(cd "$MNT" && "$H/fscall" "${commands[@]}") || status=$?
	if [ "$status" -ne 0 ] || [ "$actual" != "$expected" ]; then
		diff <(printf '%s\n' "$expected") <(printf '%s\n' "$actual") >&2 || :
		t_fail "line ${BASH_LINENO[0]}: < is expected, > came; exit status $status"
	fi
}

# t_free: free memory of the board, in KiB
t_free() {
	awk '$1 == "MemFree:" { print $2 }' "$MNT/proc/meminfo"
}

# t_free_becomes KIB: within five seconds
t_free_becomes() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ "$(t_free)" != "$1" ] || return 0
		sleep 0.05
	done
	t_fail "MemFree is $(t_free) KiB, expected $1"
}
