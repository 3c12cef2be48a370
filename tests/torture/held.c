/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * held - a process of the board holds the board's lock for long, and the daemon goes on: what is memory only is
 * answered at once; what needs the lock waits, in order, until it is free, and at most some seconds.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/xattr.h>
#include <time.h>

#include "attach/attach.h"
#include "engine/lock.h"
#include "mounted.h"

#define AT_ONCE 400 /* ms; on a busy machine */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *path(const char *name)
{
	static _Thread_local char text[4][128];
	static _Thread_local unsigned int turn;
	char *to = text[turn++ % 4];

	snprintf(to, sizeof(text[0]), "%s/%s", mounted_at, name);
	return to;
}

/* ---- the holder ------------------------------------------------------------------------------------------------ */

static pid_t holder;
static int words[2], orders[2];

static void hold(void)
{
	struct nommu_board *board;
	struct nommu_why why;
	struct nommu_mm mm;
	void *token;
	char order;

	if (attach_connect(mounted_at, &os_host, false, &board, &mm, &token, &why))
		fail("attach: %s", why.text);
	while (read(orders[0], &order, 1) == 1) {
		if (order == 'h' && tx_begin(board))
			fail("the lock cannot be had");
		if (order == 'r')
			tx_abort(board);
		if (write(words[1], &order, 1) != 1)
			break;
	}
	_exit(0);
}

static void start_holder(void)
{
	if (pipe(words) || pipe(orders))
		fail("pipe: %s", strerror(errno));
	holder = fork();
	if (holder == 0) {
		close(orders[1]);
		hold();
	}
	close(orders[0]);
}

static void tell(char order)
{
	char word;

	if (write(orders[1], &order, 1) != 1 || read(words[0], &word, 1) != 1 || word != order)
		fail("the holder is gone");
}

static void *release_later(void *arg)
{
	usleep((useconds_t)(*(const long *)arg * 1000));
	tell('r');
	return NULL;
}

static pthread_t releaser;

/* The lock is held from now on, for @ms. */
static void hold_for(const long *ms)
{
	tell('h');
	pthread_create(&releaser, NULL, release_later, (void *)(uintptr_t)ms);
}

/* ---- what is checked ------------------------------------------------------------------------------------------- */

static void check(bool good, const char *what, long began)
{
	long took = now_ms() - began;

	if (!good)
		fail("%s: %s", what, strerror(errno));
	if (took > AT_ONCE)
		fail("%s took %ld ms while the lock was held", what, took);
}

