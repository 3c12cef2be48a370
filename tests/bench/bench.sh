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

mountpoint() {
	mkdir -p "$T/$1"
	mounts+=("$T/$1")
}

# Asking a FUSE daemon is a switch to it and back. Whether it runs on the asker's CPU is chance, and on a virtual machine
# a fivefold difference: what is measured so is kept on one.
cpu=$(taskset -cp $$)
cpu=${cpu##* }
cpu=${cpu%%[-,]*}
one() {
	taskset -c "$cpu" "$@"
}

# board NAME OPTIONS [SOURCE]
board() {
	mountpoint "$1"
	one "$B/nommufs" -o "$2" "${3:-none}" "$T/$1"
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

mountpoint ram
"$B/nommufs" -o ram=64M none "$T/ram"
heading "Calls, through the shim and the host's own" shim host ratio 'at most'
run "$B/nommu-run" --board "$T/ram" -- "$B/tests/bench/calls" "$T/ram" $tmpfs

heading "Devices can be told: what a stat and an open cost" shim host ratio 'at most'
run "$B/nommu-run" --board "$T/ram" -- "$B/tests/bench/stats" "$T/ram" $tmpfs

heading "Wrapped calls that go on to the host, beside libc's (no target)" shim libc ratio ''
run "$B/nommu-run" --board "$T/ram" -- "$B/tests/bench/through" $tmpfs

heading 'Two processes at once, each on its CPU' both alone ratio 'at least'
run "$B/nommu-run" --board "$T/ram" -- "$B/tests/bench/contend"

heading 'Start, with the default of 64 MiB of RAM' took plain extra 'at most'
run "$B/tests/bench/start" "$B" "$T/ram" "$T/empty"

heading 'Who reads RAM files by FUSE, on all CPUs (no target)' board tmpfs ratio ''
run "$B/tests/bench/readers" "$T/ram" $tmpfs
off ram

board ram ram=64M
heading "RAM files by FUSE, on one CPU (no target: it asks the daemon, tmpfs is in the kernel)" board tmpfs ratio ''
run one "$B/tests/bench/files" "$T/ram" $tmpfs
run one "$B/tests/bench/names" "$T/ram" $tmpfs
if [ -n "${MEMFS_LL:-}" ]; then
	mountpoint memfs
	one "$MEMFS_LL" "$T/memfs"
	heading "RAM files, and libfuse's memfs_ll, on one CPU" board memfs_ll ratio 'at most'
	run one "$B/tests/bench/files" "$T/ram" "$T/memfs" judge
	run one "$B/tests/bench/names" "$T/ram" "$T/memfs" judge
	off memfs
else
	printf "\nRAM files, and libfuse's memfs_ll: not measured (MEMFS_LL=PROGRAM does)\n"
fi
off ram

# ---- ROM -------------------------------------------------------------------------------------------------------------

# Headers, and a large file of programs; then all that images are made of is the same.
real_files() {
	mkdir "$T/files"
	cp -RL /usr/include/linux "$T/files/include"
	find /usr/bin /usr/lib -type f -size +64k -exec cat {} + 2>/dev/null | head -c 8M >"$T/files/large"
	printf '\nROM: %s files, %s\n' "$(find "$T/files" -type f | wc -l)" "$(du -sh --apparent-size "$T/files" | cut -f1)"
}

# image NAME COMMAND…: makes $T/NAME; what the tool says is shown if it fails. False: it is not installed.
image() {
	command -v "$2" >/dev/null || { printf '%s: not measured, there is no %s here\n' "$1" "$2"; return 1; }
	"${@:2}" >"$T/made" 2>&1 || { cat "$T/made" >&2; exit 1; }
}

# Whether nommufs mounts it.
can() {
	board rom ram=1M "$T/$1" 2>"$T/why" && off rom && return
	printf '%s: not measured, %s\n' "$1" "$(cat "$T/why")"
	return 1
}

# beside SOURCE PROGRAM IMAGE WHAT
beside() {
	heading "ROM: $1, and $4, on one CPU (no target)" rom "${2%_ll}" ratio ''
	run one "$B/tests/bench/rom" "$T/files" "$B/nommufs" "$T/$1" "$T/rom" "$2" "$T/$3" "$T/other"
}

PATH=$PATH:/usr/sbin:/sbin
mountpoint rom
mountpoint other
real_files
sources=()
image romfs genromfs -f "$T/romfs" -d "$T/files" -A '4096,/*' && can romfs && sources+=(romfs)
image cramfs mkfs.cramfs "$T/files" "$T/cramfs" && can cramfs && sources+=(cramfs)
can files && sources+=(files)
for source in "${sources[@]}"; do
	board rom ram=1M "$T/$source"
	heading "ROM files, second time: $source, and the host's page cache" rom host ratio 'at most'
	run one "$B/tests/bench/again" "$T/rom/rom" "$T/files"
	off rom
done
if command -v squashfuse >/dev/null && command -v squashfuse_ll >/dev/null && command -v mksquashfs >/dev/null; then
	image squashfs mksquashfs "$T/files" "$T/squashfs" -noappend
	image plain mksquashfs "$T/files" "$T/plain" -noappend -noI -noD -noF -noX
	for source in "${sources[@]}"; do
		beside "$source" squashfuse squashfs squashfuse
		beside "$source" squashfuse_ll squashfs 'squashfuse_ll'
		beside "$source" squashfuse_ll plain 'squashfuse_ll, its image not compressed'
	done
else
	printf '\nROM beside squashfuse: not measured, squashfuse or mksquashfs is not installed\n'
fi

# ---- a board that fills ----------------------------------------------------------------------------------------------

mountpoint full
"$B/nommufs" -o ram=480M none "$T/full"
heading 'mmap + munmap on a board that fills' 'then' 'empty' ratio 'at most'
run "$B/nommu-run" --board "$T/full" -- "$B/tests/bench/growth" "$T/full"

met=$(grep -c ' met$' "$T/table" || :)
missed=$(grep -c ' MISSED$' "$T/table" || :)
printf '\n%d targets met, %d missed\n' "$met" "$missed"
[ "$missed" -eq 0 ]
