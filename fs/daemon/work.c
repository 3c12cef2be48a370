/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* work - see work.h */
#include "daemon/work.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/thread.h"

#define WAIT_MS     50   /* one wait for the board's lock */
#define MOMENT_NS   50000
#define LOOK_MS     5    /* between two looks whether requests still come */
#define QUIET_LOOKS 3
#define MEMORY_MS   200  /* and no longer than that */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool work_again(const struct fs *fs, const struct work *work, int error)
{
	if (work->last)
		return false;
	if (error == -EAGAIN)
		return true;
	if (error != -ENOSPC && error != -ENOMEM)
		return false;
	return fs->files > fs->named && work->req && !work->settled;
}

/* A copy that outlives the request's buffer. */
static struct work *copy(const struct work *work)
{
	size_t name = work->name ? strlen(work->name) + 1 : 0;
	size_t data = work->data ? work->size : 0;
	struct work *own = malloc(sizeof(*own) + name + data);
	char *at = (char *)(own + 1);

	if (!own)
		return NULL;
	*own = *work;
	if (work->data) {
		memcpy(at, work->data, data);
		own->data = at;
	}
	if (work->name) {
		memcpy(at + data, work->name, name);
		own->name = at + data;
	}
	if (work->fi) {
		own->fi_copy = *work->fi;
		own->fi = &own->fi_copy;
	}
	return own;
}

static int defer(struct fs *fs, const struct work *work)
{
	struct work *own = copy(work);

	if (!own)
		return -ENOMEM;
	own->since = now_ms();
	own->next = NULL;
	if (fs->last)
		fs->last->next = own;
	else
		fs->first = own;
	fs->last = own;
	if (own->inode) {
		own->inode->queued++;
		tree_hold(own->inode);
	}
	pthread_cond_signal(&fs->wake);
	return 0;
}

void work_run(struct fs *fs, struct work *work)
{
	int error = -EAGAIN;

	if (!work->inode || !work->inode->queued)
		error = work->run(fs, work);
	if (error && work_again(fs, work, error))
		error = defer(fs, work);
	if (error && work->req)
		fuse_reply_err(work->req, -error);
}

/* The first of the queue is through: answered, or given up with this error. */
static void finish(struct fs *fs, struct work *work, int error)
{
	if (error && work->req)
		fuse_reply_err(work->req, -error);
	fs->first = work->next;
	if (!fs->first)
		fs->last = NULL;
	if (work->inode) {
		work->inode->queued--;
		tree_put(&fs->tree, work->inode);
	}
	free(work);
}

/* Without the mutex: until another try may go better. */
static void wait_for(struct fs *fs, bool memory)
{
	const struct timespec look = {.tv_nsec = LOOK_MS * 1000000};

	const struct timespec moment = {.tv_nsec = MOMENT_NS};

	if (memory) {
		nanosleep(&look, NULL);
		return;
	}
	/* Or for a reader of this very file, who has no lock. */
	nanosleep(&moment, NULL);
	nommu_board_wait(fs->board, WAIT_MS);
}

/* Whether this try is the last one, for want of the lock or of memory. */
static void look(const struct fs *fs, struct work *work)
{
	struct pollfd requests = {.fd = fuse_session_fd(fs->session), .events = POLLIN};
	int64_t waited = now_ms() - work->since;

	if (work->req)
		work->last = waited >= WORK_SECONDS * 1000;
	if (!work->starved)
		return;
	if (poll(&requests, 1, 0) > 0 || work->served != fs->served)
		work->quiet = 0;
	else
		work->quiet++;
	work->served = fs->served;
	work->settled = work->quiet >= QUIET_LOOKS || waited >= MEMORY_MS;
}

/* The first of the queue, once. Nobody else takes it out. */
static void try_first(struct fs *fs)
{
	struct work *work = fs->first;
	int error;

	pthread_mutex_unlock(&fs->mutex);
	wait_for(fs, work->starved);
	pthread_mutex_lock(&fs->mutex);
	look(fs, work);
	error = work->run(fs, work);
	if (!error || !work_again(fs, work, error)) {
		finish(fs, work, error);
		return;
	}
	work->starved = error != -EAGAIN;
	/* What nobody waits for lets the others pass. */
	if (!work->req && work->next) {
		fs->first = work->next;
		work->next = NULL;
		fs->last->next = work;
		fs->last = work;
	}
}

static void *worker(void *arg)
{
	struct fs *fs = arg;

	pthread_mutex_lock(&fs->mutex);
	while (!fs->stopping) {
		if (fs->first)
			try_first(fs);
		else
			pthread_cond_wait(&fs->wake, &fs->mutex);
	}
	pthread_mutex_unlock(&fs->mutex);
	return NULL;
}

int work_start_thread(struct fs *fs)
{
	int error = thread_start(&fs->worker, worker, fs, 0);

	fs->worker_runs = !error;
	return error;
}

void work_stop_thread(struct fs *fs)
{
	if (fs->worker_runs) {
		pthread_mutex_lock(&fs->mutex);
		fs->stopping = true;
		pthread_cond_signal(&fs->wake);
		pthread_mutex_unlock(&fs->mutex);
		pthread_join(fs->worker, NULL);
		fs->worker_runs = false;
	}
	while (fs->first)
		finish(fs, fs->first, -EIO);
}
