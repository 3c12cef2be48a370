/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops_name - operations on names: look up, make, link, remove, rename.
 *
 * Permissions, sticky bits and the umask are the host's (default_permissions); what is checked here is what a file
 * system has to: kinds, names, and that /, /rom and /proc are file systems of their own.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/work.h"

/* ---- lookup ---------------------------------------------------------------------------------------------------- */

/* What is not in the tree of /proc: asks the board. */
static int do_lookup_proc(struct fs *fs, struct work *work)
{
	struct tree_inode *inode;
	int error = procfs_lookup(fs, work->inode, work->name, &inode);

	if (error)
		return error;
	fs_reply_entry(fs, work->req, inode);
	tree_put(&fs->tree, inode);
	return 0;
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct fuse_entry_param none = {.entry_timeout = FS_TIMEOUT};
	struct fs *fs = fs_of(req);
	struct tree_inode *dir = fs_inode(req, parent);
	struct tree_entry *entry;

	if (!dir)
		return;
	if (strlen(name) > TREE_NAME_MAX) {
		fuse_reply_err(req, ENAMETOOLONG);
		return;
	}
	entry = tree_lookup(&fs->tree, dir, name);
	if (entry) {
		fs_reply_entry(fs, req, entry->inode);
	} else if (dir->area == TREE_PROC) {
		struct work work = {.run = do_lookup_proc, .req = req, .inode = dir, .name = name};

		work_run(fs, &work);
	} else {
		fuse_reply_entry(req, &none);
	}
}

/* ---- making ---------------------------------------------------------------------------------------------------- */

/* An inode as the host's user makes it in @dir: owners, times, settings; no name yet, held once. */
static struct tree_inode *new_inode(struct fs *fs, fuse_req_t req, const struct tree_inode *dir, mode_t mode)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct tree_inode *inode;

	if (dir->mode & S_ISGID && S_ISDIR(mode))
		mode |= S_ISGID;
	inode = tree_new(&fs->tree, 0, dir->area, mode);
	if (!inode)
		return NULL;
	inode->uid = ctx->uid;
	inode->gid = dir->mode & S_ISGID ? dir->gid : ctx->gid;
	inode->atime = inode->mtime = inode->ctime = fs_now();
	if (S_ISREG(mode) || S_ISDIR(mode))
		inode->bdi = dir->bdi;
	return inode;
}

/* Whether a name may be made here; the tree itself says what is wrong with the name. */
static int may_make(struct fs *fs, const struct tree_inode *dir, const char *name)
{
	int error = fs_writable(dir);

	if (error)
		return error;
	if (strlen(name) > TREE_NAME_MAX)
		return -ENAMETOOLONG;
	return tree_lookup(&fs->tree, dir, name) ? -EEXIST : 0;
}

/* Make and name an inode; held once for the caller. On failure nothing is left. */
static int make(struct fs *fs, fuse_req_t req, struct tree_inode *dir, const char *name, mode_t mode, const char *text,
		struct tree_inode **result)
{
	struct tree_inode *inode;
	int error = may_make(fs, dir, name);

	if (error)
		return error;
	inode = new_inode(fs, req, dir, mode);
	if (!inode)
		return -ENOMEM;
	if (S_ISREG(mode))
		error = fs_create_file(fs, inode, 0, 0);
	if (!error && text) {
		inode->text = strdup(text);
		inode->size = strlen(text);
		error = inode->text ? 0 : -ENOMEM;
	}
	if (!error)
		error = tree_link(&fs->tree, dir, name, inode);
	if (error) {
		tree_put(&fs->tree, inode);
		return error;
	}
	fs_file_named(fs, inode);
	fs_modified(dir);
	*result = inode;
	return 0;
}

