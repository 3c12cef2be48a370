/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fs - one mount, and what the daemon's files offer each other; a section a file.
 *
 * One thread reads requests and answers them (loop.c); what the board's lock keeps waiting goes to one worker
 * (work.c). Both hold `mutex` while they run an operation, so nothing below locks anything: neither the tree nor the
 * fields of this structure. The attach server has a thread of its own and touches only the board and itself.
 */
#ifndef DAEMON_FS_H
#define DAEMON_FS_H

#define FUSE_USE_VERSION 314

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "attach/attach.h"
#include "daemon/ghost.h"
#include "daemon/tree.h"
#include "nommu.h"
#include "proc/proc.h"

struct procfs_handle;
struct work;

struct fs {
	struct nommu_board *board;
	struct attach_server *server;
	struct fuse_session *session;
	pthread_mutex_t mutex;
	struct tree tree;
	struct tree_inode *rom;    /* top of /rom; NULL: no image */
	struct proc_names names;   /* how maps name files */
	struct procfs_handle *handles; /* open files of /proc */
	enum nommu_profile profile;
	bool noatime;  /* mounted so */
	bool noexec;
	uint32_t files; /* in board RAM that the engine knows */
	uint32_t named; /* and that have a name; the others still hold their RAM */
	struct ghosts ghosts;
	/* work.c */
	struct work *first, *last;
	pthread_cond_t wake;
	pthread_t worker;
	bool worker_runs, stopping;
	/* loop.c */
	uint64_t served; /* requests */
	void (*ready)(void *arg); /* called once, when the host's first request was answered */
	void *ready_arg;
};

/*
 * Nobody changes names and attributes but by this mount, so the host may keep both as long as it likes.
 */
#define FS_TIMEOUT 86400.0

/* fs.c */

/* Make the state around a board that exists: the tree with an empty root, mutex and worker. */
int fs_init(struct fs *fs, struct nommu_board *board);
/* The worker is stopped, unanswered work answered with an error; the tree is freed. The board is the caller's. */
void fs_fini(struct fs *fs);

struct timespec fs_now(void);
/* Something changed: of the bytes or entries (mtime and ctime), of the inode (ctime). */
void fs_modified(struct tree_inode *inode);
void fs_changed(struct tree_inode *inode);
/* It was read: atime, as relatime has it. */
void fs_accessed(const struct fs *fs, struct tree_inode *inode);

/* What a failed change of this inode, or of names in this directory, is answered with: 0 if it may be changed. */
int fs_writable(const struct tree_inode *inode);

/* A file in board RAM got its first name, lost its last one. */
void fs_file_named(struct fs *fs, const struct tree_inode *inode);
void fs_file_unnamed(struct fs *fs, struct tree_inode *inode);

/* Make an inode of a regular file known to the engine, with the settings it has. @window: 0 board RAM, else which. */
int fs_create_file(struct fs *fs, struct tree_inode *inode, unsigned int window, uint64_t offset);
/* The attributes that the engine should know: defaults of the place, under what the user set. */
void fs_file_attr(const struct fs *fs, const struct tree_inode *inode, struct nommu_file_attr *attr);

/* Returns for how long the host may keep them. */
double fs_stat(struct fs *fs, struct tree_inode *inode, struct stat *stat);
double fs_entry(struct fs *fs, struct tree_inode *inode, struct fuse_entry_param *entry);

/* Answer with an entry, and count the lookup if the host took it. */
void fs_reply_entry(struct fs *fs, fuse_req_t req, struct tree_inode *inode);

/* The inode of a request. NULL was answered already (ESTALE: the host asks for what it forgot). */
struct tree_inode *fs_inode(fuse_req_t req, fuse_ino_t ino);
struct fs *fs_of(fuse_req_t req);

/* ops.c: the table of operations. */
extern const struct fuse_lowlevel_ops fs_ops;

/* ops_name.c */
void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent, const char *newname,
	       unsigned int flags);

/* ops_dir.c */
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_readlink(fuse_req_t req, fuse_ino_t ino);

/* ops_attr.c */
void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi);
void op_statfs(fuse_req_t req, fuse_ino_t ino);
/* Who is not root loses a file's set-id bits by changing it. @root: false also for a change of owner. */
void fs_kill_setid(struct tree_inode *inode, bool root);

/* ops_data.c */
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
/* FOPEN_… for a file in board RAM. */
uint32_t fs_open_flags_ram(void);

/* xattr.c */
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

/* rom.c */

struct rom;
/* Read the image at @path into sealed memory and its tree. -errno with one line in @why. */
int rom_open(const char *path, struct rom **rom, struct nommu_why *why);
/* How many files it needs in the engine's table. */
uint32_t rom_files(const struct rom *rom);
/* Give it a window of the board, and its tree the name "rom" in the root. */
int rom_mount(struct rom *rom, struct fs *fs, struct nommu_why *why);
void rom_close(struct rom *rom);

/* procfs.c: the mount's /proc: its directories and files as inodes, its texts as open files. */

int procfs_init(struct fs *fs);
/* Free what was never released. Processes whose tokens are among it stay attached. */
void procfs_fini(struct fs *fs);
/* A name below /proc that is not in the tree: a process's directory, what is in it, a token. The inode is held once
 * for the caller. -ENOENT: no such name. */
int procfs_lookup(struct fs *fs, const struct tree_inode *dir, const char *name, struct tree_inode **inode);
/* What a directory has beside its entries in the tree, by cookie, all of them greater than any of the tree's; it is
 * malloc'ed. */
struct procfs_dirent {
	char name[16];
	uint64_t ino;
	uint64_t cookie;
	mode_t mode;
};
int procfs_list(struct fs *fs, const struct tree_inode *dir, struct procfs_dirent **entries, size_t *count);
int procfs_open(struct fs *fs, struct tree_inode *inode, struct fuse_file_info *fi);
void procfs_read(fuse_req_t req, size_t size, off_t off, const struct fuse_file_info *fi);
int procfs_write(struct fs *fs, const struct tree_inode *inode, const char *data, size_t size);
/* Closing a token ends its mm. */
void procfs_release(struct fs *fs, const struct tree_inode *inode, struct fuse_file_info *fi);

/* loop.c */

/* To be called before any thread is started: the signals that end the daemon are taken by the loop alone. */
void loop_block_signals(void);
/* Serve until the mount is gone or SIGTERM, SIGINT or SIGHUP asks to end. 0 or -errno. */
int loop_run(struct fs *fs);

#endif
