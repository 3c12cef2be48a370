/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * map - mmap, munmap and mremap as a machine without an MMU answers them.
 *
 * Every mapping goes to the engine. What is unmapped or resized goes there too if it lies in the board's windows; what
 * the host mapped (before the shim was ready, or the program itself) is the host's, but never anything that overlaps a
 * window.
 */
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "shim/context.h"
#include "shim/descriptor.h"
#include "shim/map.h"
#include "shim/trace.h"

/* The engine panics like a kernel, once; the errno alone would leave a person guessing. */
__attribute__((noinline, cold)) static void tell_stopped(void)
{
	if (!__atomic_exchange_n((uint32_t *)&shim.told, 1, __ATOMIC_RELAXED))
		shim_say("nommu: %s: the board was stopped: its tables were damaged, see the log of its nommufs\n",
			 program_invocation_short_name);
}

static bool overlaps_board(uint64_t addr, uint64_t length)
{
	struct nommu_window window;

	for (unsigned int i = 0; nommu_board_window(shim.board, i, &window); i++)
		if (addr < window.addr + window.size && (addr + length > window.addr || addr + length < addr))
			return true;
	return false;
}

/* The host lets go of what is not mapped without a word, a machine without an MMU does not. MS_ASYNC does nothing but
 * look whether all is mapped. */
static bool host_maps(uint64_t addr, uint64_t length)
{
	length = (length + NOMMU_PAGE_SIZE - 1) & ~(NOMMU_PAGE_SIZE - 1);
	return os_syscall(SYS_msync, (long)addr, (long)length, MS_ASYNC, 0, 0, 0) == 0;
}

static long map_file(struct shim_task *task, struct nommu_request *request, int fd, struct nommu_verdict *verdict)
{
	struct descriptor descriptor;
	int result;

	descriptor_describe(fd, request, &descriptor);
	/* A debugger matters to those private mappings alone that could be shared. */
	if ((request->flags & MAP_TYPE) == MAP_PRIVATE && !(request->prot & PROT_WRITE))
		request->task |= task_traced(task);
	result = nommu_mmap(shim.board, &shim.mm, request, verdict);
	descriptor_close(&descriptor);
	return result;
}

long shim_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	struct shim_task *task = shim_self();
	struct nommu_request request = {
		.addr = (uintptr_t)addr,
		.length = length,
		.prot = prot,
		.flags = flags,
		.offset = offset,
	};
	struct nommu_verdict verdict;
	long result;

	if (!shim_enter(task))
		return os_syscall(SYS_mmap, (long)addr, (long)length, prot, flags, fd, offset);
	request.task = task_personality(task);
	if (flags & MAP_ANONYMOUS)
		result = nommu_mmap(shim.board, &shim.mm, &request, &verdict);
	else
		result = map_file(task, &request, fd, &verdict);
	if (likely(result == 0))
		result = (long)verdict.addr;
	else if (result == -EIO && verdict.rule == NOMMU_RULE_BOARD_STOPPED)
		tell_stopped();
	if (trace_wanted()) {
		const long args[] = { (long)addr, (long)length, prot, flags, fd, offset };

		trace_write("mmap", "plPMdl", args, result, &verdict);
	}
	shim_leave(task);
	return result;
}

long shim_munmap(void *start, size_t length)
{
	struct shim_task *task = shim_self();
	struct nommu_verdict verdict = { .rule = NOMMU_RULE_NOT_MAPPED };
	uint64_t addr = (uintptr_t)start;
	bool host = false;
	long result;

	if (!shim_enter(task)) {
		if (shim.state == SHIM_ON && overlaps_board(addr, length))
			return -EINVAL; /* by an allocator, from inside of the engine */
		return os_syscall(SYS_munmap, (long)start, (long)length, 0, 0, 0, 0);
	}
	if (likely(addr >= shim.low && addr < shim.high && nommu_board_has(shim.board, addr))) {
		result = nommu_munmap(shim.board, &shim.mm, addr, length, &verdict);
		if (result == -EIO && verdict.rule == NOMMU_RULE_BOARD_STOPPED)
			tell_stopped();
	} else if (overlaps_board(addr, length) || !host_maps(addr, length)) {
		result = verdict.error = -EINVAL;
		verdict.addr = addr;
		verdict.asked = length;
	} else {
		host = true;
		result = os_syscall(SYS_munmap, (long)start, (long)length, 0, 0, 0, 0);
	}
	if (trace_wanted()) {
		const long args[] = { (long)start, (long)length };

		trace_write("munmap", "pl", args, result, host ? NULL : &verdict);
	}
	shim_leave(task);
	return result;
}

long shim_mremap(void *start, size_t old_length, size_t new_length, int flags, void *fixed)
{
	struct shim_task *task = shim_self();
	struct nommu_verdict verdict = { .rule = NOMMU_RULE_NOT_MAPPED };
	uint64_t addr = (uintptr_t)start;
	bool host = false;
	long result;

	if (!shim_enter(task))
		return os_syscall(SYS_mremap, (long)start, (long)old_length, (long)new_length, flags, (long)fixed, 0);
	if (likely(addr >= shim.low && addr < shim.high && nommu_board_has(shim.board, addr))) {
		result = nommu_mremap(shim.board, &shim.mm, addr, old_length, new_length, flags, (uintptr_t)fixed,
				      &verdict);
		if (result == 0)
			result = (long)addr;
		else if (result == -EIO && verdict.rule == NOMMU_RULE_BOARD_STOPPED)
			tell_stopped();
	} else if (overlaps_board(addr, old_length) || !host_maps(addr, old_length) ||
		   (flags & MREMAP_FIXED && overlaps_board((uintptr_t)fixed, new_length))) {
		result = verdict.error = -EINVAL;
		verdict.addr = addr;
		verdict.asked = new_length;
	} else {
		host = true;
		result = os_syscall(SYS_mremap, (long)start, (long)old_length, (long)new_length, flags, (long)fixed, 0);
	}
	if (trace_wanted()) {
		const long args[] = { (long)start, (long)old_length, (long)new_length, flags, (long)fixed };

		trace_write("mremap", flags & MREMAP_FIXED ? "pllRp" : "pllR", args, result, host ? NULL : &verdict);
	}
	shim_leave(task);
	return result;
}

/* ---- the names ------------------------------------------------------------------------------------------------- */

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return (void *)shim_result(shim_mmap(addr, length, prot, flags, fd, offset));
}

void *mmap64(void *addr, size_t length, int prot, int flags, int fd, off64_t offset)
{
	return (void *)shim_result(shim_mmap(addr, length, prot, flags, fd, offset));
}

int munmap(void *addr, size_t length)
{
	return (int)shim_result(shim_munmap(addr, length));
}

void *mremap(void *addr, size_t old_length, size_t new_length, int flags, ...)
{
	void *fixed = NULL;
	va_list args;

	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		va_start(args, flags);
		fixed = va_arg(args, void *);
		va_end(args);
	}
	return (void *)shim_result(shim_mremap(addr, old_length, new_length, flags, fixed));
}
