/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * peer - the other process of share.c: follows a list of which it was told the address.
 *
 * usage: peer FILE ADDRESS
 *
 * It trusts the pointer. Where every process has the same address space it may.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct node {
	struct node *next;
	char word[24];
};

int main(int argc, char **argv)
{
	const struct node *node;
	struct stat st;
	void *map;
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: peer FILE ADDRESS\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || fstat(fd, &st)) {
		perror(argv[1]);
		return 1;
	}
	map = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		perror("peer: mmap");
		return 1;
	}
	printf("peer:  mapped shared at  %p\n", map);
	fflush(stdout);

	node = (const struct node *)strtoul(argv[2], NULL, 0);
	printf("peer:  the list says    ");
	for (; node; node = node->next)
		printf(" %s", node->word);
	printf("\n");
	return munmap(map, st.st_size) ? 1 : 0;
}
