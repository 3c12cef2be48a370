#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A board is for its own user, and root's for root: others are refused in one line.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

t_mount
if [ "$(id -u)" -eq 0 ]; then
	chmod 711 "$T"
	mkdir bin
	cp "$B/nommu-run" "$B/libnommu-preload.so" bin
	chmod -R a+rX bin
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$T/bin/nommu-run" --board "$MNT" -- true >out 2>err || status=$?
	t_eq "$status $(wc -l <err)" '125 1' "another user: $(cat err)"
	t_has "$(cat err)" 'no access'
else
	mkdir closed
	mkdir closed/board
	chmod 0 closed
	r_refused 125 'no access' --board "$T/closed/board" -- true
	chmod 700 closed
fi
