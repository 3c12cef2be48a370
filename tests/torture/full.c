/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * full - board RAM full: files are removed and written anew at once, while others keep the daemon so busy that
 * the host's word of what it forgot comes late. There must always be room, and in the end all of it is back.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/xattr.h>

#include "attach/attach.h"
#include "mounted.h"

#define BUSY   8 /* threads */
#define ROUNDS 300
#define MIB    (1u << 20)

static atomic_bool done;
static char buffer[MIB];

/* A request that the daemon answers at once, again and again. */
static void *ask(void *arg)
{
	char text[256];

	(void)arg;
	while (!done)
		if (getxattr(mounted_at, ATTACH_XATTR, text, sizeof(text)) <= 0)
			fail("getxattr: %s", strerror(errno));
	return NULL;
}

static int make(const char *path)
{
	int fd = open(path, O_CREAT | O_RDWR | O_EXCL, 0600);

	if (fd < 0)
		fail("%s: %s", path, strerror(errno));
	return fd;
}

/* By writes: all of RAM. Removed while it is open, and then closed. */
static void written(const char *path)
{
	int fd = make(path);

	for (int i = 0; i < 8; i++)
		if (pwrite(fd, buffer, MIB, i * (off_t)MIB) != MIB)
			fail("MiB %d of %s: %s", i, path, strerror(errno));
	unlink(path);
	close(fd);
}

/* In one run: of the two that there are both, while none but the two may be in use. */
static void truncated(const char *path)
{
	int fd = make(path);

	if (ftruncate(fd, 4 * MIB))
		fail("ftruncate %s: %s", path, strerror(errno));
	close(fd);
	unlink(path);
}

/* ---- the word comes late --------------------------------------------------------------------------------------- */

/* The daemon, by its command line. */
static pid_t daemon_pid(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (!found && (entry = readdir(proc))) {
		char path[300], line[512] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (atoi(entry->d_name) != getpid() && read(fd, line, sizeof(line) - 1) > 0 &&
		    memmem(line, sizeof(line), mounted_at, strlen(mounted_at) + 1))
			found = atoi(entry->d_name);
		close(fd);
	}
	closedir(proc);
	return found;
}

struct writer {
	pthread_t thread;
	int fd;
};

static void *write_one(void *arg)
{
	struct writer *writer = arg;

	if (pwrite(writer->fd, buffer, MIB, 0) != MIB)
		fail("a MiB, while the word of a closed file is late: %s", strerror(errno));
	return NULL;
}

/* All of RAM belongs to a file that has no name. It is closed, and all of RAM written anew, while the daemon is stopped:
 * when it goes on the host gives it the writes before the word that the file is forgotten. */
static void late(pid_t pid)
{
	struct writer writers[8];
	char path[128];
	int fd;

	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "%s/%d", mounted_at, i);
		writers[i].fd = make(path);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/file", mounted_at);
	fd = make(path);
	for (int i = 0; i < 8; i++)
		if (pwrite(fd, buffer, MIB, i * (off_t)MIB) != MIB)
			fail("MiB %d of %s: %s", i, path, strerror(errno));
	unlink(path);
	kill(pid, SIGSTOP);
	usleep(20000);
	close(fd);
	for (int i = 0; i < 8; i++)
		pthread_create(&writers[i].thread, NULL, write_one, &writers[i]);
	usleep(50000);
	kill(pid, SIGCONT);
	for (int i = 0; i < 8; i++) {
		pthread_join(writers[i].thread, NULL);
		close(writers[i].fd);
	}
}

int main(void)
{
	pthread_t busy[BUSY];
	char path[128];
	long before;

	mount_board("ram=8M");
	before = meminfo("MemFree");
	for (int i = 0; i < 20; i++) {
		late(daemon_pid());
		await_free(before);
	}
	for (int i = 0; i < BUSY; i++)
		pthread_create(&busy[i], NULL, ask, NULL);
	snprintf(path, sizeof(path), "%s/file", mounted_at);
	for (int i = 0; i < ROUNDS; i++)
		written(path);
	for (int i = 0; i < ROUNDS; i++)
		truncated(path);
	done = true;
	for (int i = 0; i < BUSY; i++)
		pthread_join(busy[i], NULL);
	await_free(before);
	printf("full: %d files of all of RAM or half, one after the other: always room\n", 2 * ROUNDS);
	return 0;
}
