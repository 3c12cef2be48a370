/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-fork - makes children with a copy of memory in all the ways that there are, and prints what they have of their
 * parent's mappings: shim-fork FILE ways | lives | handlers | busy | full | daemon OUTPUT, FILE a file of the board of two pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static char *anonymous, *shared, *copy;
static int at_exit_of_fork; /* what the child's handler found */

static void say(const char *name, long result)
{
	printf("%s: %s\n", name, result == -1 ? strerrorname_np(errno) : "ok");
	fflush(stdout);
}

static char *map(int fd, int prot, int flags)
{
	char *addr = mmap(NULL, 2 * PAGE, prot, flags, fd, 0);

	if (addr == MAP_FAILED) {
		say("mmap", -1);
		exit(1);
	}
	return addr;
}

static void set_up(const char *file)
{
	int fd = open(file, O_RDWR);

	if (fd < 0)
		exit(2);
	anonymous = map(-1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
	shared = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	copy = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	close(fd);
}

/* 0: the child has all three, once each, and what the parent stored; its stores are seen by the parent. */
static int child(void)
{
	char *own;

	if (anonymous[0] != 'p' || shared[0] != 'p' || copy[0] != 'p')
		return 1;
	anonymous[1] = shared[1] = copy[1] = 'c';
	own = map(-1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
	own[0] = 1;
	if (munmap(anonymous, 2 * PAGE) || munmap(shared, 2 * PAGE) || munmap(copy, 2 * PAGE))
		return 2;
	if (!munmap(anonymous, 2 * PAGE) || errno != EINVAL)
		return 3;
	return 0;
}

static int child_of_clone(void *arg)
{
	(void)arg;
	_exit(child());
}

static void parent(const char *name, long pid)
{
	int status;

	if (pid < 0) {
		say(name, -1);
		return;
	}
	if (waitpid((pid_t)pid, &status, 0) != pid)
		say("waitpid", -1);
	else if (status)
		printf("%s: status 0x%x\n", name, status);
	else
		printf("%s: %s\n", name,
		       anonymous[1] == 'c' && shared[1] == 'c' && copy[1] == 'c' ? "ok" : "not what the child stored");
	anonymous[1] = shared[1] = copy[1] = 0;
	fflush(stdout);
}

static long by_clone3(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	return syscall(SYS_clone3, &args, sizeof(args));
}

static void with(const char *name, long pid)
{
	if (!pid)
		_exit(child());
	parent(name, pid);
}

static void ways(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	sigset_t before, after;
	int pty, status;
	pid_t pid;

	anonymous[0] = shared[0] = copy[0] = 'p';
	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = EXDEV;
	with("fork", fork());
	printf("errno: %s\n", strerrorname_np(errno));
	sigprocmask(SIG_SETMASK, NULL, &after);
	printf("mask: %s\n", memcmp(&before, &after, 8) ? "changed" : "the same");
	with("_Fork", _Fork());
	with("fork by number", syscall(SYS_fork));
	with("clone by number", syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0));
	with("clone3 by number", by_clone3());
	parent("clone", clone(child_of_clone, stack + sizeof(stack), SIGCHLD, NULL));
	parent("clone that waits", clone(child_of_clone, stack + sizeof(stack), CLONE_VFORK | SIGCHLD, NULL));
	pid = forkpty(&pty, NULL, NULL, NULL);
	if (!pid)
		_exit(isatty(0) ? child() : 4);
	parent("forkpty", pid);
	close(pty);
	say("clone3, bad pointer", syscall(SYS_clone3, 8, sizeof(struct clone_args)));
	say("clone3, too short", syscall(SYS_clone3, &before, 4));
	say("clone of nothing", clone(child_of_clone, NULL, SIGCHLD, NULL));
	/* Children of children. */
	pid = fork();
	if (!pid) {
		pid = fork();
		if (!pid)
			_exit(child());
		waitpid(pid, &status, 0);
		_exit(status ? 5 : child());
	}
	parent("a child's child", pid);
}

/* A child of fork is attached as its parent is; the segment goes with the last of them. */
static void segment(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600), status;
	char *addr = shmat(id, NULL, 0);
	struct shmid_ds ds = { .shm_nattch = 0 };
	pid_t pid;

	if (addr == (char *)-1 || shmctl(id, IPC_RMID, NULL)) {
		say("shmat", -1);
		return;
	}
	addr[0] = 'p';
	pid = fork();
	if (!pid) {
		if (addr[0] != 'p' || shmctl(id, IPC_STAT, &ds) || ds.shm_nattch != 2)
			_exit(1);
		addr[1] = 'c';
		_exit(shmdt(addr) || !shmdt(addr) ? 2 : 0);
	}
	waitpid(pid, &status, 0);
	shmctl(id, IPC_STAT, &ds);
	printf("a segment: status %d, %s, %lu attached\n", status, addr[1] == 'c' ? "stored" : "not stored", ds.shm_nattch);
	status = shmdt(addr);
	printf("a segment: %s, then %s\n", status ? "lost" : "detached",
	       shmctl(id, IPC_STAT, &ds) ? strerrorname_np(errno) : "still there");
}

