#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A signal while the own board is being mounted: nothing starts, nothing stays.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

for delay in 0.002 0.005 0.01 0.02 0.03 0.04 0.06; do
	rm -f started
	"$H/run-how" timeout -s TERM "$delay" "$B/nommu-run" --ram=64M -- "$H/run-catch" "$T/started" >out 2>err || :
	# What comes before nommu-run has blocked it kills at once; what comes later must clean up.
	r_gone 50
done
