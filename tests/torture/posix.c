/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * posix - random file system calls, each made on a board's mount and on a file system of the host: both must answer
 * the same, down to the errno, and both trees must be the same in the end. Several processes at once, each in a
 * directory of its own. Then all RAM must be back.
 *
 * POSIX_SEED=NUMBER gives the seed, which is printed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/xattr.h>
#include <time.h>

#include "mounted.h"

#define PROCESSES 3
#define STEPS     20000
#define FDS       12
#define SIZE_MAX_ 200000 /* files stay below a tenth of RAM, so that nothing runs out */
#define IO_MAX    20000

static uint64_t state;
static char where[2][128]; /* the two directories */
static int fds[FDS][2];
static unsigned long step;
static char doing[256];

static unsigned int draw(unsigned int below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned int)((state >> 11) % below);
}

/* Compare two answers: results, and errnos where they are failures. */
static bool same(long board, int board_error, long host, int host_error)
{
	if ((board < 0) != (host < 0) || (board < 0 ? board_error != host_error : board != host))
		fail("step %lu, %s: the board says %ld (%s), the host %ld (%s)", step, doing, board,
		     board < 0 ? strerrorname_np(board_error) : "ok", host,
		     host < 0 ? strerrorname_np(host_error) : "ok");
	return board >= 0;
}

/* Both sides of a call; SIDE is which. True: both went well. */
#define BOTH(call)                                                                                                     \
	__extension__({                                                                                                \
		long result_[2];                                                                                       \
		int error_[2];                                                                                         \
		for (int side = 0; side < 2; side++) {                                                                 \
			errno = 0;                                                                                     \
			result_[side] = (long)(call);                                                                  \
			error_[side] = errno;                                                                          \
		}                                                                                                      \
		same(result_[0], error_[0], result_[1], error_[1]);                                                    \
	})

#define DOING(...) snprintf(doing, sizeof(doing), __VA_ARGS__)

/* A path of one to three names, few enough that they meet. */
static void draw_path(char path[64])
{
	int names = 1 + (int)draw(3), at = 0;

	for (int i = 0; i < names; i++) {
		int name = 'a' + (int)draw(i + 1 < names ? 3 : 8);

		at += snprintf(path + at, 64 - (size_t)at, "%s%c", i ? "/" : "", name);
	}
}

/* Good until the third call after it: a call has two paths at most. */
static const char *full(int side, const char *path)
{
	static char text[4][256];
	static unsigned int turn;
	char *to = text[turn++ % 4];

	snprintf(to, sizeof(text[0]), "%.128s/%.64s", where[side], path);
	return to;
}

static void compare_stat(const struct stat *board, const struct stat *host)
{
	bool directory = S_ISDIR(host->st_mode);

	if (board->st_mode != host->st_mode || board->st_uid != host->st_uid || board->st_gid != host->st_gid ||
	    (!directory && (board->st_nlink != host->st_nlink || board->st_size != host->st_size)))
		fail("step %lu, %s: mode %o/%o nlink %lu/%lu size %lld/%lld", step, doing, board->st_mode,
		     host->st_mode, (unsigned long)board->st_nlink, (unsigned long)host->st_nlink, (long long)board->st_size,
		     (long long)host->st_size);
}

/* ---- the calls ------------------------------------------------------------------------------------------------- */

static void do_open(void)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR };
	int flags = modes[draw(4)] | (draw(3) ? O_CREAT : 0) | (draw(5) ? 0 : O_EXCL) | (draw(4) ? 0 : O_TRUNC) |
		    (draw(4) ? 0 : O_APPEND) | (draw(8) ? 0 : O_NOFOLLOW) | O_NONBLOCK;
	int slot = (int)draw(FDS), opened[2];
	mode_t mode = draw(01000);
	char path[64];

	draw_path(path);
	DOING("open %s %o mode %o", path, flags, mode);
	if (fds[slot][0] >= 0) {
		close(fds[slot][0]);
		close(fds[slot][1]);
	}
	fds[slot][0] = fds[slot][1] = -1;
	/* Descriptors differ; what is compared is whether there is one. */
	if (BOTH((opened[side] = open(full(side, path), flags, mode)) < 0 ? -1 : 0))
		memcpy(fds[slot], opened, sizeof(opened));
}

