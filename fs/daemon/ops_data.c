/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops_data - operations on bytes: open, read, write.
 *
 * A file in board RAM bypasses the host's page cache, since its pages are the memory that mappings see. A file of the
 * image never changes: the host caches it for ever. Both are answered straight from the window.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/work.h"

/* The most that the host asks for in one read is 256 pages; the first and the last of them may be cut. */
#define READ_IOVS 258

#define REPLY_APART 32768u /* bytes of a reply that others do not wait for */

#define COPY_MAX (4u << 20) /* bytes that one request copies; the host asks again */

/* Locks end with close(2): where they are ours, we have to hear of it. */
uint32_t fs_open_flags(const struct fs *fs)
{
	return fs->machine->mand ? 0 : FOPEN_NOFLUSH;
}

uint32_t fs_open_flags_ram(const struct fs *fs)
{
	return FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES | fs_open_flags(fs);
}

/* By hand, since libfuse has no field for parallel direct writes. */
static void reply_open(fuse_req_t req, struct tree_inode *inode, uint32_t flags)
{
	const struct fuse_open_out out = {.fh = ++fs_of(req)->handle, .open_flags = flags};

	if (!fuse_reply_buf(req, (const char *)&out, sizeof(out)))
		tree_hold(inode);
}

/* What chattr set. */
static int may_open(const struct tree_inode *inode, int flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY;

	if (writes && flags & O_APPEND && !(flags & O_TRUNC))
		return fs_writable(inode);
	return writes || flags & O_TRUNC ? fs_changeable(inode) : 0;
}

static int open_ram(struct fs *fs, struct work *work)
{
	struct tree_inode *inode = work->inode;
	int error = may_open(inode, work->fi->flags);

	if (error)
		return error;
	if (work->fi->flags & O_TRUNC && fs_cut_waits(inode, 0))
		return -EAGAIN;
	if (work->fi->flags & O_TRUNC) {
		inode->blocks_known = false;
		error = inode->size ? nommu_file_truncate(fs->board, inode->file, 0) : 0;
		if (error)
			return error;
		inode->size = 0;
		fs_kill_setid(fs, inode, work->req, FS_WRITTEN);
		fs_modified(inode);
	}
	reply_open(work->req, inode, fs_open_flags_ram(fs));
	return 0;
}

static int open_rom(const struct fs *fs, struct work *work)
{
	if ((work->fi->flags & O_ACCMODE) != O_RDONLY || work->fi->flags & O_TRUNC)
		return -EROFS;
	reply_open(work->req, work->inode, FOPEN_KEEP_CACHE | fs_open_flags(fs));
	return 0;
}

static int open_proc(struct fs *fs, struct work *work)
{
	int error = procfs_open(fs, work->inode, work->fi);

	if (error)
		return error;
	if (fuse_reply_open(work->req, work->fi))
		procfs_release(fs, work->inode, work->fi);
	else
		tree_hold(work->inode);
	return 0;
}

static int do_open(struct fs *fs, struct work *work)
{
	switch (work->inode->area) {
	case TREE_ROM:
		return open_rom(fs, work);
	case TREE_PROC:
		return open_proc(fs, work);
	default:
		return open_ram(fs, work);
	}
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct work work = {.run = do_open, .req = req, .inode = fs_inode(req, ino), .fi = fi};

	if (work.inode)
		work_run(fs_of(req), &work);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct tree_inode *inode = fs_inode(req, ino);

	if (!inode)
		return;
	if (inode->area == TREE_PROC)
		procfs_release(fs, inode, fi);
	if (inode->locks.first)
		fs_locks_released(fs, inode, fi->fh);
	fuse_reply_err(req, 0);
	tree_put(&fs->tree, inode);
}

/* ---- read ------------------------------------------------------------------------------------------------------ */

static bool has_hole(const struct fs *fs, const struct iovec *iov, int count)
{
	for (int i = 0; i < count; i++)
		if (!nommu_board_has(fs->board, (uintptr_t)iov[i].iov_base))
			return true;
	return false;
}

/* Without the mutex, so that others go on while the host copies. The pages must stay the file's for so long: what
 * would take them from it waits (fs_cut_waits). */
static void reply_apart(struct fs *fs, const struct work *work, const struct iovec *iov, int count)
{
	struct tree_inode *inode = work->inode;

	tree_hold(inode);
	inode->reading++;
	pthread_mutex_unlock(&fs->mutex);
	fuse_reply_iov(work->req, iov, count);
	pthread_mutex_lock(&fs->mutex);
	inode->reading--;
	tree_put(&fs->tree, inode);
}

bool fs_cut_waits(const struct tree_inode *inode, uint64_t size)
{
	return inode->reading && size < inode->size;
}

static int do_read(struct fs *fs, struct work *work)
{
	struct tree_inode *inode = work->inode;
	struct iovec iov[READ_IOVS];
	size_t bytes;
	int count = nommu_file_iov(fs->board, inode->file, work->offset, work->size, iov, READ_IOVS, &bytes);

	/* As the kernel does: reading a hole fills it. Without memory, or when the lock cannot be had, it is read all
	 * the same. */
	if (count > 0 && inode->area == TREE_RAM && fs->profile == NOMMU_PROFILE_LINUX6 && has_hole(fs, iov, count)) {
		int error = nommu_file_fill(fs->board, inode->file, work->offset, bytes);

		if (error && work_again(fs, work, error))
			return error;
		inode->blocks_known = false;
		count = nommu_file_iov(fs->board, inode->file, work->offset, work->size, iov, READ_IOVS, &bytes);
	}
	if (count < 0)
		return count;
	fs_accessed(fs, inode);
	if (!count)
		fuse_reply_buf(work->req, NULL, 0);
	else if (bytes < REPLY_APART)
		fuse_reply_iov(work->req, iov, count);
	else
		reply_apart(fs, work, iov, count);
	return 0;
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct work work = {
		.run = do_read,
		.req = req,
		.inode = fs_inode(req, ino),
		.size = size,
		.offset = (uint64_t)off,
	};

	if (!work.inode)
		return;
	if (work.inode->area == TREE_PROC)
		procfs_read(req, size, off, fi);
	else if (work.inode->packed)
		unpack_read(fs_of(req), req, work.inode->packed, (uint64_t)off, size);
	else
		work_run(fs_of(req), &work);
}

