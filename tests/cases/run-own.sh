#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An own board: made as asked, private, and gone afterwards.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

mkdir files
echo content >files/name
genromfs -d files -f image
r_run 0 --ram=2M --profile=linux6 --image image -- sh -c '
	echo "$NOMMU_BOARD"
	stat -c %a "$NOMMU_BOARD/.." &&
	cat "$NOMMU_BOARD/rom/name" "$NOMMU_BOARD/proc/meminfo"'
t_has "$out" content
mnt=$(head -n 1 out)
t_has "$mnt" "$OWN/"
[ ! -e "$mnt" ] || t_fail "$mnt is still there"
t_has "$out" $'\n700\n' "its folder's mode"
[[ $out =~ MemTotal:\ +2048\ kB ]] || t_fail "2 MiB of RAM were asked for: $out"
r_gone

# Two at once do not meet.
r_launch --ram=1M -- "$H/run-catch" "$T/one" >one.out 2>err &
first=$!
r_launch --ram=1M -- "$H/run-catch" "$T/two" >two.out 2>err &
second=$!
r_wait_for one
r_wait_for two
t_eq "$(find "$OWN" -mindepth 1 -maxdepth 1 | wc -l)" 2 "folders of two own boards"
kill "$first"
wait "$first" || :
t_eq "$(find "$OWN" -mindepth 1 -maxdepth 1 | wc -l)" 1 "folders after one has ended"
kill "$second"
wait "$second" || :
r_gone

# Nothing of ours holds the caller's pipe open, and no descriptor of ours is left in the program.
t_eq "$(r_launch --ram=1M -- bash -c 'cd /proc/$$/fd && echo *' 2>err)" "$(bash -c 'cd /proc/$$/fd && echo *' 2>err)" \
	"descriptors of the program"
exec 9>held
(r_launch --ram=1M -- sh -c '[ -e /proc/$$/fd/9 ]') || t_fail "the program did not get descriptor 9"
exec 9>&-

# Without $XDG_RUNTIME_DIR, and with one that is not there, in /tmp.
XDG_RUNTIME_DIR='' r_run 0 --ram=1M -- sh -c 'echo "$NOMMU_BOARD"'
t_has "$out" /tmp/nommu-run-
[ ! -e "${out%/*}" ] || t_fail "$out stayed"
XDG_RUNTIME_DIR=/no/such/folder r_run 0 --ram=1M -- sh -c 'echo "$NOMMU_BOARD"'
t_has "$out" /tmp/nommu-run-
[ ! -e "${out%/*}" ] || t_fail "$out stayed"
r_gone