static void do_write(void)
{
	static char buf[IO_MAX];
	size_t size = draw(4) ? draw(300) : draw(IO_MAX);
	int slot = (int)draw(FDS);
	off_t at = draw(3) ? draw(10000) : draw(SIZE_MAX_);

	memset(buf, (int)draw(256), size);
	DOING("pwrite %d %zu at %lld", slot, size, (long long)at);
	BOTH(pwrite(fds[slot][side], buf, size, at));
}

static void do_write_on(void)
{
	char buf[64];
	size_t size = draw(sizeof(buf));
	int slot = (int)draw(FDS);

	memset(buf, (int)draw(256), size);
	DOING("write %d %zu", slot, size);
	BOTH(write(fds[slot][side], buf, size));
	BOTH(lseek(fds[slot][side], 0, SEEK_CUR));
}

static void do_read(void)
{
	static char buf[2][IO_MAX];
	size_t size = draw(4) ? draw(300) : draw(IO_MAX);
	int slot = (int)draw(FDS);
	off_t at = draw(3) ? draw(10000) : draw(SIZE_MAX_);

	memset(buf, 0x55, sizeof(buf));
	DOING("pread %d %zu at %lld", slot, size, (long long)at);
	BOTH(pread(fds[slot][side], buf[side], size, at));
	if (memcmp(buf[0], buf[1], sizeof(buf[0])))
		fail("step %lu, %s: the bytes differ", step, doing);
}

static void do_truncate(void)
{
	off_t size = draw(2) ? draw(10000) : draw(SIZE_MAX_);
	int slot = (int)draw(FDS);
	char path[64];

	draw_path(path);
	DOING("truncate %s, %d to %lld", path, slot, (long long)size);
	if (draw(2))
		BOTH(truncate(full(side, path), size));
	else
		BOTH(ftruncate(fds[slot][side], size));
}

static void do_stat(void)
{
	struct stat st[2];
	int slot = (int)draw(FDS);
	char path[64];

	draw_path(path);
	DOING("stat %s, %d", path, slot);
	if (BOTH(lstat(full(side, path), &st[side])))
		compare_stat(&st[0], &st[1]);
	if (BOTH(fstat(fds[slot][side], &st[side])))
		compare_stat(&st[0], &st[1]);
}

static void do_name(void)
{
	char path[64], other[64];
	mode_t mode = draw(01000);

	draw_path(path);
	draw_path(other);
	DOING("names %s %s mode %o", path, other, mode);
	switch (draw(9)) {
	case 0:
	case 1:
		BOTH(mkdir(full(side, path), mode));
		break;
	case 2:
		BOTH(rmdir(full(side, path)));
		break;
	case 3:
	case 4:
		BOTH(unlink(full(side, path)));
		break;
	case 5:
		BOTH(link(full(side, path), full(side, other)));
		break;
	case 6:
		BOTH(symlink(other, full(side, path)));
		break;
	case 7:
		BOTH(mknod(full(side, path), S_IFIFO | mode, 0));
		break;
	default:
		BOTH(chmod(full(side, path), mode));
	}
}

static void do_rename(void)
{
	static const unsigned int flags[] = { 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE };
	unsigned int flag = flags[draw(5)];
	char path[64], other[64];

	draw_path(path);
	draw_path(other);
	DOING("rename %s %s %u", path, other, flag);
	BOTH(renameat2(AT_FDCWD, full(side, path), AT_FDCWD, full(side, other), flag));
}

static void do_readlink(void)
{
	char path[64], text[2][64] = { "", "" };

	draw_path(path);
	DOING("readlink %s", path);
	BOTH(readlink(full(side, path), text[side], 63));
	if (strcmp(text[0], text[1]))
		fail("step %lu, %s: '%s' and '%s'", step, doing, text[0], text[1]);
}

