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
#include "shim/user.h"

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

/* One that is not aligned the host refuses first. */
static long check_word(uint64_t addr)
{
	if (addr % sizeof(uint32_t) || !nommu_board_has(shim.board, addr))
		return 0;
	return nommu_mm_holds(shim.board, &shim.mm, addr, sizeof(uint32_t));
}

static long check_words(uint64_t vector, uint64_t count)
{
	struct futex_waitv words[FUTEX_WAITV_MAX];
	long result = 0;

	/* What is wrong with these the host says. */
	if (!count || count > FUTEX_WAITV_MAX || user_copy_in(words, (const void *)vector, count * sizeof(words[0])))
		return 0;
	for (uint64_t i = 0; i < count && !result; i++)
		result = check_word(words[i].uaddr);
	return result;
}

/* Whether the call may go on; it may wait, so not from inside of the shim. */
static bool may(struct shim_task *task, const char *name, const long *args, long result)
{
	const struct nommu_verdict verdict = { .error = -EFAULT, .rule = NOMMU_RULE_FUTEX_UNMAPPED };

	if (result == -EFAULT && trace_wanted())
		trace_write(name, "pxx", args, result, &verdict);
	shim_leave(task);
	return result != -EFAULT;
}

long shim_futex(const long args[static 6])
{
	struct shim_task *task = shim_self();
	long result;

	if (shim_enter(task)) {
		result = check_word((uint64_t)args[0]);
		if (!result && has_second_word(args[1]))
			result = check_word((uint64_t)args[4]);
		if (!may(task, "futex", args, result))
			return -EFAULT;
	}
	return os_syscall(SYS_futex, args[0], args[1], args[2], args[3], args[4], args[5]);
}

long shim_futex2(long number, const long args[static 6])
{
	struct shim_task *task = shim_self();
	long result;

	if (shim_enter(task)) {
		if (number == SYS_futex_waitv)
			result = check_words((uint64_t)args[0], (uint32_t)args[1]);
		else if (number == SYS_futex_requeue)
			result = check_words((uint64_t)args[0], 2);
		else
			result = check_word((uint64_t)args[0]);
		if (!may(task, "futex2", args, result))
			return -EFAULT;
	}
	return os_syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}
