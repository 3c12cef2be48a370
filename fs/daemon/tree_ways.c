/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tree_ways - see tree.h. Up to the root, and down through all that there is; nothing here changes the tree. */
#include <string.h>
#include <sys/stat.h>

#include "daemon/tree.h"

void tree_walk(struct tree_inode *top, void (*visit)(void *arg, struct tree_inode *inode), void *arg)
{
	struct tree_inode *dir = top;
	uint64_t cookie = 0;

	for (;;) {
		struct tree_entry *entry = tree_next(dir, cookie);

		if (entry) {
			visit(arg, entry->inode);
			cookie = S_ISDIR(entry->inode->mode) ? 0 : entry->cookie;
			dir = S_ISDIR(entry->inode->mode) ? entry->inode : dir;
		} else if (dir != top) {
			cookie = dir->names->cookie;
			dir = dir->names->dir;
		} else {
			return;
		}
	}
}

struct tree_inode *tree_parent(const struct tree_inode *dir)
{
	return dir->names ? dir->names->dir : (struct tree_inode *)dir;
}

bool tree_below(const struct tree_inode *inode, const struct tree_inode *dir)
{
	for (;;) {
		if (inode == dir)
			return true;
		if (!inode->names)
			return false;
		inode = inode->names->dir;
	}
}

size_t tree_path(const struct tree_inode *inode, char *text, size_t size)
{
	size_t total = 0, at;

	for (const struct tree_entry *entry = inode->names; entry; entry = entry->dir->names)
		total += 1 + entry->length;
	if (!size)
		return total;
	at = total < size ? total : size - 1;
	text[at] = '\0';
	for (const struct tree_entry *entry = inode->names; entry && at; entry = entry->dir->names) {
		size_t length = entry->length < at ? entry->length : at;

		at -= length;
		memcpy(text + at, entry->name + entry->length - length, length);
		if (at)
			text[--at] = '/';
	}
	return total;
}
