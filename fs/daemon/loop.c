/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * loop - one thread reads /dev/fuse and runs operations, each with the daemon's mutex; another waits for signals.
 *
 * A signal that came just before read(2) would not end it. So the signal thread keeps waking the reader until the
 * reader says that it saw the word.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/work.h"

struct stopper {
	pthread_t reader;
	atomic_bool asked; /* a signal came */
	atomic_bool done;  /* the reader is out of its loop */
};

static void ending_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

static void wake(int number)
{
	(void)number;
}

void loop_block_signals(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt = {.sa_handler = wake};
	sigset_t set;

	ending_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* Where RLIMIT_FSIZE forbids memory of this size, that is an error like others. */
	sigaction(SIGXFSZ, &ignore, NULL);
	sigaction(SIGUSR1, &interrupt, NULL);
}

static void *wait_for_signal(void *arg)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct stopper *stopper = arg;
	sigset_t set;
	int number;

	ending_signals(&set);
	while (sigwait(&set, &number))
		;
	stopper->asked = true;
	while (!stopper->done) {
		pthread_kill(stopper->reader, SIGUSR1);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static int serve(struct fs *fs, const struct stopper *stopper)
{
	struct fuse_buf buf = {.mem = NULL};
	int got = 0;

	while (!stopper->asked && !fuse_session_exited(fs->session)) {
		got = fuse_session_receive_buf(fs->session, &buf);
		if (got == -EINTR || got == -EAGAIN)
			continue;
		if (got <= 0)
			break;
		pthread_mutex_lock(&fs->mutex);
		fuse_session_process_buf(fs->session, &buf);
		fs->served++;
		pthread_mutex_unlock(&fs->mutex);
		if (fs->ready) {
			fs->ready(fs->ready_arg);
			fs->ready = NULL;
		}
	}
	free(buf.mem);
	return got < 0 && got != -EINTR && got != -EAGAIN ? got : 0;
}

int loop_run(struct fs *fs)
{
	struct stopper stopper = {.reader = pthread_self()};
	pthread_t signals;
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = -pthread_create(&signals, NULL, wait_for_signal, &stopper);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error)
		return error;
	error = serve(fs, &stopper);
	stopper.done = true;
	/* If it waits still, this is what it waits for. */
	pthread_kill(signals, SIGTERM);
	pthread_join(signals, NULL);
	return error;
}
