/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * maps - one mapping of each sort, and how the machine lists them.
 *
 * usage: maps ROMFILE RAMFILE MAPS
 *
 * ROMFILE is mapped read+exec, RAMFILE (created, three pages) shared and private writable, two pages anonymous; then
 * MAPS, which is a /proc/maps, is printed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void map(const char *what, size_t size, int prot, int flags, int fd)
{
	void *p = mmap(NULL, size, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		die(what);
	printf("%p  %s\n", p, what);
}

int main(int argc, char **argv)
{
	char line[512];
	struct stat st;
	int rom, ram;
	FILE *f;

	if (argc < 4) {
		fprintf(stderr, "usage: maps ROMFILE RAMFILE MAPS\n");
		return 2;
	}
	rom = open(argv[1], O_RDONLY);
	if (rom < 0 || fstat(rom, &st))
		die(argv[1]);
	ram = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (ram < 0 || ftruncate(ram, 3 * PAGE))
		die(argv[2]);

	map("ROM file, private, read+exec", st.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, rom);
	map("RAM file, shared", 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ram);
	map("RAM file, private, read+write", 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, ram);
	map("anonymous", 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	f = fopen(argv[3], "r");
	if (!f)
		die(argv[3]);
	printf("\n%s:\n", argv[3]);
	while (fgets(line, sizeof(line), f))
		fputs(line, stdout);
	fclose(f);
	return 0;
}
