/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fifo - a queue of messages, each a mapping of its own; what is left of memory when it has run for a while.
 *
 * usage: fifo PAGES MESSAGES
 *
 * Messages of PAGES pages are queued until memory is out, at most MESSAGES. The reader takes them all, but keeps
 * every 16th. Then 64 pages are asked for in one piece.
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
	size_t pages = argc > 2 ? strtoul(argv[1], NULL, 0) : 0;
	size_t most = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	void **queue = calloc(most + 1, sizeof(*queue));
	size_t queued = 0, kept = 0;

	if (!pages || !most || !queue) {
		fprintf(stderr, "usage: fifo PAGES MESSAGES\n");
		return 2;
	}
	while (queued < most && (queue[queued] = get(pages)))
		queued++;
	printf("messages of %zu pages queued      %zu\n", pages, queued);

	for (size_t i = 0; i < queued; i++) {
		if (i % KEEP)
			put(queue[i], pages);
		else
			queue[kept++] = queue[i];
	}
	printf("read; pages given back          %zu\n", (queued - kept) * pages);
	printf("pages kept, here and there      %zu\n", kept * pages);
	ask("now:");

	for (size_t i = 0; i < kept; i++)
		put(queue[i], pages);
	ask("all read:");
	free(queue);
	return 0;
}
