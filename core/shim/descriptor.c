/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/descriptor.h"

#include <asm/termbits.h>
#include <asm/ioctls.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "shim/context.h"

#define DEV_ZERO makedev(1, 5)

void descriptor_link(int fd, char link[static DESCRIPTOR_LINK])
{
	snprintf(link, DESCRIPTOR_LINK, "/proc/self/fd/%d", fd);
}

void descriptor_path(int fd, char path[static DESCRIPTOR_PATH])
{
	char link[DESCRIPTOR_LINK];
	long len;

	descriptor_link(fd, link);
	len = os_syscall(SYS_readlink, (long)link, (long)path, DESCRIPTOR_PATH, 0, 0, 0);
	path[len > 0 && len < DESCRIPTOR_PATH ? len : 0] = '\0';
}

/* An nommu_read_fn: bytes of a host file, or of one on the board that are compressed. */
static ssize_t read_bytes(void *arg, void *buf, size_t len, uint64_t offset)
{
	struct descriptor *descriptor = arg;
	int fd = descriptor->second >= 0 ? descriptor->second : descriptor->fd;
	char link[DESCRIPTOR_LINK];
	long result;

	if (descriptor->unreadable)
		return -EINVAL;
	result = os_syscall(SYS_pread64, fd, (long)buf, (long)len, (long)offset, 0, 0);
	if (result != -EBADF || descriptor->second >= 0)
		return result;
	/* It is open for writing only. The patch reads it all the same: a kernel can, we need a way of our own. */
	descriptor_link(fd, link);
	result = os_syscall(SYS_openat, AT_FDCWD, (long)link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0, 0, 0);
	if (result < 0)
		return -EACCES;
	descriptor->second = (int)result;
	return os_syscall(SYS_pread64, result, (long)buf, (long)len, (long)offset, 0, 0);
}

/* Drivers on this board know nothing of the host's devices: they have neither an address nor memory to copy. */
static void describe_char(dev_t rdev, struct descriptor *descriptor)
{
	struct nommu_file_attr *attr = &descriptor->attr;
	struct termios settings;

	attr->kind = NOMMU_KIND_CHAR;
	if (rdev == DEV_ZERO) {
		attr->flags |= NOMMU_FILE_CAPS_SET;
		attr->caps = BDI_CAP_MAP_COPY;
		/* Today's kernel cannot read it into memory of its own: it has an old and a new read operation. */
		descriptor->unreadable = shim.linux6;
		return;
	}
	attr->flags |= NOMMU_FILE_NO_READ;
	if (os_syscall(SYS_ioctl, descriptor->fd, TCGETS, (long)&settings, 0, 0, 0) == 0)
		attr->kind = NOMMU_KIND_OTHER; /* a terminal has no map operation at all */
}

static bool on_noexec_mount(int fd)
{
	struct statfs fs;

	return os_syscall(SYS_fstatfs, fd, (long)&fs, 0, 0, 0, 0) == 0 && fs.f_flags & ST_NOEXEC;
}

static void describe_host(const struct statx *st, struct nommu_request *request, struct descriptor *descriptor)
{
	struct nommu_file_attr *attr = &descriptor->attr;

	*attr = (struct nommu_file_attr){ .address_op = NOMMU_OP_NONE };
	descriptor->path[0] = '\0';
	switch (st->stx_mode & S_IFMT) {
	case S_IFREG:
		attr->kind = NOMMU_KIND_REGULAR;
		break;
	case S_IFBLK:
		attr->kind = NOMMU_KIND_BLOCK;
		break;
	case S_IFCHR:
		describe_char(makedev(st->stx_rdev_major, st->stx_rdev_minor), descriptor);
		break;
	case S_IFSOCK:
		attr->kind = NOMMU_KIND_SOCKET;
		break;
	default: /* directory, pipe, eventfd, epoll, … */
		attr->kind = NOMMU_KIND_OTHER;
		break;
	}
	if (st->stx_attributes & STATX_ATTR_APPEND)
		attr->flags |= NOMMU_FILE_APPEND;
	if ((request->prot & PROT_EXEC || request->task & NOMMU_TASK_READ_IMPLIES_EXEC) &&
	    on_noexec_mount(descriptor->fd))
		attr->flags |= NOMMU_FILE_NOEXEC;
	if (attr->kind != NOMMU_KIND_OTHER)
		descriptor_path(descriptor->fd, descriptor->path);
	request->host = attr;
	request->name = descriptor->path;
	request->id.dev = makedev(st->stx_dev_major, st->stx_dev_minor);
	if (st->stx_mask & STATX_BTIME)
		request->id.birth = (uint64_t)st->stx_btime.tv_sec * 1000000000u + st->stx_btime.tv_nsec;
}

/* Its mode is always asked: without it a descriptor by O_PATH could not be told from a good one. */
static uint32_t opened_how(int fd)
{
	long flags = os_syscall(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);

	if (flags < 0)
		return 0;
	if (flags & O_PATH)
		return NOMMU_FD_OPEN | NOMMU_FD_PATH;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return NOMMU_FD_OPEN | NOMMU_FD_READ;
	case O_WRONLY:
		return NOMMU_FD_OPEN | NOMMU_FD_WRITE;
	case O_RDWR:
		return NOMMU_FD_OPEN | NOMMU_FD_READ | NOMMU_FD_WRITE;
	default: /* Linux's own fourth: for ioctl alone */
		return NOMMU_FD_OPEN;
	}
}

void descriptor_describe(int fd, struct nommu_request *request, struct descriptor *descriptor)
{
	struct statx st;

	descriptor->fd = fd;
	descriptor->second = -1;
	descriptor->unreadable = false;
	request->read = read_bytes;
	request->read_arg = descriptor;
	request->fd = opened_how(fd);
	if (!(request->fd & NOMMU_FD_OPEN) || request->fd & NOMMU_FD_PATH)
		return;
	/* DONT_SYNC: numbers and type never change, so the daemon need not be asked. */
	if (os_syscall(SYS_statx, fd, (long)"", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		       STATX_INO | STATX_TYPE | STATX_BTIME, (long)&st, 0) < 0) {
		request->fd = 0; /* closed by another thread since */
		return;
	}
	request->id.ino = st.stx_ino;
	if (unlikely(makedev(st.stx_dev_major, st.stx_dev_minor) != shim.dev))
		describe_host(&st, request, descriptor);
}

void descriptor_close(struct descriptor *descriptor)
{
	if (unlikely(descriptor->second >= 0))
		os_syscall(SYS_close, descriptor->second, 0, 0, 0, 0, 0);
}
