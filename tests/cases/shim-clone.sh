#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# clone(2): ENOSYS without CLONE_VM, with the reason; with it children map beside their parent, on its thread-local
# storage too, and with CLONE_VFORK while it waits; whatever the child's end the parent goes on.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
t_mount
before=$(t_free)

t_eq "$(t_run "$H/shim-clone" fork-like)" "clone: -1 ENOSYS" "clone without CLONE_VM"
"$B/nommu-run" --board "$MNT" --trace=trace -- "$H/shim-clone" fork-like >/dev/null
grep -q 'clone(.*) = -1 ENOSYS: no-fork: ' trace || t_fail "the reason: $(cat trace)"
t_returns "$before"

t_run "$H/shim-clone" beside || t_fail "beside: exit status $?"
t_returns "$before"
t_eq "$(t_run "$H/shim-clone" beside-many)" "clone: 64 children, then EAGAIN" "many children"
t_returns "$before"
t_run "$H/shim-clone" waiting || t_fail "with CLONE_VFORK: exit status $?"
t_returns "$before"
# AddressSanitizer keeps what it is doing in the thread-local storage that a killed child shared.
if [ -z "$t_asan" ]; then
	t_run "$H/shim-clone" beside-killed || t_fail "killed beside the parent: exit status $?"
	t_returns "$before"
	t_run "$H/shim-clone" killed || t_fail "killed with CLONE_VFORK: exit status $?"
	t_returns "$before"
fi
t_eq "$(cat "$MNT/proc/maps")" "" "/proc/maps after all"
