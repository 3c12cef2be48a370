/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fs - one mount, and what the daemon's files offer each other; a section a file.
 *
 * Two threads read requests and answer them (loop.c); what the board's lock keeps waiting goes to one worker (work.c).
 * All hold `mutex` while they run an operation, but for the copying of a large reply, so nothing below locks anything:
 * neither the tree nor the fields of this structure. The attach server and the unpackers have threads of their own and
 * touch only the board, and themselves.
 */
#ifndef DAEMON_FS_H
#define DAEMON_FS_H

#define FUSE_USE_VERSION 314

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "attach/attach.h"
#include "board/board.h"
#include "daemon/ghost.h"
#include "daemon/log.h"
#include "daemon/tree.h"
#include "image/image.h"
#include "nommu.h"
#include "proc/proc.h"

struct lock_waiter;
struct procfs_handle;
struct rom;
struct unpacker;
struct work;

struct fs {
	struct nommu_board *board;
	struct attach_server *server;
	struct fuse_session *session;
	pthread_mutex_t mutex;
	struct tree tree;
	const struct board *machine; /* what was configured; the caller's */
	struct log *log;             /* the caller's */
	struct rom *roms;            /* the images */
	struct proc_names names;   /* how maps name files */
	struct procfs_handle *handles; /* open files of /proc */
	enum nommu_profile profile;
	bool noatime, nodiratime; /* mounted so */
	uint64_t inodes, inodes_max; /* in the RAM tree; as on a tmpfs each further name of an inode counts as one */
	uint64_t attr_bytes; /* of all inodes' attrs */
	uint64_t handle;     /* the last one that an open file got */
	uint32_t files; /* in board RAM that the engine knows */
	uint32_t named; /* and that have a name; the others still hold their RAM */
	struct ghosts ghosts;
	struct lock_waiter *waiters; /* ops_lock.c */
	struct unpacker *unpacker;   /* unpack.c */
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

/* Make the state around a board that exists: the tree with an empty root, mutex and worker. @machine and @log must
 * outlive it. */
int fs_init(struct fs *fs, struct nommu_board *board, const struct board *machine, struct log *log);
/* No request comes any more: the threads end, and what was not answered is, with an error. */
void fs_quiesce(struct fs *fs);
/* The session may be gone. The tree is freed; the board is the caller's. */
void fs_fini(struct fs *fs);

struct timespec fs_now(void);
/* Something changed: of the bytes or entries (mtime and ctime), of the inode (ctime). */
void fs_modified(struct tree_inode *inode);
void fs_changed(struct tree_inode *inode);
/* It was read: atime, as relatime has it. */
void fs_accessed(const struct fs *fs, struct tree_inode *inode);

/* What a failed change is answered with: 0 if there may be one. Of the bytes of a file, or of a name added to a
 * directory: */
int fs_writable(const struct tree_inode *inode);
/* Of anything else of an inode, of its name, or of a name taken from a directory; chattr +a forbids these too. */
int fs_changeable(const struct tree_inode *inode);

/* An inode may have one more name: 0, or -ENOSPC. */
int fs_may_add_name(const struct fs *fs);

/* A file in board RAM got its first name, lost its last one. */
void fs_file_named(struct fs *fs, const struct tree_inode *inode);
void fs_file_unnamed(struct fs *fs, struct tree_inode *inode);

/* Make an inode of a regular file known to the engine, with the settings it has. @window: 0 board RAM, else which. */
int fs_create_file(struct fs *fs, struct tree_inode *inode, unsigned int window, uint64_t offset);
/* The attributes that the engine should know: defaults of the place, under what is configured for its path, under what
 * was set by xattrs. */
void fs_file_attr(const struct fs *fs, const struct tree_inode *inode, struct nommu_file_attr *attr);
/* Something that they depend on is another now: let the engine know, at once or as soon as the lock can be had. */
void fs_file_update(struct fs *fs, struct tree_inode *inode);
/* An inode, or a directory with all below it, has another path. */
void fs_path_changed(struct fs *fs, struct tree_inode *inode);

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

/* ops_make.c */
/* A directory of the RAM tree that a path needs, found or made; not held. */
int fs_make_directory(struct fs *fs, struct tree_inode *dir, const char *name, struct tree_inode **result);
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name);

/* ops_name.c */
void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
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
/* Who changes a file, its bytes or its owner, takes its capabilities and set-id bits away; root keeps the bits of one that
 * he writes. Called before the owner changes. */
enum fs_how {
	FS_WRITTEN,
	FS_GIVEN_AWAY,
};
void fs_kill_setid(struct fs *fs, struct tree_inode *inode, fuse_req_t req, enum fs_how how);

/* ops_data.c */
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi);
void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in, struct fuse_file_info *fi_in,
			fuse_ino_t ino_out, off_t off_out, struct fuse_file_info *fi_out, size_t len, int flags);
/* Somebody reads pages that a file of this size would not have: try again (-EAGAIN). */
bool fs_cut_waits(const struct tree_inode *inode, uint64_t size);
/* FOPEN_… for a file in board RAM, and for any. */
uint32_t fs_open_flags_ram(const struct fs *fs);
uint32_t fs_open_flags(const struct fs *fs);

/* ops_flags.c: what chattr(1) asks. */
void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg, struct fuse_file_info *fi,
	      unsigned int flags, const void *in_buf, size_t in_size, size_t out_size);

/* ops_lock.c: record locks; only on a mount with mand, else they are the host's. */
void op_getlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock);
void op_setlk(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct flock *lock, int sleep);
/* close(2): of all that this process has locked. */
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
/* An open file is gone, and what was locked through it. */
void fs_locks_released(struct fs *fs, struct tree_inode *inode, uint64_t handle);
/* Answer those that still wait. */
void fs_locks_end(struct fs *fs);

/* xattr.c */
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

/* rom.c */

/* Read the image, or pack the directory, of @image into sealed memory and make its tree. @end: as store_open has it.
 * @image must outlive it. -errno with one line in @why. */
int rom_open(const struct board_image *image, uint64_t *end, struct rom **rom, struct nommu_why *why);
/* How many files it needs in the engine's table. */
uint32_t rom_files(const struct rom *rom);
/* Give it a window of the board, and its tree the image's path, whose directories are made. On success it is one of
 * fs->roms. */
int rom_mount(struct rom *rom, struct fs *fs, struct nommu_why *why);
void rom_close(struct rom *rom);
/* All of fs->roms. */
void rom_close_all(struct fs *fs);

/* What has to be unpacked to be read. */
struct packed {
	const char *image;
	size_t size; /* of the image */
	enum image_format format;
	const struct image_node *node;
};

/* unpack.c: a thread for it, since it takes its time. */

int unpack_start(struct fs *fs);
/* What was left is answered with EIO. */
void unpack_stop(struct fs *fs);
/* Answer a read of @size bytes at @offset. */
void unpack_read(struct fs *fs, fuse_req_t req, const struct packed *packed, uint64_t offset, size_t size);

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
