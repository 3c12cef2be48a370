/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals while memory is mapped and unmapped without a pause: shim-storm WAY FILE.
 *
 *	jump    a timer every 50 us, whose handler maps memory itself and leaves by siglongjmp
 *	count   a thread queues numbered signals: none may be lost or come twice, nor lose its number
 *	threads several threads map, a timer's handler runs in any of them
 *	once    a handler that is taken away when it is called, and installs itself and its timer anew
 *	fault   a handler for SIGSEGV that makes up for the fault works, storm or not
 *
 * Prints what it did; ends with 0, or says what went wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE   4096UL
#define NUMBER 10000

static int file;
static sigjmp_buf back;
static volatile long jumps, handled, operations;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What comes from the host instead would pass every other check. */
static void check_board(const void *page)
{
	if ((unsigned long)page < 0x60000000UL || (unsigned long)page >= 0x80000000UL)
		fail("mapped at %p, which is not on the board", page);
}

/* One anonymous mapping and one copy of a host file, whose reading is the longer part. */
static void exercise(void)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *copy;

	/* A handler that jumped away took its mappings along: only then may there be no memory. */
	if (page == MAP_FAILED && !(errno == ENOMEM && jumps))
		fail("mmap: %s", strerrorname_np(errno));
	if (page != MAP_FAILED) {
		check_board(page);
		if (page[0] || page[2 * PAGE - 1])
			fail("memory that is not zeroed at %p", (void *)page);
		memset(page, 1, 2 * PAGE);
		if (munmap(page, 2 * PAGE) < 0)
			fail("munmap: %s", strerrorname_np(errno));
	}
	copy = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	if (copy == MAP_FAILED && !(errno == ENOMEM && jumps))
		fail("mmap of the file: %s", strerrorname_np(errno));
	if (copy != MAP_FAILED) {
		check_board(copy);
		if (memcmp(copy, "storm", 5) != 0)
			fail("the copy does not hold the file: %.5s", copy);
		if (munmap(copy, 4 * PAGE) < 0)
			fail("munmap of the copy: %s", strerrorname_np(errno));
	}
	operations++;
}

static void timer(long us)
{
	struct itimerval every = { { 0, us }, { 0, us } };

	if (setitimer(ITIMER_REAL, &every, NULL) < 0)
		fail("setitimer: %s", strerrorname_np(errno));
}

static void jump(int sig)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)sig;
	handled++;
	if (page != MAP_FAILED) {
		check_board(page);
		if (munmap(page, PAGE) < 0)
			fail("munmap in the handler: %s", strerrorname_np(errno));
	} else if (errno != ENOMEM) {
		fail("mmap in the handler: %s", strerrorname_np(errno));
	}
	if (handled & 1) {
		jumps++;
		siglongjmp(back, 1);
	}
}

static void way_jump(void)
{
	static double end;
	sigset_t mask, before;

	end = now() + 2;
	sigprocmask(SIG_SETMASK, NULL, &before);
	signal(SIGALRM, jump);
	sigsetjmp(back, 1);
	timer(50);
	while (now() < end)
		exercise();
	timer(0);
	signal(SIGALRM, SIG_IGN);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (memcmp(&mask, &before, sizeof(unsigned long)) != 0)
		fail("the signal mask is not what it was: %#lx", *(unsigned long *)&mask);
	for (int i = 0; i < 1000; i++)
		exercise();
	if (!jumps || handled < jumps)
		fail("no handler ran");
}

static volatile long sum, out_of_order, last;

static void count(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_code != SI_QUEUE || info->si_pid != getpid())
		fail("a signal without its details: code %d", info->si_code);
	if (info->si_value.sival_int <= last)
		out_of_order++;
	last = info->si_value.sival_int;
	sum += last;
	handled++;
}

