#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --trace: a line a call, to standard error or a file; a folder changed in between does not matter.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

t_mount
cat >prog.c <<'END'
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void)
{
	if (chdir("/"))
		return 1;
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}
END
"${CC:-cc}" -o prog prog.c
r_run 0 --board "$MNT" -- ./prog
t_lacks "$err" mmap "without --trace"
r_run 0 --board "$MNT" --trace -- ./prog
t_has "$err" mmap "--trace"
t_has "$err" fixed "the rule"
r_run 0 --board "$MNT" --trace=log -- ./prog
t_lacks "$err" mmap "--trace=log, standard error"
t_has "$(cat log)" mmap "--trace=log"
lines=$(wc -l <log)
# Emptied at each start.
r_run 0 --ram=1M --trace=log -- ./prog
t_eq "$(wc -l <log)" "$lines" "lines of a second log"
r_refused 125 '--trace=/no/such/folder/log' --trace=/no/such/folder/log --board "$MNT" -- true
r_refused 125 '--trace' --trace="$T" --board "$MNT" -- true
