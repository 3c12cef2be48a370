/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xattr - what files and the board tell, and take, by extended attributes.
 *
 * user.bdi.*: what the backing device permits (settable, also on files of the image, and on directories for the files
 * that will be made in them) and where the bytes lie (told). user.nommufs.socket, on the root: where to attach.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "daemon/work.h"

/* What is told and cannot be set. */
enum told {
	TOLD_ADDRESS,
	TOLD_CONTIGUOUS,
	TOLD_MAPPINGS,
	TOLD_COUNT,
};

static const char *const told_names[TOLD_COUNT] = {
	[TOLD_ADDRESS] = BDI_PREFIX "address",
	[TOLD_CONTIGUOUS] = BDI_PREFIX "contiguous",
	[TOLD_MAPPINGS] = BDI_PREFIX "mappings",
};

#define LIST_MAX 512 /* bytes that all names together need */

static int find_told(const char *name)
{
	for (int i = 0; i < TOLD_COUNT; i++)
		if (!strcmp(name, told_names[i]))
			return i;
	return -1;
}

static bool is_socket(const struct fs *fs, const struct tree_inode *inode, const char *name)
{
	return inode == fs->tree.root && !strcmp(name, ATTACH_XATTR);
}

static bool is_user(const char *name)
{
	return !strncmp(name, "user.", 5);
}

/* Answer with a value, as getxattr and listxattr want it. */
static int reply(struct work *work, const char *value, size_t length)
{
	if (!work->size)
		fuse_reply_xattr(work->req, length);
	else if (work->size < length)
		return -ERANGE;
	else
		fuse_reply_buf(work->req, value, length);
	return 0;
}

/* ---- get ------------------------------------------------------------------------------------------------------- */

static int format_told(const struct nommu_file_stat *stat, enum told what, char text[static BDI_TEXT_MAX])
{
	uint64_t run = stat->largest << NOMMU_PAGE_SHIFT;

	switch (what) {
	case TOLD_ADDRESS:
		if (!stat->addr || !stat->size)
			return -ENODATA;
		return snprintf(text, BDI_TEXT_MAX, "0x%" PRIx64, stat->addr);
	case TOLD_CONTIGUOUS:
		/* How many bytes from the start lie in one run. */
		return snprintf(text, BDI_TEXT_MAX, "%" PRIu64, run < stat->size ? run : stat->size);
	case TOLD_MAPPINGS:
		return snprintf(text, BDI_TEXT_MAX, "%" PRIu32, stat->mappings);
	default:
		return -ENODATA;
	}
}

/* The text of one attribute; its length or -errno. */
static int get(struct fs *fs, const struct tree_inode *inode, const char *name, char text[static BDI_TEXT_MAX])
{
	int what = bdi_find(name), told = find_told(name), error;
	struct nommu_file_stat stat;
	size_t length;

	if (what < 0 && told < 0)
		return is_user(name) ? -ENODATA : -EOPNOTSUPP;
	if (inode->file == TREE_NO_FILE) {
		length = what < 0 ? 0 : bdi_format_set(&inode->bdi, (enum bdi_what)what, text);
		return length ? (int)length : -ENODATA;
	}
	/* What was set stands here; what was not is as the engine has it. */
	if (what >= 0) {
		length = bdi_format_set(&inode->bdi, (enum bdi_what)what, text);
		if (length)
			return (int)length;
	}
	error = nommu_file_stat(fs->board, inode->file, &stat);
	if (error)
		return error;
	if (told >= 0)
		return format_told(&stat, (enum told)told, text);
	return (int)bdi_format(&stat.attr, (enum bdi_what)what, text);
}

static int do_get(struct fs *fs, struct work *work)
{
	char text[BDI_TEXT_MAX];
	int length;

	if (is_socket(fs, work->inode, work->name)) {
		const char *path = attach_server_path(fs->server);

		return reply(work, path, strlen(path));
	}
	length = get(fs, work->inode, work->name, text);
	return length < 0 ? length : reply(work, text, (size_t)length);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct work work = {.run = do_get, .req = req, .inode = fs_inode(req, ino), .name = name, .size = size};

	if (work.inode)
		work_run(fs_of(req), &work);
}

/* ---- list ------------------------------------------------------------------------------------------------------ */

struct names {
	char text[LIST_MAX];
	size_t used;
};

