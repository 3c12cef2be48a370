/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim/context.h"
#include "shim/missing.h"
#include "shim/trace.h"

#define LOOK_NS 10000000 /* how often the parent looks whether the child lives */

/* ---- the handover ---------------------------------------------------------------------------------------------- */

static uint64_t block_signals(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT };
	uint64_t mask = ~0ULL;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		mask &= ~(1ULL << (faults[i] - 1));
	return signal_mask(SIG_SETMASK, mask);
}

static void let_go(struct shim_forking *forking)
{
	int saved = errno;

	shim_self()->handover = forking->outer;
	os_syscall(SYS_munmap, (long)forking->handover, (long)NOMMU_PAGE_SIZE, 0, 0, 0, 0);
	signal_mask(SIG_SETMASK, forking->mask);
	errno = saved;
}

bool shim_fork_allowed(void)
{
	return shim.fork && shim.state == SHIM_ON && !shim_self()->calls;
}

long shim_fork_begin(struct shim_forking *forking)
{
	struct shim_task *task = shim_self();
	long page;

	/* It may itself be a child that nobody has attached yet. */
	if (shim_enter(task))
		shim_leave(task);
	page = os_syscall(SYS_mmap, 0, (long)NOMMU_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page < 0)
		return page;
	forking->handover = (struct shim_handover *)page;
	forking->handover->parent = shim.mm;
	forking->mask = block_signals();
	forking->outer = task->handover;
	task->handover = forking->handover;
	return 0;
}

/* One that is gone needs nothing any more. Whoever waits for it may have been faster; it is not always ours to wait
 * for (CLONE_PARENT). */
static bool is_dead(long pid)
{
	siginfo_t info = { .si_pid = 0 };
	long result = os_syscall(SYS_waitid, P_PID, pid, (long)&info, WEXITED | WNOHANG | WNOWAIT | __WALL, 0, 0);

	if (result == 0)
		return info.si_pid != 0;
	return os_syscall(SYS_kill, pid, 0, 0, 0, 0, 0) == -ESRCH;
}

static long await(struct shim_handover *handover, long pid)
{
	const struct timespec look = { 0, LOOK_NS };

	while (!handover->done) {
		os_syscall(SYS_futex, (long)&handover->done, FUTEX_WAIT, 0, (long)&look, 0, 0);
		if (!handover->done && is_dead(pid))
			return pid;
	}
	if (!handover->error)
		return pid;
	os_syscall(SYS_wait4, pid, 0, __WALL, 0, 0, 0);
	if (trace_wanted()) {
		const struct nommu_verdict verdict = {
			.error = handover->error,
			.rule = handover->error == -ENOMEM ? NOMMU_RULE_TABLE_FULL : NOMMU_RULE_NO_ATTACH,
		};

		trace_write("fork", "", NULL, handover->error, &verdict);
	}
	return handover->error;
}

void shim_fork_attached(int error)
{
	struct shim_handover *handover = shim_self()->handover;

	if (!handover)
		return;
	shim_self()->handover = NULL;
	if (!error)
		error = nommu_mm_copy(shim.board, &handover->parent, &shim.mm);
	/* What fork may say. */
	handover->error = !error || error == -ENOMEM ? error : -EAGAIN;
	handover->done = 1;
	os_syscall(SYS_futex, (long)&handover->done, FUTEX_WAKE, 1, 0, 0, 0);
	while (handover->error)
		os_syscall(SYS_exit_group, SHIM_EXIT, 0, 0, 0, 0, 0);
}

/* A handler of fork may have attached it already. Its record need not be a copy of its parent's: it may have another
 * thread-local storage, or its parent none of its own. */
static void take_over(struct shim_handover *handover)
{
	struct shim_task *task = shim_self();

	task->handover = handover->done ? NULL : handover;
	if (shim_enter(task)) {
		shim_fork_attached(0);
		shim_leave(task);
	}
}

static void in_child(void)
{
	struct shim_handover *handover = shim_self()->handover;

	if (handover)
		take_over(handover);
}

void shim_fork_watch(void)
{
	pthread_atfork(NULL, NULL, in_child);
}

long shim_fork_end(struct shim_forking *forking, long pid)
{
	if (pid > 0)
		pid = await(forking->handover, pid);
	if (pid == 0) {
		take_over(forking->handover);
		forking->outer = NULL;
	}
	let_go(forking);
	return pid;
}

/* ---- the calls ------------------------------------------------------------------------------------------------- */

static pid_t fork_by(const char *name, pid_t (*real)(void))
{
	struct shim_forking forking;
	long pid;

	if (!shim_fork_allowed())
		return shim_refuse(name, "", NULL, NOMMU_RULE_NO_FORK) ? (pid_t)shim_result(-ENOSYS) : real();
	pid = shim_fork_begin(&forking);
	if (!pid) {
		pid = real();
		pid = shim_fork_end(&forking, pid < 0 ? -errno : pid);
	}
	return (pid_t)shim_result(pid);
}

pid_t fork(void)
{
	return fork_by("fork", real_fork);
}

pid_t __fork(void);

pid_t __fork(void)
{
	return fork_by("fork", real_fork);
}

pid_t _Fork(void)
{
	return fork_by("_Fork", real_bare_fork);
}

int forkpty(int *pty, char *name, const struct termios *termp, const struct winsize *winp)
{
	const long args[] = { (long)pty, (long)name, (long)termp, (long)winp };
	struct shim_forking forking;
	long pid;

	if (!shim_fork_allowed())
		return shim_refuse("forkpty", "pppp", args, NOMMU_RULE_NO_FORK) ? (int)shim_result(-ENOSYS)
										: real_forkpty(pty, name, termp, winp);
	pid = shim_fork_begin(&forking);
	if (!pid) {
		pid = real_forkpty(pty, name, termp, winp);
		pid = shim_fork_end(&forking, pid < 0 ? -errno : pid);
	}
	return (int)shim_result(pid);
}

/* Standard streams to the null device, if it is that. */
static int to_null(void)
{
	int fd = open("/dev/null", O_RDWR);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)) {
		close(fd);
		errno = ENODEV;
		return -1;
	}
	for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
		dup2(fd, standard);
	if (fd > STDERR_FILENO)
		close(fd);
	return 0;
}

/* libc's own would end the parent before the child has its mappings. */
int daemon(int nochdir, int noclose)
{
	const long args[] = { nochdir, noclose };
	pid_t pid;

	if (!shim_fork_allowed())
		return shim_refuse("daemon", "ll", args, NOMMU_RULE_NO_FORK) ? (int)shim_result(-ENOSYS)
									     : real_daemon(nochdir, noclose);
	pid = fork_by("daemon", real_fork);
	if (pid > 0)
		_exit(0);
	if (pid < 0 || setsid() < 0)
		return -1;
	if (!nochdir && chdir("/") < 0)
		return -1;
	return noclose ? 0 : to_null();
}
