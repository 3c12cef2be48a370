/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ops_attr - operations on attributes: stat, chmod, chown, times, size; and the figures of the whole board. */
#include <errno.h>
#include <limits.h>
#include <linux/xattr.h>
#include <sys/stat.h>

#include "daemon/work.h"

#define GROUPS_MAX 256 /* of a caller that are looked at */

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

/* Whether the caller is in this group; the host tells the further ones only of who lives. */
static bool in_group(fuse_req_t req, gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	int count;

	if (fuse_req_ctx(req)->gid == gid)
		return true;
	count = fuse_req_getgroups(req, GROUPS_MAX, groups);
	for (int i = 0; i < count && i < GROUPS_MAX; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

void fs_kill_setid(struct fs *fs, struct tree_inode *inode, fuse_req_t req, enum fs_how how)
{
	size_t before = inode->attrs.bytes;
	uid_t uid = fuse_req_ctx(req)->uid;

	if (before && !attrs_remove(&inode->attrs, XATTR_NAME_CAPS))
		fs->attr_bytes -= before - inode->attrs.bytes;
	if (S_ISDIR(inode->mode) || !(inode->mode & (S_ISUID | S_ISGID)))
		return;
	/* Without group execute set-group-ID is mandatory locking, which the group may keep. */
	if (uid && inode->mode & S_ISGID && !(inode->mode & S_IXGRP) && !in_group(req, inode->gid))
		inode->mode &= ~(mode_t)S_ISGID;
	if (!uid && how == FS_WRITTEN)
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
	if (fs_cut_waits(inode, size))
		return -EAGAIN;
	inode->blocks_known = false;
	error = nommu_file_truncate(fs->board, inode->file, size);
	if (error)
		return error;
	inode->size = size;
	fs_kill_setid(fs, inode, work->req, FS_WRITTEN);
	fs_modified(inode);
	return 0;
}

static void set_owner(struct fs *fs, struct work *work)
{
	struct tree_inode *inode = work->inode;
	const struct stat *attr = &work->attr;
	int valid = work->valid;

	if (valid & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		fs_kill_setid(fs, inode, work->req, FS_GIVEN_AWAY);
	if (valid & FUSE_SET_ATTR_UID)
		inode->uid = attr->st_uid;
	if (valid & FUSE_SET_ATTR_GID)
		inode->gid = attr->st_gid;
}

static void set_times(struct tree_inode *inode, const struct stat *attr, int valid)
{
	if (valid & FUSE_SET_ATTR_ATIME)
		inode->atime = valid & FUSE_SET_ATTR_ATIME_NOW ? fs_now() : attr->st_atim;
	if (valid & FUSE_SET_ATTR_MTIME)
		inode->mtime = valid & FUSE_SET_ATTR_MTIME_NOW ? fs_now() : attr->st_mtim;
}

/* What chattr +a leaves: to be touched. */
static bool is_touch(int valid)
{
	const int times = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME, now = FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW;

	return valid & times && !(valid & ~(times | now | FUSE_SET_ATTR_CTIME)) &&
	       (valid & now) == (valid & FUSE_SET_ATTR_ATIME ? FUSE_SET_ATTR_ATIME_NOW : 0) +
					(valid & FUSE_SET_ATTR_MTIME ? FUSE_SET_ATTR_MTIME_NOW : 0);
}

static int reply_attr(struct fs *fs, const struct work *work)
{
	struct stat stat;
	double timeout = fs_stat(fs, work->inode, &stat);

	fuse_reply_attr(work->req, &stat, timeout);
	return 0;
}

/* The size first: it is all that can fail. */
static int do_setattr(struct fs *fs, struct work *work)
{
	struct tree_inode *inode = work->inode;
	int valid = work->valid, error = is_touch(valid) ? fs_writable(inode) : fs_changeable(inode);
	mode_t before = inode->mode;

	/* truncate(2) to the size that it has is no change, ftruncate(2) is one (POSIX). */
	if (!error && valid == FUSE_SET_ATTR_SIZE && !work->fi && (uint64_t)work->attr.st_size == inode->size &&
	    inode->file != TREE_NO_FILE)
		return reply_attr(fs, work);
	if (!error && valid & FUSE_SET_ATTR_SIZE)
		error = set_size(fs, work);
	if (error)
		return error;
	set_owner(fs, work);
	if (valid & FUSE_SET_ATTR_MODE)
		inode->mode = (inode->mode & S_IFMT) | (work->attr.st_mode & 07777);
	set_times(inode, &work->attr, valid);
	fs_changed(inode);
	/* Mandatory locking is said by mode bits. */
	if (fs->machine->mand && inode->mode != before)
		fs_file_update(fs, inode);
	return reply_attr(fs, work);
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
	struct work work = {
		.run = do_setattr,
		.req = req,
		.inode = fs_inode(req, ino),
		.attr = *attr,
		.valid = to_set,
		.fi = fi,
	};

	if (work.inode)
		work_run(fs_of(req), &work);
}

static int do_statfs(struct fs *fs, struct work *work)
{
	struct nommu_stats stats;
	struct statvfs figures;
	uint64_t inodes_free = fs->inodes < fs->inodes_max ? fs->inodes_max - fs->inodes : 0;
	int error = nommu_stats(fs->board, &stats);

	if (error)
		return error;
	if (inodes_free > stats.files_max - stats.files)
		inodes_free = stats.files_max - stats.files;
	figures = (struct statvfs){
		.f_bsize = NOMMU_PAGE_SIZE,
		.f_frsize = NOMMU_PAGE_SIZE,
		.f_blocks = stats.pages,
		.f_bfree = stats.free_pages,
		.f_bavail = stats.free_pages,
		.f_files = stats.files_max,
		.f_ffree = inodes_free,
		.f_favail = inodes_free,
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
