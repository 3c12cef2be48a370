/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fs - the state of a mount, and what operations share: times, attributes, files' ways in and out of the board. */
#include "daemon/fs.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/work.h"

/* ---- times ----------------------------------------------------------------------------------------------------- */

struct timespec fs_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

void fs_modified(struct tree_inode *inode)
{
	inode->mtime = inode->ctime = fs_now();
}

void fs_changed(struct tree_inode *inode)
{
	inode->ctime = fs_now();
}

static bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

void fs_accessed(const struct fs *fs, struct tree_inode *inode)
{
	struct timespec now;

	if (fs->noatime || (fs->nodiratime && S_ISDIR(inode->mode)) || inode->area != TREE_RAM || inode->flags & FS_NOATIME_FL)
		return;
	now = fs_now();
	if (!later(&inode->atime, &inode->mtime) || !later(&inode->atime, &inode->ctime) ||
	    now.tv_sec - inode->atime.tv_sec >= 24 * 60 * 60)
		inode->atime = now;
}

/* ---- files and the board --------------------------------------------------------------------------------------- */

int fs_writable(const struct tree_inode *inode)
{
	switch (inode->area) {
	case TREE_ROM:
		return -EROFS;
	case TREE_PROC:
		return -EPERM;
	default:
		return inode->flags & FS_IMMUTABLE_FL ? -EPERM : 0;
	}
}

int fs_changeable(const struct tree_inode *inode)
{
	return inode->flags & FS_APPEND_FL ? -EPERM : fs_writable(inode);
}

/* What the configuration says of the file and of its path. */
static void configured(const struct fs *fs, const struct tree_inode *inode, struct bdi *bdi, uint32_t *deny)
{
	/* A file that lost its last name goes by that one. */
	const char *last = !inode->names && S_ISREG(inode->mode) ? inode->text : NULL;
	size_t length = last ? strlen(last) : fs->machine->rule_count ? tree_path(inode, NULL, 0) : 0;
	char *path = malloc(length + 1);

	if (path && last)
		memcpy(path, last, length + 1);
	else if (path && length)
		tree_path(inode, path, length + 1);
	else if (path)
		path[0] = '\0';
	board_match(fs->machine, inode->image, path ? path : "", bdi, deny);
	/* Nobody knows what a policy says: nothing is permitted. */
	if (!path)
		*deny = NOMMU_DENY;
	free(path);
}

/* Set-group-ID without group execute is mandatory locking. */
static bool locks_are_mandatory(const struct fs *fs, mode_t mode)
{
	return fs->machine->mand && (mode & (S_ISGID | S_IXGRP)) == S_ISGID;
}

void fs_file_attr(const struct fs *fs, const struct tree_inode *inode, struct nommu_file_attr *attr)
{
	struct bdi bdi;
	int32_t locker;

	if (inode->packed)
		nommu_file_attr_packed(attr);
	else if (inode->area == TREE_ROM)
		nommu_file_attr_rom(attr);
	else
		nommu_file_attr_ram(attr);
	/* A device node of the image: no driver stands behind it here. */
	if (inode->area == TREE_ROM && inode->what) {
		*attr = (struct nommu_file_attr){
			.kind = S_ISCHR(inode->what) ? NOMMU_KIND_CHAR : NOMMU_KIND_BLOCK,
			.flags = NOMMU_FILE_NO_READ,
			.address_op = NOMMU_OP_NONE,
			.map_op = NOMMU_OP_NONE,
		};
	}
	if (fs->machine->noexec)
		attr->flags |= NOMMU_FILE_NOEXEC;
	if (inode->flags & FS_APPEND_FL)
		attr->flags |= NOMMU_FILE_APPEND;
	if (locks_are_mandatory(fs, inode->mode))
		attr->flags |= NOMMU_FILE_MANDLOCK;
	attr->lockers = locks_holders(&inode->locks, &locker);
	attr->locker = attr->lockers ? (uint32_t)locker : 0;
	configured(fs, inode, &bdi, &attr->deny);
	bdi_merge(&bdi, &inode->bdi);
	bdi_apply(&bdi, fs->profile, attr);
}

