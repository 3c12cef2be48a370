#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# nommu-run beside its program: signals for it reach the program, once; a terminal's do not come twice.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

# A line for its pid, and one for every signal that came.
lines() {
	for ((i = 0; i < 200; i++)); do
		[ "$(wc -l <"$1")" -lt "$2" ] || return 0
		sleep 0.05
	done
	t_fail "$1 has not got $2 lines in 10 s: $(cat "$1")"
}

r_launch --ram=1M -- "$H/run-catch" "$T/ready" >out 2>err &
pid=$!
r_wait_for ready
got=1
for name in HUP INT QUIT USR1 USR2; do
	kill -"$name" "$pid"
	lines ready $((++got))
done
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
t_eq "$status" 7 "exit status"
t_eq "$(cat out)" '1 1 1 1 1 7' "signals that the program got"
r_gone

# To the whole group, as a terminal sends an interrupt: nommu-run must not die of it.
set -m
r_launch --ram=1M -- "$H/run-catch" "$T/ready2" >out 2>err &
pid=$!
set +m
r_wait_for ready2
kill -INT -"$pid"
lines ready2 2
kill -TERM "$(head -n 1 ready2)"
status=0
wait "$pid" || status=$?
t_eq "$status" 7 "exit status"
read -r _ int _ <out
[ "$int" -ge 1 ] || t_fail "the program got no SIGINT: $(cat out)"
r_gone

# One that does not catch it: both end by it, the board goes.
for name in TERM INT HUP; do
	(trap - INT; exec "$H/run-how" sh -c 'echo $$ >ready3; exec "$@"' sh "$B/nommu-run" --ram=1M -- sleep 60) >out 2>err &
	r_wait_for ready3
	pid=$(cat ready3)
	# Not before sleep runs.
	for ((i = 0; i < 200; i++)); do
		[ "$(cat /proc/"$pid"/task/"$pid"/children 2>/dev/null | wc -w)" -ge 2 ] && break
		sleep 0.05
	done
	sleep 0.2
	kill -"$name" "$pid"
	wait
	t_eq "$(cat out)" "signal $(kill -l "$name")" "$name"
	rm ready3
	r_gone
done
