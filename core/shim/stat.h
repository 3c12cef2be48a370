/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stat - the host's answers, but that devices of the board look like char and block devices.
 *
 * The calls below are the kernel's of these names, with its arguments, and return what it would: 0 or a negative errno.
 * What it refuses is refused, and no memory touched that it did not fill. They may be made before the shim is ready and
 * off the board, where they are the host's. Every file's first check costs no message; only of a device is the daemon
 * asked for the number.
 */
#ifndef SHIM_STAT_H
#define SHIM_STAT_H

struct stat;
struct statx;

long stat_at(int dirfd, const char *path, struct stat *st, int flags); /* newfstatat; stat and lstat by AT_FDCWD */
long stat_fd(int fd, struct stat *st);                                 /* fstat */
long stat_x(int dirfd, const char *path, int flags, unsigned int mask, struct statx *st);

#endif
