/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops_lock - POSIX record locks, on a mount with mand: the engine has to know who holds them. On other mounts they are
 * the host's, who then does not ask.
 *
 * A lock that cannot be had is waited for by its request, which is answered when the lock can be had, when the
 * host says that the process was interrupted, or when waiting would go round in a circle. All of it with the daemon's
 * mutex.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/work.h"

struct lock_waiter {
	struct lock_waiter *next; /* who came later */
	struct fs *fs;
	fuse_req_t req;
	struct tree_inode *inode; /* held */
	struct lock want;
	bool marked; /* is_circle's */
};

static struct lock to_lock(const struct flock *flock, const struct fuse_file_info *fi)
{
	return (struct lock){
		.owner = fi->lock_owner,
		.handle = fi->fh,
		.pid = flock->l_pid,
		.type = flock->l_type,
		.start = (uint64_t)flock->l_start,
		.end = flock->l_len ? (uint64_t)flock->l_start + (uint64_t)flock->l_len - 1 : UINT64_MAX,
	};
}

/* ---- waiting --------------------------------------------------------------------------------------------------- */

/* Off the list, and answered. */
static void end_wait(struct lock_waiter *waiter, int error)
{
	struct lock_waiter **link = &waiter->fs->waiters;

	while (*link != waiter)
		link = &(*link)->next;
	*link = waiter->next;
	fuse_reply_err(waiter->req, error);
	tree_put(&waiter->fs->tree, waiter->inode);
	free(waiter);
}

/* The host's word; it comes by the thread that reads requests, which has the mutex. */
static void interrupted(fuse_req_t req, void *data)
{
	struct lock_waiter *waiter = data;

	(void)req;
	end_wait(waiter, EINTR);
}

/* Who waits, in the end, for one owner is marked. */
struct search {
	struct fs *fs;
	uint64_t owner;
};

static bool leads_back(void *arg, const struct lock *lock)
{
	const struct search *search = arg;

	if (lock->owner == search->owner)
		return true;
	for (const struct lock_waiter *waiter = search->fs->waiters; waiter; waiter = waiter->next)
		if (waiter->marked && waiter->want.owner == lock->owner)
			return true;
	return false;
}

/* Whether one of those that are in the way of @want waits, directly or by others, for the one who asks. */
static bool is_circle(struct fs *fs, const struct tree_inode *inode, const struct lock *want)
{
	struct search search = {.fs = fs, .owner = want->owner};
	bool more = true;

	for (struct lock_waiter *waiter = fs->waiters; waiter; waiter = waiter->next)
		waiter->marked = false;
	/* Each round marks one at least. */
	while (more) {
		more = false;
		for (struct lock_waiter *waiter = fs->waiters; waiter; waiter = waiter->next) {
			if (waiter->marked ||
			    !locks_conflicts(&waiter->inode->locks, &waiter->want, leads_back, &search))
				continue;
			waiter->marked = more = true;
		}
	}
	return locks_conflicts(&inode->locks, want, leads_back, &search);
}

static int wait_for(struct fs *fs, fuse_req_t req, struct tree_inode *inode, const struct lock *want)
{
	struct lock_waiter *waiter, **end = &fs->waiters;

	if (is_circle(fs, inode, want))
		return -EDEADLK;
	/* Later than this libfuse must not find it so: it calls with the request's own lock. */
	if (fuse_req_interrupted(req))
		return -EINTR;
	waiter = malloc(sizeof(*waiter));
	if (!waiter)
		return -ENOLCK;
	*waiter = (struct lock_waiter){.fs = fs, .req = req, .inode = inode, .want = *want};
	while (*end)
		end = &(*end)->next;
	*end = waiter;
	tree_hold(inode);
	fuse_req_interrupt_func(req, interrupted, waiter);
	return 0;
}

/* ---- setting --------------------------------------------------------------------------------------------------- */

/* Who holds locks is what the engine asks of a mandatory one. */
static int change(struct fs *fs, struct tree_inode *inode, const struct lock *want)
{
	int32_t before = 0, after = 0;
	unsigned int holders = locks_holders(&inode->locks, &before);
	int error = locks_set(&inode->locks, want);

	if (!error && (locks_holders(&inode->locks, &after) != holders || after != before))
		fs_file_update(fs, inode);
	return error == -ENOMEM ? -ENOLCK : error;
}

/* One of those that wait for this inode can have its lock. */
static bool serve_one(struct fs *fs, struct tree_inode *inode)
{
	for (struct lock_waiter *waiter = fs->waiters; waiter; waiter = waiter->next) {
		int error = waiter->inode == inode ? change(fs, inode, &waiter->want) : -EAGAIN;

		if (error == -EAGAIN)
			continue;
		end_wait(waiter, -error);
		return true;
	}
	return false;
}

/* Something was given back, or became less. */
static void serve(struct fs *fs, struct tree_inode *inode)
{
	tree_hold(inode);
	while (serve_one(fs, inode))
		;
	tree_put(&fs->tree, inode);
}

void op_setlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *flock, int sleep)
{
	struct fs *fs = fs_of(req);
	struct tree_inode *inode = fs_inode(req, ino);
	struct lock want = to_lock(flock, fi);
	int error;

	if (!inode)
		return;
	error = change(fs, inode, &want);
	if (error == -EAGAIN && sleep) {
		error = wait_for(fs, req, inode, &want);
		if (!error)
			return;
	}
	fuse_reply_err(req, -error);
	if (!error && want.type != F_WRLCK)
		serve(fs, inode);
}

void op_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *flock)
{
	const struct tree_inode *inode = fs_inode(req, ino);
	struct lock want = to_lock(flock, fi), other;

	if (!inode)
		return;
	if (locks_test(&inode->locks, &want, &other)) {
		flock->l_type = F_UNLCK;
	} else {
		flock->l_type = other.type;
		flock->l_pid = other.pid;
		flock->l_start = (off_t)other.start;
		flock->l_len = other.end == UINT64_MAX ? 0 : (off_t)(other.end - other.start + 1);
	}
	fuse_reply_lock(req, flock);
}

/* ---- ends ------------------------------------------------------------------------------------------------------ */

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct tree_inode *inode = fs_inode(req, ino);
	const struct lock all = {.owner = fi->lock_owner, .type = F_UNLCK, .end = UINT64_MAX};

	if (!inode)
		return;
	if (inode->locks.first)
		change(fs, inode, &all);
	fuse_reply_err(req, 0);
	serve(fs, inode);
}

/* Those of processes went with close(2), by op_flush; those of descriptors (F_OFD_SETLK) the host tells of as of others,
 * but not of their end. */
void fs_locks_released(struct fs *fs, struct tree_inode *inode, uint64_t handle)
{
	locks_drop(&inode->locks, handle);
	fs_file_update(fs, inode);
	serve(fs, inode);
}

void fs_locks_end(struct fs *fs)
{
	while (fs->waiters)
		end_wait(fs->waiters, EIO);
}
