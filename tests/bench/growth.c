/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * growth - whether a mapping costs more on a board that is full of regions and files.
 *
 * usage: nommu-run --board MOUNTPOINT -- growth BOARD-FOLDER
 *
 * Maps and unmaps one anonymous page, and one page of a file, beside 10, 1,000 and 100,000 other regions, the last
 * with 10,000 files on the board too. The board needs 480 MiB.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define PAGE 4096
#define ROUNDS 9
#define ROUND_NS 20000000u
#define REGIONS 100000
#define FILES 10000

static size_t regions;

static void *map(int fd)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		bench_die("growth: mmap");
	return p;
}

static double round_of(int fd)
{
	uint64_t begin = bench_now(), end;
	unsigned long n = 0;

	do {
		for (int i = 0; i < 64; i++)
			if (munmap(map(fd), PAGE))
				bench_die("growth: munmap");
		n += 64;
		end = bench_now();
	} while (end - begin < ROUND_NS);
	return (double)(end - begin) / (double)n;
}

static double cost(int fd)
{
	double rounds[ROUNDS];

	round_of(fd);
	for (int i = 0; i < ROUNDS; i++)
		rounds[i] = round_of(fd);
	return bench_median(rounds, ROUNDS);
}

static void fill(size_t count)
{
	while (regions < count) {
		map(-1);
		regions++;
	}
}

static void name_of(char name[static 4096], const char *folder, int i)
{
	snprintf(name, 4096, "%s/growth.%d/%d", folder, (int)getpid(), i);
}

static int file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, 1))
		bench_die(name);
	return fd;
}

int main(int argc, char **argv)
{
	char name[4096];
	double anon, shared;
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: nommu-run --board MOUNTPOINT -- growth BOARD-FOLDER\n");
		return 2;
	}
	snprintf(name, sizeof(name), "%s/growth.%d", argv[1], (int)getpid());
	if (mkdir(name, 0700))
		bench_die(name);
	name_of(name, argv[1], 0);
	fd = file(name);

	fill(10);
	anon = cost(-1);
	shared = cost(fd);
	bench_row_most("anonymous page, 10 regions", anon, anon, 0);
	bench_row_most("page of a file, 10 regions", shared, shared, 0);
	fill(1000);
	bench_row_most("anonymous page, 1,000 regions", cost(-1), anon, 2);
	bench_row_most("page of a file, 1,000 regions", cost(fd), shared, 2);
	for (int i = 1; i < FILES; i++) {
		name_of(name, argv[1], i);
		close(file(name));
	}
	bench_row_most("anonymous page, 10,000 files", cost(-1), anon, 2);
	bench_row_most("page of a file, 10,000 files", cost(fd), shared, 2);
	fill(REGIONS);
	bench_row_most("anonymous page, 100,000 regions", cost(-1), anon, 2);
	bench_row_most("page of a file, 100,000 regions", cost(fd), shared, 2);
	return 0;
}
