#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Signal handlers behave as they do without the shim, though the shim's own stands before them.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
t_mount
before=$(t_free)

out=$("$H/shim-signals") || t_fail "the host itself behaves otherwise: $out"
out=$(t_run "$H/shim-signals") || t_fail "on the board: $out"
t_returns "$before"
