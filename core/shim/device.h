/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * device - which files of the mount are devices to a wrapped program, and which device each is.
 *
 * To the host they are regular files. The kind is the engine's to say, of nodes in images and of files whose kind was
 * set, so an ordinary file costs no message to the daemon; the number only the daemon knows, who is asked for it of
 * devices alone. Nothing is kept between calls, and nobody locks.
 *
 * Not here: what a call makes of it (stat.h, open.h).
 */
#ifndef SHIM_DEVICE_H
#define SHIM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What the host says is a regular file with this inode number, on the board's mount: S_IFCHR, S_IFBLK, or 0 if it is no
 * device, or this call is the host's. */
mode_t device_type(uint64_t ino);

/* The number of the node that @path, or with an empty path @dirfd, leads to. False, and 0:0: it has none, since it is
 * no node but a file whose kind was set. It is known not to be a symbolic link. */
bool device_number(int dirfd, const char *path, uint32_t *major, uint32_t *minor);

#endif
