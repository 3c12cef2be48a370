/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * brk - brk and sbrk of a program whose data end somewhere in a page: what is left of the page is all that they can have
 * (kernel: binfmt_flat leaves it so). libc's own heap is the host's and does not ask here.
 *
 * The page is of this library's own data, so a child has a copy. Shrinking keeps the bytes, growing back shows them.
 */
#include "shim/brk.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/context.h"
#include "shim/trace.h"

#define DATA_END 16u /* of the page: where the program's data are taken to end */

static _Alignas(NOMMU_PAGE_SIZE) char page[NOMMU_PAGE_SIZE];
static _Atomic uint64_t moved; /* how far the break is above DATA_END */

static uint64_t start(void)
{
	return (uintptr_t)page + DATA_END;
}

static long move_to(uint64_t addr)
{
	if (addr >= start() && addr <= (uintptr_t)page + sizeof(page))
		moved = addr - start();
	return (long)(start() + moved);
}

/* The reason is told where the break cannot be there. */
static void tell(const char *call, const char *format, long arg, long result, bool refused)
{
	const struct nommu_verdict verdict = {
		.error = refused ? -ENOMEM : 0,
		.rule = NOMMU_RULE_BRK_LIMIT,
	};

	if (trace_wanted())
		trace_write(call, format, &arg, refused ? -ENOMEM : result, &verdict);
}

long shim_brk(long addr)
{
	struct shim_task *task = shim_self();
	long now;

	if (!shim_enter(task))
		return os_syscall(SYS_brk, addr, 0, 0, 0, 0, 0);
	now = move_to((uint64_t)addr);
	tell("brk", "p", addr, now, addr && now != addr);
	shim_leave(task);
	return now;
}

int brk(void *addr)
{
	if (shim.state != SHIM_ON || shim_self()->calls)
		return real_brk(addr);
	return (int)shim_result(shim_brk((long)addr) == (long)addr ? 0 : -ENOMEM);
}

static long grow(intptr_t increment)
{
	struct shim_task *task = shim_self();
	uint64_t before, after;
	long now;

	if (!shim_enter(task))
		return -ENOMEM;
	before = start() + moved;
	after = before + (uint64_t)increment;
	now = move_to(after);
	tell("sbrk", "l", increment, (long)before, (uint64_t)now != after);
	shim_leave(task);
	return (uint64_t)now == after ? (long)before : -ENOMEM;
}

void *sbrk(intptr_t increment)
{
	if (shim.state != SHIM_ON || shim_self()->calls)
		return real_sbrk(increment);
	return (void *)shim_result(grow(increment));
}

void *__sbrk(intptr_t increment);

void *__sbrk(intptr_t increment)
{
	return sbrk(increment);
}
