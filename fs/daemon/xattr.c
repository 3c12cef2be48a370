/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xattr - what files and the board tell, and take, by extended attributes.
 *
 * user.bdi.*: what the backing device permits (settable, also on files of the image, and on directories for the files
 * that will be made in them) and where the bytes lie (told); user.bdi.all is all of it in one. user.nommufs.socket, on
 * the root: where to attach; system.nommufs.device: user.bdi.device, also for those who may not read the file. All
 * other names of user., trusted. and security. are their users', on the RAM tree.
 *
 * Listed is what was set, as on other file systems: what copies files with their attributes (cp -a, rsync -X, tar) must
 * neither trip over what cannot be set, nor turn defaults into settings.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "daemon/work.h"

/* What is told and cannot be set. */
enum told {
	TOLD_ADDRESS,
	TOLD_CONTIGUOUS,
	TOLD_MAPPINGS,
	TOLD_DEVICE,
	TOLD_COUNT,
};

static const char *const told_names[TOLD_COUNT] = {
	[TOLD_ADDRESS] = BDI_PREFIX "address",
	[TOLD_CONTIGUOUS] = BDI_PREFIX "contiguous",
	[TOLD_MAPPINGS] = BDI_PREFIX "mappings",
	[TOLD_DEVICE] = BDI_PREFIX "device",
};

#define SUMMARY BDI_PREFIX "all"

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

static bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* Whether a name is one that its users know the meaning of. POSIX ACLs (system.) are not to be had. */
static bool is_free(const char *name)
{
	return begins(name, "security.") || begins(name, "trusted.") ||
	       (begins(name, "user.") && !begins(name, BDI_PREFIX) && strcmp(name, ATTACH_XATTR));
}

/* Whether the caller may know that there is one: what he may do with it is the host's to say. */
static bool is_listed(fuse_req_t req, const char *name)
{
	return !begins(name, "trusted.") || fuse_req_ctx(req)->uid == 0;
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

static int format_told(const struct tree_inode *inode, const struct nommu_file_stat *stat, enum told what,
		       char text[static BDI_TEXT_MAX])
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
	case TOLD_DEVICE:
		if (inode->area != TREE_ROM || !inode->what)
			return -ENODATA;
		return snprintf(text, BDI_TEXT_MAX, "%c %u:%u", S_ISCHR(inode->what) ? 'c' : 'b', major(inode->rdev),
				minor(inode->rdev));
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
		return -ENODATA;
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
		return format_told(inode, &stat, (enum told)told, text);
	return (int)bdi_format(&stat.attr, (enum bdi_what)what, text);
}

/* Everything that the file says, a line each. */
static int write_all(struct fs *fs, const struct work *work, FILE *out)
{
	char text[BDI_TEXT_MAX];

	for (int i = 0; i < BDI_SETTABLE + TOLD_COUNT; i++) {
		const char *name = i < BDI_SETTABLE ? bdi_name((enum bdi_what)i)
						    : told_names[i - BDI_SETTABLE] + strlen(BDI_PREFIX);
		char full[64];
		int length;

		snprintf(full, sizeof(full), BDI_PREFIX "%s", name);
		length = get(fs, work->inode, full, text);
		if (length >= 0)
			fprintf(out, "%s=%.*s\n", name, length, text);
		else if (length != -ENODATA)
			return length;
	}
	return 0;
}

/* Answer with what @write writes. */
static int reply_written(struct fs *fs, struct work *work,
			 int (*write)(struct fs *fs, const struct work *work, FILE *out))
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int error;

	if (!out)
		return -ENOMEM;
	error = write(fs, work, out);
	if (fclose(out) && !error)
		error = -ENOMEM;
	if (!error)
		error = reply(work, text, size);
	free(text);
	return error;
}

static int do_get(struct fs *fs, struct work *work)
{
	const struct tree_inode *inode = work->inode;
	bool told_device = !strcmp(work->name, ATTACH_XATTR_DEVICE);
	char text[BDI_TEXT_MAX];
	int length;

	if (is_socket(fs, inode, work->name)) {
		const char *path = attach_server_path(fs->server);

		return reply(work, path, strlen(path));
	}
	if (!strcmp(work->name, SUMMARY))
		return inode->file == TREE_NO_FILE && !inode->bdi.set ? -ENODATA
								       : reply_written(fs, work, write_all);
	if (is_free(work->name)) {
		const struct attr *attr = attrs_find(&inode->attrs, work->name);

		return attr ? reply(work, attr->value, attr->size) : -ENODATA;
	}
	if (begins(work->name, "system.") && !told_device)
		return -EOPNOTSUPP;
	length = get(fs, inode, told_device ? told_names[TOLD_DEVICE] : work->name, text);
	return length < 0 ? length : reply(work, text, (size_t)length);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct work work = {.run = do_get, .req = req, .inode = fs_inode(req, ino), .name = name, .size = size};

	if (work.inode)
		work_run(fs_of(req), &work);
}

