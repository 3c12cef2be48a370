/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench - what the benchmarks share: the clock, medians, rows of the table, the host's own calls.
 *
 * A figure is a median of several rounds; a ratio compares two figures of one run, whose rounds took turns. Nothing
 * here is linked to the engine: the programs are ordinary ones, wrapped or not by whoever starts them (bench.sh).
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

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

/* Ours against theirs, as 1/n where ours is faster; @target n, or 0 for none. */
static inline void bench_row_faster(const char *what, double ours, double theirs, double target)
{
	char a[16], b[16], ratio[16], want[16] = "";

	if (theirs > ours)
		snprintf(ratio, sizeof(ratio), "1/%.1f", theirs / ours);
	else
		snprintf(ratio, sizeof(ratio), "%.1f", ours / theirs);
	if (target > 0)
		snprintf(want, sizeof(want), "1/%.0f", target);
	bench_row(what, bench_time(a, ours), bench_time(b, theirs), ratio, want, theirs / ours >= target);
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
