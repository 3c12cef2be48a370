/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ghost - what files were called that are gone from the tree but still mapped, for /proc/maps.
 *
 * A small table that is swept when it doubled. No lock: the caller has the daemon's mutex.
 */
#ifndef DAEMON_GHOST_H
#define DAEMON_GHOST_H

#include <stddef.h>
#include <stdint.h>

#include "nommu.h"

struct ghost {
	uint64_t ino;
	char *path;
};

/* All zero: none. */
struct ghosts {
	struct ghost *ghost;
	size_t count, room;
};

/* Remember @path, which becomes the table's. Without memory it is forgotten. */
void ghost_add(struct ghosts *ghosts, struct nommu_board *board, uint64_t ino, char *path);

/* The path of the file, or NULL. */
const char *ghost_find(const struct ghosts *ghosts, uint64_t ino);

void ghost_free(struct ghosts *ghosts);

#endif
