#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Signals every 50 us while memory is mapped: no handler runs inside of the engine, whether it returns, jumps
# out or maps memory itself; none is lost; the board is whole and all memory comes back.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
t_mount
before=$(t_free)
{ echo storm; head -c 16000 /dev/zero; } >file

for way in jump count threads once fault; do
	t_run "$H/shim-storm" $way file || t_fail "$way: exit status $?"
	t_returns "$before"
	t_run "$H/mapcall" 'map a anon 4M rw private' >/dev/null || t_fail "after $way"
done

# Two at once, and one that is killed in the middle of it.
t_run "$H/shim-storm" jump file &
t_run "$H/shim-storm" threads file &
t_run "$H/shim-storm" count file &
sleep 0.5
kill -KILL $!
wait -n || :
wait
t_returns "$before"
