/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-clone WAY - libc's clone: refused without CLONE_VM, and beside the parent on its thread-local storage; with
 * CLONE_VFORK the child maps in the parent's mm, also if it is killed in the middle of it, and the parent goes on.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
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

int main(int argc, char **argv)
{
	const char *way = argc == 2 ? argv[1] : "";
	const int waiting = CLONE_VM | CLONE_VFORK | SIGCHLD;

	if (strcmp(way, "fork-like") == 0)
		return expect_refused(SIGCHLD);
	if (strcmp(way, "beside") == 0)
		return expect_refused(CLONE_VM | SIGCHLD);
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
	fprintf(stderr, "usage: shim-clone fork-like|beside|waiting|killed\n");
	return 64;
}
