/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ops_attr - operations on attributes: stat, chmod, chown, times, size; and the figures of the whole board. */
#include <errno.h>
#include <sys/stat.h>

#include "daemon/work.h"

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct tree_inode *inode = fs_inode(req, ino);
	struct stat stat;
	double valid;

	(void)fi;
	if (!inode)
		return;
	valid = fs_stat(fs_of(req), inode, &stat);
	fuse_reply_attr(req, &stat, valid);
}

void fs_kill_setid(struct tree_inode *inode, bool root)
{
	if (root || S_ISDIR(inode->mode))
		return;
	inode->mode &= ~(mode_t)S_ISUID;
	if (inode->mode & S_IXGRP)
		inode->mode &= ~(mode_t)S_ISGID;
}

static int set_size(struct fs *fs, struct work *work)
{
	struct tree_inode *inode = work->inode;
	uint64_t size = (uint64_t)work->attr.st_size;
	int error;

	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (inode->file == TREE_NO_FILE)
		return -EINVAL;
	inode->blocks_known = false;
	error = nommu_file_truncate(fs->board, inode->file, size);
	if (error)
		return error;
	inode->size = size;
	fs_kill_setid(inode, fuse_req_ctx(work->req)->uid == 0);
	fs_modified(inode);
	return 0;
}

static void set_owner(struct tree_inode *inode, const struct stat *attr, int valid)
{
	if (valid & FUSE_SET_ATTR_UID)
		inode->uid = attr->st_uid;
	if (valid & FUSE_SET_ATTR_GID)
		inode->gid = attr->st_gid;
	if (valid & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		fs_kill_setid(inode, false);
}

static void set_times(struct tree_inode *inode, const struct stat *attr, int valid)
{
	if (valid & FUSE_SET_ATTR_ATIME)
		inode->atime = valid & FUSE_SET_ATTR_ATIME_NOW ? fs_now() : attr->st_atim;
	if (valid & FUSE_SET_ATTR_MTIME)
		inode->mtime = valid & FUSE_SET_ATTR_MTIME_NOW ? fs_now() : attr->st_mtim;
}

/* The size first: it is all that can fail. */
static int do_setattr(struct fs *fs, struct work *work)
{
	struct tree_inode *inode = work->inode;
	int valid = work->valid, error = fs_writable(inode);
	struct stat stat;
	double timeout;

	if (!error && valid & FUSE_SET_ATTR_SIZE)
		error = set_size(fs, work);
	if (error)
		return error;
	set_owner(inode, &work->attr, valid);
	if (valid & FUSE_SET_ATTR_MODE)
		inode->mode = (inode->mode & S_IFMT) | (work->attr.st_mode & 07777);
	set_times(inode, &work->attr, valid);
	fs_changed(inode);
	timeout = fs_stat(fs, inode, &stat);
	fuse_reply_attr(work->req, &stat, timeout);
	return 0;
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
	struct work work = {
		.run = do_setattr,
		.req = req,
		.inode = fs_inode(req, ino),
		.attr = *attr,
		.valid = to_set,
	};

	(void)fi;
	if (work.inode)
		work_run(fs_of(req), &work);
}

static int do_statfs(struct fs *fs, struct work *work)
{
	struct nommu_stats stats;
	struct statvfs figures;
	int error = nommu_stats(fs->board, &stats);

	if (error)
		return error;
	figures = (struct statvfs){
		.f_bsize = NOMMU_PAGE_SIZE,
		.f_frsize = NOMMU_PAGE_SIZE,
		.f_blocks = stats.pages,
		.f_bfree = stats.free_pages,
		.f_bavail = stats.free_pages,
		.f_files = stats.files_max,
		.f_ffree = stats.files_max - stats.files,
		.f_favail = stats.files_max - stats.files,
		.f_namemax = TREE_NAME_MAX,
	};
	fuse_reply_statfs(work->req, &figures);
	return 0;
}

void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct work work = {.run = do_statfs, .req = req};

	(void)ino;
	work_run(fs_of(req), &work);
}
