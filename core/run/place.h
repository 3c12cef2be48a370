/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * place - the private folder of an own board: its mount point, and room for the daemon's socket. Nobody but its owner
 * can look in (0700).
 */
#ifndef RUN_PLACE_H
#define RUN_PLACE_H

#include <limits.h>
#include <stdbool.h>

#include "nommu.h"

struct place {
	char dir[PATH_MAX];
	char mnt[PATH_MAX];
};

/* Make it in $XDG_RUNTIME_DIR, else in /tmp. 0 or -errno with a line in @why. */
int place_make(struct place *place, struct nommu_why *why);

/* Whether something is mounted. Asks no daemon, so it cannot hang on one. */
bool place_mounted(const struct place *place);

/* Take the mount down. True: down. False: processes still use it, so it was only detached; it ends with them. */
bool place_unmount(const struct place *place);

/* Remove the folder and what a daemon that was killed has left in it. Nothing happens while it is mounted. */
void place_remove(const struct place *place);

#endif
