/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ghost - see ghost.h. Inode numbers only grow and files go in any order, so the table is sorted when it is swept. */
#include "daemon/ghost.h"

#include <stdbool.h>
#include <stdlib.h>

#define ROOM_FIRST 64

static int by_ino(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool mapped(const uint64_t *inos, size_t count, uint64_t ino)
{
	return bsearch(&ino, inos, count, sizeof(*inos), by_ino) != NULL;
}

/* Drop those that nothing maps any more. */
static void sweep(struct ghosts *ghosts, struct nommu_board *board)
{
	struct nommu_map *maps;
	size_t count, files = 0, kept = 0;
	uint64_t *inos;

	if (nommu_maps(board, NULL, &maps, &count))
		return;
	inos = calloc(count + 1, sizeof(*inos));
	for (size_t i = 0; inos && i < count; i++)
		if (maps[i].id.ino && maps[i].id.dev == 0)
			inos[files++] = maps[i].id.ino;
	free(maps);
	if (!inos)
		return;
	qsort(inos, files, sizeof(*inos), by_ino);
	for (size_t i = 0; i < ghosts->count; i++) {
		if (mapped(inos, files, ghosts->ghost[i].ino))
			ghosts->ghost[kept++] = ghosts->ghost[i];
		else
			free(ghosts->ghost[i].path);
	}
	ghosts->count = kept;
	free(inos);
}

void ghost_add(struct ghosts *ghosts, struct nommu_board *board, uint64_t ino, char *path)
{
	if (ghosts->count == ghosts->room) {
		sweep(ghosts, board);
		if (ghosts->count >= ghosts->room / 2) {
			size_t room = ghosts->room ? 2 * ghosts->room : ROOM_FIRST;
			struct ghost *ghost = reallocarray(ghosts->ghost, room, sizeof(*ghost));

			if (!ghost) {
				free(path);
				return;
			}
			ghosts->ghost = ghost;
			ghosts->room = room;
		}
	}
	ghosts->ghost[ghosts->count++] = (struct ghost){.ino = ino, .path = path};
}

const char *ghost_find(const struct ghosts *ghosts, uint64_t ino)
{
	for (size_t i = 0; i < ghosts->count; i++)
		if (ghosts->ghost[i].ino == ino)
			return ghosts->ghost[i].path;
	return NULL;
}

void ghost_free(struct ghosts *ghosts)
{
	for (size_t i = 0; i < ghosts->count; i++)
		free(ghosts->ghost[i].path);
	free(ghosts->ghost);
	*ghosts = (struct ghosts){0};
}
