/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DAEMON_MS 5000 /* that the daemon may take to end once nobody uses the board */

static void tell(const struct keeper *keeper, char what)
{
	send(keeper->fd, &what, 1, MSG_NOSIGNAL);
}

static void to_null(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
}

/* Keep nothing of nommu-run's open: whoever reads a pipe of ours would wait for the board's end. Where the kernel lacks
 * close_range that is put up with. */
static void let_go(const struct keeper *keeper)
{
	unsigned int fd = (unsigned int)keeper->fd;

	to_null(STDIN_FILENO);
	to_null(STDOUT_FILENO);
	/* Where there was none, main put a stand-in that closes at exec; the daemon is to have it. */
	fcntl(STDERR_FILENO, F_SETFD, 0);
	if (fd > 3)
		syscall(SYS_close_range, 3, fd - 1, 0);
	syscall(SYS_close_range, fd + 1, ~0U, 0);
}

/* The user's preloads are meant for the program, and the socket goes where all else is. */
static void start_daemon(const struct keeper *keeper)
{
	signals_restore(keeper->signals);
	unsetenv("LD_PRELOAD");
	setenv("XDG_RUNTIME_DIR", keeper->place->dir, 1);
	execvp(keeper->argv[0], keeper->argv);
	fprintf(stderr, "nommu-run: cannot start %s, which an own board needs: %s\n", keeper->argv[0], strerror(errno));
	_exit(1);
}

/* nommufs returns when the board is mounted and goes on in the background. */
static bool mount_board(const struct keeper *keeper)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		start_daemon(keeper);
	if (pid < 0) {
		fprintf(stderr, "nommu-run: cannot start %s: %s\n", keeper->argv[0], strerror(errno));
		return false;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		fprintf(stderr, "nommu-run: %s was killed by signal %d (%s)\n", keeper->argv[0], WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Wait until the daemon has ended, at most @ms; negative: for ever. */
static bool await_daemon(int ms)
{
	const struct timespec limit = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		pid = waitpid(-1, NULL, ms < 0 ? 0 : WNOHANG);
		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid == 0 && sigtimedwait(&set, NULL, &limit) < 0 && errno == EAGAIN)
			return false;
	}
}

/* Where we may not unmount, the daemon can: it ends by unmounting. It is our only child. */
static void end_daemon(void)
{
	char path[64];
	FILE *children;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	children = fopen(path, "re");
	while (children && fscanf(children, "%d", &pid) == 1)
		kill(pid, SIGTERM);
	if (children)
		fclose(children);
}

static void take_down(const struct keeper *keeper)
{
	bool down = place_unmount(keeper->place);

	if (place_mounted(keeper->place)) {
		end_daemon();
		down = true;
	}
	if (!down || !await_daemon(DAEMON_MS)) {
		tell(keeper, KEEPER_DETACHED);
		await_daemon(-1);
	}
	place_remove(keeper->place);
}

_Noreturn void keeper_run(const struct keeper *keeper)
{
	bool ready;
	char word;

	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	let_go(keeper);
	ready = mount_board(keeper);
	tell(keeper, ready ? KEEPER_READY : KEEPER_FAILED);
	to_null(STDERR_FILENO);
	if (chdir("/") < 0)
		_exit(1);
	while (ready && (recv(keeper->fd, &word, 1, 0) > 0 || errno == EINTR))
		errno = 0;
	take_down(keeper);
	tell(keeper, KEEPER_GONE);
	_exit(0);
}
