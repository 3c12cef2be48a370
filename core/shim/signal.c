/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/signal.h"

#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "shim/context.h"

uint64_t signal_mask(int how, uint64_t mask)
{
	uint64_t old = 0;

	os_syscall(SYS_rt_sigprocmask, how, (long)&mask, (long)&old, sizeof(mask), 0, 0);
	return old;
}

static uint64_t mask_of(int sig)
{
	return 1ULL << (sig - 1);
}

/* A vfork child's table, in its parent's thread-local storage. A vfork child of a vfork child shares it. */
static _Thread_local struct shim_action child_actions[SHIM_SIGNALS] __attribute__((tls_model("initial-exec")));

void signal_copy(const struct shim_task *task, struct shim_action to[static SHIM_SIGNALS])
{
	const struct shim_action *from = task->actions ? task->actions : shim.signals.actions;

	for (int sig = 0; sig < SHIM_SIGNALS; sig++) {
		to[sig].handler = from[sig].handler;
		to[sig].flags = from[sig].flags;
	}
}

void signal_unshare(struct shim_task *task)
{
	if (task->actions)
		return;
	signal_copy(task, child_actions);
	task->actions = child_actions;
}

static struct shim_action *action_at(struct shim_task *task, int sig)
{
	return (task->actions ? task->actions : shim.signals.actions) + sig;
}

/* Returns the mask to give back. No handler of this task runs while it is held, so none can wait for it. */
static uint64_t table_lock(struct shim_task *task)
{
	uint64_t mask = signal_mask(SIG_BLOCK, ~0ULL);

	if (task->actions) /* a vfork child is alone with its copy; and if it is killed here its parent must go on */
		return mask;
	while (__atomic_exchange_n((uint32_t *)&shim.signals.lock, 1, __ATOMIC_ACQUIRE))
		os_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	return mask;
}

static void table_unlock(struct shim_task *task, uint64_t mask)
{
	if (!task->actions)
		__atomic_store_n((uint32_t *)&shim.signals.lock, 0, __ATOMIC_RELEASE);
	signal_mask(SIG_SETMASK, mask);
}

static void reset_to_default(int sig)
{
	struct sigaction action;

	/* Flags such as SA_NOCLDWAIT stay, as they do when the kernel does it. */
	if (real_sigaction(sig, NULL, &action) != 0)
		return;
	action.sa_handler = SIG_DFL;
	real_sigaction(sig, &action, NULL);
}

static void send_to_self(int sig, siginfo_t *info)
{
	long pid = os_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
	long tid = os_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);

	/* The kernel refuses if too many signals wait (RLIMIT_SIGPENDING): then it comes without its details. */
	if (os_syscall(SYS_rt_tgsigqueueinfo, pid, tid, sig, (long)info, 0, 0) < 0)
		os_syscall(SYS_tgkill, pid, tid, sig, 0, 0, 0);
}

void signal_resend(struct shim_task *task)
{
	siginfo_t info = task->signal;
	uint64_t mask = task->mask;

	task->deferred = 0;
	send_to_self(info.si_signo, &info);
	signal_mask(SIG_SETMASK, mask);
}

/*
 * The kernel's SA_RESETHAND would have taken the handler away before we know whether it runs now. So it is done here,
 * when it does run. Returns false if another task was first: then SIG_DFL has its turn.
 */
static bool take_once(struct shim_task *task, struct shim_action *action, int sig)
{
	uint64_t mask = table_lock(task);
	uint32_t flags = action->flags;
	struct sigaction now;
	bool mine = true;

	if (flags & SA_RESETHAND) {
		mine = real_sigaction(sig, NULL, &now) == 0 && now.sa_handler != SIG_DFL;
		if (mine)
			reset_to_default(sig);
	}
	table_unlock(task, mask);
	return mine;
}

static bool is_fault(int sig, const siginfo_t *info)
{
	return info->si_code > 0 && (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE);
}

/* An answer to the very instruction that was interrupted, by a sandbox or a debugger, cannot come later. */
static bool cannot_wait(int sig, const siginfo_t *info)
{
	return info->si_code > 0 && (sig == SIGSYS || sig == SIGTRAP);
}

static void put_off(struct shim_task *task, int sig, siginfo_t *info, ucontext_t *interrupted)
{
	const uint64_t all = ~0ULL;

	if (is_fault(sig, info)) {
		/* The engine touches nothing but the board and the caller's stack. Dying inside lets the next task roll
		 * back; returning repeats the fault. */
		shim_say("nommu: signal %d at address %p inside of the engine: the board's tables are damaged\n", sig,
			 info->si_addr);
		reset_to_default(sig);
		return;
	}
	task->signal = *info;
	task->signal.si_signo = sig;
	/* The kernel's signal mask has 8 bytes, libc's type 128. */
	memcpy(&task->mask, &interrupted->uc_sigmask, sizeof(task->mask));
	memcpy(&interrupted->uc_sigmask, &all, sizeof(all));
	task->deferred = 1;
}

