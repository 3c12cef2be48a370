/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops_name - operations on names that are there: look up, remove, rename. Those that make names are ops_make's.
 *
 * Permissions and sticky bits are the host's (default_permissions); what is checked here is what a file system has to:
 * kinds, names, chattr's flags, and that /, the images and /proc are file systems of their own.
 */
#include <errno.h>
#include <stdio.h>
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

/* ---- removing -------------------------------------------------------------------------------------------------- */

/* The tops of images and of /proc are as mount points. */
static bool is_top(const struct tree_entry *entry)
{
	return entry->inode->area != entry->dir->area;
}

/* What the loss of a name means to an inode, while it has it still. It is held until name_lost. */
static void lose_name(struct fs *fs, struct tree_inode *inode)
{
	tree_hold(inode);
	fs_changed(inode);
	if (S_ISDIR(inode->mode))
		return;
	if (inode->nlink == 1)
		fs_file_unnamed(fs, inode);
	else
		fs->inodes--;
}

/* And afterwards: it may go by another one now. */
static void name_lost(struct fs *fs, struct tree_inode *inode)
{
	if (inode->names)
		fs_path_changed(fs, inode);
	tree_put(&fs->tree, inode);
}

static int do_remove(struct fs *fs, struct tree_inode *dir, const char *name, bool directory)
{
	struct tree_entry *entry = tree_lookup(&fs->tree, dir, name);
	struct tree_inode *inode;
	int error;

	if (!entry)
		return -ENOENT;
	inode = entry->inode;
	error = fs_changeable(dir);
	if (!error && inode->area == TREE_RAM)
		error = fs_changeable(inode);
	if (error)
		return error;
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
	name_lost(fs, inode);
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

/* Whether chattr's flags let @entry go, and @dir take it; of an exchange both are both. */
static int may_move(const struct tree_entry *entry, const struct tree_inode *dir, const struct tree_entry *victim,
		    bool exchange)
{
	int error = fs_changeable(entry->dir);

	if (!error)
		error = fs_changeable(entry->inode);
	if (!error)
		error = exchange || victim ? fs_changeable(dir) : fs_writable(dir);
	return !error && victim ? fs_changeable(victim->inode) : error;
}

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
	error = may_move(entry, dir, victim, exchange);
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
	struct tree_inode *inode, *lost;
	int error;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (!entry)
		return -ENOENT;
	error = may_rename(entry, to, victim, flags);
	if (error)
		return error;
	inode = entry->inode;
	lost = victim ? victim->inode : NULL;
	/* Two names of one inode: nothing is to be done (POSIX). */
	if (victim && victim->inode == inode)
		return 0;
	if (flags & RENAME_EXCHANGE) {
		fs_changed(victim->inode);
		tree_exchange(entry, victim);
		fs_path_changed(fs, entry->inode);
	} else {
		if (victim)
			lose_name(fs, lost);
		error = tree_rename(&fs->tree, entry, to, newname, victim);
		if (victim)
			name_lost(fs, lost);
		if (error)
			return error;
	}
	fs_changed(inode);
	fs_modified(from);
	fs_modified(to);
	fs_path_changed(fs, inode);
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
