/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/task.h"

#include <fcntl.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "shim/context.h"

#define TRACED_FRESH_NS 1000000u

_Thread_local struct shim_task shim_task;

_Static_assert(offsetof(struct shim_task, calls) == 0 && offsetof(struct shim_task, deferred) == 4 &&
		       offsetof(struct shim_task, actions) == 8 && offsetof(struct shim_task, personality) == 16 &&
		       offsetof(struct shim_task, engine) == 24 &&
		       offsetof(struct nommu_task, tid) == 0 && offsetof(struct nommu_task, inside) == 4 &&
		       offsetof(struct nommu_task, deferred) == 8,
	       "the assembly below knows the record's first 40 bytes");

/*
 * vfork. It cannot be written in C: the child returns first, through a stack frame that the parent needs too. So the
 * return address waits in rdi and the parent's table of handlers in r8, which the kernel keeps for both.
 *
 * Between shim_vfork_back and shim_vfork_clear the record may be what another task left there: the parent's, as the
 * child finds it, or the child's, as the parent finds it, perhaps killed in the middle of a call. A signal, such as the
 * child's SIGCHLD, may come right there; task_mend does this work then.
 */
__asm__(".pushsection .text\n"
	".globl vfork\n"
	".globl __vfork\n"
	".hidden shim_vfork_back\n"
	".hidden shim_vfork_clear\n"
	".globl shim_vfork_back\n"
	".globl shim_vfork_clear\n"
	".type vfork, @function\n"
	".set __vfork, vfork\n"
	"vfork:\n"
	".cfi_startproc\n"
	"	movq shim_task@gottpoff(%rip), %rsi\n"
	"	movq %fs:8(%rsi), %r8\n"
	"	popq %rdi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	.cfi_register %rip, %rdi\n"
	"	movl $58, %eax\n"
	"	syscall\n"
	"shim_vfork_back:\n"
	"	movq $0, %fs:0(%rsi)\n"
	"	movq $0, %fs:16(%rsi)\n"
	"	movq $0, %fs:24(%rsi)\n"
	"	movq $0, %fs:32(%rsi)\n"
	"	movq %r8, %fs:8(%rsi)\n"
	"shim_vfork_clear:\n"
	"	pushq %rdi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset %rip, 0\n"
	"	pushq %rax\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	movslq %eax, %rdi\n"
	"	call shim_vfork_came\n"
	"	popq %rdx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	".cfi_endproc\n"
	".size vfork, . - vfork\n"
	".popsection\n");

extern const char shim_vfork_back[] __attribute__((visibility("hidden")));
extern const char shim_vfork_clear[] __attribute__((visibility("hidden")));

int shim_vfork_came(long result) __attribute__((visibility("hidden"), used));

/* Child, parent or failure: what vfork returns. */
int shim_vfork_came(long result)
{
	if (result == 0)
		signal_unshare(shim_self());
	return (int)shim_result(result);
}

/* The kernel put the context where a vfork child has been that never returned: AddressSanitizer still takes that part of
 * the stack for the child's frames. */
__attribute__((no_sanitize_address)) void task_mend(struct shim_task *task, const void *context)
{
	const ucontext_t *interrupted = context;
	uint64_t at = (uint64_t)interrupted->uc_mcontext.gregs[REG_RIP];

	if (likely(at - (uint64_t)shim_vfork_back >= (uint64_t)(shim_vfork_clear - shim_vfork_back)))
		return;
	task->calls = 0;
	task->deferred = 0;
	task->personality = 0;
	task->engine.tid = 0;
	task->engine.inside = 0;
	task->engine.deferred = 0;
	task->actions = (struct shim_action *)(uintptr_t)interrupted->uc_mcontext.gregs[REG_R8];
}

uint32_t task_personality(struct shim_task *task)
{
	if (unlikely(!task->personality)) {
		long now = os_syscall(SYS_personality, 0xffffffff, 0, 0, 0, 0, 0);

		task->personality = TASK_PERSONALITY_KNOWN;
		if (now >= 0 && now & READ_IMPLIES_EXEC)
			task->personality |= NOMMU_TASK_READ_IMPLIES_EXEC;
	}
	return task->personality & ~TASK_PERSONALITY_KNOWN;
}

/* The program's own change of it: on the host, and to be asked for anew. */
int personality(unsigned long persona)
{
	long result = os_syscall(SYS_personality, (long)persona, 0, 0, 0, 0, 0);

	shim_self()->personality = 0;
	return (int)shim_result(result);
}

/* Whether "TracerPid:" in /proc/thread-self/status names anybody. Without a /proc: nobody. */
static uint32_t look_for_tracer(void)
{
	char text[512]; /* the line comes among the first ten */
	const char *at;
	long fd, len;

	fd = os_syscall(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/status", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd < 0)
		return 0;
	len = os_syscall(SYS_read, fd, (long)text, sizeof(text) - 1, 0, 0, 0);
	os_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	at = strstr(text, "\nTracerPid:\t");
	return at && at[sizeof("\nTracerPid:\t") - 1] != '0' ? NOMMU_TASK_TRACED : 0;
}

uint32_t task_traced(struct shim_task *task)
{
	uint64_t now = os_now(CLOCK_MONOTONIC);

	if (unlikely(!task->traced_checked || now - task->traced_checked >= TRACED_FRESH_NS)) {
		task->traced = look_for_tracer();
		task->traced_checked = now;
	}
	return task->traced;
}
