#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bench - the table of benchmarks: tests/bench/bench.sh BUILD
#
# Ends with non-zero if a target is missed; on a machine that does other things meanwhile, that may be theirs.
# MEMFS_LL=PROGRAM: libfuse's example memfs_ll, to measure RAM files beside it (no package has it built).

set -eu

B=$(cd "${1:?usage: tests/bench/bench.sh BUILD}" && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/nommu-bench.XXXXXX")
mounts=()

end() {
	local status=$? mnt
	trap - EXIT
	for mnt in "${mounts[@]}" "$T/empty"; do
		! grep -qsF " $mnt " /proc/self/mountinfo || fusermount3 -u "$mnt" || fusermount3 -uz "$mnt" || status=1
	done
	rm -rf --one-file-system "$T"
	exit "$status"
}
trap end EXIT
trap 'exit 130' INT TERM HUP

board() {
	mkdir -p "$T/$1"
	mounts+=("$T/$1")
	"$B/nommufs" -o "$2" none "$T/$1"
}

off() {
	fusermount3 -u "$T/$1"
}

heading() {
	printf '\n%s\n' "$1"
	printf '  %-44s %10s %10s  %-9s %-9s\n' '' "$2" "$3" "$4" "$5"
}

run() {
	"$@" | tee -a "$T/table"
	return "${PIPESTATUS[0]}"
}

mkdir "$T/empty"
tmpfs=/dev/shm
[ -w $tmpfs ] || { echo "bench: no $tmpfs to measure beside" >&2; exit 1; }

board ram ram=64M
heading "Calls, through the shim and the host's own" shim host ratio 'at most'
run "$B/nommu-run" --board "$T/ram" -- "$B/tests/bench/calls" "$T/ram" $tmpfs

heading 'Two processes at once, each on its CPU' both alone ratio 'at least'
run "$B/nommu-run" --board "$T/ram" -- "$B/tests/bench/contend"

heading 'Start, with the default of 64 MiB of RAM' took plain extra 'at most'
run "$B/tests/bench/start" "$B" "$T/ram" "$T/empty"

if [ -n "${MEMFS_LL:-}" ]; then
	mkdir "$T/memfs"
	mounts+=("$T/memfs")
	"$MEMFS_LL" "$T/memfs"
	heading "RAM files, and libfuse's memfs_ll" board memfs_ll ratio 'at most'
	run "$B/tests/bench/files" "$T/ram" "$T/memfs" judge
else
	heading "RAM files by FUSE, and the host's tmpfs (no target; MEMFS_LL=… compares with libfuse's memfs_ll)" \
		board tmpfs ratio ''
	run "$B/tests/bench/files" "$T/ram" $tmpfs
fi
off ram

board full ram=480M
heading 'mmap + munmap on a board that fills' 'then' 'empty' ratio 'at most'
run "$B/nommu-run" --board "$T/full" -- "$B/tests/bench/growth" "$T/full"

met=$(grep -c ' met$' "$T/table" || :)
missed=$(grep -c ' MISSED$' "$T/table" || :)
printf '\n%d targets met, %d missed\n' "$met" "$missed"
[ "$missed" -eq 0 ]
