/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * exec - see exec.h. All of it may run in a vfork child or a signal handler: nothing is allocated but on the stack, and
 * nothing of the program's is changed.
 */
#include "shim/exec.h"

#include <alloca.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/context.h"

/* As "NAME=value"; empty: was not set. The first is LD_PRELOAD. */
static const char *const names[] = { "LD_PRELOAD", SHIM_ENV_BOARD, SHIM_ENV_TRACE, SHIM_ENV_FORK, SHIM_ENV_MEMFD };

#define KEPT (sizeof(names) / sizeof(names[0]))

static struct {
	char text[KEPT][PATH_MAX + 64];
	bool known; /* the shim came by LD_PRELOAD, and all of it fits */
} kept;

void shim_exec_keep(void)
{
	kept.known = true;
	for (size_t i = 0; i < KEPT; i++) {
		const char *value = strcmp(names[i], SHIM_ENV_BOARD) == 0 ? shim.mountpoint : getenv(names[i]);
		size_t room = sizeof(kept.text[i]);

		if (value && (size_t)snprintf(kept.text[i], room, "%s=%s", names[i], value) >= room)
			kept.known = false;
	}
	kept.known &= kept.text[0][0] != '\0';
}

/* The value of @name in @envp; NULL: it is not there. */
static const char *value_in(char *const envp[], const char *name)
{
	size_t length = strlen(name);

	for (; *envp; envp++)
		if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=')
			return *envp + length + 1;
	return NULL;
}

/* Whether all that our LD_PRELOAD names is in theirs, as it stands. */
static bool has_preload(const char *theirs)
{
	return theirs && strstr(theirs, kept.text[0] + sizeof("LD_PRELOAD"));
}

static size_t count(char *const list[])
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

/* What @envp lacks. */
struct lacks {
	size_t entries; /* of @envp */
	size_t preload; /* bytes for LD_PRELOAD with what it has; 0: nothing is to be done to it */
	bool any;
};

static struct lacks look(char *const envp[])
{
	struct lacks lacks = { 0, 0, false };
	const char *board, *preload;

	if (shim.state != SHIM_ON || shim_self()->calls || !kept.known)
		return lacks;
	board = value_in(envp, SHIM_ENV_BOARD);
	if (board && !board[0])
		return lacks;
	preload = value_in(envp, "LD_PRELOAD");
	if (!has_preload(preload))
		lacks.preload = strlen(kept.text[0]) + (preload ? strlen(preload) + 1 : 0) + 1;
	lacks.any = !board || lacks.preload;
	lacks.entries = count(envp);
	return lacks;
}

/* @envp and what it lacks, in @to, which has room for KEPT more; @text has lacks->preload bytes. */
static char *const *fill(char **to, char *text, const struct lacks *lacks, char *const envp[])
{
	const char *preload = value_in(envp, "LD_PRELOAD");
	size_t n = 0;

	for (size_t i = 0; i < lacks->entries; i++)
		if (!lacks->preload || strncmp(envp[i], "LD_PRELOAD=", sizeof("LD_PRELOAD")) != 0)
			to[n++] = envp[i];
	if (lacks->preload) {
		snprintf(text, lacks->preload, preload && preload[0] ? "%s:%s" : "%s", kept.text[0], preload);
		to[n++] = text;
	}
	/* With another board than ours its own words count. */
	for (size_t i = 1; i < KEPT && !value_in(envp, SHIM_ENV_BOARD); i++)
		if (kept.text[i][0] && !value_in(envp, names[i]))
			to[n++] = kept.text[i];
	to[n] = NULL;
	return to;
}

/* On the caller's stack: the environment to go on with instead of @envp. */
#define KEEPING(envp)                                                                                                  \
	__extension__({                                                                                                \
		char *const none[] = { NULL }, *const *given = (envp) ? (envp) : none; /* as the kernel has it */       \
		const struct lacks lacks = look(given);                                                                \
		char **to = lacks.any ? alloca((lacks.entries + KEPT + 1) * sizeof(char *)) : NULL;                     \
		char *text = lacks.any ? alloca(lacks.preload + 1) : NULL;                                             \
                                                                                                                       \
		to ? fill(to, text, &lacks, given) : (envp);                                                           \
	})

/* ---- the calls ------------------------------------------------------------------------------------------------- */

long shim_execve(const char *path, char *const argv[], char *const envp[])
{
	return os_syscall(SYS_execve, (long)path, (long)argv, (long)KEEPING(envp), 0, 0, 0);
}

long shim_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return os_syscall(SYS_execveat, dirfd, (long)path, (long)argv, (long)KEEPING(envp), flags, 0);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)shim_result(shim_execve(path, argv, envp));
}

int execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)shim_result(shim_execveat(dirfd, path, argv, envp, flags));
}

/* What the prototypes say cannot be. */
static bool is_null(const void *pointer)
{
	return !pointer;
}

int fexecve(int fd, char *const argv[], char *const envp[])
{
	if (fd < 0 || is_null(argv) || is_null(envp))
		return (int)shim_result(-EINVAL);
	return execveat(fd, "", argv, envp, AT_EMPTY_PATH);
}

int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

/* Along PATH libc looks. */
int execvpe(const char *file, char *const argv[], char *const envp[])
{
	return real_execvpe(file, argv, KEEPING(envp));
}

int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
		char *const argv[], char *const envp[])
{
	return real_posix_spawn(pid, path, actions, attr, argv, KEEPING(envp));
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
		 char *const argv[], char *const envp[])
{
	return real_posix_spawnp(pid, file, actions, attr, argv, KEEPING(envp));
}

/* ---- with their arguments one by one --------------------------------------------------------------------------- */

static size_t count_arguments(const char *first, va_list list)
{
	size_t n = 0;

	for (; first; first = va_arg(list, char *))
		n++;
	return n;
}

/* @argv: the first one, @n in all, and the NULL behind them, which is taken too. */
static void take_arguments(char **argv, const char *first, size_t n, va_list *list)
{
	argv[0] = (char *)(uintptr_t)first;
	for (size_t i = 1; i <= n; i++)
		argv[i] = va_arg(*list, char *);
}

/* The arguments that follow @first, as a vector on the caller's stack; @list stands behind their end then. */
#define ARGUMENTS(argv, first, list)                                                                                   \
	do {                                                                                                           \
		va_list counted;                                                                                       \
		size_t n;                                                                                              \
                                                                                                                       \
		va_copy(counted, list);                                                                                \
		n = count_arguments(first, counted);                                                                   \
		va_end(counted);                                                                                       \
		(argv) = alloca((n + 1) * sizeof(char *));                                                             \
		take_arguments(argv, first, n, &(list));                                                               \
	} while (0)

int execl(const char *path, const char *first, ...)
{
	va_list list;
	char **argv;

	va_start(list, first);
	ARGUMENTS(argv, first, list);
	va_end(list);
	return execve(path, argv, environ);
}

int execlp(const char *file, const char *first, ...)
{
	va_list list;
	char **argv;

	va_start(list, first);
	ARGUMENTS(argv, first, list);
	va_end(list);
	return execvpe(file, argv, environ);
}

int execle(const char *path, const char *first, ...)
{
	char *const *envp;
	va_list list;
	char **argv;

	va_start(list, first);
	ARGUMENTS(argv, first, list);
	envp = va_arg(list, char *const *);
	va_end(list);
	return execve(path, argv, envp);
}
