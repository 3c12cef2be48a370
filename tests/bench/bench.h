/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench - what the benchmarks share: the clock, medians, rounds, rows of the table, the host's own calls.
 *
 * A figure is a median of several rounds; a ratio compares two figures of one run, whose rounds took turns. Nothing
 * here is linked to the engine: the programs are ordinary ones, wrapped or not by whoever starts them (bench.sh).
 */
#ifndef BENCH_H
#define BENCH_H

#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void bench_die(const char *what)
{
	perror(what);
	exit(1);
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), bench_compare);
	return values[count / 2];
}

/* Nanoseconds as a person reads them. */
static inline const char *bench_time(char text[static 16], double ns)
{
	if (ns < 1e3)
		snprintf(text, 16, "%.0f ns", ns);
	else if (ns < 1e6)
		snprintf(text, 16, "%.2f us", ns / 1e3);
	else
		snprintf(text, 16, "%.2f ms", ns / 1e6);
	return text;
}

/* One row: what, two figures, what one is compared by to the other, the target ("" if none) and whether it is met.
 * bench.sh prints the headings and counts the last column. */
static inline void bench_row(const char *what, const char *ours, const char *theirs, const char *ratio,
			     const char *target, int met)
{
	printf("  %-44s %10s %10s  %-9s %-9s %s\n", what, ours, theirs, ratio, target,
	       !target[0] ? "" : met ? "met" : "MISSED");
	fflush(stdout);
}

/* Ours against theirs, as 1/n where ours is faster; the ratio is to be at most @most, 0: no target. */
static inline void bench_row_most(const char *what, double ours, double theirs, double most)
{
	double n = ours < theirs ? theirs / ours : ours / theirs;
	char a[16], b[16], ratio[16], want[16] = "";

	snprintf(ratio, sizeof(ratio), "%s%.*f", ours < theirs ? "1/" : "", n < 10 ? 2 : 1, n);
	if (most > 0)
		snprintf(want, sizeof(want), "%s%g", most < 1 ? "1/" : "", most < 1 ? 1 / most : most);
	bench_row(what, bench_time(a, ours), bench_time(b, theirs), ratio, want, ours <= theirs * most);
}

/* What a round measures of one side, a row of the table each. */
struct bench_kind {
	const char *what;
	double most; /* as in bench_row_most */
};

#define BENCH_KINDS 16
#define BENCH_ROUNDS 31

/* Rounds that take turns: @round measures all @kinds on @ours, then on @theirs. A row each. */
static inline void bench_turns(const struct bench_kind *kinds, size_t count, size_t rounds,
			       void (*round)(const void *side, double *figures), const void *ours, const void *theirs)
{
	static double all[2][BENCH_KINDS][BENCH_ROUNDS];
	const void *const sides[2] = {ours, theirs};
	double figures[BENCH_KINDS];

	for (size_t i = 0; i < rounds; i++) {
		for (int side = 0; side < 2; side++) {
			round(sides[side], figures);
			for (size_t kind = 0; kind < count; kind++)
				all[side][kind][i] = figures[kind];
		}
	}
	for (size_t kind = 0; kind < count; kind++)
		bench_row_most(kinds[kind].what, bench_median(all[0][kind], rounds),
			       bench_median(all[1][kind], rounds), kinds[kind].most);
}

/* Starts a program, which has to succeed. Returns what it took, in nanoseconds. */
static inline double bench_run(char *const argv[])
{
	uint64_t begin = bench_now();
	int status = 0;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) || waitpid(pid, &status, 0) < 0)
		bench_die(argv[0]);
	if (status) {
		fprintf(stderr, "bench: %s failed (status 0x%x)\n", argv[0], (unsigned int)status);
		exit(1);
	}
	return (double)(bench_now() - begin);
}

/* A system call by the instruction itself: past the shim, to the host. Returns -errno on failure. */
static inline long bench_host(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#endif
