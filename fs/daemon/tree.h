/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tree - the names of a mount: inodes, directories and the entries that join them.
 *
 * Inode numbers are never used twice. An inode lives while it has a name, while the host has looked it up, or while
 * something holds it (an open file, queued work). Directories keep their entries in the order they came, each with a
 * cookie of its own, so that reading a directory neither skips nor repeats what stays while others come and go.
 * Not here: FUSE, the board, time, permissions. No lock: the caller has the daemon's mutex.
 */
#ifndef DAEMON_TREE_H
#define DAEMON_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "daemon/attrs.h"
#include "board/bdi.h"
#include "daemon/locks.h"

#define TREE_ROOT     1u
#define TREE_NAME_MAX 255
#define TREE_NO_FILE  UINT32_MAX
#define TREE_COOKIE   2u /* cookies 1 and 2 are the caller's, for "." and ".." */

/* Which part of the mount an inode belongs to: they behave as file systems of their own. */
enum tree_area {
	TREE_RAM,
	TREE_ROM,
	TREE_PROC,
};

struct board_image;
struct packed;
struct tree_inode;

/* One name. */
struct tree_entry {
	struct tree_entry *chain; /* in the hash of names */
	struct tree_entry *next_name, **prev_name; /* the other names of its inode */
	struct tree_inode *dir;
	struct tree_inode *inode;
	uint64_t cookie;
	uint64_t hash;
	size_t length;
	char name[]; /* NUL-terminated */
};

/* The entries of a directory by cookie, ascending; entry is NULL where one went. */
struct tree_slot {
	uint64_t cookie;
	struct tree_entry *entry;
};

struct tree_inode {
	struct tree_inode *chain; /* in the hash of inodes */
	struct tree_entry *names, **names_end; /* in the order they came */
	uint64_t ino;
	uint64_t nlookup; /* how often the host looked it up */
	uint32_t holds;
	/* From here on the caller's, but for nlink, which linking and unlinking keep right. */
	uint32_t queued;  /* work that waits on this inode, see work.h */
	uint32_t reading; /* replies that are being copied from its pages */
	enum tree_area area;
	unsigned int what; /* in TREE_PROC which file it is; in TREE_ROM the type that a device node has */
	dev_t rdev;        /* of a device node in TREE_ROM */
	mode_t mode;
	nlink_t nlink;
	uid_t uid;
	gid_t gid;
	uint64_t size;
	struct timespec atime, mtime, ctime;
	uint32_t file;    /* the engine's, of a regular file; else TREE_NO_FILE */
	bool blocks_known; /* blocks and size are as the engine has them */
	uint64_t blocks;   /* of 512 bytes */
	char *text;       /* a symlink's target, a token's name; freed with the inode */
	int pid;          /* of a directory in /proc */
	const struct board_image *image; /* in TREE_ROM: which image it is in */
	const struct packed *packed; /* in TREE_ROM: what has to be unpacked to be read */
	uint32_t flags;   /* FS_…_FL, as chattr(1) sets them */
	bool linkable;    /* it was made without a name, and may get one */
	struct bdi bdi;   /* what was set by xattrs */
	struct attrs attrs; /* all other xattrs */
	struct locks locks;
	/* Of a directory. */
	struct tree_slot *slots;
	size_t used, room, live;
	uint64_t cookie; /* the last one given */
};

struct tree {
	struct tree_inode **inodes;
	struct tree_entry **entries;
	size_t inode_buckets, entry_buckets; /* powers of two */
	size_t inode_count, entry_count;
	uint64_t ino;  /* the last one given */
	uint64_t seed; /* of the hash, so that names cannot be made to collide */
	struct tree_inode *root;
	void (*drop)(void *arg, struct tree_inode *inode);
	void *arg;
};

/* Make a tree with a root directory. @drop is told of each inode that goes, before it is freed; not by tree_fini. */
int tree_init(struct tree *tree, void (*drop)(void *arg, struct tree_inode *inode), void *arg);
void tree_fini(struct tree *tree);

/* Make an inode without a name, held once for the caller (tree_put). @ino 0: the next number; else this one, which
 * must not be in use. NULL: out of memory. */
struct tree_inode *tree_new(struct tree *tree, uint64_t ino, enum tree_area area, mode_t mode);

/* The inode of this number, or NULL. */
struct tree_inode *tree_find(const struct tree *tree, uint64_t ino);

void tree_hold(struct tree_inode *inode);
void tree_put(struct tree *tree, struct tree_inode *inode);
void tree_forget(struct tree *tree, struct tree_inode *inode, uint64_t lookups);

/* NULL: no such name. */
struct tree_entry *tree_lookup(const struct tree *tree, const struct tree_inode *dir, const char *name);

/* Give @inode a name in @dir. Errors: ENAMETOOLONG, EEXIST, ENOENT the directory was removed, ENOMEM. */
int tree_link(struct tree *tree, struct tree_inode *dir, const char *name, struct tree_inode *inode);

/* Take a name away, and with its last user the inode. A directory has to be empty. */
void tree_unlink(struct tree *tree, struct tree_entry *entry);

/* Move an entry to @name in @dir, taking the place of @victim if there is one there. The victim's inode may go.
 * Errors: ENAMETOOLONG, ENOENT the directory was removed, ENOMEM. */
int tree_rename(struct tree *tree, struct tree_entry *entry, struct tree_inode *dir, const char *name,
		struct tree_entry *victim);

/* Let two entries change their inodes. */
void tree_exchange(struct tree_entry *a, struct tree_entry *b);

/* The first entry of @dir behind @cookie; NULL at the end. */
struct tree_entry *tree_next(const struct tree_inode *dir, uint64_t cookie);

/* ---- tree_ways.c ---- */

/* Visit every inode below @top once a name, directories before what is in them. @visit changes no names. */
void tree_walk(struct tree_inode *top, void (*visit)(void *arg, struct tree_inode *inode), void *arg);

/* The directory that ".." is; of the root, and of a removed directory, itself. */
struct tree_inode *tree_parent(const struct tree_inode *dir);

/* Whether @inode is @dir or lies below it. */
bool tree_below(const struct tree_inode *inode, const struct tree_inode *dir);

/* The path from the root, by the names that are the oldest; "" for an inode without a name. Returns the length that the whole path
 * has; if that is not less than @size, the text is cut at the front. */
size_t tree_path(const struct tree_inode *inode, char *text, size_t size);

#endif
