/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * refused - calls that desktop programs make without a thought, and that need an MMU.
 *
 * usage: refused FOLDER
 *
 * Two files are made in FOLDER. Each call is tried, and what it said is printed; nothing is expected to work.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static void say(const char *call, int failed)
{
	printf("%-32s %s\n", call, failed ? strerrorname_np(errno) : "ok");
	fflush(stdout);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int make(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		die(name);
	return fd;
}

static void append(int fd)
{
	static const char page[PAGE];

	if (write(fd, page, PAGE) != PAGE)
		die("refused: write");
}

static void *shared(int fd, size_t pages)
{
	return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

int main(int argc, char **argv)
{
	void *map, *other;
	int log, data;
	pid_t pid;

	if (argc < 2 || chdir(argv[1])) {
		fprintf(stderr, "usage: refused FOLDER\n");
		return 2;
	}
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		die("refused: mmap");
	other = mmap(map, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	say("mmap at a fixed address", other == MAP_FAILED);
	say("mprotect of a page", mprotect(map, PAGE, PROT_READ));

	/* two files that grow in turn: their pages lie in turn, too */
	log = make("log");
	data = make("data");
	for (int i = 0; i < 4; i++) {
		append(log);
		append(data);
	}
	say("mmap shared, grown by writes", shared(data, 4) == MAP_FAILED);

	if (ftruncate(data, 0) || ftruncate(data, 4 * PAGE))
		die("refused: ftruncate");
	other = shared(data, 4);
	say("mmap shared, sized beforehand", other == MAP_FAILED);
	if (other != MAP_FAILED)
		say("munmap of one page of the four", munmap((char *)other + PAGE, PAGE));

	pid = fork();
	if (!pid)
		_exit(0);
	say("fork", pid < 0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return 0;
}
