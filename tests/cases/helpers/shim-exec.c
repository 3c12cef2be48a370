/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-exec - becomes itself, or starts itself, by each function that there is, with the environment that ENV names:
 * shim-exec FUNCTION ENV. Without arguments, or with the one argument "two", it tells where it maps.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int tell(int argc)
{
	void *addr = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *other = getenv("OTHER"), *preload = getenv("LD_PRELOAD");

	printf("%s%s%s%s\n", (unsigned long)addr >> 32 ? "host" : "board", argc == 2 ? ", two" : "", other ? ", " : "",
	       other ? other : "");
	return preload && strstr(preload, "libz") && !strstr(preload, ":/") ? 3 : 0;
}

static char *argv_two[] = { "shim-exec", "two", NULL }, **env;

static int spawned(int error, pid_t pid)
{
	int status = 0;

	errno = error;
	if (error || waitpid(pid, &status, 0) != pid)
		return -1;
	exit(WEXITSTATUS(status));
}

static int go(const char *how, const char *self, const char *name)
{
	pid_t pid = 0;

	if (!strcmp(how, "execve"))
		return execve(self, argv_two, env);
	if (!strcmp(how, "execveat"))
		return execveat(AT_FDCWD, self, argv_two, env, 0);
	if (!strcmp(how, "fexecve"))
		return fexecve(open(self, O_RDONLY | O_CLOEXEC), argv_two, env);
	if (!strcmp(how, "execvpe"))
		return execvpe(name, argv_two, env);
	if (!strcmp(how, "execle"))
		return execle(self, "shim-exec", "two", (char *)NULL, env);
	if (!strcmp(how, "number"))
		return (int)syscall(SYS_execve, self, argv_two, env);
	if (!strcmp(how, "number-at"))
		return (int)syscall(SYS_execveat, AT_FDCWD, self, argv_two, env, 0);
	if (!strcmp(how, "posix_spawn")) {
		int error = posix_spawn(&pid, self, NULL, NULL, argv_two, env);

		return spawned(error, pid);
	}
	if (!strcmp(how, "posix_spawnp")) {
		int error = posix_spawnp(&pid, name, NULL, NULL, argv_two, env);

		return spawned(error, pid);
	}
	if (!strcmp(how, "vfork")) {
		pid = vfork();
		if (!pid) {
			execve(self, argv_two, env);
			_exit(9);
		}
		return spawned(pid < 0 ? errno : 0, pid);
	}
	environ = env;
	if (!strcmp(how, "execv"))
		return execv(self, argv_two);
	if (!strcmp(how, "execvp"))
		return execvp(self, argv_two); /* along the PATH of environ: there is none */
	if (!strcmp(how, "execl"))
		return execl(self, "shim-exec", "two", (char *)NULL);
	if (!strcmp(how, "execlp"))
		return execlp(self, "shim-exec", "two", (char *)NULL);
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	static char *none[] = { NULL }, *other[] = { "OTHER=other", NULL },
		    *preload[] = { "OTHER=mine", "LD_PRELOAD=libz.so.1", NULL },
		    *out[] = { "OTHER=out", "NOMMU_BOARD=", NULL }, *many[20002];
	static const struct {
		const char *name;
		char **env;
	} environments[] = {
		{ "none", none }, { "other", other }, { "preload", preload }, { "out", out }, { "many", many },
		{ "null", NULL },
	};
	char path[4096];

	if (argc < 3)
		return tell(argc);
	for (int i = 0; i < 20000; i++)
		many[i] = "A=b";
	many[20000] = "OTHER=many";
	for (size_t i = 0; i < sizeof(environments) / sizeof(environments[0]); i++)
		if (!strcmp(argv[2], environments[i].name))
			env = environments[i].env;
	if (!strcmp(argv[2], "own"))
		env = environ;
	path[readlink("/proc/self/exe", path, sizeof(path) - 1)] = '\0';
	if (go(argv[1], argc > 3 ? argv[3] : path, argc > 3 ? argv[3] : "shim-exec"))
		printf("%s\n", strerrorname_np(errno));
	return 1;
}