static void do_times(void)
{
	const struct timespec times[2] = { { .tv_sec = draw(1000000) }, { .tv_sec = draw(1000000) } };
	struct stat st[2];
	char path[64];

	draw_path(path);
	DOING("times of %s", path);
	if (BOTH(utimensat(AT_FDCWD, full(side, path), times, AT_SYMLINK_NOFOLLOW)) &&
	    BOTH(lstat(full(side, path), &st[side])) && st[0].st_mtim.tv_sec != st[1].st_mtim.tv_sec)
		fail("step %lu, %s: %ld and %ld", step, doing, (long)st[0].st_mtim.tv_sec, (long)st[1].st_mtim.tv_sec);
}

static void do_copy(void)
{
	int from = (int)draw(FDS), to = (int)draw(FDS);
	off_t at = draw(10000), other = draw(3) ? draw(10000) : draw(SIZE_MAX_);
	size_t size = draw(4) ? draw(5000) : draw(IO_MAX);

	DOING("copy %zu from %d at %lld to %d at %lld", size, from, (long long)at, to, (long long)other);
	BOTH(copy_file_range(fds[from][side], &(off_t){ at }, fds[to][side], &(off_t){ other }, size, 0));
}

/* A file without a name, which may get one. */
static void do_tmpfile(void)
{
	int flags = O_TMPFILE | O_RDWR | (draw(4) ? 0 : O_EXCL), slot = (int)draw(FDS), opened[2];
	char path[64], other[64], link[2][64];
	mode_t mode = draw(01000);

	draw_path(path);
	draw_path(other);
	DOING("tmpfile in %s mode %o, linked to %s", path, mode, other);
	if (!BOTH((opened[side] = open(full(side, path), flags, mode)) < 0 ? -1 : 0))
		return;
	BOTH(pwrite(opened[side], "nameless", 8, step % 7));
	for (int side = 0; side < 2; side++)
		snprintf(link[side], sizeof(link[side]), "/proc/self/fd/%d", opened[side]);
	if (draw(3))
		BOTH(linkat(AT_FDCWD, link[side], AT_FDCWD, full(side, other), AT_SYMLINK_FOLLOW));
	for (int side = 0; side < 2; side++)
		if (fds[slot][side] >= 0)
			close(fds[slot][side]);
	memcpy(fds[slot], opened, sizeof(opened));
}

static bool host_has_xattrs;

static void do_xattr(void)
{
	static const int flags[] = { 0, 0, XATTR_CREATE, XATTR_REPLACE };
	char path[64], name[] = "user.a", value[64], got[2][64] = { "", "" };
	size_t size = draw(sizeof(value));
	int flag = flags[draw(4)];

	if (!host_has_xattrs)
		return;
	draw_path(path);
	name[5] = (char)('a' + draw(3));
	memset(value, 'a' + (int)draw(26), size);
	DOING("xattr %s of %s, %zu bytes, flag %d", name, path, size, flag);
	switch (draw(3)) {
	case 0:
		BOTH(lsetxattr(full(side, path), name, value, size, flag));
		break;
	case 1:
		BOTH(lgetxattr(full(side, path), name, got[side], size));
		if (memcmp(got[0], got[1], sizeof(got[0])))
			fail("step %lu, %s: the values differ", step, doing);
		break;
	default:
		BOTH(lremovexattr(full(side, path), name));
	}
}

