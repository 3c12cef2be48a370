#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The launcher finds its parts beside itself, or in ../lib and $PATH once installed.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

mkdir -p usr/bin usr/lib alone
cp "$B/nommu-run" "$B/nommufs" usr/bin
cp "$B/libnommu-preload.so" usr/lib
# launch NOMMU-RUN [ARG…]
launch() {
	local status=0
	if [ -n "$t_asan" ]; then
		ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" LD_PRELOAD=$t_asan "$@" >out 2>err || status=$?
	else
		"$@" >out 2>err || status=$?
	fi
	echo "$status"
}
t_eq "$(launch usr/bin/nommu-run --ram=1M -- sh -c 'echo "$LD_PRELOAD"')" 0 "installed: $(cat err)"
t_has "$(cat out)" "$T/usr/lib/libnommu-preload.so"
r_gone
cp "$B/nommu-run" alone
t_eq "$(launch alone/nommu-run -- true)" 125 "without the shim"
t_has "$(cat err)" libnommu-preload.so
cp "$B/libnommu-preload.so" alone
mkdir path
cp "$B/nommufs" path
t_eq "$(PATH="$T/path:$PATH" launch alone/nommu-run --ram=1M -- true)" 0 'nommufs in $PATH'" $(cat err)"
mkdir 'with blank'
cp "$B/nommu-run" "$B/libnommu-preload.so" 'with blank'
t_eq "$(launch 'with blank/nommu-run' -- true)" 125 "a path that LD_PRELOAD cannot hold"
t_has "$(cat err)" LD_PRELOAD
t_eq "$(wc -l <err)" 1 "lines"
r_gone