/* The reply to create: libfuse has no field for parallel direct writes, so it is put together here. */
static int reply_create(struct fs *fs, fuse_req_t req, struct tree_inode *inode)
{
	struct fuse_entry_param entry;
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out;
	double valid = fs_entry(fs, inode, &entry);

	out.entry = (struct fuse_entry_out){
		.nodeid = entry.ino,
		.generation = entry.generation,
		.entry_valid = (uint64_t)valid,
		.attr_valid = (uint64_t)entry.attr_timeout,
		.attr = {
			.ino = inode->ino,
			.size = inode->size,
			.blocks = inode->blocks,
			.atime = (uint64_t)inode->atime.tv_sec,
			.mtime = (uint64_t)inode->mtime.tv_sec,
			.ctime = (uint64_t)inode->ctime.tv_sec,
			.atimensec = (uint32_t)inode->atime.tv_nsec,
			.mtimensec = (uint32_t)inode->mtime.tv_nsec,
			.ctimensec = (uint32_t)inode->ctime.tv_nsec,
			.mode = inode->mode,
			.nlink = (uint32_t)inode->nlink,
			.uid = inode->uid,
			.gid = inode->gid,
			.blksize = NOMMU_PAGE_SIZE,
		},
	};
	out.open = (struct fuse_open_out){.open_flags = fs_open_flags_ram()};
	return fuse_reply_buf(req, (const char *)&out, sizeof(out));
}

/* mknod, and create if there is a struct fuse_file_info. */
static int do_make(struct fs *fs, struct work *work)
{
	struct tree_inode *inode;
	int error = make(fs, work->req, work->inode, work->name, work->mode, NULL, &inode);

	if (error)
		return error;
	if (!work->fi) {
		fs_reply_entry(fs, work->req, inode);
	} else if (!reply_create(fs, work->req, inode)) {
		inode->nlookup++;
		tree_hold(inode);
	}
	tree_put(&fs->tree, inode);
	return 0;
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct work work = {.run = do_make, .req = req, .inode = fs_inode(req, parent), .name = name, .mode = mode};

	(void)rdev;
	if (!work.inode)
		return;
	/* Devices are the board's; the mount is nodev. */
	if (S_ISCHR(mode) || S_ISBLK(mode)) {
		fuse_reply_err(req, EPERM);
		return;
	}
	if (!(mode & S_IFMT))
		work.mode |= S_IFREG;
	work_run(fs_of(req), &work);
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct work work = {
		.run = do_make,
		.req = req,
		.inode = fs_inode(req, parent),
		.name = name,
		.mode = S_IFREG | (mode & 07777),
		.fi = fi,
	};

	if (work.inode)
		work_run(fs_of(req), &work);
}

static void make_and_reply(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, const char *text)
{
	struct fs *fs = fs_of(req);
	struct tree_inode *dir = fs_inode(req, parent), *inode;
	int error;

	if (!dir)
		return;
	error = make(fs, req, dir, name, mode, text, &inode);
	if (error) {
		fuse_reply_err(req, -error);
		return;
	}
	fs_reply_entry(fs, req, inode);
	tree_put(&fs->tree, inode);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	make_and_reply(req, parent, name, S_IFDIR | (mode & 07777), NULL);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	if (strlen(target) >= PATH_MAX)
		fuse_reply_err(req, ENAMETOOLONG);
	else
		make_and_reply(req, parent, name, S_IFLNK | 0777, target);
}

static int do_link(struct fs *fs, struct tree_inode *inode, struct tree_inode *dir, const char *name)
{
	int error;

	if (inode->area != dir->area)
		return -EXDEV;
	error = may_make(fs, dir, name);
	if (error)
		return error;
	if (S_ISDIR(inode->mode))
		return -EPERM;
	if (!inode->names)
		return -ENOENT;
	error = tree_link(&fs->tree, dir, name, inode);
	if (error)
		return error;
	fs_modified(dir);
	fs_changed(inode);
	return 0;
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	struct tree_inode *inode = fs_inode(req, ino), *dir;
	int error;

	if (!inode)
		return;
	dir = fs_inode(req, parent);
	if (!dir)
		return;
	error = do_link(fs, inode, dir, name);
	if (error)
		fuse_reply_err(req, -error);
	else
		fs_reply_entry(fs, req, inode);
}

/* ---- removing -------------------------------------------------------------------------------------------------- */

