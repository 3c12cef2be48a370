/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a program's signal handlers are what they are without a shim: dispositions as they are set and read back,
 * flags, masks, stacks, one-shot handlers, vfork children. Prints each difference; ends with 0 if there is none. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* sigset, siginterrupt: old programs have them */

/* The first is in the header for old standards only. */
sighandler_t bsd_signal(int sig, sighandler_t handler);
int __sigaction(int sig, const struct sigaction *action, struct sigaction *old);

static int wrong;

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			printf("line %d: not so: %s\n", __LINE__, #condition); \
			wrong = 1; \
		} \
	} while (0)

static volatile int calls, depth, deepest, blocked, value;
static volatile uintptr_t stack_at;

static void plain(int sig)
{
	(void)sig;
	calls++;
}

static void other(int sig)
{
	(void)sig;
	calls += 100;
}

static void detailed(int sig, siginfo_t *info, void *context)
{
	sigset_t now;
	char here;

	(void)context;
	CHECK(info->si_signo == sig);
	value = info->si_value.sival_int;
	stack_at = (uintptr_t)&here;
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	blocked = sigismember(&now, SIGUSR1) | sigismember(&now, SIGUSR2) << 1;
	calls++;
}

static void nested(int sig)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (calls++ == 0)
		raise(sig);
	depth--;
}

static struct sigaction get(int sig)
{
	struct sigaction now;

	memset(&now, 0xff, sizeof(now));
	CHECK(sigaction(sig, NULL, &now) == 0);
	return now;
}

static void set(int sig, void (*handler)(int), int flags)
{
	struct sigaction new = { .sa_handler = handler, .sa_flags = flags };

	CHECK(sigaction(sig, &new, NULL) == 0);
}

static void dispositions(void)
{
	struct sigaction new = { .sa_handler = plain }, old;

	CHECK(get(SIGUSR1).sa_handler == SIG_DFL);
	sigaddset(&new.sa_mask, SIGUSR2);
	CHECK(sigaction(SIGUSR1, &new, &old) == 0 && old.sa_handler == SIG_DFL);
	old = get(SIGUSR1);
	CHECK(old.sa_handler == plain && !(old.sa_flags & (SA_SIGINFO | (int)SA_RESETHAND)));
	CHECK(sigismember(&old.sa_mask, SIGUSR2) && !sigismember(&old.sa_mask, SIGUSR1));
	new.sa_sigaction = detailed;
	new.sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER | (int)SA_RESETHAND;
	CHECK(__sigaction(SIGUSR1, &new, &old) == 0 && old.sa_handler == plain);
	old = get(SIGUSR1);
	CHECK(old.sa_sigaction == detailed);
	CHECK((old.sa_flags & 0xfbffffff) == (new.sa_flags & 0xfbffffff)); /* all but SA_RESTORER, libc's own */
	/* What was read back can be set again. */
	CHECK(sigaction(SIGUSR1, &old, NULL) == 0 && get(SIGUSR1).sa_sigaction == detailed);
	set(SIGUSR1, SIG_IGN, 0);
	CHECK(get(SIGUSR1).sa_handler == SIG_IGN);
	CHECK(raise(SIGUSR1) == 0);
	CHECK(signal(SIGUSR1, plain) == SIG_IGN);
	CHECK(signal(SIGUSR1, other) == plain);
	CHECK((get(SIGUSR1).sa_flags & SA_RESTART) && !(get(SIGUSR1).sa_flags & SA_SIGINFO));
	CHECK(signal(SIGUSR1, SIG_DFL) == other && get(SIGUSR1).sa_handler == SIG_DFL);
	CHECK(signal(SIGUSR1, SIG_ERR) == SIG_ERR && errno == EINVAL);
	for (size_t i = 0; i < 5; i++) {
		static const int bad[] = { 0, -1, 65, 32, SIGKILL };

		errno = 0;
		CHECK(sigaction(bad[i], &new, NULL) == -1 && errno == EINVAL);
		errno = 0;
		CHECK(signal(bad[i], plain) == SIG_ERR && errno == EINVAL);
	}
}

