/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * loop - two threads read /dev/fuse and run operations, each with the daemon's mutex; another waits for signals.
 *
 * So while one copies a large reply to the host, which needs no mutex (ops_data.c), the other goes on; and a small one
 * often finds a thread that is awake.
 *
 * A signal that came just before read(2) would not end it. So the signal thread keeps waking the first reader, and that
 * one the second, until they are out of their loops.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/thread.h"
#include "daemon/work.h"

#define READERS 2

struct loop {
	struct fs *fs;
	pthread_t reader[READERS]; /* the first is the caller of loop_run */
	int error[READERS];
	atomic_bool asked; /* they are to end */
	atomic_bool done;  /* the first one has */
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

static void pause_a_little(void)
{
	const struct timespec pause = {.tv_nsec = 10000000};

	nanosleep(&pause, NULL);
}

static void *wait_for_signal(void *arg)
{
	struct loop *loop = arg;
	sigset_t set;
	int number;

	ending_signals(&set);
	while (sigwait(&set, &number))
		;
	loop->asked = true;
	while (!loop->done) {
		pthread_kill(loop->reader[0], SIGUSR1);
		pause_a_little();
	}
	return NULL;
}

/* libfuse 3.14 does not know the request for a file without a name, which is that of create but for the flags in it. */
static void know_tmpfile(const struct fuse_buf *buf)
{
	struct fuse_in_header *header = buf->mem;

	if (buf->size >= sizeof(*header) && header->opcode == FUSE_TMPFILE)
		header->opcode = FUSE_CREATE;
}

static int serve(struct loop *loop)
{
	struct fs *fs = loop->fs;
	struct fuse_buf buf = {.mem = NULL};
	int got = 0;

	while (!loop->asked && !fuse_session_exited(fs->session)) {
		got = fuse_session_receive_buf(fs->session, &buf);
		if (got == -EINTR || got == -EAGAIN)
			continue;
		if (got <= 0)
			break;
		know_tmpfile(&buf);
		pthread_mutex_lock(&fs->mutex);
		fuse_session_process_buf(fs->session, &buf);
		fs->served++;
		if (fs->ready) {
			fs->ready(fs->ready_arg);
			fs->ready = NULL;
		}
		pthread_mutex_unlock(&fs->mutex);
	}
	free(buf.mem);
	/* Where one ends all do. */
	loop->asked = true;
	return got < 0 && got != -EINTR && got != -EAGAIN ? got : 0;
}

static void *serve_too(void *arg)
{
	struct loop *loop = arg;

	loop->error[1] = serve(loop);
	return NULL;
}

int loop_run(struct fs *fs)
{
	struct loop loop = {.fs = fs, .reader[0] = pthread_self()};
	pthread_t signals;
	int error = thread_start(&loop.reader[1], serve_too, &loop, SIGUSR1);

	if (error)
		return error;
	error = thread_start(&signals, wait_for_signal, &loop, 0);
	if (!error)
		loop.error[0] = serve(&loop);
	loop.done = loop.asked = true;
	while (pthread_tryjoin_np(loop.reader[1], NULL) == EBUSY) {
		pthread_kill(loop.reader[1], SIGUSR1);
		pause_a_little();
	}
	if (error)
		return error;
	/* If it waits still, this is what it waits for. */
	pthread_kill(signals, SIGTERM);
	pthread_join(signals, NULL);
	return loop.error[0] ? loop.error[0] : loop.error[1];
}