/* What the kernel calls. */
static void handle(int sig, siginfo_t *info, void *context)
{
	struct shim_task *task = shim_self();
	struct shim_action *action;

	task_mend(task, context);
	if (task->calls && !cannot_wait(sig, info)) {
		put_off(task, sig, info, context);
		return;
	}
	action = action_at(task, sig);
	if (unlikely(action->flags & SA_RESETHAND) && !take_once(task, action, sig)) {
		send_to_self(sig, info);
		return;
	}
	action->handler(sig, info, context);
}

static bool ours(int sig)
{
	return sig > 0 && sig < SHIM_SIGNALS && shim.state != SHIM_OFF;
}

static bool is_handler(const struct sigaction *action)
{
	return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

static bool is_wrapped(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == handle;
}

static void unwrap(const struct shim_action *action, struct sigaction *old)
{
	const int changed = SA_SIGINFO | (int)SA_RESETHAND;

	if (!is_wrapped(old))
		return;
	old->sa_sigaction = action->handler;
	old->sa_flags = (old->sa_flags & ~changed) | ((int)action->flags & changed);
}

static int change(int sig, const struct sigaction *new, struct sigaction *old)
{
	struct shim_task *task = shim_self();
	struct shim_action *action;
	struct shim_action before;
	struct sigaction wrapped;
	uint64_t mask;
	int result;

	if (!ours(sig))
		return real_sigaction(sig, new, old);
	action = action_at(task, sig);
	mask = table_lock(task);
	before.handler = action->handler;
	before.flags = action->flags;
	if (new && is_handler(new)) {
		wrapped = *new;
		wrapped.sa_sigaction = handle;
		wrapped.sa_flags = (new->sa_flags | SA_SIGINFO) & ~(int)SA_RESETHAND;
		/* First the table: from the next line on the handler may be called, on another thread. */
		action->handler = new->sa_sigaction;
		action->flags = (uint32_t)new->sa_flags;
		new = &wrapped;
	}
	result = real_sigaction(sig, new, old);
	if (result == 0 && old)
		unwrap(&before, old);
	if (result != 0) {
		action->handler = before.handler;
		action->flags = before.flags;
	}
	table_unlock(task, mask);
	return result;
}

static sighandler_t set_handler(int sig, sighandler_t handler, int flags, bool hold)
{
	struct sigaction new = { .sa_handler = handler, .sa_flags = flags }, old;

	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	if (hold && sig > 0 && sig < SHIM_SIGNALS)
		sigaddset(&new.sa_mask, sig);
	return change(sig, &new, &old) == 0 ? old.sa_handler : SIG_ERR;
}

/* ---- the names ------------------------------------------------------------------------------------------------- */

int __sigaction(int sig, const struct sigaction *action, struct sigaction *old);
sighandler_t bsd_signal(int sig, sighandler_t handler);
sighandler_t __sysv_signal(int sig, sighandler_t handler);

int sigaction(int sig, const struct sigaction *restrict action, struct sigaction *restrict old)
{
	return change(sig, action, old);
}

int __sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	return change(sig, action, old);
}

/* BSD: the handler stays, the signal is held meanwhile, system calls restart. */
static sighandler_t set_bsd(int sig, sighandler_t handler)
{
	bool restart = sig <= 0 || sig >= SHIM_SIGNALS || !(shim.signals.interrupt & mask_of(sig));

	return set_handler(sig, handler, restart ? SA_RESTART : 0, true);
}

sighandler_t signal(int sig, sighandler_t handler)
{
	return set_bsd(sig, handler);
}

sighandler_t bsd_signal(int sig, sighandler_t handler)
{
	return set_bsd(sig, handler);
}

sighandler_t ssignal(int sig, sighandler_t handler)
{
	return set_bsd(sig, handler);
}

/* System V: once, and the signal is not held. */
sighandler_t sysv_signal(int sig, sighandler_t handler)
{
	return set_handler(sig, handler, (int)SA_RESETHAND | SA_NODEFER, false);
}

sighandler_t __sysv_signal(int sig, sighandler_t handler)
{
	return set_handler(sig, handler, (int)SA_RESETHAND | SA_NODEFER, false);
}

sighandler_t sigset(int sig, sighandler_t disposition)
{
	struct sigaction old;
	sighandler_t before;
	uint64_t mask;

	if (disposition == SIG_HOLD) {
		if (change(sig, NULL, &old) != 0)
			return SIG_ERR;
		mask = signal_mask(SIG_BLOCK, mask_of(sig));
		before = old.sa_handler;
	} else {
		before = set_handler(sig, disposition, 0, false);
		if (before == SIG_ERR)
			return SIG_ERR;
		mask = signal_mask(SIG_UNBLOCK, mask_of(sig));
	}
	return mask & mask_of(sig) ? SIG_HOLD : before;
}

int siginterrupt(int sig, int interrupt)
{
	struct sigaction action;

	if (change(sig, NULL, &action) != 0)
		return -1;
	if (interrupt) {
		shim.signals.interrupt |= mask_of(sig);
		action.sa_flags &= ~SA_RESTART;
	} else {
		shim.signals.interrupt &= ~mask_of(sig);
		action.sa_flags |= SA_RESTART;
	}
	return change(sig, &action, NULL);
}
