/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * procfs - the mount's /proc: directories and files as inodes, texts made when a file is opened, and token files.
 *
 * What is always there stands in the tree. Processes' directories are made when they are looked up, with inode numbers
 * that follow from the pid, and go when the host forgets them. A token (see attach.h) is found by name as long as it
 * waits, never listed; its open file is the life of an mm.
 * The texts themselves are fs/proc's.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/work.h"

enum proc_what {
	PROC_DIR = 1,
	PROC_TOP,    /* the processes' directories are here */
	PROC_TOKENS,
	PROC_MAPS,
	PROC_MEMINFO,
	PROC_BUDDYINFO,
	PROC_TRIM,
	PROC_SHM,
	PROC_PID,
	PROC_PID_MAPS,
	PROC_TOKEN,
};

/* Inode numbers of what a process has: above all that the tree gives out. */
#define INO_BASE    (UINT64_C(1) << 62)
#define INO_OF(pid) (INO_BASE + 2 * (uint64_t)(uint32_t)(pid))

/* Cookies of processes: above all that the tree gives out. */
#define COOKIE_BASE (UINT64_C(1) << 48)

#define PID_MAPS_NAME "maps"

/* ---- inodes ---------------------------------------------------------------------------------------------------- */

static struct tree_inode *new_inode(struct fs *fs, uint64_t ino, enum proc_what what, mode_t mode)
{
	struct tree_inode *inode = tree_new(&fs->tree, ino, TREE_PROC, mode);

	if (!inode)
		return NULL;
	inode->what = what;
	inode->uid = getuid();
	inode->gid = getgid();
	inode->atime = inode->mtime = inode->ctime = fs_now();
	return inode;
}

static int add(struct fs *fs, struct tree_inode *dir, const char *name, enum proc_what what, mode_t mode,
	       struct tree_inode **result)
{
	struct tree_inode *inode = new_inode(fs, 0, what, mode);
	int error;

	if (!inode)
		return -ENOMEM;
	error = tree_link(&fs->tree, dir, name, inode);
	tree_put(&fs->tree, inode);
	*result = inode;
	return error;
}

int procfs_init(struct fs *fs)
{
	static const struct {
		const char *name;
		int parent; /* index of an earlier row; -1: the root */
		enum proc_what what;
		mode_t mode;
	} rows[] = {
		{"proc", -1, PROC_TOP, S_IFDIR | 0555},
		{"sys", 0, PROC_DIR, S_IFDIR | 0555},
		{"vm", 1, PROC_DIR, S_IFDIR | 0555},
		{"nr_trim_pages", 2, PROC_TRIM, S_IFREG | 0644},
		{"maps", 0, PROC_MAPS, S_IFREG | 0444},
		{"meminfo", 0, PROC_MEMINFO, S_IFREG | 0444},
		{"buddyinfo", 0, PROC_BUDDYINFO, S_IFREG | 0444},
		{"sysvipc", 0, PROC_DIR, S_IFDIR | 0555},
		{"shm", 7, PROC_SHM, S_IFREG | 0444},
		{".attach", 0, PROC_TOKENS, S_IFDIR | 0500},
	};
	struct tree_inode *inodes[sizeof(rows) / sizeof(rows[0])];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tree_inode *dir = rows[i].parent < 0 ? fs->tree.root : inodes[rows[i].parent];
		int error = add(fs, dir, rows[i].name, rows[i].what, rows[i].mode, &inodes[i]);

		if (error)
			return error;
	}
	return 0;
}

/* ---- processes ------------------------------------------------------------------------------------------------- */

/* The pid that a name is, 0 if it is none. */
static int32_t parse_pid(const char *name)
{
	int32_t pid = 0;

	if (*name < '1' || *name > '9')
		return 0;
	for (; *name >= '0' && *name <= '9' && pid < 100000000; name++)
		pid = 10 * pid + (*name - '0');
	return *name ? 0 : pid;
}

/* The mm of a process. Just after an exec it may have two, the old one on its way out: the one with mappings, else
 * any. -ENOENT: not attached. */
