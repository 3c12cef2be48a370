/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops_make - operations that make inodes and names: mknod, create (without a name too: O_TMPFILE), mkdir, symlink, link.
 *
 * Permissions and the umask are the host's (default_permissions).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/work.h"

/* What a new file takes from its directory of chattr's flags. */
#define FLAGS_INHERITED ((uint32_t)(FS_NODUMP_FL | FS_NOATIME_FL))

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
	fs->inodes++;
	inode->uid = ctx->uid;
	inode->gid = dir->mode & S_ISGID ? dir->gid : ctx->gid;
	inode->atime = inode->mtime = inode->ctime = fs_now();
	if (S_ISREG(mode) || S_ISDIR(mode)) {
		inode->bdi = dir->bdi;
		inode->flags = dir->flags & FLAGS_INHERITED;
	}
	return inode;
}

/* Whether a name may be made here; @name NULL: none will be. */
static int may_make(struct fs *fs, const struct tree_inode *dir, const char *name)
{
	int error = fs_writable(dir);

	if (error || !name)
		return error;
	if (strlen(name) > TREE_NAME_MAX)
		return -ENAMETOOLONG;
	return tree_lookup(&fs->tree, dir, name) ? -EEXIST : 0;
}

/* What an inode is made of beside its name, which it has already: its path counts. */
static int fill(struct fs *fs, struct tree_inode *inode, const char *text)
{
	if (S_ISREG(inode->mode))
		return fs_create_file(fs, inode, 0, 0);
	if (!text)
		return 0;
	inode->text = strdup(text);
	inode->size = strlen(text);
	return inode->text ? 0 : -ENOMEM;
}

/* Make and name an inode (@name NULL: without a name); held once for the caller. On failure nothing is left. */
static int make(struct fs *fs, fuse_req_t req, struct tree_inode *dir, const char *name, mode_t mode, const char *text,
		struct tree_inode **result)
{
	struct tree_inode *inode;
	int error = may_make(fs, dir, name);

	if (error)
		return error;
	error = fs_may_add_name(fs);
	if (error)
		return error;
	inode = new_inode(fs, req, dir, mode);
	if (!inode)
		return -ENOMEM;
	if (name)
		error = tree_link(&fs->tree, dir, name, inode);
	if (!error)
		error = fill(fs, inode, text);
	if (error) {
		if (inode->names)
			tree_unlink(&fs->tree, inode->names);
		tree_put(&fs->tree, inode);
		return error;
	}
	if (name) {
		fs_file_named(fs, inode);
		fs_modified(dir);
	}
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
	const struct stat *attr = &entry.attr;

	out.entry = (struct fuse_entry_out){
		.nodeid = entry.ino,
		.generation = entry.generation,
		.entry_valid = (uint64_t)valid,
		.attr_valid = (uint64_t)entry.attr_timeout,
		.attr = {
			.ino = attr->st_ino,
			.size = (uint64_t)attr->st_size,
			.blocks = (uint64_t)attr->st_blocks,
			.atime = (uint64_t)attr->st_atim.tv_sec,
			.mtime = (uint64_t)attr->st_mtim.tv_sec,
			.ctime = (uint64_t)attr->st_ctim.tv_sec,
			.atimensec = (uint32_t)attr->st_atim.tv_nsec,
			.mtimensec = (uint32_t)attr->st_mtim.tv_nsec,
			.ctimensec = (uint32_t)attr->st_ctim.tv_nsec,
			.mode = attr->st_mode,
			.nlink = (uint32_t)attr->st_nlink,
			.uid = attr->st_uid,
			.gid = attr->st_gid,
			.blksize = (uint32_t)attr->st_blksize,
		},
	};
	out.open = (struct fuse_open_out){.fh = ++fs->handle, .open_flags = fs_open_flags_ram(fs)};
	return fuse_reply_buf(req, (const char *)&out, sizeof(out));
}

/* mknod, and create if there is a struct fuse_file_info. */
static int do_make(struct fs *fs, struct work *work)
{
	struct tree_inode *inode;
	bool unnamed = work->fi && (work->fi->flags & O_TMPFILE) == O_TMPFILE;
	int error = make(fs, work->req, work->inode, unnamed ? NULL : work->name, work->mode, NULL, &inode);

	if (error)
		return error;
	inode->linkable = unnamed && !(work->fi->flags & O_EXCL);
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
	bool first;
	int error;

	if (inode->area != dir->area)
		return -EXDEV;
	error = may_make(fs, dir, name);
	if (!error)
		error = fs_changeable(inode);
	if (error)
		return error;
	if (S_ISDIR(inode->mode))
		return -EPERM;
	if (!inode->names && !inode->linkable)
		return -ENOENT;
	first = !inode->names;
	error = first ? 0 : fs_may_add_name(fs);
	if (!error)
		error = tree_link(&fs->tree, dir, name, inode);
	if (error)
		return error;
	if (!first) {
		fs->inodes++;
	} else {
		inode->linkable = false;
		fs_file_named(fs, inode);
		fs_path_changed(fs, inode);
	}
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

int fs_make_directory(struct fs *fs, struct tree_inode *dir, const char *name, struct tree_inode **result)
{
	struct tree_entry *entry = tree_lookup(&fs->tree, dir, name);
	struct tree_inode *inode;
	int error;

	if (entry) {
		*result = entry->inode;
		return S_ISDIR(entry->inode->mode) ? 0 : -ENOTDIR;
	}
	inode = tree_new(&fs->tree, 0, TREE_RAM, S_IFDIR | 0755);
	if (!inode)
		return -ENOMEM;
	/* The board's own, or there for an image: it takes nobody's room. */
	fs->inodes++;
	fs->inodes_max++;
	inode->uid = getuid();
	inode->gid = getgid();
	inode->atime = inode->mtime = inode->ctime = fs_now();
	error = tree_link(&fs->tree, dir, name, inode);
	*result = inode;
	tree_put(&fs->tree, inode);
	return error;
}
