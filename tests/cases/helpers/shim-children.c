/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways to get a child or a thread, each with mappings before, in and after it: shim-children WAY. Ends with 0, or says
 * what went wrong. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bare.h"

#define PAGE 4096UL

extern char **environ;

static const char *self;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(1);
}

static char *map_pages(size_t pages)
{
	return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Map, see that it is on the board and zeroed, write, unmap. */
static void exercise(const char *when)
{
	char *page = map_pages(2);

	if (page == MAP_FAILED)
		fail("%s: mmap: %s", when, strerrorname_np(errno));
	if ((unsigned long)page < 0x60000000UL || (unsigned long)page >= 0x80000000UL)
		fail("%s: mapped at %p, which is not on the board", when, (void *)page);
	if (page[0] || page[2 * PAGE - 1])
		fail("%s: the memory at %p is not zeroed", when, (void *)page);
	memset(page, 0x5a, 2 * PAGE);
	if (munmap(page, 2 * PAGE) < 0)
		fail("%s: munmap: %s", when, strerrorname_np(errno));
}

static void expect_exit(pid_t pid, int code, const char *what)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		fail("%s: waitpid: %s", what, strerrorname_np(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
		fail("%s: wait status %#x, expected exit %d", what, (unsigned int)status, code);
}

/* The child shares the parent's mappings: what it maps the parent may unmap. */
static void way_vfork(void)
{
	static char *volatile page;
	pid_t pid;

	exercise("before vfork");
	pid = vfork();
	if (pid < 0)
		fail("vfork: %s", strerrorname_np(errno));
	if (pid == 0) {
		exercise("in the vfork child");
		page = map_pages(1);
		_exit(page == MAP_FAILED ? 1 : 7);
	}
	expect_exit(pid, 7, "vfork");
	exercise("after vfork");
	if (munmap(page, PAGE) < 0)
		fail("the child's mapping is not the parent's: %s", strerrorname_np(errno));
	if (munmap(page, PAGE) == 0 || errno != EINVAL)
		fail("the mapping could be unmapped twice");
	pid = vfork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 9", NULL);
		_exit(1);
	}
	expect_exit(pid, 9, "vfork and exec");
	exercise("after vfork and exec");
}

/* A child's child. */
static void way_vfork_nested(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		pid_t inner = vfork();

		if (inner == 0) {
			exercise("in the inner child");
			_exit(3);
		}
		exercise("between the children");
		_exit(inner > 0 ? 4 : 1);
	}
	expect_exit(pid, 4, "nested vfork");
	exercise("after nested vfork");
}

static _Atomic pid_t victim;
static _Atomic int killed;

static void *killer(void *arg)
{
	unsigned int seed = 1;

	(void)arg;
	while (killed < 60) {
		pid_t pid = victim;

		if (!pid)
			continue;
		nanosleep(&(struct timespec){ 0, 100000 + rand_r(&seed) % 400000 }, NULL);
		victim = 0;
		kill(pid, SIGKILL);
		killed++;
	}
	return NULL;
}

static volatile sig_atomic_t ended;

static void child_ended(int sig)
{
	(void)sig;
	exercise("in the handler of SIGCHLD");
	ended++;
}

/* vfork children that are killed anywhere in a mapping call: the parent goes on. What the last one held is lost to
 * this process, so it ends here: the case looks whether the memory returns. */
static void way_vfork_kill(void)
{
	pthread_t thread;
	sigset_t own, now;
	int status;

	sigemptyset(&own);
	sigaddset(&own, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &own, NULL);
	if (pthread_create(&thread, NULL, killer, NULL))
		fail("pthread_create");
	pthread_sigmask(SIG_UNBLOCK, &own, NULL);
	/* It comes when vfork has just returned, and finds what the child left. */
	signal(SIGCHLD, child_ended);
	while (killed < 60) {
		pid_t pid = vfork();

		if (pid == 0) {
			victim = (pid_t)syscall(SYS_getpid);
			for (;;)
				exercise("in the child that will be killed");
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			fail("vfork: %s", strerrorname_np(errno));
		if (!WIFSIGNALED(status))
			fail("the child ended with %#x", (unsigned int)status);
		exercise("after the child was killed");
		pthread_sigmask(SIG_SETMASK, NULL, &now);
		if (sigismember(&now, SIGCHLD) || !ended)
			fail("round %d: SIGCHLD is blocked, or did not come", killed);
		ended = 0;
	}
	pthread_join(thread, NULL);
}

static void way_spawn(void)
{
	char *args[] = { (char *)self, (char *)"exercise", NULL };
	posix_spawnattr_t attr;
	sigset_t defaults;
	pid_t pid;
	int error;

	exercise("before posix_spawn");
	error = posix_spawn(&pid, self, NULL, NULL, args, environ);
	if (error)
		fail("posix_spawn: %s", strerrorname_np(error));
	expect_exit(pid, 5, "posix_spawn");
	posix_spawnattr_init(&attr);
	sigfillset(&defaults);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	error = posix_spawnp(&pid, self, NULL, &attr, args, environ);
	if (error)
		fail("posix_spawnp: %s", strerrorname_np(error));
	expect_exit(pid, 5, "posix_spawnp");
	posix_spawnattr_destroy(&attr);
	exercise("after posix_spawn");
}

static void way_system(void)
{
	char command[4200];
	int status;

	snprintf(command, sizeof(command), "'%s' exercise", self);
	status = system(command);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 5)
		fail("system: %#x", (unsigned int)status);
	exercise("after system");
}

