/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops_data - operations on bytes: open, read, write.
 *
 * A file in board RAM bypasses the host's page cache, since its pages are the memory that mappings see. A file of the
 * image never changes: the host caches it for ever. Both are answered straight from the window.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "daemon/work.h"

/* The most that the host asks for in one read is 256 pages; the first and the last of them may be cut. */
#define READ_IOVS 258

uint32_t fs_open_flags_ram(void)
{
	return FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES | FOPEN_NOFLUSH;
}

/* By hand, since libfuse has no field for parallel direct writes. */
static void reply_open(fuse_req_t req, struct tree_inode *inode, uint32_t flags)
{
	const struct fuse_open_out out = {.open_flags = flags};

	if (!fuse_reply_buf(req, (const char *)&out, sizeof(out)))
		tree_hold(inode);
}

static int open_ram(struct fs *fs, struct work *work)
{
	struct tree_inode *inode = work->inode;
	int error;

	if (work->fi->flags & O_TRUNC) {
		inode->blocks_known = false;
		error = inode->size ? nommu_file_truncate(fs->board, inode->file, 0) : 0;
		if (error)
			return error;
		inode->size = 0;
		fs_kill_setid(inode, fuse_req_ctx(work->req)->uid == 0);
		fs_modified(inode);
	}
	reply_open(work->req, inode, fs_open_flags_ram());
	return 0;
}

static int open_rom(struct work *work)
{
	if ((work->fi->flags & O_ACCMODE) != O_RDONLY || work->fi->flags & O_TRUNC)
		return -EROFS;
	reply_open(work->req, work->inode, FOPEN_KEEP_CACHE | FOPEN_NOFLUSH);
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
		return open_rom(work);
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
	if (count)
		fuse_reply_iov(work->req, iov, count);
	else
		fuse_reply_buf(work->req, NULL, 0);
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

static int do_write(struct fs *fs, struct work *work)
{
	struct tree_inode *inode = work->inode;
	ssize_t wrote = 0;

	if (inode->area == TREE_PROC)
		return write_proc(fs, work);
	while (work->done < work->size) {
		wrote = nommu_file_write(fs->board, inode->file, (const char *)work->data + work->done,
					 work->size - work->done, work->offset + work->done);
		if (wrote <= 0)
			break;
		work->done += (size_t)wrote;
		if (work->offset + work->done > inode->size)
			inode->size = work->offset + work->done;
		inode->blocks_known = false;
	}
	if (wrote < 0 && (!work->done || work_again(fs, work, (int)wrote)))
		return (int)wrote;
	if (work->done) {
		fs_kill_setid(inode, fuse_req_ctx(work->req)->uid == 0);
		fs_modified(inode);
	}
	fuse_reply_write(work->req, work->done);
	return 0;
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
