/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attrs - see attrs.h. A list: inodes have few. */
#include "daemon/attrs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

/* The link that leads to it, or to the end. */
static struct attr **find(struct attrs *attrs, const char *name)
{
	struct attr **link = &attrs->first;

	while (*link && strcmp((*link)->name, name))
		link = &(*link)->next;
	return link;
}

const struct attr *attrs_find(const struct attrs *attrs, const char *name)
{
	return *find((struct attrs *)attrs, name);
}

static struct attr *new_attr(const char *name)
{
	size_t length = strlen(name);
	struct attr *attr = malloc(sizeof(*attr) + length + 1);

	if (!attr)
		return NULL;
	*attr = (struct attr){0};
	memcpy(attr->name, name, length + 1);
	return attr;
}

int attrs_set(struct attrs *attrs, const char *name, const void *value, size_t size, int flags)
{
	struct attr **link = find(attrs, name), *attr = *link;
	size_t bytes = attrs->bytes + size - (attr ? attr->size : 0) + (attr ? 0 : strlen(name) + 1);
	char *copy;

	if (attr && flags & XATTR_CREATE)
		return -EEXIST;
	if (!attr && flags & XATTR_REPLACE)
		return -ENODATA;
	if (size > ATTRS_VALUE_MAX)
		return -E2BIG;
	if (bytes > ATTRS_MAX)
		return -ENOSPC;
	copy = malloc(size + 1);
	if (copy && !attr)
		attr = new_attr(name);
	if (!copy || !attr) {
		free(copy);
		return -ENOMEM;
	}
	if (size)
		memcpy(copy, value, size);
	free(attr->value);
	attr->value = copy;
	attr->size = size;
	*link = attr;
	attrs->bytes = bytes;
	return 0;
}

int attrs_remove(struct attrs *attrs, const char *name)
{
	struct attr **link = find(attrs, name), *attr = *link;

	if (!attr)
		return -ENODATA;
	attrs->bytes -= attr->size + strlen(name) + 1;
	*link = attr->next;
	free(attr->value);
	free(attr);
	return 0;
}

void attrs_free(struct attrs *attrs)
{
	while (attrs->first)
		attrs_remove(attrs, attrs->first->name);
}
