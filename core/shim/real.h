/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * real - libc's own functions behind the names that the shim defines, each looked up when it is first needed.
 *
 * Only what is more than a system call is here; the rest the shim asks the kernel for by os_syscall. Looking up may
 * allocate, so the constructor does it for what a program may call in a signal handler (real_bind). Two threads that
 * look up the same name at once find the same, so nobody locks.
 */
#ifndef SHIM_REAL_H
#define SHIM_REAL_H

#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/types.h>

struct termios;
struct winsize;

struct real {
	int (*sigaction)(int sig, const struct sigaction *action, struct sigaction *old);
	pid_t (*fork)(void);
	pid_t (*bare_fork)(void); /* _Fork */
	int (*clone)(int (*fn)(void *), void *stack, int flags, void *arg, ...);
	int (*daemon)(int nochdir, int noclose);
	int (*brk)(void *addr);
	void *(*sbrk)(intptr_t increment);
	int (*openat)(int dirfd, const char *path, int flags, ...);
	int (*forkpty)(int *pty, char *name, const struct termios *termp, const struct winsize *winp);
	int (*shm_open)(const char *name, int flags, mode_t mode);
	int (*shm_unlink)(const char *name);
	int (*execvpe)(const char *file, char *const argv[], char *const envp[]);
	__typeof__(posix_spawn) *posix_spawn, *posix_spawnp;
	ssize_t (*splice)(int in, off64_t *off_in, int out, off64_t *off_out, size_t length, unsigned int flags);
};

void real_bind(void);

int real_sigaction(int sig, const struct sigaction *action, struct sigaction *old);
pid_t real_fork(void);
pid_t real_bare_fork(void);
int real_clone(int (*fn)(void *), void *stack, int flags, void *arg, void *ids[static 3]);
int real_daemon(int nochdir, int noclose);
int real_brk(void *addr);
void *real_sbrk(intptr_t increment);
int real_openat(int dirfd, const char *path, int flags, mode_t mode);
/* @name: which of its two names, with 64 or without. */
int real_open_2(const char *name, const char *path, int flags);
int real_openat_2(const char *name, int dirfd, const char *path, int flags);
int real_forkpty(int *pty, char *name, const struct termios *termp, const struct winsize *winp);
int real_shm_open(const char *name, int flags, mode_t mode);
int real_shm_unlink(const char *name);
int real_execvpe(const char *file, char *const argv[], char *const envp[]);
int real_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		     const posix_spawnattr_t *attr, char *const argv[], char *const envp[]);
int real_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
		      const posix_spawnattr_t *attr, char *const argv[], char *const envp[]);
ssize_t real_splice(int in, off64_t *off_in, int out, off64_t *off_out, size_t length, unsigned int flags);

#endif
