/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xip - execute in place: runs code where it lies, in ROM.
 *
 * usage: xip FILE [MEMINFO]
 *
 * FILE holds position-independent machine code, a function int f(int) at its start. It is mapped twice, and called
 * through the second mapping. MEMINFO is a /proc/meminfo from which to see what that took.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int function(int);

static long mem_free(const char *meminfo)
{
	char line[128];
	long kb = -1;
	FILE *f = fopen(meminfo, "r");

	if (!f) {
		perror(meminfo);
		exit(1);
	}
	while (kb < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %ld kB", &kb) != 1)
			kb = -1;
	fclose(f);
	return kb;
}

static void *map(int fd, size_t size)
{
	void *code = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	if (code == MAP_FAILED) {
		perror("xip: mmap");
		exit(1);
	}
	return code;
}

int main(int argc, char **argv)
{
	struct stat st;
	void *first, *second;
	function *f;
	long before = 0;
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: xip FILE [MEMINFO]\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st)) {
		perror(argv[1]);
		return 1;
	}
	if (argc > 2)
		before = mem_free(argv[2]);
	first = map(fd, st.st_size);
	second = map(fd, st.st_size);
	close(fd);

	printf("mapped read+exec at    %p\n", first);
	printf("mapped once more at    %p\n", second);
	memcpy(&f, &second, sizeof(f));
	printf("its function says      f(14) = %d\n", f(14));
	if (argc > 2)
		printf("RAM that this took     %ld kB\n", before - mem_free(argv[2]));

	if (munmap(second, st.st_size) || munmap(first, st.st_size)) {
		perror("xip: munmap");
		return 1;
	}
	return 0;
}
