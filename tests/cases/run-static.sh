#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A statically linked program cannot be wrapped, and the line says why.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

r_refused 126 'statically linked' -- "$H/run-static"
t_has "$err" "$H/run-static is"
t_has "$err" 'link it dynamically'
r_gone
