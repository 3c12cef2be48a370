#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# NOMMU_TRACE: a line for each call, with what became of it and why; nothing without it.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
t_mount
echo text >file

calls=("open f r $T/file" 'map a anon 3p rw private' 'map b f 1p r shared'
	'map c anon 1p rwx private,fixed,0x40000000 0 0x10000'
	'unmap a 1p' 'remap a 3p 9p maymove' 'host h 1p' 'unmap h 1p')
out=$(t_run "$H/mapcall" "${calls[@]}" 2>&1)
t_eq "$(wc -l <<<"$out")" ${#calls[@]} "lines without a trace: $out"

# has NUMBER PATTERN…: this line of the trace, each PATTERN a shell pattern that must match all of it
has() {
	local line
	line=$(sed -n "$1p" trace)
	# shellcheck disable=SC2053
	[[ $line == $2 ]] || t_fail "line $1 of the trace: '$line' does not match '$2'"
}

check() {
	t_eq "$(wc -l <trace)" 7 "lines in the trace: $(cat trace)"
	has 1 '+([0-9]) mmap(NULL, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x60000000: anonymous: *'
	has 2 "+([0-9]) mmap(NULL, 4096, PROT_READ, MAP_SHARED, +([0-9])<$T/file>, 0) = -1 ENODEV: shared-not-direct: *"
	has 3 '+([0-9]) mmap(0x10000, 4096, PROT_READ|PROT_WRITE|PROT_EXEC, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|0x40000000,'\
' -1, 0) = -1 EINVAL: fixed: *'
	has 4 '+([0-9]) munmap(0x60000000, 4096) = -1 EINVAL: partial: *'
	has 5 '+([0-9]) mremap(0x60000000, 12288, 36864, MREMAP_MAYMOVE) = -1 ENOMEM: mremap-limit: *'
	has 6 "+([0-9]) munmap(0x7*, 4096) = 0: the host's own memory, not the board's"
	has 7 '+([0-9]) munmap(0x60000000, 12288) = 0: unmapped: *'
	t_eq "$(cut -d' ' -f1 trace | sort -u | wc -l)" 1 "processes in the trace"
}
shopt -s extglob
calls+=('unmap a 3p')

# To a file, by a name that is relative to where the program starts; lines are added.
NOMMU_TRACE=trace t_run "$H/mapcall" "${calls[@]}" >/dev/null
check
cp trace once
NOMMU_TRACE=$T/trace t_run "$H/mapcall" 'map a anon 1p rw private' >/dev/null
t_eq "$(wc -l <trace)" 8 "lines after a second program"

# To standard error.
NOMMU_TRACE=- t_run "$H/mapcall" "${calls[@]}" 2>trace >/dev/null
check

# The missing calls too.
rm trace
NOMMU_TRACE=trace t_run "$H/shim-missing" >/dev/null
for call in 'mprotect(0x*, 4096, PROT_READ|PROT_WRITE) = -1 ENOSYS: not-implemented: *' \
	'madvise(0x*, 4096, MADV_NORMAL) = -1 ENOSYS: *' 'fork() = -1 ENOSYS: *' 'daemon(1, 1) = -1 ENOSYS: *'; do
	found=
	while read -r line; do
		# shellcheck disable=SC2053
		[[ $line != +([0-9])' '$call ]] || found=1
	done <trace
	[ -n "$found" ] || t_fail "no line like '$call' in: $(cat trace)"
done

# A program that looks at its descriptors finds none of ours, and one that closes them is traced on.
NOMMU_TRACE=trace t_run ls /proc/self/fd >fds
ls /proc/self/fd >own
t_eq "$(cat fds)" "$(cat own)" "open descriptors"
: >trace
NOMMU_TRACE=trace t_run "$H/mapcall" 'map a anon 1p rw private' 'close 2' 'close 3' 'close 4' 'close 5' \
	'unmap a 1p' >out
t_eq "$(wc -l <trace)" 2 "lines of a program that closes descriptors"

# A trace that cannot be written is said, and the program goes on.
out=$(NOMMU_TRACE=/nonexistent/trace t_run "$H/mapcall" 'map a anon 1p rw private' 2>&1)
t_has "$out" "mapcall: cannot write a trace to /nonexistent/trace: ENOENT"
t_has "$out" "map a anon 1p rw private: ok"

# A file's name cannot make lines of its own.
name=$'a\n1234 mmap(NULL) = 0x1: direct'
echo text >"$name"
NOMMU_TRACE=$T/forged t_run "$H/mapcall" 'map a 3 1p r private' 3<"$name" >/dev/null
t_eq "$(wc -l <forged)" 1 "lines of a file with a newline in its name"
t_has "$(cat forged)" "3<$T/a?1234 mmap(NULL) = 0x1: direct>" "the name"
