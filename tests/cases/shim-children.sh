#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# vfork, posix_spawn, system, popen, threads, exec from a thread: all can map, and when the last of them is gone all of
# the board's memory is back.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
t_mount
before=$(t_free)

for way in vfork spawn system popen threads raw-fork; do
	t_run "$H/shim-children" $way || t_fail "$way: exit status $?"
	t_returns "$before"
done

# AddressSanitizer's own vfork keeps one return address a thread.
if [ -z "$t_asan" ]; then
	t_run "$H/shim-children" vfork-nested || t_fail "vfork-nested: exit status $?"
	t_returns "$before"
fi

# Killed anywhere, also inside of the engine.
t_run "$H/shim-children" vfork-kill || t_fail "vfork-kill: exit status $?"
t_returns "$before"

for i in 1 2 3 4 5; do
	status=0
	t_run "$H/shim-children" thread-exec || status=$?
	t_eq "$status" 5 "exec from a thread, round $i"
	t_returns "$before"
done
t_eq "$(cat "$MNT/proc/maps")" "" "/proc/maps after all"