static int find_mm(struct fs *fs, int32_t pid, struct nommu_mm *mm)
{
	struct nommu_mm_info *infos;
	size_t count, found = SIZE_MAX;
	int error = nommu_mms(fs->board, &infos, &count);

	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		if (infos[i].pid == pid && (found == SIZE_MAX || infos[i].vmas))
			found = i;
	if (found != SIZE_MAX)
		*mm = infos[found].mm;
	free(infos);
	return found == SIZE_MAX ? -ENOENT : 0;
}

/* The inode of a process's directory or of its maps, as it is or made now; held once. */
static int process_inode(struct fs *fs, int32_t pid, enum proc_what what, mode_t mode, struct tree_inode **result)
{
	uint64_t ino = INO_OF(pid) + (what == PROC_PID_MAPS);
	struct tree_inode *inode = tree_find(&fs->tree, ino);
	struct nommu_mm mm;
	int error = find_mm(fs, pid, &mm);

	if (error)
		return error;
	if (inode)
		tree_hold(inode);
	else
		inode = new_inode(fs, ino, what, mode);
	if (!inode)
		return -ENOMEM;
	inode->pid = pid;
	inode->nlink = S_ISDIR(mode) ? 2 : 1;
	*result = inode;
	return 0;
}

static int find_token(struct fs *fs, const char *name, struct tree_inode **result)
{
	struct tree_inode *inode;

	if (!attach_server_has(fs->server, name))
		return -ENOENT;
	inode = new_inode(fs, 0, PROC_TOKEN, S_IFREG | 0400);
	if (!inode)
		return -ENOMEM;
	inode->nlink = 1;
	inode->text = strdup(name);
	if (!inode->text) {
		tree_put(&fs->tree, inode);
		return -ENOMEM;
	}
	*result = inode;
	return 0;
}

int procfs_lookup(struct fs *fs, const struct tree_inode *dir, const char *name, struct tree_inode **inode)
{
	int32_t pid = dir->what == PROC_TOP ? parse_pid(name) : 0;

	if (dir->what == PROC_TOKENS)
		return find_token(fs, name, inode);
	if (dir->what == PROC_PID && !strcmp(name, PID_MAPS_NAME))
		return process_inode(fs, dir->pid, PROC_PID_MAPS, S_IFREG | 0444, inode);
	return pid ? process_inode(fs, pid, PROC_PID, S_IFDIR | 0555, inode) : -ENOENT;
}

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct procfs_dirent *)a)->cookie, y = ((const struct procfs_dirent *)b)->cookie;

	return x < y ? -1 : x > y;
}

/* Every attached process once, in the order of pids. */
static int list_processes(struct fs *fs, struct procfs_dirent **result, size_t *result_count)
{
	struct procfs_dirent *entries;
	struct nommu_mm_info *infos;
	size_t count, kept = 0;
	int error = nommu_mms(fs->board, &infos, &count);

	if (error)
		return error;
	entries = calloc(count + 1, sizeof(*entries));
	for (size_t i = 0; entries && i < count; i++) {
		entries[i].ino = INO_OF(infos[i].pid);
		entries[i].cookie = COOKIE_BASE + (uint32_t)infos[i].pid;
		entries[i].mode = S_IFDIR;
		snprintf(entries[i].name, sizeof(entries[i].name), "%" PRId32, infos[i].pid);
	}
	free(infos);
	if (!entries)
		return -ENOMEM;
	qsort(entries, count, sizeof(*entries), by_cookie);
	for (size_t i = 0; i < count; i++)
		if (!kept || entries[kept - 1].cookie != entries[i].cookie)
			entries[kept++] = entries[i];
	*result = entries;
	*result_count = kept;
	return 0;
}

int procfs_list(struct fs *fs, const struct tree_inode *dir, struct procfs_dirent **entries, size_t *count)
{
	if (dir->what == PROC_TOP)
		return list_processes(fs, entries, count);
	*count = 0;
	*entries = calloc(1, sizeof(**entries));
	if (!*entries)
		return -ENOMEM;
	if (dir->what == PROC_PID) {
		**entries = (struct procfs_dirent){
			.name = PID_MAPS_NAME,
			.ino = dir->ino + 1,
			.cookie = COOKIE_BASE,
			.mode = S_IFREG,
		};
		*count = 1;
	}
	return 0;
}

