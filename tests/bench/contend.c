/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * contend - two processes that map at once: what both get done, against what one gets done alone.
 *
 * usage: nommu-run --board MOUNTPOINT -- contend
 *
 * Each process is pinned to a CPU of its own. Five rounds, each alone and then together; the median counts.
 */
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define PAGE 4096
#define ROUNDS 5
#define WARM_NS 150000000u
#define ROUND_NS 400000000u

extern char **environ;

/* The @nth CPU of those that this process may use. */
static int cpu(int nth)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		bench_die("contend: sched_getaffinity");
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set) && nth-- == 0)
			return i;
	return -1;
}

/* contend worker CPU BEGIN: from BEGIN on (CLOCK_MONOTONIC) for ROUND_NS, then prints how often. */
static int worker(char **argv)
{
	uint64_t begin = strtoull(argv[3], NULL, 10);
	unsigned long n = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(atoi(argv[2]), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_die("contend: sched_setaffinity");
	while (bench_now() < begin + ROUND_NS) {
		for (int i = 0; i < 32; i++) {
			char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			if (p == MAP_FAILED)
				bench_die("contend: mmap");
			if (munmap(p, PAGE))
				bench_die("contend: munmap");
		}
		if (bench_now() >= begin)
			n += 32;
	}
	printf("%lu\n", n);
	return 0;
}

static FILE *spawn(char *self, int on, uint64_t begin, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	char where[16], when[32];
	char *argv[] = {self, (char *)"worker", where, when, NULL};
	int ends[2];

	snprintf(where, sizeof(where), "%d", on);
	snprintf(when, sizeof(when), "%llu", (unsigned long long)begin);
	if (pipe(ends))
		bench_die("contend: pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	if (posix_spawn(pid, self, &actions, NULL, argv, environ))
		bench_die(self);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	return fdopen(ends[0], "r");
}

/* Operations of @count workers together. */
static double run(char *self, int count)
{
	uint64_t begin = bench_now() + WARM_NS;
	FILE *out[2];
	pid_t pid[2];
	double sum = 0;

	for (int i = 0; i < count; i++)
		out[i] = spawn(self, cpu(i), begin, &pid[i]);
	for (int i = 0; i < count; i++) {
		unsigned long n;
		int status;

		if (fscanf(out[i], "%lu", &n) != 1 || waitpid(pid[i], &status, 0) < 0 || status) {
			fprintf(stderr, "contend: a worker failed\n");
			exit(1);
		}
		fclose(out[i]);
		sum += (double)n;
	}
	return sum;
}

int main(int argc, char **argv)
{
	char self[4096], both[16], alone[16], text[16];
	double ratios[ROUNDS], one[ROUNDS], two[ROUNDS], ratio;
	ssize_t len;

	if (argc == 4 && !strcmp(argv[1], "worker"))
		return worker(argv);
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		bench_die("contend: /proc/self/exe");
	self[len] = 0;
	if (cpu(1) < 0) {
		printf("  two processes at once: this machine lets us use one CPU only, not measured\n");
		return 0;
	}
	for (int i = 0; i < ROUNDS; i++) {
		one[i] = run(self, 1);
		two[i] = run(self, 2);
		ratios[i] = two[i] / one[i];
	}
	ratio = bench_median(ratios, ROUNDS);
	snprintf(text, sizeof(text), "%.2f", ratio);
	bench_row("map+unmap of a page, two at once", bench_time(both, ROUND_NS / bench_median(two, ROUNDS)),
		  bench_time(alone, ROUND_NS / bench_median(one, ROUNDS)), text, "0.90", ratio >= 0.9);
	return 0;
}