/* The tops of /rom and /proc are as mount points. */
static bool is_top(const struct tree_entry *entry)
{
	return entry->inode->area != entry->dir->area;
}

/* What the loss of a name means to an inode, while it has it still. */
static void lose_name(struct fs *fs, struct tree_inode *inode)
{
	fs_changed(inode);
	if (inode->nlink == 1)
		fs_file_unnamed(fs, inode);
}

static int do_remove(struct fs *fs, struct tree_inode *dir, const char *name, bool directory)
{
	struct tree_entry *entry = tree_lookup(&fs->tree, dir, name);
	struct tree_inode *inode;
	int error;

	if (!entry)
		return -ENOENT;
	error = fs_writable(dir);
	if (error)
		return error;
	inode = entry->inode;
	if (directory && !S_ISDIR(inode->mode))
		return -ENOTDIR;
	if (!directory && S_ISDIR(inode->mode))
		return -EISDIR;
	if (is_top(entry))
		return -EBUSY;
	if (inode->live)
		return -ENOTEMPTY;
	lose_name(fs, inode);
	fs_modified(dir);
	tree_unlink(&fs->tree, entry);
	return 0;
}

static void remove_name(fuse_req_t req, fuse_ino_t parent, const char *name, bool directory)
{
	struct tree_inode *dir = fs_inode(req, parent);

	if (dir)
		fuse_reply_err(req, -do_remove(fs_of(req), dir, name, directory));
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, false);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_name(req, parent, name, true);
}

/* ---- renaming -------------------------------------------------------------------------------------------------- */

/* Whether @entry may become a name in @dir, where @victim stands now. */
static int may_rename(const struct tree_entry *entry, const struct tree_inode *dir, const struct tree_entry *victim,
		      unsigned int flags)
{
	const struct tree_inode *inode = entry->inode;
	bool exchange = flags & RENAME_EXCHANGE;
	int error;

	if (is_top(entry) || (victim && is_top(victim)))
		return -EBUSY;
	if (entry->dir->area != dir->area)
		return -EXDEV;
	error = fs_writable(dir);
	if (error)
		return error;
	if (victim && flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (!victim && exchange)
		return -ENOENT;
	if (S_ISDIR(inode->mode) && tree_below(dir, inode))
		return -EINVAL;
	if (!victim)
		return 0;
	if (exchange)
		return S_ISDIR(victim->inode->mode) && tree_below(entry->dir, victim->inode) ? -EINVAL : 0;
	if (S_ISDIR(inode->mode) && !S_ISDIR(victim->inode->mode))
		return -ENOTDIR;
	if (!S_ISDIR(inode->mode) && S_ISDIR(victim->inode->mode))
		return -EISDIR;
	return victim->inode->live ? -ENOTEMPTY : 0;
}

static int do_rename(struct fs *fs, struct tree_inode *from, const char *name, struct tree_inode *to,
		     const char *newname, unsigned int flags)
{
	struct tree_entry *entry = tree_lookup(&fs->tree, from, name);
	struct tree_entry *victim = tree_lookup(&fs->tree, to, newname);
	struct tree_inode *inode;
	int error;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (!entry)
		return -ENOENT;
	error = may_rename(entry, to, victim, flags);
	if (error)
		return error;
	inode = entry->inode;
	/* Two names of one inode: nothing is to be done (POSIX). */
	if (victim && victim->inode == inode)
		return 0;
	if (flags & RENAME_EXCHANGE) {
		fs_changed(victim->inode);
		tree_exchange(entry, victim);
	} else {
		if (victim)
			lose_name(fs, victim->inode);
		error = tree_rename(&fs->tree, entry, to, newname, victim);
		if (error)
			return error;
	}
	fs_changed(inode);
	fs_modified(from);
	fs_modified(to);
	return 0;
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent, const char *newname,
	       unsigned int flags)
{
	struct tree_inode *from = fs_inode(req, parent), *to;

	if (!from)
		return;
	to = fs_inode(req, newparent);
	if (to)
		fuse_reply_err(req, -do_rename(fs_of(req), from, name, to, newname, flags));
}
