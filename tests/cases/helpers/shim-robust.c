/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-robust - does to itself what programs do to themselves, and maps then: shim-robust WHAT... in this order, WHAT
 *
 *	closed      close every descriptor but the standard ones
 *	silent      and those
 *	dir         another current directory
 *	chroot DIR  another root
 *	user        another user, for good
 *	jump        longjmp out of a handler that interrupted a mapping, 500 times
 *	library     load and unload a library
 *	threads     eight that map
 *	fork        a child that maps
 *	vfork       the same by vfork
 *	exec FILE   become another program
 *
 * It ends with 0 if every mapping worked, and writes nothing but which one did not.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerrorname_np(errno));
	exit(1);
}

/* Anonymous memory of the board, below 4 GiB; errno stays. */
static void map_once(const char *when)
{
	char *addr;

	errno = EXDEV;
	addr = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (addr == MAP_FAILED)
		fail(when);
	memset(addr, 1, 3 * PAGE);
	if ((unsigned long)addr >> 32 || munmap(addr, 3 * PAGE) || errno != EXDEV)
		fail(when);
}

/* Where nobody else maps meanwhile a mapping is gone when it is gone. */
static void map(const char *when)
{
	char *addr;

	map_once(when);
	addr = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (munmap(addr, PAGE) || !munmap(addr, PAGE) || errno != EINVAL)
		fail(when);
}

static sigjmp_buf back;

static void on_alarm(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static void jump(void)
{
	static volatile int jumps;
	struct itimerval soon = { { 0, 0 }, { 0, 0 } };

	signal(SIGALRM, on_alarm);
	sigsetjmp(back, 1);
	while (jumps < 500) {
		soon.it_value.tv_usec = 20 + jumps++ % 50;
		setitimer(ITIMER_REAL, &soon, NULL);
		/* What is mapped when the handler comes is lost, as in any program that does this. */
		for (;;) {
			void *addr = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			if (addr == MAP_FAILED)
				fail("between jumps");
			munmap(addr, PAGE);
		}
	}
	signal(SIGALRM, SIG_DFL);
}

static void *in_thread(void *arg)
{
	for (int i = 0; i < 200; i++)
		map_once("in a thread");
	return arg;
}

static void threads(void)
{
	pthread_t thread[8];

	for (int i = 0; i < 8; i++)
		if (pthread_create(&thread[i], NULL, in_thread, NULL))
			fail("pthread_create");
	for (int i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
}

static void child(pid_t pid)
{
	int status;

	if (pid == 0) {
		map("in a child");
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		fail("a child");
}

static void library(void)
{
	void *handle = dlopen("libz.so.1", RTLD_NOW);

	if (!handle)
		fail("dlopen");
	map("with a library");
	dlclose(handle);
}

static char **act(char **what)
{
	if (!strcmp(*what, "closed")) {
		close_range(3, ~0U, 0);
	} else if (!strcmp(*what, "silent")) {
		close_range(0, ~0U, 0);
	} else if (!strcmp(*what, "dir")) {
		if (chdir("/"))
			fail("chdir");
	} else if (!strcmp(*what, "chroot")) {
		if (chroot(*++what) || chdir("/"))
			fail("chroot");
	} else if (!strcmp(*what, "user")) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			fail("setuid");
	} else if (!strcmp(*what, "jump")) {
		jump();
	} else if (!strcmp(*what, "library")) {
		library();
	} else if (!strcmp(*what, "threads")) {
		threads();
	} else if (!strcmp(*what, "fork")) {
		child(fork());
	} else if (!strcmp(*what, "vfork")) {
		child(vfork());
	} else if (!strcmp(*what, "exec")) {
		execl(what[1], what[1], (char *)NULL);
		fail("exec");
	} else {
		errno = EINVAL;
		fail(*what);
	}
	return what;
}

int main(int argc, char **argv)
{
	(void)argc;
	map("at first");
	while (*++argv) {
		argv = act(argv);
		map("afterwards");
	}
	return 0;
}
