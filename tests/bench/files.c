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
#define RANDOM 4000
#define NAMES 500

static char buffer[MIB];

static int file(const char *folder)
{
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s/files.%d", folder, (int)getpid());
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		bench_die(name);
	unlink(name);
	return fd;
}

static double writes(const char *folder)
{
	int fd = file(folder);
	uint64_t begin = bench_now();

	for (off_t at = 0; at < SIZE; at += MIB)
		if (pwrite(fd, buffer, MIB, at) != MIB)
			bench_die("files: write");
	begin = bench_now() - begin;
	close(fd);
	return (double)begin / (SIZE / MIB);
}

static int full(const char *folder)
{
	int fd = file(folder);

	for (off_t at = 0; at < SIZE; at += MIB)
		if (pwrite(fd, buffer, MIB, at) != MIB)
			bench_die("files: write");
	return fd;
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

static double random_reads(const char *folder)
{
	int fd = full(folder);
	uint64_t begin = bench_now();
	uint32_t seed = 1;

	for (int i = 0; i < RANDOM; i++) {
		seed = seed * 1664525u + 1013904223u;
		if (pread(fd, buffer, 4096, (off_t)((seed >> 8) % (SIZE / 4096)) * 4096) != 4096)
			bench_die("files: read");
	}
	begin = bench_now() - begin;
	close(fd);
	return (double)begin / RANDOM;
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

	if (argc < 3) {
		fprintf(stderr, "usage: files BOARD-FOLDER OTHER-FOLDER [judge]\n");
		return 2;
	}
	memset(buffer, 1, sizeof(buffer));
	compare("write of 1 MiB", writes, argv[1], argv[2], judge);
	compare("read of 1 MiB", reads, argv[1], argv[2], judge);
	compare("random read of 4 KiB", random_reads, argv[1], argv[2], judge);
	compare("create, stat, unlink of a file", names, argv[1], argv[2], judge);
	return 0;
}
