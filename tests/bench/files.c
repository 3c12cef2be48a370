/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * files - the bytes of RAM files through the mount, beside another FUSE file system or a tmpfs.
 *
 * usage: files BOARD-FOLDER OTHER-FOLDER [judge]	(not wrapped; "judge": ours are to be ahead)
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "reads.h"

#define PIECE (MIB / 8)
#define SIZE (16 * MIB)
#define PAGES (SIZE / PAGE)
#define ROUNDS 9

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

/* Anew each time, into no memory yet. */
static double writes(const char *folder, size_t piece)
{
	int fd = file(folder, O_WRONLY | O_CREAT | O_TRUNC);
	uint64_t begin = bench_now();

	for (off_t at = 0; at < SIZE; at += (off_t)piece)
		if (pwrite(fd, reads_buffer, piece, at) != (ssize_t)piece)
			bench_die("files: write");
	begin = bench_now() - begin;
	close(fd);
	return (double)begin * (double)piece / SIZE;
}

/* Closed and opened anew: the host drops what it cached of a FUSE file then, unless it is told to keep it. */
static double reads(const char *folder, size_t piece)
{
	int fd = file(folder, O_RDONLY);
	double took = reads_all(fd, SIZE, piece);

	close(fd);
	return took * (double)piece / SIZE;
}

static double random_reads(const char *folder)
{
	int fd = file(folder, O_RDONLY);
	double took = reads_random(fd, SIZE, PAGES);

	close(fd);
	return took / PAGES;
}

static void round_of(const void *side, double *figures)
{
	const char *folder = side;

	*figures++ = writes(folder, PIECE);
	*figures++ = writes(folder, MIB);
	*figures++ = reads(folder, MIB);
	*figures++ = reads(folder, PIECE);
	*figures++ = random_reads(folder);
}

int main(int argc, char **argv)
{
	double ahead = argc > 3 ? 1 : 0, warm[BENCH_KINDS];
	const struct bench_kind kinds[] = {
		{"write of 128 KiB", 0},
		{"write of 1 MiB", ahead},
		{"read of 1 MiB", ahead},
		{"read of 128 KiB", 0},
		{"random read of 4 KiB", ahead},
	};
	char name[4096];

	if (argc < 3) {
		fprintf(stderr, "usage: files BOARD-FOLDER OTHER-FOLDER [judge]\n");
		return 2;
	}
	memset(reads_buffer, 1, sizeof(reads_buffer));
	for (int i = 1; i <= 2; i++)
		round_of(argv[i], warm);
	bench_turns(kinds, sizeof(kinds) / sizeof(kinds[0]), ROUNDS, round_of, argv[1], argv[2]);
	for (int i = 1; i <= 2; i++) {
		snprintf(name, sizeof(name), "%s/files.%d", argv[i], (int)getpid());
		unlink(name);
	}
	return 0;
}