static void add_name(struct names *names, const char *prefix, const char *name)
{
	size_t room = sizeof(names->text) - names->used;
	int length = snprintf(names->text + names->used, room, "%s%s", prefix, name);

	if (length > 0 && (size_t)length < room)
		names->used += (size_t)length + 1;
}

static int do_list(struct fs *fs, struct work *work)
{
	const struct tree_inode *inode = work->inode;
	struct names names = {.used = 0};
	char text[BDI_TEXT_MAX];

	if (inode == fs->tree.root)
		add_name(&names, "", ATTACH_XATTR);
	for (int i = 0; i < BDI_SETTABLE; i++)
		if (inode->file != TREE_NO_FILE || inode->bdi.set & 1u << i)
			add_name(&names, BDI_PREFIX, bdi_name((enum bdi_what)i));
	for (int i = 0; inode->file != TREE_NO_FILE && i < TOLD_COUNT; i++) {
		int length = get(fs, inode, told_names[i], text);

		if (length >= 0)
			add_name(&names, "", told_names[i]);
		else if (length != -ENODATA)
			return length;
	}
	return reply(work, names.text, names.used);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct work work = {.run = do_list, .req = req, .inode = fs_inode(req, ino), .size = size};

	if (work.inode)
		work_run(fs_of(req), &work);
}

/* ---- set and remove -------------------------------------------------------------------------------------------- */

/* Whether @name can be set on @inode: 0 with which it is. */
static int settable(const struct fs *fs, const struct tree_inode *inode, const char *name, enum bdi_what *what)
{
	int found = bdi_find(name);

	if (find_told(name) >= 0 || is_socket(fs, inode, name))
		return -EPERM;
	if (found < 0)
		return -EOPNOTSUPP;
	if (inode->file == TREE_NO_FILE && fs_writable(inode))
		return fs_writable(inode);
	if (inode->file == TREE_NO_FILE && !S_ISDIR(inode->mode))
		return -EPERM;
	*what = (enum bdi_what)found;
	return 0;
}

/* Let the engine know, then keep it. */
static int adopt(struct fs *fs, struct tree_inode *inode, const struct bdi *bdi)
{
	const struct bdi before = inode->bdi;
	struct nommu_file_attr attr;
	int error = 0;

	inode->bdi = *bdi;
	fs_file_attr(fs, inode, &attr);
	if (inode->file != TREE_NO_FILE)
		error = nommu_file_set_attr(fs->board, inode->file, &attr);
	if (error)
		inode->bdi = before;
	else if (inode->area == TREE_RAM)
		fs_changed(inode);
	return error;
}

static int do_set(struct fs *fs, struct work *work)
{
	struct tree_inode *inode = work->inode;
	struct bdi bdi = inode->bdi;
	struct nommu_why why;
	enum bdi_what what;
	int error = settable(fs, inode, work->name, &what);

	if (error)
		return error;
	if (work->valid & XATTR_CREATE && bdi.set & 1u << what)
		return -EEXIST;
	if (work->valid & XATTR_REPLACE && !(bdi.set & 1u << what))
		return -ENODATA;
	error = bdi_parse(&bdi, what, work->data, work->size, &why);
	if (error) {
		/* Seen with -f and -d; in the background nobody listens. */
		fprintf(stderr, "nommufs: %s\n", why.text);
		return error;
	}
	error = adopt(fs, inode, &bdi);
	if (!error)
		fuse_reply_err(work->req, 0);
	return error;
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	struct work work = {
		.run = do_set,
		.req = req,
		.inode = fs_inode(req, ino),
		.name = name,
		.data = value,
		.size = size,
		.valid = flags,
	};

	if (work.inode)
		work_run(fs_of(req), &work);
}

static int do_remove(struct fs *fs, struct work *work)
{
	struct bdi bdi = work->inode->bdi;
	enum bdi_what what;
	int error = settable(fs, work->inode, work->name, &what);

	if (error == -EOPNOTSUPP && is_user(work->name))
		return -ENODATA;
	if (error)
		return error;
	if (!(bdi.set & 1u << what))
		return -ENODATA;
	bdi.set &= ~(1u << what);
	error = adopt(fs, work->inode, &bdi);
	if (!error)
		fuse_reply_err(work->req, 0);
	return error;
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct work work = {.run = do_remove, .req = req, .inode = fs_inode(req, ino), .name = name};

	if (work.inode)
		work_run(fs_of(req), &work);
}
