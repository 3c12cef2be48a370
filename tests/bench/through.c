/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * through - what wrapped calls cost that go on to the host, beside libc's own in the same process.
 *
 * usage: nommu-run --board MOUNTPOINT -- through TMPFS-FOLDER
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/sendfile.h>

#include "bench.h"

#define ROUNDS 31
#define CALLS 2000
#define PAGE 4096

/* The shim's, which are what the names lead to, and libc's behind them. */
struct calls {
	int (*munmap)(void *addr, size_t length);
	void *(*mremap)(void *addr, size_t old_length, size_t length, int flags, ...);
	void *(*mmap)(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
	long (*syscall)(long number, ...);
	int (*sigaction)(int sig, const struct sigaction *action, struct sigaction *old);
	void *(*sbrk)(intptr_t increment);
	int (*personality)(unsigned long persona);
	ssize_t (*sendfile)(int out, int in, off_t *offset, size_t count);
	ssize_t (*splice)(int in, off64_t *off_in, int out, off64_t *off_out, size_t length, unsigned int flags);
	int (*clone)(int (*fn)(void *), void *stack, int flags, void *arg, ...);
	pid_t (*vfork)(void);
	int (*posix_spawn)(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
			   const posix_spawnattr_t *attr, char *const argv[], char *const envp[]);
};

static struct calls shim = {munmap, mremap, NULL, syscall, sigaction, sbrk, personality, sendfile, splice, clone, vfork,
			   posix_spawn};
static struct calls host;
static int file, null, ends[2];

static void find_libc(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW);

	if (!libc)
		bench_die("libc.so.6");
	*(void **)&host.munmap = dlsym(libc, "munmap");
	*(void **)&host.mremap = dlsym(libc, "mremap");
	*(void **)&host.mmap = dlsym(libc, "mmap");
	*(void **)&host.syscall = dlsym(libc, "syscall");
	*(void **)&host.sigaction = dlsym(libc, "sigaction");
	*(void **)&host.sbrk = dlsym(libc, "sbrk");
	*(void **)&host.personality = dlsym(libc, "personality");
	*(void **)&host.sendfile = dlsym(libc, "sendfile");
	*(void **)&host.splice = dlsym(libc, "splice");
	*(void **)&host.clone = dlsym(libc, "clone");
	*(void **)&host.vfork = dlsym(libc, "vfork");
	*(void **)&host.posix_spawn = dlsym(libc, "posix_spawn");
	/* The host's memory is what is unmapped. */
	shim.mmap = host.mmap;
}

static void expect(int well, const char *what)
{
	if (!well)
		bench_die(what);
}

static void call_munmap(const struct calls *c)
{
	void *addr = c->mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expect(addr != MAP_FAILED && !c->munmap(addr, PAGE), "munmap");
}

static void call_mremap(const struct calls *c)
{
	static void *map;

	if (!map)
		map = c->mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	expect(c->mremap(map, 2 * PAGE, 2 * PAGE, 0) == map, "mremap");
}

static void call_getppid(const struct calls *c)
{
	expect(c->syscall(SYS_getppid) > 0, "getppid");
}

static void call_futex(const struct calls *c)
{
	static uint32_t word;

	expect(c->syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0, "futex");
}

static void call_sigaction(const struct calls *c)
{
	expect(!c->sigaction(SIGUSR1, NULL, &(struct sigaction){.sa_flags = 0}), "sigaction");
}

static void call_sbrk(const struct calls *c)
{
	expect(c->sbrk(0) != (void *)-1, "sbrk");
}

static void call_personality(const struct calls *c)
{
	expect(c->personality(0xffffffff) >= 0, "personality");
}

static void call_sendfile(const struct calls *c)
{
	expect(c->sendfile(null, file, &(off_t){0}, PAGE) == PAGE, "sendfile");
}

static void call_splice(const struct calls *c)
{
	expect(c->splice(file, &(off64_t){0}, ends[1], NULL, PAGE, 0) == PAGE, "splice");
	expect(c->splice(ends[0], NULL, null, NULL, PAGE, 0) == PAGE, "splice");
}

static int leave(void *arg)
{
	(void)arg;
	_exit(0);
}

static void call_clone(const struct calls *c)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid = c->clone(leave, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

	expect(pid > 0 && waitpid(pid, NULL, 0) == pid, "clone");
}

static void call_vfork(const struct calls *c)
{
	pid_t pid = c->vfork();

	if (!pid)
		_exit(0);
	expect(pid > 0 && waitpid(pid, NULL, 0) == pid, "vfork");
}

/* Of nothing: what the new program does is not measured. */
static void call_spawn(const struct calls *c)
{
	static char *argv[] = {"", NULL};
	pid_t pid;

	expect(c->posix_spawn(&pid, "/nonexistent/program", NULL, NULL, argv, environ), "posix_spawn");
}

static const struct row {
	const char *name;
	void (*call)(const struct calls *calls);
	int part; /* of CALLS: so many times as often is too long */
} rows[] = {
	{"mmap by libc, munmap of host memory", call_munmap, 1}, {"mremap of host memory", call_mremap, 1},
	{"syscall(SYS_getppid)", call_getppid, 1}, {"syscall(SYS_futex), the program's word", call_futex, 1},
	{"sigaction that asks", call_sigaction, 1}, {"sbrk(0)", call_sbrk, 1},
	{"personality that asks", call_personality, 1}, {"sendfile, a page of tmpfs", call_sendfile, 1},
	{"splice, a page of tmpfs", call_splice, 1}, {"clone and wait", call_clone, 20},
	{"vfork and wait", call_vfork, 20}, {"posix_spawn of nothing", call_spawn, 20},
};

static double round_of(const struct row *row, const struct calls *calls)
{
	int count = CALLS / row->part;
	uint64_t begin = bench_now();

	for (int i = 0; i < count; i++)
		row->call(calls);
	return (double)(bench_now() - begin) / count;
}

static void compare(const struct row *row)
{
	double ours[ROUNDS], theirs[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		ours[i] = round_of(row, &shim);
		theirs[i] = round_of(row, &host);
	}
	bench_row_most(row->name, bench_median(ours, ROUNDS), bench_median(theirs, ROUNDS), 0);
}

int main(int argc, char **argv)
{
	static const char page[PAGE];
	char path[4096];

	if (argc < 2) {
		fprintf(stderr, "usage: nommu-run --board MOUNTPOINT -- through TMPFS-FOLDER\n");
		return 2;
	}
	find_libc();
	snprintf(path, sizeof(path), "%s/nommu-bench.%d", argv[1], (int)getpid());
	file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	null = open("/dev/null", O_WRONLY);
	expect(file >= 0 && null >= 0 && !pipe(ends) && write(file, page, PAGE) == PAGE, path);
	unlink(path);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		compare(&rows[i]);
	return 0;
}
