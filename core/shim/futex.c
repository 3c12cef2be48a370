/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * futex - a word in the board's windows has to lie in a mapping of this process, and not in a device's memory (doc);
 * then it goes on to the host, for which the windows are shared memory like any other. Words elsewhere are the host's.
 */
#include "shim/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include "shim/context.h"
#include "shim/trace.h"

static bool has_second_word(long op)
{
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_WAKE_OP:
	case FUTEX_WAIT_REQUEUE_PI:
	case FUTEX_CMP_REQUEUE_PI:
		return true;
	default:
		return false;
	}
}

static long check_word(uint64_t addr)
{
	return nommu_board_has(shim.board, addr) ? nommu_mm_holds(shim.board, &shim.mm, addr, sizeof(uint32_t)) : 0;
}

long shim_futex(const long args[static 6])
{
	const struct nommu_verdict verdict = { .error = -EFAULT, .rule = NOMMU_RULE_FUTEX_UNMAPPED };
	struct shim_task *task = shim_self();
	long result;

	if (!shim_enter(task))
		return os_syscall(SYS_futex, args[0], args[1], args[2], args[3], args[4], args[5]);
	result = check_word((uint64_t)args[0]);
	if (!result && has_second_word(args[1]))
		result = check_word((uint64_t)args[4]);
	if (result == -EFAULT && trace_wanted())
		trace_write("futex", "pxx", args, result, &verdict);
	shim_leave(task);
	/* It may wait: not inside. */
	return result == -EFAULT ? result
				 : os_syscall(SYS_futex, args[0], args[1], args[2], args[3], args[4], args[5]);
}