/* ---- list ------------------------------------------------------------------------------------------------------ */

static void put_name(FILE *out, const char *prefix, const char *name)
{
	fprintf(out, "%s%s", prefix, name);
	fputc('\0', out);
}

/* The names, each with its NUL. */
static int write_names(struct fs *fs, const struct work *work, FILE *out)
{
	const struct tree_inode *inode = work->inode;

	(void)fs;
	for (int i = 0; i < BDI_SETTABLE; i++)
		if (inode->bdi.set & 1u << i)
			put_name(out, BDI_PREFIX, bdi_name((enum bdi_what)i));
	for (const struct attr *attr = inode->attrs.first; attr; attr = attr->next)
		if (is_listed(work->req, attr->name))
			put_name(out, "", attr->name);
	return 0;
}

static int do_list(struct fs *fs, struct work *work)
{
	return reply_written(fs, work, write_names);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct work work = {.run = do_list, .req = req, .inode = fs_inode(req, ino), .size = size};

	if (work.inode)
		work_run(fs_of(req), &work);
}

/* ---- set and remove -------------------------------------------------------------------------------------------- */

/* In front, or in the log: the errno alone does not say what is known. */
static void explain(const struct fs *fs, const struct work *work, const char *text)
{
	char path[512];

	tree_path(work->inode, path, sizeof(path));
	log_line(fs->log, "%s: %.40s: %s", path[0] ? path : "/", work->name, text);
}

static int unknown(const struct fs *fs, const struct work *work)
{
	char text[256];
	int used = snprintf(text, sizeof(text), "there is no such setting; known are");

	for (int i = 0; i < BDI_SETTABLE && used < (int)sizeof(text); i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%s " BDI_PREFIX "%s", i ? "," : "",
				 bdi_name((enum bdi_what)i));
	explain(fs, work, text);
	return -EINVAL;
}

/* Whether the name can be set on the inode: 0 with which it is. */
static int settable(const struct fs *fs, const struct work *work, enum bdi_what *what)
{
	const struct tree_inode *inode = work->inode;
	int found = bdi_find(work->name), error;

	if (find_told(work->name) >= 0 || is_socket(fs, inode, work->name) || !strcmp(work->name, SUMMARY))
		return -EPERM;
	if (found < 0)
		return begins(work->name, BDI_PREFIX) ? unknown(fs, work) : -EOPNOTSUPP;
	error = inode->area == TREE_RAM ? fs_changeable(inode) : inode->file == TREE_NO_FILE ? fs_writable(inode) : 0;
	if (error)
		return error;
	if (inode->file == TREE_NO_FILE && !S_ISDIR(inode->mode))
		return -EPERM;
	*what = (enum bdi_what)found;
	return 0;
}

/* An attribute that is its users' own: set it, or with no value remove it. Who may, the host has seen to. */
static int change_free(struct fs *fs, struct work *work)
{
	struct tree_inode *inode = work->inode;
	size_t before = inode->attrs.bytes;
	int error = fs_changeable(inode);

	if (!error && work->data && fs->attr_bytes + work->size + strlen(work->name) >= ATTRS_TOTAL)
		error = -ENOSPC;
	if (error)
		return error;
	error = work->data ? attrs_set(&inode->attrs, work->name, work->data, work->size, work->valid)
			   : attrs_remove(&inode->attrs, work->name);
	if (error)
		return error;
	fs->attr_bytes += inode->attrs.bytes - before;
	fs_changed(inode);
	fuse_reply_err(work->req, 0);
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
	int error;

	if (is_free(work->name))
		return change_free(fs, work);
	error = settable(fs, work, &what);
	if (error)
		return error;
	if (work->valid & XATTR_CREATE && bdi.set & 1u << what)
		return -EEXIST;
	if (work->valid & XATTR_REPLACE && !(bdi.set & 1u << what))
		return -ENODATA;
	error = bdi_parse(&bdi, what, work->data, work->size, &why);
	if (error) {
		explain(fs, work, why.text);
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
	int error;

	if (is_free(work->name))
		return change_free(fs, work);
	error = settable(fs, work, &what);
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
