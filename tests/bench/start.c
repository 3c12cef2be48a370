/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start - how long it takes until a program runs: as it is, on a board, on a board of its own; and a mount.
 *
 * usage: start BUILD MOUNTPOINT EMPTY-FOLDER	(MOUNTPOINT: a board; not wrapped)
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 31
#define RAM (64 << 20) /* nommufs's default */

/* What the host takes to reserve a board's RAM, which mounting includes. */
static double reserve(void)
{
	uint64_t begin = bench_now();
	int fd = memfd_create("bench", MFD_CLOEXEC);

	if (fd < 0 || fallocate(fd, 0, 0, RAM))
		bench_die("start: memfd of 64 MiB");
	begin = bench_now() - begin;
	close(fd);
	return (double)begin;
}

static void row(const char *what, double ours, double plain, double extra, double limit)
{
	char a[16], b[16], ratio[16], want[16];

	bench_time(ratio, extra);
	bench_time(want, limit);
	bench_row(what, bench_time(a, ours), bench_time(b, plain), ratio, want, extra <= limit);
}

int main(int argc, char **argv)
{
	double plain[ROUNDS], board[ROUNDS], own[ROUNDS], mount[ROUNDS], host[ROUNDS], p, b;
	char launcher[4096], daemon[4096];

	if (argc < 4) {
		fprintf(stderr, "usage: start BUILD MOUNTPOINT EMPTY-FOLDER\n");
		return 2;
	}
	snprintf(launcher, sizeof(launcher), "%s/nommu-run", argv[1]);
	snprintf(daemon, sizeof(daemon), "%s/nommufs", argv[1]);
	for (int i = 0; i < ROUNDS; i++) {
		plain[i] = bench_run((char *[]){(char *)"true", NULL});
		board[i] = bench_run((char *[]){launcher, (char *)"--board", argv[2], (char *)"--", (char *)"true", NULL});
		own[i] = bench_run((char *[]){launcher, (char *)"--", (char *)"true", NULL});
		mount[i] = bench_run((char *[]){daemon, (char *)"none", argv[3], NULL});
		host[i] = reserve();
		bench_run((char *[]){(char *)"fusermount3", (char *)"-u", argv[3], NULL});
	}
	p = bench_median(plain, ROUNDS);
	b = bench_median(board, ROUNDS);
	row("start and end of a program, --board", b, p, b - p, 5e6);
	b = bench_median(own, ROUNDS);
	row("start and end of a program, own board", b, p, b - p, 50e6);
	b = bench_median(mount, ROUNDS);
	row("mount until ready (plain: to reserve 64 MiB)", b, bench_median(host, ROUNDS), b, 30e6);
	return 0;
}