static void in_child(void)
{
	/* The first call in the child is this one. */
	at_exit_of_fork = munmap(anonymous, 2 * PAGE) ? errno : 0;
}

static void fork_inside(void)
{
	static int inside;
	pid_t pid;

	if (inside++)
		return;
	pid = fork();
	if (!pid)
		_exit(child());
	parent("in a handler before fork", pid);
}

static void exec_inside(void)
{
	execl("/bin/sleep", "sleep", "30", (char *)NULL);
}

/* The parent goes on whatever the child does in its handlers. */
static void handlers(void)
{
	pid_t pid;

	anonymous[0] = shared[0] = copy[0] = 'p';
	pthread_atfork(fork_inside, NULL, NULL);
	with("with a fork inside", fork());
	pthread_atfork(NULL, NULL, exec_inside);
	pid = fork();
	printf("with an exec inside: %s\n", pid > 0 && !kill(pid, SIGKILL) ? "ok" : "no");
	waitpid(pid, NULL, 0);
}

static void on_signal(int sig)
{
	int saved = errno;

	(void)sig;
	with("in a handler", fork());
	errno = saved;
}

static void *fork_much(void *arg)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		int status = 1;

		if (!pid)
			_exit(map(-1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS) ? 0 : 1);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			*(int *)arg = status ? status : -1;
	}
	return NULL;
}

/* Lives that cross. */
static void lives(void)
{
	int ends[2], status, wrong[4] = { 0 };
	pthread_t threads[4];
	char byte;
	pid_t pid;

	anonymous[0] = shared[0] = copy[0] = 'p';
	signal(SIGUSR2, on_signal);
	raise(SIGUSR2);
	segment();
	signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (!pid)
		_exit(0);
	printf("nobody waits: %s\n", pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == ECHILD ? "ok" : "no");
	signal(SIGCHLD, SIG_DFL);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, fork_much, &wrong[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("in threads: %s\n", wrong[0] || wrong[1] || wrong[2] || wrong[3] ? "failed" : "ok");
	/* exec leaves the child's, not the parent's. */
	pid = fork();
	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	printf("exec: %s\n", status ? "failed" : "ok");
	pthread_atfork(NULL, NULL, in_child);
	pid = fork();
	if (!pid)
		_exit(at_exit_of_fork);
	waitpid(pid, &status, 0);
	printf("a handler of fork: %s\n", status ? strerrorname_np(WEXITSTATUS(status)) : "ok");
	/* The parent ends first; its mappings live on in the child. */
	if (pipe(ends))
		exit(2);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(ends[1]);
		read(ends[0], &byte, 1);
		anonymous[0] = 'o';
		printf("an orphan: %s\n", munmap(shared, 2 * PAGE) || munmap(copy, 2 * PAGE) ? "has lost them" : "ok");
		fflush(stdout);
		_exit(0);
	}
	close(ends[0]);
}

/* No descriptor is left in the child to attach by: fork says so. */
static void busy(void)
{
	struct rlimit none = { 3, 3 };

	setrlimit(RLIMIT_NOFILE, &none);
	with("without descriptors", fork());
}

/* As many mappings as the board's table holds when two have them. */
static void full(void)
{
	static char *maps[70000];
	size_t count = 0;
	pid_t pid;

	while (count < 70000) {
		maps[count] = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (maps[count] == MAP_FAILED)
			break;
		count++;
	}
	pid = fork();
	if (!pid)
		_exit(0);
	say("a table that is full", pid);
	printf("nobody to wait for: %s\n", waitpid(-1, NULL, 0) < 0 ? strerrorname_np(errno) : "there is");
	while (count)
		munmap(maps[--count], PAGE);
	anonymous[0] = shared[0] = copy[0] = 'p';
	with("with room again", fork());
}

static void in_background(const char *output)
{
	pid_t before = getpid();
	FILE *file;

	anonymous[0] = shared[0] = copy[0] = 'p';
	if (daemon(0, 0))
		exit(3);
	file = fopen(output, "w");
	fprintf(file, "%s, %s, %s, %d\n", getpid() != before ? "another" : "the same", getsid(0) == getpid() ? "leads" : "led",
		getcwd((char[16]){ "" }, 16), child());
	fclose(file);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	set_up(argv[1]);
	if (!strcmp(argv[2], "ways"))
		ways();
	else if (!strcmp(argv[2], "handlers"))
		handlers();
	else if (!strcmp(argv[2], "lives"))
		lives();
	else if (!strcmp(argv[2], "busy"))
		busy();
	else if (!strcmp(argv[2], "full"))
		full();
	else if (!strcmp(argv[2], "daemon") && argc == 4)
		in_background(argv[3]);
	else
		return 2;
	return 0;
}
