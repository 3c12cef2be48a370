/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * names - four processes make, write, rename, link and remove in one tree, 100,000 times, and get into each other's way.
 * Afterwards the tree is walked: link counts are the names that there are, files hold the bytes that were written, free
 * pages and free inodes are what the tree leaves (as on a tmpfs a further name takes one, too), and the engine's tables are valid. Then all is removed, and all of it
 * is back.
 *
 * NAMES_SEED=NUMBER gives the seed, which is printed.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <time.h>

#include "attach/attach.h"
#include "engine/os.h"
#include "mounted.h"

#define PROCESSES 4
#define STEPS     25000 /* each */
#define TOPS      4
#define LEAVES    4  /* names in each of those */
#define FILES     40 /* names in each directory */
#define SIZE      6000u /* bytes of a file, at most */

static uint64_t state;
static unsigned long step;
static uint64_t seed;

static unsigned int draw(unsigned int below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned int)((state >> 11) % below);
}

/* t0 to t3, and in each of them l0 to l3. They come and go. */
static const char *draw_top(char path[64])
{
	snprintf(path, 64, "t%u", draw(TOPS));
	return path;
}

static const char *draw_leaf(char path[64])
{
	snprintf(path, 64, "t%u/l%u", draw(TOPS), draw(LEAVES));
	return path;
}

static const char *draw_dir(char path[64])
{
	return draw(2) ? draw_top(path) : draw_leaf(path);
}

static const char *draw_name(char path[64])
{
	size_t length = strlen(draw_dir(path));

	snprintf(path + length, 64 - length, "/%u", draw(FILES));
	return path;
}

/* What may become of a call that others interfere with. Anything else is a mistake. */
static void allow(const char *what, const char *path, int result, const int *allowed)
{
	int error = errno;

	if (result >= 0)
		return;
	while (*allowed && *allowed != error)
		allowed++;
	if (!*allowed)
		fail("seed %llu, process %d, step %lu: %s %s: %s", (unsigned long long)seed, (int)getpid(), step, what,
		     path, strerrorname_np(error));
}

#define ALLOW(what, path, result, ...) allow(what, path, result, (const int[]){ __VA_ARGS__, 0 })

/* ---- the work -------------------------------------------------------------------------------------------------- */

/* A file says in its first bytes what all the others are. */
static void do_create(void)
{
	unsigned char bytes[SIZE];
	size_t size = 2 + draw(SIZE - 1);
	char path[64];
	int fd;

	fd = open(draw_name(path), O_WRONLY | O_CREAT | O_EXCL, 0644);
	ALLOW("create", path, fd, EEXIST, ENOENT);
	if (fd < 0)
		return;
	memset(bytes, (int)(step % 251), size);
	errno = 0;
	if (write(fd, bytes, size) != (ssize_t)size)
		fail("write %s: not all of it, %s", path, strerror(errno));
	close(fd);
}

static void do_rename(void)
{
	static const unsigned int kinds[] = { 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE };
	unsigned int flags = kinds[draw(5)];
	char from[64], to[64];
	/* Never deeper than they were: what could not be reached any more would fill all of RAM. */
	const char *(*choose)(char path[64]) = draw(12) ? draw_name : draw(2) ? draw_top : draw_leaf;

	choose(from);
	choose(to);
	ALLOW("rename", from, renameat2(AT_FDCWD, from, AT_FDCWD, to, flags), ENOENT, EEXIST, EINVAL, ENOTEMPTY);
}

static void do_dir(void)
{
	char path[64];

	draw_dir(path);
	if (draw(2))
		ALLOW("mkdir", path, mkdir(path, 0755), EEXIST, ENOENT);
	else
		ALLOW("rmdir", path, rmdir(path), ENOENT, ENOTEMPTY);
}

static void do_look(void)
{
	struct stat st;
	char path[64];

	ALLOW("stat", path, stat(draw_name(path), &st), ENOENT);
}

static void work(void)
{
	char path[64], other[64];

	for (step = 0; step < STEPS; step++) {
		unsigned int what = draw(100);

		if (what < 35)
			do_create();
		else if (what < 60)
			do_rename();
		else if (what < 80)
			ALLOW("unlink", path, unlink(draw_name(path)), ENOENT);
		else if (what < 86)
			ALLOW("link", path, link(draw_name(path), draw_name(other)), ENOENT, EEXIST);
		else if (what < 90)
			ALLOW("symlink", path, symlink("there", draw_name(path)), EEXIST, ENOENT);
		else if (what < 95)
			do_dir();
		else
			do_look();
	}
}

/* ---- what is left ---------------------------------------------------------------------------------------------- */