static int do_seek(struct fs *fs, struct work *work)
{
	int64_t at = nommu_file_seek(fs->board, work->inode->file, work->offset, work->valid == SEEK_DATA);

	if (at < 0)
		return (int)at;
	fuse_reply_lseek(work->req, at);
	return 0;
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	struct work work = {
		.run = do_seek,
		.req = req,
		.inode = fs_inode(req, ino),
		.offset = (uint64_t)off,
		.valid = whence,
	};

	(void)fi;
	if (!work.inode)
		return;
	/* Of the rest the host sees to itself. */
	if ((whence != SEEK_DATA && whence != SEEK_HOLE) || work.inode->file == TREE_NO_FILE)
		fuse_reply_err(req, EINVAL);
	else
		work_run(fs_of(req), &work);
}

/* ---- write ----------------------------------------------------------------------------------------------------- */

static int write_proc(struct fs *fs, struct work *work)
{
	int error = procfs_write(fs, work->inode, work->data, work->size);

	if (error)
		return error;
	fuse_reply_write(work->req, work->size);
	return 0;
}

/* Put @size bytes behind what is done; done counts them as far as it goes. Returns what the last write said. */
static ssize_t put(struct fs *fs, struct work *work, const char *data, size_t size)
{
	struct tree_inode *inode = work->inode;
	ssize_t wrote = 0;

	while (size) {
		wrote = nommu_file_write(fs->board, inode->file, data, size, work->offset + work->done);
		if (wrote <= 0)
			break;
		data += wrote;
		size -= (size_t)wrote;
		work->done += (size_t)wrote;
		if (work->offset + work->done > inode->size)
			inode->size = work->offset + work->done;
		inode->blocks_known = false;
	}
	return wrote;
}

/* The answer to a write, if there is one already. */
static int answer(struct fs *fs, struct work *work, ssize_t wrote)
{
	if (wrote < 0 && (!work->done || work_again(fs, work, (int)wrote)))
		return (int)wrote;
	if (work->done) {
		fs_kill_setid(fs, work->inode, work->req, FS_WRITTEN);
		fs_modified(work->inode);
	}
	fuse_reply_write(work->req, work->done);
	return 0;
}

static int do_write(struct fs *fs, struct work *work)
{
	const struct tree_inode *inode = work->inode;

	if (inode->area == TREE_PROC)
		return write_proc(fs, work);
	/* The host does not know of chattr +a: a descriptor may have lost its O_APPEND since. */
	if (inode->flags & FS_APPEND_FL && !work->done && work->offset < inode->size)
		return -EPERM;
	return answer(fs, work, put(fs, work, (const char *)work->data + work->done, work->size - work->done));
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct work work = {
		.run = do_write,
		.req = req,
		.inode = fs_inode(req, ino),
		.data = buf,
		.size = size,
		.offset = (uint64_t)off,
	};

	(void)fi;
	if (work.inode)
		work_run(fs_of(req), &work);
}

/* ---- copy ------------------------------------------------------------------------------------------------------ */

/* From the board's memory into the board's memory; the rest is the host's, by reads and writes. */
static int do_copy(struct fs *fs, struct work *work)
{
	struct tree_inode *from = work->from;
	struct iovec iov[READ_IOVS];
	ssize_t wrote = 0;
	size_t bytes;

	while (work->done < work->size && wrote >= 0) {
		int count = nommu_file_iov(fs->board, from->file, work->from_offset + work->done,
					   work->size - work->done, iov, READ_IOVS, &bytes);

		if (count <= 0)
			break;
		for (int i = 0; i < count && wrote >= 0; i++)
			wrote = put(fs, work, iov[i].iov_base, iov[i].iov_len);
	}
	if (work->done)
		fs_accessed(fs, from);
	return answer(fs, work, wrote);
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in, struct fuse_file_info *fi_in,
			fuse_ino_t ino_out, off_t off_out, struct fuse_file_info *fi_out, size_t len, int flags)
{
	struct work work = {
		.run = do_copy,
		.req = req,
		.inode = fs_inode(req, ino_out),
		.offset = (uint64_t)off_out,
		.from_offset = (uint64_t)off_in,
		.size = len < COPY_MAX ? len : COPY_MAX,
	};

	(void)fi_in;
	(void)fi_out;
	if (!work.inode)
		return;
	work.from = fs_inode(req, ino_in);
	if (!work.from)
		return;
	if (flags || work.from->packed || work.from->area == TREE_PROC || work.inode->area != TREE_RAM)
		fuse_reply_err(req, EOPNOTSUPP);
	else if (work.inode->flags & FS_APPEND_FL && work.offset < work.inode->size)
		fuse_reply_err(req, EPERM);
	else
		work_run(fs_of(req), &work);
}