/* ---- open files ------------------------------------------------------------------------------------------------ */

/* An open text or token. The host does not close what is open when the mount ends, so they are on a list. */
struct procfs_handle {
	struct procfs_handle *next, **prev;
	struct proc_text text;
	struct nommu_mm mm;
};

static void handle_add(struct fs *fs, struct procfs_handle *handle)
{
	handle->next = fs->handles;
	handle->prev = &fs->handles;
	if (handle->next)
		handle->next->prev = &handle->next;
	fs->handles = handle;
}

static void handle_free(struct procfs_handle *handle)
{
	*handle->prev = handle->next;
	if (handle->next)
		handle->next->prev = handle->prev;
	free(handle->text.data);
	free(handle);
}

void procfs_fini(struct fs *fs)
{
	while (fs->handles)
		handle_free(fs->handles);
}

static int make_text(struct fs *fs, const struct tree_inode *inode, struct proc_text *text)
{
	struct nommu_mm mm;
	int error;

	switch (inode->what) {
	case PROC_MAPS:
		return proc_maps(fs->board, NULL, &fs->names, text);
	case PROC_PID_MAPS:
		error = find_mm(fs, inode->pid, &mm);
		return error ? error : proc_maps(fs->board, &mm, &fs->names, text);
	case PROC_MEMINFO:
		return proc_meminfo(fs->board, text);
	case PROC_BUDDYINFO:
		return proc_buddyinfo(fs->board, text);
	case PROC_TRIM:
		return proc_trim(fs->board, text);
	case PROC_SHM:
		return proc_shm(fs->board, text);
	default:
		return -ENOENT;
	}
}

int procfs_open(struct fs *fs, struct tree_inode *inode, struct fuse_file_info *fi)
{
	struct procfs_handle *handle;
	int error;

	if (inode->what != PROC_TRIM && (fi->flags & O_ACCMODE) != O_RDONLY)
		return -EACCES;
	handle = calloc(1, sizeof(*handle));
	if (!handle)
		return -ENOMEM;
	if (inode->what == PROC_TOKEN)
		error = attach_server_claim(fs->server, inode->text, &handle->mm);
	else
		error = make_text(fs, inode, &handle->text);
	if (error) {
		free(handle);
		return error;
	}
	handle_add(fs, handle);
	fi->fh = (uintptr_t)handle;
	fi->noflush = !fs->machine->mand;
	/* Of a token a process maps a page, which direct_io would forbid. */
	fi->direct_io = inode->what != PROC_TOKEN;
	return 0;
}

void procfs_read(fuse_req_t req, size_t size, off_t off, const struct fuse_file_info *fi)
{
	const struct proc_text *text = &((const struct procfs_handle *)(uintptr_t)fi->fh)->text;
	size_t at = (size_t)off;

	if (at >= text->size)
		fuse_reply_buf(req, NULL, 0);
	else
		fuse_reply_buf(req, text->data + at, size < text->size - at ? size : text->size - at);
}

int procfs_write(struct fs *fs, const struct tree_inode *inode, const char *data, size_t size)
{
	return inode->what == PROC_TRIM ? proc_set_trim(fs->board, data, size) : -EPERM;
}

/* The address space is gone: so are its mappings. */
static int exit_mm(struct fs *fs, struct work *work)
{
	int error = nommu_mm_exit(fs->board, &work->mm);

	return error == -EAGAIN ? error : 0;
}

void procfs_release(struct fs *fs, const struct tree_inode *inode, struct fuse_file_info *fi)
{
	struct procfs_handle *handle = (struct procfs_handle *)(uintptr_t)fi->fh;
	struct work work = {.run = exit_mm, .mm = handle->mm};

	handle_free(handle);
	if (inode->what == PROC_TOKEN)
		work_run(fs, &work);
}
