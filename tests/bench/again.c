/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * again - ROM files that the host read before, beside the same files in its own page cache.
 *
 * usage: again ROM-FOLDER HOST-FOLDER	(not wrapped; both with "large", of whole MiB)
 *
 * The file is opened anew for each pass, which is no part of the figure: the host asks at every open.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "reads.h"

#define ROUNDS 15

static double pass(const char *folder, size_t piece)
{
	char name[4096];
	struct stat st;
	double took;
	int fd;

	snprintf(name, sizeof(name), "%s/large", folder);
	fd = open(name, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) || st.st_size < MIB || st.st_size % MIB)
		bench_die(name);
	if (piece)
		took = reads_all(fd, st.st_size, piece) * (double)piece / (double)st.st_size;
	else
		took = reads_random(fd, st.st_size, (size_t)st.st_size / PAGE) * PAGE / (double)st.st_size;
	close(fd);
	return took;
}

static void round_of(const void *side, double *figures)
{
	*figures++ = pass(side, MIB);
	*figures++ = pass(side, MIB / 8);
	*figures++ = pass(side, PAGE);
	*figures++ = pass(side, 0);
}

int main(int argc, char **argv)
{
	const struct bench_kind kinds[] = {
		{"read of 1 MiB", 1.2},
		{"read of 128 KiB", 1.2},
		{"read of 4 KiB", 1.2},
		{"random read of 4 KiB", 1.2},
	};
	double first[BENCH_KINDS];

	if (argc < 3) {
		fprintf(stderr, "usage: again ROM-FOLDER HOST-FOLDER\n");
		return 2;
	}
	for (int i = 1; i <= 2; i++)
		round_of(argv[i], first);
	bench_turns(kinds, sizeof(kinds) / sizeof(kinds[0]), ROUNDS, round_of, argv[1], argv[2]);
	return 0;
}
