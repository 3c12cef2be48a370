/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/device.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "attach/attach.h"
#include "shim/context.h"
#include "shim/descriptor.h"

/* What goes wrong here, a board that is stopped or busy, leaves the file as the host sees it: a stat that worked must
 * not fail by us. */
mode_t device_type(uint64_t ino)
{
	const struct nommu_id id = { .ino = ino };
	struct shim_task *task = shim_self();
	struct nommu_file_stat stat;
	uint32_t file;
	int result;

	if (!shim_enter(task))
		return 0;
	result = nommu_file_find(shim.board, &id, &file);
	if (!result)
		result = nommu_file_stat(shim.board, file, &stat);
	shim_leave(task);
	if (result)
		return 0;
	switch (stat.attr.kind) {
	case NOMMU_KIND_CHAR:
		return S_IFCHR;
	case NOMMU_KIND_BLOCK:
		return S_IFBLK;
	default:
		return 0;
	}
}

/* As much of @text as is a number; behind it, and behind one more byte, goes on what it returns. */
static const char *parse(const char *text, uint32_t *number)
{
	for (*number = 0; *text >= '0' && *text <= '9'; text++)
		*number = *number * 10 + (uint32_t)(*text - '0');
	return *text ? text + 1 : text;
}

static long ask(const char *path, char *text, size_t size)
{
	return os_syscall(SYS_getxattr, (long)path, (long)ATTACH_XATTR_DEVICE, (long)text, (long)size, 0, 0);
}

static long ask_descriptor(int fd, char *text, size_t size)
{
	char link[DESCRIPTOR_LINK];

	descriptor_link(fd, link);
	return ask(link, text, size); /* not by fgetxattr, which an O_PATH descriptor is not good for */
}

/* From another folder than the current one by a descriptor of the file: there is no getxattrat before Linux 6.13. */
static long ask_below(int dirfd, const char *path, char *text, size_t size)
{
	long fd = os_syscall(SYS_openat, dirfd, (long)path, O_PATH | O_CLOEXEC, 0, 0, 0), length;

	if (fd < 0)
		return fd;
	length = ask_descriptor((int)fd, text, size);
	os_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	return length;
}

bool device_number(int dirfd, const char *path, uint32_t *major, uint32_t *minor)
{
	char text[32]; /* "c 1:3" */
	long length;

	*major = *minor = 0;
	if (!path || !path[0])
		length = ask_descriptor(dirfd, text, sizeof(text) - 1);
	else if (path[0] == '/' || dirfd == AT_FDCWD)
		length = ask(path, text, sizeof(text) - 1);
	else
		length = ask_below(dirfd, path, text, sizeof(text) - 1);
	if (length < 2)
		return false;
	text[length] = '\0';
	parse(parse(text + 2, major), minor);
	return true;
}