static void *sender(void *arg)
{
	sigset_t own;

	(void)arg;
	sigemptyset(&own);
	sigaddset(&own, SIGRTMIN);
	pthread_sigmask(SIG_BLOCK, &own, NULL);
	for (int i = 1; i <= NUMBER;) {
		/* A few may wait at once; but the handler must not be all that runs. */
		if (i - handled > 4) {
			nanosleep(&(struct timespec){ 0, 20000 }, NULL);
			continue;
		}
		if (sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }) == 0)
			i++;
		else if (errno != EAGAIN)
			fail("sigqueue: %s", strerrorname_np(errno));
	}
	return NULL;
}

static void way_count(void)
{
	struct sigaction action = { .sa_sigaction = count, .sa_flags = SA_SIGINFO };
	pthread_t thread;
	double end = now() + 60;

	sigaction(SIGRTMIN, &action, NULL);
	if (pthread_create(&thread, NULL, sender, NULL))
		fail("pthread_create");
	while (handled < NUMBER && now() < end)
		exercise();
	pthread_join(thread, NULL);
	exercise();
	if (handled != NUMBER || sum != (long)NUMBER * (NUMBER + 1) / 2 || out_of_order)
		fail("%d signals were sent, %ld came, %ld of them out of order", NUMBER, handled, out_of_order);
}

static volatile int stop;

static void tick(int sig)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)sig;
	if (page == MAP_FAILED)
		fail("mmap in the handler: %s", strerrorname_np(errno));
	check_board(page);
	if (munmap(page, PAGE) < 0)
		fail("munmap in the handler: %s", strerrorname_np(errno));
	handled++;
}

static void *maps(void *arg)
{
	(void)arg;
	while (!stop)
		exercise();
	return NULL;
}

static void way_threads(void)
{
	pthread_t threads[3];
	double end = now() + 2;

	signal(SIGALRM, tick);
	for (int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, maps, NULL))
			fail("pthread_create");
	timer(50);
	while (now() < end)
		exercise();
	timer(0);
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	if (!handled)
		fail("no handler ran");
}

static void again(int sig)
{
	struct itimerval soon = { { 0, 0 }, { 0, 50 } };

	handled++;
	if (sysv_signal(sig, again) != SIG_DFL)
		fail("the handler was not taken away");
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void way_once(void)
{
	double end = now() + 2;

	signal(SIGALRM, SIG_DFL);
	again(SIGALRM);
	while (now() < end)
		exercise();
	timer(0);
	if (handled < 100)
		fail("the handler ran %ld times", handled);
}

static volatile int faults;

/* Let the load that faulted, "movb (%rax), %al" of two bytes, be as if it had read 7. */
static void mend(int sig, siginfo_t *info, void *context)
{
	ucontext_t *at = context;

	(void)sig;
	if (info->si_addr != (void *)16)
		fail("a fault at %p", info->si_addr);
	at->uc_mcontext.gregs[REG_RIP] += 2;
	at->uc_mcontext.gregs[REG_RAX] = 7;
	faults++;
}

static void way_fault(void)
{
	struct sigaction action = { .sa_sigaction = mend, .sa_flags = SA_SIGINFO };
	double end = now() + 1;

	sigaction(SIGSEGV, &action, NULL);
	signal(SIGALRM, tick);
	timer(50);
	while (now() < end) {
		unsigned long value = 16;

		exercise();
		__asm__ volatile("movb (%%rax), %%al" : "+a"(value) : : "memory");
		if ((value & 0xff) != 7)
			fail("the fault was not made up for: %lu", value);
	}
	timer(0);
	if (!faults)
		fail("no fault");
}

int main(int argc, char **argv)
{
	if (argc != 3)
		fail("usage: shim-storm WAY FILE");
	file = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (file < 0)
		fail("%s: %s", argv[2], strerrorname_np(errno));
	if (strcmp(argv[1], "jump") == 0)
		way_jump();
	else if (strcmp(argv[1], "count") == 0)
		way_count();
	else if (strcmp(argv[1], "threads") == 0)
		way_threads();
	else if (strcmp(argv[1], "once") == 0)
		way_once();
	else if (strcmp(argv[1], "fault") == 0)
		way_fault();
	else
		fail("no such way: %s", argv[1]);
	printf("%ld operations, %ld signals, %ld jumps\n", operations, handled, jumps);
	return 0;
}
