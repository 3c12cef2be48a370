/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thread - how the daemon starts its threads: signals are the loop's, no other thread takes one. */
#ifndef DAEMON_THREAD_H
#define DAEMON_THREAD_H

#include <pthread.h>
#include <signal.h>

/* Start a thread that no signal reaches but @unblocked, which is sent to it (0: none). 0 or -errno. */
static inline int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg, int unblocked)
{
	sigset_t set, old;
	int error;

	sigfillset(&set);
	if (unblocked)
		sigdelset(&set, unblocked);
	pthread_sigmask(SIG_SETMASK, &set, &old);
	error = -pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

#endif
