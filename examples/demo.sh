#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# demo - the examples, each run twice: as they are on this host, which has an MMU, and wrapped on a board without one.
#
# usage: examples/demo.sh BUILD
#
# Every line between two rules is a program's own output, of this very run. Ends with non-zero if a program failed.

set -eu

B=$(cd "${1:?usage: examples/demo.sh BUILD}" && pwd)
E=$B/examples
T=$(mktemp -d "${TMPDIR:-/tmp}/nommu-demo.XXXXXX")
HOST=$B/demo-host   # the host's copies of the files: not in /tmp, which may be mounted noexec
MNT=$T/board
WIDTH=98
HALF=48
status=0
ulimit -c 0

end() {
	local code=$?
	trap - EXIT
	[ $code -eq 0 ] || status=$code
	cd /
	if grep -qsF " $MNT " /proc/self/mountinfo; then
		fusermount3 -u "$MNT" || { status=1; fusermount3 -uz "$MNT"; }
	fi
	rm -rf --one-file-system "$T" "$HOST"
	exit "$status"
}
trap end EXIT
trap 'exit 130' INT TERM HUP

line() {
	printf '%*s\n' "$WIDTH" '' | tr ' ' '-'
}

title() {
	printf '\n'
	line
	printf '%s\n\n' "$1"
}

say() {
	printf '%s\n' "$*" | fold -s -w $WIDTH | sed 's/ *$//'
}

fail() {
	status=1
	printf '\nDEMO FAILED: %s\n' "$*" >&2
}

# both PROGRAM: run as ${left[@]} on the host and as ${right[@]} on the board; outputs side by side
both() {
	local code
	code=0
	(cd "$HOST" && "${left[@]}") >"$T/left" 2>&1 || code=$?
	[ $code -eq 0 ] || fail "$1 on the host ended with $code"
	code=0
	(cd "$MNT" && "$B/nommu-run" --board "$MNT" --trace="$T/trace" -- "${right[@]}") >"$T/right" 2>&1 || code=$?
	[ $code -eq 0 ] || fail "$1 on the board ended with $code"
	columns=('this host, with an MMU' 'the board, without one')
	beside
}

# beside: $T/left and $T/right in two columns
beside() {
	local l r
	printf "  %-${HALF}s  %s\n" "${columns[@]}"
	printf "  %.${HALF}s  %.${HALF}s\n" "$(line)" "$(line)"
	while IFS= read -r -u 3 l || l=; IFS= read -r -u 4 r || r=; [ -n "$l$r" ]; do
		printf "  %-${HALF}s  %s\n" "$l" "$r"
	done 3<"$T/left" 4<"$T/right"
	printf '\n'
}

# why [PATTERN]: what nommu-run --trace had to say, of the lines that match
why() {
	printf '  nommu-run --trace says:\n'
	grep -E -- "${1:-.}" "$T/trace" | sed -e "s|$MNT||g" -e 's/^[0-9]* //' | while IFS= read -r l; do
		printf '%s\n' "$l" | fold -s -w $((WIDTH - 8)) | sed -e '1s/^/    /' -e '2,$s/^/        /' -e 's/ *$//'
	done
}

board() {
	"$B/nommufs" -o "$1" "$2" "$MNT"
}

off() {
	fusermount3 -u "$MNT"
}

[ -w /dev/fuse ] || { echo "demo: no /dev/fuse here (or no permission): FUSE is needed" >&2; exit 1; }
mkdir -p "$MNT" "$HOST" "$T/rom"

# What goes into ROM: lea (%rdi,%rdi,2),%eax; ret - in C, int f(int x) { return 3 * x; }
printf '\215\004\177\303' >"$T/rom/triple.bin"
genromfs -f "$T/rom.img" -d "$T/rom" -V demo -A '4096,/*'
cp "$T/rom/triple.bin" "$HOST/"
board ram=4M "$T/rom.img"

say "The programs are examples/*.c, plain C with plain mmap calls. Left: run as they are. Right: run by" \
	"nommu-run on a board of 4 MiB of RAM with a romfs image at /rom."

title '1. xip: code is run where it lies in ROM'
left=("$E/xip" triple.bin) right=("$E/xip" rom/triple.bin proc/meminfo)
both xip
say "With an MMU each mapping gets addresses of its own and the code is first read into RAM. Without one both" \
	"mappings are the very bytes of the ROM, at the ROM's address, and nothing is taken."

title '2. copy: a private writable mapping'
left=("$E/copy" file) right=("$E/copy" file)
both copy
say "With an MMU a page is copied at the first store to it; until then the file shows through. Without one" \
	"nothing notices that first store, so the whole mapping is copied at once, into one contiguous run of RAM."

title '3. share and peer: a linked list handed over by pointer'
left=("$E/share" file "$E/peer") right=("$E/share" file "$E/peer")
both share
say "With an MMU the file lies elsewhere in the other process: the pointer is worth nothing there. Without one" \
	"there is one address space: the pointer is good in both."

title '4. refused: calls that need an MMU'
left=("$E/refused" .) right=("$E/refused" .)
both refused
why ' = -1 '

title '5. fifo: memory that is free, but not in one piece'
rm "$MNT/file" "$MNT/log" "$MNT/data"
left=("$E/fifo" 1024) right=("$E/fifo" 1024)
both fifo
why '262144.* = -1 '
printf '\n'
say "With an MMU any free pages will do, wherever they lie. Without one a mapping needs them side by side."

title '6. trim: what vm.nr_trim_pages is for'
columns=('the board, nr_trim_pages=0' 'the board, nr_trim_pages=1 (the default)')
trim_with() {
	off
	board "ram=4M,trim=$1" none
	"$B/nommu-run" --board "$MNT" -- "$E/trim" 5 >"$2" 2>&1 || fail "trim with trim=$1 ended with $?"
}
trim_with 0 "$T/left"
trim_with 1 "$T/right"
beside
say "Memory is found in blocks of 2^n pages, 8 for a mapping of 5. With trimming the 3 pages behind it go back" \
	"and can be used; without, they are lost until it is unmapped. (An MMU takes 5 pages, from anywhere.)"

title '7. maps: one mapping of each sort, and proc/maps of the board'
off
board ram=4M "$T/rom.img"
(cd "$MNT" && "$B/nommu-run" --board "$MNT" -- "$E/maps" rom/triple.bin file proc/maps) ||
	fail "maps ended with $?"
line