static void delivery(void)
{
	struct sigaction new = { .sa_sigaction = detailed, .sa_flags = SA_SIGINFO };

	calls = 0;
	sigaddset(&new.sa_mask, SIGUSR2);
	CHECK(sigaction(SIGUSR1, &new, NULL) == 0);
	CHECK(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 4711 }) == 0);
	CHECK(calls == 1 && value == 4711 && blocked == 3);
	new.sa_flags |= SA_NODEFER;
	sigemptyset(&new.sa_mask);
	CHECK(sigaction(SIGUSR1, &new, NULL) == 0 && raise(SIGUSR1) == 0 && calls == 2 && blocked == 0);
	calls = deepest = 0;
	set(SIGUSR1, nested, 0);
	raise(SIGUSR1);
	CHECK(calls == 2 && deepest == 1);
	calls = deepest = 0;
	set(SIGUSR1, nested, SA_NODEFER);
	raise(SIGUSR1);
	CHECK(calls == 2 && deepest == 2);
}

static void once(void)
{
	int status;
	pid_t pid;

	calls = 0;
	set(SIGUSR1, plain, (int)SA_RESETHAND);
	raise(SIGUSR1);
	CHECK(calls == 1 && get(SIGUSR1).sa_handler == SIG_DFL);
	calls = 0;
	CHECK(sysv_signal(SIGUSR1, plain) == SIG_DFL);
	CHECK((get(SIGUSR1).sa_flags & (int)SA_RESETHAND) && (get(SIGUSR1).sa_flags & SA_NODEFER));
	raise(SIGUSR1);
	CHECK(calls == 1 && get(SIGUSR1).sa_handler == SIG_DFL);
	/* The second one is the kernel's. */
	pid = vfork();
	if (pid == 0) {
		struct sigaction new = { .sa_handler = plain, .sa_flags = (int)SA_RESETHAND };

		sigaction(SIGUSR2, &new, NULL);
		raise(SIGUSR2);
		raise(SIGUSR2);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR2);
	/* Flags that belong to the signal, not to the handler, stay. */
	set(SIGCHLD, plain, (int)SA_RESETHAND | SA_NOCLDWAIT);
	raise(SIGCHLD);
	CHECK(get(SIGCHLD).sa_handler == SIG_DFL && (get(SIGCHLD).sa_flags & SA_NOCLDWAIT));
	set(SIGCHLD, SIG_DFL, 0);
}

static void own_stack(void)
{
	static char memory[1 << 16];
	stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };
	struct sigaction new = { .sa_sigaction = detailed, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	CHECK(sigaltstack(&stack, NULL) == 0 && sigaction(SIGUSR1, &new, NULL) == 0);
	raise(SIGUSR1);
	CHECK(stack_at >= (uintptr_t)memory && stack_at < (uintptr_t)memory + sizeof(memory));
	new.sa_flags = SA_SIGINFO;
	CHECK(sigaction(SIGUSR1, &new, NULL) == 0);
	raise(SIGUSR1);
	CHECK(stack_at < (uintptr_t)memory || stack_at >= (uintptr_t)memory + sizeof(memory));
	stack.ss_flags = SS_DISABLE;
	CHECK(sigaltstack(&stack, NULL) == 0);
}

static void old_interfaces(void)
{
	sigset_t now;

	calls = 0;
	CHECK(sigset(SIGUSR1, plain) != SIG_ERR);
	CHECK(get(SIGUSR1).sa_handler == plain && get(SIGUSR1).sa_flags % (1 << 26) == 0);
	CHECK(sigset(SIGUSR1, SIG_HOLD) == plain);
	raise(SIGUSR1);
	CHECK(calls == 0 && sigset(SIGUSR1, SIG_HOLD) == SIG_HOLD);
	CHECK(sigset(SIGUSR1, other) == SIG_HOLD && calls == 100);
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	CHECK(!sigismember(&now, SIGUSR1) && sigset(SIGUSR1, SIG_DFL) == other);
	errno = 0;
	CHECK(sigset(0, SIG_HOLD) == SIG_ERR && errno == EINVAL);
	CHECK(bsd_signal(SIGUSR1, plain) == SIG_DFL && ssignal(SIGUSR1, SIG_DFL) == plain);
}

