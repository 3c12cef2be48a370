/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * readers - what two processes get that read one RAM file at once, and one alone, beside a tmpfs.
 *
 * usage: readers BOARD-FOLDER OTHER-FOLDER	(not wrapped)
 *
 * Nobody is told where to run: where readers and daemon are on different CPUs, waking them is most of a small read.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "reads.h"

#define SIZE (16 * MIB)
#define PASSES 4
#define RANDOM_READS 2000
#define READERS 2
#define ROUNDS 7

static void in_a_row(int fd)
{
	for (int i = 0; i < PASSES; i++)
		reads_all(fd, SIZE, MIB / 8);
}

static void at_random(int fd)
{
	reads_random(fd, SIZE, RANDOM_READS);
}

static void reader(int fd, int start, void (*work)(int fd), volatile uint64_t *end)
{
	char byte;

	/* The buffer is its own before it starts. */
	memset(reads_buffer, 2, sizeof(reads_buffer));
	if (read(start, &byte, 1) != 0)
		bench_die("readers: start");
	work(fd);
	*end = bench_now();
	_exit(0);
}

/* Until the last of @count is through. */
static double together(const char *name, void (*work)(int fd), int count)
{
	int fd = open(name, O_RDONLY), start[2], status;
	uint64_t *ends = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t begin, last = 0;

	if (fd < 0 || ends == MAP_FAILED || pipe(start))
		bench_die(name);
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			bench_die("readers: fork");
		if (!pid) {
			close(start[1]);
			reader(fd, start[0], work, &ends[i]);
		}
	}
	close(start[0]);
	/* Until they wait. */
	usleep(10000);
	begin = bench_now();
	close(start[1]);
	for (int i = 0; i < count; i++) {
		if (wait(&status) < 0 || status) {
			fprintf(stderr, "readers: a reader failed\n");
			exit(1);
		}
	}
	for (int i = 0; i < count; i++)
		last = ends[i] > last ? ends[i] : last;
	munmap(ends, PAGE);
	close(fd);
	return (double)(last - begin);
}

static void make(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		bench_die(name);
	memset(reads_buffer, 1, sizeof(reads_buffer));
	for (off_t at = 0; at < SIZE; at += MIB)
		if (pwrite(fd, reads_buffer, MIB, at) != MIB)
			bench_die(name);
	close(fd);
}

static void round_of(const void *side, double *figures)
{
	char name[4096];

	snprintf(name, sizeof(name), "%s/readers.%d", (const char *)side, (int)getpid());
	make(name);
	for (int count = 1; count <= READERS; count++)
		*figures++ = together(name, in_a_row, count) / (count * PASSES * (SIZE / MIB));
	for (int count = 1; count <= READERS; count++)
		*figures++ = together(name, at_random, count) / (count * RANDOM_READS);
	unlink(name);
}

int main(int argc, char **argv)
{
	static const struct bench_kind kinds[] = {
		{"1 MiB by 128 KiB, one alone", 0},
		{"1 MiB by 128 KiB, two: for either", 0},
		{"random read of 4 KiB, one alone", 0},
		{"random read of 4 KiB, two: for either", 0},
	};

	if (argc < 3) {
		fprintf(stderr, "usage: readers BOARD-FOLDER OTHER-FOLDER\n");
		return 2;
	}
	bench_turns(kinds, sizeof(kinds) / sizeof(kinds[0]), ROUNDS, round_of, argv[1], argv[2]);
	return 0;
}
