/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * share - hands a linked list to another process, by pointer.
 *
 * usage: share FILE PEER
 *
 * FILE is created, mapped MAP_SHARED, and a list with real pointers is built in it. PEER (examples/peer.c) is
 * started with posix_spawn, maps the same file and follows the list from the address that it is told.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 8192

struct node {
	struct node *next;
	char word[24];
};

extern char **environ;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct node *build(struct node *at)
{
	static const char *const words[] = {"one", "address", "space"};
	struct node *head = NULL, **link = &head;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct node *node = &at[i * 37];

		snprintf(node->word, sizeof(node->word), "%s", words[i]);
		*link = node;
		link = &node->next;
	}
	*link = NULL;
	return head;
}

int main(int argc, char **argv)
{
	char address[32];
	char *args[4];
	struct node *map;
	pid_t pid;
	int fd, status;

	if (argc < 3) {
		fprintf(stderr, "usage: share FILE PEER\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || ftruncate(fd, SIZE))
		die(argv[1]);
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("share: mmap");
	printf("share: mapped shared at  %p\n", (void *)map);

	snprintf(address, sizeof(address), "%p", (void *)build(map));
	printf("share: list begins at    %s\n", address);
	fflush(stdout);

	args[0] = argv[2];
	args[1] = argv[1];
	args[2] = address;
	args[3] = NULL;
	if (posix_spawn(&pid, argv[2], NULL, NULL, args, environ)) {
		fprintf(stderr, "share: cannot start %s\n", argv[2]);
		return 1;
	}
	if (waitpid(pid, &status, 0) < 0)
		die("share: waitpid");
	if (WIFSIGNALED(status))
		printf("share: peer was killed:  %s\n", strsignal(WTERMSIG(status)));
	else
		printf("share: peer's status is  %d\n", WEXITSTATUS(status));
	/* a peer that dies of a pointer is what a machine with an MMU shows; it is not this program's failure */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}
