/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * calls - what a mapping costs through the shim, beside the host's own call in the same process.
 *
 * usage: nommu-run --board MOUNTPOINT -- calls BOARD-FOLDER TMPFS-FOLDER
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define PAGE 4096
#define ROUNDS 15
#define ROUND_NS 20000000u

struct work {
	size_t pages;
	int prot;
	int flags;
	int fd;
	int host; /* the host's own calls */
};

static void *map(const struct work *w)
{
	void *p;

	if (w->host)
		p = (void *)bench_host(SYS_mmap, 0, (long)(w->pages * PAGE), w->prot, w->flags, w->fd, 0);
	else
		p = mmap(NULL, w->pages * PAGE, w->prot, w->flags, w->fd, 0);
	if ((unsigned long)p >= -4095UL) {
		fprintf(stderr, "calls: mmap of %zu pages (%s) failed: %s\n", w->pages, w->host ? "host" : "board",
			w->host ? "" : strerror(errno));
		exit(1);
	}
	return p;
}

static void unmap(const struct work *w, void *p)
{
	long err = w->host ? bench_host(SYS_munmap, (long)p, (long)(w->pages * PAGE), 0, 0, 0, 0)
			   : munmap(p, w->pages * PAGE);

	if (err) {
		fprintf(stderr, "calls: munmap failed\n");
		exit(1);
	}
}

static void once(const struct work *w)
{
	volatile char *p = map(w);

	for (size_t i = 0; i < w->pages; i++)
		p[i * PAGE] = 1;
	unmap(w, (void *)p);
}

/* Nanoseconds for one map, touch, unmap. */
static double round_of(const struct work *w)
{
	uint64_t begin = bench_now(), end;
	unsigned long n = 0;

	do {
		for (int i = 0; i < 64; i++)
			once(w);
		n += 64;
		end = bench_now();
	} while (end - begin < ROUND_NS);
	return (double)(end - begin) / (double)n;
}

static void compare(const char *what, struct work board, struct work host, double most)
{
	double ours[ROUNDS], theirs[ROUNDS];

	host.host = 1;
	round_of(&board);
	round_of(&host);
	for (int i = 0; i < ROUNDS; i++) {
		ours[i] = round_of(&board);
		theirs[i] = round_of(&host);
	}
	bench_row_most(what, bench_median(ours, ROUNDS), bench_median(theirs, ROUNDS), most);
}

static int file(const char *folder, size_t pages)
{
	static const char page[PAGE];
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s/nommu-bench.%d", folder, (int)getpid());
	fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)(pages * PAGE)))
		bench_die(name);
	for (size_t i = 0; i < pages; i++)
		if (pwrite(fd, page, PAGE, (off_t)(i * PAGE)) != PAGE)
			bench_die(name);
	unlink(name);
	return fd;
}

int main(int argc, char **argv)
{
	int board, host;

	if (argc < 3) {
		fprintf(stderr, "usage: nommu-run --board MOUNTPOINT -- calls BOARD-FOLDER TMPFS-FOLDER\n");
		return 2;
	}
	board = file(argv[1], 16);
	host = file(argv[2], 16);
#define ANON(n) (struct work){n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}
#define FILE_(fd, kind) (struct work){16, PROT_READ | PROT_WRITE, kind, fd, 0}
	compare("anonymous, 1 page: map, touch, unmap", ANON(1), ANON(1), 1 / 8.);
	compare("anonymous, 16 pages", ANON(16), ANON(16), 0);
	compare("direct, 64 KiB of a file, every page", FILE_(board, MAP_SHARED), FILE_(host, MAP_SHARED), 1 / 20.);
	compare("private copy, 64 KiB of a file", FILE_(board, MAP_PRIVATE), FILE_(host, MAP_PRIVATE), 0);
	return 0;
}
