#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# One mount point, one board: a second is refused while the first lives; where a daemon died its mount is taken down
# and a new board mounted; SIGTERM takes a mount down cleanly, also a busy one.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
t_mount -o ram=4M
# The first request after the kill may be the one that is aborted.
dead() {
	for ((i = 0; i < 100; i++)); do
		[[ $(ls "$MNT" 2>&1) != *'Transport endpoint is not connected'* ]] || return 0
		sleep 0.05
	done
	t_fail "the mount of a killed daemon: $(ls "$MNT" 2>&1)"
}

first=$(t_daemon "$MNT")
touch "$MNT/first"

status=0
"$B/nommufs" none "$MNT" 2>err || status=$?
[ "$status" -ne 0 ] || t_fail "two boards on one mount point"
t_has "$(cat err)" "nommufs: $MNT: a board is mounted here already"
t_eq "$(t_daemon "$MNT")" "$first" "the daemons"
[ -e "$MNT/first" ] || t_fail "the first board is gone"

# What is mounted there is not taken down, whatever it is.
status=0
"$B/nommufs" none /proc 2>err || status=$?
[ "$status" -ne 0 ] || t_fail "a board on /proc"
t_has "$(cat err)" "nommufs: /proc: something is mounted here already (proc)"

# The daemon dies; the board's file and directory are still open, and somebody is in there.
exec 5<"$MNT/first" 6<"$MNT"
kill -KILL "$first"
dead
"$B/nommufs" -o ram=4M none "$MNT" || t_fail "no board where a daemon died: exit status $?"
[ ! -e "$MNT/first" ] || t_fail "the new board has the old one's file"
[ "$(t_daemon "$MNT")" != "$first" ] || t_fail "the old daemon lives"
exec 5<&- 6<&-
# By a relative name, with a slash behind it.
kill -KILL "$(t_daemon "$MNT")"
dead
relative=../${T##*/}/${MNT##*/}/
"$B/nommufs" -o ram=4M none "$relative" || t_fail "no board by a relative name"
second=$(t_daemon "$relative")
t_mounted "$MNT" || t_fail "not mounted"

# SIGTERM: the mount goes, then the process.
gone() {
	for ((i = 0; i < 100; i++)); do
		[ -e "/proc/$1/exe" ] || return 0
		sleep 0.05
	done
	t_fail "process $1 lives 5 s after a signal"
}
kill -TERM "$second"
gone "$second"
! t_mounted "$MNT" || t_fail "still mounted after SIGTERM"
ls "$MNT" >/dev/null

# A busy one goes too.
"$B/nommufs" -o ram=4M none "$MNT"
second=$(t_daemon "$MNT")
exec 5>"$MNT/open"
kill -TERM "$second"
gone "$second"
! t_mounted "$MNT" || t_fail "still mounted after SIGTERM, busy"
exec 5>&- || :

# In front: ^C.
"$B/nommufs" -f -o ram=4M none "$MNT" &
pid=$!
for ((i = 0; i < 100; i++)); do
	! t_mounted "$MNT" || break
	sleep 0.05
done
t_eq "$(ls "$MNT")" $'dev\nproc' "a board in front"
kill -INT "$pid"
wait "$pid" || t_fail "exit status $? after SIGINT"
! t_mounted "$MNT" || t_fail "still mounted after SIGINT"
