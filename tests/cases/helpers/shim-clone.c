/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-clone WAY - libc's clone: refused without CLONE_VM; with it the child maps in the parent's mm, beside the parent on
 * its thread-local storage or with CLONE_VFORK, also if it is killed in the middle of it, and the parent goes on.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOW  0x60000000UL
#define HIGH 0x7fff7000UL

static char stack[256 * 1024] __attribute__((aligned(16)));
static void *volatile from_child;

static void *map(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if ((unsigned long)page < LOW || (unsigned long)page >= HIGH) {
		printf("a mapping at %p is not the board's\n", page);
		fflush(stdout);
		_exit(1);
	}
	return page;
}

static int child_maps(void *arg)
{
	from_child = map();
	memcpy(from_child, arg, strlen(arg) + 1);
	return 7;
}

static void child_is_killed_soon(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	struct itimerspec soon = { .it_value.tv_nsec = 20000 + rand() % 200000 };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &soon, NULL))
		_exit(9);
}

static int child_maps_on(void *arg)
{
	(void)arg;
	child_is_killed_soon();
	while (munmap(map(), 4096) == 0)
		;
	return 1;
}

static int expect_refused(int flags)
{
	int result = clone(child_maps, stack + sizeof(stack), flags, "");

	printf("clone: %d %s\n", result, result < 0 ? strerrorname_np(errno) : "");
	return 0;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* ---- beside the parent: what the child calls must not need thread-local storage of its own ------------------------ */

#define BESIDE 3

static char stacks[70][64 * 1024] __attribute__((aligned(16)));
static _Atomic int go, handled, alive;

static int beside(void *arg)
{
	for (int i = 0; i < 3000; i++) {
		char *page = map();

		page[0] = (char)i;
		if (munmap(page, 4096))
			return 1;
	}
	return arg ? 7 : 0;
}

static int beside_until_killed(void *arg)
{
	for (;;)
		beside(arg);
	return 1;
}

static int wait_to_go(void *arg)
{
	alive++;
	while (!go)
		usleep(1000);
	return beside(arg) != 7;
}

static void on_tick(int sig)
{
	(void)sig;
	handled += munmap(map(), 4096) == 0;
}

static int child_handles(void *arg)
{
	(void)arg;
	signal(SIGUSR1, SIG_IGN); /* its own */
	raise(SIGUSR1);
	return beside("") != 7;
}

static int beside_all(void)
{
	struct itimerval ticks = { { 0, 500 }, { 0, 500 } }, none = { { 0, 0 }, { 0, 0 } };
	pid_t pids[BESIDE];
	int before, status;

	signal(SIGALRM, on_tick);
	setitimer(ITIMER_REAL, &ticks, NULL);
	for (int i = 0; i < BESIDE; i++)
		pids[i] = clone(beside, stacks[i] + sizeof(stacks[i]), CLONE_VM | SIGCHLD, "");
	if (beside("") != 7)
		return 1;
	for (int i = 0; i < BESIDE; i++)
		if (!WIFEXITED(status = wait_for(pids[i])) || WEXITSTATUS(status) != 7)
			return 2;
	if (!handled)
		return 3;
	setitimer(ITIMER_REAL, &none, NULL);
	/* A handler that the child sets is the child's alone, or with CLONE_SIGHAND the parent's too. */
	signal(SIGUSR1, on_tick);
	before = handled;
	if (wait_for(clone(child_handles, stacks[0] + sizeof(stacks[0]), CLONE_VM | SIGCHLD, NULL)))
		return 4;
	raise(SIGUSR1);
	if (handled != before + 1)
		return 5;
	/* From a child of a child, and one that is waited for. */
	return wait_for(clone(beside, stacks[1] + sizeof(stacks[1]), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
}

static int beside_killed(void)
{
	for (int i = 0; i < 300; i++) {
		pid_t pid = clone(beside_until_killed, stacks[0] + sizeof(stacks[0]), CLONE_VM | SIGCHLD, NULL);

		if (pid < 0)
			return 1;
		usleep((useconds_t)(rand() % 300));
		if (munmap(map(), 4096))
			return 2;
		kill(pid, SIGKILL);
		if (munmap(map(), 4096) || !WIFSIGNALED(wait_for(pid)))
			return 3;
	}
	return 0;
}

/* As many as there may be, then one more. */
static int beside_many(void)
{
	pid_t pids[70];
	int count = 0;

	while (count < 70) {
		pids[count] = clone(wait_to_go, stacks[count] + sizeof(stacks[count]), CLONE_VM | SIGCHLD, "");
		if (pids[count] < 0)
			break;
		count++;
	}
	printf("clone: %d children, then %s\n", count, count < 70 ? strerrorname_np(errno) : "still no end");
	fflush(stdout);
	while (alive < count)
		usleep(1000);
	go = 1;
	for (int i = 0; i < count; i++)
		if (wait_for(pids[i]))
			return 1;
	return beside_all();
}

int main(int argc, char **argv)
{
	const char *way = argc == 2 ? argv[1] : "";
	const int waiting = CLONE_VM | CLONE_VFORK | SIGCHLD;

	if (strcmp(way, "fork-like") == 0)
		return expect_refused(SIGCHLD);
	if (strcmp(way, "beside") == 0)
		return beside_all();
	if (strcmp(way, "beside-killed") == 0)
		return beside_killed();
	if (strcmp(way, "beside-many") == 0)
		return beside_many();
	if (strcmp(way, "waiting") == 0) {
		int status = wait_for(clone(child_maps, stack + sizeof(stack), waiting, "hello"));

		if (!WIFEXITED(status) || WEXITSTATUS(status) != 7 || strcmp(from_child, "hello") != 0)
			return 1;
		/* It is the parent's mapping too. */
		return munmap(from_child, 4096);
	}
	if (strcmp(way, "killed") == 0) {
		for (int i = 0; i < 300; i++) {
			int status = wait_for(clone(child_maps_on, stack + sizeof(stack), waiting, NULL));

			if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
				return 1;
			if (munmap(map(), 4096))
				return 2;
		}
		return 0;
	}
	fprintf(stderr, "usage: shim-clone fork-like|beside|beside-killed|beside-many|waiting|killed\n");
	return 64;
}
