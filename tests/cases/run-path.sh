#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs are found as execvp finds them.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

mkdir one two three
cp "$H/run-die" two/prog
cp "$H/run-die" three/prog
: >one/prog
mkdir three/folder two/folder
R_PATH="$T/one:$T/two:$PATH" r_run 3 --ram=1M -- prog exit 3
# The current directory where an element is empty.
cp "$H/run-die" here
R_PATH="$T/one:" r_run 4 --ram=1M -- here exit 4
r_refused 127 'was not found in $PATH' -- no-such-program-anywhere
r_gone
r_refused 127 'was not found' -- ./no-such-program
r_refused 127 'was not found' -- one/prog/below
r_refused 127 'was not found' -- ''
R_PATH="$T/one" r_refused 126 'no permission' -- prog
r_refused 126 'cannot be executed' -- one/prog
# A folder that may not be searched is passed over (root may search any).
mkdir closed
cp "$H/run-die" closed/prog
chmod 0 closed
if [ "$(id -u)" -ne 0 ]; then
	R_PATH="$T/closed:$T/two" r_run 3 --ram=1M -- prog exit 3
	R_PATH="$T/closed" r_refused 127 'was not found in $PATH' -- prog
fi
chmod 700 closed
# A directory of that name is passed over.
mkdir one/sh
R_PATH="$T/one:$PATH" r_run 6 --ram=1M -- sh -c 'exit 6'
# The name is kept as it was given.
printf '#!/bin/sh\necho "$0"\n' >two/name
chmod +x two/name
R_PATH="$T/two:$PATH" r_run 0 --ram=1M -- name
t_eq "$out" "$T/two/name" "a script's own name"
cp "$H/run-die" "two/a name"
R_PATH="$T/two:$PATH" r_run 3 --ram=1M -- 'a name' exit 3
r_gone
