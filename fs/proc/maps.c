/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* maps - /proc/maps and /proc/PID/maps, in the columns of a 64-bit kernel's. */
#include "proc/proc.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

/* The column in which paths begin. */
#define PATH_COLUMN 73

/* What would break the line is written as the kernel does it. */
static void put_path(FILE *file, const char *path)
{
	for (; *path; path++) {
		if (*path == '\n')
			fputs("\\012", file);
		else
			putc(*path, file);
	}
}

static void put_map(FILE *file, const struct nommu_map *map, const struct proc_names *names)
{
	static const char cut[] = "...";
	char path[PATH_MAX + sizeof(cut)] = "";
	bool deleted = map->deleted;
	dev_t dev = 0;
	int column;

	if (map->id.dev == 0 && map->name[0]) {
		/* A System V segment has a name that is in no directory, and its id for an inode. */
		dev = makedev(0, 1);
		snprintf(path, sizeof(path), "%s", map->name);
		deleted = true;
	} else if (map->id.ino && map->id.dev == 0) {
		char *at = path + sizeof(cut) - 1;

		dev = names->dev;
		/* A path too long for its buffer is shown by its end. */
		if (names->path(names->arg, map->id.ino, at, PATH_MAX, &deleted) >= PATH_MAX)
			memcpy(path, cut, sizeof(cut) - 1);
		else
			memmove(path, at, strlen(at) + 1);
	} else if (map->id.ino) {
		dev = (dev_t)map->id.dev;
		snprintf(path, sizeof(path), "%s", map->name);
	}
	column = fprintf(file, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64 " ",
			 map->start, map->end, map->prot & PROT_READ ? 'r' : '-', map->prot & PROT_WRITE ? 'w' : '-',
			 map->prot & PROT_EXEC ? 'x' : '-', map->share, map->offset, major(dev), minor(dev),
			 map->id.ino);
	if (path[0]) {
		fprintf(file, "%*s", column < PATH_COLUMN ? PATH_COLUMN - column : 0, "");
		put_path(file, path);
		fputs(deleted ? " (deleted)" : "", file);
	}
	putc('\n', file);
}

int proc_maps(struct nommu_board *board, const struct nommu_mm *mm, const struct proc_names *names,
	      struct proc_text *text)
{
	struct nommu_map *maps;
	size_t count;
	FILE *file;
	int error = nommu_maps(board, mm, &maps, &count);

	if (error)
		return error;
	file = proc_text_begin(text);
	for (size_t i = 0; file && i < count; i++)
		put_map(file, &maps[i], names);
	free(maps);
	return file ? proc_text_end(file, text, 0) : -ENOMEM;
}