static void do_one(void)
{
	static void (*const calls[])(void) = {
		do_open, do_open, do_open,     do_write,  do_write,    do_write_on, do_read,  do_read,
		do_stat, do_stat, do_truncate, do_rename, do_rename,   do_name,     do_name,  do_name,
		do_name, do_name, do_readlink, do_times,  do_copy,     do_copy,     do_tmpfile, do_xattr,
		do_xattr,
	};

	calls[draw(sizeof(calls) / sizeof(calls[0]))]();
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static void compare_file(const char *board, const char *host)
{
	static char buf[2][4096];
	int fd[2] = { open(board, O_RDONLY), open(host, O_RDONLY) };
	ssize_t n;

	do {
		n = read(fd[0], buf[0], sizeof(buf[0]));
		if (n != read(fd[1], buf[1], sizeof(buf[1])) || (n > 0 && memcmp(buf[0], buf[1], (size_t)n)))
			fail("in the end: %s and %s differ", board, host);
	} while (n > 0);
	close(fd[0]);
	close(fd[1]);
}

static void compare_trees(const char *board, const char *host)
{
	struct dirent **names[2];
	int count[2] = { scandir(board, &names[0], NULL, alphasort), scandir(host, &names[1], NULL, alphasort) };

	if (count[0] != count[1] || count[0] < 0)
		fail("in the end: %s has %d entries, %s %d", board, count[0], host, count[1]);
	for (int i = 0; i < count[0]; i++) {
		char path[2][512];
		struct stat st[2];

		if (strcmp(names[0][i]->d_name, names[1][i]->d_name) || names[0][i]->d_type != names[1][i]->d_type)
			fail("in the end: %s has %s, %s %s", board, names[0][i]->d_name, host, names[1][i]->d_name);
		snprintf(path[0], sizeof(path[0]), "%s/%s", board, names[0][i]->d_name);
		snprintf(path[1], sizeof(path[1]), "%s/%s", host, names[0][i]->d_name);
		if (lstat(path[0], &st[0]) || lstat(path[1], &st[1]))
			fail("in the end: %s: %s", path[0], strerror(errno));
		DOING("in the end %.200s", path[0]);
		if (names[0][i]->d_name[0] != '.') {
			compare_stat(&st[0], &st[1]);
			if (S_ISREG(st[0].st_mode))
				compare_file(path[0], path[1]);
			if (S_ISDIR(st[0].st_mode))
				compare_trees(path[0], path[1]);
		}
		free(names[0][i]);
		free(names[1][i]);
	}
	free(names[0]);
	free(names[1]);
}

static void child(int number, uint64_t seed, const char *host)
{
	state = seed * 0x9e3779b97f4a7c15ULL + (uint64_t)number + 1;
	umask(0);
	/* Writing to a fifo without a reader is a call like any other. */
	signal(SIGPIPE, SIG_IGN);
	snprintf(where[0], sizeof(where[0]), "%s/%d", mounted_at, number);
	snprintf(where[1], sizeof(where[1]), "%s/%d", host, number);
	for (int i = 0; i < FDS; i++)
		fds[i][0] = fds[i][1] = -1;
	DOING("mkdir");
	BOTH(mkdir(where[side], 0755));
	/* Older tmpfs have none. */
	host_has_xattrs = !setxattr(where[1], "user.a", "", 0, 0) && !removexattr(where[1], "user.a");
	for (step = 0; step < STEPS; step++)
		do_one();
	compare_trees(where[0], where[1]);
}

static void remove_all(const char *path)
{
	char *const argv[] = { (char *)"rm", (char *)"-rf", (char *)path, NULL };

	if (run(argv))
		fail("rm -rf %s", path);
}

static void round_on(const char *options, uint64_t seed)
{
	char host[] = "/dev/shm/nommu-posix.XXXXXX", elsewhere[] = "/tmp/nommu-posix.XXXXXX";
	const char *reference = mkdtemp(host) ? host : mkdtemp(elsewhere);
	pid_t children[PROCESSES];
	char path[128];
	long before;
	int status, failed = 0;

	if (!reference)
		fail("no directory on the host: %s", strerror(errno));
	mount_board(options);
	before = meminfo("MemFree");
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			child(i, seed, reference);
			exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		waitpid(children[i], &status, 0);
		failed += status != 0;
		if (WIFSIGNALED(status))
			fprintf(stderr, "FAILED: a process died of signal %d\n", WTERMSIG(status));
	}
	for (int i = 0; i < PROCESSES && !failed; i++) {
		snprintf(path, sizeof(path), "%s/%d", mounted_at, i);
		remove_all(path);
	}
	remove_all(reference);
	if (failed)
		exit(1);
	await_free(before);
	unmount();
	printf("posix: %s: %d processes, %d calls each: the same as the host\n", options, PROCESSES, STEPS);
	fflush(stdout);
}

int main(void)
{
	const char *given = getenv("POSIX_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);

	printf("posix: POSIX_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	round_on("ram=64M,profile=bdi", seed);
	round_on("ram=64M,profile=linux6", seed + 1);
	return 0;
}
