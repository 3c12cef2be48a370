/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * files - RAM files through the mount, beside another FUSE file system or a tmpfs.
 *
 * usage: files BOARD-FOLDER OTHER-FOLDER [judge]	(not wrapped; "judge": ours are to be ahead)
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define MIB (1u << 20)
#define SIZE (16 * MIB)
#define ROUNDS 9
#define NAMES 500

static char buffer[MIB];

static int file(const char *folder, int flags)
{
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s/files.%d", folder, (int)getpid());
	fd = open(name, flags, 0600);
	if (fd < 0)
		bench_die(name);
	return fd;
}

static double writes(const char *folder)
{
	int fd = file(folder, O_WRONLY | O_CREAT | O_TRUNC);
	uint64_t begin = bench_now();

	for (off_t at = 0; at < SIZE; at += MIB)
		if (pwrite(fd, buffer, MIB, at) != MIB)
			bench_die("files: write");
	begin = bench_now() - begin;
	close(fd);
	return (double)begin / (SIZE / MIB);
}

/* Written, closed and opened anew: the host drops what it cached of a FUSE file then, unless it is told to keep it. */
static int full(const char *folder)
{
	writes(folder);
	return file(folder, O_RDONLY);
}

static double reads(const char *folder)
{
	int fd = full(folder);
	uint64_t begin = bench_now();

	for (off_t at = 0; at < SIZE; at += MIB)
		if (pread(fd, buffer, MIB, at) != MIB)
			bench_die("files: read");
	begin = bench_now() - begin;
	close(fd);
	return (double)begin / (SIZE / MIB);
}

/* Each page of the file once, in a random order. */
static double random_reads(const char *folder)
{
	static uint16_t order[SIZE / 4096];
	int fd = full(folder);
	uint32_t seed = 1, count = SIZE / 4096;
	uint64_t begin;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t j;

		seed = seed * 1664525u + 1013904223u;
		j = (seed >> 8) % (i + 1);
		order[i] = order[j];
		order[j] = (uint16_t)i;
	}
	begin = bench_now();
	for (uint32_t i = 0; i < count; i++)
		if (pread(fd, buffer, 4096, (off_t)order[i] * 4096) != 4096)
			bench_die("files: read");
	begin = bench_now() - begin;
	close(fd);
	return (double)begin / count;
}

static double names(const char *folder)
{
	uint64_t begin = bench_now();
	char name[4096];
	struct stat st;

	for (int i = 0; i < NAMES; i++) {
		int fd;

		snprintf(name, sizeof(name), "%s/name.%d.%d", folder, (int)getpid(), i);
		fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || close(fd) || stat(name, &st) || unlink(name))
			bench_die(name);
	}
	return (double)(bench_now() - begin) / NAMES;
}

static void compare(const char *what, double (*measure)(const char *), const char *board, const char *other, int judge)
{
	double ours[ROUNDS], theirs[ROUNDS];

	measure(board);
	measure(other);
	for (int i = 0; i < ROUNDS; i++) {
		ours[i] = measure(board);
		theirs[i] = measure(other);
	}
	bench_row_faster(what, bench_median(ours, ROUNDS), bench_median(theirs, ROUNDS), judge);
}

int main(int argc, char **argv)
{
	int judge = argc > 3;
	char name[4096];

	if (argc < 3) {
		fprintf(stderr, "usage: files BOARD-FOLDER OTHER-FOLDER [judge]\n");
		return 2;
	}
	memset(buffer, 1, sizeof(buffer));
	compare("write of 1 MiB", writes, argv[1], argv[2], judge);
	compare("read of 1 MiB", reads, argv[1], argv[2], judge);
	compare("random read of 4 KiB", random_reads, argv[1], argv[2], judge);
	for (int i = 1; i <= 2; i++) {
		snprintf(name, sizeof(name), "%s/files.%d", argv[i], (int)getpid());
		unlink(name);
	}
	compare("create, stat, unlink of a file", names, argv[1], argv[2], judge);
	return 0;
}
