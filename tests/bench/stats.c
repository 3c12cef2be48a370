/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stats - what fstat, stat and open cost through the shim, beside libc's own in the same process.
 *
 * usage: nommu-run --board MOUNTPOINT -- stats BOARD-FOLDER TMPFS-FOLDER
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS 31
#define CALLS 2000

enum call { FSTAT, STAT, OPEN, CALL_COUNT };

struct file {
	const char *where;
	char path[4096];
	int fd;
};

/* The shim's, which are what the names lead to, and libc's behind them. */
static struct calls {
	int (*fstat)(int fd, struct stat *st);
	int (*stat)(const char *path, struct stat *st);
	int (*open)(const char *path, int flags, ...);
} shim = {fstat, stat, open}, host;

static void find_libc(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW);

	if (libc) {
		*(void **)&host.fstat = dlsym(libc, "fstat");
		*(void **)&host.stat = dlsym(libc, "stat");
		*(void **)&host.open = dlsym(libc, "open");
	}
	if (!host.fstat || !host.stat || !host.open)
		bench_die("libc.so.6");
}

static void once(enum call call, const struct file *file, const struct calls *calls)
{
	struct stat st;
	int result;

	if (call == FSTAT)
		result = calls->fstat(file->fd, &st);
	else if (call == STAT)
		result = calls->stat(file->path, &st);
	else
		result = calls->open(file->path, O_RDONLY);
	if (result < 0)
		bench_die(file->path);
	if (call == OPEN)
		close(result);
}

static double round_of(enum call call, const struct file *file, const struct calls *calls)
{
	uint64_t begin = bench_now();

	for (int i = 0; i < CALLS; i++)
		once(call, file, calls);
	return (double)(bench_now() - begin) / CALLS;
}

static void compare(enum call call, const struct file *file)
{
	static const char *const names[CALL_COUNT] = {"fstat", "stat", "open and close"};
	double ours[ROUNDS], theirs[ROUNDS];
	char what[64];

	for (int i = 0; i < ROUNDS; i++) {
		ours[i] = round_of(call, file, &shim);
		theirs[i] = round_of(call, file, &host);
	}
	snprintf(what, sizeof(what), "%s, a file of %s", names[call], file->where);
	bench_row_most(what, bench_median(ours, ROUNDS), bench_median(theirs, ROUNDS), 0);
}

static struct file make(const char *where, const char *folder)
{
	struct file file = {.where = where};

	snprintf(file.path, sizeof(file.path), "%s/nommu-bench.%d", folder, (int)getpid());
	file.fd = open(file.path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (file.fd < 0)
		bench_die(file.path);
	return file;
}

int main(int argc, char **argv)
{
	struct file files[2];

	if (argc < 3) {
		fprintf(stderr, "usage: nommu-run --board MOUNTPOINT -- stats BOARD-FOLDER TMPFS-FOLDER\n");
		return 2;
	}
	find_libc();
	files[0] = make("the board", argv[1]);
	files[1] = make("tmpfs", argv[2]);
	for (int call = 0; call < CALL_COUNT; call++)
		for (int i = 0; i < 2; i++)
			compare((enum call)call, &files[i]);
	for (int i = 0; i < 2; i++)
		unlink(files[i].path);
	return 0;
}
