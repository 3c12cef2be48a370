/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rom - an image as /rom of a board, beside the same files as another read-only FUSE file system mounts them.
 *
 * usage: rom FILES NOMMUFS SOURCE MOUNTPOINT OTHER IMAGE MOUNTPOINT
 *
 * FILES is the folder that both were made of; OTHER is a program that is started as `OTHER IMAGE MOUNTPOINT`. "Cold" is
 * a mount that was never read from, made anew for each such figure: the host has cached nothing of it. The image itself
 * is in the host's page cache either way.
 */
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <sys/stat.h>

#include "reads.h"

#define ROUNDS 5
#define RANDOM_READS 256

struct files {
	char **paths; /* of regular files, below FILES; not "large" */
	size_t count, room;
	off_t bytes; /* without "large" */
	off_t large;
};

/* One file system; what the two are compared by is common. */
struct side {
	const struct files *files;
	char *program, *image, *mountpoint;
	char folder[PATH_MAX];
	int board;
};

/* ---- what there is --------------------------------------------------------------------------------------------- */

static FTS *walk(const char *folder, int options)
{
	char *const folders[] = {(char *)folder, NULL};
	FTS *fts = fts_open(folders, FTS_PHYSICAL | FTS_NOCHDIR | options, NULL);

	if (!fts)
		bench_die(folder);
	return fts;
}

static void add(struct files *files, const char *path)
{
	if (files->count == files->room) {
		files->room = files->room ? 2 * files->room : 64;
		files->paths = reallocarray(files->paths, files->room, sizeof(*files->paths));
	}
	if (!files->paths || !(files->paths[files->count++] = strdup(path)))
		bench_die("rom: memory");
}

static void collect(struct files *files, const char *folder)
{
	FTS *fts = walk(folder, 0);
	FTSENT *entry;

	while ((entry = fts_read(fts))) {
		if (entry->fts_info != FTS_F)
			continue;
		if (!strcmp(entry->fts_name, "large")) {
			files->large = entry->fts_statp->st_size;
			continue;
		}
		files->bytes += entry->fts_statp->st_size;
		add(files, entry->fts_path + strlen(folder) + 1);
	}
	fts_close(fts);
	if (!files->count || files->large < MIB || files->large % MIB) {
		fprintf(stderr, "rom: %s has no files, or no file 'large' of whole MiB\n", folder);
		exit(1);
	}
}

/* ---- mounting -------------------------------------------------------------------------------------------------- */

static double mount_side(const struct side *side)
{
	char *const board[] = {side->program, (char *)"-o", (char *)"ram=1M", side->image, side->mountpoint, NULL};
	char *const other[] = {side->program, side->image, side->mountpoint, NULL};

	return bench_run(side->board ? board : other);
}

static void unmount_side(const struct side *side)
{
	char *const command[] = {(char *)"fusermount3", (char *)"-u", side->mountpoint, NULL};

	bench_run(command);
	/* The daemon ends behind it, and would share the CPU with the next figure. */
	usleep(30000);
}

/* ---- figures --------------------------------------------------------------------------------------------------- */

/* Every name of the tree, with its attributes unless FTS_NOSTAT: for a name. */
static double list(const struct side *side, int options)
{
	uint64_t begin = bench_now();
	FTS *fts = walk(side->folder, options);
	size_t names = 0, files = 0;
	FTSENT *entry;

	while ((entry = fts_read(fts))) {
		names += entry->fts_info != FTS_DP;
		files += entry->fts_info == FTS_F || entry->fts_info == FTS_NSOK;
	}
	fts_close(fts);
	if (files != side->files->count + 1) {
		fprintf(stderr, "rom: %s has %zu files instead of %zu\n", side->folder, files, side->files->count + 1);
		exit(1);
	}
	return (double)(bench_now() - begin) / (double)names;
}

