/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copy - a private writable mapping: whose bytes are these?
 *
 * usage: copy FILE
 *
 * FILE is created with two pages. A store through the mapping must not reach the file. A write to the file reaches
 * the mapping or not, depending on how the machine keeps the two apart.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void put(int fd, const char *text, off_t offset)
{
	if (pwrite(fd, text, strlen(text) + 1, offset) < 0)
		die("copy: pwrite");
}

static const char *get(int fd, char text[8], off_t offset)
{
	if (pread(fd, text, 8, offset) != 8)
		die("copy: pread");
	return text;
}

int main(int argc, char **argv)
{
	char text[8];
	char *map;
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: copy FILE\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || ftruncate(fd, 2 * PAGE))
		die(argv[1]);
	put(fd, "old", 0);
	put(fd, "old", PAGE);

	map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		die("copy: mmap");
	printf("mapped private, read+write at %p\n", (void *)map);

	strcpy(map, "mine");
	printf("store to page 0 of the mapping: \"mine\"\n");
	printf("  the file's page 0 says        \"%s\"\n", get(fd, text, 0));

	put(fd, "new", PAGE);
	printf("write to page 1 of the file:    \"new\"\n");
	printf("  the mapping's page 1 says     \"%s\"\n", map + PAGE);

	if (munmap(map, 2 * PAGE))
		die("copy: munmap");
	close(fd);
	return 0;
}
