/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/context.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attach/attach.h"
#include "shim/exec.h"
#include "shim/fork.h"
#include "shim/trace.h"

struct shim shim;

static struct nommu_task *current_task(void)
{
	return &shim_self()->engine;
}

/* Signals wait for the end of the wrapped call (shim_leave), not for the engine's. */
static void engine_left(struct nommu_task *task)
{
	task->deferred = 0;
}

static const struct nommu_os shim_os = {
	.syscall = os_syscall,
	.task = current_task,
	.leave = engine_left,
};

void shim_say(const char *format, ...)
{
	char line[512];
	int saved = errno;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len >= (int)sizeof(line)) {
		len = sizeof(line);
		line[len - 1] = '\n';
	}
	os_syscall(SYS_write, STDERR_FILENO, (long)line, len, 0, 0, 0);
	errno = saved;
}

/* A program that was to run on a board must not run on the host without a word. */
__attribute__((noreturn)) static void give_up(void)
{
	for (;;)
		os_syscall(SYS_exit_group, SHIM_EXIT, 0, 0, 0, 0, 0);
}

static void attach(bool inherited)
{
	struct nommu_why why = { "" };
	struct nommu_window window;
	int result;

	result = attach_connect(shim.mountpoint, &shim_os, inherited, &shim.board, &shim.mm, &shim.token, &why);
	if (result < 0) {
		const char *name = strerrorname_np(-result);

		/* What fork can say its parent hears, and the trace. */
		shim_fork_attached(result);
		shim_say("nommu: %s: cannot attach to the board: %s\n", program_invocation_short_name,
			 why.text[0] ? why.text : name ? name : "an unknown error");
		give_up();
	}
	shim.linux6 = nommu_board_profile(shim.board) == NOMMU_PROFILE_LINUX6;
	shim.low = UINT64_MAX;
	shim.high = 0;
	for (unsigned int i = 0; nommu_board_window(shim.board, i, &window); i++) {
		if (window.addr < shim.low)
			shim.low = window.addr;
		if (window.addr + window.size > shim.high)
			shim.high = window.addr + window.size;
	}
	/* Slot and generation are not 0 both again while this process lives. */
	shim.life->id = ((uint64_t)shim.mm.slot + 1) << 32 | shim.mm.generation;
}

void shim_meet(struct shim_task *task)
{
	/* In a child the record is a copy of its parent's. Its own robust list stays as it is: the kernel may know it. */
	task->engine.tid = 0;
	task->engine.inside = 0;
	task->engine.deferred = 0;
	task->personality = 0;
	task->traced_checked = 0;
	while (!shim.life->id) {
		uint32_t nobody = 0;

		if (__atomic_compare_exchange_n((uint32_t *)&shim.life->attaching, &nobody, 1, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE)) {
			/* Another thread of the parent may have held it. */
			shim.signals.lock = 0;
			attach(true);
			shim_fork_attached(0);
		} else {
			os_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		}
	}
	task->life = shim.life->id;
}

static void make_life_page(void)
{
	long page = os_syscall(SYS_mmap, 0, (long)NOMMU_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

	if (page < 0 || os_syscall(SYS_madvise, page, (long)NOMMU_PAGE_SIZE, MADV_WIPEONFORK, 0, 0, 0) < 0) {
		shim_say("nommu: cannot make the page that tells a child from its parent: Linux 4.14 or later is needed\n");
		give_up();
	}
	shim.life = (struct shim_life *)page;
	shim.life->attaching = 1;
}

bool shim_absolute(const char *path, char to[static PATH_MAX])
{
	size_t room = PATH_MAX, len = 0;

	if (path[0] != '/') {
		long got = os_syscall(SYS_getcwd, (long)to, (long)room, 0, 0, 0, 0);

		len = got > 1 ? (size_t)got - 1 : 0; /* with its NUL */
		if (len + 1 < room)
			to[len++] = '/';
	}
	if (len + strlen(path) >= room)
		return false;
	memcpy(to + len, path, strlen(path) + 1);
	return true;
}

/* A child may attach anew after a chdir. */
static void remember_mountpoint(const char *path)
{
	if (shim_absolute(path, shim.mountpoint))
		return;
	shim_say("nommu: %s: a path of at most %d bytes was expected: %.64s...\n", SHIM_ENV_BOARD, PATH_MAX - 1, path);
	give_up();
}

/* Files are told to be the board's by the mount's device number. */
static void remember_device(void)
{
	struct statx st;
	long result;

	result = os_syscall(SYS_statx, AT_FDCWD, (long)shim.mountpoint, AT_STATX_DONT_SYNC, STATX_INO, (long)&st, 0);
	if (result < 0) {
		const char *name = strerrorname_np((int)-result);

		shim_say("nommu: cannot look at the board's mount point %.256s: %s\n", shim.mountpoint, name ? name : "?");
		give_up();
	}
	shim.dev = makedev(st.stx_dev_major, st.stx_dev_minor);
}

/* What a kernel of this kind lacks and a program may be given all the same. */
static bool is_allowed(const char *name)
{
	const char *value = getenv(name);

	if (!value || !value[0] || strcmp(value, "deny") == 0)
		return false;
	if (strcmp(value, "allow") == 0)
		return true;
	shim_say("nommu: %s=%.64s: deny or allow was expected\n", name, value);
	give_up();
}

__attribute__((constructor)) static void shim_start(void)
{
	const char *board = getenv(SHIM_ENV_BOARD);
	struct shim_task *task = shim_self();

	real_bind();
	if (!board || !board[0]) {
		shim.state = SHIM_OFF;
		return;
	}
	task->calls = 1;
	shim.memfd = is_allowed(SHIM_ENV_MEMFD);
	shim.fork = is_allowed(SHIM_ENV_FORK);
	make_life_page();
	remember_mountpoint(board);
	/* First the attachment: it says in words what is wrong with the mount point. */
	attach(false);
	remember_device();
	trace_open(getenv(SHIM_ENV_TRACE));
	shim_exec_keep();
	if (shim.fork)
		shim_fork_watch();
	task->life = shim.life->id;
	shim.state = SHIM_ON;
	shim_leave(task);
}