static double find(const struct side *side)
{
	const struct files *files = side->files;
	uint64_t begin = bench_now();
	char name[2 * PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < files->count; i++) {
		snprintf(name, sizeof(name), "%s/%s", side->folder, files->paths[i]);
		if (stat(name, &st))
			bench_die(name);
	}
	return (double)(bench_now() - begin) / (double)files->count;
}

static off_t read_file(const char *name)
{
	int fd = open(name, O_RDONLY);
	off_t bytes = 0;
	ssize_t n;

	if (fd < 0)
		bench_die(name);
	while ((n = read(fd, reads_buffer, sizeof(reads_buffer))) > 0)
		bytes += n;
	if (n < 0)
		bench_die(name);
	close(fd);
	return bytes;
}

/* All but the large one, opened, read and closed: for a file. */
static double small(const struct side *side)
{
	const struct files *files = side->files;
	uint64_t begin = bench_now();
	char name[2 * PATH_MAX];
	off_t bytes = 0;

	for (size_t i = 0; i < files->count; i++) {
		snprintf(name, sizeof(name), "%s/%s", side->folder, files->paths[i]);
		bytes += read_file(name);
	}
	begin = bench_now() - begin;
	if (bytes != files->bytes) {
		fprintf(stderr, "rom: %s has %lld bytes instead of %lld\n", side->folder, (long long)bytes,
			(long long)files->bytes);
		exit(1);
	}
	return (double)begin / (double)files->count;
}

/* Of the large one: for @piece in a row, or for a page at random if it is 0. */
static double large(const struct side *side, size_t piece)
{
	off_t size = side->files->large;
	char name[PATH_MAX + 8];
	double took;
	int fd;

	snprintf(name, sizeof(name), "%s/large", side->folder);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		bench_die(name);
	if (piece)
		took = reads_all(fd, size, piece) * (double)piece / (double)size;
	else
		took = reads_random(fd, size, RANDOM_READS) / RANDOM_READS;
	close(fd);
	return took;
}

static void round_of(const void *arg, double *figures)
{
	const struct side *side = arg;

	*figures++ = mount_side(side);
	*figures++ = list(side, FTS_NOSTAT);
	unmount_side(side);

	mount_side(side);
	*figures++ = list(side, 0);
	*figures++ = small(side);
	*figures++ = small(side);
	*figures++ = large(side, MIB);
	*figures++ = large(side, MIB);
	*figures++ = large(side, 0);
	unmount_side(side);

	mount_side(side);
	*figures++ = find(side);
	*figures++ = large(side, 0);
	unmount_side(side);
}

int main(int argc, char **argv)
{
	static const struct bench_kind kinds[] = {
		{"mount", 0},
		{"readdir of the tree, cold: a name", 0},
		{"readdir and stat, as ls -lR, cold: a name", 0},
		{"open, read, close of small files, cold", 0},
		{"the same, second time", 0},
		{"read of 1 MiB of a large file, cold", 0},
		{"the same, second time", 0},
		{"random read of 4 KiB, second time", 0},
		{"stat by path, cold", 0},
		{"random read of 4 KiB, cold", 0},
	};
	struct files files = {0};
	struct side ours, theirs;

	if (argc < 8) {
		fprintf(stderr, "usage: rom FILES NOMMUFS SOURCE MOUNTPOINT OTHER IMAGE MOUNTPOINT\n");
		return 2;
	}
	collect(&files, argv[1]);
	ours = (struct side){&files, argv[2], argv[3], argv[4], "", 1};
	theirs = (struct side){&files, argv[5], argv[6], argv[7], "", 0};
	snprintf(ours.folder, sizeof(ours.folder), "%s/rom", ours.mountpoint);
	snprintf(theirs.folder, sizeof(theirs.folder), "%s", theirs.mountpoint);
	bench_turns(kinds, sizeof(kinds) / sizeof(kinds[0]), ROUNDS, round_of, &ours, &theirs);
	return 0;
}
