/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>

#include "shim/context.h"

/* From dlsym's object pointer to a function pointer, which C has no conversion for. */
union symbol {
	void *object;
	int (*sigaction)(int sig, const struct sigaction *action, struct sigaction *old);
	pid_t (*fork)(void);
	int (*clone)(int (*fn)(void *), void *stack, int flags, void *arg, ...);
	int (*daemon)(int nochdir, int noclose);
	int (*brk)(void *addr);
	void *(*sbrk)(intptr_t increment);
	int (*openat)(int dirfd, const char *path, int flags, ...);
	int (*open_2)(const char *path, int flags);
	int (*openat_2)(int dirfd, const char *path, int flags);
	int (*forkpty)(int *pty, char *name, const struct termios *termp, const struct winsize *winp);
	int (*shm_open)(const char *name, int flags, mode_t mode);
	int (*shm_unlink)(const char *name);
	int (*execvpe)(const char *file, char *const argv[], char *const envp[]);
	__typeof__(posix_spawn) *posix_spawn;
	__typeof__(splice) *splice;
};

static union symbol look_up(const char *name)
{
	union symbol symbol = { .object = dlsym(RTLD_NEXT, name) };

	return symbol;
}

void real_bind(void)
{
	if (!shim.real.sigaction)
		shim.real.sigaction = look_up("sigaction").sigaction;
	if (!shim.real.openat)
		shim.real.openat = look_up("openat").openat;
	if (!shim.real.execvpe)
		shim.real.execvpe = look_up("execvpe").execvpe;
	if (!shim.real.posix_spawn)
		shim.real.posix_spawn = look_up("posix_spawn").posix_spawn;
	if (!shim.real.posix_spawnp)
		shim.real.posix_spawnp = look_up("posix_spawnp").posix_spawn;
}

int real_sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	real_bind();
	return shim.real.sigaction(sig, action, old);
}

pid_t real_fork(void)
{
	if (!shim.real.fork)
		shim.real.fork = look_up("fork").fork;
	return shim.real.fork();
}

pid_t real_bare_fork(void)
{
	if (!shim.real.bare_fork)
		shim.real.bare_fork = look_up("_Fork").fork;
	if (shim.real.bare_fork)
		return shim.real.bare_fork();
	errno = ENOSYS; /* a libc before 2.34 */
	return -1;
}

int real_clone(int (*fn)(void *), void *stack, int flags, void *arg, void *ids[static 3])
{
	if (!shim.real.clone)
		shim.real.clone = look_up("clone").clone;
	return shim.real.clone(fn, stack, flags, arg, ids[0], ids[1], ids[2]);
}

int real_daemon(int nochdir, int noclose)
{
	if (!shim.real.daemon)
		shim.real.daemon = look_up("daemon").daemon;
	return shim.real.daemon(nochdir, noclose);
}

int real_brk(void *addr)
{
	if (!shim.real.brk)
		shim.real.brk = look_up("brk").brk;
	return shim.real.brk(addr);
}

void *real_sbrk(intptr_t increment)
{
	if (!shim.real.sbrk)
		shim.real.sbrk = look_up("sbrk").sbrk;
	return shim.real.sbrk(increment);
}

int real_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	if (!shim.real.openat)
		real_bind();
	return shim.real.openat(dirfd, path, flags, mode);
}

int real_open_2(const char *name, const char *path, int flags)
{
	return look_up(name).open_2(path, flags);
}

int real_openat_2(const char *name, int dirfd, const char *path, int flags)
{
	return look_up(name).openat_2(dirfd, path, flags);
}

int real_forkpty(int *pty, char *name, const struct termios *termp, const struct winsize *winp)
{
	if (!shim.real.forkpty)
		shim.real.forkpty = look_up("forkpty").forkpty;
	if (shim.real.forkpty)
		return shim.real.forkpty(pty, name, termp, winp);
	errno = ENOSYS; /* a libc before 2.34 keeps it in libutil, which is not loaded */
	return -1;
}

/* A libc before 2.34 keeps these two in librt; who calls them has loaded it. */
int real_shm_open(const char *name, int flags, mode_t mode)
{
	if (!shim.real.shm_open)
		shim.real.shm_open = look_up("shm_open").shm_open;
	return shim.real.shm_open(name, flags, mode);
}

int real_shm_unlink(const char *name)
{
	if (!shim.real.shm_unlink)
		shim.real.shm_unlink = look_up("shm_unlink").shm_unlink;
	return shim.real.shm_unlink(name);
}

int real_execvpe(const char *file, char *const argv[], char *const envp[])
{
	real_bind();
	return shim.real.execvpe(file, argv, envp);
}

int real_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		     const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	real_bind();
	return shim.real.posix_spawn(pid, path, actions, attr, argv, envp);
}

int real_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
		      const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	real_bind();
	return shim.real.posix_spawnp(pid, file, actions, attr, argv, envp);
}

ssize_t real_splice(int in, off64_t *off_in, int out, off64_t *off_out, size_t length, unsigned int flags)
{
	if (!shim.real.splice)
		shim.real.splice = look_up("splice").splice;
	return shim.real.splice(in, off_in, out, off_out, length, flags);
}
