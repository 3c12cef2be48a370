#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Scripts: what counts is the interpreter, and its interpreter.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

printf '#!/bin/sh\necho "$0 $1 $NOMMU_BOARD"\nexit 5\n' >script
chmod +x script
r_run 5 --ram=1M -- ./script arg
t_has "$out" "./script arg $OWN/"
printf '#! \t/bin/sh -e\nexit 6\n' >blanks
chmod +x blanks
r_run 6 --ram=1M -- ./blanks

printf '#!%s\n' "$H/run-static" >static
chmod +x static
r_refused 126 'statically linked' -- ./static
t_has "$err" 'script whose interpreter'
printf '#!/no/such/interpreter\n' >missing
chmod +x missing
r_refused 126 '/no/such/interpreter' -- ./missing
printf '#!%s/script\n' "$T" >second
printf '#!%s/second\n' "$T" >third
chmod +x second third
# The kernel gives the path of the script that it came from.
r_run 5 --ram=1M -- ./third
printf '#!%s/loop\n' "$T" >loop
chmod +x loop
r_refused 126 'deep' -- ./loop
printf '#!' >bare
printf '#!  \n/bin/sh\n' >blank
printf '#!/%0300d\n' 0 >long
chmod +x bare blank long
r_refused 126 'no interpreter' -- ./blank
r_refused 126 'no interpreter' -- ./long
r_refused 126 'no interpreter' -- ./bare
chmod a-r script
if [ "$(id -u)" -ne 0 ]; then
	r_refused 126 'cannot be read' -- ./script
fi
r_gone
