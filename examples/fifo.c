/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fifo - a queue of messages, each in a page of its own; what is left of memory when it has run for a while.
 *
 * usage: fifo MESSAGES
 *
 * Messages are queued until memory is out, or there are MESSAGES. The reader takes them all, but keeps every 16th.
 * Then 64 pages are asked for in one piece.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define KEEP 16
#define LARGE 64

static void *get(size_t pages)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void put(void *p, size_t pages)
{
	if (munmap(p, pages * PAGE)) {
		perror("fifo: munmap");
		exit(1);
	}
}

static void ask(const char *when)
{
	void *p = get(LARGE);

	printf("%d pages in one piece, %-9s %s\n", LARGE, when, p ? "ok" : strerrorname_np(errno));
	fflush(stdout);
	if (p)
		put(p, LARGE);
}

int main(int argc, char **argv)
{
	size_t most = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
	void **queue = calloc(most + 1, sizeof(*queue));
	size_t queued = 0, kept = 0;

	if (!most || !queue) {
		fprintf(stderr, "usage: fifo MESSAGES\n");
		return 2;
	}
	while (queued < most && (queue[queued] = get(1)))
		queued++;
	printf("messages queued, a page each     %zu\n", queued);

	for (size_t i = 0; i < queued; i++) {
		if (i % KEEP)
			put(queue[i], 1);
		else
			queue[kept++] = queue[i];
	}
	printf("pages given back by the reader   %zu\n", queued - kept);
	printf("pages it keeps, here and there   %zu\n", kept);
	ask("now:");

	for (size_t i = 0; i < kept; i++)
		put(queue[i], 1);
	ask("all read:");
	free(queue);
	return 0;
}
