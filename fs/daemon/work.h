/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * work - operations that may have to wait, and the one thread that waits for them.
 *
 * An operation that asks the engine is run at once, on a handle that does not wait. If the board's lock is held, or it
 * would take pages that are being read, it goes, with a copy of its arguments, to the worker, which waits without the
 * daemon's mutex and tries again, for WORK_SECONDS; then the caller gets the error. What comes for the same inode
 * meanwhile queues up behind. So the threads that read /dev/fuse never wait for a process of the board.
 *
 * Running out of board RAM is waited for too while files without a name hold some: the host's word that they are
 * forgotten may be under way, behind other requests. Once no request has come for a moment, there is none.
 *
 * Locking: all of it with the daemon's mutex.
 */
#ifndef DAEMON_WORK_H
#define DAEMON_WORK_H

#include <linux/fuse.h>
#include <sys/stat.h>

#include "daemon/fs.h"

#define WORK_SECONDS 5

/* Do it, and answer. 0: answered. -errno: not answered; nothing was done, but what the work itself says (done). */
typedef int work_fn(struct fs *fs, struct work *work);

/* One operation; only what it needs is filled in. */
struct work {
	work_fn *run;
	fuse_req_t req; /* NULL: nobody waits for an answer; it is tried until it is done */
	struct tree_inode *inode; /* what must stay in order */
	const char *name;
	const void *data;
	size_t size;
	uint64_t offset;
	struct tree_inode *from; /* of a copy; the host keeps it open */
	uint64_t from_offset;
	size_t done; /* bytes; kept from try to try */
	struct stat attr;
	int valid;
	mode_t mode;
	dev_t rdev;
	struct fuse_file_info *fi;
	uint32_t file;
	struct nommu_mm mm;
	bool last; /* there will be no other try: answer what there is */
	/* work.c's */
	struct work *next;
	int64_t since;   /* ms */
	bool starved;    /* it waits for memory */
	bool settled;    /* which will not come any more */
	uint64_t served; /* fs.served when it was looked at last */
	int quiet;       /* how many looks in a row saw no request */
	struct fuse_file_info fi_copy;
};

int work_start_thread(struct fs *fs);
/* Ends the thread; what was left is answered with EIO. */
void work_stop_thread(struct fs *fs);

/* Run it, now or by the worker. @work and what it points to are the caller's, and copied if they have to be. */
void work_run(struct fs *fs, struct work *work);

/* Whether an operation that fails so will be tried again. */
bool work_again(const struct fs *fs, const struct work *work, int error);

#endif
