#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --board: what is no board, a dead one, another user's, another PID namespace's.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

t_mount
r_run 3 --board "$MNT" -- "$H/run-die" exit 3
NOMMU_BOARD=$MNT r_run 3 -- "$H/run-die" exit 3
# A relative path is the program's too, wherever it goes.
(cd "$T" && r_run 0 --board "${MNT##*/}" -- sh -c "cd / && [ \"\$NOMMU_BOARD\" = '$MNT' ] && exec sh -c :")

r_refused 125 "$T: not the mount point of a board" --board "$T" -- true
r_refused 125 'no such directory' --board "$T/none" -- true
# Inside of a board is not its mount point.
mkdir "$MNT/below"
r_refused 125 'not the mount point of a board' --board "$MNT/below" -- true
NOMMU_BOARD=$T r_refused 125 'not the mount point of a board' -- true
r_refused 125 '--board' --board= -- true

# Another PID namespace: the lock knows its owner by thread id.
if unshare --fork --pid true 2>/dev/null; then
	status=0
	unshare --fork --pid "$B/nommu-run" --board "$MNT" -- true >out 2>err || status=$?
	t_eq "$status $(wc -l <err)" '125 1' "in another PID namespace: $(cat err)"
	t_has "$(cat err)" 'PID namespace'
fi

# A dead daemon.
kill -KILL "$(t_daemon "$MNT")"
for ((i = 0; i < 100; i++)); do
	[ -n "$(t_daemon "$MNT")" ] || break
	sleep 0.05
done
r_refused 125 'nommufs is gone' --board "$MNT" -- true
