/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mountpoint - where a board is to be mounted: whether that can be, and what a dead daemon left there.
 *
 * Looks at the host's mount table; mounts nothing.
 */
#ifndef DAEMON_MOUNTPOINT_H
#define DAEMON_MOUNTPOINT_H

#include <sys/types.h>

#include "nommu.h"

#define MOUNTPOINT_TYPE "fuse.nommufs"

/* Check that @path is a directory on which nothing is mounted. The mount of a nommufs whose daemon is dead is taken
 * down first, lazily. *@absolute is malloc'ed and becomes the caller's. -errno with one line in @why. */
int mountpoint_prepare(const char *path, char **absolute, struct nommu_why *why);

/* The device number of what is mounted on @absolute, without asking the file system. 0: nothing is. */
dev_t mountpoint_device(const char *absolute);

#endif
