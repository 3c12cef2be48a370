#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# nommu-run killed by SIGKILL, or its daemon or keeper: everything is cleaned up all the same.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

# start: nommu-run with a program that waits; $pid, and the program's $prog
start() {
	rm -f ready
	r_launch --ram=1M -- "$H/run-catch" "$T/ready" >out 2>err &
	pid=$!
	r_wait_for ready
	prog=$(cat ready)
}

start
kill -KILL "$pid"
wait "$pid" 2>/dev/null || :
r_gone 100
for ((i = 0; i < 100; i++)); do
	[ -d "/proc/$prog" ] && [ "$(awk '{ print $3 }' /proc/"$prog"/stat)" != Z ] || break
	sleep 0.05
done
[ "$i" -lt 100 ] || t_fail "the program lives after nommu-run was killed"

# The daemon: the program goes on, and is told how it ended.
start
mnt=$(find "$OWN" -mindepth 2 -maxdepth 2 -name board)
daemon=$(t_daemon "$mnt")
[ -n "$daemon" ] || t_fail "no daemon of $mnt"
kill -KILL "$daemon"
sleep 0.2
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
t_eq "$status" 7 "after the daemon was killed: exit status"
r_gone 20

# The keeper, which is nommu-run's other child.
start
for keeper in $(cat "/proc/$pid/task/$pid/children"); do
	[ "$keeper" -eq "$prog" ] || kill -KILL "$keeper"
done
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
t_eq "$status" 7 "after the keeper was killed: exit status"
r_gone 100
