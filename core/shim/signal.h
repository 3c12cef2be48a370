/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * signal - handlers that wait until their task is out of the engine.
 *
 * Every handler that the program installs is replaced by one of ours, and kept in a table. Inside of a wrapped call
 * ours keeps the first signal, blocks all others through the interrupted context and returns; on the way out the
 * signal is sent again to the same task and the mask restored. So no handler, no longjmp out of one, no exec or exit
 * of one ever runs inside, and without a signal nothing of it costs a system call. SIG_DFL and SIG_IGN are the
 * kernel's business.
 *
 * The table belongs to the process; its writers lock it and block their own signals meanwhile. A vfork child, whose
 * handlers are its own though it shares the parent's memory, has a copy.
 *
 * Not here: handlers that are installed by the bare system call.
 */
#ifndef SHIM_SIGNAL_H
#define SHIM_SIGNAL_H

#include <signal.h>
#include <stdint.h>

struct shim_task;

#define SHIM_SIGNALS 65

struct shim_action {
	void (*_Atomic handler)(int sig, siginfo_t *info, void *context); /* the program's */
	_Atomic uint32_t flags; /* SA_SIGINFO, SA_RESETHAND: what the kernel was told differs in these */
};

struct shim_signals {
	_Atomic uint32_t lock;
	_Atomic uint64_t interrupt; /* siginterrupt: a bit for each signal that shall not restart system calls */
	struct shim_action actions[SHIM_SIGNALS];
};

/* Let the deferred signal in, and the others. */
void signal_resend(struct shim_task *task);

/* SIG_BLOCK, SIG_UNBLOCK and SIG_SETMASK in the kernel's own eight bytes. Returns the mask before. */
uint64_t signal_mask(int how, uint64_t mask);

/* The handlers of @task, for a child that begins with them. */
void signal_copy(const struct shim_task *task, struct shim_action to[static SHIM_SIGNALS]);

/* The calling task is a vfork child: from now on it has a table of its own. */
void signal_unshare(struct shim_task *task);

#endif
