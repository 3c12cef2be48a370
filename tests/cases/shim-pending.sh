#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A vfork child that is killed in the middle of a copy: its pages come back although its mm lives on, as soon as somebody
# wants them.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
t_mount -o ram=16M
before=$(t_free)
head -c 2M /dev/urandom >file

t_run "$H/shim-pending" file "$MNT/proc/meminfo" >out || t_fail "exit status $?: $(cat out)"
[[ $(cat out) =~ ^[1-9][0-9]*\ kB\ pending$ ]] || t_fail "no child was killed in a copy: $(cat out)"
t_returns "$before"
