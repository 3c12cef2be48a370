/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree - see tree.h. Two hashes that grow (inodes by number, entries by directory and name), slots per directory. */
#include "daemon/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define BUCKETS_FIRST 1024
#define SLOTS_FIRST   8

/* ---- hashes ---------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15ull;
	return x ^ x >> 29;
}

static uint64_t hash_name(const struct tree *tree, const struct tree_inode *dir, const char *name, size_t length)
{
	uint64_t h = mix(tree->seed ^ dir->ino);

	for (size_t i = 0; i < length; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3ull;
	return mix(h ^ tree->seed);
}

static struct tree_inode **inode_bucket(const struct tree *tree, uint64_t ino)
{
	return &tree->inodes[mix(ino) & (tree->inode_buckets - 1)];
}

static struct tree_entry **entry_bucket(const struct tree *tree, uint64_t hash)
{
	return &tree->entries[hash & (tree->entry_buckets - 1)];
}

/* A hash that cannot grow goes on with longer chains. */
static void grow_inodes(struct tree *tree)
{
	struct tree_inode **old = tree->inodes;
	size_t count = tree->inode_buckets;
	struct tree_inode **table = calloc(2 * count, sizeof(*table));

	if (!table)
		return;
	tree->inodes = table;
	tree->inode_buckets = 2 * count;
	for (size_t i = 0; i < count; i++) {
		struct tree_inode *next;

		for (struct tree_inode *inode = old[i]; inode; inode = next) {
			struct tree_inode **bucket = inode_bucket(tree, inode->ino);

			next = inode->chain;
			inode->chain = *bucket;
			*bucket = inode;
		}
	}
	free(old);
}

static void grow_entries(struct tree *tree)
{
	struct tree_entry **old = tree->entries;
	size_t count = tree->entry_buckets;
	struct tree_entry **table = calloc(2 * count, sizeof(*table));

	if (!table)
		return;
	tree->entries = table;
	tree->entry_buckets = 2 * count;
	for (size_t i = 0; i < count; i++) {
		struct tree_entry *next;

		for (struct tree_entry *entry = old[i]; entry; entry = next) {
			struct tree_entry **bucket = entry_bucket(tree, entry->hash);

			next = entry->chain;
			entry->chain = *bucket;
			*bucket = entry;
		}
	}
	free(old);
}

static void insert_entry(struct tree *tree, struct tree_entry *entry)
{
	struct tree_entry **bucket;

	if (tree->entry_count++ >= tree->entry_buckets)
		grow_entries(tree);
	bucket = entry_bucket(tree, entry->hash);
	entry->chain = *bucket;
	*bucket = entry;
}

static void remove_entry(struct tree *tree, struct tree_entry *entry)
{
	struct tree_entry **link = entry_bucket(tree, entry->hash);

	while (*link != entry)
		link = &(*link)->chain;
	*link = entry->chain;
	tree->entry_count--;
}

/* ---- inodes ---------------------------------------------------------------------------------------------------- */

struct tree_inode *tree_new(struct tree *tree, uint64_t ino, enum tree_area area, mode_t mode)
{
	struct tree_inode *inode = calloc(1, sizeof(*inode));
	struct tree_inode **bucket;

	if (!inode)
		return NULL;
	inode->ino = ino ? ino : ++tree->ino;
	inode->holds = 1;
	inode->area = area;
	inode->mode = mode;
	inode->nlink = S_ISDIR(mode) ? 2 : 0;
	inode->names_end = &inode->names;
	inode->file = TREE_NO_FILE;
	inode->cookie = TREE_COOKIE;
	if (tree->inode_count++ >= tree->inode_buckets)
		grow_inodes(tree);
	bucket = inode_bucket(tree, inode->ino);
	inode->chain = *bucket;
	*bucket = inode;
	return inode;
}

struct tree_inode *tree_find(const struct tree *tree, uint64_t ino)
{
	struct tree_inode *inode = *inode_bucket(tree, ino);

	while (inode && inode->ino != ino)
		inode = inode->chain;
	return inode;
}

static void free_inode(struct tree_inode *inode)
{
	free(inode->slots);
	free(inode->text);
	attrs_free(&inode->attrs);
	locks_free(&inode->locks);
	free(inode);
}

