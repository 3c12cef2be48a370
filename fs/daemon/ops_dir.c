/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ops_dir - reading directories and symbolic links. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/work.h"

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	const struct tree_inode *dir = fs_inode(req, ino);

	if (!dir)
		return;
	/* A directory of the image never changes. */
	if (dir->area == TREE_ROM)
		fi->cache_readdir = fi->keep_cache = 1;
	fuse_reply_open(req, fi);
}

/* A reply that is being filled; plus: with attributes and lookups. */
struct listing {
	struct fs *fs;
	fuse_req_t req;
	bool plus;
	char *buf;
	size_t size, used;
};

/* False: it is full. */
static bool add(struct listing *list, const char *name, const struct fuse_entry_param *entry, uint64_t cookie)
{
	char *at = list->buf + list->used;
	size_t room = list->size - list->used, need;

	if (list->plus)
		need = fuse_add_direntry_plus(list->req, at, room, name, entry, (off_t)cookie);
	else
		need = fuse_add_direntry(list->req, at, room, name, &entry->attr, (off_t)cookie);
	if (need > room)
		return false;
	list->used += need;
	return true;
}

static bool add_bare(struct listing *list, const char *name, uint64_t ino, mode_t mode, uint64_t cookie)
{
	const struct fuse_entry_param entry = {.attr = {.st_ino = ino, .st_mode = mode}};

	return add(list, name, &entry, cookie);
}

static bool add_entry(struct listing *list, const struct tree_entry *entry)
{
	struct fuse_entry_param param;

	if (!list->plus)
		return add_bare(list, entry->name, entry->inode->ino, entry->inode->mode, entry->cookie);
	fs_entry(list->fs, entry->inode, &param);
	if (!add(list, entry->name, &param, entry->cookie))
		return false;
	entry->inode->nlookup++;
	return true;
}

/* Everything behind @cookie, as far as it fits. */
static int fill(struct listing *list, const struct tree_inode *dir, uint64_t cookie)
{
	struct procfs_dirent *others;
	struct tree_entry *entry;
	size_t count;
	int error;

	if (cookie < 1 && !add_bare(list, ".", dir->ino, S_IFDIR, 1))
		return 0;
	if (cookie < 2 && !add_bare(list, "..", tree_parent(dir)->ino, S_IFDIR, 2))
		return 0;
	for (; (entry = tree_next(dir, cookie)); cookie = entry->cookie)
		if (!add_entry(list, entry))
			return 0;
	if (dir->area != TREE_PROC)
		return 0;
	error = procfs_list(list->fs, dir, &others, &count);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		if (others[i].cookie > cookie &&
		    !add_bare(list, others[i].name, others[i].ino, others[i].mode, others[i].cookie))
			break;
	free(others);
	return 0;
}

/* Give back the lookups of a listing that was not sent. */
static void unfill(const struct listing *list, const struct tree_inode *dir, uint64_t cookie)
{
	struct tree_entry *entry;

	for (; list->plus && (entry = tree_next(dir, cookie)); cookie = entry->cookie)
		if (entry->inode->nlookup)
			entry->inode->nlookup--;
}

static int do_readdir(struct fs *fs, struct work *work)
{
	struct tree_inode *dir = work->inode;
	struct listing list = {.fs = fs, .req = work->req, .plus = work->valid, .size = work->size};
	int error;

	list.buf = malloc(work->size);
	if (!list.buf)
		return -ENOMEM;
	error = fill(&list, dir, work->offset);
	if (error) {
		unfill(&list, dir, work->offset);
	} else {
		fs_accessed(fs, dir);
		fuse_reply_buf(work->req, list.buf, list.used);
	}
	free(list.buf);
	return error;
}

static void read_directory(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, bool plus)
{
	struct work work = {
		.run = do_readdir,
		.req = req,
		.inode = fs_inode(req, ino),
		.size = size,
		.offset = (uint64_t)off,
		.valid = plus,
	};

	if (work.inode)
		work_run(fs_of(req), &work);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	read_directory(req, ino, size, off, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	read_directory(req, ino, size, off, true);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct tree_inode *inode = fs_inode(req, ino);

	if (!inode)
		return;
	fs_accessed(fs_of(req), inode);
	fuse_reply_readlink(req, inode->text);
}
