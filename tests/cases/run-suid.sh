#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Set-user-ID, set-group-ID and file capabilities: the loader would not preload the shim.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

cp "$H/run-die" prog
r_run 0 --ram=1M -- ./prog exit 0
chmod u+s prog
r_refused 126 'set-user-ID' -- ./prog exit 0
chmod u-s,g+s prog
r_refused 126 'set-group-ID' -- ./prog exit 0
# Without group execute the bit stands for mandatory locking and has no such effect.
chmod g-x prog
r_run 0 --ram=1M -- ./prog exit 0
chmod 755 prog
# On a script the kernel ignores it.
printf '#!/bin/sh\nexit 4\n' >script
chmod 4755 script
r_run 4 --ram=1M -- ./script
if [ "$(id -u)" -eq 0 ] && command -v setcap >/dev/null; then
	setcap cap_net_raw+ep prog
	r_refused 126 'file capabilities' -- ./prog exit 0
elif [ "$(id -u)" -eq 0 ]; then
	# CAP_NET_RAW, permitted and effective, as setcap writes it
	setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 prog
	r_refused 126 'file capabilities' -- ./prog exit 0
fi
r_gone
