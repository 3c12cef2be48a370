/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * names - making, finding, listing and removing RAM files through the mount, beside another FUSE file system or a tmpfs.
 *
 * usage: names BOARD-FOLDER OTHER-FOLDER [judge]	(not wrapped; "judge": ours are to be ahead)
 *
 * Figures are for a name, in a directory of 10,000. The host caches names: only one that it has never heard of is asked
 * for, and all that changes something.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "bench.h"

#define NAMES 10000
#define FEW 1000
#define ROUNDS 5

static void name_of(char name[static 4096], const char *folder, const char *what, int i)
{
	snprintf(name, 4096, "%s/names.%d/%s.%d", folder, (int)getpid(), what, i);
}

static void create(const char *folder, int i)
{
	char name[4096];
	int fd;

	name_of(name, folder, "name", i);
	fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || close(fd))
		bench_die(name);
}

static void find(const char *folder, int i)
{
	char name[4096];
	struct stat st;

	name_of(name, folder, "name", i);
	if (stat(name, &st))
		bench_die(name);
}

static void miss(const char *folder, int i)
{
	char name[4096];
	struct stat st;

	name_of(name, folder, "none", i);
	if (!stat(name, &st) || errno != ENOENT)
		bench_die(name);
}

static void drop(const char *folder, int i)
{
	char name[4096];

	name_of(name, folder, "name", i);
	if (unlink(name))
		bench_die(name);
}

/* There and back. */
static void move(const char *folder, int i)
{
	char from[4096], to[4096];

	name_of(from, folder, "name", i);
	name_of(to, folder, "moved", i);
	if (rename(from, to) || rename(to, from))
		bench_die(from);
}

static void come_and_go(const char *folder, int i)
{
	create(folder, i);
	find(folder, i);
	drop(folder, i);
}

static double each(const char *folder, void (*what)(const char *folder, int i), int count)
{
	uint64_t begin = bench_now();

	for (int i = 0; i < count; i++)
		what(folder, i);
	return (double)(bench_now() - begin) / count;
}

static double list(const char *folder, int with_stat)
{
	uint64_t begin = bench_now();
	struct dirent *entry;
	char name[4096];
	struct stat st;
	int count = 0;
	DIR *dir;

	snprintf(name, sizeof(name), "%s/names.%d", folder, (int)getpid());
	dir = opendir(name);
	if (!dir)
		bench_die(name);
	while ((entry = readdir(dir))) {
		if (with_stat && fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			bench_die(entry->d_name);
		count++;
	}
	closedir(dir);
	if (count != NAMES + 2) {
		fprintf(stderr, "names: %s lists %d names\n", name, count);
		exit(1);
	}
	return (double)(bench_now() - begin) / count;
}

static void round_of(const void *side, double *figures)
{
	const char *folder = side;
	char name[4096];

	snprintf(name, sizeof(name), "%s/names.%d", folder, (int)getpid());
	if (mkdir(name, 0700))
		bench_die(name);
	*figures++ = each(folder, come_and_go, FEW);
	*figures++ = each(folder, create, NAMES);
	*figures++ = each(folder, find, NAMES);
	*figures++ = each(folder, miss, FEW);
	*figures++ = each(folder, miss, FEW);
	*figures++ = list(folder, 0);
	*figures++ = list(folder, 1);
	*figures++ = each(folder, move, FEW) / 2;
	*figures++ = each(folder, drop, NAMES);
	if (rmdir(name))
		bench_die(name);
}

int main(int argc, char **argv)
{
	const struct bench_kind kinds[] = {
		{"create, stat, unlink of a file", argc > 3 ? 1 : 0},
		{"create", 0},
		{"stat, cached", 0},
		{"stat of no file, never asked before", 0},
		{"stat of no file, cached", 0},
		{"readdir", 0},
		{"readdir and stat, as ls -l", 0},
		{"rename", 0},
		{"unlink", 0},
	};

	if (argc < 3) {
		fprintf(stderr, "usage: names BOARD-FOLDER OTHER-FOLDER [judge]\n");
		return 2;
	}
	bench_turns(kinds, sizeof(kinds) / sizeof(kinds[0]), ROUNDS, round_of, argv[1], argv[2]);
	return 0;
}