#define AT_ONCE_IS(call)                                                                                               \
	do {                                                                                                           \
		long began_ = now_ms();                                                                                \
		check(call, #call, began_);                                                                            \
	} while (0)

/* Names, attributes, and bytes of pages that are there: none of it asks the board. */
static void memory_only(int fd)
{
	static const long hold_ms = 2000;
	char buf[4096] = "new";
	struct stat st;

	hold_for(&hold_ms);
	AT_ONCE_IS(pread(fd, buf, sizeof(buf), 4096) == sizeof(buf));
	AT_ONCE_IS(pwrite(fd, buf, sizeof(buf), 4096) == sizeof(buf));
	AT_ONCE_IS(fstat(fd, &st) == 0 && st.st_size == 8192);
	AT_ONCE_IS(stat(path("file"), &st) == 0 && st.st_size == 8192);
	AT_ONCE_IS(mkdir(path("dir"), 0755) == 0);
	AT_ONCE_IS(rename(path("file"), path("dir/file")) == 0);
	AT_ONCE_IS(link(path("dir/file"), path("file")) == 0);
	AT_ONCE_IS(unlink(path("dir/file")) == 0);
	AT_ONCE_IS(symlink("x", path("sym")) == 0);
	AT_ONCE_IS(chmod(path("file"), 0600) == 0);
	AT_ONCE_IS(open(path("none"), O_RDONLY) < 0 && errno == ENOENT);
	AT_ONCE_IS(close(open(path("file"), O_RDONLY)) == 0);
	AT_ONCE_IS(close(open(path("proc/sys/vm/nr_trim_pages"), O_RDONLY)) == 0);
	AT_ONCE_IS(getxattr(mounted_at, ATTACH_XATTR, buf, sizeof(buf)) > 0);
	AT_ONCE_IS(unlink(path("sym")) == 0);
	AT_ONCE_IS(rmdir(path("dir")) == 0);
	pthread_join(releaser, NULL);
}

/* A write that grows the file, then, from other threads, a read and a truncation of the same file: in that order. */
struct late {
	int fd;
	long after; /* ms */
	ssize_t result;
	char bytes[16];
	pthread_t thread;
	long ended;
};

static void *late_write(void *arg)
{
	struct late *late = arg;

	late->result = pwrite(late->fd, "grown", 5, 20000);
	late->ended = now_ms();
	return NULL;
}

static void *late_read(void *arg)
{
	struct late *late = arg;

	usleep((useconds_t)late->after * 1000);
	late->result = pread(late->fd, late->bytes, sizeof(late->bytes), 20000);
	late->ended = now_ms();
	return NULL;
}

static void *late_stat(void *arg)
{
	struct late *late = arg;
	char text[64];

	usleep((useconds_t)late->after * 1000);
	late->result = getxattr(path("file"), "user.bdi.contiguous", text, sizeof(text));
	late->ended = now_ms();
	return NULL;
}

static void in_order(int fd)
{
	static const long hold_ms = 1000;
	struct late writer = { .fd = fd }, reader = { .fd = fd, .after = 300 }, asker = { .after = 300 };
	long began = now_ms();

	hold_for(&hold_ms);
	pthread_create(&writer.thread, NULL, late_write, &writer);
	pthread_create(&reader.thread, NULL, late_read, &reader);
	pthread_create(&asker.thread, NULL, late_stat, &asker);
	pthread_join(writer.thread, NULL);
	pthread_join(reader.thread, NULL);
	pthread_join(asker.thread, NULL);
	pthread_join(releaser, NULL);
	if (writer.result != 5 || writer.ended - began < 900)
		fail("a write that needs the lock: %zd after %ld ms", writer.result, writer.ended - began);
	if (reader.result != 5 || memcmp(reader.bytes, "grown", 5))
		fail("a read overtook a write: %zd '%.5s'", reader.result, reader.bytes);
	if (asker.result <= 0 || asker.ended - began < 900)
		fail("a question that needs the lock: %zd after %ld ms", asker.result, asker.ended - began);
}

/* Longer than the daemon waits: the caller gets an error in time, and later all is well. */
static void bounded(void)
{
	static const long hold_ms = 8000;
	struct stat st;
	long began = now_ms(), took;
	int fd;

	hold_for(&hold_ms);
	fd = open(path("late"), O_CREAT | O_RDWR, 0600);
	took = now_ms() - began;
	if (fd >= 0 || errno != EAGAIN || took < 4000 || took > 7500)
		fail("a file made while the lock is held: %s after %ld ms", fd >= 0 ? "ok" : strerror(errno), took);
	AT_ONCE_IS(stat(path("late"), &st) < 0 && errno == ENOENT);
	pthread_join(releaser, NULL);
	AT_ONCE_IS(close(open(path("late"), O_CREAT | O_RDWR, 0600)) == 0);
	AT_ONCE_IS(unlink(path("late")) == 0);
}

/* A holder that is stopped is woken by who waits. */
static void stopped(void)
{
	int fd, status;

	tell('h');
	kill(holder, SIGSTOP);
	waitpid(holder, &status, WUNTRACED);
	/* It does not leave by itself when it runs again: a waiter's SIGCONT gives it the chance, no more. */
	fd = open(path("stopped"), O_CREAT | O_RDWR, 0600);
	if (fd >= 0 || errno != EAGAIN)
		fail("a file made while the holder is stopped: %s", fd >= 0 ? "ok" : strerror(errno));
	kill(holder, SIGCONT);
	tell('r');
	fd = open(path("stopped"), O_CREAT | O_RDWR, 0600);
	if (fd < 0)
		fail("a file made after that: %s", strerror(errno));
	close(fd);
	unlink(path("stopped"));
}

/* A holder that dies leaves the lock, and its mm goes. */
static void killed(void)
{
	int fd, status;

	tell('h');
	kill(holder, SIGKILL);
	waitpid(holder, &status, 0);
	fd = open(path("killed"), O_CREAT | O_RDWR, 0600);
	if (fd < 0)
		fail("a file made after the holder died: %s", strerror(errno));
	close(fd);
	unlink(path("killed"));
}

int main(void)
{
	char buf[8192] = "old";
	long before;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	mount_board("ram=8M");
	before = meminfo("MemFree");
	fd = open(path("file"), O_CREAT | O_RDWR, 0644);
	if (fd < 0 || pwrite(fd, buf, sizeof(buf), 0) != sizeof(buf))
		fail("%s: %s", path("file"), strerror(errno));
	start_holder();
	tell('?');
	memory_only(fd);
	in_order(fd);
	bounded();
	stopped();
	killed();
	close(fd);
	unlink(path("file"));
	await_free(before);
	printf("held: the daemon answered while the board's lock was held, in order and in time\n");
	return 0;
}