static int update(struct fs *fs, struct work *work)
{
	struct nommu_file_attr attr;

	fs_file_attr(fs, work->inode, &attr);
	return nommu_file_set_attr(fs->board, work->inode->file, &attr);
}

void fs_file_update(struct fs *fs, struct tree_inode *inode)
{
	struct work work = {.run = update, .inode = inode};

	if (inode->file != TREE_NO_FILE)
		work_run(fs, &work);
}

static void path_changed(void *arg, struct tree_inode *inode)
{
	fs_file_update(arg, inode);
}

void fs_path_changed(struct fs *fs, struct tree_inode *inode)
{
	if (!fs->machine->rule_count)
		return;
	path_changed(fs, inode);
	if (S_ISDIR(inode->mode))
		tree_walk(inode, path_changed, fs);
}

int fs_create_file(struct fs *fs, struct tree_inode *inode, unsigned int window, uint64_t offset)
{
	const struct nommu_id id = {.ino = inode->ino};
	struct nommu_file_attr attr;
	uint32_t file;
	int error;

	fs_file_attr(fs, inode, &attr);
	if (inode->packed)
		error = nommu_file_create_read(fs->board, &id, &attr, inode->size, &file);
	else if (window)
		error = nommu_file_create_in(fs->board, &id, &attr, window, offset, inode->size, &file);
	else
		error = nommu_file_create(fs->board, &id, &attr, &file);
	if (error)
		return error;
	inode->file = file;
	if (inode->area == TREE_RAM)
		fs->files++;
	return 0;
}

static bool in_ram(const struct tree_inode *inode)
{
	return inode->area == TREE_RAM && inode->file != TREE_NO_FILE;
}

int fs_may_add_name(const struct fs *fs)
{
	return fs->inodes < fs->inodes_max ? 0 : -ENOSPC;
}

void fs_file_named(struct fs *fs, const struct tree_inode *inode)
{
	if (in_ram(inode))
		fs->named++;
}

/* Called while it still has the name, so that /proc/maps can go on telling it. */
void fs_file_unnamed(struct fs *fs, struct tree_inode *inode)
{
	size_t length;

	if (!in_ram(inode))
		return;
	fs->named--;
	length = tree_path(inode, NULL, 0);
	inode->text = malloc(length + 1);
	if (inode->text)
		tree_path(inode, inode->text, length + 1);
}

static int put_file(struct fs *fs, struct work *work)
{
	int error = nommu_file_put(fs->board, work->file);

	if (error == -EAGAIN)
		return error;
	fs->files--;
	return 0;
}

/* The tree lets an inode go: nobody can reach the file but by its mappings. */
static void drop(void *arg, struct tree_inode *inode)
{
	struct fs *fs = arg;
	struct work work = {.run = put_file, .file = inode->file};
	struct nommu_file_stat stat;
	int error;

	if (inode->area == TREE_RAM)
		fs->inodes--;
	fs->attr_bytes -= inode->attrs.bytes;
	if (!in_ram(inode))
		return;
	error = inode->text ? nommu_file_stat(fs->board, inode->file, &stat) : -ENOENT;
	if (error == -EAGAIN || (!error && stat.mappings)) {
		ghost_add(&fs->ghosts, fs->board, inode->ino, inode->text);
		inode->text = NULL;
	}
	work_run(fs, &work);
}

/* ---- attributes ------------------------------------------------------------------------------------------------ */

/* After a change the engine is asked once how many pages there are now; and for the size, since a change that was
 * given up half-way may have set it. */
static bool find_blocks(struct fs *fs, struct tree_inode *inode)
{
	struct nommu_file_stat stat;

	if (inode->blocks_known || !in_ram(inode))
		return true;
	if (nommu_file_stat(fs->board, inode->file, &stat))
		return false;
	inode->blocks = stat.pages * (NOMMU_PAGE_SIZE / 512);
	inode->size = stat.size;
	inode->blocks_known = true;
	return true;
}