/* Nobody can reach it any more: let it go. */
static void check_unused(struct tree *tree, struct tree_inode *inode)
{
	struct tree_inode **link;

	if (inode->names || inode->nlookup || inode->holds || inode == tree->root)
		return;
	if (tree->drop)
		tree->drop(tree->arg, inode);
	link = inode_bucket(tree, inode->ino);
	while (*link != inode)
		link = &(*link)->chain;
	*link = inode->chain;
	tree->inode_count--;
	free_inode(inode);
}

void tree_hold(struct tree_inode *inode)
{
	inode->holds++;
}

void tree_put(struct tree *tree, struct tree_inode *inode)
{
	inode->holds--;
	check_unused(tree, inode);
}

void tree_forget(struct tree *tree, struct tree_inode *inode, uint64_t lookups)
{
	inode->nlookup -= lookups < inode->nlookup ? lookups : inode->nlookup;
	check_unused(tree, inode);
}

int tree_init(struct tree *tree, void (*drop)(void *arg, struct tree_inode *inode), void *arg)
{
	*tree = (struct tree){.drop = drop, .arg = arg};
	if (getrandom(&tree->seed, sizeof(tree->seed), GRND_NONBLOCK) < 0)
		tree->seed = mix((uint64_t)time(NULL) ^ (uintptr_t)tree);
	tree->inodes = calloc(BUCKETS_FIRST, sizeof(*tree->inodes));
	tree->entries = calloc(BUCKETS_FIRST, sizeof(*tree->entries));
	tree->inode_buckets = tree->entry_buckets = BUCKETS_FIRST;
	tree->ino = TREE_ROOT;
	if (tree->inodes && tree->entries)
		tree->root = tree_new(tree, TREE_ROOT, TREE_RAM, S_IFDIR | 0755);
	if (tree->root)
		return 0;
	free(tree->inodes);
	free(tree->entries);
	return -ENOMEM;
}

void tree_fini(struct tree *tree)
{
	for (size_t i = 0; i < tree->entry_buckets; i++) {
		struct tree_entry *next;

		for (struct tree_entry *entry = tree->entries[i]; entry; entry = next) {
			next = entry->chain;
			free(entry);
		}
	}
	for (size_t i = 0; i < tree->inode_buckets; i++) {
		struct tree_inode *next;

		for (struct tree_inode *inode = tree->inodes[i]; inode; inode = next) {
			next = inode->chain;
			free_inode(inode);
		}
	}
	free(tree->entries);
	free(tree->inodes);
	*tree = (struct tree){0};
}

/* ---- a directory's slots --------------------------------------------------------------------------------------- */

/* The index of the first slot whose cookie is greater. */
static size_t slot_behind(const struct tree_inode *dir, uint64_t cookie)
{
	size_t low = 0, high = dir->used;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dir->slots[middle].cookie > cookie)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Squeeze the empty slots out; those that stay keep their order and their cookies. */
static void compact(struct tree_inode *dir)
{
	size_t to = 0;

	for (size_t from = 0; from < dir->used; from++)
		if (dir->slots[from].entry)
			dir->slots[to++] = dir->slots[from];
	dir->used = to;
}

