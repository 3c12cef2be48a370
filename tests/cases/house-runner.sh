#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The test runner itself: it counts right, shows what failed, and nothing passes that did not run to its end.
. "$(dirname "$0")/lib.sh"
t_tmp
unset CI TEST_ONLY TEST_TIMEOUT

mkdir -p t/a/unit t/b/unit
echo 'exit 0' >t/good.sh
echo 'echo a word; exit 3' >t/bad.sh
echo 'exit 77' >t/none.sh
echo 'sleep 30' >t/slow.sh
printf '#!/bin/sh\necho "66%%: Checks: 3, Failures: 1, Errors: 0"\nexit 1\n' >t/unit
printf '#!/bin/sh\necho "100%%: Checks: 5, Failures: 0, Errors: 0"\nkill -9 $$\n' >t/crash
printf '#!/bin/sh\n[ "$1" != --list ] || exec echo one two\necho "100%%: Checks: 2, Failures: 0, Errors: 0"\n' >t/a/unit/run
printf '#!/bin/sh\nexit 2\n' >t/b/unit/run
chmod +x t/unit t/crash t/?/unit/run

# runs STATUS LAST-LINE TEST…
runs() {
	local status=0 want=$1 last=$2
	shift 2
	"$ROOT/tests/run.sh" "$B" "$@" >out 2>&1 || status=$?
	t_eq "$status" "$want" "exit status for $*: $(cat out)"
	t_eq "$(tail -n 1 out)" "$last" "last line for $*"
}
runs 0 '1 passed, 0 failed' "$T/t/good.sh"
runs 1 '1 passed, 1 failed' "$T/t/good.sh" "$T/t/bad.sh"
t_has "$(cat out)" "    a word" "the log of a failure"
runs 0 '1 passed, 0 failed' "$T/t/good.sh" "$T/t/none.sh"
CI=true runs 1 '1 passed, 1 failed' "$T/t/good.sh" "$T/t/none.sh"
runs 1 '2 passed, 1 failed' "$T/t/unit"
runs 1 '5 passed, 1 failed' "$T/t/crash"
TEST_TIMEOUT=1 runs 1 '0 passed, 1 failed' "$T/t/slow.sh"
t_has "$(cat out)" "stopped after 1 s" "a test that hangs"
runs 0 '4 passed, 0 failed' "$T/t/a/unit/run"
runs 1 '0 passed, 1 failed' "$T/t/b/unit/run"
runs 1 '0 passed, 1 failed' "$T/t/missing.sh"
runs 1 '0 passed, 1 failed'

# a case that leaves a mount behind, or a daemon, is cleaned up after; t_errno and t_eq can fail
! (t_errno EPERM cat /nonexistent) 2>/dev/null || t_fail "t_errno took ENOENT for EPERM"
! (t_errno ENOENT true) 2>/dev/null || t_fail "t_errno took a success"
! (t_eq a b what) 2>/dev/null || t_fail "t_eq found a equal to b"
(t_errno ENOENT cat /nonexistent)