double fs_stat(struct fs *fs, struct tree_inode *inode, struct stat *stat)
{
	bool known = find_blocks(fs, inode);

	*stat = (struct stat){
		.st_ino = inode->ino,
		.st_mode = inode->mode,
		.st_nlink = inode->nlink,
		.st_uid = inode->uid,
		.st_gid = inode->gid,
		.st_size = (off_t)inode->size,
		.st_blocks = (blkcnt_t)inode->blocks,
		.st_blksize = NOMMU_PAGE_SIZE,
		.st_atim = inode->atime,
		.st_mtim = inode->mtime,
		.st_ctim = inode->ctime,
	};
	return known ? FS_TIMEOUT : 0;
}

double fs_entry(struct fs *fs, struct tree_inode *inode, struct fuse_entry_param *entry)
{
	*entry = (struct fuse_entry_param){.ino = inode->ino, .generation = 1};
	entry->attr_timeout = fs_stat(fs, inode, &entry->attr);
	/* Processes and tokens come and go by themselves. */
	if (inode->area != TREE_PROC || inode->names)
		entry->entry_timeout = FS_TIMEOUT;
	return entry->entry_timeout;
}

void fs_reply_entry(struct fs *fs, fuse_req_t req, struct tree_inode *inode)
{
	struct fuse_entry_param entry;

	fs_entry(fs, inode, &entry);
	if (!fuse_reply_entry(req, &entry))
		inode->nlookup++;
}

/* ---- requests -------------------------------------------------------------------------------------------------- */

struct fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

struct tree_inode *fs_inode(fuse_req_t req, fuse_ino_t ino)
{
	struct tree_inode *inode = tree_find(&fs_of(req)->tree, ino);

	if (!inode)
		fuse_reply_err(req, ESTALE);
	return inode;
}

/* ---- making and ending ----------------------------------------------------------------------------------------- */

static size_t path_of(void *arg, uint64_t ino, char *text, size_t size, bool *deleted)
{
	struct fs *fs = arg;
	const struct tree_inode *inode = tree_find(&fs->tree, ino);
	const char *path;

	if (inode && inode->names)
		return tree_path(inode, text, size);
	*deleted = true;
	path = inode ? inode->text : ghost_find(&fs->ghosts, ino);
	return path ? (size_t)snprintf(text, size, "%s", path) : 0;
}

int fs_init(struct fs *fs, struct nommu_board *board, const struct board *machine, struct log *log)
{
	struct tree_inode *root;
	struct nommu_stats stats;
	int error;

	*fs = (struct fs){.board = board, .machine = machine, .log = log, .profile = nommu_board_profile(board)};
	error = nommu_stats(board, &stats);
	if (error)
		return error;
	/* What has no file in the engine's table takes the daemon's memory: of that there shall be no more. */
	fs->inodes = 1;
	fs->inodes_max = stats.files_max;
	error = tree_init(&fs->tree, drop, fs);
	if (error)
		return error;
	pthread_mutex_init(&fs->mutex, NULL);
	pthread_cond_init(&fs->wake, NULL);
	fs->names = (struct proc_names){.path = path_of, .arg = fs};
	root = fs->tree.root;
	root->uid = getuid();
	root->gid = getgid();
	root->atime = root->mtime = root->ctime = fs_now();
	nommu_board_set_nonblocking(board, true);
	return 0;
}

void fs_quiesce(struct fs *fs)
{
	unpack_stop(fs);
	work_stop_thread(fs);
	fs_locks_end(fs);
}

void fs_fini(struct fs *fs)
{
	fs_quiesce(fs);
	procfs_fini(fs);
	tree_fini(&fs->tree);
	rom_close_all(fs);
	ghost_free(&fs->ghosts);
	pthread_cond_destroy(&fs->wake);
	pthread_mutex_destroy(&fs->mutex);
}
