#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whatever a program does to itself, and whatever else is loaded into it: mapping works on, or it is refused with words;
# and nothing of ours is on its standard streams.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
mkdir -p root/bin
t_cc=${CC:-cc}

# quiet WHAT…: it goes well, and says nothing
quiet() {
	local out
	out=$(t_run "$H/shim-robust" "$@" 2>&1) || t_fail "$*, $profile: exit status $?: $out"
	t_eq "$out" "" "$*, $profile: output"
}

robust() {
	quiet
	quiet closed threads vfork
	quiet silent threads vfork
	quiet dir library threads
	quiet jump
	quiet jump closed threads jump
	quiet vfork library vfork
	NOMMU_FORK=allow quiet closed fork dir threads fork
	NOMMU_FORK=allow quiet jump fork
	NOMMU_FORK=allow quiet silent fork
	(
		unset HOME USER LANG
		quiet threads library
		env -i "$B/nommu-run" --board "$MNT" -- "$H/mapcall" 'map a anon 1p rw private' >/dev/null
	) || t_fail "without an environment"
	# What it started before goes on; a child by fork has no way to the board, and that is said.
	if [ "$(id -u)" = 0 ]; then
		quiet user threads vfork
		quiet chroot "$T/root" threads vfork
		for how in "chroot $T/root" "user"; do
			out=$(NOMMU_FORK=allow t_run "$H/shim-robust" $how fork 2>&1) && t_fail "$how, a fork went well"
			t_eq "$out" "a child: EAGAIN" "$how"
		done
		# So has another program, by exec.
		out=$(t_run "$H/shim-robust" user exec "$T/robust" 2>&1) && t_fail "another user's program ran"
		t_has "$out" "nommu: robust: cannot attach to the board: " "another user's program"
	fi
	t_eq "$(cat "$MNT/proc/maps")" "" "what is left, $profile"
}
chmod 755 "$T"
cp "$H/shim-robust" robust
t_profiles robust

# ---- what else is loaded ----------------------------------------------------------------------------------------

cat >other.c <<'C'
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
/* One that maps before main, and after it, and has a function of libc in its hands. */
static char *early;
__attribute__((constructor)) static void start(void)
{
	early = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	early[0] = 'o';
}
__attribute__((destructor)) static void end(void)
{
	if (early[0] != 'o' || munmap(early, 4096))
		write(2, "other: lost\n", 12);
}
int puts(const char *text)
{
	return printf("other: %s\n", text);
}
C
cat >program.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
int main(void)
{
	char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *heap = malloc(5000000);
	if (map == MAP_FAILED || !heap)
		return 3;
	memset(map, 'm', 8192);
	memset(heap, 'h', 5000000);
	printf("%lx %c%c\n", (unsigned long)map >> 28, map[8191], heap[4999999]);
	free(heap);
	if (munmap(map, 8192) || !munmap(map, 8192))
		return 4;
	puts("end");
	return 0;
}
C
"$t_cc" -shared -fPIC -O1 -o other.so other.c
"$t_cc" -g -o program program.c
"$t_cc" -g -fsanitize=address,undefined -o asan program.c

debugged() {
	local out
	# Under a debugger private mappings are copies; stopped inside of a mapping, and going on.
	out=$(NOMMU_FORK=allow t_run gdb -nx -q -batch -ex 'set startup-with-shell off' -ex 'break main' -ex run \
		-ex 'break shim_mmap' -ex continue -ex 'delete' -ex continue ./program 2>&1)
	t_has "$out" "6 mh"$'\n'"end" "gdb, $profile"
	t_has "$out" "exited normally" "gdb, $profile"
	# gdb itself has no fork, and says so.
	t_has "$(t_run gdb -nx -q -batch -ex run ./program 2>&1)" "Function not implemented" "gdb without fork, $profile"
}

loaded() {
	local jemalloc
	t_eq "$(t_run ./program)" "6 mh"$'\n'"end" "alone, $profile"
	if [ -z "$t_asan" ]; then
		t_eq "$(LD_PRELOAD=$T/other.so t_run ./program 2>&1)" "6 mh"$'\n'"other: end" "its own LD_PRELOAD, $profile"
		t_eq "$(t_run ./asan 2>&1)" "6 mh"$'\n'"end" "AddressSanitizer, $profile"
		jemalloc=$(ldconfig -p | sed -n 's/.*libjemalloc\.so\.2.* => //p' | head -n 1)
		t_eq "$(LD_PRELOAD=$jemalloc t_run ./program 2>&1)" "6 mh"$'\n'"end" "jemalloc, $profile"
		t_eq "$(t_run valgrind -q --error-exitcode=9 ./program 2>&1)" "6 mh"$'\n'"end" "Valgrind, $profile"
		# Its vfork is a fork, and it has no clone.
		for program in "shim-robust threads vfork library jump" "shim-memory-file names" "shim-missing" \
			"shim-children threads" "shim-exec execve none" "shim-exec posix_spawn preload"; do
			status=0
			out=$(t_run valgrind -q --error-exitcode=9 "$H"/$program 2>&1) || status=$?
			[ "$status" != 9 ] || t_fail "$program under Valgrind, $profile: $out"
			t_lacks "$out" "==" "$program under Valgrind, $profile"
		done
	fi
	[ -n "$t_asan" ] || debugged
	t_eq "$(cat "$MNT/proc/maps")" "" "what is left, $profile"
}
for profile in bdi linux6; do
	t_mount -o "ram=64M,max-order=12,profile=$profile"
	loaded
	t_umount
done
