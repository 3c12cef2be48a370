#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With --fork=allow a child of fork has its parent's mappings, each once, as memory that both see; they end with the last
# of the two that has them.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp

allowed() {
	t_wrap --fork=allow --board "$MNT" -- "$H/shim-fork" "$MNT/f" "$@"
}

# Nothing is mapped any more, and no page taken but the file's.
nothing_left() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ -n "$(cat "$MNT/proc/maps")" ] || return 0
		sleep 0.05
	done
	t_fail "$1: $(cat "$MNT/proc/maps")"
}

forks() {
	"$H/fscall" "open f rw,creat $MNT/f" "ftruncate f 2p" >/dev/null
	allowed ways >got || t_fail "ways: exit status $?"
	diff - got <<-EOF || t_fail "$profile: < is expected, > came"
		fork: ok
		errno: EXDEV
		mask: the same
		_Fork: ok
		fork by number: ok
		clone by number: ok
		clone3 by number: ok
		clone: ok
		clone that waits: ok
		forkpty: ok
		clone3, bad pointer: EFAULT
		clone3, too short: EINVAL
		clone of nothing: EINVAL
		a child's child: ok
	EOF
	nothing_left ways
	allowed lives >got || t_fail "lives: exit status $?"
	for ((i = 0; i < 100; i++)); do
		! grep -q orphan got || break
		sleep 0.05
	done
	diff - got <<-EOF || t_fail "$profile: < is expected, > came"
		in a handler: ok
		a segment: status 0, stored, 1 attached
		a segment: detached, then EINVAL
		nobody waits: ok
		in threads: ok
		exec: ok
		a handler of fork: ok
		an orphan: ok
	EOF
	nothing_left lives
	t_eq "$(allowed handlers)" "in a handler before fork: ok
with a fork inside: ok
with an exec inside: ok" "handlers, $profile"
	nothing_left handlers
	allowed daemon "$T/out" || t_fail "daemon: exit status $?"
	for ((i = 0; i < 100; i++)); do
		[ ! -s out ] || break
		sleep 0.05
	done
	t_eq "$(cat out)" "another, leads, /, 0" "daemon"
	rm out
	nothing_left daemon
	# Denied, and by the word in the environment.
	t_eq "$(t_run "$H/shim-fork" "$MNT/f" ways | sed '/^errno\|^mask/d' | head -5 | cut -d: -f2- | sort -u)" " ENOSYS" "denied"
	t_has "$(NOMMU_FORK=allow t_run "$H/shim-fork" "$MNT/f" ways)" "fork: ok" "NOMMU_FORK=allow"
	nothing_left environment
}
t_profiles forks

t_mount -o ram=4M
"$H/fscall" "open f rw,creat $MNT/f" "ftruncate f 2p" >/dev/null
t_eq "$(allowed busy 2>&1)" "without descriptors: EAGAIN" "no descriptors"
t_has "$(NOMMU_TRACE=- allowed busy 2>&1)" "fork() = -1 EAGAIN: no-attach: " "the reason"
nothing_left busy
t_has "$(t_wrap --trace --board "$MNT" -- "$H/shim-fork" "$MNT/f" ways 2>&1 || :)" \
	"fork() = -1 ENOSYS: no-fork: without an MMU a child cannot have a copy" "trace"
out=$(t_wrap --fork=maybe --board "$MNT" -- true 2>&1) && t_fail "--fork=maybe: accepted"
t_eq "$out" "nommu-run: --fork=maybe: deny or allow was expected" "a value that is none"
t_umount

# More mappings than the board's table holds twice: as when a kernel has no memory for the child.
t_mount -o ram=300M
"$H/fscall" "open f rw,creat $MNT/f" "ftruncate f 2p" >/dev/null
t_eq "$(allowed full)" "a table that is full: ENOMEM
nobody to wait for: ECHILD
with room again: ok" "a full table"
nothing_left full
t_umount
