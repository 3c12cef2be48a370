/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trim - how much of a small machine's memory can be used, with mappings of an awkward size.
 *
 * usage: trim PAGES
 *
 * Mappings of PAGES pages are made until memory is out, then single pages until it is out of those too. To be run on
 * a machine of which the memory can be used up without harm, with vm.nr_trim_pages set to 0, and to 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096

/* How many mappings of so many pages can be had; they are kept. */
static size_t use_up(size_t pages)
{
	size_t count = 0;

	while (mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		count++;
	return count;
}

int main(int argc, char **argv)
{
	size_t pages = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
	size_t large, small;

	if (!pages) {
		fprintf(stderr, "usage: trim PAGES\n");
		return 2;
	}
	large = use_up(pages);
	small = use_up(1);
	printf("mappings of %zu pages              %zu\n", pages, large);
	printf("and then, of a single page       %zu\n", small);
	printf("pages in use                     %zu\n", large * pages + small);
	return 0;
}