/* Make sure that another entry finds room. */
static int reserve_slot(struct tree_inode *dir)
{
	size_t room = dir->room ? 2 * dir->room : SLOTS_FIRST;
	struct tree_slot *slots;

	if (dir->used < dir->room)
		return 0;
	if (dir->live < dir->used / 2) {
		compact(dir);
		return 0;
	}
	slots = reallocarray(dir->slots, room, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	dir->slots = slots;
	dir->room = room;
	return 0;
}

/* After reserve_slot. */
static void add_slot(struct tree_inode *dir, struct tree_entry *entry)
{
	entry->cookie = ++dir->cookie;
	dir->slots[dir->used++] = (struct tree_slot){.cookie = entry->cookie, .entry = entry};
	dir->live++;
}

static void clear_slot(struct tree_inode *dir, const struct tree_entry *entry)
{
	dir->slots[slot_behind(dir, entry->cookie) - 1].entry = NULL;
	dir->live--;
	while (dir->used && !dir->slots[dir->used - 1].entry)
		dir->used--;
	if (dir->used >= 64 && dir->live < dir->used / 4)
		compact(dir);
}

struct tree_entry *tree_next(const struct tree_inode *dir, uint64_t cookie)
{
	for (size_t i = slot_behind(dir, cookie); i < dir->used; i++)
		if (dir->slots[i].entry)
			return dir->slots[i].entry;
	return NULL;
}

/* ---- entries --------------------------------------------------------------------------------------------------- */

static void name_inode(struct tree_entry *entry, struct tree_inode *inode)
{
	entry->inode = inode;
	entry->next_name = NULL;
	entry->prev_name = inode->names_end;
	*inode->names_end = entry;
	inode->names_end = &entry->next_name;
}

static void unname_inode(struct tree_entry *entry)
{
	*entry->prev_name = entry->next_name;
	if (entry->next_name)
		entry->next_name->prev_name = entry->prev_name;
	else
		entry->inode->names_end = entry->prev_name;
}

/* The link counts that go with a name in @dir. */
static void count_name(struct tree_inode *dir, struct tree_inode *inode)
{
	if (S_ISDIR(inode->mode))
		dir->nlink++;
	else
		inode->nlink++;
}

static void uncount_name(struct tree_inode *dir, struct tree_inode *inode)
{
	if (S_ISDIR(inode->mode))
		dir->nlink--;
	else
		inode->nlink--;
}

/* A name in @dir, in the hash and in a slot, that means no inode yet. */
static int new_entry(struct tree *tree, struct tree_inode *dir, const char *name, struct tree_entry **result)
{
	size_t length = strlen(name);
	struct tree_entry *entry;

	if (length > TREE_NAME_MAX)
		return -ENAMETOOLONG;
	if (!dir->nlink)
		return -ENOENT;
	if (reserve_slot(dir))
		return -ENOMEM;
	entry = malloc(sizeof(*entry) + length + 1);
	if (!entry)
		return -ENOMEM;
	*entry = (struct tree_entry){.dir = dir, .length = length, .hash = hash_name(tree, dir, name, length)};
	memcpy(entry->name, name, length + 1);
	insert_entry(tree, entry);
	add_slot(dir, entry);
	*result = entry;
	return 0;
}

/* Undo new_entry and name_inode. */
static void free_entry(struct tree *tree, struct tree_entry *entry)
{
	unname_inode(entry);
	clear_slot(entry->dir, entry);
	remove_entry(tree, entry);
	free(entry);
}

struct tree_entry *tree_lookup(const struct tree *tree, const struct tree_inode *dir, const char *name)
{
	size_t length = strlen(name);
	uint64_t hash = hash_name(tree, dir, name, length);
	struct tree_entry *entry = *entry_bucket(tree, hash);

	while (entry && (entry->hash != hash || entry->dir != dir || entry->length != length ||
			 memcmp(entry->name, name, length)))
		entry = entry->chain;
	return entry;
}

int tree_link(struct tree *tree, struct tree_inode *dir, const char *name, struct tree_inode *inode)
{
	struct tree_entry *entry;
	int error;

	if (tree_lookup(tree, dir, name))
		return -EEXIST;
	error = new_entry(tree, dir, name, &entry);
	if (error)
		return error;
	name_inode(entry, inode);
	count_name(dir, inode);
	return 0;
}

/* What remains of an inode that lost a name. A directory has no other; its "." goes too. */
static void lose_name(struct tree *tree, struct tree_inode *inode)
{
	if (S_ISDIR(inode->mode))
		inode->nlink = 0;
	check_unused(tree, inode);
}

void tree_unlink(struct tree *tree, struct tree_entry *entry)
{
	struct tree_inode *inode = entry->inode;

	uncount_name(entry->dir, inode);
	free_entry(tree, entry);
	lose_name(tree, inode);
}

int tree_rename(struct tree *tree, struct tree_entry *entry, struct tree_inode *dir, const char *name,
		struct tree_entry *victim)
{
	struct tree_inode *inode = entry->inode;
	struct tree_inode *lost = victim ? victim->inode : NULL;
	struct tree_entry *target = victim;
	int error;

	if (!victim) {
		error = new_entry(tree, dir, name, &target);
		if (error)
			return error;
	} else {
		uncount_name(dir, lost);
		unname_inode(victim);
	}
	uncount_name(entry->dir, inode);
	free_entry(tree, entry);
	name_inode(target, inode);
	count_name(dir, inode);
	if (lost)
		lose_name(tree, lost);
	return 0;
}

void tree_exchange(struct tree_entry *a, struct tree_entry *b)
{
	struct tree_inode *of_a = a->inode, *of_b = b->inode;

	uncount_name(a->dir, of_a);
	uncount_name(b->dir, of_b);
	unname_inode(a);
	unname_inode(b);
	name_inode(a, of_b);
	name_inode(b, of_a);
	count_name(a->dir, of_b);
	count_name(b->dir, of_a);
}
