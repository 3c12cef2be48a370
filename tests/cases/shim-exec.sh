#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a program becomes or starts is on the board as well, whatever environment it is given; an empty NOMMU_BOARD is the
# way out.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
PATH=$H:$PATH
hows=(execve execveat fexecve execvpe execle number number-at posix_spawn posix_spawnp vfork execv execvp execl execlp)
t_mount -o ram=4M
for how in "${hows[@]}"; do
	t_eq "$(t_run "$H/shim-exec" $how own)" "board, two" "$how, the environment as it was"
	t_eq "$(t_run "$H/shim-exec" $how none)" "board, two" "$how, an empty environment"
	t_eq "$(t_run "$H/shim-exec" $how other)" "board, two, other" "$how, another environment"
	t_eq "$(t_run "$H/shim-exec" $how preload)" "board, two, mine" "$how, with an LD_PRELOAD of its own"
	t_eq "$(t_run "$H/shim-exec" $how many)" "board, two, many" "$how, a large environment"
	t_eq "$(t_run "$H/shim-exec" $how out)" "host, two, out" "$how, the way out"
	# An empty one to the kernel; libc knows better in one place.
	expected="board, two"
	[ $how != fexecve ] || expected=EINVAL
	t_eq "$(t_run "$H/shim-exec" $how null || :)" "$expected" "$how, no environment at all"
	t_eq "$(t_run "$H/shim-exec" $how none /nonexistent || :)" \
		"$(env -u NOMMU_BOARD "$H/shim-exec" $how none /nonexistent || :)" "$how, of nothing"
	t_eq "$(t_run "$H/shim-exec" $how none "$T" || :)" \
		"$(env -u NOMMU_BOARD "$H/shim-exec" $how none "$T" || :)" "$how, of a folder"
done
# Trace and permission go along.
NOMMU_TRACE=$T/trace NOMMU_FORK=allow t_run "$H/shim-exec" execve none >/dev/null
t_eq "$(grep -c ' mmap(NULL, 4096' trace)" 1 "traced"
t_eq "$(NOMMU_FORK=allow t_run env -i bash -c 'echo $(echo forked)')" forked "env -i, and a fork"
t_eq "$(cat "$MNT/proc/maps")" "" "what is left"
t_umount
