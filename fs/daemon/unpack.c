/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unpack - reads of compressed files, by threads of their own: the thread that reads /dev/fuse never waits for zlib.
 *
 * What they read is sealed memory and a tree that does not change, so all they share with the rest is their queue. The
 * host asks in order and keeps what it got for ever.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/fs.h"
#include "daemon/thread.h"

#define THREADS 2

struct job {
	struct job *next;
	fuse_req_t req;
	const struct packed *packed;
	uint64_t offset;
	size_t size;
};

struct unpacker {
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t wake;
	struct job *first, **end;
	bool stopping;
	unsigned int threads;
	pthread_t thread[THREADS];
};

static void do_job(const struct job *job)
{
	const struct packed *p = job->packed;
	char *buf = malloc(job->size ? job->size : 1);
	ssize_t bytes = buf ? image_unpack(p->format, p->image, p->size, p->node, job->offset, buf, job->size) : -ENOMEM;

	if (bytes < 0)
		fuse_reply_err(job->req, (int)-bytes);
	else
		fuse_reply_buf(job->req, buf, (size_t)bytes);
	free(buf);
}

/* The next one; waits for it. NULL: there will be none. */
static struct job *take(struct unpacker *u)
{
	struct job *job;

	pthread_mutex_lock(&u->mutex);
	while (!u->first && !u->stopping)
		pthread_cond_wait(&u->wake, &u->mutex);
	job = u->stopping ? NULL : u->first;
	if (job) {
		u->first = job->next;
		if (!u->first)
			u->end = &u->first;
	}
	pthread_mutex_unlock(&u->mutex);
	return job;
}

static void *work(void *arg)
{
	struct job *job;

	while ((job = take(arg))) {
		do_job(job);
		free(job);
	}
	return NULL;
}

int unpack_start(struct fs *fs)
{
	struct unpacker *u = calloc(1, sizeof(*u));
	int error = 0;

	if (!u)
		return -ENOMEM;
	u->end = &u->first;
	pthread_mutex_init(&u->mutex, NULL);
	pthread_cond_init(&u->wake, NULL);
	fs->unpacker = u;
	while (u->threads < THREADS && !error) {
		error = thread_start(&u->thread[u->threads], work, u, 0);
		u->threads += !error;
	}
	return error;
}

void unpack_stop(struct fs *fs)
{
	struct unpacker *u = fs->unpacker;

	if (!u)
		return;
	pthread_mutex_lock(&u->mutex);
	u->stopping = true;
	pthread_cond_broadcast(&u->wake);
	pthread_mutex_unlock(&u->mutex);
	while (u->threads)
		pthread_join(u->thread[--u->threads], NULL);
	while (u->first) {
		struct job *job = u->first;

		u->first = job->next;
		fuse_reply_err(job->req, EIO);
		free(job);
	}
	pthread_cond_destroy(&u->wake);
	pthread_mutex_destroy(&u->mutex);
	free(u);
	fs->unpacker = NULL;
}

void unpack_read(struct fs *fs, fuse_req_t req, const struct packed *packed, uint64_t offset, size_t size)
{
	struct unpacker *u = fs->unpacker;
	struct job *job = malloc(sizeof(*job));

	if (!job) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	*job = (struct job){.req = req, .packed = packed, .offset = offset, .size = size};
	pthread_mutex_lock(&u->mutex);
	*u->end = job;
	u->end = &job->next;
	pthread_cond_signal(&u->wake);
	pthread_mutex_unlock(&u->mutex);
}
