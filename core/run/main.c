/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main - nommu-run: starts a program with the shim preloaded, on a mounted board or on one of its own.
 *
 * With a mounted board nommu-run becomes the program. With an own one it stays beside it: passes signals on, takes the
 * board down at the end and ends as the program did, by the same signal if it was one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/attach.h"
#include "engine/os.h"
#include "run/options.h"
#include "run/own.h"
#include "run/preload.h"
#include "run/program.h"
#include "run/signals.h"

#ifndef NOMMU_VERSION
#define NOMMU_VERSION "0.1.0"
#endif

/* One line to standard error, whatever names are in it; returns @status. */
__attribute__((format(printf, 2, 3))) static int complain(int status, const char *format, ...)
{
	char line[512 + PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	fprintf(stderr, "nommu-run: %s\n", line);
	return status;
}

/* Programs change directory, and several write to the file: each appends to the absolute path, we empty it. */
static int set_trace(const char *file)
{
	char path[PATH_MAX];
	int fd;

	if (!file)
		return 0;
	if (strcmp(file, "-") != 0) {
		fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
		if (fd < 0 || !realpath(file, path))
			return complain(PROGRAM_FAILED, "--trace=%s: cannot open the file: %s", file, strerror(errno));
		close(fd);
		file = path;
	}
	return setenv("NOMMU_TRACE", file, 1) < 0 ? complain(PROGRAM_FAILED, "%s", strerror(errno)) : 0;
}

/* Without the option what the environment says stands: a program may run nommu-run itself. */
static int set_policy(const struct run_options *options)
{
	if ((options->fork && setenv("NOMMU_FORK", options->fork, 1) < 0) ||
	    (options->memfd && setenv("NOMMU_MEMFD", options->memfd, 1) < 0))
		return complain(PROGRAM_FAILED, "%s", strerror(errno));
	return 0;
}

static int set_preload(const struct program *program)
{
	char shim[PATH_MAX];
	struct nommu_why why = { "" };
	char *value;
	int rc;

	if (preload_find(shim, &why) < 0)
		return complain(PROGRAM_FAILED, "%s", why.text);
	value = preload_value(shim, program->runtime, getenv("LD_PRELOAD"));
	rc = value ? setenv("LD_PRELOAD", value, 1) : -1;
	free(value);
	return rc < 0 ? complain(PROGRAM_FAILED, "%s", strerror(ENOMEM)) : 0;
}

static int exec_program(const struct program *program, char **argv)
{
	execve(program->path, argv, environ);
	return complain(errno == ENOENT ? PROGRAM_NOT_FOUND : PROGRAM_NOT_EXECUTABLE, "%s cannot be executed: %s",
			argv[0], strerror(errno));
}

/* ---- on a mounted board ---------------------------------------------------------------------------------------- */

static int run_on_board(const struct program *program, const struct run_options *options)
{
	char mountpoint[PATH_MAX];
	struct nommu_why why = { "" };

	if (attach_probe(options->board, &os_host, &why) < 0)
		return complain(PROGRAM_FAILED, "%s", why.text);
	if (!realpath(options->board, mountpoint))
		return complain(PROGRAM_FAILED, "%s: %s", options->board, strerror(errno));
	if (setenv("NOMMU_BOARD", mountpoint, 1) < 0)
		return complain(PROGRAM_FAILED, "%s", strerror(errno));
	return exec_program(program, options->program);
}

/* ---- on an own board ------------------------------------------------------------------------------------------- */

/* In the child. A killed nommu-run takes the program along, as the one process would that a user sees. */
static int become_program(const struct program *program, char **argv, const struct signals *signals, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return PROGRAM_FAILED;
	signals_restore(signals);
	return exec_program(program, argv);
}

/* Pass signals on until the program has ended. Returns its wait status. */
static int await_program(pid_t pid, const struct signals *signals)
{
	struct pollfd poll_fd = { .fd = signals->fd, .events = POLLIN };
	struct signalfd_siginfo info;
	int status;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		if (poll(&poll_fd, 1, -1) < 0)
			continue;
		while (signals_read(signals, &info)) {
			if (signals_to_forward(&info))
				kill(pid, (int)info.ssi_signo);
		}
	}
}

/* End as the program did; what it dumped need not be dumped twice. */
static int end_by(int signo)
{
	sigset_t set;

	prctl(PR_SET_DUMPABLE, 0);
	signal(signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	raise(signo);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return 128 + signo;
}

static int run_on_own(const struct program *program, const struct run_options *options)
{
	struct signals signals;
	struct nommu_why why = { "" };
	pid_t parent = getpid(), pid;
	struct own own;
	int rc, status;

	rc = signals_open(&signals);
	if (rc < 0)
		return complain(PROGRAM_FAILED, "cannot wait for signals: %s", strerror(-rc));
	rc = own_start(&own, options, &signals, &why);
	if (rc > 0)
		return end_by(rc);
	if (rc < 0)
		return why.text[0] ? complain(PROGRAM_FAILED, "%s", why.text) : PROGRAM_FAILED;
	pid = setenv("NOMMU_BOARD", own.place.mnt, 1) < 0 ? -1 : fork();
	if (pid == 0)
		_exit(become_program(program, options->program, &signals, parent));
	if (pid < 0) {
		rc = complain(PROGRAM_FAILED, "cannot start %s: %s", options->program[0], strerror(errno));
		own_stop(&own);
		return rc;
	}
	status = await_program(pid, &signals);
	own_stop(&own);
	return WIFSIGNALED(status) ? end_by(WTERMSIG(status)) : WEXITSTATUS(status);
}

/* Descriptors that we open must not become the standard ones of a program that was to have none. */
static void fill_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct run_options options;
	struct program program;
	struct nommu_why why = { "" };
	int rc;

	fill_standard();
	if (run_options_read(argc, argv, &options, &why) < 0)
		return complain(PROGRAM_FAILED, "%s", why.text);
	if (options.help) {
		run_options_help(stdout);
		return fflush(stdout) ? PROGRAM_FAILED : 0;
	}
	if (options.version)
		return puts("nommu-run " NOMMU_VERSION) < 0 || fflush(stdout) ? PROGRAM_FAILED : 0;
	rc = program_find(options.program[0], &program, &why);
	if (rc == 0)
		rc = program_check(&program, &why);
	if (rc)
		return complain(rc, "%s %s", options.program[0], why.text);
	rc = set_trace(options.trace);
	if (rc == 0)
		rc = set_policy(&options);
	if (rc == 0)
		rc = set_preload(&program);
	if (rc)
		return rc;
	return options.board ? run_on_board(&program, &options) : run_on_own(&program, &options);
}
