#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# nommu-run ends as its program does, and hands arguments and output on unchanged.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

t_mount

for board in "--board=$MNT" --ram=1M; do
	r_run 0 "$board" -- "$H/run-die" exit 0
	r_run 3 "$board" -- "$H/run-die" exit 3
	r_run 255 "$board" "$H/run-die" exit 255
	# Numbers that nommu-run has a use for are the program's too.
	r_run 125 "$board" -- "$H/run-die" exit 125
	t_eq "$err" '' "standard error"
	r_run 0 "$board" -- "$H/run-die" args 'a b' '' '*' -- --ram=2M $'new\nline'
	t_eq "$out" "$(printf '<%s>\n' 'a b' '' '*' -- --ram=2M $'new\nline')" "arguments"
	t_eq "$(echo in | (r_launch "$board" -- cat))" in "standard input"
	t_eq "$("$H/run-how" "$B/nommu-run" "$board" -- "$H/run-die" signal 15)" 'signal 15' "$board"
	t_eq "$("$H/run-how" "$B/nommu-run" "$board" -- "$H/run-die" signal 9)" 'signal 9' "$board"
	t_eq "$("$H/run-how" "$B/nommu-run" "$board" -- "$H/run-die" exit 143)" 'exit 143' "$board"
done
r_gone

# A program that dumps core does so once: nommu-run beside it does not.
(
	cd "$T" && mkdir core && cd core && ulimit -c unlimited
	t_eq "$("$H/run-how" "$B/nommu-run" --ram=1M -- "$H/run-die" signal 6)" 'signal 6' "own board, SIGABRT"
)

# The parent's SIGCHLD may be ignored, and standard descriptors closed.
(trap '' CHLD && r_run 3 --ram=1M -- "$H/run-die" exit 3)
status=0
(r_launch --ram=1M -- sh -c 'read x; [ $? -ne 0 ]' <&-) || status=$?
t_eq "$status" 0 "a closed standard input stays closed"
status=0
(r_launch --ram=1M -- "$H/run-die" args x >&- 2>&-) || status=$?
t_eq "$status" 0 "closed standard output"
r_gone