static void way_popen(void)
{
	char command[4200], line[32] = "";
	FILE *pipe;
	int status;

	snprintf(command, sizeof(command), "echo hello; exec '%s' exercise", self);
	pipe = popen(command, "r");
	if (!pipe)
		fail("popen: %s", strerrorname_np(errno));
	if (!fgets(line, sizeof(line), pipe) || strcmp(line, "hello\n") != 0)
		fail("popen: got '%s'", line);
	status = pclose(pipe);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 5)
		fail("pclose: %#x", (unsigned int)status);
	exercise("after popen");
}

static void *worker(void *arg)
{
	unsigned char mark = (unsigned char)(long)arg;

	for (int i = 0; i < 10000; i++) {
		size_t pages = 1 + (size_t)(i & 3);
		char *run = map_pages(pages);

		if (run == MAP_FAILED)
			fail("thread %d: mmap: %s", mark, strerrorname_np(errno));
		for (size_t at = 0; at < pages * PAGE; at += 512)
			if (run[at])
				fail("thread %d: memory of somebody else", mark);
		memset(run, mark, pages * PAGE);
		for (size_t at = 0; at < pages * PAGE; at += 512)
			if ((unsigned char)run[at] != mark)
				fail("thread %d: somebody else wrote here", mark);
		if (munmap(run, pages * PAGE) < 0)
			fail("thread %d: munmap: %s", mark, strerrorname_np(errno));
	}
	return NULL;
}

static void way_threads(void)
{
	pthread_t threads[4];

	for (long i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, worker, (void *)(i + 1)))
			fail("pthread_create");
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	exercise("after the threads");
}

static void *busy(void *arg)
{
	(void)arg;
	for (;;)
		exercise("in a thread");
	return NULL;
}

static void *execs(void *arg)
{
	(void)arg;
	nanosleep(&(struct timespec){ 0, 3000000 }, NULL);
	execl(self, self, "exercise", NULL);
	fail("exec: %s", strerrorname_np(errno));
}

/* A thread that is not the first one execs while others are in the middle of mapping. */
static void way_thread_exec(void)
{
	pthread_t thread;

	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread, NULL, busy, NULL))
			fail("pthread_create");
	if (pthread_create(&thread, NULL, execs, NULL))
		fail("pthread_create");
	busy(NULL);
}

/* What stays mapped goes with exec. */
static void way_exec(void)
{
	if (map_pages(64) == MAP_FAILED)
		fail("mmap: %s", strerrorname_np(errno));
	execl("/bin/sh", "sh", "-c", "echo ready; read line", NULL);
	fail("exec: %s", strerrorname_np(errno));
}

static void way_hold(void)
{
	if (map_pages(64) == MAP_FAILED)
		fail("mmap: %s", strerrorname_np(errno));
	puts("ready");
	fflush(stdout);
	pause();
}

/* A child past libc's fork: it has its parent's memory, but is a process of its own on the board. */
static void way_raw_fork(void)
{
	char *kept = map_pages(1);
	pid_t pid;

	if (kept == MAP_FAILED)
		fail("mmap: %s", strerrorname_np(errno));
	exercise("before the raw fork");
	pid = (pid_t)bare_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
	if (pid < 0)
		fail("clone: %s", strerrorname_np(errno));
	if (pid == 0) {
		exercise("in the raw child");
		if (munmap(kept, PAGE) == 0 || errno != EINVAL)
			fail("the parent's mapping is the child's too");
		_exit(6);
	}
	expect_exit(pid, 6, "raw fork");
	exercise("after the raw fork");
	if (munmap(kept, PAGE) < 0)
		fail("the mapping was lost: %s", strerrorname_np(errno));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} ways[] = {
		{ "vfork", way_vfork },
		{ "vfork-nested", way_vfork_nested },
		{ "vfork-kill", way_vfork_kill },
		{ "spawn", way_spawn },
		{ "system", way_system },
		{ "popen", way_popen },
		{ "threads", way_threads },
		{ "exec", way_exec },
		{ "thread-exec", way_thread_exec },
		{ "hold", way_hold },
		{ "raw-fork", way_raw_fork },
	};

	self = argv[0];
	if (argc == 2 && strcmp(argv[1], "exercise") == 0) {
		exercise("in a new program");
		return 5;
	}
	for (size_t i = 0; argc == 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].run();
			return 0;
		}
	}
	fail("usage: shim-children WAY");
}
