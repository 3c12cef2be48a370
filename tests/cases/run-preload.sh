#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The shim comes first in LD_PRELOAD, what the user has there stays, sanitizers' runtimes keep the front.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

t_mount
cat >other.c <<'END'
#include <stdio.h>
__attribute__((constructor)) static void here(void) { fputs("other was loaded\n", stderr); }
END
"${CC:-cc}" -shared -fPIC -o other.so other.c

# preload [LD_PRELOAD]: what the program has there
preload() {
	if [ -n "$t_asan" ]; then
		set -- "$t_asan${1:+:$1}"
	fi
	ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" LD_PRELOAD=${1:-} "$B/nommu-run" --board="$MNT" -- \
		sh -c 'echo "$LD_PRELOAD"' 2>err
}

shim=$B/libnommu-preload.so
if [ -z "$t_asan" ]; then
	t_eq "$(preload)" "$shim" "alone"
	t_eq "$(preload "$T/other.so")" "$shim:$T/other.so" "with another"
	t_has "$(cat err)" 'other was loaded'
	t_eq "$(preload "$shim")" "$shim" "nested"
	t_eq "$(preload "$T/other.so $shim")" "$shim:$T/other.so" "nested, with another"
else
	t_has "$(preload "$T/other.so")" "$shim:"
	t_has "$(preload "$T/other.so")" ":$T/other.so"
fi
# Nested nommu-run: still one shim, still the same board.
t_eq "$(t_run "$B/nommu-run" -- sh -c 'echo "$NOMMU_BOARD"')" "$MNT" "the board of a nested nommu-run"

# A program that was built with AddressSanitizer (gcc links its runtime dynamically).
cat >asan.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
int main(int argc, char **argv)
{
	char *heap = malloc(10);
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	page[0] = 'x';
	printf("%d\n", mmap((void *)0x10000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
	fflush(stdout);
	if (argc > 1)
		heap[10] = 1;
	free(heap);
	return munmap(page, 4096);
}
END
gcc -g -fsanitize=address -o asan asan.c
status=0
out=$(ASAN_OPTIONS=detect_leaks=0 "$B/nommu-run" --board="$MNT" -- ./asan 2>err) || status=$?
t_eq "$status $out" '0 1' "a program with AddressSanitizer: $(cat err)"
status=0
ASAN_OPTIONS=detect_leaks=0 "$B/nommu-run" --board="$MNT" -- ./asan x >out 2>err || status=$?
t_has "$(cat err)" 'heap-buffer-overflow' "it still finds mistakes"
[ "$status" -ne 0 ] || t_fail "an overflow went unnoticed"
