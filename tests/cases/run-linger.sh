#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A process that the program leaves behind keeps its own board until it ends; nommu-run does not wait for it.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

: >stay
r_run 0 --ram=1M -- "$H/run-linger" "$T/stay"
child=$out
[ -d "/proc/$child" ] || t_fail "the process left behind is gone"
t_lacks "$(cat /proc/self/mountinfo)" " $OWN/" "mounts"
sleep 0.3
[ -d "/proc/$child" ] || t_fail "the process left behind died when nommu-run ended"
rm stay
r_gone 100