/* Until the main thread is inside of read. */
static void wait_for_read(void)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)getpid());
	for (int i = 0; i < 10000; i++) {
		FILE *file = fopen(path, "r");
		bool inside = file && fgets(text, sizeof(text), file) && strncmp(text, "0 ", 2) == 0;

		if (file)
			fclose(file);
		if (inside)
			return;
		usleep(1000);
	}
	wrong = 1;
}

static void *poke(void *arg)
{
	wait_for_read();
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	usleep(30000);
	if (write(*((int *)((pthread_t *)arg + 1)), "x", 1) != 1)
		wrong = 1;
	return NULL;
}

/* What a read that is interrupted returns: 1 if it is taken up again, else -1. */
static ssize_t interrupted_read(void)
{
	struct {
		pthread_t main;
		int fd;
	} target = { pthread_self(), 0 };
	pthread_t thread;
	int pair[2];
	ssize_t n;
	char byte;

	CHECK(pipe(pair) == 0);
	target.fd = pair[1];
	CHECK(pthread_create(&thread, NULL, poke, &target) == 0);
	errno = 0;
	n = read(pair[0], &byte, 1);
	CHECK(n == 1 || errno == EINTR);
	pthread_join(thread, NULL);
	close(pair[0]);
	close(pair[1]);
	return n;
}

static void interruption(void)
{
	calls = 0;
	CHECK(signal(SIGUSR1, plain) != SIG_ERR);
	CHECK(interrupted_read() == 1);
	CHECK(siginterrupt(SIGUSR1, 1) == 0 && get(SIGUSR1).sa_handler == plain);
	CHECK(interrupted_read() == -1);
	CHECK(signal(SIGUSR1, other) == plain && interrupted_read() == -1);
	CHECK(siginterrupt(SIGUSR1, 0) == 0 && interrupted_read() == 1);
	CHECK(calls == 202);
	errno = 0;
	CHECK(siginterrupt(0, 1) == -1 && errno == EINVAL);
}

/* A vfork child's handlers are its own, though its memory is not. */
static void vfork_child(void)
{
	int status;
	pid_t pid;

	calls = 0;
	set(SIGUSR1, plain, 0);
	set(SIGUSR2, SIG_IGN, 0);
	pid = vfork();
	if (pid == 0) {
		struct sigaction now;

		if (sigaction(SIGUSR1, NULL, &now) != 0 || now.sa_handler != plain)
			_exit(2);
		raise(SIGUSR1);
		if (calls != 1 || signal(SIGUSR1, other) != plain || signal(SIGUSR2, other) != SIG_IGN)
			_exit(3);
		raise(SIGUSR1);
		raise(SIGUSR2);
		_exit(calls == 201 ? 0 : 4);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(get(SIGUSR1).sa_handler == plain && get(SIGUSR2).sa_handler == SIG_IGN);
	raise(SIGUSR1);
	raise(SIGUSR2);
	CHECK(calls == 202);
}

/* The child's end comes as a signal when vfork has just returned; the handler maps memory as the parent does. */
static void child_ends(int sig)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)sig;
	if (page == MAP_FAILED || munmap(page, 4096) < 0)
		wrong = 1;
	calls++;
}

static void vfork_end(void)
{
	int status;

	calls = 0;
	set(SIGCHLD, child_ends, SA_RESTART);
	for (int i = 0; i < 500; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			child_ends(0);
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	CHECK(calls == 1000);
	set(SIGCHLD, SIG_DFL, 0);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	dispositions();
	delivery();
	once();
	own_stack();
	old_interfaces();
	interruption();
	vfork_child();
	vfork_end();
	return wrong;
}