struct seen {
	ino_t ino;
	nlink_t nlink, names;
	bool directory;
};

static struct seen seen[(TOPS + TOPS * LEAVES) * (FILES + 1) + 8];
static size_t inodes;
static uint64_t pages;

static void check_bytes(const char *path, off_t size)
{
	unsigned char bytes[SIZE + 1];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (fd < 0 || n != size || size < 1)
		fail("%s: %zd bytes, stat says %lld", path, n, (long long)size);
	for (ssize_t i = 1; i < n; i++)
		if (bytes[i] != bytes[0])
			fail("%s: byte %zd is %u, the first %u", path, i, bytes[i], bytes[0]);
	close(fd);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *where)
{
	size_t i = 0;

	(void)where;
	if (type == FTW_NS || type == FTW_DNR)
		fail("%s: cannot be looked at", path);
	while (i < inodes && seen[i].ino != st->st_ino)
		i++;
	if (i == inodes) {
		if (inodes == sizeof(seen) / sizeof(seen[0]))
			fail("more inodes than there can be");
		seen[inodes++] = (struct seen){ .ino = st->st_ino, .nlink = st->st_nlink,
					      .directory = S_ISDIR(st->st_mode) };
		pages += (uint64_t)st->st_blocks / 8;
		if (S_ISREG(st->st_mode))
			check_bytes(path, st->st_size);
	}
	/* A directory's names are its own, its "." and those of its subdirectories' "..". */
	seen[i].names++;
	if (S_ISDIR(st->st_mode)) {
		char inside[PATH_MAX];

		seen[i].names++;
		for (int sub = 0; sub < TOPS + LEAVES; sub++) {
			struct stat is;

			snprintf(inside, sizeof(inside), "%s/%c%d", path, sub < TOPS ? 't' : 'l', sub % TOPS);
			seen[i].names += !lstat(inside, &is) && S_ISDIR(is.st_mode);
		}
	}
	return 0;
}

static void verify(const char *when)
{
	struct nommu_board *board;
	struct nommu_why why;
	struct nommu_mm mm;
	void *token;

	if (attach_connect(mounted_at, &os_host, false, &board, &mm, &token, &why))
		fail("attach: %s", why.text);
	if (nommu_verify(board, &why))
		fail("%s: verify: %s", when, why.text);
	nommu_mm_exit(board, &mm);
	nommu_board_close(board);
}

static uint64_t free_inodes(void)
{
	struct statvfs st;

	if (statvfs(mounted_at, &st))
		fail("statvfs: %s", strerror(errno));
	return st.f_ffree;
}

static int take_away(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	if (where->level && remove(path))
		fail("remove %s: %s", path, strerror(errno));
	return 0;
}

int main(void)
{
	const char *given = getenv("NAMES_SEED");
	uint64_t inodes_before, links = 0;
	char root[80];
	long before;
	int status;

	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("NAMES_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	mount_board("ram=16M");
	snprintf(root, sizeof(root), "%s/tree", mounted_at);
	before = meminfo("MemFree");
	inodes_before = free_inodes();
	if (mkdir(root, 0755) || chdir(root))
		fail("%s: %s", root, strerror(errno));
	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			state = (seed + (uint64_t)i + 1) * 0x9e3779b97f4a7c15ull;
			work();
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		if (wait(&status) < 0 || status)
			fail("a process ended with status %#x", status);
	if (nftw(root, visit, 16, FTW_PHYS))
		fail("walk: %s", strerror(errno));
	for (size_t i = 0; i < inodes; i++) {
		links += seen[i].directory ? 0 : seen[i].names - 1;
		if (seen[i].nlink != seen[i].names)
			fail("inode %llu has %lu links, but %lu names", (unsigned long long)seen[i].ino,
			     (unsigned long)seen[i].nlink, (unsigned long)seen[i].names);
	}
	await_free(before - (long)pages * 4);
	if (free_inodes() != inodes_before - inodes - links)
		fail("%llu free inodes, expected %llu", (unsigned long long)free_inodes(),
		     (unsigned long long)(inodes_before - inodes - links));
	verify("after the work");
	printf("names: %d calls by %d processes left %zu inodes, %llu pages\n", PROCESSES * STEPS, PROCESSES, inodes,
	       (unsigned long long)pages);
	if (chdir("/") || nftw(root, take_away, 16, FTW_PHYS | FTW_DEPTH) || rmdir(root))
		fail("remove: %s", strerror(errno));
	await_free(before);
	if (free_inodes() != inodes_before)
		fail("%llu free inodes in the end, %llu before", (unsigned long long)free_inodes(),
		     (unsigned long long)inodes_before);
	verify("in the end");
	return 0;
}
