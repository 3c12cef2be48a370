/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attrs - the extended attributes of one inode that only their users know the meaning of: names and values.
 *
 * Pure: who may see or set what is decided above. They lie in the daemon's memory, not in board RAM, so there is a
 * limit to what an inode can have. No lock: the caller has the daemon's mutex.
 */
#ifndef DAEMON_ATTRS_H
#define DAEMON_ATTRS_H

#include <stddef.h>
#include <stdint.h>

#define ATTRS_VALUE_MAX 65536u /* bytes of a value, as the kernel has it */
#define ATTRS_MAX       131072u /* bytes of all names and values of an inode */
#define ATTRS_TOTAL     (UINT64_C(64) << 20) /* and of a mount: the caller counts */

struct attr {
	struct attr *next;
	size_t size;
	char *value;
	char name[];
};

/* All zero: none. In the order in which they were made. */
struct attrs {
	struct attr *first;
	size_t bytes;
};

/* NULL: there is none of this name. */
const struct attr *attrs_find(const struct attrs *attrs, const char *name);

/* @flags: XATTR_CREATE, XATTR_REPLACE. Errors: EEXIST, ENODATA, E2BIG the value is too large, ENOSPC all together
 * are, ENOMEM. */
int attrs_set(struct attrs *attrs, const char *name, const void *value, size_t size, int flags);

/* -ENODATA: there is none of this name. */
int attrs_remove(struct attrs *attrs, const char *name);

void attrs_free(struct attrs *attrs);

#endif
