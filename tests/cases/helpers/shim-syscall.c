/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-syscall - makes system calls by syscall(2), and the few library calls that belong to them, and prints what came
 * of each: shim-syscall FILE, a file of the board of two pages;
 * shim-syscall FILE host, off the board.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static char memory[PAGE] __attribute__((aligned(PAGE)));

static void say(const char *name, long result)
{
	printf("%s: %s\n", name, result == -1 ? strerrorname_np(errno) : "ok");
	fflush(stdout);
}

static void number(const char *name, long result)
{
	if (result == -1)
		say(name, result);
	else
		printf("%s: %ld\n", name, result);
	fflush(stdout);
}

static void mappings(const char *file)
{
	int fd = open(file, O_RDWR);
	char *anon, *shared, *by_name;

	anon = (char *)syscall(SYS_mmap, NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	by_name = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("mmap: %s\n", (uintptr_t)anon >> 24 == (uintptr_t)by_name >> 24 ? "beside that by name" : "elsewhere");
	munmap(by_name, PAGE);
	say("mmap fixed", syscall(SYS_mmap, anon, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	shared = (char *)syscall(SYS_mmap, NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say("mmap shared", (long)shared);
	say("mremap", syscall(SYS_mremap, anon, 3 * PAGE, 2 * PAGE, 0));
	say("mremap grow", syscall(SYS_mremap, anon, 2 * PAGE, 40 * PAGE, MREMAP_MAYMOVE));
	say("mremap shared", syscall(SYS_mremap, shared, 2 * PAGE, 2 * PAGE, 0));
	say("munmap", syscall(SYS_munmap, anon, 2 * PAGE));
	say("munmap again", syscall(SYS_munmap, anon, 2 * PAGE));
	say("munmap shared", syscall(SYS_munmap, shared, 2 * PAGE));
	close(fd);
}

static void missing(void)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = {
		{ "mprotect", SYS_mprotect }, { "pkey_mprotect", SYS_pkey_mprotect }, { "msync", SYS_msync },
		{ "madvise", SYS_madvise }, { "mlock", SYS_mlock }, { "mlock2", SYS_mlock2 },
		{ "munlock", SYS_munlock }, { "mlockall", SYS_mlockall }, { "munlockall", SYS_munlockall },
		{ "mincore", SYS_mincore }, { "remap_file_pages", SYS_remap_file_pages }, { "mbind", SYS_mbind },
		{ "memfd_create", SYS_memfd_create }, { "userfaultfd", SYS_userfaultfd },
		{ "process_vm_readv", SYS_process_vm_readv }, { "process_vm_writev", SYS_process_vm_writev },
		{ "process_madvise", SYS_process_madvise }, { "fork", SYS_fork }, { "vfork", SYS_vfork },
		{ "clone", SYS_clone }, { "clone3", SYS_clone3 },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		say(calls[i].name, syscall(calls[i].number, memory, PAGE, 0, 0, 0, 0));
	say("clone vm", syscall(SYS_clone, CLONE_VM, memory + PAGE, NULL, NULL, 0));
	/* All others are the host's. */
	printf("getpid: %s\n", syscall(SYS_getpid) == getpid() ? "ok" : "another");
	number("write", syscall(SYS_write, 1, "", 0));
	say("close", syscall(SYS_close, -1));
	errno = EXDEV;
	syscall(SYS_getuid);
	printf("errno: %s\n", strerrorname_np(errno));
}

static void breaks(void)
{
	char *start = sbrk(0), *more;
	long left = PAGE - (long)((uintptr_t)start % PAGE);

	printf("break: %s\n", left < PAGE ? "inside of a page" : "at its start");
	say("sbrk 100", (long)(more = sbrk(100)));
	printf("sbrk 100: %s\n", more == start ? "where it was" : "elsewhere");
	memset(more, 'b', 100);
	printf("sbrk 0: %s\n", (char *)sbrk(0) == start + 100 ? "100 further" : "elsewhere");
	say("sbrk page", (long)sbrk(PAGE));
	say("sbrk rest", (long)sbrk(left - 100));
	say("sbrk 1", (long)sbrk(1));
	memset(start, 'c', (size_t)left);
	say("sbrk -all", (long)sbrk(-left));
	say("sbrk below", (long)sbrk(-1));
	say("brk", brk(start + 50));
	say("brk above", brk(start + left + 1));
	say("brk below", brk(start - 1));
	printf("brk by number: %s\n", (char *)syscall(SYS_brk, 0) == start + 50 ? "ok" : "elsewhere");
	printf("brk by number, too far: %s\n",
	       (char *)syscall(SYS_brk, start + PAGE) == start + 50 ? "stays" : "moved");
	free(malloc(1 << 20));
	printf("break after malloc: %s\n", (char *)sbrk(0) == start + 50 ? "the same" : "moved");
	brk(start);
}

static void futexes(const char *file)
{
	uint32_t *word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static uint32_t own;
	struct timespec moment = { 0, 1000000 };
	struct futex_waitv waiter = { .flags = FUTEX_32 };
	int fd = open(file, O_RDWR);
	uint32_t *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	number("futex wake, own memory", syscall(SYS_futex, &own, FUTEX_WAKE, 1, NULL, NULL, 0));
	number("futex wake, a mapping", syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0));
	number("futex wake, shared", syscall(SYS_futex, shared, FUTEX_WAKE, 1, NULL, NULL, 0));
	say("futex wait, another value", syscall(SYS_futex, word, FUTEX_WAIT, 5, &moment, NULL, 0));
	say("futex wait", syscall(SYS_futex, word, FUTEX_WAIT, 0, &moment, NULL, 0));
	number("futex requeue", syscall(SYS_futex, word, FUTEX_REQUEUE, 1, 1, shared, 0));
	say("futex at the end", syscall(SYS_futex, (char *)word + PAGE, FUTEX_WAKE, 1, NULL, NULL, 0));
	say("futex, unaligned", syscall(SYS_futex, (char *)word + 2, FUTEX_WAKE, 1, NULL, NULL, 0));
	munmap(word, PAGE);
	say("futex, unmapped and unaligned", syscall(SYS_futex, (char *)word + 2, FUTEX_WAKE, 1, NULL, NULL, 0));
	waiter.uaddr = (uintptr_t)word;
	say("futex_waitv, unmapped", syscall(449, &waiter, 1, 0, &moment, CLOCK_MONOTONIC));
	waiter.uaddr = (uintptr_t)&own;
	say("futex_waitv", syscall(449, &waiter, 1, 0, &moment, CLOCK_MONOTONIC));
	say("futex_waitv, none", syscall(449, &waiter, 0, 0, NULL, 0));
	say("futex_waitv, nowhere", syscall(449, 8, 1, 0, NULL, 0));
	say("futex_wake, unmapped", syscall(454, word, ~0UL, 1, 2));
	say("futex, unmapped", syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0));
	say("futex requeue, unmapped", syscall(SYS_futex, &own, FUTEX_REQUEUE, 1, 1, word, 0));
	say("futex, nowhere", syscall(SYS_futex, (void *)8, FUTEX_WAIT, 0, &moment, NULL, 0));
	munmap(shared, PAGE);
	close(fd);
}

static void segments(void)
{
	long id = syscall(SYS_shmget, 0x6e6f6d6d, PAGE, IPC_CREAT | 0600), by_name = shmget(0x6e6f6d6d, PAGE, 0600);
	struct shmid_ds ds = { .shm_nattch = 7 };
	char *addr;

	say("shmget", id);
	printf("shmget: %s\n", id == by_name ? "that by name" : "another");
	addr = (char *)syscall(SYS_shmat, id, NULL, 0);
	say("shmat", (long)addr);
	say("shmctl", syscall(SYS_shmctl, id, IPC_STAT, &ds));
	printf("attaches: %lu, %s\n", ds.shm_nattch, (char *)shmat((int)id, NULL, 0) == addr ? "the same place" : "elsewhere");
	say("shmdt", syscall(SYS_shmdt, addr));
	say("shmdt", shmdt(addr));
	say("shmdt again", syscall(SYS_shmdt, addr));
	say("shmctl away", syscall(SYS_shmctl, id, IPC_RMID, NULL));
	say("shmctl again", syscall(SYS_shmctl, id, IPC_RMID, NULL));
}

static void show(const char *name, int fd)
{
	char buf[8] = "";
	ssize_t n = read(fd, buf, 7);

	printf("%s: %.*s\n", name, (int)n, buf);
}

static const loff_t constant = 2;

static void *send_some(void *fd)
{
	return (void *)sendfile(open("/dev/null", O_WRONLY), (int)(intptr_t)fd, &(off_t){ 0 }, 100);
}

static void *splice_for_ever(void *ends)
{
	return (void *)splice(((int *)ends)[0], NULL, ((int *)ends)[3], NULL, 10, 0);
}

static void in_small_thread(int fd)
{
	int ends[4];
	pthread_t thread;
	pthread_attr_t attr;
	void *result;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, (size_t)sysconf(_SC_THREAD_STACK_MIN));
	pthread_create(&thread, &attr, send_some, (void *)(intptr_t)fd);
	pthread_join(thread, &result);
	number("sendfile in a small thread", (intptr_t)result);
	if (pipe(ends) || pipe(ends + 2))
		exit(2);
	pthread_create(&thread, NULL, splice_for_ever, ends);
	usleep(20000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("splice for ever: %s\n", result == PTHREAD_CANCELED ? "cancelled" : "came back");
	fflush(stdout);
}

/* What a mapping stored is what comes out, whatever the host has in its cache. */
static void transfers(const char *file)
{
	int fd = open(file, O_RDWR), ends[2], other[2];
	char *shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), buf[PAGE];
	off_t offset = 4094;
	loff_t at = 0;

	if (pipe(ends) || pipe(other))
		exit(2);
	memcpy(shared, "first", 5);
	number("sendfile", sendfile(ends[1], fd, NULL, 5));
	show("sent", ends[0]);
	memcpy(shared, "later", 5);
	lseek(fd, 0, SEEK_SET);
	number("sendfile again", sendfile(ends[1], fd, NULL, 5));
	show("sent", ends[0]);
	number("position", lseek(fd, 0, SEEK_CUR));
	memcpy(shared + 4094, "across", 6);
	number("sendfile by number", syscall(SYS_sendfile, ends[1], fd, &offset, 6));
	show("sent", ends[0]);
	number("offset", offset);
	offset = 2 * PAGE;
	number("sendfile at the end", sendfile(ends[1], fd, &offset, 6));
	say("sendfile, no such descriptor", sendfile(-1, fd, NULL, 5));
	say("sendfile, bad pointer", sendfile(ends[1], fd, (off_t *)8, 5));
	number("sendfile between files", sendfile(fd, fd, &(off_t){ 0 }, 5));
	number("splice", splice(fd, &at, ends[1], NULL, 5, 0));
	show("spliced", ends[0]);
	number("offset", at);
	memcpy(shared, "newer", 5);
	at = 0;
	number("splice by number", syscall(SYS_splice, fd, &at, ends[1], NULL, 5, SPLICE_F_MOVE));
	show("spliced", ends[0]);
	say("splice to the end that is read", splice(fd, &(loff_t){ 0 }, ends[0], NULL, 5, 0));
	say("splice, much too much", splice(fd, &at, ends[1], NULL, (size_t)-1, 0));
	say("sendfile, much too much", sendfile(ends[1], fd, &(off_t){ 0 }, (size_t)-1));
	say("splice, offset in a constant", splice(fd, (loff_t *)(uintptr_t)&constant, ends[1], NULL, 5, 0));
	while (read(ends[0], buf, 5) < 5)
		;
	in_small_thread(fd);
	say("splice to no pipe", splice(fd, &at, fd, NULL, 5, 0));
	say("splice, bad pointer", splice(fd, (loff_t *)8, ends[1], NULL, 5, 0));
	/* A full pipe. */
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	memset(buf, 'f', sizeof(buf));
	while (write(ends[1], buf, sizeof(buf)) > 0)
		;
	say("splice, full pipe", splice(fd, &at, ends[1], NULL, 5, SPLICE_F_NONBLOCK));
	say("sendfile, full pipe", sendfile(ends[1], fd, NULL, 5));
	/* More than a pipe takes at once does not wait for the rest. */
	at = 0;
	number("splice of much", splice(fd, &at, other[1], NULL, 2 * PAGE, 0) > 0);
	number("tee", tee(other[0], other[1], 1, SPLICE_F_NONBLOCK) <= 1);
	munmap(shared, 2 * PAGE);
	close(fd);
}

/* What an ordinary machine does, of what can be asked there without harm. */
static void host(const char *file)
{
	say("msync", syscall(SYS_msync, memory, PAGE, MS_ASYNC));
	say("mprotect", syscall(SYS_mprotect, memory, PAGE, PROT_READ | PROT_WRITE));
	say("memfd_create", syscall(SYS_memfd_create, "", 0));
	printf("getpid: %s\n", syscall(SYS_getpid) == getpid() ? "ok" : "another");
	say("sbrk page", (long)sbrk(PAGE));
	errno = EXDEV;
	syscall(SYS_getuid);
	printf("errno: %s\n", strerrorname_np(errno));
	segments();
	transfers(file);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[2], "host")) {
		host(argv[1]);
		return 0;
	}
	if (argc != 2)
		return 2;
	mappings(argv[1]);
	missing();
	breaks();
	futexes(argv[1]);
	segments();
	transfers(argv[1]);
	return 0;
}
